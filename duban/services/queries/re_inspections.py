"""回头看: which closed items somebody has to look at again, by when, and what was found before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.services.queries.items import rows_for
from duban.services.queries.past import lighting_on
from duban.services.queries.plans import find_plan
from duban.services.queries.scope import Scope, visible
from duban.services.queries.shapes import ItemRow
from duban.services.rules import rules_of
from models import Clock, ClockKind, ClockState, Event, Item

PASSED, FAILED = "re_inspection.passed", "re_inspection.failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a re-inspection found."""

    item_id: int
    number: str
    title: str
    passed: bool
    note: str
    by: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class ReInspectionDue:
    """A closed item that is to be looked at again by `due_on`; `days_left` are working days, negative past it."""

    row: ItemRow
    due_on: dt.date
    days_left: int
    closed_at: dt.datetime | None
    relapses: int
    last: Finding | None


@dataclass(frozen=True, slots=True)
class ReInspections:
    """What is due, the earliest first, and what was found, the newest first."""

    due: tuple[ReInspectionDue, ...]
    found: tuple[Finding, ...]


def list_re_inspections(
    database: Database, *, scope: Scope, as_of: dt.date, plan: str | None = None, until: dt.date | None = None
) -> ReInspections:
    """Re-inspections that are owed (by `until`, all where it is left out), and what was found. Raises NotFound."""
    with database.read() as session:
        condition = visible(scope)
        if plan:
            condition &= Item.plan_id == find_plan(session, plan).id
        query = (
            select(Clock.item_id, Clock.due_on, Item.closed_at, Item.relapses)
            .join(Item, Item.id == Clock.item_id)
            .where(Clock.kind == ClockKind.RE_INSPECT, Clock.state == ClockState.RUNNING, condition)
            .order_by(Clock.due_on, Clock.id)
        )
        if until is not None:
            query = query.where(Clock.due_on <= until)
        owed = session.execute(query).tuples().all()
        ids = [item_id for item_id, *_ in owed]
        rows = {r.id: r for r in rows_for(session, lighting_on(session, as_of), Item.id.in_(ids), limit=None)}
        last = {finding.item_id: finding for finding in reversed(_findings(session, Event.item_id.in_(ids)))}
        due = [_due(session, rows[i], on, closed, relapses, last.get(i), as_of) for i, on, closed, relapses in owed]
        return ReInspections(tuple(due), tuple(_findings(session, condition)))


def _due(
    session: Session,
    row: ItemRow,
    due_on: dt.date,
    closed_at: dt.datetime | None,
    relapses: int,
    last: Finding | None,
    as_of: dt.date,
) -> ReInspectionDue:
    calendar = rules_of(session, row.plan.id).calendar
    left = calendar.workdays_between(as_of, due_on) if due_on >= as_of else -calendar.workdays_between(due_on, as_of)
    return ReInspectionDue(row, due_on, left, closed_at, relapses, last)


def _findings(session: Session, condition: ColumnElement[bool]) -> Sequence[Finding]:
    """The newest first."""
    rows = session.execute(
        select(Event, Item.number, Item.title)
        .join(Item, Item.id == Event.item_id)
        .where(Event.type.in_((PASSED, FAILED)), condition)
        .order_by(Event.id.desc())
    ).tuples()
    return [
        Finding(e.item_id, number, title, e.type == PASSED, e.reason, e.actor, e.occurred_at)
        for e, number, title in rows
    ]
