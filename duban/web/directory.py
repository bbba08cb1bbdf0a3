"""名录: who stands in a plan's directory, and a newer one, previewed row by row before it is entered."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from duban.api.bodies import Id
from duban.api.context import OFFICE
from duban.api.directory import workbook_answer
from duban.api.items import Search
from duban.api.uploads import content_of, name_of
from duban.services.directory_file import COLUMNS, directory_workbook
from duban.services.directory_log import directory_log
from duban.services.directory_update import DirectoryUpdated, read_for, update_directory
from duban.services.handovers import hand_over
from duban.services.queries.parties import list_parties
from duban.services.queries.plans import one_plan
from duban.services.uploads import Kept, forget, keep, kept
from duban.web.session import Form, Visit, Visitor, date_field, field, file_field

router = APIRouter(prefix="/plans/{plan_id}/directory")


@router.get("")
def get_directory(plan_id: Id, visit: Visit, done: Annotated[Literal["", "1"], Query()] = "") -> Response:
    """Everybody, with the days from and to which they stand; those first who are missing an address."""
    database, scope = visit.context.database, visit.caller.scope
    plan = one_plan(database, plan=str(plan_id), scope=scope, as_of=visit.as_of)
    parties = list_parties(database, plan=str(plan_id), scope=scope, as_of=visit.as_of)
    ended = [p for p in parties if p.known and p.valid_to and p.valid_to < visit.as_of]
    return visit.render(
        "directory.html",
        plan=plan,
        known=[p for p in parties if p.known and p not in ended],
        ended=ended,
        orphaned=[p for p in ended if p.open_items],
        unknown=[p for p in parties if not p.known and p.open_items],
        columns=COLUMNS,
        done=bool(done),
    )


@router.get("/workbook")
def get_workbook(plan_id: Id, visit: Visit) -> Response:
    """The present directory, to be corrected and uploaded again."""
    visit.caller.require("下载名录", *OFFICE)
    return workbook_answer(directory_workbook(visit.context.database, str(plan_id)), "名录.xlsx")


@router.get("/template")
def get_template(plan_id: Id, visit: Visit) -> Response:
    """An empty workbook with the headings."""
    one_plan(visit.context.database, plan=str(plan_id), scope=visit.caller.scope, as_of=visit.as_of)
    visit.caller.require("下载名录模板", *OFFICE)
    return workbook_answer(directory_workbook(visit.context.database, None), "名录模板.xlsx")


@router.post("")
def post_directory(plan_id: Id, visit: Visit, form: Form) -> Response:
    """Reads the file, which tells its wrong rows at once, and leads to what it would change."""
    visit.caller.require("更新名录", *OFFICE)
    file = file_field(form, "file")
    content, filename = content_of(file), name_of(file, "directory.csv")
    read_for(visit.context.database, plan=str(plan_id), content=content, filename=filename)
    upload = keep(
        visit.context.database,
        filename,
        content,
        {"plan": plan_id},
        actor=visit.caller.actor,
        now=visit.context.now(),
    )
    return RedirectResponse(f"/plans/{plan_id}/directory/{upload}", 303)


@router.get("/log")
def get_log(plan_id: Id, visit: Visit, q: Search = "", page: Annotated[int, Query(ge=1, le=100_000)] = 1) -> Response:
    """Who changed which party's address, superior or alias, when, and from which file."""
    found = directory_log(visit.context.database, plan=str(plan_id), actor=visit.caller.actor, q=q, page=page)
    plan = one_plan(visit.context.database, plan=str(plan_id), scope=visit.caller.scope, as_of=visit.as_of)
    return visit.render("directory_log.html", plan=plan, found=found, q=q)


@router.post("/hand-over")
def post_hand_over(plan_id: Id, visit: Visit, form: Form) -> Response:
    """Shows what would change hands; on the second press hands it over."""
    visit.caller.require("移交事项", *OFFICE)
    sure = field(form, "action", most=20) == "sure"
    asked = {name: field(form, name, most=200) for name in ("source", "target")} | {"reason": field(form, "reason")}
    last_on = date_field(form, "last_on")
    found = hand_over(
        visit.context.database,
        plan=str(plan_id),
        actor=visit.caller.actor,
        now=visit.context.now(),
        last_on=last_on,
        dry_run=not sure,
        **asked,
    )
    if sure:
        return RedirectResponse(f"/plans/{plan_id}/directory?done=1", 303)
    plan = one_plan(visit.context.database, plan=str(plan_id), scope=visit.caller.scope, as_of=visit.as_of)
    return visit.render("hand_over.html", plan=plan, found=found, asked=asked, last_on=last_on)


@router.get("/{upload_id}")
def get_preview(plan_id: Id, upload_id: Id, visit: Visit) -> Response:
    """Row by row: new, changed, ended; similar names are only proposed."""
    visit.caller.require("更新名录", *OFFICE)
    upload = kept(visit.context.database, upload_id, actor=visit.caller.actor)
    plan = one_plan(visit.context.database, plan=str(plan_id), scope=visit.caller.scope, as_of=visit.as_of)
    found = _update(visit, plan_id, upload, dry_run=True)
    return visit.render("directory_preview.html", plan=plan, upload=upload, found=found)


@router.post("/{upload_id}")
def post_entry(plan_id: Id, upload_id: Id, visit: Visit, form: Form) -> Response:
    """Enters the previewed directory, or forgets it."""
    visit.caller.require("更新名录", *OFFICE)
    upload = kept(visit.context.database, upload_id, actor=visit.caller.actor)
    if field(form, "action", most=20) != "discard":
        _update(visit, plan_id, upload, dry_run=False)
    forget(visit.context.database, upload.id)
    done = "" if field(form, "action", most=20) == "discard" else "?done=1"
    return RedirectResponse(f"/plans/{plan_id}/directory{done}", 303)


def _update(visit: Visitor, plan_id: int, upload: Kept, *, dry_run: bool) -> DirectoryUpdated:
    sheet = read_for(visit.context.database, plan=str(plan_id), content=upload.content, filename=upload.filename)
    return update_directory(
        visit.context.database,
        plan=str(plan_id),
        entries=sheet.entries,
        actor=visit.caller.actor,
        now=visit.context.now(),
        dry_run=dry_run,
        unknown_columns=sheet.unknown_columns,
        left_out=sheet.left_out,
        filename=upload.filename,
    )
