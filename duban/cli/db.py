"""`duban db`, `duban backup`, `duban restore`."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import click

from duban.cli.console import operator
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
    from duban.services.audit import upgrade_ledger
    from duban.services.tools import utc_now
    from duban.settings import load_settings

    database = Database(load_settings().ledger_url)
    before = revision_of(database)
    put_back = upgrade_ledger(database, actor=operator().name, now=utc_now())
    after = revision_of(database)
    if put_back:
        names = ", ".join(put_back)
        click.echo(f"somebody had taken guards away from the ledger; put back and logged: {names}", err=True)
    database.dispose()
    click.echo(f"ledger at revision {after}" + ("" if before == after else f" (was {before or 'empty'})"))


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Write a consistent copy of a SQLite ledger while duban goes on working, with its evidence files beside it.

    They go to the folder FILE.evidence.
    """
    source = _sqlite_path()
    if file.exists() or _evidence_of(file).exists():
        raise BackupRefused(what="the backup", reason=f"{file} exists already")
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(file)) as copy:
        live.backup(copy)
    # After the ledger: a file is there before the row that names it, so that none of the copy's rows lacks its own.
    files, missing = _copy_evidence(file, _evidence_folder(), _evidence_of(file))
    click.echo(f"backup written to {file}" + (f", {files} evidence files beside it" if files else ""))
    if missing:
        raise BackupRefused(
            what="a whole backup",
            reason=f"{len(missing)} evidence files are missing or have changed (`duban check` names them)",
        )


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.confirmation_option(prompt="Replace the present ledger by this backup? (the present one is kept beside it)")
def restore(file: Path) -> None:
    """Put a backup in the ledger's place; the present one is kept beside it with the ending .before-restore.

    Evidence files come back from FILE.evidence; those that are there now stay.
    """
    target = _sqlite_path()
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as candidate:
        try:
            found = candidate.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'").fetchone()[0]
        except sqlite3.DatabaseError:
            found = 0
    if not found:
        raise BackupRefused(what="the restore", reason=f"{file} is no backup of a ledger")
    _, missing = _copy_evidence(file, _evidence_of(file), _evidence_folder())
    if target.exists():
        with closing(sqlite3.connect(target)) as live:
            live.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.move(target, target.with_suffix(target.suffix + ".before-restore"))
    for ending in ("-wal", "-shm"):
        Path(f"{target}{ending}").unlink(missing_ok=True)
    shutil.copy2(file, target)
    if missing:
        click.echo(
            f"{len(missing)} evidence files are neither in the backup nor here; `duban check` names them", err=True
        )
    click.echo("restored; run `duban db upgrade`, then `duban reconcile` to bring the flow runs into line")


def _evidence_of(backup: Path) -> Path:
    return backup.with_name(backup.name + ".evidence")


def _evidence_folder() -> Path:
    from duban.settings import load_settings

    return load_settings().evidence_folder


def _copy_evidence(ledger: Path, source: Path, target: Path) -> tuple[int, list[str]]:
    """Copies the files that a ledger's rows name; how many are at the target now, and the hashes of those that lack."""
    from duban.adapters.evidence_folder import EvidenceFolder

    with closing(sqlite3.connect(f"{ledger.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        hashes = [row[0] for row in connection.execute("SELECT DISTINCT sha256 FROM evidence")]
    come, go = EvidenceFolder(source), EvidenceFolder(target)
    missing = [sha256 for sha256 in hashes if not go.copy_from(come, sha256)]
    return len(hashes) - len(missing), missing


def _sqlite_path() -> Path:
    from sqlalchemy import make_url

    from duban.settings import load_settings

    url = make_url(load_settings().ledger_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise BackupRefused(what="this", reason="the ledger is not on SQLite")
    return Path(url.database)
