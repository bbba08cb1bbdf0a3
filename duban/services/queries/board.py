"""The board (挂图作战): plans by state and light, what is due this week, who is behind, and the trend."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.lifecycle import State
from duban.services.queries.items import rows_for
from duban.services.queries.lights import STANDING, Lighting, Standing, live, overdue
from duban.services.queries.scope import Scope, visible
from duban.services.queries.shapes import ItemRow
from models import Item, ItemParty, Party, Plan, Role, Snapshot

SHOWN = 8
DAYS_OF_TREND = 60


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan's line: items by state and light, and the ones that no clock runs for."""

    id: int
    code: str
    title: str
    released: bool
    items: int
    quarantined: int
    closed: int
    cells: dict[str, dict[str, int]]  # state → light → items


@dataclass(frozen=True, slots=True)
class Behind:
    """Somebody with items past their limit; `worst` is the oldest of them."""

    name: str
    role: str
    overdue: int
    open: int
    worst: dt.date


@dataclass(frozen=True, slots=True)
class TrendDay:
    """How many items stood under each light on one day."""

    as_of: dt.date
    lights: dict[str, int]


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that the board shows on one day."""

    plans: tuple[PlanLine, ...]
    lights: dict[str, int]
    items: int
    closed: int
    quarantined: int
    due: tuple[ItemRow, ...]
    week_ends_on: dt.date
    behind: tuple[Behind, ...]
    trend: tuple[TrendDay, ...]


def board(database: Database, *, scope: Scope, as_of: dt.date) -> Board:
    """The board on a day, of the items that a scope may see."""
    sunday = as_of + dt.timedelta(days=6 - as_of.weekday())
    with database.read() as session:
        lines = _lines(session, scope, as_of)
        week = and_(visible(scope), live(), Item.due_on >= as_of, Item.due_on <= sunday)
        due = rows_for(session, Lighting(session, as_of), week, limit=SHOWN)
        behind = [*_behind(session, scope, as_of, units=True), *_behind(session, scope, as_of, units=False)]
        trend = _trend(session, as_of) if scope.everything else ()
    lights: dict[str, int] = defaultdict(int)
    for line in lines:
        for cell in line.cells.values():
            for light, count in cell.items():
                lights[light] += count
    return Board(
        plans=tuple(lines),
        lights=dict(lights),
        items=sum(line.items for line in lines),
        closed=sum(line.closed for line in lines),
        quarantined=sum(line.quarantined for line in lines),
        due=tuple(due),
        week_ends_on=sunday,
        behind=tuple(behind),
        trend=trend,
    )


def _lines(session: Session, scope: Scope, as_of: dt.date) -> list[PlanLine]:
    among = ~Item.dropped
    items = [Standing(*row) for row in session.execute(select(*STANDING).where(among, visible(scope))).tuples()]
    lamps = Lighting(session, as_of).of(items, among)
    cells: dict[int, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    counts: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for item in items:
        count = counts[item.plan_id]
        count[0] += 1
        if item.quarantined:
            count[1] += 1
        elif item.state is State.CLOSED:
            count[2] += 1
        else:
            cells[item.plan_id][item.state.value][lamps[item.id].colour.value] += 1
    plans = session.scalars(select(Plan).where(Plan.id.in_(counts)).order_by(Plan.registered_at.desc(), Plan.id.desc()))
    return [
        PlanLine(
            id=plan.id,
            code=plan.code,
            title=plan.title,
            released=plan.released_at is not None,
            items=counts[plan.id][0],
            quarantined=counts[plan.id][1],
            closed=counts[plan.id][2],
            cells={state: dict(lights) for state, lights in cells[plan.id].items()},
        )
        for plan in plans
    ]


def _behind(session: Session, scope: Scope, as_of: dt.date, *, units: bool) -> list[Behind]:
    """Units, or lead officials, with overdue items: the most first, then the oldest."""
    roles = (Role.LEAD_UNIT, Role.RESPONSIBLE) if units else (Role.LEAD_OFFICIAL,)
    here = and_(visible(scope), live(), ItemParty.role.in_(roles))
    joined = select(Party.name, func.count(Item.id.distinct()), func.min(Item.due_on)).select_from(Item)
    joined = joined.join(ItemParty, ItemParty.item_id == Item.id).join(Party, Party.id == ItemParty.party_id)
    late = session.execute(joined.where(here, overdue(as_of)).group_by(Party.name)).tuples().all()
    names = [name for name, _, _ in late]
    everything = session.execute(joined.where(here, Party.name.in_(names)).group_by(Party.name)).tuples()
    totals = {name: count for name, count, _ in everything}
    found = [Behind(n, "unit" if units else "lead", c, totals.get(n, c), w) for n, c, w in late if w is not None]
    return sorted(found, key=lambda b: (-b.overdue, b.worst, b.name))[:SHOWN]


def _trend(session: Session, as_of: dt.date) -> tuple[TrendDay, ...]:
    """Counts of each night over the last days; closed items are left out, since they have no light any more."""
    rows = session.execute(
        select(Snapshot.as_of, Snapshot.light, func.sum(Snapshot.items))
        .where(
            Snapshot.party_id == 0,
            Snapshot.state != State.CLOSED.value,
            Snapshot.as_of <= as_of,
            Snapshot.as_of > as_of - dt.timedelta(days=DAYS_OF_TREND),
        )
        .group_by(Snapshot.as_of, Snapshot.light)
        .order_by(Snapshot.as_of)
    ).tuples()
    days: dict[dt.date, dict[str, int]] = defaultdict(dict)
    for day, light, count in rows:
        days[day][light] = int(count)
    return tuple(TrendDay(day, lights) for day, lights in days.items())
