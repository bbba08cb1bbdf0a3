"""The ranking of units (月排名): what fell due in a month, counted from the ledger (`duban.domain.ranking`)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from duban.adapters.database import Database
from duban.domain.lifecycle import Outcome, State
from duban.domain.policy_model import ClockKind
from duban.domain.ranking import Duty, DutyKind, UnitMonth, rank
from duban.services.answers import CALL_ANSWERED, SELF_CHECK_REPORTED
from duban.services.queries.lights import STANDING, Lighting, Standing
from duban.services.queries.past import Past, PastLighting, log_of, past_of
from duban.services.queries.plans import find_plan
from duban.services.queries.scope import WHOLE, Scope, own_parties
from duban.services.rules import business_date
from models import (
    Clock,
    ClockState,
    Event,
    Item,
    Notice,
    NoticeRecipient,
    Origin,
    Party,
    PartyKind,
    PartyMember,
    Role,
)

_RANKED = (Role.LEAD_UNIT, Role.RESPONSIBLE, Role.CALLED)
_KINDS = {ClockKind.LIMIT: DutyKind.LIMIT, ClockKind.CHECK_IN: DutyKind.REPORT}


@dataclass(frozen=True, slots=True)
class Ranked:
    """A unit's place and score in a month, what fell due for it, and the reckoning in words. `place` null: 不参评.

    `items` are all that it answers for on the day, `closed` of them struck off, `withdrawn` and `merged` ended
    otherwise; `due` duties fell due in the month, `met` of them in time; `overdue_days` are working days, summed up.
    """

    place: int | None
    party_id: int
    name: str
    score: float | None
    items: int
    closed: int
    withdrawn: int
    merged: int
    due: int
    met: int
    overdue: int
    overdue_days: int
    lines: tuple[str, ...]
    duties: tuple[Duty, ...]
    own: bool


@dataclass(frozen=True, slots=True)
class Trend:
    """Places over the past months. `days` are the last days of months, the earliest first, then the day asked for.

    `units`: by name, for each day the place and the score; None where the unit was not ranked.
    """

    days: tuple[dt.date, ...]
    units: dict[str, tuple[tuple[int, float] | None, ...]]


def ranking(database: Database, *, plan: str, scope: Scope, as_of: dt.date) -> tuple[Ranked, ...]:
    """The units of a plan by what fell due from the first of the month to a day, the best first. Raises NotFound."""
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
    lighting = PastLighting(session, as_of, {plan_id: past}) if past.since else Lighting(session, as_of)
    rules = lighting.rules(plan_id)
    rows = session.execute(select(*STANDING).where(Item.plan_id == plan_id, ~Item.dropped)).tuples()
    items = {i.id: i for i in lighting.there(Standing(*row) for row in rows) if not i.quarantined}
    answering, unknown = _units(session, plan_id, lighting, items)
    owed = _owed(session, plan_id, past, items, movable=rules.policy.fixed_dates_move)
    receipts = _receipts(session, plan_id, as_of)
    ids = dict(session.execute(select(Party.name, Party.id).where(Party.plan_id == plan_id)).tuples().all())
    own = set(session.scalars(own_parties(scope))) if scope.parties else set()
    answered = _answered(session, plan_id, as_of)
    months = []
    for unit, mine in answering.items():
        duties = [_by_answer(duty, unit, answered) for item_id in mine for duty in owed.get(item_id, ())]
        duties += receipts.get(unit, ())
        duties = [duty for duty in duties if _judged(duty, as_of)]
        duties.sort(key=lambda d: (d.kind, d.due_on, d.item_id or 0))
        late = [items[i] for i in mine if _late(items[i], as_of)]
        days = sum(rules.calendar.workdays_between(i.due_on, as_of) for i in late if i.due_on is not None)
        barred = "集体名称，名录中没有列出成员单位，不能逐个计算，不参评；请在名录中补全" if unit in unknown else ""
        months.append(UnitMonth(unit, tuple(duties), len(late), days, barred, as_of.replace(day=1)))
    ranked = []
    for s in rank(months, rules.policy.scoring):
        ended = [items[i].outcome for i in answering[s.unit] if items[i].state is State.CLOSED]
        ranked.append(
            Ranked(
                place=s.place,
                party_id=ids[s.unit],
                name=s.unit,
                score=float(s.score) if s.score is not None else None,
                items=len(answering[s.unit]),
                closed=ended.count(Outcome.RECTIFIED),
                withdrawn=ended.count(Outcome.WITHDRAWN),
                merged=ended.count(Outcome.MERGED),
                due=len(s.month.duties),
                met=sum(d.met for d in s.month.duties),
                overdue=s.month.overdue,
                overdue_days=s.month.overdue_days,
                lines=s.lines,
                duties=s.month.duties,
                own=ids[s.unit] in own,
            )
        )
    return tuple(ranked)


def _late(item: Standing, as_of: dt.date) -> bool:
    return item.state is not State.CLOSED and item.due_on is not None and item.due_on < as_of


def _units(
    session: Session, plan_id: int, lighting: Lighting, items: Mapping[int, Standing]
) -> tuple[dict[str, list[int]], set[str]]:
    """The items that each unit answers for; a collective is its members, and a part without a unit its parent's.

    Also the collectives whose members the directory does not know.
    """
    named = lighting.named(items.values(), _RANKED)
    parents = dict(session.execute(select(Item.id, Item.parent_id).where(Item.plan_id == plan_id)).tuples().all())
    member = aliased(Party)
    members: dict[str, list[str]] = defaultdict(list)
    pairs = select(Party.name, member.name).join(PartyMember, PartyMember.collective_id == Party.id)
    pairs = pairs.join(member, member.id == PartyMember.member_id).where(Party.plan_id == plan_id)
    for collective, name in session.execute(pairs.order_by(member.id)).tuples():
        members[collective].append(name)
    collectives = set(
        session.scalars(select(Party.name).where(Party.plan_id == plan_id, Party.kind == PartyKind.COLLECTIVE))
    )
    found: dict[str, list[int]] = defaultdict(list)
    for item_id in items:
        at: int | None = item_id
        while at is not None and not named.get(at):
            at = parents.get(at)
        units = (u for name in sorted(named.get(at or 0, ())) for u in members.get(name, [name]))
        for unit in dict.fromkeys(units):
            found[unit].append(item_id)
    return found, {name for name in found if name in collectives}


def _judged(duty: Duty, as_of: dt.date) -> bool:
    """Whether a duty counts in the month up to a day: each counts once, when it can be told how it ended.

    What was kept counts on its day. What was not is missed on the day after: that of a month's last day counts in the
    next month.
    """
    told_on = duty.due_on if duty.met else duty.due_on + dt.timedelta(days=1)
    return as_of.replace(day=1) <= told_on <= as_of


def _from(as_of: dt.date) -> dt.date:
    """The earliest due day of which something may be told within the month: the last one of the month before."""
    return as_of.replace(day=1) - dt.timedelta(days=1)


def _owed(
    session: Session, plan_id: int, past: Past, items: Mapping[int, Standing], *, movable: bool
) -> dict[int, list[Duty]]:
    """Limits and periodic reports whose day is one that the month may judge, by item.

    `movable`: whether limits of a fixed date move with a pause; one that does not is missed while it is paused.
    """
    as_of, first = past.as_of, _from(past.as_of)
    numbers = dict(session.execute(select(Item.id, Item.number).where(Item.plan_id == plan_id)).tuples().all())
    found: dict[int, list[Duty]] = defaultdict(list)
    after = aliased(Clock)
    ended = session.execute(
        select(Clock, after.item_id)
        .outerjoin(after, after.id == Clock.superseded_by_id)
        .where(
            Clock.plan_id == plan_id,
            Clock.kind.in_(tuple(_KINDS)),
            Clock.ended_at.is_not(None),
            Clock.due_on.between(first, as_of),
            Clock.started_on <= Clock.due_on,
        )
    ).tuples()
    for clock, taken_by in ended:
        on = business_date(clock.ended_at) if clock.ended_at is not None else as_of
        met = _kept(clock, on, taken_by)
        if on <= as_of and met is not None:
            done_on = on if clock.state is ClockState.COMPLETED or met else None
            duty = Duty(_KINDS[clock.kind], clock.item_id, numbers[clock.item_id], clock.due_on, done_on, met)
            found[clock.item_id].append(duty)
    for ran in past.clocks:
        # What was past already when it was taken on is nobody's new miss.
        stands_still = ran.paused_on is not None and (ran.counted or movable)
        if first <= ran.due_on <= as_of and ran.started_on <= ran.due_on and not stands_still:
            number = numbers[ran.item_id]
            found[ran.item_id].append(Duty(_KINDS[ran.kind], ran.item_id, number, ran.due_on, None, met=False))
    return {item_id: duties for item_id, duties in found.items() if item_id in items}


def _kept(clock: Clock, on: dt.date, taken_by: int | None) -> bool | None:
    """Whether a clock that ended was kept; None where nothing fell due: it was called off, or moved, before.

    What was missed before its item was withdrawn or merged stays missed.
    """
    in_time = on <= clock.due_on
    if clock.state is ClockState.COMPLETED:
        return in_time
    if clock.state is ClockState.SUPERSEDED and taken_by == clock.item_id:
        return in_time if clock.kind is ClockKind.CHECK_IN else None
    return None if in_time else False


def _answered(session: Session, plan_id: int, as_of: dt.date) -> dict[tuple[int, str], dt.date]:
    """When each call was first answered by a unit, and each self-check reported; a self-check has one unit: ""."""
    rows = session.execute(
        select(Event.item_id, Event.type, Event.payload, Event.occurred_at)
        .join(Item, Item.id == Event.item_id)
        .where(
            Item.plan_id == plan_id,
            Item.origin.in_((Origin.SELF_CHECK, Origin.CALL)),
            Event.type.in_((CALL_ANSWERED, SELF_CHECK_REPORTED)),
        )
        .order_by(Event.item_id, Event.seq)
    ).tuples()
    found: dict[tuple[int, str], dt.date] = {}
    for item_id, type_, payload, at in rows:
        if business_date(at) <= as_of:
            found.setdefault(
                (item_id, str(payload.get("unit", "")) if type_ == CALL_ANSWERED else ""), business_date(at)
            )
    return found


def _by_answer(duty: Duty, unit: str, answered: Mapping[tuple[int, str], dt.date]) -> Duty:
    """A call or a self-check is done, for a unit, when that unit has answered."""
    on = answered.get((duty.item_id or 0, unit), answered.get((duty.item_id or 0, "")))
    if duty.kind is not DutyKind.LIMIT or on is None or duty.met:
        return duty
    return replace(duty, done_on=on, met=on <= duty.due_on)


def _receipts(session: Session, plan_id: int, as_of: dt.date) -> dict[str, tuple[Duty, ...]]:
    """Receipts whose day is one that the month may judge, by unit; those of a unit's head count for the unit.

    A notice that was withdrawn never left, and nobody owed its receipt.
    """
    rows = session.execute(
        select(
            func.coalesce(NoticeRecipient.for_party_id, NoticeRecipient.party_id),
            Notice.item_id,
            Item.number,
            Clock.due_on,
            NoticeRecipient.acknowledged_at,
        )
        .join(Notice, Notice.id == NoticeRecipient.notice_id)
        .join(Clock, Clock.recipient_id == NoticeRecipient.id)
        .outerjoin(Item, Item.id == Notice.item_id)
        .where(
            Notice.plan_id == plan_id,
            Clock.kind == ClockKind.ACKNOWLEDGE,
            Clock.due_on.between(_from(as_of), as_of),
            Notice.withdrawn_at.is_(None),
            NoticeRecipient.excused_at.is_(None),
        )
    ).tuples()
    units = _units_of_party(session, plan_id)
    found: dict[str, list[Duty]] = defaultdict(list)
    for party_id, item_id, number, by, at in rows:
        on = business_date(at) if at is not None and business_date(at) <= as_of else None
        if by is not None:
            met = on is not None and on <= by
            for unit in units.get(party_id or 0, ()):
                found[unit].append(Duty(DutyKind.RECEIPT, item_id, number or "", by, on, met))
    return {unit: tuple(duties) for unit, duties in found.items()}


def _units_of_party(session: Session, plan_id: int) -> dict[int, Iterable[str]]:
    """The units that a party's receipts count for: itself, and those that it heads."""
    found: dict[int, list[str]] = defaultdict(list)
    parties = session.execute(select(Party.id, Party.name, Party.kind, Party.head_id).where(Party.plan_id == plan_id))
    for party_id, name, kind, head_id in parties.tuples():
        if kind is PartyKind.UNIT:
            found[party_id].append(name)
            if head_id is not None:
                found[head_id].append(name)
    return dict(found)
