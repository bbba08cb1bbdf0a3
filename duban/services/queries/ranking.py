"""The ranking of units (月排名): counted from the ledger, scored by the plan's rules (`duban.domain.ranking`)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.lifecycle import State
from duban.domain.policy_model import ClockKind
from duban.domain.ranking import UnitFigures, rank
from duban.services.queries.lights import Lighting
from duban.services.queries.past import Past, log_of, past_of
from duban.services.queries.plans import find_plan
from duban.services.queries.scope import WHOLE, Scope, own_parties
from duban.services.rules import business_date
from models import Clock, ClockState, Item, ItemParty, Notice, NoticeRecipient, Party, Role


@dataclass(frozen=True, slots=True)
class Ranked:
    """A unit's place and score, the figures that they come from, and the reckoning in words. `place` null: 不参评."""

    place: int | None
    party_id: int
    name: str
    score: float | None
    items: int
    closed: int
    came_due: int
    met: int
    sheets: int
    acknowledged: int
    overdue: int
    lines: tuple[str, ...]
    own: bool


@dataclass(frozen=True, slots=True)
class Trend:
    """Places over the past months. `days` are the last days of months, the earliest first, then the day asked for.

    `units`: by name, for each day the place and the score; None where the unit was not ranked.
    """

    days: tuple[dt.date, ...]
    units: dict[str, tuple[tuple[int, float] | None, ...]]


def ranking(database: Database, *, plan: str, scope: Scope, as_of: dt.date) -> tuple[Ranked, ...]:
    """All lead and responsible units of a plan as of a day, the best first. Raises NotFound."""
    with database.read() as session:
        plan_id = find_plan(session, plan).id
        return _ranking(session, plan_id, scope, past_of(session, plan_id, as_of))


def ranking_trend(database: Database, *, plan: str, as_of: dt.date, months: int = 6) -> Trend:
    """The places of each unit at the end of the past months and on the day. Raises NotFound.

    Months before the plan was entered are left out.
    """
    with database.read() as session:
        plan_id = find_plan(session, plan).id
        log = log_of(session, plan_id)
        pasts = [past_of(session, plan_id, day, log) for day in (*_month_ends(as_of, months - 1), as_of)]
        pasts = [past for past in pasts if past.registered]
        ranked = [{r.name: r for r in _ranking(session, plan_id, WHOLE, past)} for past in pasts]
    names = sorted({name for of_day in ranked for name in of_day})
    places = {name: tuple(_placed(of_day.get(name)) for of_day in ranked) for name in names}
    return Trend(tuple(past.as_of for past in pasts), places)


def _month_ends(before: dt.date, count: int) -> list[dt.date]:
    """The last days of the months before a day, the earliest first."""
    found: list[dt.date] = []
    day = before
    for _ in range(count):
        day = day.replace(day=1) - dt.timedelta(days=1)
        found.insert(0, day)
    return found


def _placed(ranked: Ranked | None) -> tuple[int, float] | None:
    if ranked is None or ranked.place is None or ranked.score is None:
        return None
    return ranked.place, ranked.score


def _ranking(session: Session, plan_id: int, scope: Scope, past: Past) -> tuple[Ranked, ...]:
    as_of = past.as_of
    scoring = Lighting(session, as_of).rules(plan_id).policy.scoring
    parties = _items_by_unit(session, plan_id, past)
    names = dict(session.execute(select(Party.name, Party.id).where(Party.id.in_(parties.keys()))).tuples().all())
    limits = _limits(session, plan_id, past)
    sheets = _sheets(session, plan_id, as_of)
    own = set(session.scalars(own_parties(scope))) if scope.parties else set()
    figures = [
        _figures(name, parties[party_id], limits, sheets.get(party_id, (0, 0)), as_of)
        for name, party_id in names.items()
    ]
    return tuple(
        Ranked(
            place=s.place,
            party_id=names[s.unit],
            name=s.unit,
            score=float(s.score) if s.score is not None else None,
            items=s.figures.items,
            closed=s.figures.closed,
            came_due=s.figures.came_due,
            met=s.figures.met,
            sheets=s.figures.sheets,
            acknowledged=s.figures.acknowledged,
            overdue=s.figures.overdue,
            lines=s.lines,
            own=names[s.unit] in own,
        )
        for s in rank(figures, scoring)
    )


@dataclass(frozen=True, slots=True)
class _Counted:
    id: int
    state: State
    due_on: dt.date | None


def _items_by_unit(session: Session, plan_id: int, past: Past) -> dict[int, list[_Counted]]:
    """The items that each unit answered for on the day, as they stood."""
    rows = session.execute(
        select(ItemParty.party_id, Item.id)
        .join(Item, Item.id == ItemParty.item_id)
        .where(
            Item.plan_id == plan_id,
            ~Item.dropped,
            ItemParty.role.in_((Role.LEAD_UNIT, Role.RESPONSIBLE)),
        )
        .distinct()
    ).tuples()
    found: dict[int, list[_Counted]] = defaultdict(list)
    for party_id, item_id in rows:
        then = past.items.get(item_id)
        if then is not None and not then.quarantined:
            found[party_id].append(_Counted(item_id, then.state, then.due_on))
    return found


def _limits(session: Session, plan_id: int, past: Past) -> dict[int, tuple[int, int]]:
    """Limits of each item that had fallen due by the day, and how many of them were met in time."""
    rows = session.execute(
        select(Clock.item_id, Clock.due_on, Clock.ended_at).where(
            Clock.plan_id == plan_id,
            Clock.kind == ClockKind.LIMIT,
            Clock.state == ClockState.COMPLETED,
        )
    ).tuples()
    found: dict[int, tuple[int, int]] = {}
    ended = [(i, due_on, business_date(at)) for i, due_on, at in rows if at is not None]
    over = [(item_id, due_on, on <= due_on) for item_id, due_on, on in ended if on <= past.as_of]
    running = [(clock.item_id, clock.due_on, False) for clock in past.clocks if clock.kind is ClockKind.LIMIT]
    for item_id, due_on, met in (*over, *running):
        if due_on < past.as_of or met:
            due, kept = found.get(item_id, (0, 0))
            found[item_id] = (due + 1, kept + met)
    return found


def _sheets(session: Session, plan_id: int, as_of: dt.date) -> dict[int, tuple[int, int]]:
    """Receipts that each party owed by now, and how many came in time; of a unit's head they count for the unit."""
    party = func.coalesce(NoticeRecipient.for_party_id, NoticeRecipient.party_id)
    rows = session.execute(
        select(party, Notice.acknowledge_by, NoticeRecipient.acknowledged_at)
        .join(Notice, Notice.id == NoticeRecipient.notice_id)
        .where(Notice.plan_id == plan_id, Notice.acknowledge_by.is_not(None), NoticeRecipient.role == "to")
        .where(Notice.as_of <= as_of)
    ).tuples()
    units: dict[int, list[int]] = defaultdict(list)
    heads = select(Party.id, Party.head_id).where(Party.plan_id == plan_id, Party.head_id.is_not(None))
    for unit_id, head_id in session.execute(heads).tuples():
        units[head_id or 0].append(unit_id)
    found: dict[int, tuple[int, int]] = {}
    for party_id, by, at in rows:
        in_time = at is not None and by is not None and business_date(at) <= min(by, as_of)
        if in_time or (by is not None and by < as_of):
            for unit_id in (party_id, *units[party_id]):
                owed, kept = found.get(unit_id, (0, 0))
                found[unit_id] = (owed + 1, kept + in_time)
    return found


def _figures(
    name: str,
    items: list[_Counted],
    limits: dict[int, tuple[int, int]],
    sheets: tuple[int, int],
    as_of: dt.date,
) -> UnitFigures:
    kept = [limits.get(item.id, (0, 0)) for item in items]
    late = [i for i in items if i.state is not State.CLOSED and i.due_on is not None and i.due_on < as_of]
    return UnitFigures(
        unit=name,
        items=len(items),
        closed=sum(item.state is State.CLOSED for item in items),
        came_due=sum(due for due, _ in kept),
        met=sum(met for _, met in kept),
        sheets=sheets[0],
        acknowledged=sheets[1],
        overdue=len(late),
    )
