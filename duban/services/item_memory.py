"""An item as it stood before a decision about its reading, kept as plain values, and put back by an undo."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from duban.domain.lifecycle import State
from duban.services import clocks
from duban.services.item_fields import replace_milestones, set_measures
from duban.services.transitions import state_as_read
from models import (
    Category,
    Item,
    ItemParty,
    Measure,
    Milestone,
    MilestoneKind,
    Regulation,
    RegulationStatus,
    Role,
    Target,
)

_REGULATION = ("position", "title", "status", "document_number", "issued_on")
_MILESTONE = (
    "position",
    "text",
    "kind",
    "start_on",
    "due_on",
    "rolled_due_on",
    "alternative_due_on",
    "confidence",
    "done",
)
_TARGET = ("position", "text", "name", "comparator", "value", "upper", "baseline", "unit", "due_on")


def as_read(session: Session, item: Item) -> dict[str, Any]:
    """Everything of an item that a decision may change, as plain values: what an undo restores."""
    roles = session.execute(
        select(ItemParty.role, ItemParty.party_id, ItemParty.position).where(ItemParty.item_id == item.id)
    ).tuples()

    def rows(table: Any, columns: tuple[str, ...]) -> list[dict[str, Any]]:
        found = session.scalars(select(table).where(table.item_id == item.id).order_by(table.position))
        return [{c: _plain(getattr(row, c)) for c in columns} for row in found]

    return {
        "id": item.id,
        "state": item.state.value,
        "quarantined": item.quarantined,
        "dropped": item.dropped,
        "number": item.number,
        "copy": item.copy,
        "parent_id": item.parent_id,
        "title": item.title,
        "goal": item.goal,
        "time_limit": item.time_limit,
        "long_term": item.long_term,
        "category": item.category.value if item.category else None,
        "reported_done": item.reported_done,
        "source": [item.source_line, item.source_end_line],
        "measures": [
            m.text
            for m in session.scalars(select(Measure).where(Measure.item_id == item.id).order_by(Measure.position))
        ],
        "roles": [[role.value, party_id, position] for role, party_id, position in roles],
        "regulations": rows(Regulation, _REGULATION),
        "targets": rows(Target, _TARGET),
        "milestones": rows(Milestone, _MILESTONE),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    return str(value) if isinstance(value, Decimal) else value


def put_back(session: Session, item: Item, saved: dict[str, Any], now: dt.datetime) -> None:
    """Restores what `as_read` kept; the item's clocks have ended by then."""
    clocks.cancel(session, item, now)
    item.quarantined, item.dropped = True, saved["dropped"]  # as one in doubt, while it is set back
    item.title, item.goal, item.reported_done = saved["title"], saved["goal"], saved["reported_done"]
    item.number, item.copy, item.parent_id = saved["number"], saved["copy"], saved["parent_id"]
    item.source_line, item.source_end_line = saved["source"]
    if (item.time_limit or None) != saved["time_limit"]:
        parts = [Milestone(item_id=item.id, **_typed(row)) for row in saved["milestones"]]
        replace_milestones(session, item, parts)
        item.time_limit, item.long_term = saved["time_limit"], saved["long_term"]
        item.category = Category(saved["category"]) if saved["category"] else None
    set_measures(session, item, saved["measures"])
    if item.state.value != saved["state"]:
        state_as_read(item, State(saved["state"]))
    session.execute(delete(ItemParty).where(ItemParty.item_id == item.id))
    session.add_all(
        ItemParty(item_id=item.id, role=Role(role), party_id=party_id, position=position)
        for role, party_id, position in saved["roles"]
    )
    for table, kept in ((Regulation, saved["regulations"]), (Target, saved["targets"])):
        session.execute(delete(table).where(table.item_id == item.id))
        session.add_all(table(item_id=item.id, **_typed(row)) for row in kept)
    item.quarantined = saved["quarantined"]
    session.flush()


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    typed = dict(row)
    for name in ("issued_on", "start_on", "due_on", "rolled_due_on", "alternative_due_on"):
        if typed.get(name):
            typed[name] = dt.date.fromisoformat(typed[name])
    for name in ("value", "upper", "baseline"):
        if typed.get(name) is not None:
            typed[name] = Decimal(typed[name])
    if "kind" in typed:
        typed["kind"] = MilestoneKind(typed["kind"])
    if "status" in typed:
        typed["status"] = RegulationStatus(typed["status"])
    return typed
