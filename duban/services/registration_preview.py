"""What registering a document would enter, in full, before anything is written."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.services.registration import Intake, Received, Registered, enter_within, summary_of
from models import Anomaly, Item, ItemParty, Measure, Party, Role, Target


@dataclass(frozen=True, slots=True)
class EnteredTarget:
    """A target as it is entered, with the past figure that it compares with."""

    text: str
    name: str
    comparator: str
    value: float
    unit: str
    baseline: float | None


@dataclass(frozen=True, slots=True)
class EnteredItem:
    """An item as it is entered: what a preview shows before anything is written."""

    number: str
    parent: str | None
    path: tuple[str, ...]
    title: str
    goal: str | None
    measures: tuple[str, ...]
    leads: tuple[str, ...]
    units: tuple[str, ...]
    time_limit: str | None
    due_on: dt.date | None
    state: str
    reported_done: bool
    quarantined: bool
    doubts: tuple[str, ...]
    targets: tuple[EnteredTarget, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would stand in the ledger (`summary`; its ids are of no use), and each item with its parts below it."""

    summary: Registered
    items: tuple[EnteredItem, ...]
    unplaced: tuple[str, ...]


def preview(database: Database, received: Received, intake: Intake) -> Preview:
    """Registers a document and takes it back: what it shows is what `register` does. Raises what that raises."""
    with database.write() as session:
        done = enter_within(session, received, intake)
        summary = replace(
            summary_of(session, done.plan, created=done.created), directory_ignored=tuple(intake.directory_ignored)
        )
        loose = select(Anomaly.detail).where(Anomaly.plan_id == done.plan.id, Anomaly.item_id.is_(None))
        shown = Preview(summary, _items(session, done.rows), tuple(session.scalars(loose.order_by(Anomaly.line))))
        session.rollback()
        return shown


def _items(session: Session, rows: Sequence[Item]) -> tuple[EnteredItem, ...]:
    """What a preview shows of each row."""
    numbers = {row.id: row.number for row in rows}
    ids = select(Item.id).where(Item.plan_id == rows[0].plan_id) if rows else select(Item.id).where(Item.id < 0)
    measures: dict[int, list[str]] = defaultdict(list)
    for item_id, text in session.execute(
        select(Measure.item_id, Measure.text).where(Measure.item_id.in_(ids)).order_by(Measure.position)
    ).tuples():
        measures[item_id].append(text)
    names: dict[tuple[int, bool], list[str]] = defaultdict(list)
    named = select(ItemParty.item_id, ItemParty.role, Party.name).join(Party, Party.id == ItemParty.party_id)
    for item_id, role, name in session.execute(
        named.where(ItemParty.item_id.in_(ids)).order_by(ItemParty.role, ItemParty.position)
    ).tuples():
        names[item_id, role is Role.LEAD_OFFICIAL].append(name)
    targets: dict[int, list[EnteredTarget]] = defaultdict(list)
    for t in session.scalars(select(Target).where(Target.item_id.in_(ids)).order_by(Target.position)):
        baseline = float(t.baseline) if t.baseline is not None else None
        targets[t.item_id].append(EnteredTarget(t.text, t.name, t.comparator, float(t.value), t.unit, baseline))
    doubts: dict[int, list[str]] = defaultdict(list)
    for anomaly in session.scalars(select(Anomaly).where(Anomaly.item_id.in_(ids)).order_by(Anomaly.line)):
        doubts[anomaly.item_id or 0].append(anomaly.detail)
    return tuple(
        EnteredItem(
            number=row.number,
            parent=numbers.get(row.parent_id or 0),
            path=tuple(row.path),
            title=row.title,
            goal=row.goal,
            measures=tuple(measures[row.id]),
            leads=tuple(names[row.id, True]),
            units=tuple(names[row.id, False]),
            time_limit=row.time_limit,
            due_on=row.due_on,
            state=row.state.value,
            reported_done=row.reported_done,
            quarantined=row.quarantined,
            doubts=tuple(doubts[row.id]),
            targets=tuple(targets[row.id]),
        )
        for row in rows
    )
