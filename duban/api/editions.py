"""Later documents of a plan: second editions, and published reports on what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import Field

from duban.api.bodies import LARGEST, Body, BodyId, Reason
from duban.api.context import OFFICE, Ctx, Who
from duban.api.plans import PlanKey
from duban.api.problems import documented
from duban.api.routing import only, router_of
from duban.api.uploads import DocumentFile, content_of, name_of
from duban.reading.model import Kind
from duban.reading.reader import read_bytes
from duban.services import progress_reports
from duban.services.editions import Edition, EditionRow, compare, decide, discard, editions_of, receive, stored
from duban.services.queries.plans import one_plan
from duban.services.registration import Received

router = router_of(prefix="/plans/{plan}", tags=["plans"], responses=documented(401, 403, 404, 409, 413, 422, 429))
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="The edition's number; the first document is 1.")]
ReportId = Annotated[int, Path(ge=1, le=LARGEST)]
KeyText = Annotated[str, Field(max_length=400)]


class EditionDecisionIn(Body):
    """Which differences are taken over. A key is an item's (`12`), or one field's of it (`12::time_limit`)."""

    accept: Annotated[list[KeyText], Field(max_length=20_000)] | None = Field(
        default_factory=list, description="null: all that can be taken over; nothing is withdrawn by that."
    )
    decline: Annotated[list[KeyText], Field(max_length=20_000)] = Field(default_factory=list)
    reopen: Annotated[list[KeyText], Field(max_length=20_000)] = Field(
        default_factory=list, description="Declined ones that are open again."
    )
    reasons: dict[KeyText, Reason] = Field(
        default_factory=dict,
        description="By key, or under the empty key for all. Owed where a limit or a lead changes, or an item goes.",
    )
    digest: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="`digest` of the difference that you saw; a later one is answered with 409."
    )


class ReportDecisionIn(Body):
    """Which reported problems are entered: by key, with the item that is meant (null: the one proposed)."""

    accept: dict[KeyText, BodyId | None] = Field(default_factory=dict, max_length=5000)
    decline: Annotated[list[KeyText], Field(max_length=5000)] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ReportMatches:
    """A report's problems, each beside the item that it seems to be; `entered` names those entered by this request."""

    document_id: int | None
    filename: str
    matches: tuple[progress_reports.Match, ...]
    entered: tuple[str, ...]


@router.get("/editions", summary="The editions of a plan", dependencies=[only("look at a plan's editions", *OFFICE)])
def get_editions(plan: PlanKey, context: Ctx) -> tuple[EditionRow, ...]:
    """The newest first; `pending` counts the differences of the newest one that nobody has decided about."""
    return editions_of(context.database, plan)


@router.post(
    "/editions",
    summary="Upload another edition of a plan",
    status_code=201,
    dependencies=[only("upload an edition", *OFFICE)],
)
def post_edition(
    plan: PlanKey,
    context: Ctx,
    caller: Who,
    file: DocumentFile,
    dry_run: Annotated[bool, Query(description="Only show the difference; keep nothing.")] = False,
) -> Edition:
    """Keeps the document and shows what it changes, item by item. Nothing is applied before somebody accepts it."""
    content, filename = content_of(file), name_of(file)
    kind = Kind(one_plan(context.database, plan=plan, scope=caller.scope, as_of=context.as_of()).kind)
    received = Received(filename, content, read_bytes(content, filename, kind))
    if dry_run:
        return compare(context.database, plan, received)
    return receive(context.database, plan, received, actor=caller.actor, now=context.now())


@router.get(
    "/editions/{edition}",
    summary="An edition's difference to the ledger, as it stands now",
    dependencies=[only("look at a plan's editions", *OFFICE)],
)
def get_edition(plan: PlanKey, edition: Number, context: Ctx) -> Edition:
    """Item by item, field by field; `accepted` is null where nobody has decided."""
    return stored(context.database, plan, edition)


@router.post(
    "/editions/{edition}/decisions",
    summary="Take differences over, or not",
    dependencies=[only("decide about an edition", *OFFICE)],
)
def post_edition_decision(
    plan: PlanKey, edition: Number, body: EditionDecisionIn, context: Ctx, caller: Who
) -> Edition:
    """Whole or not at all: limits supersede their clocks, items keep their progress, each change is an event."""
    return decide(
        context.database,
        plan,
        edition,
        accept=body.accept,
        decline=body.decline,
        reopen=body.reopen,
        reasons=body.reasons,
        digest=body.digest,
        actor=caller.actor,
        now=context.now(),
    )


@router.delete(
    "/editions/{edition}",
    summary="Take back an edition that was the wrong file",
    status_code=204,
    dependencies=[only("take an edition back", *OFFICE)],
)
def delete_edition(plan: PlanKey, edition: Number, context: Ctx, caller: Who) -> Response:
    """Only the newest one, and only while nothing of it was taken over."""
    discard(context.database, plan, edition, actor=caller.actor)
    return Response(status_code=204)


@router.get(
    "/reports",
    summary="The published reports that were received on a plan",
    dependencies=[only("look at a plan's reports", *OFFICE)],
)
def get_reports(plan: PlanKey, context: Ctx) -> tuple[progress_reports.ReportRow, ...]:
    """The newest first; `pending` counts the problems that nobody has decided about."""
    return progress_reports.reports_on(context.database, plan)


@router.post(
    "/reports",
    summary="Upload a published report on what was done (整改进展情况)",
    status_code=201,
    dependencies=[only("upload a report", *OFFICE)],
)
def post_report(
    plan: PlanKey,
    context: Ctx,
    caller: Who,
    file: DocumentFile,
    dry_run: Annotated[bool, Query(description="Only show the matches; keep nothing.")] = False,
) -> ReportMatches:
    """Proposes for each problem the open item that is most alike; nothing is entered before somebody accepts it."""
    content, filename = content_of(file), name_of(file)
    received = Received(filename, content, read_bytes(content, filename, Kind.PROGRESS_REPORT))
    if dry_run:
        return _matches(progress_reports.match(context.database, plan, received.reading))
    return _matches(progress_reports.receive(context.database, plan, received, actor=caller.actor, now=context.now()))


@router.get(
    "/reports/{report}",
    summary="A report's problems beside the plan's items",
    dependencies=[only("look at a plan's reports", *OFFICE)],
)
def get_report(plan: PlanKey, report: ReportId, context: Ctx) -> ReportMatches:
    """`report` is the `document_id` of the upload's answer."""
    return _matches(progress_reports.stored(context.database, plan, report))


@router.post(
    "/reports/{report}/decisions", summary="Enter what was done", dependencies=[only("enter a report", *OFFICE)]
)
def post_report_decision(
    plan: PlanKey, report: ReportId, body: ReportDecisionIn, context: Ctx, caller: Who
) -> ReportMatches:
    """What was done goes into the items' histories; states stay: striking off remains a person's decision."""
    return _matches(
        progress_reports.enter(
            context.database,
            plan,
            report,
            accepted=body.accept,
            declined=body.decline,
            actor=caller.actor,
            now=context.now(),
        )
    )


def _matches(reported: progress_reports.Reported) -> ReportMatches:
    return ReportMatches(reported.document_id, reported.filename, tuple(reported.matches), tuple(reported.entered))
