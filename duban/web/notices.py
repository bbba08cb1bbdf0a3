"""Notices: what was sent to whom, each copy as it read, and receipts; and the ranking."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from duban.api.bodies import Id
from duban.api.items import Search
from duban.api.notices import DOCX, Key
from duban.errors import NotFound
from duban.services.acknowledge import acknowledge
from duban.services.queries.notices import NoticeFilter, list_notices, one_notice, sheet_of
from duban.services.queries.plans import list_plans
from duban.services.queries.proposals import list_proposals, proposal_of
from duban.services.queries.ranking import ranking, ranking_trend
from duban.web.session import Form, Visit, field

router = APIRouter()

#: Items of a plan up to which the page shows the months before: they are read back from the whole log of events. The
#: paper 单位排名 has them for a plan of any size.
TREND_UP_TO = 3_000
#: A mail's HTML brings its own styles; it runs nothing, loads nothing, and only our own page may frame it.
MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


@router.get("/notices")
def get_notices(
    visit: Visit, kind: Search = "", unacknowledged: str = "", item: Key = None, before: Key = None
) -> Response:
    """The newest first."""
    where = NoticeFilter(kind=kind or None, unacknowledged=bool(unacknowledged), item=item)
    page = list_notices(visit.context.database, scope=visit.caller.scope, where=where, before=before)
    query = {"kind": kind, "unacknowledged": unacknowledged, "item": item}
    waiting = () if before or item else list_proposals(visit.context.database, scope=visit.caller.scope)
    return visit.render("notices.html", page=page, query=query, before=before, waiting=waiting)


@router.get("/notices/{notice_id}")
def get_notice(notice_id: Id, visit: Visit, done: str = "") -> Response:
    """Who got it and in whose place, the copies, and the receipts."""
    notice = one_notice(visit.context.database, notice_id=notice_id, scope=visit.caller.scope)
    put = proposal_of(visit.context.database, notice_id=notice_id, scope=visit.caller.scope)
    held = put is not None and put.talk_at is not None and put.talk_at <= visit.context.now()
    return visit.render("notice.html", notice=notice, row=notice.row, done=done, put=put, held=held)


@router.get("/notices/{notice_id}/copies/{delivery_id}")
def get_copy(notice_id: Id, delivery_id: Id, visit: Visit) -> Response:
    """The HTML of one copy, for the frame on the notice's page."""
    notice = one_notice(visit.context.database, notice_id=notice_id, scope=visit.caller.scope)
    for copy in notice.copies:
        if copy.delivery_id == delivery_id:
            headers = {"Content-Security-Policy": MAIL_POLICY, "X-Frame-Options": "SAMEORIGIN"}
            return HTMLResponse(copy.html, headers=headers)
    raise NotFound(what=f"copy of notice {notice_id}", key=delivery_id)


@router.get("/notices/{notice_id}/sheet")
def get_sheet(notice_id: Id, visit: Visit) -> Response:
    """The numbered sheet as .docx."""
    filename, content = sheet_of(visit.context.database, notice_id=notice_id, scope=visit.caller.scope)
    disposition = f"attachment; filename*=UTF-8''{quote(filename)}"
    return Response(content, media_type=DOCX, headers={"Content-Disposition": disposition})


@router.post("/notices/{notice_id}/acknowledge")
def post_acknowledgement(notice_id: Id, visit: Visit, form: Form) -> Response:
    """签收."""
    one_notice(visit.context.database, notice_id=notice_id, scope=visit.caller.scope)
    acknowledge(
        visit.context.database,
        notice_id=notice_id,
        actor=visit.caller.actor,
        now=visit.context.now(),
        on_behalf_of=field(form, "on_behalf_of", most=200) or None,
        note=field(form, "note"),
    )
    target = "/my" if field(form, "from") == "my" else f"/notices/{notice_id}?done=1"
    return RedirectResponse(target, 303)


@router.get("/ranking")
def get_ranking(visit: Visit, plan: Search = "") -> Response:
    """The ranking of one plan's units; of the newest plan where none is named."""
    database, scope = visit.context.database, visit.caller.scope
    plans = list_plans(database, scope=scope, as_of=visit.as_of)
    chosen = next((p for p in plans if plan in (p.code, str(p.id))), plans[0] if plans and not plan else None)
    if plan and chosen is None:
        raise NotFound(what="plan", key=plan)
    ranked = ranking(database, plan=str(chosen.id), scope=scope, as_of=visit.as_of) if chosen else ()
    shown = chosen is not None and chosen.items <= TREND_UP_TO
    trend = ranking_trend(database, plan=str(chosen.id), as_of=visit.as_of) if chosen and shown else None
    return visit.render("ranking.html", plans=plans, plan=chosen, ranked=ranked, trend=trend)
