"""What a night's batch of clocks needs to know, read in a handful of statements however many clocks there are."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.orm import Session

from duban.domain.ladder import all_acknowledged_on
from duban.domain.parties import Directory, ItemParties, PartyFacts
from duban.domain.parties import PartyKind as Kind
from duban.domain.policy_model import Rung, Target
from duban.services.absences import spans_of_plan
from duban.services.receipts import meant_for
from duban.services.rules import Rules, business_date, calendar_in_force, rules_from
from models import (
    Clock,
    Item,
    ItemParty,
    Notice,
    NoticeRecipient,
    Party,
    PartyKind,
    PartyMember,
    Plan,
    Role,
    RungFired,
)

#: Statements name at most so many keys, which both databases take.
KEYS_A_STATEMENT = 500


_PLAN_ID = bindparam("plan_id", type_=BigInteger)
_PARTIES = select(Party).where(Party.plan_id == _PLAN_ID)
_MEMBERS = (
    select(PartyMember.collective_id, PartyMember.member_id)
    .join(Party, Party.id == PartyMember.collective_id)
    .where(Party.plan_id == _PLAN_ID)
    .order_by(PartyMember.member_id)
)
_ROLES = (
    select(ItemParty.item_id, ItemParty.role, ItemParty.party_id)
    .where(ItemParty.item_id == bindparam("item_id", type_=BigInteger))
    .order_by(ItemParty.position)
)


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """A plan as the night sees it: read once a night, since neither rules nor directory change within one."""

    id: int
    code: str
    title: str
    issuer: str | None
    rules: Rules
    directory: Directory
    parties: dict[int, Party]
    members: dict[int, tuple[int, ...]]
    plan_head: int | None
    office_id: int
    released: bool


@dataclass(slots=True)
class Pending:
    """The sheet whose receipt one clock waits for, and the party that owes it; None where the text names nobody."""

    kind: str
    series: str | None
    year: int | None
    number: int | None
    sent_on: dt.date
    acknowledge_by: dt.date
    owed_by: int | None


@dataclass(slots=True)
class BatchFacts:
    """The clocks of one batch with everything that is decided from."""

    clocks: list[Clock]
    items: dict[int, Item]
    roles: dict[tuple[int, Role], list[int]]
    fired: dict[tuple[int, int], set[str]]  # by (clock, cycle)
    acknowledged: dict[int, tuple[str, dt.date]] = field(default_factory=dict)  # by clock: rung and day
    pending: dict[int, Pending] = field(default_factory=dict)  # by clock that waits for a receipt


def plan_facts(session: Session, plan_id: int) -> PlanFacts:
    """A plan with its rules and its directory."""
    plan = session.get_one(Plan, plan_id)
    parties = {p.id: p for p in session.scalars(_PARTIES, {"plan_id": plan_id})}
    members: dict[int, list[int]] = defaultdict(list)
    for collective, member in session.execute(_MEMBERS, {"plan_id": plan_id}):
        members[collective].append(member)
    away = spans_of_plan(session, plan_id)
    facts = {p.id: party_facts(p, away.get(p.id, ())) for p in parties.values()}
    office = next(p for p in parties.values() if p.kind is PartyKind.OFFICE)
    head = next((p.id for p in parties.values() if p.is_plan_head), None)
    return PlanFacts(
        id=plan.id,
        code=plan.code,
        title=plan.title,
        issuer=plan.issuer,
        rules=rules_from(plan.policy, calendar_in_force(session)),
        directory=Directory(facts.values(), facts[office.id]),
        parties=parties,
        members={c: tuple(m) for c, m in members.items()},
        plan_head=head,
        office_id=office.id,
        released=plan.released_at is not None,
    )


def party_facts(party: Party, absences: tuple[tuple[dt.date, dt.date], ...] = ()) -> PartyFacts:
    """A party as the ladder's addressing sees it; its key is the row's id. `absences` are first and last days."""
    kind = {PartyKind.PERSON: Kind.PERSON, PartyKind.OFFICE: Kind.OFFICE}.get(party.kind, Kind.UNIT)
    return PartyFacts(
        key=str(party.id),
        name=party.name,
        kind=kind,
        address=party.email,
        substitute=_key(party.substitute_id),
        superior=_key(party.superior_id),
        head=_key(party.head_id),
        valid_from=party.valid_from,
        valid_to=party.valid_to,
        absences=absences,
    )


def parties_of_item(session: Session, plan: PlanFacts, item: Item) -> ItemParties:
    """`parties_of` for one item, whose parents are looked at only where it names somebody for no part itself."""
    items, roles = {item.id: item}, _roles_of_item(session, item.id)
    above = item.parent_id
    while above is not None:
        items[above] = session.get_one(Item, above)
        roles |= _roles_of_item(session, above)
        above = items[above].parent_id
    return parties_of(BatchFacts([], items, roles, {}), plan, item)


def _roles_of_item(session: Session, item_id: int) -> dict[tuple[int, Role], list[int]]:
    found: dict[tuple[int, Role], list[int]] = defaultdict(list)
    for _, role, party_id in session.execute(_ROLES, {"item_id": item_id}):
        found[(item_id, role)].append(party_id)
    return found


def batch_facts(session: Session, clocks: Sequence[Clock], item_ids: Iterable[int] = ()) -> BatchFacts:
    """Items with their parents, roles, rungs fired and receipts of these clocks, and of further items."""
    items = _items(session, {c.item_id for c in clocks} | set(item_ids))
    return BatchFacts(
        clocks=list(clocks),
        items=items,
        roles=_roles(session, items.keys()),
        fired=_fired(session, [c.id for c in clocks]),
        acknowledged=acknowledged(session, [c.id for c in clocks]),
        pending=_pending(session, [c.id for c in clocks if c.recipient_id is not None]),
    )


def parties_of(facts: BatchFacts, plan: PlanFacts, item: Item, clock: Clock | None = None) -> ItemParties:
    """Who an item concerns, as keys of the directory; a child that names nobody has its parent's parties.

    With a `clock` that waits for one receipt also who owes it.
    """
    pending = facts.pending.get(clock.id) if clock is not None else None

    def keys(*roles: Role) -> tuple[str, ...]:
        at: Item | None = item
        while at is not None:
            found = [p for role in roles for p in facts.roles.get((at.id, role), [])]
            if found:
                expanded = [m for p in found for m in plan.members.get(p, (p,))]
                return tuple(str(p) for p in dict.fromkeys(expanded))
            at = facts.items.get(at.parent_id) if at.parent_id is not None else None
        return ()

    return ItemParties(
        units=keys(Role.LEAD_UNIT, Role.RESPONSIBLE),
        lead_officials=keys(Role.LEAD_OFFICIAL),
        supervising_units=keys(Role.SUPERVISING),
        plan_head=_key(plan.plan_head),
        caller=next(iter(keys(Role.CALLER)), None),
        called=keys(Role.CALLED),
        addressee=_key(pending.owed_by) if pending else None,
    )


def with_plan_units(session: Session, parties: ItemParties, rung: Rung, plan: PlanFacts) -> ItemParties:
    """These parties with all units of the plan, where the rung writes to them (通报)."""
    if Target.PLAN_UNITS not in (*rung.to, *rung.cc):
        return parties
    found = session.scalars(
        select(ItemParty.party_id)
        .join(Item, Item.id == ItemParty.item_id)
        .where(Item.plan_id == plan.id, ~Item.dropped, ItemParty.role.in_((Role.LEAD_UNIT, Role.RESPONSIBLE)))
        .group_by(ItemParty.party_id)
        .order_by(func.min(Item.position), func.min(Item.id), func.min(ItemParty.position), ItemParty.party_id)
    )
    members = [m for p in found for m in plan.members.get(p, (p,))]
    return replace(parties, plan_units=tuple(str(p) for p in dict.fromkeys(members)))


def _key(party_id: int | None) -> str | None:
    return str(party_id) if party_id is not None else None


def _items(session: Session, ids: set[int]) -> dict[int, Item]:
    found: dict[int, Item] = {}
    wanted = ids
    while wanted:
        for part in _chunks(sorted(wanted)):
            found.update({i.id: i for i in session.scalars(select(Item).where(Item.id.in_(part)))})
        wanted = {i.parent_id for i in found.values() if i.parent_id is not None} - found.keys()
    return found


def _roles(session: Session, ids: Iterable[int]) -> dict[tuple[int, Role], list[int]]:
    found: dict[tuple[int, Role], list[int]] = defaultdict(list)
    for part in _chunks(sorted(ids)):
        rows = session.execute(
            select(ItemParty.item_id, ItemParty.role, ItemParty.party_id)
            .where(ItemParty.item_id.in_(part))
            .order_by(ItemParty.position)
        )
        for item_id, role, party_id in rows:
            found[(item_id, role)].append(party_id)
    return found


def _fired(session: Session, clock_ids: list[int]) -> dict[tuple[int, int], set[str]]:
    found: dict[tuple[int, int], set[str]] = defaultdict(set)
    for part in _chunks(clock_ids):
        rows = session.execute(
            select(RungFired.clock_id, RungFired.cycle, RungFired.rung).where(RungFired.clock_id.in_(part))
        )
        for clock_id, cycle, rung in rows:
            found[(clock_id, cycle)].add(rung)
    return found


def acknowledged(session: Session, clock_ids: list[int]) -> dict[int, tuple[str, dt.date]]:
    """For each clock its last rung whose sheet every addressee has acknowledged, and the day of the last receipt."""
    receipts: dict[tuple[int, str], list[dt.date | None]] = defaultdict(list)
    for part in _chunks(clock_ids):
        rows = session.execute(
            select(RungFired.clock_id, RungFired.rung, NoticeRecipient.acknowledged_at)
            .join(Notice, Notice.id == RungFired.notice_id)
            .join(NoticeRecipient, NoticeRecipient.notice_id == Notice.id)
            .where(RungFired.clock_id.in_(part), Notice.acknowledge_by.is_not(None), NoticeRecipient.role == "to")
            .where(NoticeRecipient.excused_at.is_(None))
            .order_by(RungFired.id)
        )
        for clock_id, rung, at in rows:
            receipts[(clock_id, rung)].append(business_date(at) if at else None)
    found = {}
    for (clock_id, rung), days in receipts.items():
        on = all_acknowledged_on(days)
        if on is not None:
            found[clock_id] = (rung, on)
    return found


def _pending(session: Session, clock_ids: list[int]) -> dict[int, Pending]:
    found: dict[int, Pending] = {}
    for part in _chunks(clock_ids):
        rows = session.execute(
            select(Clock.id, Clock.due_on, Notice, NoticeRecipient)
            .join(NoticeRecipient, NoticeRecipient.id == Clock.recipient_id)
            .join(Notice, Notice.id == NoticeRecipient.notice_id)
            .where(Clock.id.in_(part))
        ).tuples()
        for clock_id, due_on, notice, copy in rows:
            number = (notice.kind, notice.series, notice.year, notice.number)
            found[clock_id] = Pending(*number, notice.as_of, due_on, meant_for(copy))
    return found


def _chunks(keys: list[int]) -> list[list[int]]:
    return [keys[i : i + KEYS_A_STATEMENT] for i in range(0, len(keys), KEYS_A_STATEMENT)]
