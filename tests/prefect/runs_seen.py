"""What the server shows of an item's run, and what a person does with it there."""

from __future__ import annotations

from typing import Any

from duban.adapters.prefect_api import RunState
from duban.domain.lifecycle import State
from duban.services.run_specs import STATE_NAMES, mark_of

from .world import World, wait_until


def run_of(world: World, item_id: int) -> RunState:
    """The item's run, as soon as it has one."""
    run_id = wait_until(lambda: world.ledger.item(item_id).flow_run_id)
    run = world.prefect.run(str(run_id))
    assert run is not None
    return run


def stands(world: World, item_id: int) -> bool:
    """Whether the run shows the item's state and version, the ledger knows it, and nothing is on its way."""
    item = world.ledger.item(item_id)
    if world.ledger.is_signalled(item_id):
        return False
    run = world.prefect.run(item.flow_run_id) if item.flow_run_id else None
    if run is None or item.run_version != item.version or run.state != STATE_NAMES[item.state]:
        return False
    mark = mark_of(run.key)
    return run.type == "COMPLETED" if item.state is State.CLOSED else mark is not None and mark[0] == item.version


def task_runs(world: World, run_id: str) -> dict[str, str]:
    """Names and states of a run's task runs, oldest first."""
    body = {"flow_runs": {"id": {"any_": [run_id]}}, "sort": "EXPECTED_START_TIME_ASC"}
    rows = world.call("POST", "/task_runs/filter", body)
    return {row["name"]: row["state_name"] for row in rows}


def logs(world: World, run_id: str) -> str:
    rows = world.call("POST", "/logs/filter", {"logs": {"flow_run_id": {"any_": [run_id]}}, "limit": 200})
    return "\n".join(row["message"] for row in rows)


def fill_in(world: World, run_id: str, **answer: str) -> dict[str, Any]:
    """What the Prefect UI sends when a person resumes a run with its form."""
    body = {"run_input": {"token": world.ledger.token()} | answer}
    found: dict[str, Any] = world.call("POST", f"/flow_runs/{run_id}/resume", body)
    return found
