"""Second editions and progress reports on the page: differences with old and new side by side, decided one by one."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.datastructures import FormData
from starlette.responses import Response

from duban.api.bodies import Id
from duban.api.context import OFFICE
from duban.api.items import Search
from duban.api.problems import Invalid
from duban.api.uploads import content_of, name_of
from duban.errors import Unreadable
from duban.reading.model import Kind, Reading
from duban.reading.reader import read_bytes
from duban.services import editions, progress_reports
from duban.services.assignments import count_unassigned
from duban.services.edition_model import SEPARATOR, WEIGHTY
from duban.services.queries.plans import one_plan
from duban.services.queries.shapes import PlanView
from duban.services.registration import Received
from duban.web.session import Form, Visit, Visitor, field, file_field

router = APIRouter(prefix="/plans/{plan_id}")
Done = Annotated[Literal["", "1"], Query()]


@router.post("/editions")
def post_edition(plan_id: Id, visit: Visit, form: Form) -> Response:
    """Keeps another document of the plan: an edition, or a report on it where it reads as one."""
    visit.caller.require("登记新版方案", *OFFICE)
    plan = one_plan(visit.context.database, plan=str(plan_id), scope=visit.caller.scope, as_of=visit.as_of)
    file = file_field(form, "file")
    content, filename = content_of(file), name_of(file)
    chosen = field(form, "what", most=20)
    if chosen == "report":
        reading = read_bytes(content, filename, Kind.PROGRESS_REPORT)
    else:
        reading = _edition_of(plan, content, filename)
    actor, now = visit.caller.actor, visit.context.now()
    received = Received(filename, content, reading)
    if chosen == "report":
        report = progress_reports.receive(visit.context.database, str(plan_id), received, actor=actor, now=now)
        return RedirectResponse(f"/plans/{plan.id}/reports/{report.document_id}", 303)
    edition = editions.receive(visit.context.database, str(plan_id), received, actor=actor, now=now)
    return RedirectResponse(f"/plans/{plan.id}/editions/{edition.edition}", 303)


def _edition_of(plan: PlanView, content: bytes, filename: str) -> Reading:
    """Reads an edition as its plan's family. Raises Invalid for a progress report that was taken for an edition."""
    try:
        seems = read_bytes(content, filename).kind
    except Unreadable:
        seems = Kind(plan.kind)
    if seems is Kind.PROGRESS_REPORT and plan.kind != Kind.PROGRESS_REPORT.value:
        raise Invalid(problems="what: 这份文件像是整改进展通报；请返回选“公布的整改进展情况通报”后再上传")
    return read_bytes(content, filename, Kind(plan.kind))


@router.get("/editions/{edition}")
def get_edition(plan_id: Id, edition: Id, visit: Visit, done: Done = "") -> Response:
    """The difference as it stands now."""
    visit.caller.require("查看新版方案的改动", *OFFICE)
    plan = one_plan(visit.context.database, plan=str(plan_id), scope=visit.caller.scope, as_of=visit.as_of)
    return visit.render(
        "edition.html",
        plan=plan,
        found=editions.stored(visit.context.database, str(plan_id), edition),
        row=next((e for e in editions.editions_of(visit.context.database, str(plan_id)) if e.edition == edition), None),
        weighty=WEIGHTY,
        done=bool(done),
        unassigned=count_unassigned(visit.context.database, plan.id) if done and plan.released_at else 0,
    )


@router.post("/editions/{edition}")
def post_decision(plan_id: Id, edition: Id, visit: Visit, form: Form) -> Response:
    """First shows what was ticked, then carries it out."""
    visit.caller.require("采用新版方案的改动", *OFFICE)
    action = field(form, "action", most=400)
    database, actor, now = visit.context.database, visit.caller.actor, visit.context.now()
    here = f"/plans/{plan_id}/editions/{edition}"
    if action == "discard":
        editions.discard(database, str(plan_id), edition, actor=actor)
        return RedirectResponse(f"/plans/{plan_id}", 303)
    if action.startswith("reopen:"):
        editions.decide(database, str(plan_id), edition, reopen=[action[7:]], actor=actor, now=now)
        return RedirectResponse(here, 303)
    chosen = [str(v) for v in form.getlist("take")]
    reasons = _reasons(form)
    if not chosen:
        raise Invalid(problems="take: 请先勾选要办理的改动")
    if action in ("preview", "preview-decline"):
        return _preview(visit, plan_id, edition, chosen, reasons, declining=action == "preview-decline")
    editions.decide(
        database,
        str(plan_id),
        edition,
        accept=chosen if action == "accept" else (),
        decline=chosen if action == "decline" else (),
        reasons=reasons,
        digest=field(form, "digest", most=64) or None,
        actor=actor,
        now=now,
    )
    return RedirectResponse(f"{here}?done=1", 303)


def _preview(
    visit: Visitor, plan_id: int, edition: int, chosen: list[str], reasons: dict[str, str], *, declining: bool
) -> Response:
    """What will be done, once more, with the reasons that are owed."""
    plan = one_plan(visit.context.database, plan=str(plan_id), scope=visit.caller.scope, as_of=visit.as_of)
    found = editions.stored(visit.context.database, str(plan_id), edition)
    names: dict[str, set[str]] = {}
    for token in chosen:
        key, _, name = token.partition(SEPARATOR)
        names.setdefault(key, set()).add(name)
    picked = [
        (c, [f for f in c.fields if "" in names[c.key] or f.field in names[c.key]])
        for c in found.changes
        if c.key in names
    ]
    return visit.render(
        "edition_confirm.html",
        plan=plan,
        found=found,
        picked=picked,
        chosen=chosen,
        reasons=reasons,
        declining=declining,
        weighty=WEIGHTY,
    )


def _reasons(form: FormData) -> dict[str, str]:
    """Reasons by key: `why-KEY`, and `why` for all."""
    found = {k.removeprefix("why-"): field(form, k) for k in form if k.startswith("why-")}
    return {k: v for k, v in {**found, "": field(form, "why")}.items() if v}


@router.get("/reports/{report}")
def get_report(plan_id: Id, report: Id, visit: Visit, done: Done = "") -> Response:
    """Each reported problem beside the item that it seems to be."""
    visit.caller.require("登记整改进展", *OFFICE)
    database = visit.context.database
    plan = one_plan(database, plan=str(plan_id), scope=visit.caller.scope, as_of=visit.as_of)
    return visit.render(
        "progress_report.html",
        plan=plan,
        found=progress_reports.stored(database, str(plan_id), report),
        done=bool(done),
    )


@router.post("/reports/{report}")
def post_report(plan_id: Id, report: Id, visit: Visit, form: Form) -> Response:
    """Enters what was ticked, with the item that was chosen; notes what belongs to none."""
    visit.caller.require("登记整改进展", *OFFICE)
    chosen = [str(v) for v in form.getlist("take")]
    if not chosen:
        raise Invalid(problems="take: 请先勾选要登记的问题")
    declining = field(form, "action", most=20) == "decline"
    accepted: dict[str, int | None] = {}
    for key in chosen if not declining else ():
        accepted[key] = _meant(visit, plan_id, form, key)
    progress_reports.enter(
        visit.context.database,
        str(plan_id),
        report,
        accepted=accepted,
        declined=chosen if declining else (),
        actor=visit.caller.actor,
        now=visit.context.now(),
    )
    return RedirectResponse(f"/plans/{plan_id}/reports/{report}?done=1", 303)


def _meant(visit: Visitor, plan_id: int, form: FormData, key: str) -> int:
    """The item that a person typed for a problem, else the one that was chosen. Raises Invalid where it is unclear."""
    typed = field(form, f"other-{key}", most=600)
    if typed:
        found = progress_reports.find_item(visit.context.database, str(plan_id), typed)
        if len(found) == 1:
            return found[0].item_id
        several = "、".join(f"{c.number}（{c.title[:16]}）" for c in found)
        why = f"“{typed[:30]}”不止一项：{several}；请写编号" if found else f"本方案没有“{typed[:30]}”这一项，请写编号"
        raise Invalid(problems=f"第{key}个问题: {why}")
    item = field(form, f"item-{key}", most=18)
    if not item.isdigit():
        raise Invalid(problems=f"第{key}个问题: 请选择对应的事项，或不勾选")
    return int(item)


@router.get("/find-item")
def get_items_found(plan_id: Id, visit: Visit, q: Search = "") -> JSONResponse:
    """Items of these words or this number, for the box in which a person looks for the right one."""
    visit.caller.require("登记整改进展", *OFFICE)
    found = progress_reports.find_item(visit.context.database, str(plan_id), q)
    return JSONResponse([f"{c.number}\u3000{c.title[:60]}" for c in found])
