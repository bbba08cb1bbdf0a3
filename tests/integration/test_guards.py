"""An administrator's hand in the database: refused column by column, and found out where it takes the guards away."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import make_url, select

from duban.adapters.guards import GUARDED, missing
from duban.cli.main import cli
from duban.services import audit
from duban.services.accounts import create_user, issue_token
from duban.services.checks import check
from models import AccessLog, Base, UserRole

from .ledger import EVIDENCE, NOW, World


@contextmanager
def hand(world: World) -> Iterator[Any]:
    """What somebody opens who has the database's password: the driver's own connection, without duban."""
    if world.database.is_sqlite:
        connection: Any = sqlite3.connect(str(make_url(world.database.url).database), isolation_level=None)
    else:
        connection = psycopg.connect(world.database.url.replace("+psycopg", ""), autocommit=True)
    try:
        yield connection
    finally:
        connection.close()


def refused(connection: Any, statement: str) -> bool:
    try:
        connection.execute(statement)
    except (sqlite3.Error, psycopg.Error) as error:
        return "changed through duban only" in str(error) or "written_by_duban" in str(error)
    return False


def test_no_column_of_what_matters_is_changed_by_another_hand(world: World) -> None:
    create_user(world.database, name="经办", role=UserRole.UNIT, parties=["区住建局"], now=NOW)
    issue_token(world.database, user="经办", name="t", now=NOW)
    tried = 0
    with hand(world) as connection:
        for name in GUARDED:
            if not connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]:
                continue  # tables that this ledger has no row of have the same triggers: see the next test
            for column in Base.metadata.tables[name].columns:
                assert refused(connection, f"UPDATE {name} SET {column.name} = {column.name}"), f"{name}.{column.name}"
                tried += 1
            assert refused(connection, f"DELETE FROM {name}"), name
            copied = ", ".join(c.name for c in Base.metadata.tables[name].columns)
            assert refused(connection, f"INSERT INTO {name} ({copied}) SELECT {copied} FROM {name} LIMIT 1"), name
        assert world.database.is_sqlite or refused(connection, "TRUNCATE item CASCADE")
    assert tried > 120
    assert audit.verify(world.database).ok


def test_every_table_that_people_act_by_is_guarded_or_left_out_for_a_reason() -> None:
    free = {
        "event",  # append-only by triggers of its own
        "signal",  # the outbox to the engine: lost or doubled, reconcile mends it
        "idempotency_key",
        "pending_sign_in",
        "request_count",  # what is left of a minute's allowance
        "saved_view",
        "upload",  # waits a day for its confirmation
        "document_decision",
    }
    assert set(Base.metadata.tables) - free - set(GUARDED) == set()


def test_whoever_takes_a_guard_away_is_found_out_and_its_return_is_logged(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hand(world) as connection:
        if world.database.is_sqlite:
            connection.execute("DROP TRIGGER guard_item_update")
        else:
            connection.execute("ALTER TABLE item DISABLE TRIGGER guard_item")
        connection.execute("UPDATE item SET title = '改过' WHERE id = (SELECT min(id) FROM item)")
    found = {f.code: f.examples for f in check(world.database, now=NOW, evidence=EVIDENCE) if f.count}
    assert list(found) == ["guard_missing", "event_chain_broken"]
    assert found["guard_missing"] == ("guard_item_update" if world.database.is_sqlite else "guard_item",)
    assert any(d.startswith("guard guard_item") for d in audit.verify(world.database).defects)
    monkeypatch.setenv("DUBAN_DATABASE_URL", world.database.url)
    done = CliRunner().invoke(cli, ["db", "upgrade"])
    assert done.exit_code == 0, done.output
    with world.database.read() as session:
        assert missing(session.connection()) == []
        assert session.scalars(select(AccessLog.action)).all() == ["guards put back"]
    with hand(world) as connection:
        assert refused(connection, "UPDATE item SET title = '又改'")
