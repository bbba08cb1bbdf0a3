"""Letting a plan's notices go: the first night after registration only shows what it would send."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import State
from duban.errors import Forbidden, NotFound
from duban.services import clocks, receipts
from duban.services.event_log import Happening, append_all, lock_items
from duban.services.rules import business_date, come, rules_of
from models import Clock, Item, Notice, Plan


def release(
    database: Database, *, plan: str | int, actor: Actor, now: dt.datetime, as_of: dt.date | None = None
) -> bool:
    """Releases a plan, by code or id; False where it was released before. Only the supervision office may.

    Of the rungs that fell due before `as_of` (today unless given) only the highest of each clock will fire. Notices
    that were written before and wait for this leave with the next night: their receipts (签收) are owed from that day,
    since nobody can sign for a sheet that was not sent. Raises DayToCome.
    """
    if actor.role not in ("supervisor", "admin"):
        raise Forbidden(actor=actor.name, action="放行", who="督查室")
    today = come(as_of or business_date(now), now)
    with database.write() as session:
        where = Plan.id == plan if isinstance(plan, int) else Plan.code == plan
        # Not the key: whoever writes something of the plan at the same moment is not held up.
        found = session.scalars(select(Plan).where(where).with_for_update(key_share=True)).first()
        if found is None or found.voided_at is not None:
            raise NotFound(what="plan", key=plan)
        if found.released_at is not None:
            return False
        found.released_at, found.released_by = now, actor.name
        _arm(session, found.id, today)
        _owe_receipts(session, found.id, actor, now, today)
        return True


def is_released(session: Session, plan_id: int) -> bool:
    """Whether a plan's notices go; it stays so until this transaction ends. Asked before any item is locked."""
    query = select(Plan.released_at).where(Plan.id == plan_id).with_for_update(read=True)
    return session.scalar(query) is not None


def _arm(session: Session, plan_id: int, today: dt.date) -> None:
    """The plan's clocks are armed from today: what fell due while nobody had released it was nobody's to miss."""
    waiting = (Clock.plan_id == plan_id, Clock.state.in_(clocks.OPEN), Clock.armed_on < today)
    session.execute(update(Clock).where(*waiting).values(armed_on=today))


def _owe_receipts(session: Session, plan_id: int, actor: Actor, now: dt.datetime, today: dt.date) -> None:
    """The receipt clocks of what waited for the release, from today, with the date that its sheet will name."""
    waiting = session.scalars(
        select(Notice)
        .where(Notice.plan_id == plan_id, Notice.acknowledge_by.is_not(None), Notice.withdrawn_at.is_(None))
        .order_by(Notice.item_id, Notice.id)
    ).all()
    if not waiting:
        return
    rules = rules_of(session, plan_id)
    days = rules.policy.acknowledge_days
    due_on = rules.calendar.add_workdays(today, days)
    ids = {notice.item_id for notice in waiting if notice.item_id is not None}
    lock_items(session, ids)
    among = select(Notice.item_id).where(Notice.plan_id == plan_id, Notice.acknowledge_by.is_not(None))
    items = {item.id: item for item in session.scalars(select(Item).where(Item.id.in_(among)))}
    happenings, owed = [], {}
    for notice in waiting:
        item = items.get(notice.item_id) if notice.item_id is not None else None
        if item is None or item.state is State.CLOSED or item.dropped:
            notice.acknowledge_by, notice.context = None, notice.context | {"acknowledge": None}  # nobody is asked
            continue
        notice.acknowledge_by = due_on
        asked = dict(notice.context.get("acknowledge") or {"url": None}) | {"by_on": due_on.isoformat()}
        notice.context = notice.context | {"acknowledge": asked}
        owed[notice.id] = days
        payload = {"notice": notice.id, "acknowledge_by": due_on.isoformat()}
        happenings.append(Happening(item.id, "item.handed_over", actor, now, payload=payload))
    session.flush()
    receipts.owe(session, owed, {plan_id: rules}, today)
    append_all(session, happenings, now)
