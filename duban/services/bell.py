"""Whether anything was written into the ledger since the last look: an engine at rest asks that, and nothing more.

SQLite counts what other connections commit, in its own header: a look at the number costs microseconds and no lock.
PostgreSQL tells whoever listens, from a trigger on the signals. Where it cannot be heard (a connection was lost, a
pooler stands between) it is asked as often as SQLite is.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from duban.adapters.database import Database
from duban.adapters.listening import Listener, NotHeard

CHANNEL = "ledger_signal"
LOOK_EVERY = 0.3  # seconds between two looks where nothing tells
#: Even where nothing was written: claims run out and postponed signals come due with time alone.
AT_LEAST_EVERY = 1.0  # seconds
LISTEN_AGAIN = 5.0  # seconds between two attempts to listen


class Bell:
    """For one thread; it keeps a connection of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rang_at = 0.0

    @property
    def pause(self) -> float:
        """Seconds that one may sleep between two questions."""
        return LOOK_EVERY

    @property
    def deaf(self) -> bool:
        """Whether `listen` is to be called: it takes a while, and is not for an event loop."""
        return False

    def listen(self) -> None:
        """Opens the connection that is told. Raises NotHeard; the bell can be asked nonetheless."""

    def fileno(self) -> int | None:
        """What becomes readable when it may ring; None where one has to ask."""
        return None

    def rings(self) -> bool:
        """Whether to look. It never blocks, and is true as well where the last time was a second ago."""
        due = time.monotonic() - self._rang_at >= AT_LEAST_EVERY
        if not self._was_written() and not due:
            return False
        self._rang_at = time.monotonic()
        return True

    def close(self) -> None:
        """Gives the connection back."""

    def _was_written(self) -> bool:
        raise NotImplementedError


def bell_of(database: Database) -> Bell:
    """The bell of a ledger."""
    return _Counted(database) if database.is_sqlite else _Told(database)


class _Counted(Bell):
    """SQLite's: the number of what other connections committed."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._connection: Any = None
        self._seen: int | None = None

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(SQLAlchemyError, sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _was_written(self) -> bool:
        try:
            if self._connection is None:
                self._connection = self._database.engine.raw_connection()
            seen = int(self._connection.cursor().execute("PRAGMA data_version").fetchone()[0])
        except (SQLAlchemyError, sqlite3.Error):  # the look itself will say what is wrong
            self.close()
            return True
        before, self._seen = self._seen, seen
        return seen != before


class _Told(Bell):
    """PostgreSQL's: what a trigger tells, as long as it is heard."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._listener: Listener | None = None
        self._tried_at: float | None = None

    @property
    def pause(self) -> float:
        return LOOK_EVERY if self._listener is None else AT_LEAST_EVERY

    @property
    def deaf(self) -> bool:
        tried = self._tried_at is not None and time.monotonic() - self._tried_at < LISTEN_AGAIN
        return self._listener is None and not tried

    def listen(self) -> None:
        self._tried_at = time.monotonic()
        self._listener = Listener.open(self._database, CHANNEL)
        self._rang_at = 0.0  # whatever was told while nobody listened

    def fileno(self) -> int | None:
        return None if self._listener is None else self._listener.fileno()

    def close(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _was_written(self) -> bool:
        if self._listener is None:
            return True
        try:
            return self._listener.heard()
        except ConnectionError:
            self.close()
            self._tried_at = None  # at once: a server that restarts takes a second
            return True


__all__ = ["AT_LEAST_EVERY", "CHANNEL", "LOOK_EVERY", "Bell", "NotHeard", "bell_of"]
