"""Plans: list, upload, release, the doubts about their reading, ranking and parties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, File, Form, Path, Query, UploadFile
from pydantic import Field

from duban.api.bodies import Body, Reason, ShortText
from duban.api.context import OFFICE, AsOf, Ctx, Who
from duban.api.problems import documented
from duban.api.routing import only, router_of
from duban.api.uploads import DocumentFile, content_of, name_of
from duban.reading.directory import NO_SHEET, read_sheet
from duban.reading.model import Kind
from duban.reading.reader import read_bytes
from duban.services.publishing import Publication, publish
from duban.services.queries.parties import list_parties
from duban.services.queries.plans import anomalies_of, list_plans, one_plan
from duban.services.queries.quarantine import Doubtful, quarantine
from duban.services.queries.ranking import Ranked, ranking
from duban.services.queries.shapes import AnomalyView, PartyView, PlanView
from duban.services.registration import Intake, Received, Registered, register
from duban.services.registration_preview import Preview, preview
from duban.services.release import release
from duban.services.tools import office_rules
from duban.services.voiding import Voided, void, voided_plans

router = router_of(prefix="/plans", tags=["plans"], responses=documented(401, 403, 404, 409, 422, 429))
PlanKey = Annotated[str, Path(max_length=100, pattern=r"^[^\x00]+$", description="A plan's id or code.")]


@dataclass(frozen=True, slots=True)
class Released:
    """Whether this request released the plan; false where it was released before."""

    released: bool
    plan: PlanView


@router.get("", summary="All plans with their counts")
def get_plans(context: Ctx, caller: Who, as_of: AsOf) -> tuple[PlanView, ...]:
    """Counts are of the items that the caller may see."""
    return list_plans(context.database, scope=caller.scope, as_of=as_of)


@dataclass(frozen=True, slots=True)
class NewPlan:
    """What an upload brings along: the document, and how the office takes it over."""

    received: Received
    intake: Intake


def new_plan(
    context: Ctx,
    caller: Who,
    as_of: AsOf,
    file: DocumentFile,
    directory: Annotated[UploadFile | None, File(description="Its directory of parties, as CSV or .xlsx.")] = None,
    code: Annotated[ShortText | None, Form(description="A short name; made from the document where left out.")] = None,
    kind: Annotated[Kind | None, Form(description="Its family, where it is not to be recognised.")] = None,
) -> NewPlan:
    """Reads what was uploaded. Raises TooLarge, Unreadable, DirectoryInvalid."""
    filename, content = name_of(file), content_of(file)
    listed = name_of(directory, "directory.csv") if directory is not None else ""
    sheet = read_sheet(content_of(directory), listed) if directory is not None else NO_SHEET
    intake = Intake(
        rules=office_rules(context.settings),
        actor=caller.actor,
        as_of=as_of,
        now=context.now(),
        directory=sheet.entries,
        directory_ignored=sheet.ignored,
        directory_file=listed,
        code=code or None,
    )
    return NewPlan(Received(filename, content, read_bytes(content, filename, kind)), intake)


@router.post(
    "",
    summary="Upload a plan",
    status_code=201,
    responses=documented(413),
    dependencies=[only("upload a plan", *OFFICE)],
)
def post_plan(*, context: Ctx, new: Annotated[NewPlan, Depends(new_plan)]) -> Registered:
    """Reads and registers a document, whole or not at all; the same bytes again change nothing (`created` is false)."""
    return register(context.database, new.received, new.intake)


@router.post(
    "/preview",
    summary="Show what an upload would enter (a dry run)",
    responses=documented(413),
    dependencies=[only("upload a plan", *OFFICE)],
)
def post_preview(*, context: Ctx, new: Annotated[NewPlan, Depends(new_plan)]) -> Preview:
    """Takes what `POST /plans` takes and writes nothing: every item with its parts, parties, limit and targets."""
    return preview(context.database, new.received, new.intake)


@router.get(
    "/voided",
    summary="Plans that were registered by mistake and taken back",
    dependencies=[only("look at plans that were taken back", *OFFICE)],
)
def get_voided(context: Ctx) -> tuple[Voided, ...]:
    """The last one first, with who took it back and why."""
    return voided_plans(context.database)


class VoidIn(Body):
    """Why a plan is taken back."""

    reason: Annotated[Reason, Field(min_length=1, examples=["传错了文件"])]


@router.post(
    "/{plan}/void",
    summary="Take a plan back that was registered by mistake",
    dependencies=[only("take a plan back", *OFFICE)],
)
def post_void(plan: PlanKey, body: VoidIn, context: Ctx, caller: Who) -> Voided:
    """Before its release only, as a whole; it stays in the ledger, and its document can be registered again."""
    return void(context.database, plan=plan, reason=body.reason, actor=caller.actor, now=context.now())


@router.get("/{plan}", summary="One plan")
def get_plan(plan: PlanKey, context: Ctx, caller: Who, as_of: AsOf) -> PlanView:
    """With its counts by state and light."""
    return one_plan(context.database, plan=plan, scope=caller.scope, as_of=as_of)


@router.post("/{plan}/release", summary="Let the plan's notices go", dependencies=[only("release a plan", *OFFICE)])
def post_release(plan: PlanKey, context: Ctx, caller: Who, as_of: AsOf) -> Released:
    """The first night after registration only shows what would be sent; this lets it go."""
    found = one_plan(context.database, plan=plan, scope=caller.scope, as_of=as_of)
    done = release(context.database, plan=found.id, actor=caller.actor, now=context.now())
    return Released(done, one_plan(context.database, plan=plan, scope=caller.scope, as_of=as_of))


class PublishIn(Body):
    """Whether the plan's public page is open."""

    published: bool


@router.post(
    "/{plan}/publication",
    summary="Open a plan's public page, or shut it",
    dependencies=[only("publish a plan", *OFFICE)],
)
def post_publication(
    plan: PlanKey,
    body: PublishIn,
    context: Ctx,
    caller: Who,
    dry_run: Annotated[bool, Query(description="Only say what the page shows.")] = False,
) -> Publication:
    """Anybody reads it without signing in; again it changes nothing. The office only."""
    return publish(
        context.database,
        plan=plan,
        published=body.published,
        actor=caller.actor,
        now=context.now(),
        dry_run=dry_run,
    )


@router.get("/{plan}/anomalies", summary="The doubts about a plan's reading")
def get_anomalies(
    plan: PlanKey,
    context: Ctx,
    caller: Who,
    unresolved: Annotated[bool | None, Query(description="Only open (true) or settled (false) ones.")] = None,
) -> tuple[AnomalyView, ...]:
    """In the order of the document, each with its line."""
    return anomalies_of(context.database, plan=plan, scope=caller.scope, unresolved=unresolved)


@router.get("/{plan}/quarantine", summary="Items that wait for a person, with their source text")
def get_quarantine(
    plan: PlanKey,
    context: Ctx,
    caller: Who,
    as_of: AsOf,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> tuple[Doubtful, ...]:
    """No clock runs and nothing is sent for these until somebody resolves them; those that were settled come last."""
    return quarantine(context.database, scope=caller.scope, as_of=as_of, plan=plan, limit=limit, offset=offset)


@router.get("/{plan}/ranking", summary="The ranking of the plan's units")
def get_ranking(plan: PlanKey, context: Ctx, caller: Who, as_of: AsOf) -> tuple[Ranked, ...]:
    """Scored by the plan's rules; each score with its figures and the reckoning in words."""
    return ranking(context.database, plan=plan, scope=caller.scope, as_of=as_of)


@router.get("/{plan}/parties", summary="The plan's directory of parties")
def get_parties(plan: PlanKey, context: Ctx, caller: Who, as_of: AsOf) -> tuple[PartyView, ...]:
    """Addresses are shown to the supervision office only."""
    return list_parties(context.database, plan=plan, scope=caller.scope, as_of=as_of)
