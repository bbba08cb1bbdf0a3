"""The ledger's database: short sessions on SQLite and PostgreSQL alike.

`Database.read()` and `Database.write()` give a session for one unit of work. On SQLite a writer begins with
BEGIN IMMEDIATE, so two writers queue instead of failing half way; foreign keys are on, the journal is a WAL.
"""

from __future__ import annotations

import select
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Executable, Row, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DisconnectionError, NoSuchModuleError
from sqlalchemy.orm import Session

from duban.adapters.guards import FUNCTION, WRITER
from duban.errors import WrongSetting

BUSY_TIMEOUT_MS = 30_000
PING_AFTER = 30.0  # seconds of rest after which a connection is asked whether it still stands


#: The transaction that `Database.whole` has begun here, with the engine that it is on.
_WHOLE: ContextVar[tuple[Engine | None, Session | None]] = ContextVar("_WHOLE", default=(None, None))


class Database:
    """One ledger. Open it once a process; sessions are for one unit of work each and never cross a send or a render."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = _normal(url)
        self.is_sqlite = self.url.startswith("sqlite")
        self.engine = _sqlite(self.url) if self.is_sqlite else _postgres(self.url, pool_size)
        self._looking = self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only reads: it ends without a commit, and what it loaded stays readable."""
        if (whole := self._whole_session()) is not None:
            yield whole
            return
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    def look(self, statement: Executable, values: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """The rows of one statement that only reads, without a transaction around it where there need be none."""
        if (whole := self._whole_session()) is not None:
            return whole.execute(statement, values).all()
        with self._looking.connect() as connection:
            return connection.execute(statement, values).all()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose work commits whole at the end, or not at all."""
        if (whole := self._whole_session()) is not None:
            with whole.begin_nested():
                yield whole
            return
        with Session(self.engine, expire_on_commit=False) as session:
            if self.is_sqlite:
                session.connection(execution_options={"duban_begin": "IMMEDIATE"})
            yield session
            session.commit()

    @contextmanager
    def whole(self) -> Iterator[Session]:
        """One transaction for all units of work that the block begins on this database, in this thread or task.

        Each of them runs under a savepoint: what one refuses is undone, and leaves the others as they are.
        """
        with self.write() as session:
            token = _WHOLE.set((self.engine, session))
            try:
                yield session
            finally:
                _WHOLE.reset(token)

    def _whole_session(self) -> Session | None:
        engine, session = _WHOLE.get()
        return session if engine is self.engine else None

    def dispose(self) -> None:
        """Closes all connections."""
        self.engine.dispose()


class OneTransaction(Database):
    """Use cases that each open a unit of work, made part of one transaction that the caller commits or rolls back.

    What one of them refuses is undone by the savepoint it runs under, and leaves the others as they are.
    """

    def __init__(self, database: Database, session: Session) -> None:
        self.url, self.is_sqlite, self.engine = database.url, database.is_sqlite, database.engine
        self._session = session

    def look(self, statement: Executable, values: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """The same within the caller's session."""
        return self._session.execute(statement, values).all()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """The caller's session."""
        yield self._session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """The caller's session under a savepoint."""
        with self._session.begin_nested():
            yield self._session


def _normal(url: str) -> str:
    """The URL with our drivers; raises WrongSetting for a database that duban does not run on."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise WrongSetting(
            name="DUBAN_DATABASE_URL",
            reason="it is no database URL",
            remedy="Give sqlite:///path/to/file.db or postgresql://user:password@host/name.",
        ) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        return parsed.render_as_string(hide_password=False)
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    raise WrongSetting(
        name="DUBAN_DATABASE_URL",
        reason=f"duban does not run on {backend}",
        remedy="Give sqlite:///path/to/file.db or postgresql://user:password@host/name.",
    )


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.create_function(FUNCTION, 0, lambda: 1, deterministic=True)
        connection.isolation_level = None  # we say BEGIN ourselves: the driver's own begins too late for IMMEDIATE
        cursor = connection.cursor()
        for pragma in (
            "foreign_keys=ON",
            "journal_mode=WAL",
            "synchronous=FULL",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        mode = connection.get_execution_options().get("duban_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def _postgres(url: str, pool_size: int) -> Engine:
    try:
        engine = create_engine(url, pool_size=pool_size, max_overflow=pool_size, connect_args=_as_duban(url))
    except (NoSuchModuleError, ModuleNotFoundError):
        raise WrongSetting(
            name="DUBAN_DATABASE_URL",
            reason="the PostgreSQL driver is not installed",
            remedy="Install the extra `postgres` (pip install 'duban[postgres]').",
        ) from None

    @event.listens_for(engine, "checkin")
    def _on_checkin(_connection: Any, record: Any) -> None:
        record.info["left_at"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _on_checkout(connection: Any, record: Any, _proxy: Any) -> None:
        # A ping for each unit of work would be a round trip more. A server that ended has closed its side, or said
        # why: then there is something to read on a connection that has asked for nothing.
        rested = time.monotonic() - record.info.get("left_at", 0.0) > PING_AFTER
        if connection.closed or ((rested or _has_something_to_read(connection)) and not _answers(connection)):
            raise DisconnectionError

    return engine


def _as_duban(url: str) -> dict[str, str]:
    """What a connection says of itself, beside what the URL's own `options` say."""
    own = make_url(url).query.get("options", "")
    return {"options": f"{own if isinstance(own, str) else ' '.join(own)} -c duban.writer={WRITER}".strip()}


def _has_something_to_read(connection: Any) -> bool:
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))


def _answers(connection: Any) -> bool:
    import psycopg

    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.Error:
        return False
    return True


def one_at_a_time(session: Session, what: str) -> None:
    """Waits until no other transaction does `what`, and keeps others waiting until this one ends.

    For what a row lock cannot hold because the row is not there yet. On SQLite a writer is alone anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:what))"), {"what": f"duban:{what}"})


def ping(database: Database) -> None:
    """Raises the driver's error where the database does not answer."""
    with database.read() as session:
        session.execute(text("SELECT 1"))
