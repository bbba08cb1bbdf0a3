"""The witness: what the event log looked like from outside, noted again and again in files beside the database.

Seals show that nobody changed what stands in the log. That something stood there and is gone — the newest events cut
off, the whole database replaced by an older copy — shows only against what was noted elsewhere. Every half minute a
serving process appends where each chain ends that has grown, and each new anchor; `duban audit verify` holds the ledger
against all of it. The farther away the folder lies from whoever runs the database, the more it is worth.

One process at a time writes (it holds a lock on the folder); where it has got to stands in the folder itself.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import func, select

from duban.adapters.database import Database
from duban.errors import DubanError
from duban.services.audit_log import Mark
from models import Anchor, Event

#: An event may commit after one with a higher id; so long the witness looks back for such.
LATE = dt.timedelta(minutes=5)
POSITION, LOCK = "position", "lock"
_MOST = 20_000  # events that one look takes


class WitnessUnreadable(DubanError):
    """The witness {file} cannot be read: {reason}.

    Give the folder that DUBAN_WITNESS_DIR names, or a copy of it, unchanged.
    """

    code = "witness_unreadable"
    status = 422
    exit_code = 2


@dataclass(frozen=True, slots=True)
class Position:
    """How far the witness has seen: every event up to `floor`, those of `seen` above it, anchors up to `anchor`."""

    floor: int = 0
    seen: frozenset[int] = frozenset()
    anchor: int = 0


@dataclass(frozen=True, slots=True)
class Witness:
    """A folder of notes, a file a month, each line one mark."""

    root: Path

    def look(self, database: Database, now: dt.datetime) -> int:
        """Notes what is new in the log; returns how many marks. 0 too where another process is at it.

        Raises OSError where the folder cannot be written.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._alone() as mine:
            if not mine:
                return 0
            position = self._position()
            lines, reached = _new_marks(database, position, now)
            if lines:
                self._append(lines, now)
            if reached != position:
                self._keep(reached)
            return len(lines)

    def marks(self) -> Iterator[Mark]:
        """Everything noted, oldest file first. Raises WitnessUnreadable for a line that nobody here wrote."""
        for path in sorted(self.root.glob("witness-*.jsonl")):
            try:
                lines = path.read_text(encoding="utf-8").split("\n")
            except (OSError, UnicodeDecodeError) as error:
                raise WitnessUnreadable(file=path, reason=str(error)) from None
            for n, line in enumerate(lines[:-1], start=1):  # what follows the last line end was cut off by a crash
                try:
                    yield _mark(json.loads(line), path.name)
                except (ValueError, KeyError, TypeError) as error:
                    raise WitnessUnreadable(file=path, reason=f"line {n}: {error}") from None

    def begin_anew(self, now: dt.datetime) -> int:
        """Puts the notes aside after a restore that was meant; returns how many files. Nothing is deleted."""
        aside = self.root / f"until-{now:%Y%m%dT%H%M%SZ}"
        paths = [*sorted(self.root.glob("witness-*.jsonl")), *self.root.glob(POSITION)]
        for path in paths:
            aside.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.replace(aside / path.name)
        return len(paths)

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        with (self.root / LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
                return
            yield True

    def _position(self) -> Position:
        try:
            kept = json.loads((self.root / POSITION).read_text(encoding="utf-8"))
            return Position(int(kept["floor"]), frozenset(map(int, kept["seen"])), int(kept["anchor"]))
        except (OSError, ValueError, KeyError, TypeError):
            return Position()  # noted once more from the start: the same marks again harm nothing

    def _append(self, lines: Iterable[str], now: dt.datetime) -> None:
        path = self.root / f"witness-{now:%Y-%m}.jsonl"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "a+b") as file:
            whole = _whole_lines(file)
            file.truncate(whole)  # what a crash left of a line
            file.write("".join(f"{line}\n" for line in lines).encode())
            file.flush()
            os.fsync(file.fileno())

    def _keep(self, position: Position) -> None:
        arriving = self.root / f"{POSITION}.new"
        kept = {"floor": position.floor, "seen": sorted(position.seen), "anchor": position.anchor}
        arriving.write_text(json.dumps(kept), encoding="utf-8")
        arriving.replace(self.root / POSITION)


def _new_marks(database: Database, position: Position, now: dt.datetime) -> tuple[list[str], Position]:
    """A line for the end of each chain that has grown, and for each new anchor; and how far they reach."""
    query = select(Event.id, Event.item_id, Event.seq, Event.hash, Event.recorded_at).order_by(Event.id)
    with database.read() as session:
        newest = session.scalar(select(func.max(Event.id))) or 0
        floor = position.floor if newest >= position.floor else 0  # another database: everything in it is new
        rows = session.execute(query.where(Event.id > floor).limit(_MOST)).all()
        anchors = session.scalars(select(Anchor).where(Anchor.id > position.anchor).order_by(Anchor.id)).all()
    at = now.astimezone(dt.UTC).isoformat(timespec="seconds")
    ends = {row.item_id: row for row in rows if row.id not in position.seen}
    lines = [json.dumps({"at": at, "item": r.item_id, "seq": r.seq, "hash": r.hash}) for r in ends.values()]
    lines += [
        json.dumps({"at": at, "anchor": a.as_of.isoformat(), "last_event_id": a.last_event_id, "hash": a.hash})
        for a in anchors
    ]
    full = len(rows) == _MOST
    settled = max((r.id for r in rows if full or now - r.recorded_at > LATE), default=floor)
    seen = frozenset(r.id for r in rows if r.id > settled)
    return lines, Position(settled, seen, max((a.id for a in anchors), default=position.anchor))


def _whole_lines(file: IO[bytes]) -> int:
    """So many bytes of a file are whole lines."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - 4096))
    tail = file.read()
    return end - (len(tail) - (tail.rfind(b"\n") + 1))


def _mark(row: dict[str, object], by: str) -> Mark:
    at = dt.datetime.fromisoformat(str(row["at"]))
    if "anchor" in row:
        return Mark(0, int(str(row["last_event_id"])), str(row["hash"]), at, by)
    return Mark(int(str(row["item"])), int(str(row["seq"])), str(row["hash"]), at, by)
