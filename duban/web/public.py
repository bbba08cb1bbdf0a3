"""The public page of a published plan: progress in numbers, and each item's state; no addresses, nothing internal."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from duban.api.context import context_of
from duban.api.plans import PlanKey
from duban.errors import NotFound
from duban.services.queries.items import ItemFilter, list_items
from duban.services.queries.plans import one_plan
from duban.services.queries.scope import WHOLE
from duban.services.queries.shapes import ItemRow

router = APIRouter(prefix="/public")


@router.get("/{plan}")
def get_published(request: Request, plan: PlanKey) -> Response:
    """Only for plans that were published; another plan is answered as one that does not exist."""
    context = context_of(request)
    as_of = context.as_of()
    found = one_plan(context.database, plan=plan, scope=WHOLE, as_of=as_of)
    if not found.published:
        raise NotFound(what="published plan", key=plan)
    rows: list[ItemRow] = []
    cursor: str | None = None
    while True:
        page = list_items(
            context.database,
            scope=WHOLE,
            as_of=as_of,
            where=ItemFilter(plan=str(found.id), quarantined=False),
            cursor=cursor,
            limit=200,
        )
        rows += page.items
        cursor = page.next
        if cursor is None:
            break
    answer: Response = request.app.state.pages.page("public.html", plan=found, rows=rows, as_of=as_of)
    return answer
