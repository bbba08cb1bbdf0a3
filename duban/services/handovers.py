"""移交: a unit that goes on in another (并入、更名), or an official with a successor, hands over all that is open.

The one that goes stays in the directory with its last day; whatever names it later means the one that goes on.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import State
from duban.errors import DubanError, Forbidden
from duban.services import takeovers
from duban.services.directory_log import log_changes
from duban.services.directory_words import words_of
from duban.services.event_log import lock_items
from duban.services.item_changes import record
from duban.services.item_fields import said_of
from duban.services.queries.plans import locked_plan
from duban.services.rules import business_date
from models import Item, ItemParty, Party, PartyAlias, PartyKind, PartyMember, Plan, Role, User, UserScope

TRANSFERRED = "item.transferred"
_OF_A_CALL = frozenset({Role.CALLER, Role.CALLED})


class HandOverRefused(DubanError):
    """Nothing is handed over: {reason}.

    Name two of the plan's directory: whose items they are, and who goes on with them from now on.
    """

    code = "hand_over_refused"
    status = 422


@dataclass(frozen=True, slots=True)
class HandedItem:
    """An item that changes hands, and as what; `kept` says why it does not, where it cannot."""

    id: int
    number: str
    title: str
    roles: tuple[str, ...]
    kept: str = ""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What is handed over, or would be.

    `last_on` is the last day of the one that goes. `closed` items stay with it; `related` are those of the directory
    who have it as superior, substitute, head or member, and now have the other; `accounts` act for it by name, and an
    administrator changes them.
    """

    plan: str
    source: str
    target: str
    last_on: dt.date
    items: tuple[HandedItem, ...]
    closed: int
    related: tuple[str, ...]
    accounts: tuple[str, ...]
    written: bool


def hand_over(
    database: Database,
    *,
    plan: str,
    source: str,
    target: str,
    reason: str,
    actor: Actor,
    now: dt.datetime,
    last_on: dt.date | None = None,
    dry_run: bool = False,
) -> HandedOver:
    """Hands all open items of one party to another, whole or not at all; a dry run writes nothing.

    `last_on` is the last day of the one that goes: the one that its directory says, else today. Raises NotFound,
    Forbidden or HandOverRefused.
    """
    if actor.role not in ("supervisor", "admin"):
        raise Forbidden(actor=actor.name, action="移交事项", who="督查室")
    with database.write() as session:
        found = locked_plan(session, plan)
        goes, takes = _party(session, found, source), _party(session, found, target)
        today = business_date(now)
        _check(goes, takes, reason, today)
        before = words_of(session, found)
        goes.valid_to = last_on or goes.valid_to or today
        if goes.valid_from is not None and goes.valid_to < goes.valid_from:
            raise HandOverRefused(reason=f"失效日期早于{goes.name}的生效日期")
        goes.successor_id = takes.id
        items = _hand_items(session, found, goes, takes, reason.strip(), actor, now)
        related = _relate(session, found, goes, takes)
        session.flush()
        log_changes(session, found, before, words_of(session, found), actor=actor, now=now, filename="")
        done = HandedOver(
            plan=found.code,
            source=goes.name,
            target=takes.name,
            last_on=goes.valid_to,
            items=items,
            closed=_closed(session, goes),
            related=related,
            accounts=_accounts(session, goes),
            written=not dry_run,
        )
        if dry_run:
            session.rollback()
        return done


def _party(session: Session, plan: Plan, name: str) -> Party:
    alias = select(PartyAlias.party_id).where(PartyAlias.plan_id == plan.id, PartyAlias.name == name.strip())
    query = select(Party).where(Party.plan_id == plan.id, (Party.name == name.strip()) | Party.id.in_(alias))
    found = session.scalars(query.order_by(Party.known.desc())).first()
    if found is None:
        raise HandOverRefused(reason=f"名录里没有“{name.strip()}”")
    return found


def _check(goes: Party, takes: Party, reason: str, today: dt.date) -> None:
    sort = {PartyKind.PERSON: "领导", PartyKind.UNIT: "单位", PartyKind.OFFICE: "单位", PartyKind.COLLECTIVE: "集体"}
    refusals = (
        (goes.id == takes.id, "移交双方是同一个"),
        (goes.kind is PartyKind.OFFICE, "督查室的事项不能移交，请在名录里改督查室的名称"),
        (sort[goes.kind] != sort[takes.kind], f"{goes.name}是{sort[goes.kind]}，{takes.name}是{sort[takes.kind]}"),
        (not takes.known, f"{takes.name}还没有录入名录，没有邮箱；请先录入"),
        (takes.valid_to is not None and takes.valid_to < today, f"{takes.name}也已到失效日期"),
        (takes.successor_id == goes.id, f"{takes.name}的事项以前移交给了{goes.name}；请先在名录里更正失效日期"),
        (not reason.strip(), "请写明依据，如“机构改革，民政局并入社会局”"),
    )
    for refused, why in refusals:
        if refused:
            raise HandOverRefused(reason=why)


def _hand_items(
    session: Session, plan: Plan, goes: Party, takes: Party, reason: str, actor: Actor, now: dt.datetime
) -> tuple[HandedItem, ...]:
    query = (
        select(Item)
        .join(ItemParty, ItemParty.item_id == Item.id)
        .where(Item.plan_id == plan.id, ItemParty.party_id == goes.id, Item.state != State.CLOSED, ~Item.dropped)
        .distinct()
        .order_by(Item.position, Item.id)
    )
    ids = [item.id for item in session.scalars(query)]
    lock_items(session, set(ids))
    found = []
    for item in session.scalars(query.execution_options(populate_existing=True)).all():
        roles = _roles(session, item, goes)
        if _OF_A_CALL & _roles(session, item, takes).keys() and _OF_A_CALL & roles.keys():
            kept = f"{takes.name}是这件吹哨的另一方"
            found.append(HandedItem(item.id, item.number, item.title, tuple(roles), kept))
            continue
        before = said_of(session, item)
        were = takeovers.answering(session, item)
        _replace(session, item, roles, takes)
        takeovers.pass_on(session, were, now)
        after = said_of(session, item)
        fields = {
            name: {"before": before[name], "after": after[name]} for name in before if before[name] != after[name]
        }
        payload = {"from": goes.name, "to": takes.name, "fields": fields}
        text = f"{goes.name}移交{takes.name}：{reason}"
        record(session, item, actor, now, event=TRANSFERRED, reason=text, payload=payload)
        found.append(HandedItem(item.id, item.number, item.title, tuple(roles)))
    return tuple(found)


def _roles(session: Session, item: Item, party: Party) -> dict[Role, ItemParty]:
    rows = session.scalars(select(ItemParty).where(ItemParty.item_id == item.id, ItemParty.party_id == party.id))
    return {row.role: row for row in rows}


def _replace(session: Session, item: Item, roles: dict[Role, ItemParty], takes: Party) -> None:
    """The one that takes over stands where the other stood; it is not named twice in one role."""
    has = _roles(session, item, takes)
    for role, row in roles.items():
        position = row.position
        session.delete(row)
        session.flush()
        if role not in has:
            session.add(ItemParty(item_id=item.id, role=role, party_id=takes.id, position=position))
    session.flush()


def _relate(session: Session, plan: Plan, goes: Party, takes: Party) -> tuple[str, ...]:
    """Whoever has the one that goes as superior, substitute, head or member has the other now; their names."""
    related: dict[str, None] = {}
    parties = session.scalars(select(Party).where(Party.plan_id == plan.id, Party.id != goes.id)).all()
    for party in parties:
        for column in ("superior_id", "substitute_id", "head_id"):
            if getattr(party, column) == goes.id:
                setattr(party, column, takes.id if party.id != takes.id else None)
                related[party.name] = None
    names = {party.id: party.name for party in parties}
    members: dict[int, set[int]] = defaultdict(set)
    mine = select(PartyMember).where(PartyMember.member_id.in_([goes.id, takes.id]))
    for row in session.scalars(mine).all():
        members[row.collective_id].add(row.member_id)
        if row.member_id == goes.id:
            session.delete(row)
    session.flush()
    for collective, there in members.items():
        if goes.id in there:
            related[names[collective]] = None
            if takes.id not in there and collective != takes.id:
                session.add(PartyMember(collective_id=collective, member_id=takes.id))
    # Whoever had handed over to the one that goes now goes on in the other.
    session.execute(update(Party).where(Party.successor_id == goes.id).values(successor_id=takes.id))
    return tuple(related)


def _closed(session: Session, goes: Party) -> int:
    query = select(ItemParty.item_id).join(Item, Item.id == ItemParty.item_id)
    return len(set(session.scalars(query.where(ItemParty.party_id == goes.id, Item.state == State.CLOSED))))


def _accounts(session: Session, goes: Party) -> tuple[str, ...]:
    names = {goes.name, *session.scalars(select(PartyAlias.name).where(PartyAlias.party_id == goes.id))}
    query = select(User.name).join(UserScope, UserScope.user_id == User.id)
    return tuple(
        session.scalars(query.where(UserScope.party_name.in_(names), User.active).distinct().order_by(User.name))
    )
