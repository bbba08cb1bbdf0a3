"""Items that no document brought: 举一反三 self-checks in sibling units, and calls (吹哨) that a lower unit makes.

Both are items like any other: with a limit, clocks, a ladder, a closing gate. See docs/adr/0011.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database, one_at_a_time
from duban.domain.actors import Actor
from duban.domain.lifecycle import Relation, State
from duban.domain.numbering import call_number, reference, self_check_number
from duban.errors import DubanError, Forbidden, NotFound
from duban.notices.wording import date_zh
from duban.services import clocks, receipts
from duban.services.event_log import Happening, append
from duban.services.item_changes import open_item, record
from duban.services.item_notices import queue_item_notice
from duban.services.queries.plans import find_plan
from duban.services.release import is_released
from duban.services.rules import Rules, business_date, rules_of
from models import (
    Category,
    Item,
    ItemParty,
    Measure,
    Milestone,
    MilestoneKind,
    Origin,
    Party,
    PartyAlias,
    PartyKind,
    PartyMember,
    Plan,
    Role,
    Signal,
)


class NewItemRefused(DubanError):
    """The new item is refused: {reason}.

    Name units of the plan's directory, a limit that is still to come, and what is to be done.
    """

    code = "new_item_refused"
    status = 422


@dataclass(frozen=True, slots=True)
class NewItem:
    """What an item of our own making says."""

    number: str
    title: str
    goal: str
    due_on: dt.date
    origin: Origin
    roles: tuple[tuple[Role, int], ...]
    measure: str  # the first one: to answer; more are drafted where the answer shows what is to be done
    parent_id: int | None = None
    path: tuple[str, ...] = ()


def spawn_self_checks(
    database: Database,
    *,
    item_id: int,
    units: Sequence[str],
    due_on: dt.date,
    actor: Actor,
    expected_version: int | None,
    now: dt.datetime,
    goal: str = "",
) -> list[int]:
    """举一反三: a self-check of the same problem in each sibling unit, under the item; returns the new items' ids.

    A collective is each of its members. Units that answer for the item, or check already, are left out. The item cannot
    be struck off before its self-checks are. Raises NotFound, Forbidden, StaleVersion or NewItemRefused.
    """
    with database.write() as session:
        plan_of = session.scalar(select(Item.plan_id).where(Item.id == item_id))
        if plan_of is not None:
            is_released(session, plan_of)  # the plan is locked before the item, as a release locks them
        item, _ = open_item(
            session,
            item_id,
            actor,
            action_zh="布置举一反三自查",
            by=(Relation.SUPERVISION,),
            expected_version=expected_version,
        )
        rules = rules_of(session, item.plan_id)
        _check_limit(due_on, rules, business_date(now))
        taken = _taken(session, item)
        wanted = [p for p in _units(session, item.plan_id, units) if p.id not in taken]
        if not wanted:
            raise NewItemRefused(reason="所列单位本身承担该事项,或已在自查")
        count = session.scalar(select(func.count()).where(Item.parent_id == item.id, Item.origin == Origin.SELF_CHECK))
        made = []
        for n, party in enumerate(wanted, start=(count or 0) + 1):
            new = NewItem(
                number=self_check_number(item.number, n),
                title=f"举一反三自查：{item.title}",
                goal=goal or f"对照{reference(item.number)}开展自查，发现同类问题的，一并整改到位。",
                due_on=due_on,
                origin=Origin.SELF_CHECK,
                roles=((Role.RESPONSIBLE, party.id),),
                measure=f"对照{reference(item.number)}开展自查，报告自查结果。",
                parent_id=item.id,
                path=tuple(item.path),
            )
            made.append(_make(session, item.plan_id, new, rules, actor, now))
        payload = {"items": [i.id for i in made], "units": [p.name for p in wanted], "due_on": due_on.isoformat()}
        record(session, item, actor, now, event="item.self_checks_spawned", payload=payload)
        return [i.id for i in made]


def call(
    database: Database,
    *,
    plan: str,
    caller: str,
    called: Sequence[str],
    title: str,
    due_on: dt.date,
    actor: Actor,
    now: dt.datetime,
    goal: str = "",
) -> int:
    """吹哨: a unit calls higher ones, which must report; returns the item's id.

    Its notices go to the called units and escalate upward from them, never to the caller or above it. Made by the
    calling unit or by the supervision office. Raises NotFound, Forbidden or NewItemRefused.
    """
    with database.write() as session:
        plan_id = find_plan(session, plan).id
        one_at_a_time(session, "registration")  # numbers are given one after the other
        is_released(session, plan_id)
        (calling,) = _units(session, plan_id, [caller])
        names = {calling.name, *session.scalars(select(PartyAlias.name).where(PartyAlias.party_id == calling.id))}
        if actor.role not in ("supervisor", "admin") and (
            actor.role != "unit" or not actor.acts_for(names, calling.valid_to)
        ):
            raise Forbidden(actor=actor.name, action="吹哨", who=f"{calling.name}、督查室")
        answering = [p for p in _units(session, plan_id, called) if p.id != calling.id]
        if not answering or not title.strip():
            raise NewItemRefused(reason="没有写明事由" if answering else "没有指明被吹哨的单位")
        rules = rules_of(session, plan_id)
        _check_limit(due_on, rules, business_date(now))
        count = session.scalar(select(func.count()).where(Item.plan_id == plan_id, Item.origin == Origin.CALL))
        roles = [(Role.CALLER, calling.id)]
        for party in answering:
            roles += [(Role.RESPONSIBLE, party.id), (Role.CALLED, party.id)]
        new = NewItem(
            number=call_number((count or 0) + 1),
            title=title.strip(),
            goal=goal or f"到{calling.name}现场报到，会同办理。",
            due_on=due_on,
            origin=Origin.CALL,
            roles=tuple(roles),
            measure=f"到{calling.name}报到，会同办理。",
        )
        return _make(session, plan_id, new, rules, actor, now).id


@dataclass(frozen=True, slots=True)
class Waiting:
    """For whom an item's notices wait in the outbox, and whether anything but the next night holds them."""

    names: tuple[str, ...]
    released: bool


def waiting_for(database: Database, *, item_id: int) -> Waiting:
    """Who is to get what was queued for a new item."""
    with database.read() as session:
        item = session.get_one(Item, item_id)
        query = (
            select(Party.name)
            .join(ItemParty, ItemParty.party_id == Party.id)
            .where(ItemParty.item_id == item_id, ItemParty.role == Role.RESPONSIBLE)
            .order_by(ItemParty.position)
        )
        released = session.scalar(select(Plan.released_at).where(Plan.id == item.plan_id)) is not None
        return Waiting(tuple(session.scalars(query)), released)


def _make(session: Session, plan_id: int, new: NewItem, rules: Rules, actor: Actor, now: dt.datetime) -> Item:
    """The item with its limit, its clock, its first event, its notice and the signal for its flow run."""
    position = session.scalar(select(func.max(Item.position)).where(Item.plan_id == plan_id)) or 0
    item = Item(
        plan_id=plan_id,
        parent_id=new.parent_id,
        number=new.number,
        position=position + 1,
        path=list(new.path),
        title=new.title,
        goal=new.goal,
        time_limit=f"{date_zh(new.due_on)}前完成",
        origin=new.origin,
        category=Category.BY_DEADLINE,
        state=State.ASSIGNED,
        created_at=now,
        updated_at=now,
    )
    session.add(item)
    session.flush()
    session.add_all(
        ItemParty(item_id=item.id, role=role, party_id=party_id, position=n)
        for n, (role, party_id) in enumerate(new.roles, start=1)
    )
    session.add(Measure(item_id=item.id, position=1, text=new.measure))
    rolled = rules.calendar.roll(new.due_on)
    session.add(
        Milestone(
            item_id=item.id,
            position=1,
            text=f"{date_zh(new.due_on)}前完成",
            kind=MilestoneKind.COMPLETE,
            due_on=new.due_on,
            rolled_due_on=rolled,
        )
    )
    item.due_on = item.first_due_on = rolled
    session.flush()
    clocks.arm(session, item, rules, business_date(now))
    payload = {"number": item.number, "state": item.state.value, "origin": new.origin.value, "quarantined": False}
    append(session, Happening(item.id, "item.assigned", actor, now, payload=payload), now)
    session.add(Signal(item_id=item.id, created_at=now))
    _hand_over(session, item, rules, now)
    return item


def _hand_over(session: Session, item: Item, rules: Rules, now: dt.datetime) -> None:
    """交办通知, with its receipt; both wait until somebody has released the plan (`duban.services.release`)."""
    today, days = business_date(now), rules.policy.acknowledge_days
    due_on = rules.calendar.add_workdays(today, days)
    cause = f"assign:{item.id}:{item.cycle}"
    notice = queue_item_notice(
        session, item, "assign", cause=cause, more={}, as_of=today, now=now, acknowledge_by=due_on
    )
    if notice is not None and is_released(session, item.plan_id):
        receipts.owe(session, {notice: days}, {item.plan_id: rules}, today)


def _check_limit(due_on: dt.date, rules: Rules, today: dt.date) -> None:
    if rules.calendar.roll(due_on) <= today:
        raise NewItemRefused(reason=f"时限{due_on}已经过去")


def _taken(session: Session, item: Item) -> set[int]:
    """Units that answer for the item, or for one of its self-checks."""
    checks = select(Item.id).where(Item.parent_id == item.id, Item.origin == Origin.SELF_CHECK, ~Item.dropped)
    return set(
        session.scalars(
            select(ItemParty.party_id).where(
                (ItemParty.item_id == item.id) | ItemParty.item_id.in_(checks),
                ItemParty.role.in_((Role.LEAD_UNIT, Role.RESPONSIBLE)),
            )
        )
    )


def _units(session: Session, plan_id: int, names: Sequence[str]) -> list[Party]:
    """The units of these names or aliases, collectives as their members, none twice. Raises NotFound."""
    found: dict[int, Party] = {}
    for name in names:
        alias = select(PartyAlias.party_id).where(PartyAlias.plan_id == plan_id, PartyAlias.name == name)
        party = session.scalars(
            select(Party).where(Party.plan_id == plan_id, (Party.name == name) | Party.id.in_(alias))
        ).first()
        if party is None or party.kind not in (PartyKind.UNIT, PartyKind.COLLECTIVE):
            raise NotFound(what="unit", key=name)
        members = session.scalars(
            select(Party)
            .join(PartyMember, PartyMember.member_id == Party.id)
            .where(PartyMember.collective_id == party.id)
            .order_by(Party.id)
        ).all()
        found |= {p.id: p for p in (members or [party])}
    return list(found.values())
