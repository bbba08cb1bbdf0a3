"""Migrations on both databases: up, down and up again with rows, and a schema that says what the models say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from duban.adapters.database import Database
from duban.adapters.migrations import NotMigrated, check_migrated, config, downgrade, revision_of, upgrade

from .rows import TABLES, VIOLATIONS, change, checks, enumerations, fill, insert, valid_rows

NAMES = {t.name for t in TABLES}
VERSIONS = Path(ScriptDirectory.from_config(config()).versions)


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


def counts(database: Database) -> dict[str, int]:
    with database.read() as session:
        return {t: session.execute(text(f"SELECT count(*) FROM {t}")).scalar_one() for t in NAMES}


@pytest.fixture
def filled(database: Database) -> Database:
    with database.engine.begin() as connection:
        fill(connection)
    return database


def test_the_ledger_goes_up_down_and_up_again_with_rows_in_every_table(filled: Database) -> None:
    assert all(counts(filled).values()), "every table holds a row"
    head = revision_of(filled)
    revisions = list(ScriptDirectory.from_config(config()).walk_revisions())
    for revision in revisions:  # newest first, one at a time, rows in place as far as their tables stand
        downgrade(filled, revision.down_revision or "base")  # type: ignore[arg-type]
    assert tables(filled) == set()
    with pytest.raises(NotMigrated):
        check_migrated(filled)
    for revision in reversed(revisions):
        upgrade(filled, revision.revision)
    assert revision_of(filled) == head
    check_migrated(filled)
    assert tables(filled) == NAMES
    with filled.engine.begin() as connection:
        fill(connection)


def test_going_up_twice_changes_nothing(filled: Database) -> None:
    before = counts(filled)
    upgrade(filled)
    assert counts(filled) == before


def test_a_downgrade_leaves_nothing_behind_in_the_database(database: Database) -> None:
    downgrade(database, "base")
    with database.engine.connect() as connection:
        assert left_behind(connection) == []


def left_behind(connection: Connection) -> list[Any]:
    """Tables, triggers and functions that are ours."""
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE name NOT LIKE 'alembic%' AND name NOT LIKE 'sqlite_%'"
    else:
        query = """SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
                   UNION ALL SELECT relname FROM pg_class
                   WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'alembic%'"""
    return list(connection.execute(text(query)))


def test_the_models_ask_for_nothing_that_the_migrations_do_not_make(database: Database) -> None:
    settings = config()
    with database.engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.check(settings)


def test_an_empty_database_is_refused_with_what_to_do(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(NotMigrated, match="duban db upgrade"):
        check_migrated(database)
    database.dispose()


def test_a_migration_that_fails_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(f"sqlite:///{tmp_path / 'half.db'}")
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE event (id INTEGER PRIMARY KEY)"))  # in the way of the first migration
    with pytest.raises(DBAPIError):
        upgrade(database)
    assert tables(database) == {"event"}
    assert revision_of(database) is None
    database.dispose()


# -- the database has the last word ------------------------------------------------------------------------------


def test_every_check_of_the_models_has_a_row_that_would_break_it() -> None:
    """A new CHECK without a line in the table below this test would be one that nobody has seen refuse anything."""
    assert {*VIOLATIONS, *enumerations()} == set(checks())


def test_every_check_refuses_the_row_that_breaks_it_by_its_name(filled: Database) -> None:
    tables_of = checks()
    wrong = {name: {column: "nonsense"} for name, column in enumerations().items()} | VIOLATIONS
    for name, values in wrong.items():
        table = tables_of[name]
        # Events refuse every change: a wrong one has to come as a new row.
        done = (insert, valid_rows(table)[0] | values) if table.name == "event" else (change, values)
        with pytest.raises(IntegrityError) as refused, filled.engine.begin() as connection:
            done[0](connection, table, done[1])
        assert name in str(refused.value.orig), f"{name} let another constraint refuse: {refused.value.orig}"


def test_the_log_refuses_to_be_changed(filled: Database) -> None:
    statements = ["UPDATE event SET reason = 'x'", "DELETE FROM event", "DELETE FROM event WHERE id = 1"]
    columns = ", ".join(valid_rows(next(t for t in TABLES if t.name == "event"))[0])
    if filled.is_sqlite:
        statements += [
            f"INSERT OR REPLACE INTO event (id, {columns}) SELECT id, {columns} FROM event",
            f"REPLACE INTO event ({columns}) SELECT {columns} FROM event",
            "UPDATE OR REPLACE event SET seq = 1",
        ]
    else:
        statements += ["TRUNCATE event", "TRUNCATE item CASCADE"]
        statements += ["INSERT INTO event SELECT * FROM event ON CONFLICT (id) DO UPDATE SET reason = 'x'"]
    for statement in statements:
        with pytest.raises(DBAPIError, match="append-only"), filled.engine.begin() as connection:
            connection.execute(text(statement))
    assert counts(filled)["event"] == 1


def test_an_item_with_events_cannot_be_deleted(filled: Database) -> None:
    with pytest.raises(DBAPIError), filled.engine.begin() as connection:
        connection.execute(text("DELETE FROM item WHERE id = 1"))


def test_a_rung_is_fired_once_whoever_writes_it(filled: Database) -> None:
    table = next(t for t in TABLES if t.name == "rung_fired")
    with pytest.raises(IntegrityError), filled.engine.begin() as connection:
        insert(connection, table, valid_rows(table)[0])


def test_an_item_has_one_open_clock_of_a_kind_and_any_number_of_ended_ones(filled: Database) -> None:
    table = next(t for t in TABLES if t.name == "clock")
    row = valid_rows(table)[0]
    with pytest.raises(IntegrityError), filled.engine.begin() as connection:
        insert(connection, table, row)
    with filled.engine.begin() as connection:
        insert(connection, table, row | {"state": "completed", "ended_at": "2026-07-13 01:00:00+00:00"})
        insert(connection, table, row | {"state": "cancelled", "ended_at": "2026-07-13 01:00:00+00:00"})


def test_each_receipt_of_a_sheet_has_one_open_clock_of_its_own(filled: Database) -> None:
    table = next(t for t in TABLES if t.name == "clock")
    row = valid_rows(table)[0] | {"kind": "acknowledge", "recipient_id": 1}
    with filled.engine.begin() as connection:
        insert(connection, table, row)
    with pytest.raises(IntegrityError), filled.engine.begin() as connection:
        insert(connection, table, row)


def test_a_plan_has_one_supervision_office(filled: Database) -> None:
    table = next(t for t in TABLES if t.name == "party")
    with filled.engine.begin() as connection:
        change(connection, table, {"kind": "office"})
    with pytest.raises(IntegrityError), filled.engine.begin() as connection:
        insert(connection, table, valid_rows(table)[0] | {"name": "第二个督查室", "kind": "office"})


def test_foreign_keys_are_held(filled: Database) -> None:
    for table in TABLES:
        for column in table.columns:
            if not column.foreign_keys or table.name == "event":
                continue
            with pytest.raises(IntegrityError), filled.engine.begin() as connection:
                change(connection, table, {column.name: 4711})


def test_migrations_name_no_package_of_ours() -> None:
    """They must run when the models have long changed."""
    for file in VERSIONS.glob("*.py"):
        source = file.read_text(encoding="utf-8")
        assert "import models" not in source
        assert "from models" not in source
        assert "duban" not in source.replace("duban:", "")
