"""Notices: lists, one with the copies that were sent, its sheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import Query, Response

from duban.api.bodies import LARGEST, AcknowledgeIn, Id
from duban.api.context import Ctx, Who
from duban.api.items import Search
from duban.api.problems import documented
from duban.api.routing import anybody, router_of
from duban.services.acknowledge import acknowledge
from duban.services.queries.notices import (
    NoticeFilter,
    NoticePage,
    NoticeWhole,
    list_notices,
    one_notice,
    sheet_of,
)

router = router_of(prefix="/notices", tags=["notices"], responses=documented(401, 403, 422, 429))
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
Key = Annotated[int | None, Query(ge=1, le=LARGEST)]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """How many copies were acknowledged that were not before."""

    notice_id: int
    acknowledged: int


@router.get("", summary="Notices, the newest first")
def get_notices(
    *,
    context: Ctx,
    caller: Who,
    plan: Key = None,
    item: Key = None,
    kind: Search | None = None,
    unacknowledged: bool = False,
    before: Key = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> NoticePage:
    """Those about items that the caller may see, and those addressed to the caller's parties."""
    where = NoticeFilter(plan=plan, item=item, kind=kind, unacknowledged=unacknowledged)
    return list_notices(context.database, scope=caller.scope, where=where, before=before, limit=limit)


@router.get("/{notice_id}", summary="One notice, with each copy as it was sent", responses=documented(404))
def get_notice(notice_id: Id, context: Ctx, caller: Who) -> NoticeWhole:
    """Who got it, in whose place and why, what became of the sending, and who acknowledged."""
    return one_notice(context.database, notice_id=notice_id, scope=caller.scope)


@router.post("/{notice_id}/acknowledge", summary="签收", responses=documented(404), dependencies=[anybody])
def post_acknowledgement(notice_id: Id, body: AcknowledgeIn, context: Ctx, caller: Who) -> Acknowledged:
    """For the parties that the account acts for; again it changes nothing. The last receipt ends the clock for it."""
    new = acknowledge(
        context.database,
        notice_id=notice_id,
        actor=caller.actor,
        now=context.now(),
        on_behalf_of=body.on_behalf_of,
        note=body.note,
    )
    return Acknowledged(notice_id, new)


@router.get(
    "/{notice_id}/sheet",
    summary="The numbered sheet as .docx",
    response_class=Response,
    responses={200: {"content": {DOCX: {"schema": {"type": "string", "format": "binary"}}}}, **documented(404)},
)
def get_sheet(notice_id: Id, context: Ctx, caller: Who) -> Response:
    """As it was sent."""
    filename, content = sheet_of(context.database, notice_id=notice_id, scope=caller.scope)
    disposition = f"attachment; filename*=UTF-8''{quote(filename)}"
    return Response(content, media_type=DOCX, headers={"Content-Disposition": disposition})
