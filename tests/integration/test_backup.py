"""A backup holds every row and file, from either database; it comes back on either, and nothing is lost on the way."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, func, select, text

from duban.adapters import guards
from duban.adapters.database import Database
from duban.adapters.evidence_folder import EvidenceFolder
from duban.adapters.processes import lock_folder
from duban.cli.main import cli
from duban.services import audit, backup
from duban.services.backup import BackupRefused, evidence_of, restore_backup, write_backup
from duban.services.checks import check
from duban.services.evidence_files import named_hashes
from models import Base, Item

from .ledger import EVIDENCE, World

NOW = dt.datetime(2026, 7, 14, 2, 0, tzinfo=dt.UTC)


@pytest.fixture
def office(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EvidenceFolder:
    """The command line on the ledger, with its evidence in a folder of the test's own."""
    folder = EvidenceFolder(tmp_path / "files")
    assert all(folder.copy_from(EVIDENCE, sha256) for sha256 in named_hashes(world.database))
    monkeypatch.setenv("DUBAN_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("DUBAN_DATABASE_URL", world.database.url)
    monkeypatch.setenv("DUBAN_EVIDENCE_DIR", str(folder.root))
    return folder


@pytest.fixture
def other(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Iterator[Database]:
    """An empty database of the other kind."""
    if world.database.is_sqlite:
        found: Database = request.getfixturevalue("postgres_database")
        yield found
        return
    database = Database(f"sqlite:///{tmp_path / 'other.db'}")
    yield database
    database.dispose()


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli, [*arguments, *(["--yes"] if arguments[0] == "restore" else [])])
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def rows(database: Database) -> dict[str, list[Any]]:
    """Every row of every table; a restore adds none but what it says in the access log."""
    with database.read() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key))]
            for table in Base.metadata.sorted_tables
        }


def test_a_backup_comes_back_row_for_row_with_its_files_and_the_ledger_that_it_replaces_is_kept(
    world: World, office: EvidenceFolder, tmp_path: Path
) -> None:
    file, before, named = tmp_path / "b.db", rows(world.database), named_hashes(world.database)
    assert sum(map(len, before.values())) > 100
    said = run("backup", str(file))
    assert f"{sum(map(len, before.values()))} rows, {len(named)} evidence files beside it" in said
    assert [p.name for p in tmp_path.glob("*b.db*")] == ["b.db", "b.db.evidence"]
    copy = Database(f"sqlite:///{file}")
    assert rows(copy) == before
    assert check(copy, now=NOW) == check(world.database, now=NOW)
    copy.dispose()
    world.move("withdraw", "3")
    shutil.rmtree(office.root)
    world.database.dispose()
    assert "the ledger that was here is kept" in run("restore", str(file))
    assert rows(world.database) == before
    assert {path.name for path in office.files()} == named
    assert audit.verify(world.database, evidence=office).ok
    with world.database.read() as session:
        assert guards.missing(session.connection()) == []
    world.move("withdraw", "3")  # numbers go on behind those that came back
    assert audit.verify(world.database, evidence=office).ok
    assert kept(world.database, tmp_path) == 1
    world.database.dispose()
    run("restore", str(file))
    assert kept(world.database, tmp_path) == 2


def kept(database: Database, folder: Path) -> int:
    """How many ledgers are kept that a restore has replaced."""
    if database.is_sqlite:
        return len(list(folder.glob("ledger.db.before-restore*")))
    with database.read() as session:
        query = "SELECT count(*) FROM information_schema.schemata WHERE schema_name LIKE 'before_restore_%'"
        return int(session.scalar(text(query)) or 0)


def test_a_ledger_moves_to_the_other_database_by_a_backup(
    world: World, other: Database, office: EvidenceFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(world.database)
    run("backup", str(tmp_path / "b.db"))
    other.dispose()
    monkeypatch.setenv("DUBAN_DATABASE_URL", other.url)
    run("restore", str(tmp_path / "b.db"))
    assert rows(other) == before
    assert audit.verify(other, evidence=office).ok
    World(other, world.plan, world.ids).move("withdraw", "3")


@pytest.mark.postgres
def test_what_is_done_while_a_backup_is_read_is_whole_in_it_or_not_in_it_at_all(
    postgres_original: World, postgres_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_backup(postgres_original.database, tmp_path / "a.db", EVIDENCE.root)
    postgres_original.database.dispose()  # others copy it
    postgres_database.dispose()
    restore_backup(postgres_database, tmp_path / "a.db", tmp_path / "files", actor="管理员", now=NOW)
    world = World(postgres_database, postgres_original.plan, postgres_original.ids)
    before, copy = rows(world.database), backup._copy_rows

    def copied_amid_work(source: Connection, target: Connection) -> None:
        source.scalar(select(func.count()).select_from(Item))
        world.move("withdraw", "3")
        copy(source, target)

    monkeypatch.setattr(backup, "_copy_rows", copied_amid_work)
    assert write_backup(world.database, tmp_path / "b.db", EVIDENCE.root).defects == ()
    taken = Database(f"sqlite:///{tmp_path / 'b.db'}")
    assert rows(taken) == before != rows(world.database)
    taken.dispose()


def test_a_backup_that_lacks_a_file_says_so_and_holds_all_else(
    world: World, office: EvidenceFolder, tmp_path: Path
) -> None:
    office.path(lost := min(named_hashes(world.database))).unlink()
    run("check", code=1)
    run("audit", "verify", code=1)
    assert f"the evidence file {lost} is missing" in run("backup", str(tmp_path / "b.db"), code=1)
    assert {path.name for path in EvidenceFolder(evidence_of(tmp_path / "b.db")).files()} == named_hashes(
        world.database
    ) - {lost}


def test_nothing_is_overwritten_and_what_is_no_backup_is_refused(
    world: World, office: EvidenceFolder, tmp_path: Path
) -> None:
    before = rows(world.database)
    (tmp_path / "there").write_bytes(b"x")
    assert isinstance(CliRunner().invoke(cli, ["backup", str(tmp_path / "there")]).exception, BackupRefused)
    with closing(sqlite3.connect(tmp_path / "other.db")) as empty:
        empty.execute("CREATE TABLE x (y)")
    for name in ("there", "other.db"):
        done = CliRunner().invoke(cli, ["restore", "--yes", str(tmp_path / name)])
        assert isinstance(done.exception, BackupRefused)
        assert "is no backup" in done.exception.message
    assert rows(world.database) == before
    if world.database.is_sqlite:
        world.database.dispose()
        Path(str(world.database.engine.url.database)).rename(tmp_path / "elsewhere.db")
        done = CliRunner().invoke(cli, ["backup", str(tmp_path / "b.db")])
        assert "there is no ledger" in str(done.exception)
        assert not list(tmp_path.glob("*b.db*"))


def test_a_ledger_that_somebody_works_on_is_not_replaced(world: World, office: EvidenceFolder, tmp_path: Path) -> None:
    run("backup", str(tmp_path / "b.db"))
    with world.database.read() as session:
        session.scalars(select(Item.id)).all()
        done = CliRunner().invoke(cli, ["restore", "--yes", str(tmp_path / "b.db")])
    assert isinstance(done.exception, BackupRefused)
    assert "stop duban first" in done.exception.message
    world.database.dispose()
    with lock_folder(tmp_path / "var"):
        run("restore", str(tmp_path / "b.db"), code=1)
    assert kept(world.database, tmp_path) == 0


def test_a_restore_that_cannot_be_completed_leaves_the_ledger_as_it_was(
    postgres_original: World, postgres_database: Database, sqlite_original: World, tmp_path: Path
) -> None:
    """A backup that lost rows which others name: PostgreSQL holds that against it when all have come."""
    file = tmp_path / "b.db"
    shutil.copy(sqlite_original.database.url.removeprefix("sqlite:///"), file)
    with closing(sqlite3.connect(file)) as broken:
        broken.create_function(guards.FUNCTION, 0, lambda: 1, deterministic=True)
        broken.execute("DELETE FROM user_scope")
        broken.execute("UPDATE item SET merged_into_id = 999999 WHERE merged_into_id IS NOT NULL")
        assert broken.total_changes > 0
        broken.commit()
    before = rows(postgres_database)
    postgres_database.dispose()
    with pytest.raises(BackupRefused, match="foreign key"):
        restore_backup(postgres_database, file, tmp_path / "files", actor="管理员", now=NOW)
    assert rows(postgres_database) == before
    assert kept(postgres_database, tmp_path) == 0
