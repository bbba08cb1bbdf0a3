"""Finding a plan or an item by what a person types."""

from __future__ import annotations

from sqlalchemy import select

from duban.adapters.database import Database
from duban.errors import DubanError, NotFound
from models import Item, Measure, Milestone, Plan, Regulation


class AmbiguousItem(DubanError):
    """{key} names more than one item: ids {ids}.

    Give the id of the one that is meant.
    """

    code = "ambiguous_item"


def plan_id_of(database: Database, code: str) -> int:
    """The id of a plan by its code, or by its id in figures; raises NotFound with the codes that there are."""
    with database.read() as session:
        found = session.scalars(select(Plan.id).where(Plan.code == code)).first()
        if found is None and code.isdigit():
            found = session.scalars(select(Plan.id).where(Plan.id == int(code))).first()
        if found is None:
            known = "、".join(session.scalars(select(Plan.code).order_by(Plan.id).limit(20))) or "none"
            raise NotFound(what="plan", key=f"{code} (there are: {known})")
        return found


def item_id_of(database: Database, key: str) -> int:
    """The id of an item given as `42`, or as plan and number: `嘉定2014/13`. Raises NotFound or AmbiguousItem."""
    plan, slash, number = key.rpartition("/")
    with database.read() as session:
        if not slash:
            found = session.scalars(select(Item.id).where(Item.id == int(key))).all() if key.isdigit() else []
        else:
            found = session.scalars(
                select(Item.id)
                .join(Plan, Plan.id == Item.plan_id)
                .where(Plan.code == plan, Item.number == number, ~Item.dropped)
            ).all()
    if not found:
        raise NotFound(what="item", key=f"{key} (give its id, or PLAN/NUMBER such as 嘉定2014/13)")
    if len(found) > 1:
        raise AmbiguousItem(key=key, ids=", ".join(map(str, found)))
    return found[0]


def part_id_of(
    database: Database, table: type[Measure] | type[Milestone] | type[Regulation], item: str, position: int
) -> int:
    """The id of an item's measure, milestone or regulation by its position, from 1. Raises NotFound."""
    item_id = item_id_of(database, item)
    with database.read() as session:
        found = session.scalars(select(table.id).where(table.item_id == item_id, table.position == position)).first()
    if found is None:
        raise NotFound(what=table.__tablename__, key=f"{position} of item {item}")
    return found
