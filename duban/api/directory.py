"""A plan's directory of parties: a newer one is previewed row by row, then entered; the present one as a workbook."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import Query, Response
from pydantic import Field

from duban.api.bodies import Body, Date, Reason, ShortText
from duban.api.context import OFFICE, Ctx, Who
from duban.api.plans import PlanKey
from duban.api.problems import documented
from duban.api.routing import only, router_of
from duban.api.uploads import DirectoryFile, content_of, name_of
from duban.services.directory_file import directory_workbook
from duban.services.directory_log import DirectoryLog, directory_log
from duban.services.directory_update import DirectoryUpdated, read_for, update_directory
from duban.services.handovers import HandedOver, hand_over

router = router_of(tags=["plans"], responses=documented(401, 403, 404, 409, 413, 422, 429))
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WORKBOOK: dict[int | str, dict[str, object]] = {
    200: {"description": "A workbook.", "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}
}


@router.post(
    "/plans/{plan}/directory",
    summary="Enter a newer directory of parties",
    dependencies=[only("change a directory", *OFFICE)],
)
def post_directory(
    plan: PlanKey,
    context: Ctx,
    caller: Who,
    file: DirectoryFile,
    dry_run: Annotated[bool, Query(description="Only show what it would change.")] = False,
) -> DirectoryUpdated:
    """Whole or not at all; wrong rows are named by their line. Who is not in the file stays as they are."""
    sheet = read_for(context.database, plan=plan, content=content_of(file), filename=name_of(file, "directory.csv"))
    return update_directory(
        context.database,
        plan=plan,
        entries=sheet.entries,
        actor=caller.actor,
        now=context.now(),
        dry_run=dry_run,
        unknown_columns=sheet.unknown_columns,
        left_out=sheet.left_out,
        filename=name_of(file, "directory.csv"),
    )


class HandOverIn(Body):
    """Whose open items go to whom, on what ground."""

    source: ShortText
    target: ShortText
    reason: Reason
    last_on: Date | None = Field(default=None, description="Its last day; what the directory says, else today.")


@router.post(
    "/plans/{plan}/hand-overs",
    summary="Hand all open items of one party to another",
    dependencies=[only("hand items over", *OFFICE)],
)
def post_hand_over(
    plan: PlanKey,
    body: HandOverIn,
    context: Ctx,
    caller: Who,
    dry_run: Annotated[bool, Query(description="Only show what it would hand over.")] = False,
) -> HandedOver:
    """A unit that goes on in another, or an official with a successor: whole or not at all. The office only."""
    return hand_over(
        context.database,
        plan=plan,
        source=body.source,
        target=body.target,
        reason=body.reason,
        last_on=body.last_on,
        actor=caller.actor,
        now=context.now(),
        dry_run=dry_run,
    )


@router.get("/plans/{plan}/directory/log", summary="Who changed the directory, when, and from which file")
def get_log(
    plan: PlanKey,
    context: Ctx,
    caller: Who,
    q: Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$", description="A name, an address, a person.")] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> DirectoryLog:
    """The last change first, each with what stood before and since; it begins with the plan's registration."""
    return directory_log(context.database, plan=plan, actor=caller.actor, q=q, page=page)


@router.get(
    "/plans/{plan}/directory",
    summary="The directory as a workbook",
    response_class=Response,
    responses=WORKBOOK,
    dependencies=[only("download a directory with its addresses", *OFFICE)],
)
def get_directory(plan: PlanKey, context: Ctx) -> Response:
    """To be corrected and given back; names of the text that it lacks stand at its end."""
    return workbook_answer(directory_workbook(context.database, plan), "名录.xlsx")


@router.get("/directory-template", summary="An empty directory to fill in", response_class=Response, responses=WORKBOOK)
def get_template(context: Ctx, _caller: Who) -> Response:
    """The headings, with a note on each."""
    return workbook_answer(directory_workbook(context.database, None), "名录模板.xlsx")


def workbook_answer(content: bytes, filename: str) -> Response:
    """A workbook as a download."""
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(filename)}"}
    return Response(content, media_type=XLSX, headers=headers)
