"""Rows of one printed number: found, merged into one, and taken out with all that hangs on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.services.item_fields import set_limit, set_measures
from models import Item, ItemParty, Measure


def lock_number(session: Session, item_id: int) -> None:
    """Locks all rows of the item's printed number, and what hangs on it, in the order of their ids.

    Two people who each resolve another copy at once wait for each other instead of locking each other out.
    """
    at = session.get(Item, item_id)
    if at is None:
        return
    same = select(Item.id).where(Item.plan_id == at.plan_id, Item.path_key == at.path_key, Item.number == at.number)
    below = select(Item.id).where(Item.plan_id == at.plan_id, Item.parent_id.is_not(None), Item.quarantined)
    rows = select(Item).where(Item.id.in_(same) | Item.id.in_(below)).order_by(Item.id)
    session.scalars(rows.with_for_update().execution_options(populate_existing=True)).all()


def copies_of(session: Session, item: Item) -> list[Item]:
    """The other rows of the same printed number."""
    return list(
        session.scalars(
            select(Item)
            .where(
                Item.plan_id == item.plan_id,
                Item.path_key == item.path_key,
                Item.number == item.number,
                Item.id != item.id,
                ~Item.dropped,
            )
            .order_by(Item.copy)
        )
    )


def merge(session: Session, item: Item, copies: Sequence[Item], refuse: Callable[[str], Exception]) -> list[list[int]]:
    """Fills what this copy lacks from the others, in the order of the text.

    Returns the parts that it took over from them, each with the copy that it hung on.
    """
    if not copies:
        raise refuse("没有同一编号的另一份可以合并")
    for copy in copies:
        item.goal = item.goal or copy.goal
        if not session.scalar(select(func.count()).where(Measure.item_id == item.id)):
            texts = session.scalars(select(Measure.text).where(Measure.item_id == copy.id).order_by(Measure.position))
            set_measures(session, item, list(texts))
        if not item.time_limit and copy.time_limit:
            set_limit(session, item, copy.time_limit)
        have = set(session.scalars(select(ItemParty.role).where(ItemParty.item_id == item.id)))
        others = session.scalars(select(ItemParty).where(ItemParty.item_id == copy.id)).all()
        session.add_all(
            ItemParty(item_id=item.id, role=o.role, party_id=o.party_id, position=o.position)
            for o in others
            if o.role not in have
        )
        session.flush()
    return adopt(session, item, copies)


def adopt(session: Session, item: Item, others: Sequence[Item]) -> list[list[int]]:
    """The parts of the first other row that has any become this item's, where it has none of its own."""
    parts = select(Item).where(~Item.dropped).order_by(Item.id)
    if session.scalars(parts.where(Item.parent_id == item.id)).first() is not None:
        return []
    for other in others:
        if children := session.scalars(parts.where(Item.parent_id == other.id)).all():
            for child in children:
                child.parent_id = item.id
            session.flush()
            return [[child.id, other.id] for child in children]
    return []


def take_out(session: Session, items: Sequence[Item]) -> list[list[int]]:
    """Drops rows with all that hang on them; returns each one's id, and whether it was in quarantine (1 or 0)."""
    taken: list[list[int]] = []
    stack = list(items)
    while stack:
        at = stack.pop()
        if at.dropped:
            continue
        taken.append([at.id, int(at.quarantined)])
        at.dropped, at.quarantined = True, False
        stack += session.scalars(select(Item).where(Item.parent_id == at.id).order_by(Item.id)).all()
    session.flush()
    return taken
