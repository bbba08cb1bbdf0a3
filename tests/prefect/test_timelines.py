"""What a run's timeline shows: each thing that happened once, as a task run that is done, with its detail."""

from __future__ import annotations

from typing import Any

from duban.domain.lifecycle import Action, State
from duban.services import signals

from .rows import now
from .runs_seen import fill_in, run_of, stands
from .world import World, wait_until


def shown(world: World, run_id: str) -> list[dict[str, Any]]:
    """The task runs of a run as the server gives them, oldest first."""
    body = {"flow_runs": {"id": {"any_": [run_id]}}, "sort": "EXPECTED_START_TIME_ASC"}
    found: list[dict[str, Any]] = world.call("POST", "/task_runs/filter", body)
    return found


def names(world: World, run_id: str) -> list[str]:
    return [row["name"].split(" ")[0] for row in shown(world, run_id)]


def test_an_event_that_is_shown_again_stands_on_the_timeline_once(world: World) -> None:
    """As after a crash between showing it and suspending: the run does not know that it has shown it."""
    (item_id,) = world.ledger.add_items(State.ASSIGNED)
    wait_until(lambda: stands(world, item_id))
    run_id = run_of(world, item_id).id
    world.ledger.move(item_id, Action.DRAFT_MEASURE)
    wait_until(lambda: stands(world, item_id))
    wait_until(lambda: "措施已拟定" in names(world, run_id))
    policy = world.call("GET", f"/flow_runs/{run_id}")["empirical_policy"]
    world.call("PATCH", f"/flow_runs/{run_id}", {"empirical_policy": policy | {"pause_keys": []}})
    world.ledger.move(item_id, Action.START)
    wait_until(lambda: stands(world, item_id))
    wait_until(lambda: "已启动推进" in names(world, run_id))
    assert names(world, run_id).count("措施已拟定") == 1


def test_the_timeline_tells_when_and_why(world: World) -> None:
    (item_id,) = world.ledger.add_items(State.ASSIGNED)
    world.ledger.move(item_id, Action.DRAFT_MEASURE)
    wait_until(lambda: stands(world, item_id))
    run_id = run_of(world, item_id).id
    drafted = wait_until(lambda: [row for row in shown(world, run_id) if row["name"].startswith("措施已拟定")])
    assert isinstance(drafted, list)
    row = drafted[0]
    assert (row["state_type"], row["run_count"]) == ("COMPLETED", 1)
    assert row["start_time"] == row["end_time"] is not None
    assert row["state"]["message"] == "理由:情况属实;新增措施:建立台账"
    graph = world.call("GET", f"/flow_runs/{run_id}/graph-v2")
    assert row["name"] in [node["label"] for _, node in graph["nodes"]]
    lines = wait_until(
        lambda: world.call("POST", "/logs/filter", {"logs": {"task_run_id": {"any_": [row["id"]]}}, "limit": 20})
    )
    assert isinstance(lines, list)
    assert "建立台账" in lines[0]["message"]


def test_a_run_that_waits_in_the_same_state_again_asks_with_the_same_form(world: World) -> None:
    (item_id,) = world.ledger.add_items(State.MEASURE_DRAFTED)
    wait_until(lambda: stands(world, item_id))
    before = run_of(world, item_id)
    signals.queue(world.database, [item_id], now())
    wait_until(lambda: run_of(world, item_id).key != before.key and stands(world, item_id))
    assert run_of(world, item_id).form == before.form
    assert fill_in(world, before.id, action="启动推进")["status"] == "ACCEPT"
    wait_until(lambda: world.ledger.item(item_id).state is State.ONGOING)
