"""Migrating the ledger: `alembic` driven from code, on the database that is already open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from duban.adapters import guards
from duban.adapters.database import Database
from duban.errors import DubanError
from duban.settings import ROOT

if TYPE_CHECKING:
    from alembic.config import Config


class NotMigrated(DubanError):
    """The ledger is at revision {present}, this duban needs {needed}.

    Run `duban db upgrade`, after a backup (`duban backup` on SQLite, `pg_dump` on PostgreSQL).
    """

    code = "not_migrated"
    status = 503


def config() -> Config:
    """Alembic's configuration, from the checkout."""
    from alembic.config import Config

    return Config(ROOT / "alembic.ini")


def upgrade(database: Database, revision: str = "head") -> list[str]:
    """Brings the ledger to a revision; all migrations of one call are one transaction.

    Returns the guards that a ledger at its newest revision lacked: somebody had taken them away.
    """
    from alembic import command

    settings = config()
    with database.engine.begin() as connection:
        settings.attributes["connection"] = connection
        before = _revision(connection)
        command.upgrade(settings, revision)
        made = guards.put_up(connection) if _revision(connection) is not None else []
        return made if before is not None and before == _revision(connection) else []


def upgrade_on(connection: Connection) -> None:
    """Makes the newest ledger within the caller's transaction."""
    from alembic import command

    settings = config()
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")
    guards.put_up(connection)


def downgrade(database: Database, revision: str) -> None:
    """Takes the ledger back to a revision."""
    from alembic import command

    settings = config()
    with database.engine.begin() as connection:
        settings.attributes["connection"] = connection
        guards.take_down(connection)
        command.downgrade(settings, revision)
        if _revision(connection) is not None:
            guards.put_up(connection)


def check_migrated(database: Database) -> None:
    """Raises NotMigrated unless the ledger is at the newest revision."""
    from alembic.script import ScriptDirectory

    needed = ScriptDirectory.from_config(config()).get_current_head()
    present = revision_of(database)
    if present != needed:
        raise NotMigrated(present=present or "none", needed=needed)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def revision_of(database: Database) -> str | None:
    """The ledger's revision, None where it is empty."""
    if not inspect(database.engine).has_table("alembic_version"):
        return None
    with database.read() as session:
        found: str | None = session.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return found
