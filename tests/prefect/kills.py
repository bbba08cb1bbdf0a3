"""Engine, API and Prefect server killed outright at every named step of a transition; a share of it is in test_faults.

All of it, in an order that a seed gives:  python -m tests.prefect.kills --rounds 5 --seed 7
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx

from duban.domain.lifecycle import Action, State
from duban.services import reconcile

from .rows import now
from .runs_seen import fill_in, run_of, stands, task_runs
from .world import Child, World, a_world, free_port, wait_until

ENGINE, API = "flows.engine:main", "duban.web.serve:main"


@dataclass(frozen=True)
class Step:
    """A call within the engine before or behind which it is killed, on its way with a transition of some kind."""

    target: str
    when: str
    way: str = "signal"  # or `missing`: its run was deleted; or `form`: a person asked for it in the Prefect UI

    def __str__(self) -> str:
        return f"{self.way}: {self.when} {self.target}"


SIGNAL = (
    Step("duban.services.signals:claim", "after"),  # claimed, not begun
    Step("flows.engine_runs:read_run", "after"),
    Step("duban.services.runs:standing", "before"),  # the run is RUNNING, nothing is shown yet
    Step("duban.services.runs:standing", "after"),
    Step("flows.item:show_step", "before"),
    Step("flows.item:show_step", "after"),  # its task ran, its state is the old one
    Step("flows.item:wait_at", "before"),
    Step("flows.item:wait_at", "after"),  # its state is set, the ledger does not know it
    Step("duban.services.runs:settle", "before"),
    Step("duban.services.runs:settle", "after"),  # settled; the engine dies with the run in its hands
)
MISSING = (
    Step("flows.engine_runs:set_right", "before", "missing"),
    Step("duban.services.runs:create_run", "after", "missing"),  # made, the ledger does not know it
    Step("duban.services.runs:attach_runs", "after", "missing"),
)
FORM = (
    Step("flows.item:answer_people", "before", "form"),
    Step("duban.services.form_replies:answer", "before", "form"),
    Step("duban.services.form_replies:answer", "after", "form"),  # committed; the run does not know it
    Step("flows.item:answer_form", "after", "form"),  # shown; the answer still lies there
    Step("flows.item:answer_people", "after", "form"),
)
#: A call within the API, and the item's version where it is the end.
IN_THE_API = (
    ("duban.services.transitions:signal_engine", "after", 1),  # before the commit: nothing has happened
    ("duban.api.once:answer_once", "before", 1),
    ("duban.api.once:answer_once", "after", 2),  # committed; the answer never leaves
)
#: An engine takes over what another one left after some seconds; here after less, so that a test waits less.
SOON = MappingProxyType(
    {
        "duban.services.signals:CLAIM": 2.0,
        "flows.engine_runs:TAKE_OVER": 2.0,
        "flows.engine_runs:MEND_EVERY": 2.0,
        "duban.services.reconcile:STUCK_AFTER": 2.0,
    }
)


@contextmanager
def no_engine(world: World) -> Iterator[None]:
    """The world's engine is away within, and there again behind."""
    world.stop("engine")
    try:
        yield
    finally:
        world.start_engine()


def an_engine(world: World, step: Step | None = None, victim: int | None = None) -> Child:
    """An engine that takes over soon what others left, one item at a time; doomed where a step is given."""
    one = {"DUBAN_ENGINE_CONCURRENCY": "1", "DUBAN_ENGINE_PORT": "0"}
    target, when = (step.target, step.when) if step else ("", "")
    return world.bear("doomed", ENGINE, target=target, when=when, victim=victim, patches=dict(SOON), **one)


def on_its_way(world: World, steps: Sequence[Step]) -> list[int]:
    """An item for each step, with a transition that no engine has seen yet; the engine has to be away."""
    ids = world.ledger.add_items(*[State.ASSIGNED] * len(steps))
    world.start_engine()
    for item_id in ids:
        wait_until(lambda item_id=item_id: stands(world, item_id), 60)
    world.stop("engine")
    for step, item_id in zip(steps, ids, strict=True):
        run = run_of(world, item_id)
        if step.way == "form":
            assert fill_in(world, run.id, action="拟定措施", measure="建账")["status"] == "ACCEPT"
            continue
        if step.way == "missing":
            world.call("DELETE", f"/flow_runs/{run.id}")
        world.ledger.move(item_id, Action.DRAFT_MEASURE)
    return ids


def whole(world: World, item_id: int, *events: str) -> None:
    """The item is where it was moved, its run shows it, and each thing happened, and is shown, once."""
    wait_until(lambda: len(world.ledger.events(item_id)) > len(events), 90)
    wait_until(lambda: stands(world, item_id), 90)
    assert world.ledger.events(item_id) == ["item.assigned", *events]
    run = run_of(world, item_id)
    names = list(task_runs(world, run.id))
    assert len(names) == len(set(names)), names
    deployment = world.prefect.deployment_id("item/item")
    own = [run for run in world.prefect.runs_of(deployment) if run.parameters.get("item_id") == item_id]
    assert len(own) == 1, "one run for one cycle"
    assert world.call("POST", f"/flow_runs/{run.id}/input/filter", {"prefix": "reply-"}) == []  # it carries a token


def mended(world: World) -> None:
    """Reconcile finds nothing that it did not mend."""
    reconcile.reconcile(world.database, world.prefect, now=now())
    wait_until(lambda: world.ledger.backlog() == 0, 60)
    assert reconcile.reconcile(world.database, world.prefect, now=now()).mended == 0


def kill_engines_at_once(world: World, steps: Sequence[Step]) -> None:
    """As many engines as steps, each of which dies with an item of its own in its hands; another one goes on."""
    with no_engine(world):
        ids = on_its_way(world, steps)
        doomed = [an_engine(world, step) for step in steps]
        assert {child.wait(60) for child in doomed} == {-9}, world.log("doomed")[-2000:]
        engine = an_engine(world)
        for item_id in ids:
            whole(world, item_id, "item.measure_drafted")
        engine.kill()


def kill_engine(world: World, step: Step) -> None:
    """One engine that dies at one step."""
    kill_engines_at_once(world, [step])


def kill_server(world: World, step: Step) -> None:
    """An engine sees its server die at one step, and waits for another one."""
    with no_engine(world):
        (item_id,) = on_its_way(world, [step])
        server = world.processes["server"]
        engine = an_engine(world, step, victim=server.pid)
        assert server.wait(60) == -9
        world.start_server()
        whole(world, item_id, "item.measure_drafted")
        engine.kill()


def kill_api(world: World, target: str, when: str, version: int) -> None:
    """An API dies within a transition; asked again under the same key, another one does it once."""
    (item_id,) = world.ledger.add_items(State.ASSIGNED)
    wait_until(lambda: stands(world, item_id))
    body = {"action": "draft_measure", "measures": ["建立台账"], "reason": "会议决定", "expected_version": 1}
    headers = {"Authorization": f"Bearer {world.ledger.token()}", "Idempotency-Key": f"kill-{item_id}"}

    def post(port: int) -> httpx.Response:
        url = f"http://127.0.0.1:{port}/api/v1/items/{item_id}/transitions"
        return httpx.post(url, json=body, headers=headers, timeout=20, trust_env=False)

    doomed, port = serving(world, target, when)
    try:
        post(port)
    except httpx.TransportError:
        assert doomed.wait() == -9
    else:
        raise AssertionError(f"the API outlived {when} {target}")
    assert world.ledger.item(item_id).version == version
    healthy, port = serving(world, "", when)
    answer = post(port)
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    healthy.kill()
    whole(world, item_id, "item.measure_drafted")


def serving(world: World, target: str, when: str) -> tuple[Child, int]:
    """An API that answers, and its port."""
    port = free_port()
    child = world.bear("api", API, target=target, when=when, DUBAN_PORT=str(port))

    def up() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=2, trust_env=False).is_success
        except httpx.TransportError:
            return False

    wait_until(up, 40)
    return child, port


def main() -> int:
    """Every step with every victim, in an order that the seed gives; says each, and how many held."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=1)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    chance = random.Random(given.seed)
    held = 0
    with tempfile.TemporaryDirectory() as folder, a_world(Path(folder)) as world:
        for _ in range(given.rounds):
            steps = (*SIGNAL, *MISSING, *FORM)
            every: list[tuple[Callable[..., None], tuple[Any, ...]]] = [(kill_engine, (step,)) for step in steps]
            every += [(kill_server, (step,)) for step in steps]
            every += [(kill_api, point) for point in IN_THE_API]
            chance.shuffle(every)
            for kill, given_to in every:
                began = time.monotonic()
                kill(world, *given_to)
                held += 1
                sys.stdout.write(
                    f"{held} {kill.__name__} {' '.join(map(str, given_to))} {time.monotonic() - began:.1f} s\n"
                )
                sys.stdout.flush()
            mended(world)
    sys.stdout.write(f"{held} kills, nothing lost and nothing done twice\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
