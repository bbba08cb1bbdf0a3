"""交办通知: each item is handed over to who answers for it, with a sheet that they acknowledge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, String, cast, func, literal, or_, select

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.addressees import resolve_targets
from duban.domain.lifecycle import RELATION_ZH, Relation, State
from duban.errors import Forbidden
from duban.services import receipts
from duban.services.event_log import Happening, append
from duban.services.item_notices import KINDS, queue_item_notice
from duban.services.night import WouldSend, shown_reader
from duban.services.night_facts import batch_facts, parties_of, plan_facts
from duban.services.plan_lookup import plan_id_of
from duban.services.release import is_released
from duban.services.rules import business_date, come
from models import Item, ItemParty, Notice, Role

ITEMS_A_BATCH = 100
ANSWERING = (Role.LEAD_OFFICIAL, Role.LEAD_UNIT, Role.RESPONSIBLE)


def assign_items(
    database: Database,
    *,
    plan: str,
    actor: Actor,
    now: dt.datetime,
    as_of: dt.date | None = None,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> int:
    """Writes the assignment notice of each open item of a plan that has none yet; returns how many.

    Safe to repeat. A part of an item gets its own only where it names its own parties. Items in quarantine wait.
    Receipt is owed within the policy's days from `as_of` (today unless given), or from the
    plan's release where that is still to come. Raises NotFound, Forbidden or DayToCome.
    """
    if actor.role not in ("supervisor", "admin"):
        raise Forbidden(actor=actor.name, action="交办", who=RELATION_ZH[Relation.SUPERVISION])
    plan_id, written, today = plan_id_of(database, plan), 0, come(as_of or business_date(now), now)
    with database.read() as session:
        ids = session.scalars(select(Item.id).where(*_to_hand_over(plan_id)).order_by(Item.position, Item.id)).all()
    for start in range(0, len(ids), ITEMS_A_BATCH):
        written += _assign(database, plan_id, ids[start : start + ITEMS_A_BATCH], actor, now, today)
        progress(min(start + ITEMS_A_BATCH, len(ids)), len(ids))
    return written


def count_unassigned(database: Database, plan_id: int) -> int:
    """How many items of a plan `assign_items` would still write a notice for: new ones of a later edition, for one."""
    with database.read() as session:
        query = select(func.count()).select_from(Item).where(*_to_hand_over(plan_id), ~_handed_over())
        return session.scalar(query) or 0


def would_assign(database: Database, plan_id: int, as_of: dt.date) -> list[WouldSend]:
    """The assignment notices that `assign_items` would write on a day, with their readers; nothing is written."""
    with database.read() as session:
        items = session.scalars(
            select(Item).where(*_to_hand_over(plan_id), ~_handed_over()).order_by(Item.position, Item.id)
        ).all()
        plan = plan_facts(session, plan_id)
        facts = batch_facts(session, [], [item.id for item in items])
        found = []
        for item in items:
            parties = parties_of(facts, plan, item)
            readers = resolve_targets(KINDS["assign"], parties, plan.directory, plan.rules.policy, as_of)
            names = tuple(shown_reader(r.party.name, r.on_behalf_of_name) for r in readers)
            found.append(WouldSend(plan.code, item.id, item.number, item.title, "assign", "assign", as_of, names))
        return found


def _handed_over() -> ColumnElement[bool]:
    cause = literal("assign:") + cast(Item.id, String) + ":" + cast(Item.cycle, String)
    return select(Notice.id).where(Notice.item_id == Item.id, Notice.cause == cause).exists()


def _to_hand_over(plan_id: int) -> tuple[ColumnElement[bool], ...]:
    own = select(ItemParty.item_id).where(ItemParty.role.in_(ANSWERING))
    return (
        Item.plan_id == plan_id,
        Item.state != State.CLOSED,
        ~Item.quarantined,
        ~Item.dropped,
        or_(Item.parent_id.is_(None), Item.id.in_(own)),
    )


def _assign(
    database: Database, plan_id: int, ids: Sequence[int], actor: Actor, now: dt.datetime, today: dt.date
) -> int:
    written = 0
    with database.write() as session:
        facts = plan_facts(session, plan_id)
        released = is_released(session, plan_id)
        rules = facts.rules
        days = rules.policy.acknowledge_days
        due_on = rules.calendar.add_workdays(today, days)
        for item in session.scalars(select(Item).where(Item.id.in_(ids)).order_by(Item.id).with_for_update()):
            if item.state is State.CLOSED or item.quarantined or item.dropped:
                continue
            notice = queue_item_notice(
                session,
                item,
                "assign",
                cause=f"assign:{item.id}:{item.cycle}",
                more={},
                as_of=today,
                now=now,
                acknowledge_by=due_on,
                plan=facts,
            )
            if notice is None:
                continue
            if released:  # nobody owes a receipt for what was not sent: the release starts the others' clocks
                receipts.owe(session, {notice: days}, {plan_id: rules}, today)
            payload = {"notice": notice, "acknowledge_by": due_on.isoformat()}
            append(session, Happening(item.id, "item.handed_over", actor, now, payload=payload), now)
            written += 1
    return written
