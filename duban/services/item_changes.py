"""The frame of every recorded change to an item that is no transition: who may, which version, what is left behind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from duban.domain.actors import Actor, relations
from duban.domain.lifecycle import RELATION_ZH, Relation, State
from duban.errors import Forbidden, NotFound, Quarantined, StaleVersion, TransitionRefused
from duban.services.event_log import Happening, append
from duban.services.item_facts import Standing, standing_of
from models import Item, Signal

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
    item = session.get(Item, item_id, with_for_update=True)
    if item is None:
        raise NotFound(what="item", key=item_id)
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
    version = session.execute(
        update(Item).where(Item.id == item.id).values(version=Item.version + 1, updated_at=now).returning(Item.version)
    ).scalar_one()
    session.refresh(item)
    body = dict(payload or {}) | {"version": version}
    append(session, Happening(item.id, event, actor, occurred_at or now, reason, body), now)
    session.add(Signal(item_id=item.id, created_at=now))
    session.flush()
    return version
