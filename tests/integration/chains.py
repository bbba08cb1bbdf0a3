"""The event log read again from nothing: what its chains say about the rows that stand."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import select

from duban.adapters.database import Database
from duban.domain.events import Sealed, chain_hash
from models import Event


def chains(database: Database) -> dict[int, list[Event]]:
    """All events by item, in order."""
    found: dict[int, list[Event]] = defaultdict(list)
    with database.read() as session:
        for event in session.scalars(select(Event).order_by(Event.item_id, Event.seq)):
            found[event.item_id].append(event)
    return found


def broken_chains(database: Database) -> list[str]:
    """Each place where a number is missing or a seal does not fit; computed here, not by the product's own check."""
    wrong = []
    for item_id, events in chains(database).items():
        previous = ""
        for n, event in enumerate(events, start=1):
            sealed = Sealed(**{name: getattr(event, name) for name in Sealed.__dataclass_fields__})
            if event.seq != n or event.previous_hash != previous or event.hash != chain_hash(sealed):
                wrong.append(f"item {item_id} event {event.seq} ({event.type})")
            previous = event.hash
    return wrong
