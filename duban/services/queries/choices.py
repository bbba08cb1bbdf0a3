"""What forms offer to choose from: units and people of a plan's directory, all of them or one's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from duban.adapters.database import Database
from duban.domain.lifecycle import State
from duban.errors import DubanError
from duban.services.queries.scope import Scope, own_parties
from models import Item, ItemParty, Origin, Party, PartyKind, PartyMember, Role

#: So many entries of one list a page carries.
MOST_CHOICES = 200
#: So many of those that words fit are named.
MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class UnitChoice:
    """A unit or a collective that may be asked; `taken` says why not (it answers for the item, or checks already)."""

    id: int
    name: str
    members: tuple[str, ...] = ()
    taken: str = ""


@dataclass(frozen=True, slots=True)
class PartyChoice:
    """Somebody of the directory, and who stands in while they are away."""

    name: str
    is_person: bool
    substitute: str | None


def unit_choices(database: Database, *, plan_id: int, item_id: int | None = None) -> tuple[UnitChoice, ...]:
    """Collectives first, then units, of a plan's directory; with an item, why one cannot be asked for it."""
    with database.read() as session:
        parties = session.scalars(
            select(Party)
            .where(Party.plan_id == plan_id, Party.kind.in_((PartyKind.COLLECTIVE, PartyKind.UNIT)))
            .order_by(Party.id)
        ).all()
        member = aliased(Party)
        members: dict[int, list[str]] = defaultdict(list)
        for collective, name in session.execute(
            select(PartyMember.collective_id, member.name)
            .join(member, member.id == PartyMember.member_id)
            .where(member.plan_id == plan_id)
            .order_by(member.id)
        ).tuples():
            members[collective].append(name)
        taken = _taken(session, item_id) if item_id is not None else {}
        found = [
            UnitChoice(p.id, p.name, tuple(members[p.id]), taken.get(p.id, ""))
            for p in parties
            if p.kind is PartyKind.UNIT or members[p.id]  # nobody would be asked for a collective without members
        ]
        return tuple(sorted(found, key=lambda choice: not choice.members))


def own_choices(
    database: Database, *, plan_id: int, scope: Scope, kinds: Sequence[PartyKind] = (PartyKind.PERSON, PartyKind.UNIT)
) -> tuple[PartyChoice, ...]:
    """Whom somebody may act for in a plan: everybody of the directory for the office, else their own."""
    with database.read() as session:
        standing_in = aliased(Party)
        query = (
            select(Party.name, Party.kind, standing_in.name)
            .outerjoin(standing_in, standing_in.id == Party.substitute_id)
            .where(Party.plan_id == plan_id, Party.kind.in_(kinds))
            .order_by(Party.kind, Party.id)
        )
        if not scope.everything:
            query = query.where(Party.id.in_(own_parties(scope)))
        rows = session.execute(query).tuples()
        return tuple(PartyChoice(name, kind is PartyKind.PERSON, substitute) for name, kind, substitute in rows)


class NoMergeTarget(DubanError):
    """{said} names {count} open items of the plan{which}.

    Give the number (编号) of the one that it goes on in, or words that only its title has.
    """

    code = "no_merge_target"
    status = 422


@dataclass(frozen=True, slots=True)
class MergeChoices:
    """Open items of the same plan, as id, number and title, in the plan's order: the first of `total`."""

    total: int
    first: tuple[tuple[int, str, str], ...]


def merge_choices(database: Database, *, item_id: int) -> MergeChoices:
    """The items that an item may go on in; a page offers the first, and finds the others by number or title."""
    with database.read() as session:
        query = _mergeable(item_id)
        total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
        return MergeChoices(total, tuple(session.execute(query.limit(MOST_CHOICES)).tuples()))


def merge_target(database: Database, *, item_id: int, said: str) -> int:
    """The item that somebody means by a number, or by words of a title. Raises NoMergeTarget."""
    said = said.strip()
    with database.read() as session:
        rows = session.execute(_mergeable(item_id)).tuples().all()
    found = [row for row in rows if row[1] == said] or [row for row in rows if said and said in row[2]]
    if len(found) != 1:
        named = "；".join(f"{number} {title[:30]}" for _, number, title in found[:MOST_NAMED])
        raise NoMergeTarget(said=said, count=len(found), which=f"：{named}" if named else "")
    return found[0][0]


def _mergeable(item_id: int) -> Select[tuple[int, str, str]]:
    plan_id = select(Item.plan_id).where(Item.id == item_id).scalar_subquery()
    return (
        select(Item.id, Item.number, Item.title)
        .where(
            Item.plan_id == plan_id,
            Item.id != item_id,
            Item.state != State.CLOSED,
            ~Item.quarantined,
            ~Item.dropped,
        )
        .order_by(Item.position, Item.id)
    )


def _taken(session: Session, item_id: int) -> dict[int, str]:
    checks = select(Item.id).where(Item.parent_id == item_id, Item.origin == Origin.SELF_CHECK, ~Item.dropped)
    rows = session.execute(
        select(ItemParty.party_id, ItemParty.item_id).where(
            (ItemParty.item_id == item_id) | ItemParty.item_id.in_(checks),
            ItemParty.role.in_((Role.LEAD_UNIT, Role.RESPONSIBLE)),
        )
    ).tuples()
    return {party: "承担本事项" if of == item_id else "已在自查" for party, of in rows}
