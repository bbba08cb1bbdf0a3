"""The log of refusals: who was turned away from what, from where and why.

Every refusal has its line in the access log. A flood of one kind from one client has its first lines, and from then on
a line now and then that says how many were like it: whoever knocks without end fills no disk, and hides nothing else.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from duban.adapters.database import Database
from duban.api.buckets import Limiter
from duban.services.sign_in import log_access

#: Lines of one kind from one client: at once, and then a minute.
LINES_AT_ONCE, LINES_A_MINUTE = 30, 10
#: What was left out is written down so often at the latest, as long as somebody asks for something.
TOLD_EVERY = 60.0
_MOST_KINDS = 10_000
_log = logging.getLogger("duban.refusals")


class Kind(NamedTuple):
    """Refusals that are alike: of the same person, from the same place, with the same code."""

    actor: str
    address: str
    code: str


class RefusalLog:
    """What of a flood is written down, and how much was left out. Each process has its own."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lines = Limiter(LINES_A_MINUTE, LINES_AT_ONCE, clock)
        self._left_out: dict[Kind, int] = {}
        self._lock = threading.Lock()
        self._clock = clock
        self._told_at = clock()

    def write(self, database: Database, kind: Kind, *, action: str, why: str, now: dt.datetime) -> None:
        """One line, or one more that is left out; never an error of its own, since the refusal is to be answered."""
        if self._lines.take("\n".join(kind)):
            self.leave_out(kind)
            return
        with self._lock:
            before = self._left_out.pop(kind, 0)
        more = f" ({before} more like it before)" if before else ""
        _write(database, kind, action=action, detail=f"{why}{more}", now=now)

    def leave_out(self, kind: Kind) -> None:
        """Counts one that gets no line of its own."""
        with self._lock:
            if kind not in self._left_out and len(self._left_out) >= _MOST_KINDS:
                kind = Kind("-", "many", kind.code)
            self._left_out[kind] = self._left_out.get(kind, 0) + 1

    @property
    def is_due(self) -> bool:
        """Whether counts have waited long enough to be written down."""
        return bool(self._left_out) and self._clock() - self._told_at >= TOLD_EVERY

    def tell(self, database: Database, now: dt.datetime) -> None:
        """Writes down what was left out, a line for each kind."""
        with self._lock:
            waiting, self._left_out = self._left_out, {}
            self._told_at = self._clock()
        for kind, count in waiting.items():
            _write(database, kind, action="refused again", detail=f"{count} more like it", now=now)


def _write(database: Database, kind: Kind, *, action: str, detail: str, now: dt.datetime) -> None:
    try:
        log_access(
            database,
            actor=kind.actor,
            action=action,
            outcome=kind.code,
            address=kind.address,
            now=now,
            detail=detail,
        )
    except SQLAlchemyError as error:  # the ledger is away: it is said here, and the answer goes out all the same
        _log.warning("not in the access log (%s): %s %s %s", type(error).__name__, *kind)
