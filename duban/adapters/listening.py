"""Being told by PostgreSQL that something was written: LISTEN on a connection of its own.

What tells is a trigger, in the transaction that writes. A connection through a pooler that hands out a server's
connection for one transaction hears nothing: `Listener.open` finds that out.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from duban.adapters.database import Database
from duban.errors import DubanError

if TYPE_CHECKING:
    import psycopg

OPEN_WITHIN = 3  # seconds for the connection, and again for the trial
#: A peer that vanished without a word is found out by the kernel within half a minute.
KEEPALIVE: Mapping[str, Any] = {
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


class NotHeard(DubanError):
    """This connection does not hear what PostgreSQL tells on {channel}: {reason}.

    The engine asks every 0.3 seconds instead. Connect it to the server itself, or through a pooler in session mode.
    """

    code = "not_heard"
    status = 503


class Listener:
    """An open ear on one channel. For one thread at a time; close it when done."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    @classmethod
    def open(cls, database: Database, channel: str) -> Listener:
        """Connects, listens, and tries it with a word of its own. Raises NotHeard."""
        import psycopg

        engine = database.engine
        _, parameters = engine.dialect.create_connect_args(engine.url)
        try:
            connection = psycopg.connect(**parameters, **KEEPALIVE, connect_timeout=OPEN_WITHIN, autocommit=True)
        except psycopg.Error as error:
            raise NotHeard(channel=channel, reason=str(error).strip()) from None
        found = cls(connection)
        try:
            connection.execute(f"LISTEN {channel}")
            with engine.connect() as other:
                other.execute(text("SELECT pg_notify(:channel, '')"), {"channel": channel})
                other.commit()
            found._wait(channel)
        except Exception as error:
            found.close()
            raise NotHeard(channel=channel, reason=str(error).strip()) from None
        return found

    def _wait(self, channel: str) -> None:
        deadline = time.monotonic() + OPEN_WITHIN
        while not self.heard():
            if time.monotonic() > deadline:
                raise NotHeard(channel=channel, reason="a word of its own did not come back")
            time.sleep(0.01)

    def heard(self) -> bool:
        """Whether anything was told since the last call, without waiting. Raises ConnectionError where it is lost."""
        import psycopg

        try:
            self._connection.pgconn.consume_input()
        except psycopg.Error as error:
            raise ConnectionError(str(error).strip()) from None
        told = False
        while self._connection.pgconn.notifies() is not None:
            told = True
        return told

    def fileno(self) -> int:
        """What becomes readable when something is told, or the connection is lost."""
        return self._connection.fileno()

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()
