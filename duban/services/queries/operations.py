"""What operations look at: the age of the last night, the outbox, signals, and the stream of events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.services.queries.item import view
from duban.services.queries.lights import overdue
from duban.services.queries.scope import WHOLE, Scope, visible
from duban.services.queries.shapes import EventView
from duban.services.rules import AUTHORITY_ZONE
from models import SETTLED, Delivery, DeliveryStatus, Event, Item, Night, NightState, Notice, Signal

#: An event may commit after one with a higher id; so long the stream looks back for such.
LATE = dt.timedelta(seconds=10)
#: So many nights back a whole one is looked for: most often the first is one.
LOOK_BACK = 100


@dataclass(frozen=True, slots=True)
class NightView:
    """A night, and what it counted."""

    as_of: dt.date
    state: NightState
    started_at: dt.datetime
    finished_at: dt.datetime | None
    counts: dict[str, object]


def whole_nights(
    session: Session, *, until: dt.date, states: Collection[NightState] = tuple(NightState)
) -> Iterator[Night]:
    """Nights of all plans up to a day, the latest first.

    A night of some plans only did not do what the others were owed; one of a later day says nothing of this one.
    """
    query = select(Night).where(Night.as_of <= until, Night.state.in_(states)).order_by(Night.as_of.desc())
    return (night for night in session.scalars(query.limit(LOOK_BACK)) if night.counts.get("only") is None)


def last_night(database: Database, *, successful: bool, until: dt.date) -> NightView | None:
    """The newest whole night up to a day, or the newest that succeeded; None before the first one."""
    states = (NightState.COMPLETED,) if successful else tuple(NightState)
    with database.read() as session:
        night = next(whole_nights(session, until=until, states=states), None)
        return view(NightView, night) if night is not None else None


def figures(database: Database, *, as_of: dt.date, now: dt.datetime) -> tuple[dict[str, int], dict[str, float]]:
    """Items by state, and the ledger's other figures, by name."""
    with database.read() as session:
        by_state = select(Item.state, func.count()).where(~Item.dropped).group_by(Item.state)
        states = {state.value: count for state, count in session.execute(by_state).tuples()}
        by_status = select(Delivery.status, func.count()).group_by(Delivery.status)
        mails = dict(session.execute(by_status).tuples().all())
        found: dict[str, float] = {
            "items_overdue": session.scalar(select(func.count()).where(overdue(as_of))) or 0,
            "items_quarantined": session.scalar(select(func.count()).where(Item.quarantined, ~Item.dropped)) or 0,
            "notices": session.scalar(select(func.count(Notice.id))) or 0,
            "signals_open": session.scalar(select(func.count()).where(Signal.delivered_at.is_(None))) or 0,
            "deliveries_open": sum(n for s, n in mails.items() if s not in SETTLED),
        }
    found |= {f"deliveries_{s.value}": mails.get(s, 0) for s in DeliveryStatus}
    night = last_night(database, successful=True, until=as_of)
    if night is not None and night.finished_at is not None:
        found["last_night_age_seconds"] = (now - night.finished_at).total_seconds()
    return states, found


def last_event(database: Database) -> int:
    """The highest id of an event; 0 in an empty ledger."""
    with database.read() as session:
        return session.scalar(select(func.max(Event.id))) or 0


def events_after(database: Database, *, scope: Scope, after: int, limit: int = 500) -> tuple[EventView, ...]:
    """Events with an id above `after`, oldest first, of the items that a scope may see."""
    query = select(Event).where(Event.id > after).order_by(Event.id).limit(limit)
    if not scope.everything:
        query = query.where(Event.item_id.in_(select(Item.id).where(visible(scope))))
    with database.read() as session:
        return tuple(view(EventView, e) for e in session.scalars(query))


@dataclass(frozen=True, slots=True)
class Recent:
    """An event, and the item that it happened to."""

    event: EventView
    number: str
    title: str


def recent_events(
    database: Database, *, scope: Scope = WHOLE, limit: int = 20, until: dt.date | None = None
) -> tuple[Recent, ...]:
    """The newest events, newest first; with `until`, of what happened by the end of that day."""
    query = select(Event, Item.number, Item.title).join(Item, Item.id == Event.item_id)
    if until is not None:
        query = query.where(Event.occurred_at < dt.datetime.combine(until, dt.time.max, AUTHORITY_ZONE))
    query = query.order_by(Event.id.desc()).limit(limit)
    if not scope.everything:
        query = query.where(visible(scope))
    with database.read() as session:
        return tuple(Recent(view(EventView, e), n, t) for e, n, t in session.execute(query).tuples())
