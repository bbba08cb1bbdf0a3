"""The board (挂图作战): plans by state and light, what is due this week, who is behind, and the trend."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.lifecycle import Outcome, State
from duban.services.queries.items import rows_for
from duban.services.queries.lights import STANDING, Lighting, Standing
from duban.services.queries.past import lighting_on
from duban.services.queries.scope import Scope, visible
from duban.services.queries.shapes import ItemRow
from models import Item, Plan, Role, Snapshot

SHOWN = 8
DAYS_OF_TREND = 60


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan's line: items by state and light, and those that no clock runs for: in doubt, struck off, 撤销, 合并."""

    id: int
    code: str
    title: str
    released: bool
    items: int
    quarantined: int
    closed: int
    withdrawn: int
    merged: int
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
    withdrawn: int
    merged: int
    quarantined: int
    due: tuple[ItemRow, ...]
    due_total: int
    week_ends_on: dt.date
    behind: tuple[Behind, ...]
    behind_total: int
    trend: tuple[TrendDay, ...]


def board(database: Database, *, scope: Scope, as_of: dt.date) -> Board:
    """The board on a day, of the items that a scope may see, as they stood on it."""
    sunday = as_of + dt.timedelta(days=6 - as_of.weekday())
    with database.read() as session:
        lighting = lighting_on(session, as_of)
        columns = select(*STANDING).where(~Item.dropped, visible(scope))
        items = lighting.there(Standing(*row) for row in session.execute(columns).tuples())
        lines = _lines(session, lighting, items)
        running = [i for i in items if i.state is not State.CLOSED and not i.quarantined]
        week = sorted((i.due_on, i.id) for i in running if i.due_on is not None and as_of <= i.due_on <= sunday)
        shown = [item_id for _, item_id in week[:SHOWN]]
        due = {row.id: row for row in rows_for(session, lighting, Item.id.in_(shown), limit=SHOWN)}
        found = [_behind(lighting, running, as_of, units=units) for units in (True, False)]
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
        withdrawn=sum(line.withdrawn for line in lines),
        merged=sum(line.merged for line in lines),
        quarantined=sum(line.quarantined for line in lines),
        due=tuple(due[item_id] for item_id in shown),
        due_total=len(week),
        week_ends_on=sunday,
        behind=tuple(one for kind in found for one in kind[:SHOWN]),
        behind_total=sum(map(len, found)),
        trend=trend,
    )


def _lines(session: Session, lighting: Lighting, items: list[Standing]) -> list[PlanLine]:
    lamps = lighting.of(items, ~Item.dropped)
    cells: dict[int, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for item in items:
        counts[item.plan_id]["items"] += 1
        if item.quarantined:
            counts[item.plan_id]["quarantined"] += 1
        elif item.state is State.CLOSED:
            counts[item.plan_id][(item.outcome or Outcome.RECTIFIED).value] += 1
        else:
            cells[item.plan_id][item.state.value][lamps[item.id].colour.value] += 1
    plans = session.scalars(select(Plan).where(Plan.id.in_(counts)).order_by(Plan.registered_at.desc(), Plan.id.desc()))
    return [
        PlanLine(
            id=plan.id,
            code=plan.code,
            title=plan.title,
            released=plan.released_at is not None,
            items=counts[plan.id]["items"],
            quarantined=counts[plan.id]["quarantined"],
            closed=counts[plan.id][Outcome.RECTIFIED.value],
            withdrawn=counts[plan.id][Outcome.WITHDRAWN.value],
            merged=counts[plan.id][Outcome.MERGED.value],
            cells={state: dict(lights) for state, lights in cells[plan.id].items()},
        )
        for plan in plans
    ]


def _behind(lighting: Lighting, running: list[Standing], as_of: dt.date, *, units: bool) -> list[Behind]:
    """Units, or lead officials, with overdue items: the most first, then the oldest."""
    roles = (Role.LEAD_UNIT, Role.RESPONSIBLE) if units else (Role.LEAD_OFFICIAL,)
    named = lighting.named(running, roles)
    overdue: dict[str, list[dt.date]] = defaultdict(list)
    totals: Counter[str] = Counter()
    for item in running:
        for name in named[item.id]:
            totals[name] += 1
            if item.due_on is not None and item.due_on < as_of:
                overdue[name].append(item.due_on)
    kind = "unit" if units else "lead"
    found = [Behind(name, kind, len(days), totals[name], min(days)) for name, days in overdue.items()]
    return sorted(found, key=lambda b: (-b.overdue, b.worst, b.name))


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
