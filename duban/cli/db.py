"""`duban db`, `duban backup`, `duban restore`."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import click

from duban.errors import DubanError


class BackupRefused(DubanError):
    """{what} is refused: {reason}.

    On PostgreSQL use pg_dump and pg_restore; on SQLite give a path that does not exist yet, or stop duban first.
    """

    code = "backup_refused"


@click.group("db")
def db() -> None:
    """Migrate the ledger."""


@db.command("upgrade")
def upgrade() -> None:
    """Bring the ledger to the newest revision; safe to repeat."""
    from duban.adapters.database import Database
    from duban.adapters.migrations import revision_of
    from duban.adapters.migrations import upgrade as migrate
    from duban.settings import load_settings

    database = Database(load_settings().ledger_url)
    before = revision_of(database)
    migrate(database)
    after = revision_of(database)
    click.echo(f"ledger at revision {after}" + ("" if before == after else f" (was {before or 'empty'})"))


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Write a consistent copy of a SQLite ledger while duban goes on working."""
    source = _sqlite_path()
    if file.exists():
        raise BackupRefused(what="the backup", reason=f"{file} exists already")
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(file)) as copy:
        live.backup(copy)
    click.echo(f"backup written to {file}")


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.confirmation_option(prompt="Replace the present ledger by this backup? (the present one is kept beside it)")
def restore(file: Path) -> None:
    """Put a backup in the ledger's place; the present one is kept beside it with the ending .before-restore."""
    target = _sqlite_path()
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as candidate:
        try:
            found = candidate.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'").fetchone()[0]
        except sqlite3.DatabaseError:
            found = 0
    if not found:
        raise BackupRefused(what="the restore", reason=f"{file} is no backup of a ledger")
    if target.exists():
        with closing(sqlite3.connect(target)) as live:
            live.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.move(target, target.with_suffix(target.suffix + ".before-restore"))
    for ending in ("-wal", "-shm"):
        Path(f"{target}{ending}").unlink(missing_ok=True)
    shutil.copy2(file, target)
    click.echo("restored; run `duban db upgrade`, then `duban reconcile` to bring the flow runs into line")


def _sqlite_path() -> Path:
    from sqlalchemy import make_url

    from duban.settings import load_settings

    url = make_url(load_settings().ledger_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise BackupRefused(what="this", reason="the ledger is not on SQLite")
    return Path(url.database)
