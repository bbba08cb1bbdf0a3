"""Whose items somebody sees: the supervision office and unscoped viewers all, everybody else their own."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, or_, select, true
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.errors import DubanError, NotFound
from duban.services.proposal_facts import UNAPPROVED
from models import (
    Approval,
    Item,
    ItemParty,
    Notice,
    NoticeRecipient,
    Party,
    PartyAlias,
    PartyMember,
    UserRole,
)

#: Roles that see the whole ledger.
OVERSEERS = (UserRole.SUPERVISOR, UserRole.ADMIN)


class OutOfScope(DubanError):
    """{what} belongs to other units: you act for {parties}.

    Ask the supervision office to look at it, or to add the unit to your account.
    """

    code = "out_of_scope"
    status = 403


@dataclass(frozen=True, slots=True)
class Scope:
    """What somebody may see: a role, and the names of the parties that they act for, on a business date.

    In a plan whose directory says that a party's last day is over by then, its name opens nothing more.
    """

    role: UserRole
    parties: frozenset[str] = frozenset()
    on: dt.date | None = None

    @property
    def everything(self) -> bool:
        """Whether the whole ledger is open: to the supervision office, and to viewers without parties."""
        return self.role in OVERSEERS or (self.role is UserRole.VIEWER and not self.parties)

    @property
    def sees_addresses(self) -> bool:
        """Whether everybody's mail address is shown: to the supervision office alone, whoever else sees every item."""
        return self.role in OVERSEERS

    def named(self) -> str:
        """The parties in words, for messages."""
        return "、".join(sorted(self.parties)) or "nobody"


#: Sees everything: for what duban itself reads.
WHOLE = Scope(UserRole.ADMIN)


def own_parties(scope: Scope) -> Select[tuple[int]]:
    """Ids of the parties that a scope names (by name or alias), and of the collectives that they belong to.

    Those in office on the scope's day.
    """
    named = select(Party.id).where(
        or_(
            Party.name.in_(scope.parties),
            Party.id.in_(select(PartyAlias.party_id).where(PartyAlias.name.in_(scope.parties))),
        )
    )
    if scope.on is not None:
        named = named.where(or_(Party.valid_to.is_(None), Party.valid_to >= scope.on))
    collectives = select(PartyMember.collective_id).where(PartyMember.member_id.in_(named))
    return select(Party.id).where(or_(Party.id.in_(named), Party.id.in_(collectives)))


def visible(scope: Scope) -> ColumnElement[bool]:
    """The condition on `Item` that keeps what a scope may see: its own items, what lies below, and the one above."""
    if scope.everything:
        return true()
    own = select(ItemParty.item_id).where(ItemParty.party_id.in_(own_parties(scope))).distinct()
    tree = select(Item.id).where(Item.id.in_(own)).cte("own_tree", recursive=True)
    tree = tree.union(select(Item.id).join(tree, Item.parent_id == tree.c.id))
    above = select(Item.parent_id).where(Item.id.in_(own), Item.parent_id.is_not(None))
    return or_(Item.id.in_(select(tree.c.id)), Item.id.in_(above))


def visible_notices(scope: Scope) -> ColumnElement[bool]:
    """The condition on `Notice`: those about items in scope, and those addressed to (or meant for) its parties.

    A sheet that waits for its approval, or never got it, is shown to the office and to whoever is asked for it.
    """
    if scope.everything:
        return true()
    own = own_parties(scope)
    mine = select(NoticeRecipient.notice_id).where(
        or_(NoticeRecipient.party_id.in_(own), NoticeRecipient.for_party_id.in_(own))
    )
    asked = select(Approval.notice_id).where(Approval.memo_id.in_(mine))
    about = and_(Notice.item_id.in_(select(Item.id).where(visible(scope))), Notice.id.not_in(UNAPPROVED))
    return or_(Notice.id.in_(mine), Notice.id.in_(asked), about)


def items_in_scope(database: Database, *, plan_id: int, scope: Scope) -> frozenset[int]:
    """Ids of a plan's items that a scope may see."""
    with database.read() as session:
        return frozenset(session.scalars(select(Item.id).where(Item.plan_id == plan_id, visible(scope))))


def check_item(session: Session, item_id: int, scope: Scope) -> Item:
    """The item, if it exists and may be seen. Raises NotFound or OutOfScope: the two are not the same answer."""
    item = session.get(Item, item_id)
    if item is None:
        raise NotFound(what="item", key=item_id)
    if not scope.everything and session.scalar(select(Item.id).where(Item.id == item_id, visible(scope))) is None:
        raise OutOfScope(what=f"Item {item.number}", parties=scope.named())
    return item
