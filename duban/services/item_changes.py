"""The frame of every recorded change to an item that is no transition: who may, which version, what is left behind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import BigInteger, bindparam, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from duban.domain.actors import Actor, relations
from duban.domain.lifecycle import RELATION_ZH, Relation, State
from duban.errors import Forbidden, NotFound, Quarantined, StaleVersion, TransitionRefused
from duban.services.event_log import Happening, append_to, head_of
from duban.services.item_facts import Standing, standing_of
from models import Base, Item

_ITEM, _SIGNAL = Base.metadata.tables["item"], Base.metadata.tables["signal"]
_LOCKED = (
    select(Item)
    .where(Item.id == bindparam("item_id", type_=BigInteger))
    .with_for_update()
    .execution_options(populate_existing=True)
)
_NEXT_VERSION = (
    update(_ITEM)
    .where(_ITEM.c.id == bindparam("item_id", type_=BigInteger))
    .values(version=_ITEM.c.version + 1, updated_at=bindparam("now", type_=_ITEM.c.updated_at.type))
    .returning(_ITEM.c.version)
)
_SIGNAL_INSERT = insert(_SIGNAL).inline()
ANYBODY_ON_IT = (Relation.UNIT, Relation.LEAD, Relation.SUPERVISION)


def open_item(
    session: Session,
    item_id: int,
    actor: Actor,
    *,
    action_zh: str,
    by: Collection[Relation],
    expected_version: int | None,
) -> tuple[Item, Standing]:
    """The item, locked, if this actor may record something on it now.

    Raises NotFound, Forbidden, StaleVersion, Quarantined, or TransitionRefused where the item is closed.
    """
    item = locked(session, item_id)
    standing = standing_of(session, item)
    if relations(actor, standing.units, standing.leads).isdisjoint(by):
        raise Forbidden(actor=actor.name, action=action_zh, who="、".join(RELATION_ZH[r] for r in by))
    if expected_version is not None and expected_version != item.version:
        raise StaleVersion(expected=expected_version, present=item.version, state=item.state.value)
    if item.quarantined or item.dropped:
        raise Quarantined(codes="see its doubts")
    if item.state is State.CLOSED:
        raise TransitionRefused(action=action_zh, state="已销号 closed", possible="重新启动 reopen")
    return item, standing


def locked(session: Session, item_id: int) -> Item:
    """The item as it stands, held until the transaction ends. Raises NotFound."""
    item: Item | None = session.scalars(_LOCKED, {"item_id": item_id}).first()
    if item is None:
        raise NotFound(what="item", key=item_id)
    return item


def signal_engine(session: Session, item_id: int, now: dt.datetime) -> None:
    """Asks the engine, through the outbox, to bring the item's run to what stands."""
    session.execute(_SIGNAL_INSERT, {"item_id": item_id, "created_at": now})


def record(
    session: Session,
    item: Item,
    actor: Actor,
    now: dt.datetime,
    *,
    event: str,
    reason: str = "",
    payload: Mapping[str, Any] | None = None,
    occurred_at: dt.datetime | None = None,
) -> int:
    """Counts the version up, writes the event and the signal; returns the new version."""
    session.flush()
    version: int = session.execute(_NEXT_VERSION, {"item_id": item.id, "now": now}).scalar_one()
    set_committed_value(item, "version", version)
    set_committed_value(item, "updated_at", now)
    body = dict(payload or {}) | {"version": version}
    happening = Happening(item.id, event, actor, occurred_at or now, reason, body)
    append_to(session, head_of(session, item.id), happening, now)  # counting up has locked the row
    signal_engine(session, item.id, now)
    return version
