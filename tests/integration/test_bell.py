"""The engine's bell: silent while nothing is written, and never missing what is."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from duban.adapters.database import Database
from duban.services import bell
from duban.services.bell import Bell
from duban.services.signals import queue, settle_all
from models import Signal

from .ledger import NOW, a_world


def test_it_rings_for_what_was_written_and_is_silent_else(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = a_world(sqlite_database)
    settle_all(sqlite_database, [world.item().id], NOW)
    monkeypatch.setattr(bell, "AT_LEAST_EVERY", 3600.0)
    rung = Bell(sqlite_database)
    assert rung.rings()
    assert [rung.rings() for _ in range(3)] == [False] * 3
    queue(sqlite_database, [world.item().id], NOW)
    queue(sqlite_database, [world.item().id], NOW)  # nothing to write: one is open
    assert [rung.rings() for _ in range(3)] == [True, False, False]
    other = Database(sqlite_database.url)  # as another process has it
    with other.write() as session:
        session.execute(update(Signal).values(attempts=7))
    other.dispose()
    assert [rung.rings() for _ in range(2)] == [True, False]
    monkeypatch.setattr(bell, "AT_LEAST_EVERY", 0.0)
    assert rung.rings()
    rung.close()


def test_it_always_rings_on_postgresql(postgres_database: Database) -> None:
    rung = Bell(postgres_database)
    assert [rung.rings() for _ in range(3)] == [True] * 3
    rung.close()
