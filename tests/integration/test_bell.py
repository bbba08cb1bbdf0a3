"""The engine's bell: silent while nothing is written, and never missing what is."""

from __future__ import annotations

import select
import time
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import update

from duban.adapters import listening
from duban.adapters.database import Database
from duban.adapters.listening import Listener, NotHeard
from duban.services import bell
from duban.services.bell import Bell, bell_of
from duban.services.signals import claim, queue, release, settle_all
from models import Signal

from .ledger import NOW, a_world


@pytest.fixture(autouse=True)
def nothing_rings_by_time_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell, "AT_LEAST_EVERY", 3600.0)


def test_it_rings_for_what_was_written_and_is_silent_else(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = a_world(sqlite_database)
    settle_all(sqlite_database, [world.item().id], NOW)
    rung = bell_of(sqlite_database)
    assert (rung.deaf, rung.fileno(), rung.pause) == (False, None, bell.LOOK_EVERY)
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


@pytest.fixture
def told(postgres_database: Database) -> Iterator[Bell]:
    """A bell that listens, and has rung for what was there."""
    found = bell_of(postgres_database)
    assert found.deaf
    found.listen()
    assert not found.deaf
    found.rings()
    yield found
    found.close()


def rings_within(rung: Bell, seconds: float = 5.0) -> bool:
    """Whether it becomes readable in time, and then rings."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        number = rung.fileno()
        assert number is not None
        if select.select([number], [], [], left)[0] and rung.rings():
            return True
    return False


@pytest.mark.postgres
def test_postgresql_tells_of_a_signal_when_it_commits_and_of_nothing_else(
    postgres_database: Database, told: Bell
) -> None:
    world = a_world(postgres_database)  # registered: it has signals
    item_id = world.item().id
    assert rings_within(told)
    settle_all(postgres_database, [item_id], NOW)
    assert not rings_within(told, 0.3)
    with postgres_database.write() as session:
        session.add(Signal(item_id=item_id, created_at=NOW))
        session.flush()
        assert not rings_within(told, 0.3), "not before it commits"
    assert rings_within(told)
    assert not told.rings()
    assert len(claim(postgres_database, now=NOW, limit=5)) == 1
    release(postgres_database, item_id=item_id, now=NOW)
    assert not rings_within(told, 0.3), "claims come due with time"
    with postgres_database.write() as session:
        session.execute(update(Signal).values(claimed_until=None))
    assert rings_within(told), "an item let go by whoever made its run"


@pytest.mark.postgres
def test_what_is_told_already_is_not_told_again_before_somebody_took_it(
    postgres_database: Database, told: Bell
) -> None:
    """Commits that tell something queue up behind each other: many at once must not."""
    world = a_world(postgres_database)
    item_id = world.item().id
    assert rings_within(told)

    def another() -> None:
        with postgres_database.write() as session:
            session.add_all([Signal(item_id=item_id, created_at=NOW), Signal(item_id=item_id, created_at=NOW)])

    another()
    assert not rings_within(told, 0.3), "the first one is open still"
    assert len(claim(postgres_database, now=NOW, limit=5)) == 1
    another()
    assert rings_within(told)


@pytest.mark.postgres
def test_a_lost_connection_rings_is_asked_meanwhile_and_opened_again(postgres_database: Database, told: Bell) -> None:
    world = a_world(postgres_database)
    assert rings_within(told)
    with psycopg.connect(postgres_database.url.replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert rings_within(told)
    assert (told.fileno(), told.pause, told.deaf) == (None, bell.LOOK_EVERY, True)
    assert [told.rings() for _ in range(3)] == [True] * 3
    queue(postgres_database, [world.item().id], NOW)
    told.listen()
    assert told.rings(), "for what was written while nobody listened"
    assert not told.rings()
    settle_all(postgres_database, [world.item().id], NOW)
    queue(postgres_database, [world.item().id], NOW)
    assert rings_within(told)


@pytest.mark.postgres
def test_where_it_cannot_be_heard_it_is_said_tried_again_later_and_asked(
    postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "OPEN_WITHIN", 1)
    monkeypatch.setattr(Listener, "heard", lambda _self: False)  # as through a pooler in transaction mode
    rung = bell_of(postgres_database)
    with pytest.raises(NotHeard, match="did not come back"):
        rung.listen()
    assert [rung.rings() for _ in range(3)] == [True] * 3
    assert (rung.deaf, rung.fileno(), rung.pause) == (False, None, bell.LOOK_EVERY)
    monkeypatch.setattr(bell, "LISTEN_AGAIN", 0.0)
    assert rung.deaf
    away = bell_of(Database("postgresql://nobody@127.0.0.1:1/none"))
    with pytest.raises(NotHeard):
        away.listen()
    assert away.rings()


@pytest.mark.postgres
def test_several_engines_hear_the_same_signal_within_a_few_milliseconds(postgres_database: Database) -> None:
    world = a_world(postgres_database)
    settle_all(postgres_database, [world.item().id], NOW)
    both = [bell_of(postgres_database), bell_of(postgres_database)]
    for one in both:
        one.listen()
        one.rings()
    start = time.monotonic()
    queue(postgres_database, [world.item().id], NOW)
    assert all(rings_within(one) for one in both)
    assert time.monotonic() - start < 2.0
    assert [len(claim(postgres_database, now=NOW, limit=5)) for _ in both] == [1, 0]
    for one in both:
        one.close()
