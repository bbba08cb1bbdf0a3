"""The event log read in the order of writing: every chain from its first event, every anchor as it was set.

It makes no difference where the log is read from, a ledger or an export; nor where the marks that it is held against
were kept (`Mark`), as long as it was somewhere else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from duban.domain.events import Sealed, anchor_hash, chain_hash
from models import Event

FIELDS = tuple(Sealed.__dataclass_fields__)


@dataclass(slots=True)
class Verified:
    """What was looked at, and every place where it does not hold, in the order of the log."""

    events: int = 0
    items: int = 0
    anchors: int = 0
    files: int = 0
    marks: int = 0
    last_anchor_on: dt.date | None = None
    last_mark_at: dt.datetime | None = None
    defects: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the log is whole and nobody changed it."""
        return not self.defects


@dataclass(frozen=True, slots=True)
class Anchored:
    """An anchor: all events up to one, and a hash over the heads of the chains that had grown since the one before.

    `others` are heads of chains that the log itself does not show (an export of one plan): with the number of events
    of such chains since the anchor before.
    """

    as_of: dt.date
    last_event_id: int
    events: int
    hash: str
    others: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    other_events: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """What somebody elsewhere saw of the log: that an item's event of this number had this seal.

    With `item_id` 0 the seal is an anchor's, and the number that of its last event.
    """

    item_id: int
    seq: int
    hash: str
    at: dt.datetime | None
    by: str


@dataclass(slots=True)
class Head:
    """Where a chain ends."""

    seq: int = 0
    hash: str = ""
    state: str | None = None
    version: int | None = None


class LogWalk:
    """One reading of a log, event by event and anchor by anchor."""

    def __init__(self, found: Verified, marks: Iterable[Mark] = ()) -> None:
        self.found = found
        self.heads: dict[int, Head] = {}
        self.files: dict[tuple[int, str], tuple[str, int]] = {}  # by item and SHA-256: name and size as handed in
        self._grown: set[int] = set()  # chains with events since the last anchor
        self._anchored = ""  # that anchor's hash
        self._elsewhere = 0  # events of chains that this log does not show
        self._marks: dict[tuple[int, int | str], list[Mark]] = {}
        for mark in marks:
            # Two anchors may end at the same event, where a night brought none.
            self._marks.setdefault((mark.item_id, mark.seq if mark.item_id else mark.hash), []).append(mark)
            found.marks += 1
            found.last_mark_at = max(filter(None, (found.last_mark_at, mark.at)), default=None)

    def take(self, event: Sealed, seal: str) -> None:
        """The next event: its number, what it is sealed onto, its own seal."""
        head = self.heads.setdefault(event.item_id, Head())
        place = f"item {event.item_id}, event {event.seq} ({event.type})"
        if event.seq != head.seq + 1:
            self.found.defects.append(f"{place}: number {head.seq + 1} is missing before it")
        if event.previous_hash != head.hash:
            self.found.defects.append(f"{place}: it is not sealed onto the event before it")
        if chain_hash(event) != seal:
            self.found.defects.append(f"{place}: its content was changed after it was sealed")
        for mark in self._marks.pop((event.item_id, event.seq), ()):
            if mark.hash != seal:
                self.found.defects.append(f"{place}: it is another one than stood here {_seen(mark)}")
        head.seq, head.hash = event.seq, seal
        head.state = event.payload.get("to") or event.payload.get("state") or head.state
        head.version = event.payload.get("version") or head.version
        self._grown.add(event.item_id)
        if event.type == "evidence.handed_in":
            payload = event.payload
            self.files[event.item_id, payload["sha256"]] = (payload["filename"], payload["size"])
        self.found.events += 1

    def check(self, anchor: Anchored) -> None:
        """Whether everything up to an anchor still gives the hash that was taken then."""
        heads = {item_id: (self.heads[item_id].seq, self.heads[item_id].hash) for item_id in self._grown}
        together = sorted((heads | dict(anchor.others)).items())
        self._elsewhere += anchor.other_events
        place = f"anchor of {anchor.as_of} over {anchor.events} events"
        there = self.found.events + self._elsewhere
        if anchor.events != there:
            self.found.defects.append(f"{place}: there are {there} now")
        elif anchor.hash != anchor_hash(((i, seq, seal) for i, (seq, seal) in together), self._anchored):
            self.found.defects.append(f"{place}: the chains no longer end as they did then")
        self._marks.pop((0, anchor.hash), None)
        self._grown, self._anchored = set(), anchor.hash
        self.found.anchors += 1
        self.found.last_anchor_on = anchor.as_of

    def end(self) -> None:
        """The log is read: whatever was seen elsewhere and has not come up is gone."""
        last: dict[int, Mark] = {}
        for mark in (m for marks in self._marks.values() for m in marks):
            if mark.item_id not in last or last[mark.item_id].seq < mark.seq:
                last[mark.item_id] = mark
        for item_id, mark in sorted(last.items()):
            what = f"item {item_id}: its event {mark.seq}" if item_id else f"the anchor over event {mark.seq}"
            self.found.defects.append(
                f"{what} stood here {_seen(mark)}, and is gone: the log was cut, or the ledger is an older copy"
            )
        self.found.items = len(self.heads)


def _seen(mark: Mark) -> str:
    return f"at {mark.at:%Y-%m-%d %H:%M} UTC ({mark.by})" if mark.at else f"before ({mark.by})"


def sealed(event: Event) -> Sealed:
    """The part of an event that its hash covers."""
    return Sealed(**{name: getattr(event, name) for name in FIELDS})
