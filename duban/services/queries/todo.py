"""为我待办: what waits for one person, by what they can do about it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.lifecycle import State
from duban.services.answers import CALL_ANSWERED, SELF_CHECK_REPORTED
from duban.services.queries.items import ORDERS, rows_for
from duban.services.queries.lights import Lighting, live, overdue
from duban.services.queries.notices import NoticeRow, owed_receipts
from duban.services.queries.proposals import ProposalView, waiting_for
from duban.services.queries.scope import Scope, own_parties
from duban.services.queries.shapes import ItemRow
from models import (
    Clock,
    ClockKind,
    ClockState,
    Closing,
    ClosingStep,
    Event,
    Extension,
    Item,
    ItemParty,
    Origin,
    Party,
    Role,
    UserRole,
)

SOON_DAYS = 14
PAGE = 50


@dataclass(frozen=True, slots=True)
class Pile:
    """One kind of work that waits, with a key that pages have words for; `total` counts all of it, `items` a page."""

    key: str
    total: int
    items: tuple[ItemRow, ...]


@dataclass(frozen=True, slots=True)
class Todo:
    """Receipts that are owed, sheets that wait for one's approval, and piles of items, the most urgent first.

    Empty piles are left out.
    """

    receipts: tuple[NoticeRow, ...]
    proposals: tuple[ProposalView, ...]
    piles: tuple[Pile, ...]


def todo(database: Database, *, scope: Scope, as_of: dt.date, pile: str | None = None, page: int = 1) -> Todo:
    """What waits for whoever has this scope, on a day: the first page of each pile, or one page of the pile named.

    An item lies on the first pile that it belongs to. A pile is counted whole.
    """
    with database.read() as session:
        lighting = Lighting(session, as_of)
        own = _own(scope)
        seen: set[int] = set()
        piles = []
        for key, condition in _conditions(scope, as_of):
            ids = session.scalars(select(Item.id).where(own, condition).order_by(*ORDERS["due"])).all()
            fresh = [item_id for item_id in ids if item_id not in seen]
            seen.update(fresh)
            shown = fresh[(page - 1) * PAGE : page * PAGE]
            if shown and pile in (None, key):
                rows = rows_for(session, lighting, Item.id.in_(shown), limit=None)
                piles.append(Pile(key, len(fresh), tuple(rows)))
        if pile is not None:
            return Todo((), (), tuple(piles))
        return Todo(owed_receipts(session, scope), waiting_for(session, scope), tuple(piles))


def _own(scope: Scope) -> ColumnElement[bool]:
    """Items that one answers for (not those that one merely supports); to the office, all."""
    if scope.everything:
        return ~Item.dropped
    roles = (Role.LEAD_OFFICIAL,) if scope.role is UserRole.LEAD else (Role.LEAD_UNIT, Role.RESPONSIBLE)
    mine = select(ItemParty.item_id).where(ItemParty.party_id.in_(own_parties(scope)), ItemParty.role.in_(roles))
    return and_(~Item.dropped, or_(Item.id.in_(mine), Item.parent_id.in_(mine)))


def _conditions(scope: Scope, as_of: dt.date) -> list[tuple[str, ColumnElement[bool]]]:
    soon = and_(live(), Item.due_on >= as_of, Item.due_on <= as_of + dt.timedelta(days=SOON_DAYS))
    office = scope.role in (UserRole.SUPERVISOR, UserRole.ADMIN)
    piles: list[tuple[str, ColumnElement[bool]]] = []
    if office:
        piles.append(("quarantined", and_(Item.quarantined, ~Item.dropped)))
        pending = exists().where(Extension.item_id == Item.id, Extension.decided_at.is_(None))
        piles.append(("to_decide", and_(live(), pending)))
        piles.append(("to_verify", and_(live(), _step(ClosingStep.REQUEST), ~_step(ClosingStep.VERIFY))))
        piles.append(("to_re_inspect", _to_re_inspect(as_of)))
    if scope.role is UserRole.UNIT:
        piles.append(("to_answer", and_(live(), _unanswered(scope))))
    if scope.role is UserRole.LEAD:
        piles.append(("to_sign", and_(live(), _step(ClosingStep.REQUEST), ~_signed(scope))))
        piles.append(("to_review", and_(live(), Item.state == State.MEASURE_DRAFTED, overdue(as_of))))
    piles.append(("overdue", overdue(as_of)))
    piles.append(("soon", soon))
    if not office:
        piles.append(("to_draft", and_(live(), Item.state == State.ASSIGNED)))
        piles.append(("underway", live()))
    return piles


def _to_re_inspect(as_of: dt.date) -> ColumnElement[bool]:
    """Closed items that are to be looked at again (回头看) within two weeks, or should have been."""
    until = as_of + dt.timedelta(days=SOON_DAYS)
    return exists().where(
        Clock.item_id == Item.id,
        Clock.kind == ClockKind.RE_INSPECT,
        Clock.state == ClockState.RUNNING,
        Clock.due_on <= until,
    )


def _unanswered(scope: Scope) -> ColumnElement[bool]:
    """Self-checks that were not reported, and calls that one's own unit has not answered yet."""
    names = select(Party.name).where(Party.id.in_(own_parties(scope)))
    mine = and_(Event.type == CALL_ANSWERED, Event.payload["unit"].as_string().in_(names))
    said = exists().where(Event.item_id == Item.id, or_(Event.type == SELF_CHECK_REPORTED, mine))
    return and_(Item.origin.in_((Origin.SELF_CHECK, Origin.CALL)), ~said)


def _step(step: ClosingStep) -> ColumnElement[bool]:
    return exists().where(Closing.item_id == Item.id, Closing.cycle == Item.cycle, Closing.step == step)


def _signed(scope: Scope) -> ColumnElement[bool]:
    return exists().where(
        Closing.item_id == Item.id,
        Closing.cycle == Item.cycle,
        Closing.step == ClosingStep.SIGN,
        Closing.party_id.in_(own_parties(scope)),
    )


def has_parties(session: Session, scope: Scope) -> bool:
    """Whether any plan knows one of the scope's names: else an account sees nothing, and should be told why."""
    return (
        scope.everything
        or session.scalar(select(Party.id).where(Party.id.in_(own_parties(scope))).limit(1)) is not None
    )
