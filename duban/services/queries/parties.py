"""A plan's parties, with how many open items each answers for."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import case, func, select
from sqlalchemy.orm import selectinload

from duban.adapters.database import Database
from duban.services.queries.item import view
from duban.services.queries.lights import live, overdue
from duban.services.queries.plans import find_plan
from duban.services.queries.scope import Scope
from duban.services.queries.shapes import PartyView, PlanRef
from models import Item, ItemParty, Party, PartyMember

#: So many names of a directory a page carries.
MOST_NAMES = 600


def list_parties(database: Database, *, plan: str, scope: Scope, as_of: dt.date) -> tuple[PartyView, ...]:
    """A plan's directory, by name. Addresses are the supervision office's alone. Raises NotFound."""
    with database.read() as session:
        found = find_plan(session, plan)
        late = func.sum(case((overdue(as_of), 1), else_=0))
        counted = (
            select(ItemParty.party_id, func.count(Item.id.distinct()), late)
            .join(Item, Item.id == ItemParty.item_id)
            .where(Item.plan_id == found.id, live())
            .group_by(ItemParty.party_id)
        )
        counts = {party: (items, behind) for party, items, behind in session.execute(counted).tuples()}
        parties = (
            select(Party).where(Party.plan_id == found.id).options(selectinload(Party.aliases)).order_by(Party.name)
        )
        rows = session.scalars(parties).all()
        names = {p.id: p.name for p in rows}
        members: dict[int, list[str]] = {}
        mine = select(Party.id).where(Party.plan_id == found.id)
        of_plan = select(PartyMember).where(PartyMember.collective_id.in_(mine))
        for row in session.scalars(of_plan):
            members.setdefault(row.collective_id, []).append(names[row.member_id])
        ref = PlanRef(found.id, found.code, found.title)
        return tuple(
            view(
                PartyView,
                p,
                plan=ref,
                email=p.email if scope.sees_addresses else None,
                aliases=tuple(a.name for a in p.aliases),
                open_items=counts.get(p.id, (0, 0))[0],
                overdue_items=counts.get(p.id, (0, 0))[1],
                superior=names.get(p.superior_id or 0),
                substitute=names.get(p.substitute_id or 0),
                head=names.get(p.head_id or 0),
                members=tuple(members.get(p.id, ())),
            )
            for p in rows
        )


def directory_names(database: Database, *, plan_id: int) -> tuple[str, ...]:
    """The names that a plan's directory has, units first: what a form offers to whoever types one."""
    with database.read() as session:
        of_plan = select(Party.name).where(Party.plan_id == plan_id, Party.known)
        return tuple(session.scalars(of_plan.order_by(Party.kind.desc(), Party.name).limit(MOST_NAMES)))
