"""How fast mails may leave, by the settings: the pace puts mails off to a later minute, and drops none.

What is sent too fast is refused by an office's mail server, or read by nobody. The plan is made from what has left
lately, whoever sent it, and made anew as time passes, since a slow server moves the rest of it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from sqlalchemy import Table, bindparam, select, text, update

from duban.adapters.database import Database
from duban.notices.throttle import Rate, Sending, Throttle, Waiting, schedule
from models import Delivery, DeliveryStatus

MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
#: A mail that may leave so soon is waited for; one that may leave later is left to the next pass over the outbox.
PATIENCE = dt.timedelta(minutes=2)

_TABLE = cast("Table", Delivery.__table__)
_OPEN = text("delivery.status IN ('queued', 'sending')")
_PUT_OFF = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("delivery"), _TABLE.c.status == DeliveryStatus.QUEUED)
    .values(not_before=bindparam("slot"))
)


def throttle_of(per_recipient_hour: int, per_minute: int) -> Throttle:
    """The limits that two settings name; 0 is no limit."""
    return Throttle(
        per_recipient=Rate(per_recipient_hour, HOUR) if per_recipient_hour else None,
        total=Rate(per_minute, MINUTE) if per_minute else None,
    )


class Pace:
    """The plan of one pass over the outbox: `spread` makes it, and makes it anew once it is stale."""

    def __init__(self, database: Database, throttle: Throttle, channel: str) -> None:
        self.database, self.throttle, self.channel = database, throttle, channel
        rates = [rate for rate in (throttle.per_recipient, throttle.total) if rate is not None]
        self._window = max((rate.per for rate in rates), default=None)
        self._stale_at: dt.datetime | None = None
        self._slots: list[dt.datetime] = []

    def spread(self, now: dt.datetime) -> None:
        """Gives each mail that is due a time from which it may leave. O(n log n) in the mails that are due."""
        if self._window is None or (self._stale_at is not None and now < self._stale_at):
            return
        # Within a minute no more leave than the plan allows, however late they do; after it, what did leave counts.
        self._stale_at = now + MINUTE
        queue, recent = self._queue(now), self._recent(now - self._window)
        slots = schedule(queue, recent, self.throttle, now)
        late: list[dict[str, Any]] = [
            {"delivery": slot.key, "slot": slot.not_before} for slot in slots if slot.not_before > now
        ]
        if late:
            with self.database.write() as session:
                session.connection().execute(_PUT_OFF, late)
        self._slots = sorted([*(s for s in self._slots if s > now), *(row["slot"] for row in late)])

    def put_off(self, now: dt.datetime) -> int:
        """How many mails wait for their time."""
        return sum(1 for slot in self._slots if slot > now)

    def came_due(self, now: dt.datetime) -> bool:
        """Whether the time of a mail that was put off has come since this was last asked."""
        before = len(self._slots)
        self._slots = [slot for slot in self._slots if slot > now]
        return len(self._slots) < before

    def next_after(self, now: dt.datetime) -> dt.datetime | None:
        """When the next mail that was put off may leave, if that is soon enough to wait for."""
        upcoming = next((slot for slot in self._slots if slot > now), None)
        return upcoming if upcoming is not None and upcoming - now <= PATIENCE else None

    def _queue(self, now: dt.datetime) -> list[Waiting]:
        query = (
            select(Delivery.id, Delivery.address)
            .where(_OPEN, Delivery.status == DeliveryStatus.QUEUED, Delivery.not_before <= now)
            .where(Delivery.channel == self.channel)
            .order_by(Delivery.not_before, Delivery.id)
        )
        with self.database.read() as session:
            return [Waiting(key, address) for key, address in session.execute(query).tuples()]

    def _recent(self, since: dt.datetime) -> list[Sending]:
        """What left lately, and what others are sending now."""
        sent = select(Delivery.address, Delivery.sent_at).where(Delivery.sent_at > since)
        leaving = select(Delivery.address, Delivery.not_before).where(_OPEN, Delivery.status == DeliveryStatus.SENDING)
        with self.database.read() as session:
            rows = [*session.execute(sent).tuples(), *session.execute(leaving).tuples()]
        return [Sending(address, at) for address, at in rows if at is not None]
