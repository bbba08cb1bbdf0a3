"""Whether anything was written into the ledger since the last look: an engine at rest asks that, and nothing more.

SQLite counts what other connections commit, in its own header: a look at the number costs microseconds and no lock.
PostgreSQL has no such number, so there it always rings, and the look itself is one short statement.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from duban.adapters.database import Database

#: Even where nothing was written: claims run out and postponed signals come due with time alone.
AT_LEAST_EVERY = 1.0  # seconds


class Bell:
    """For one thread; it keeps a connection of its own on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Any = None
        self._seen: int | None = None
        self._rang_at = 0.0

    def rings(self) -> bool:
        """Whether to look: true as well where the last time was a second ago."""
        if not self._database.is_sqlite:
            return True
        try:
            seen = self._data_version()
        except (SQLAlchemyError, sqlite3.Error):  # the look itself will say what is wrong
            self.close()
            return True
        due = time.monotonic() - self._rang_at >= AT_LEAST_EVERY
        if seen == self._seen and not due:
            return False
        self._seen, self._rang_at = seen, time.monotonic()
        return True

    def close(self) -> None:
        """Gives the connection back."""
        if self._connection is not None:
            with contextlib.suppress(SQLAlchemyError, sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _data_version(self) -> int:
        if self._connection is None:
            self._connection = self._database.engine.raw_connection()
        return int(self._connection.cursor().execute("PRAGMA data_version").fetchone()[0])
