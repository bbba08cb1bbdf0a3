"""One clock's nights: its due date, the day of each of its rungs, and what was fired and mailed."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
from pathlib import Path

from models import (
    Clock,
    ClockKind,
    RungFired,
    RungOutcome,
)

from .ledger import (
    World,
)

#: Tuesday 2026-06-30; reminded on 06-15 and 06-25, urged 07-01, supervised 07-08, circulated 07-15, summoned 07-29.
DUE = dt.date(2026, 6, 30)
RUNGS = {
    "remind_10": dt.date(2026, 6, 15),
    "remind_3": dt.date(2026, 6, 25),
    "urge_1": dt.date(2026, 7, 1),
    "supervise_6": dt.date(2026, 7, 8),
    "circulate_11": dt.date(2026, 7, 15),
    "summon_21": dt.date(2026, 7, 29),
}


def mails(folder: Path) -> list[email.message.EmailMessage]:
    """Every mail of the folder, oldest name first."""
    found = []
    for file in sorted(folder.glob("*.eml")):
        message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        assert isinstance(message, email.message.EmailMessage)
        found.append(message)
    return found


def text_of(message: email.message.EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def fired(world: World, number: str = "1") -> list[tuple[str, dt.date, dt.date]]:
    """Rungs of an item's limit clocks that sent something: key, due day, day fired; in the order of firing."""
    clocks = [c.id for c in world.of(Clock, number) if c.kind is ClockKind.LIMIT]
    rows = world.all(RungFired, RungFired.clock_id.in_(clocks), RungFired.outcome == RungOutcome.NOTICED)
    return [(r.rung, r.due_on, r.fired_on) for r in rows]


class Stopped(Exception):
    """The machine goes off."""


def stop_after(phase: str) -> object:
    def progress(now: str, done: int, of: int) -> None:
        if now == phase:
            raise Stopped

    return progress
