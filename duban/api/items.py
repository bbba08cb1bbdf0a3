"""Items: lists, one with everything, its history."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Response

from duban.api.bodies import Date, Id
from duban.api.context import AsOf, Ctx, Who
from duban.api.examples import ITEM_PAGE, answer
from duban.api.problems import documented
from duban.api.routing import etag, router_of
from duban.domain.lifecycle import Outcome, State
from duban.services.queries.item import history, one_item
from duban.services.queries.items import ItemFilter, list_items
from duban.services.queries.shapes import EventView, ItemPage, ItemWhole

router = router_of(prefix="/items", tags=["items"], responses=documented(401, 403, 422, 429))

Search = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")]


@router.get("", summary="Items, by filter, a page at a time", responses=answer(ITEM_PAGE))
def get_items(
    *,
    context: Ctx,
    caller: Who,
    as_of: AsOf,
    plan: Annotated[Search | None, Query(description="A plan's id or code.")] = None,
    state: Annotated[list[State] | None, Query(description="One or more states.")] = None,
    outcome: Annotated[
        Outcome | None, Query(description="How closed ones ended: 已销号 rectified, 已撤销 withdrawn, 已合并 merged.")
    ] = None,
    light: Annotated[Literal["green", "yellow", "red", "none"] | None, Query(description="none: 无时限")] = None,
    unit: Annotated[
        Search | None, Query(description="Name of a lead, responsible, support or supervising unit.")
    ] = None,
    lead: Annotated[Search | None, Query(description="Name of a lead official.")] = None,
    overdue: bool | None = None,
    quarantined: bool | None = None,
    long_term: bool | None = None,
    due_from: Date | None = None,
    due_to: Date | None = None,
    q: Annotated[Search | None, Query(description="Words that must all stand in the item's text or parties.")] = None,
    sort: Literal["position", "due", "updated"] = "position",
    cursor: Annotated[Search | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ItemPage:
    """Only items that the caller may see: a unit its own, a lead official what they lead, the office all."""
    where = ItemFilter(
        plan=plan,
        states=tuple(state or ()),
        outcome=outcome,
        light=light,
        unit=unit,
        lead=lead,
        overdue=overdue,
        quarantined=quarantined,
        long_term=long_term,
        due_from=due_from,
        due_to=due_to,
        q=q,
    )
    return list_items(
        context.database, scope=caller.scope, as_of=as_of, where=where, sort=sort, cursor=cursor, limit=limit
    )


@router.get("/{item_id}", summary="One item with everything that belongs to it", responses=documented(404))
def get_item(item_id: Id, context: Ctx, caller: Who, as_of: AsOf, response: Response) -> ItemWhole:
    """Measures, milestones, regulations, doubts, evidence, clocks, rungs, and the actions open to the caller now.

    `ETag` is its version, for the `If-Match` of whatever changes it.
    """
    found = one_item(context.database, item_id=item_id, scope=caller.scope, actor=caller.actor, as_of=as_of)
    response.headers["ETag"] = etag(found.row.version)
    return found


@router.get("/{item_id}/history", summary="What happened to an item, in order", responses=documented(404))
def get_history(
    item_id: Id,
    context: Ctx,
    caller: Who,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="Only events after this number.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> tuple[EventView, ...]:
    """The append-only log; each event's hash seals it and all before it (`duban audit verify`)."""
    return history(context.database, item_id=item_id, scope=caller.scope, after=after, limit=limit)
