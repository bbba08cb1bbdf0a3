"""Appending to the event log: the next number and hash of an item's chain, in the caller's transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, bindparam, func, insert, literal_column, select
from sqlalchemy.orm import Session

from duban.domain.actors import Actor
from duban.domain.events import Sealed, chain_hash
from models import Base, Event, Item

_EVENT = Base.metadata.tables["event"]
_INSERT = insert(_EVENT).inline()
_HEAD = (
    select(_EVENT.c.seq, _EVENT.c.hash)
    .where(_EVENT.c.item_id == bindparam("item_id", type_=BigInteger))
    .order_by(_EVENT.c.seq.desc())
    .limit(literal_column("1", BigInteger))
)


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to one item; `occurred_at` may lie before it was recorded."""

    item_id: int
    type: str
    actor: Actor
    occurred_at: dt.datetime
    reason: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)


def append(session: Session, happening: Happening, now: dt.datetime) -> None:
    """Writes one event; the row's unique (item, seq) refuses a second writer that raced this one."""
    lock_items(session, {happening.item_id})
    append_to(session, head_of(session, happening.item_id), happening, now)


def append_to(session: Session, head: tuple[int, str], happening: Happening, now: dt.datetime) -> None:
    """`append` for who holds the item's row, and has read the head of its chain since: its last number and hash."""
    session.flush()
    session.execute(_INSERT, _sealed(happening, head, now))


def head_of(session: Session, item_id: int) -> tuple[int, str]:
    """Last number and hash of an item's chain; (0, "") where nothing has happened yet."""
    row = session.execute(_HEAD, {"item_id": item_id}).first()
    return (row.seq, row.hash) if row is not None else (0, "")


def append_all(session: Session, happenings: Sequence[Happening], now: dt.datetime) -> None:
    """Writes events of many items in one statement, each sealed onto the head of its item's chain."""
    lock_items(session, {h.item_id for h in happenings})
    heads = _heads(session, {h.item_id for h in happenings})
    rows = []
    for happening in happenings:
        row = _sealed(happening, heads.get(happening.item_id, (0, "")), now)
        heads[happening.item_id] = (row["seq"], row["hash"])
        rows.append(row)
    if rows:
        session.execute(insert(Event), rows)


def _sealed(happening: Happening, head: tuple[int, str], now: dt.datetime) -> dict[str, Any]:
    """The row of an event, sealed onto the head of its item's chain."""
    seq, previous = head
    sealed = Sealed(
        item_id=happening.item_id,
        seq=seq + 1,
        type=happening.type,
        actor=happening.actor.name,
        source=happening.actor.source,
        occurred_at=happening.occurred_at,
        recorded_at=now,
        reason=happening.reason,
        payload=dict(happening.payload),
        previous_hash=previous,
    )
    return {f: getattr(sealed, f) for f in Sealed.__dataclass_fields__} | {"hash": chain_hash(sealed)}


def lock_items(session: Session, item_ids: set[int]) -> None:
    """Keeps others from these items until this transaction ends: two would take the same number in a chain.

    Always in the order of the ids, so that two cannot lock each other out. On SQLite a writer is alone anyway.
    """
    if session.get_bind().dialect.name == "sqlite":
        return
    ids = sorted(item_ids)
    for start in range(0, len(ids), 500):
        part = select(Item.id).where(Item.id.in_(ids[start : start + 500])).order_by(Item.id)
        session.execute(part.with_for_update(key_share=True)).all()


def _heads(session: Session, item_ids: set[int]) -> dict[int, tuple[int, str]]:
    """Last number and hash of each chain; 500 ids a statement, which both databases take."""
    found: dict[int, tuple[int, str]] = {}
    ids = sorted(item_ids)
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        last = (
            select(Event.item_id, func.max(Event.seq).label("seq"))
            .where(Event.item_id.in_(part))
            .group_by(Event.item_id)
            .subquery()
        )
        rows = session.execute(
            select(Event.item_id, Event.seq, Event.hash).join(
                last, (Event.item_id == last.c.item_id) & (Event.seq == last.c.seq)
            )
        )
        found.update({item_id: (seq, head) for item_id, seq, head in rows})
    return found
