"""合并: what goes on in another item, and what of it was late already."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from duban.domain.actors import Actor
from duban.services import clocks
from duban.services.clock_changes import carry_fired
from duban.services.clock_values import look_again
from duban.services.item_changes import locked, record
from duban.services.rules import business_date, rules_of
from models import Clock, ClockKind, ClockState, Item, Milestone, MilestoneKind


def merged_into(item_id: int) -> Select[tuple[int]]:
    """The ids of the items that go on in one, and of those that go on in them."""
    tree = select(Item.id).where(Item.merged_into_id == item_id).cte("merged", recursive=True)
    tree = tree.union(select(Item.id).join(tree, Item.merged_into_id == tree.c.id))
    return select(tree.c.id)


def go_on_in(session: Session, item: Item, target_id: int, actor: Actor, now: dt.datetime, reason: str) -> None:
    """Tells the other item what it takes over; a limit that was missed already runs on there, with what was sent.

    A limit still ahead ends with the merged item: from now on the other one's own limit holds.
    """
    target, today = locked(session, target_id), business_date(now)
    missed = session.scalars(
        select(Clock)
        .where(
            Clock.item_id == item.id,
            Clock.kind == ClockKind.LIMIT,
            Clock.state == ClockState.RUNNING,
            Clock.due_on < today,
        )
        .order_by(Clock.due_on, Clock.id)
    ).all()
    over = [_run_on(session, item, target, clock, now) for clock in missed]
    clocks.show_next_due(session, target)
    payload = {"item": item.id, "number": item.number, "title": item.title, "missed": [d.isoformat() for d in over]}
    record(session, target, actor, now, event="item.took_over", reason=reason, payload=payload)


def _run_on(session: Session, item: Item, target: Item, clock: Clock, now: dt.datetime) -> dt.date:
    last = session.scalar(select(func.max(Milestone.position)).where(Milestone.item_id == target.id)) or 0
    part = session.get(Milestone, clock.milestone_id) if clock.milestone_id is not None else None
    said = part.text if part is not None else item.time_limit or item.title
    milestone = Milestone(
        item_id=target.id,
        position=last + 1,
        text=f"并入的第{item.number}项：{said}",
        kind=part.kind if part is not None else MilestoneKind.COMPLETE,
        due_on=min(clock.nominal_due_on, clock.due_on),
        rolled_due_on=clock.due_on,
    )
    session.add(milestone)
    session.flush()
    new = Clock(
        plan_id=target.plan_id,
        item_id=target.id,
        milestone_id=milestone.id,
        kind=clock.kind,
        state=ClockState.RUNNING,
        cycle=target.cycle,
        started_on=business_date(now),  # missed before: it is nobody's new miss
        armed_on=business_date(now),
        nominal_due_on=clock.nominal_due_on,
        due_on=clock.due_on,
        breached_on=clock.breached_on,
        policy=clock.policy,
    )
    clocks.supersede(session, clock, new, now)
    carry_fired(session, clock, new)
    look_again(session, [new], {new.plan_id: rules_of(session, target.plan_id)}, business_date(now))
    return clock.due_on
