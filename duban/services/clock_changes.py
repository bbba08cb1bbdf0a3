"""Pausing, resuming and changing a clock: the domain decides, the ledger keeps what was fired: nothing repeats."""

from __future__ import annotations

import dataclasses
import datetime as dt

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain import clocks as pure
from duban.domain.actors import Actor
from duban.domain.ladder import due_rungs
from duban.domain.lifecycle import Relation
from duban.errors import NotFound
from duban.services import clocks
from duban.services.item_changes import open_item, record
from duban.services.rules import Rules, business_date, rules_of
from models import Clock, ClockState, Item, Milestone, RungFired

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
        today = business_date(now)
        paused = pure.pause(as_pure(clock, rules), today, reason=reason, actor=actor.name, calendar=rules.calendar)
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
        today = business_date(now)
        resumed = pure.resume(as_pure(clock, rules), today, rules.calendar)
        before = clock.due_on
        clock.state, clock.paused_on, clock.pause_reason, clock.remaining_days = ClockState.RUNNING, None, None, None
        clock.due_on = resumed.due_on
        clock.nominal_due_on = min(clock.nominal_due_on, clock.due_on)
        _look_again(session, clock, rules, today)
        _show_on_milestone(session, clock)
        clocks.show_next_due(session, item)
        payload = {"clock": clock.id, "before": before.isoformat(), "due_on": clock.due_on.isoformat()}
        return record(session, item, actor, now, event="clock.resumed", reason=reason, payload=payload)


def change_limit(
    session: Session, clock: Clock, item: Item, new_due_on: dt.date, rules: Rules, now: dt.datetime
) -> Clock:
    """Supersedes a clock by one to a new date, with the rungs that it fired; the caller records why, and commits."""
    today = business_date(now)
    fired = session.scalars(
        select(RungFired).where(RungFired.clock_id == clock.id, RungFired.cycle == clock.cycle)
    ).all()
    was = dataclasses.replace(as_pure(clock, rules), fired=frozenset(f.rung for f in fired))
    _, now_runs = pure.supersede(was, new_due_on, today, rules.policy, rules.calendar)
    new = Clock(
        plan_id=clock.plan_id,
        item_id=clock.item_id,
        milestone_id=clock.milestone_id,
        kind=clock.kind,
        state=clock.state,
        cycle=clock.cycle,
        started_on=clock.started_on,
        nominal_due_on=new_due_on,
        due_on=now_runs.due_on,
        remaining_days=now_runs.remaining,
        paused_on=clock.paused_on,
        pause_reason=clock.pause_reason,
        breached_on=now_runs.breached_on,
        policy=clock.policy,
    )
    clocks.supersede(session, clock, new, now)
    _carry(session, new, [f for f in fired if f.rung in now_runs.fired])
    if new.state is ClockState.RUNNING:
        _look_again(session, new, rules, today)
    _show_on_milestone(session, new)
    clocks.show_next_due(session, item)
    return new


def as_pure(clock: Clock, rules: Rules) -> pure.Clock:
    """A stored clock as the domain's value; of its pauses only the one that lasts."""
    lasting = (pure.Pause(clock.paused_on, None, clock.pause_reason or "", ""),) if clock.paused_on is not None else ()
    return pure.Clock(
        kind=clock.kind,
        state=clock.state,
        started_on=clock.started_on,
        nominal_on=clock.nominal_due_on,
        due_on=clock.due_on,
        counted=clock.counted,
        movable=clock.counted or rules.policy.fixed_dates_move,
        remaining=clock.remaining_days,
        pauses=lasting,
        breached_on=clock.breached_on,
        cycle=clock.cycle,
    )


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


def _look_again(session: Session, clock: Clock, rules: Rules, today: dt.date) -> None:
    """When the night must look at this clock next: at once where a rung is due already."""
    fired = set(
        session.scalars(select(RungFired.rung).where(RungFired.clock_id == clock.id, RungFired.cycle == clock.cycle))
    )
    before = today - dt.timedelta(days=1)
    decision = due_rungs(
        clock.due_on, fired, before, rules.policy, rules.calendar, armed_on=clock.started_on, kind=clock.kind
    )
    due_now = bool(decision.rungs_to_fire or decision.held or decision.passed)
    clock.next_rung_on = today if due_now else decision.next_rung_on


def _carry(session: Session, new: Clock, fired: list[RungFired]) -> None:
    """The rungs of the old clock count as fired on the new one: the same notices, told once."""
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


def _show_on_milestone(session: Session, clock: Clock) -> None:
    milestone = session.get(Milestone, clock.milestone_id) if clock.milestone_id is not None else None
    if milestone is not None:
        milestone.due_on, milestone.rolled_due_on = min(clock.nominal_due_on, clock.due_on), clock.due_on
        milestone.confidence, milestone.alternative_due_on = "sure", None
        if milestone.start_on is not None and milestone.start_on > milestone.due_on:
            milestone.start_on = None
    session.flush()
