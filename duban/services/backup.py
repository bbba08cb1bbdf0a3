"""Backups: the ledger as one SQLite file, whichever database it is on: each can be opened, checked, and restored.

A backup of a ledger on PostgreSQL is read in one REPEATABLE READ transaction, and is a ledger of its own: `duban check`
works on it, and it can be restored on SQLite or PostgreSQL alike. All rows pass duban's own guards, none around them.
"""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, create_engine, func, insert, inspect, make_url, select, text
from sqlalchemy.exc import DBAPIError

from duban.adapters.database import Database
from duban.adapters.evidence_folder import EvidenceFolder
from duban.adapters.migrations import NotMigrated, check_migrated, upgrade, upgrade_on
from duban.errors import DubanError
from duban.services.audit import upgrade_ledger, verify
from models import Base, Evidence

CHUNK = 1000  # rows that are in memory at a time


class BackupRefused(DubanError):
    """{what} is refused: {reason}.

    Back up to a path that does not exist yet; restore a file that `duban backup` wrote, with duban stopped.
    """

    code = "backup_refused"


@dataclass(frozen=True, slots=True)
class Copied:
    """What was written: rows of all tables, evidence files, the hashes of files that are missing or have changed."""

    rows: int
    files: int
    missing: tuple[str, ...]
    defects: tuple[str, ...] = ()  # what `duban audit verify` says of the copy, beside the missing files
    kept: str = ""  # where the ledger is that was replaced; empty where there was none


def evidence_of(backup: Path) -> Path:
    """The folder beside a backup that holds its evidence files."""
    return backup.with_name(backup.name + ".evidence")


def write_backup(database: Database, file: Path, evidence: Path) -> Copied:
    """Writes a consistent copy while duban works; it appears whole or not at all. Raises BackupRefused."""
    if file.exists() or evidence_of(file).exists():
        raise BackupRefused(what="the backup", reason=f"{file} exists already")
    if not database.is_sqlite:
        check_migrated(database)  # what an older ledger has is not what our models ask for; a file is copied as it is
    elif not _path(database).exists():
        raise BackupRefused(what="the backup", reason=f"there is no ledger at {_path(database)}")
    file.parent.mkdir(parents=True, exist_ok=True)
    arriving = file.with_name(f".{file.name}.arriving")
    arriving.unlink(missing_ok=True)
    try:
        if database.is_sqlite:
            with closing(sqlite3.connect(_path(database))) as live, closing(sqlite3.connect(arriving)) as copy:
                live.backup(copy)
        else:
            _write_out(database, arriving)
        # After the ledger: a file is there before the row that names it, so that none of the copy's rows lacks its own.
        with _at_head(arriving) as newest:
            with _ledger_in(newest) as copied:
                defects = tuple(verify(copied).defects)
            with open_backup(newest) as copied:
                rows = count_rows(copied)
                files, missing = _copy_evidence(copied, evidence, evidence_of(file))
        arriving.replace(file)
    except BaseException:
        shutil.rmtree(evidence_of(file), ignore_errors=True)  # made here: half a backup is in the way of a whole one
        raise
    finally:
        arriving.unlink(missing_ok=True)
    return Copied(rows, files, missing, defects)


def restore_backup(database: Database, file: Path, evidence: Path, *, actor: str, now: dt.datetime) -> Copied:
    """Puts a backup in the ledger's place; the present ledger is kept beside it. Whole or not at all.

    Beside it means: on SQLite the file with the ending `.before-restore`, on PostgreSQL the schema `before_restore_…`.
    Raises BackupRefused, NotMigrated for a backup of a newer duban.
    """
    _check_file(file)
    with TemporaryDirectory(prefix="duban-restore-") as folder:
        source = Path(shutil.copy2(file, Path(folder) / "ledger.db"))  # the backup itself stays as it is
        with _ledger_in(source) as ledger:
            upgrade_ledger(ledger, actor=actor, now=now)
            check_migrated(ledger)
        with open_backup(source) as copied:
            rows = count_rows(copied)
            files, missing = _copy_evidence(copied, evidence_of(file), evidence)
        try:
            kept = _replace_file(database, source) if database.is_sqlite else _read_in(database, source, now)
        except DBAPIError as error:
            raise BackupRefused(what="the restore", reason=str(error.orig).replace("\n", " ")) from error
    return Copied(rows, files, missing, tuple(verify(database).defects), kept)


@contextmanager
def open_backup(file: Path) -> Iterator[Connection]:
    """A backup, to read from."""
    engine = create_engine(f"sqlite:///file:{file.resolve().as_posix().replace('?', '%3f')}?mode=ro&uri=true")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def count_rows(connection: Connection) -> int:
    """The rows of all tables."""
    return sum(connection.scalar(select(func.count()).select_from(t)) or 0 for t in Base.metadata.sorted_tables)


def _write_out(database: Database, file: Path) -> None:
    """A ledger on PostgreSQL as one in a SQLite file."""
    with _ledger_in(file) as target:
        upgrade(target)
        with (
            database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as live,
            target.engine.begin() as copy,
        ):
            live.execute(text("SET TRANSACTION READ ONLY"))
            copy.execute(text("PRAGMA defer_foreign_keys=ON"))
            _copy_rows(live, copy)


@contextmanager
def _at_head(file: Path) -> Iterator[Path]:
    """The ledger in a file as our models know it: the file itself, or a copy of an older one, brought up to date."""
    with _ledger_in(file) as ledger:
        try:
            check_migrated(ledger)
            older = False
        except NotMigrated:
            older = True
    if not older:
        yield file
        return
    with TemporaryDirectory(prefix="duban-backup-") as folder:
        copy = Path(shutil.copy2(file, Path(folder) / "ledger.db"))
        with _ledger_in(copy) as ledger:
            upgrade(ledger)
            check_migrated(ledger)
        yield copy


@contextmanager
def _ledger_in(file: Path) -> Iterator[Database]:
    """The ledger in a file; afterwards it is one file alone, readable also on a medium that cannot be written."""
    database = Database(f"sqlite:///{file}")
    try:
        yield database
    finally:
        database.dispose()
    with closing(sqlite3.connect(file)) as done:
        done.execute("PRAGMA journal_mode=DELETE")


def _read_in(database: Database, source: Path, now: dt.datetime) -> str:
    """A backup into PostgreSQL, in one transaction; gives the schema that keeps what was there, if anything was."""
    with open_backup(source) as copied, database.engine.begin() as live:
        others = live.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
        )
        if others:
            raise BackupRefused(
                what="the restore", reason=f"{others} other connections are open on the database: stop duban first"
            )
        kept = _set_aside(live, now) if inspect(live).has_table("alembic_version") else ""
        upgrade_on(live)
        with _checked_at_the_end(live):
            _copy_rows(copied, live)
        _count_on(live)
        if (there := count_rows(live)) != (meant := count_rows(copied)):
            raise BackupRefused(what="the restore", reason=f"{there} rows arrived of {meant}")
    return kept


def _set_aside(live: Connection, now: dt.datetime) -> str:
    """The present schema under another name, and an empty one in its place."""
    present = live.scalar(text("SELECT current_schema()"))
    kept = f"before_restore_{now:%Y%m%d_%H%M%S_%f}"  # two may be asked for within a second
    live.execute(text(f'ALTER SCHEMA "{present}" RENAME TO {kept}'))
    live.execute(text(f'CREATE SCHEMA "{present}"'))
    return kept


@contextmanager
def _checked_at_the_end(live: Connection) -> Iterator[None]:
    """Rows that name later rows of their own table (merged into, superseded by) are checked when all are there."""
    keys = [
        (table.name, key.name)
        for table in Base.metadata.sorted_tables
        for key in table.foreign_key_constraints
        if key.referred_table is table
    ]
    for table, key in keys:
        live.execute(text(f'ALTER TABLE "{table}" ALTER CONSTRAINT "{key}" DEFERRABLE INITIALLY DEFERRED'))
    yield
    live.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    for table, key in keys:
        live.execute(text(f'ALTER TABLE "{table}" ALTER CONSTRAINT "{key}" NOT DEFERRABLE'))


def _copy_rows(source: Connection, target: Connection) -> None:
    for table in Base.metadata.sorted_tables:
        found = source.execution_options(yield_per=CHUNK).execute(select(table).order_by(*table.primary_key))
        for part in found.mappings().partitions():
            target.execute(insert(table), [dict(row) for row in part])


def _count_on(live: Connection) -> None:
    """New rows get numbers behind the restored ones."""
    for table in Base.metadata.sorted_tables:
        for column in table.primary_key:
            sequence = live.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
            last = live.scalar(select(func.max(column))) if sequence else None
            if last:
                live.execute(select(func.setval(sequence, last)))


def _replace_file(database: Database, source: Path) -> str:
    """A backup into a SQLite file; gives the file that keeps what was there."""
    target = _path(database)
    database.dispose()
    kept = target.with_name(f"{target.name}.before-restore")
    number = 1
    while kept.exists():  # an earlier restore's
        number += 1
        kept = target.with_name(f"{target.name}.before-restore-{number}")
    arriving = target.with_name(f".{target.name}.arriving")
    shutil.copy2(source, arriving)
    if there := target.exists():
        _make_sure_nobody_has_it_open(target)
        target.rename(kept)
    arriving.replace(target)
    return str(kept) if there else ""


def _make_sure_nobody_has_it_open(target: Path) -> None:
    """Only who is alone with a ledger can end its journal, which the file kept aside does not need."""
    try:
        with closing(sqlite3.connect(target, timeout=2.0)) as live:
            live.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError:
        raise BackupRefused(what="the restore", reason=f"somebody works on {target}: stop duban first") from None


def _check_file(file: Path) -> None:
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as candidate:
        try:
            found = candidate.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'").fetchone()[0]
        except sqlite3.DatabaseError:
            found = 0
    if not found:
        raise BackupRefused(what="the restore", reason=f"{file} is no backup of a ledger")


def _copy_evidence(ledger: Connection, source: Path, target: Path) -> tuple[int, tuple[str, ...]]:
    """Copies the files that a ledger's rows name; how many are at the target now, and the hashes of those that lack."""
    hashes = ledger.scalars(select(Evidence.sha256).distinct().order_by(Evidence.sha256)).all()
    come, go = EvidenceFolder(source), EvidenceFolder(target)
    missing = tuple(sha256 for sha256 in hashes if not go.copy_from(come, sha256))
    return len(hashes) - len(missing), missing


def _path(database: Database) -> Path:
    return Path(make_url(database.url).database or "")
