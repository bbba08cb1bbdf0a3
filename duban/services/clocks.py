"""Clocks in the ledger: armed when an item enters through any door, ended in the transaction that ends their reason."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache

from sqlalchemy import BigInteger, bindparam, func, null, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from duban.domain import clocks as pure
from duban.domain.counting import Unit
from duban.domain.ladder import first_rung_on
from duban.domain.lifecycle import State
from duban.domain.policy_model import CheckIn, ClockKind
from duban.domain.schedule import CheckInDue, check_in_rule, first_check_in, next_check_in, period, re_inspect_on
from duban.services.clock_values import term_key
from duban.services.item_look import OPEN_CLOCKS, literals
from duban.services.rules import Rules
from models import Base, Clock, ClockState, Item, Milestone

OPEN = OPEN_CLOCKS
#: Clocks of a new plan that are written in one go.
TOGETHER = 500


def arm(session: Session, item: Item, rules: Rules, as_of: dt.date) -> None:
    """Starts what the item still lacks: a limit clock for each dated open part, else check-ins where it is long-term.

    Safe to repeat. Nothing runs for an item that is closed, dropped, or in quarantine.
    """
    if item.quarantined or item.dropped or item.state is State.CLOSED:
        return
    running = set(
        session.execute(
            select(Clock.kind, Clock.milestone_id).where(Clock.item_id == item.id, Clock.state.in_(OPEN))
        ).tuples()
    )
    dated = session.scalars(
        select(Milestone).where(Milestone.item_id == item.id, ~Milestone.done, Milestone.due_on.is_not(None))
    ).all()
    for milestone in dated:
        if (ClockKind.LIMIT, milestone.id) not in running and milestone.due_on and milestone.rolled_due_on:
            _start(
                session, item, rules, as_of, ClockKind.LIMIT, milestone.due_on, milestone.rolled_due_on, milestone.id
            )
    if item.long_term and not dated and (ClockKind.CHECK_IN, None) not in running:
        due = first_check_in(_check_in_rule(rules, as_of), as_of, rules.calendar).due_on
        _start(session, item, rules, as_of, ClockKind.CHECK_IN, due, due, None)
    session.flush()


def arm_new(
    session: Session, items: Sequence[Item], rules: Rules, as_of: dt.date, progress: Callable[[str, int, int], None]
) -> None:
    """`arm` for items of one plan that were entered just now: none has a clock yet, and one question is enough."""
    open_items = [i for i in items if not (i.quarantined or i.dropped or i.state is State.CLOSED)]
    if not open_items:
        return
    dated: dict[int, list[Milestone]] = defaultdict(list)
    mine = select(Item.id).where(Item.plan_id == items[0].plan_id)
    for milestone in session.scalars(
        select(Milestone)
        .where(Milestone.item_id.in_(mine), ~Milestone.done, Milestone.due_on.is_not(None))
        .order_by(Milestone.item_id, Milestone.position)
    ):
        dated[milestone.item_id].append(milestone)
    for place, item in enumerate(open_items, start=1):
        for milestone in dated[item.id]:
            if milestone.due_on and milestone.rolled_due_on:
                due_on, rolled = milestone.due_on, milestone.rolled_due_on
                _start(session, item, rules, as_of, ClockKind.LIMIT, due_on, rolled, milestone.id)
        if item.long_term and not dated[item.id]:
            due = first_check_in(_check_in_rule(rules, as_of), as_of, rules.calendar).due_on
            _start(session, item, rules, as_of, ClockKind.CHECK_IN, due, due, None)
        if place % TOGETHER == 0 or place == len(open_items):
            session.flush()
            progress("clocks", place, len(open_items))


def _start(
    session: Session,
    item: Item,
    rules: Rules,
    as_of: dt.date,
    kind: ClockKind,
    nominal: dt.date,
    due_on: dt.date,
    milestone_id: int | None,
    counted: tuple[int, Unit] | None = None,
) -> Clock:
    amount, unit = counted or (None, None)
    clock = Clock(
        plan_id=item.plan_id,
        item_id=item.id,
        milestone_id=milestone_id,
        kind=kind,
        state=ClockState.RUNNING,
        cycle=item.cycle,
        started_on=as_of,
        armed_on=as_of,
        nominal_due_on=nominal,
        due_on=due_on,
        counted=counted is not None,
        amount=amount,
        unit=unit,
        next_rung_on=first_rung_on(
            due_on, rules.policy, rules.calendar, kind, term_key(rules.policy, kind, as_of, due_on)
        ),
    )
    session.add(clock)
    return clock


def _check_in_rule(rules: Rules, since: dt.date) -> CheckIn:
    """How often an item without a date reports: by its term where the policy has terms."""
    return check_in_rule(rules.policy, term_key(rules.policy, ClockKind.CHECK_IN, since, None))


def _reported_to(rule: CheckIn, due_on: dt.date) -> dt.date:
    """The last day of the period that a report within the days of grace is about."""
    return period(rule.every, due_on)[0] - dt.timedelta(days=1)


def counted_from_period(value: pure.Clock, rules: Rules) -> pure.Clock:
    """A check-in with days of grace as what it is: so many working days counted from the end of its period.

    Its row keeps the day alone. One whose day was not counted like that (paused, or under other rules) stays as it is.
    """
    if value.kind is not ClockKind.CHECK_IN or value.pauses:
        return value
    rule = _check_in_rule(rules, value.started_on)
    ends = _reported_to(rule, value.due_on)
    if not rule.grace_days or rules.calendar.add_workdays(ends, rule.grace_days) != value.due_on:
        return value
    return dataclasses.replace(value, started_on=ends, counted=True, amount=rule.grace_days, unit=Unit.WORKDAYS)


def supersede(session: Session, old: Clock, new: Clock, now: dt.datetime) -> None:
    """Puts a new clock in the place of an open one; the old one stays, and names its successor."""
    # One open clock of a kind is the rule: the old one ends before the new one begins, then learns its name.
    old.state, old.ended_at, old.next_rung_on = ClockState.CANCELLED, now, None
    old.paused_on, old.remaining_days, old.pause_reason = None, None, None
    session.flush()
    session.add(new)
    session.flush()
    old.state, old.superseded_by_id = ClockState.SUPERSEDED, new.id
    session.flush()


def next_check_in_clock(session: Session, clock: Clock, rules: Rules, as_of: dt.date, now: dt.datetime) -> Clock:
    """The check-in of the next period, in the place of one that was given, or missed to its last rung.

    Periods that ended unnoticed (after nights missed) are passed over: a person owes the present one.
    """
    rule = _check_in_rule(rules, clock.started_on)
    ends = _reported_to(rule, clock.due_on) if rule.grace_days else clock.due_on
    due = next_check_in(rule, CheckInDue(ends, ends, clock.due_on), rules.calendar)
    while due.due_on < as_of:
        due = next_check_in(rule, due, rules.calendar)
    new = Clock(
        plan_id=clock.plan_id,
        item_id=clock.item_id,
        kind=ClockKind.CHECK_IN,
        state=ClockState.RUNNING,
        cycle=clock.cycle,
        started_on=as_of,
        armed_on=as_of,
        nominal_due_on=due.due_on,
        due_on=due.due_on,
        next_rung_on=first_rung_on(due.due_on, rules.policy, rules.calendar, ClockKind.CHECK_IN),
    )
    supersede(session, clock, new, now)
    return new


def complete(
    session: Session,
    item: Item,
    now: dt.datetime,
    *,
    milestone_id: int | None = None,
    kind: ClockKind | None = None,
) -> int:
    """Ends the item's open clocks (one milestone's, or one kind's) because what they waited for is done.

    Returns how many ended.
    """
    return _end(session, item, now, ClockState.COMPLETED, milestone_id, kind)


def cancel(session: Session, item: Item, now: dt.datetime) -> int:
    """Ends the item's open clocks because nothing is waited for any more; returns how many."""
    return _end(session, item, now, ClockState.CANCELLED, None, None)


def _end(
    session: Session,
    item: Item,
    now: dt.datetime,
    state: ClockState,
    milestone_id: int | None,
    kind: ClockKind | None,
) -> int:
    session.flush()
    values = {"item": item.id, "ends_as": state, "now": now, "milestone": milestone_id, "of": kind}
    statement = _ending(milestone_id is not None, kind is not None)
    ended = set(session.execute(statement, values).scalars())
    for held in list(session.identity_map.values()):
        if isinstance(held, Clock) and held.id in ended:
            session.expire(held)
    return len(ended)


@cache
def _ending(of_a_milestone: bool, of_a_kind: bool) -> ReturningUpdate[tuple[int]]:
    """The statement that ends an item's open clocks, or those of one milestone, or of one kind."""
    clock = Base.metadata.tables["clock"]
    where = [clock.c.item_id == bindparam("item", type_=BigInteger), clock.c.state.in_(literals(OPEN))]
    if of_a_milestone:
        where.append(clock.c.milestone_id == bindparam("milestone", type_=BigInteger))
    if of_a_kind:
        where.append(clock.c.kind == bindparam("of", type_=clock.c.kind.type))
    ended = {
        "state": bindparam("ends_as", type_=clock.c.state.type),
        "ended_at": bindparam("now", type_=clock.c.ended_at.type),
    }
    nothing_left = dict.fromkeys(("next_rung_on", "paused_on", "remaining_days", "pause_reason"), null())
    return update(clock).where(*where).values(ended | nothing_left).returning(clock.c.id)


def start_re_inspection(
    session: Session, item: Item, rules: Rules, since: dt.date, nominal: dt.date | None = None
) -> None:
    """回头看: the one clock that runs on a closed item, to the day on which somebody looks at it again.

    The day follows from the policy's days after the closing, unless a person has named one.
    """
    named = nominal or since + dt.timedelta(days=rules.policy.re_inspection_days)
    due = rules.calendar.roll(named) if nominal else re_inspect_on(since, rules.policy, rules.calendar)
    _start(session, item, rules, since, ClockKind.RE_INSPECT, named, due, None)


def start_verification(session: Session, item: Item, rules: Rules, requested_on: dt.date) -> None:
    """核查: from the request for closing, so that no request waits unseen."""
    days = rules.policy.verify_days
    due = rules.calendar.add_workdays(requested_on, days)
    _start(session, item, rules, requested_on, ClockKind.VERIFY, due, due, None, (days, Unit.WORKDAYS))


def show_next_due(session: Session, item: Item) -> None:
    """Keeps the item's `due_on` (what the board sorts by) at its earliest open dated part."""
    item.due_on = session.scalar(
        select(func.min(Milestone.rolled_due_on)).where(Milestone.item_id == item.id, ~Milestone.done)
    )
    session.flush()


def count_open(session: Session, plan_id: int) -> int:
    """How many clocks of a plan are running."""
    return session.scalar(select(func.count()).where(Clock.plan_id == plan_id, Clock.state.in_(OPEN))) or 0
