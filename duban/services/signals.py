"""The outbox to the engine: signals are claimed with a deadline, and delivered when the run shows what stands.

A claim that is not settled (the engine died) is open again after its deadline. Any number of engines may claim at the
same time: an item is never claimed by two of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.orm import aliased

from duban.adapters.database import Database
from duban.domain.lifecycle import State
from models import Item, Signal

CLAIM = dt.timedelta(seconds=12)  # a run takes a fraction of a second; past this its engine is gone
SLOWEST = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Claim:
    """An item whose run must look at the ledger, and the last signal that asked for it."""

    item_id: int
    flow_run_id: str | None
    asleep: bool  # quarantined or dropped: nothing runs for it
    last_signal: int
    attempts: int


def claim(database: Database, *, now: dt.datetime, limit: int, exclude: Collection[int] = ()) -> list[Claim]:
    """Claims at most `limit` items with open signals, oldest first, leaving out those that the caller works on."""
    if not waiting(database, now):  # a look costs a reader a fraction of what a writer's lock costs everybody
        return []
    other = aliased(Signal)
    held = exists().where(other.item_id == Signal.item_id, other.delivered_at.is_(None), other.claimed_until > now)
    open_items = (
        select(Signal.item_id)
        .where(_due(now), ~held, Signal.item_id.not_in(exclude))
        .group_by(Signal.item_id)
        .order_by(func.min(Signal.id))
        .limit(limit)
    )
    with database.write() as session:
        # The item's row is the lock: two engines that see the same open signals take different items.
        rows = session.execute(
            select(Item.id, Item.flow_run_id, Item.quarantined, Item.dropped, Item.state)
            .where(Item.id.in_(open_items.scalar_subquery()))
            .with_for_update(skip_locked=True)
        ).all()
        items = {row.id: row for row in rows}
        taken = session.execute(
            update(Signal)
            .where(Signal.item_id.in_(items), Signal.delivered_at.is_(None), ~_held_now(now))
            .values(claimed_until=now + CLAIM, attempts=Signal.attempts + 1)
            .returning(Signal.item_id, Signal.id, Signal.attempts)
            .execution_options(synchronize_session=False)
        ).all()
    found: dict[int, Claim] = {}
    for item_id, signal_id, attempts in sorted(taken, key=lambda row: row[1]):
        item = items[item_id]
        # The run of an item that went with its whole plan shows its end; one that never had a run gets none.
        over = item.state is State.CLOSED and item.flow_run_id is not None
        asleep = item.quarantined or (item.dropped and not over)
        found[item_id] = Claim(item_id, item.flow_run_id, asleep, signal_id, attempts)
    return list(found.values())


def waiting(database: Database, now: dt.datetime) -> bool:
    """Whether any signal is open and not claimed."""
    with database.read() as session:
        return session.scalar(select(Signal.id).where(_due(now)).limit(1)) is not None


def backlog(database: Database) -> int:
    """How many signals are not delivered yet."""
    with database.read() as session:
        return session.scalar(select(func.count()).where(Signal.delivered_at.is_(None))) or 0


def lay_down(database: Database, item_id: int, last_signal: int, now: dt.datetime) -> None:
    """Settles the signals of an item for which nothing runs; resolving its doubts sends a new one."""
    with database.write() as session:
        session.execute(
            update(Signal)
            .where(Signal.item_id == item_id, Signal.id <= last_signal, Signal.delivered_at.is_(None))
            .values(delivered_at=now, claimed_until=None, error=None)
        )


def settle_all(database: Database, item_ids: Collection[int], now: dt.datetime) -> None:
    """Settles every signal of these items: their runs show what stands without being woken."""
    with database.write() as session:
        session.execute(
            update(Signal)
            .where(Signal.item_id.in_(item_ids), Signal.delivered_at.is_(None))
            .values(delivered_at=now, claimed_until=None, error=None)
        )


def postpone(database: Database, *, item_id: int, now: dt.datetime, attempts: int, error: str) -> None:
    """Gives a claim back, to be taken again after 1 s, doubling to a minute; the reason is kept."""
    pause = min(dt.timedelta(seconds=2 ** min(max(attempts - 1, 0), 6)), SLOWEST)
    _open_again(database, item_id, now + pause, error[:1000])


def release(database: Database, *, item_id: int, now: dt.datetime) -> None:
    """Gives a claim back at once: the engine stops before it came to it."""
    _open_again(database, item_id, now, None)


def queue(database: Database, item_ids: Collection[int], now: dt.datetime) -> int:
    """Asks the engine to look at these items again; those with an open signal are left as they are."""
    if not item_ids:
        return 0
    with database.write() as session:
        asked = set(
            session.scalars(select(Signal.item_id).where(Signal.item_id.in_(item_ids), Signal.delivered_at.is_(None)))
        )
        new = [Signal(item_id=item_id, created_at=now) for item_id in item_ids if item_id not in asked]
        session.add_all(new)
    return len(new)


def _open_again(database: Database, item_id: int, until: dt.datetime, error: str | None) -> None:
    with database.write() as session:
        session.execute(
            update(Signal)
            .where(Signal.item_id == item_id, Signal.delivered_at.is_(None))
            .values(claimed_until=until, error=error)
        )


def _due(now: dt.datetime) -> ColumnElement[bool]:
    return Signal.delivered_at.is_(None) & or_(Signal.claimed_until.is_(None), Signal.claimed_until <= now)


def _held_now(now: dt.datetime) -> ColumnElement[bool]:
    return Signal.claimed_until.is_not(None) & (Signal.claimed_until > now)
