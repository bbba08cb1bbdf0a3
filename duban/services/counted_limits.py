"""Relative limits (40个工作日内, 3年内): a person gives the day that they count from, and their clock begins."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.clocks import arm_counted
from duban.domain.counting import Unit
from duban.domain.explain import UNITS_ZH
from duban.domain.lifecycle import Relation
from duban.errors import DubanError, InTheFuture, NotFound
from duban.notices.wording import date_zh
from duban.services import clocks
from duban.services.clock_changes import recount
from duban.services.clock_values import look_again
from duban.services.item_changes import open_item, record
from duban.services.rules import business_date, rules_of
from models import Clock, ClockKind, ClockState, Item, Milestone, MilestoneKind

BY_OFFICE = (Relation.SUPERVISION,)


class LimitStands(DubanError):
    """The limit cannot be counted: {reason}.

    Only a part without a date gets one here; a limit that stands is changed by an extension.
    """

    code = "limit_stands"
    status = 409


def start_counted(
    database: Database,
    *,
    item_id: int,
    amount: int,
    unit: Unit,
    from_on: dt.date,
    actor: Actor,
    expected_version: int | None,
    now: dt.datetime,
    milestone_id: int | None = None,
    reason: str = "",
) -> int:
    """Counts a limit from the day after `from_on` (次日起) and starts its clock; returns the item's new version.

    Asked twice, it is one clock, and the version stays.
    `milestone_id` is the undated part that it belongs to; without one the item gets a part of its own.
    Raises NotFound, InTheFuture, LimitStands, ClockRefused or DateOutOfReach.
    """
    with database.write() as session:
        item, _ = open_item(
            session, item_id, actor, action_zh="起算时限", by=BY_OFFICE, expected_version=expected_version
        )
        if from_on > business_date(now):
            raise InTheFuture(what="起算日", on=from_on)
        standing = _counted(session, item, amount, unit, milestone_id)
        if standing is not None and standing.started_on == from_on:
            return item.version  # asked twice: one limit has one clock
        if standing is not None:
            day = date_zh(standing.started_on)
            raise LimitStands(reason=f"已自{day}的次日起算；起算日有误的，请更正起算日并说明理由")
        rules = rules_of(session, item.plan_id)
        value = arm_counted(ClockKind.LIMIT, amount, unit, from_on, rules.calendar, cycle=item.cycle)
        milestone = _undated(session, item, milestone_id, _text(from_on, amount, unit))
        milestone.due_on, milestone.rolled_due_on = value.nominal_on, value.due_on
        milestone.confidence, milestone.alternative_due_on = "sure", None
        clock = Clock(
            plan_id=item.plan_id,
            item_id=item.id,
            milestone_id=milestone.id,
            kind=ClockKind.LIMIT,
            state=ClockState.RUNNING,
            cycle=item.cycle,
            started_on=from_on,
            armed_on=business_date(now),
            nominal_due_on=value.nominal_on,
            due_on=value.due_on,
            counted=True,
            amount=amount,
            unit=unit,
        )
        session.add(clock)
        session.flush()
        look_again(session, [clock], {item.plan_id: rules}, business_date(now))
        clocks.show_next_due(session, item)
        item.first_due_on = max(filter(None, (item.first_due_on, value.due_on)))
        payload = {
            "clock": clock.id,
            "milestone": milestone.position,
            "from_on": from_on.isoformat(),
            "amount": amount,
            "unit": unit.value,
            "due_on": value.due_on.isoformat(),
        }
        return record(session, item, actor, now, event="clock.counted", reason=reason, payload=payload)


def correct_anchor(
    database: Database,
    *,
    clock_id: int,
    from_on: dt.date,
    reason: str,
    actor: Actor,
    expected_version: int | None,
    now: dt.datetime,
) -> int:
    """Counts a running limit anew from another day: a new clock supersedes it, with the rungs that hold by its date.

    Returns the item's new version. Raises NotFound, Forbidden, StaleVersion, InTheFuture or LimitStands.
    """
    with database.write() as session:
        clock = session.get(Clock, clock_id, with_for_update=True)
        if clock is None:
            raise NotFound(what="clock", key=clock_id)
        item, _ = open_item(
            session, clock.item_id, actor, action_zh="更正起算日", by=BY_OFFICE, expected_version=expected_version
        )
        amount, unit = clock.amount, clock.unit
        if clock.state is not ClockState.RUNNING or not clock.counted or amount is None or unit is None:
            raise LimitStands(reason="只能更正正在计时、按日起算的时限")
        if not reason.strip():
            raise LimitStands(reason="请写明更正起算日的理由")
        if from_on > business_date(now):
            raise InTheFuture(what="起算日", on=from_on)
        if from_on == clock.started_on:
            return item.version
        rules = rules_of(session, item.plan_id)
        before, due_before = clock.started_on, clock.due_on
        value = arm_counted(ClockKind.LIMIT, amount, unit, from_on, rules.calendar, cycle=item.cycle)
        new = recount(session, clock, item, value, rules, now)
        milestone = session.get_one(Milestone, new.milestone_id)
        if milestone.text == _text(before, amount, unit):
            milestone.text = _text(from_on, amount, unit)
        if item.first_due_on == due_before:
            item.first_due_on = new.due_on
        payload = {
            "clock": new.id,
            "from_on": {"before": before.isoformat(), "after": from_on.isoformat()},
            "due_on": {"before": due_before.isoformat(), "after": new.due_on.isoformat()},
        }
        return record(session, item, actor, now, event="clock.recounted", reason=reason.strip(), payload=payload)


def _counted(session: Session, item: Item, amount: int, unit: Unit, milestone_id: int | None) -> Clock | None:
    """The open clock of the same count: of the part that is meant, or of a part of its own."""
    query = select(Clock).where(
        Clock.item_id == item.id,
        Clock.kind == ClockKind.LIMIT,
        Clock.counted,
        Clock.amount == amount,
        Clock.unit == unit,
        Clock.cycle == item.cycle,
        Clock.state.in_((ClockState.RUNNING, ClockState.PAUSED)),
    )
    if milestone_id is not None:
        query = query.where(Clock.milestone_id == milestone_id)
    return session.scalars(query.order_by(Clock.id)).first()


def _text(from_on: dt.date, amount: int, unit: Unit) -> str:
    return f"自{from_on}的次日起{amount}{UNITS_ZH[unit]}内"


def _undated(session: Session, item: Item, milestone_id: int | None, text: str) -> Milestone:
    if milestone_id is not None:
        found = session.get(Milestone, milestone_id)
        if found is None or found.item_id != item.id:
            raise NotFound(what="milestone of this item", key=milestone_id)
        if found.done or found.due_on is not None:
            raise LimitStands(reason=f"「{found.text}」{'已完成' if found.done else f'已有日期{found.due_on}'}")
        return found
    last = session.scalar(select(func.max(Milestone.position)).where(Milestone.item_id == item.id)) or 0
    made = Milestone(item_id=item.id, position=last + 1, text=text, kind=MilestoneKind.COMPLETE)
    session.add(made)
    session.flush()
    return made
