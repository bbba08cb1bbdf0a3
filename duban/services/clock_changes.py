"""Pausing, resuming and changing a clock: the domain decides, the ledger keeps what was fired: nothing repeats."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain import clocks as pure
from duban.domain.actors import Actor
from duban.domain.counting import business_date as counted_day
from duban.domain.lifecycle import Relation
from duban.errors import NotFound
from duban.services import clocks
from duban.services.clock_values import look_again, pure_clock
from duban.services.item_changes import open_item, record
from duban.services.proposal_facts import UNAPPROVED
from duban.services.rules import AUTHORITY_ZONE, Rules, business_date, rules_of
from models import Approval, Clock, ClockPause, ClockState, Item, Milestone, RungFired

BY_OFFICE = (Relation.SUPERVISION,)


def pause_clock(
    database: Database,
    *,
    clock_id: int,
    reason: str,
    actor: Actor,
    expected_version: int | None,
    now: dt.datetime,
) -> int:
    """Stops a clock; what is left of a counted limit is kept to the day. Returns the item's new version.

    Raises NotFound, Forbidden, StaleVersion, or ClockRefused.
    """
    with database.write() as session:
        clock, item, rules = _clock(session, clock_id, actor, "暂停计时", expected_version)
        today = _day_of(now, rules, clock.started_on)
        value = pure_clock(session, clock, rules)
        paused = pure.pause(value, today, reason=reason, actor=actor.name, calendar=rules.calendar)
        session.add(ClockPause(clock_id=clock.id, paused_on=today, reason=reason.strip(), paused_by=actor.name))
        clock.state, clock.paused_on, clock.pause_reason = ClockState.PAUSED, today, reason.strip()
        # Kept also where the limit is a fixed date that does not move: then nobody uses it.
        clock.remaining_days = paused.remaining
        clock.breached_on = paused.breached_on
        clock.next_rung_on = None
        payload = {"clock": clock.id, "due_on": clock.due_on.isoformat(), "remaining": paused.remaining}
        return record(session, item, actor, now, event="clock.paused", reason=reason, payload=payload)


def resume_clock(
    database: Database, *, clock_id: int, actor: Actor, expected_version: int | None, now: dt.datetime, reason: str = ""
) -> int:
    """Lets a paused clock run on: its unconsumed working days count from the day after. Returns the new version."""
    with database.write() as session:
        clock, item, rules = _clock(session, clock_id, actor, "恢复计时", expected_version)
        today = _day_of(now, rules, clock.paused_on or clock.started_on)
        resumed = pure.resume(pure_clock(session, clock, rules), today, rules.calendar)
        session.execute(
            update(ClockPause)
            .where(ClockPause.clock_id == clock.id, ClockPause.resumed_on.is_(None))
            .values(resumed_on=today, resumed_by=actor.name)
        )
        before = clock.due_on
        clock.state, clock.paused_on, clock.pause_reason, clock.remaining_days = ClockState.RUNNING, None, None, None
        clock.due_on, clock.armed_on = resumed.due_on, business_date(now)
        clock.nominal_due_on = min(clock.nominal_due_on, clock.due_on)
        look_again(session, [clock], {clock.plan_id: rules}, business_date(now))
        show_on_milestone(session, clock)
        clocks.show_next_due(session, item)
        payload = {"clock": clock.id, "before": before.isoformat(), "due_on": clock.due_on.isoformat()}
        return record(session, item, actor, now, event="clock.resumed", reason=reason, payload=payload)


def change_limit(
    session: Session, clock: Clock, item: Item, new_due_on: dt.date, rules: Rules, now: dt.datetime
) -> Clock:
    """Supersedes a clock by one to a new date, with the rungs that it fired; the caller records why, and commits."""
    today = business_date(now)
    earlier = _clocks_to(session, clock, rules.calendar.roll(new_due_on))
    was = pure_clock(session, clock, rules)
    said = set(session.scalars(select(RungFired.rung).where(RungFired.clock_id.in_([one.id for one in earlier]))))
    _, now_runs = pure.supersede(was, new_due_on, today, rules.policy, rules.calendar, said=said)
    new = Clock(
        plan_id=clock.plan_id,
        item_id=clock.item_id,
        milestone_id=clock.milestone_id,
        kind=clock.kind,
        state=clock.state,
        cycle=clock.cycle,
        started_on=clock.started_on,
        armed_on=today,
        nominal_due_on=new_due_on,
        due_on=now_runs.due_on,
        remaining_days=now_runs.remaining,
        paused_on=clock.paused_on,
        pause_reason=clock.pause_reason,
        breached_on=now_runs.breached_on,
        policy=clock.policy,
    )
    clocks.supersede(session, clock, new, now)
    for source in (clock, *earlier):
        carry_fired(session, source, new, now_runs.fired)
    if new.state is ClockState.RUNNING:
        look_again(session, [new], {new.plan_id: rules}, today)
    elif new.state is ClockState.PAUSED:
        _go_on_pausing(session, clock, new)
    show_on_milestone(session, new)
    clocks.show_next_due(session, item)
    return new


def recount(session: Session, clock: Clock, item: Item, value: pure.Clock, rules: Rules, now: dt.datetime) -> Clock:
    """Supersedes a counted clock by the same count from another day, with the rungs that it fired and that hold."""
    today = business_date(now)
    was = pure_clock(session, clock, rules)
    _, now_runs = pure.supersede(was, value.due_on, today, rules.policy, rules.calendar)
    new = Clock(
        plan_id=clock.plan_id,
        item_id=clock.item_id,
        milestone_id=clock.milestone_id,
        kind=clock.kind,
        state=clock.state,
        cycle=clock.cycle,
        started_on=value.started_on,
        armed_on=today,
        nominal_due_on=value.nominal_on,
        due_on=value.due_on,
        counted=True,
        amount=clock.amount,
        unit=clock.unit,
        policy=clock.policy,
    )
    clocks.supersede(session, clock, new, now)
    carry_fired(session, clock, new, now_runs.fired)
    look_again(session, [new], {new.plan_id: rules}, today)
    show_on_milestone(session, new)
    clocks.show_next_due(session, item)
    return new


def _clocks_to(session: Session, clock: Clock, due_on: dt.date) -> list[Clock]:
    """The clocks that ran to this very day before, when the limit was moved away from it."""
    query = select(Clock).where(
        Clock.item_id == clock.item_id,
        Clock.kind == clock.kind,
        Clock.cycle == clock.cycle,
        Clock.milestone_id == clock.milestone_id,
        Clock.state == ClockState.SUPERSEDED,
        Clock.due_on == due_on,
    )
    return list(session.scalars(query.order_by(Clock.id.desc())))


def _clock(
    session: Session, clock_id: int, actor: Actor, action_zh: str, expected_version: int | None
) -> tuple[Clock, Item, Rules]:
    clock = session.get(Clock, clock_id, with_for_update=True)
    if clock is None:
        raise NotFound(what="clock", key=clock_id)
    item, _ = open_item(
        session, clock.item_id, actor, action_zh=action_zh, by=BY_OFFICE, expected_version=expected_version
    )
    return clock, item, rules_of(session, item.plan_id)


def _day_of(now: dt.datetime, rules: Rules, earliest: dt.date) -> dt.date:
    """The day that a pause or resumption counts for: before the office opens, the day has not begun."""
    return max(counted_day(now, rules.policy.hours, AUTHORITY_ZONE), earliest)


def _go_on_pausing(session: Session, old: Clock, new: Clock) -> None:
    """The new clock stands still as the old one did; the old one keeps its own memory of it."""
    lasting = session.scalars(
        select(ClockPause).where(ClockPause.clock_id == old.id, ClockPause.resumed_on.is_(None))
    ).first()
    if lasting is not None:
        session.add(
            ClockPause(clock_id=new.id, paused_on=lasting.paused_on, reason=lasting.reason, paused_by=lasting.paused_by)
        )
        session.flush()


def carry_fired(session: Session, old: Clock, new: Clock, only: Collection[str] | None = None) -> None:
    """The rungs of the old clock (or `only` these) count as fired on the new one: the same notices, told once.

    A sheet that nobody let go told nobody anything: the new limit proposes its own.
    """
    unsent = set(session.scalars(UNAPPROVED.where(Approval.clock_id == old.id)))
    query = select(RungFired).where(RungFired.clock_id == old.id, RungFired.cycle == old.cycle)
    known = set(session.scalars(select(RungFired.rung).where(RungFired.clock_id == new.id)))
    told = [f for f in session.scalars(query) if f.notice_id not in unsent and f.rung not in known]
    fired = [f for f in told if only is None or f.rung in only]
    if fired:
        session.execute(
            insert(RungFired),
            [
                {
                    "clock_id": new.id,
                    "rung": f.rung,
                    "cycle": new.cycle,
                    "due_on": f.due_on,
                    "fired_on": f.fired_on,
                    "fired_at": f.fired_at,
                    "outcome": f.outcome,
                    "notice_id": f.notice_id,
                    "reason": f.reason,
                    "carried_over": True,
                }
                for f in fired
            ],
        )


def show_on_milestone(session: Session, clock: Clock) -> None:
    """A milestone shows the dates of the clock that runs for it."""
    milestone = session.get(Milestone, clock.milestone_id) if clock.milestone_id is not None else None
    if milestone is not None:
        milestone.due_on, milestone.rolled_due_on = min(clock.nominal_due_on, clock.due_on), clock.due_on
        milestone.confidence, milestone.alternative_due_on = "sure", None
        if milestone.start_on is not None and milestone.start_on > milestone.due_on:
            milestone.start_on = None
    session.flush()
