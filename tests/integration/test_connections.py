"""Connections that rest in the pool: one that the server has ended is replaced before anybody uses it."""

from __future__ import annotations

import time

import psycopg
import pytest
from sqlalchemy import make_url, select, text

from duban.adapters import database as adapter
from duban.adapters.database import Database
from models import Item

from .ledger import a_world

PID = text("SELECT pg_backend_pid()")


def end_backends(database: Database, pids: list[int]) -> None:
    """Ends server processes, as a restart of the server does, and waits until they are gone."""
    url = make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as other:
        for pid in pids:
            other.execute("SELECT pg_terminate_backend(%s)", (pid,))
        deadline = time.monotonic() + 10
        gone = "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)"
        while other.execute(gone, (pids,)).fetchone() != (0,):
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.mark.parametrize("ping_after", [30.0, -1.0])
def test_a_connection_that_the_server_ended_is_replaced(
    postgres_database: Database, monkeypatch: pytest.MonkeyPatch, ping_after: float
) -> None:
    monkeypatch.setattr(adapter, "PING_AFTER", ping_after)
    world = a_world(postgres_database)
    with postgres_database.read() as one, postgres_database.read() as two:
        pids = [session.execute(PID).scalar_one() for session in (one, two)]
    assert len(set(pids)) == 2
    end_backends(postgres_database, pids)
    (row,) = postgres_database.look(select(Item.id).where(Item.id == world.item().id), {})
    assert row.id == world.item().id
    with postgres_database.write() as session:
        session.execute(text("UPDATE signal SET attempts = 3"))
        assert session.execute(PID).scalar_one() not in pids
