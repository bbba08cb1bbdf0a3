"""The list of items, and one item."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from duban.api.bodies import Id
from duban.api.downloads import Range, evidence_file
from duban.api.items import Search
from duban.domain.lifecycle import Action, Outcome, State
from duban.services.clock_changes import BY_OFFICE
from duban.services.closing import STEP_BY
from duban.services.item_changes import ANYBODY_ON_IT
from duban.services.progress import BY_UNIT
from duban.services.queries.choices import merge_choices
from duban.services.queries.explain import explain_item
from duban.services.queries.item import history, may, one_item
from duban.services.queries.items import ItemFilter, list_items
from duban.services.queries.notices import NoticeFilter, list_notices
from duban.services.queries.plans import list_plans
from duban.services.queries.spread import spread_of
from duban.services.rules import business_date
from duban.web.session import Visit
from models import ClosingStep

router = APIRouter()
A_PAGE = 50
#: Ready-made views: a name and the filter that it stands for.
VIEWS: tuple[tuple[str, dict[str, str]], ...] = (
    ("全部", {}),
    ("已逾期", {"overdue": "1", "sort": "due"}),
    ("黄灯", {"light": "yellow", "sort": "due"}),
    ("无时限", {"light": "none"}),
    ("待拟定措施", {"state": "assigned"}),
    ("长期推进", {"long_term": "1"}),
    ("待核", {"quarantined": "1"}),
    ("已销号", {"outcome": "rectified"}),
    ("已撤销", {"outcome": "withdrawn"}),
    ("已合并", {"outcome": "merged"}),
)


@router.get("/items")
def get_items(
    *,
    visit: Visit,
    plan: Search = "",
    state: Literal["", "assigned", "measure_drafted", "regulation_issued", "ongoing", "closed"] = "",
    outcome: Literal["", "rectified", "withdrawn", "merged"] = "",
    light: Literal["", "green", "yellow", "red", "none"] = "",
    unit: Search = "",
    lead: Search = "",
    q: Search = "",
    due_from: dt.date | None = None,
    due_to: dt.date | None = None,
    overdue: Literal["", "1"] = "",
    quarantined: Literal["", "1"] = "",
    long_term: Literal["", "1"] = "",
    mine: Literal["", "1"] = "",
    sort: Literal["position", "due", "updated"] = "position",
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The same filters as the API's; what is chosen stays in the address, so that a view can be kept as a bookmark."""
    where = ItemFilter(
        plan=plan or None,
        states=(State(state),) if state else (),
        outcome=Outcome(outcome) if outcome else None,
        light=light or None,
        unit=unit.strip() or None,
        lead=lead.strip() or None,
        overdue=True if overdue else None,
        quarantined=True if quarantined else None,
        long_term=True if long_term else None,
        q=q or None,
        due_from=due_from,
        due_to=due_to,
        mine=bool(mine),
    )
    query = {
        "plan": plan, "state": state, "outcome": outcome, "light": light, "unit": unit, "lead": lead, "q": q,
        "overdue": overdue, "quarantined": quarantined, "long_term": long_term, "mine": mine, "sort": sort,
        "due_from": due_from.isoformat() if due_from else "", "due_to": due_to.isoformat() if due_to else "",
        "as_of": visit.as_of.isoformat() if visit.as_of_asked else "",
    }  # fmt: skip
    database, scope = visit.context.database, visit.caller.scope
    page = list_items(
        database, scope=scope, as_of=visit.as_of, where=where, sort=sort, cursor=cursor or None, limit=A_PAGE
    )
    return visit.render(
        "items.html",
        page=page,
        query=query,
        cursor=cursor,
        ready=VIEWS,
        plans=list_plans(database, scope=scope, as_of=visit.as_of),
    )


@router.get("/items/{item_id}")
def get_item(item_id: Id, visit: Visit, done: Literal["", "1"] = "") -> Response:
    """Everything about one item, and what the reader may do to it now."""
    return visit.render("item.html", **item_values(visit, item_id), done=bool(done))


def item_values(visit: Visit, item_id: int) -> dict[str, Any]:
    """What the item's page shows."""
    database, caller = visit.context.database, visit.caller
    item = one_item(database, item_id=item_id, scope=caller.scope, actor=caller.actor, as_of=visit.as_of)
    events = history(database, item_id=item_id, scope=caller.scope, limit=None)
    what = {"report": BY_UNIT, "evidence": ANYBODY_ON_IT, "office": BY_OFFICE}
    what |= {s.value: STEP_BY[s] for s in ClosingStep}
    allowed = may(database, item_id=item_id, actor=caller.actor, what=what)
    if visit.past:  # nothing can be done on a day that is past
        allowed = dict.fromkeys(what, False)
    return {
        "item": item,
        "row": item.row,
        "events": tuple(e for e in reversed(events) if not visit.past or business_date(e.occurred_at) <= visit.as_of),
        "explained": explain_item(database, item_id=item_id, scope=caller.scope, as_of=visit.as_of),
        "sent": list_notices(
            database, scope=caller.scope, where=NoticeFilter(item=item_id, until=visit.as_of if visit.past else None)
        ),
        "may": allowed,
        "mergeable": merge_choices(database, item_id=item_id)
        if any(action.action is Action.MERGE for action in item.actions)
        else None,
        "spread": spread_of(database, item_id=item_id, scope=caller.scope),
        "most_on": min(visit.as_of, dt.date.max),
    }


@router.get("/items/{item_id}/evidence/{evidence_id}")
def get_evidence(item_id: Id, evidence_id: Id, visit: Visit, part: Range = None) -> Response:
    """A file that was handed in, as a download."""
    return evidence_file(visit.context, visit.caller, item_id, evidence_id, part)
