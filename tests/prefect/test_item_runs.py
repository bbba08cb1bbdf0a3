"""Item runs on a real server: created waiting, moved by the ledger or by a form, and mended whatever befalls them."""

from __future__ import annotations

import pytest

from duban.adapters.prefect_api import PrefectApi, PrefectUnreachable
from duban.domain.lifecycle import Action, State
from duban.services import reconcile, runs
from duban.services.run_specs import DEPLOYMENT
from duban.web.words import EVENT_ZH

from .kills import whole
from .rows import now
from .runs_seen import fill_in, logs, run_of, stands, task_runs
from .world import World, free_port, wait_until


def test_an_item_gets_a_run_that_waits_under_the_name_of_its_state(world: World) -> None:
    ids = world.ledger.add_items(State.ASSIGNED, State.MEASURE_DRAFTED, State.REGULATION_ISSUED, State.ONGOING)
    for item_id in ids:
        wait_until(lambda item_id=item_id: stands(world, item_id))
    found = [run_of(world, item_id) for item_id in ids]
    assert [run.state for run in found] == ["Assigned", "Measure drafted", "Regulation issued", "Ongoing"]
    assert {run.type for run in found} == {"PAUSED"}
    assert found[0].name.endswith("-13 党性教育")
    tags = world.call("GET", f"/flow_runs/{found[0].id}")["tags"]
    assert {"unit:区委政研室", "lead:周明远"} < set(tags)
    assert any(tag.startswith("plan:青河2026") for tag in tags)


def test_every_event_that_a_page_names_has_words_on_the_timeline() -> None:
    assert set(EVENT_ZH) <= set(runs.EVENT_WORDS)


def test_runs_are_created_in_bulk_and_once_only(world: World) -> None:
    ids = world.ledger.add_items(*[State.ASSIGNED] * 5, signalled=False)
    steps: list[tuple[int, int]] = []
    plan_id = world.ledger.item(ids[0]).plan_id
    made = runs.create_missing_runs(
        world.database, world.prefect, now=now(), plan_id=plan_id, progress=lambda *step: steps.append(step)
    )
    again = runs.create_missing_runs(world.database, world.prefect, now=now(), plan_id=plan_id)
    assert (made, again) == (5, 0)
    assert steps[-1] == (5, 5)
    assert all(stands(world, item_id) for item_id in ids)


def test_a_transition_is_seen_in_the_run_with_its_words_on_the_timeline(world: World) -> None:
    (item_id,) = world.ledger.add_items(State.ASSIGNED)
    wait_until(lambda: stands(world, item_id))
    world.ledger.move(item_id, Action.DRAFT_MEASURE)
    wait_until(lambda: stands(world, item_id))  # how soon is benchmarks/latency.py's matter
    run = run_of(world, item_id)
    assert run.state == "Measure drafted"
    day = now().astimezone(world.settings.zone).date()
    expected = f"措施已拟定 Measure drafted {day} 张三"
    wait_until(lambda: expected in task_runs(world, run.id))
    assert task_runs(world, run.id)[expected] == "Completed"


def test_two_transitions_in_a_row_and_a_signal_twice_show_each_thing_once(world: World) -> None:
    (item_id,) = world.ledger.add_items(State.ASSIGNED)
    world.ledger.move(item_id, Action.DRAFT_MEASURE)
    world.ledger.move(item_id, Action.START)
    from duban.services import signals

    wait_until(lambda: stands(world, item_id))
    signals.queue(world.database, [item_id], now())
    wait_until(lambda: world.ledger.backlog() == 0)
    assert stands(world, item_id)
    world.ledger.move(item_id, Action.WITHDRAW)
    wait_until(lambda: stands(world, item_id))
    run = run_of(world, item_id)
    assert (run.type, run.state) == ("COMPLETED", "Closed")
    names = wait_until(
        lambda: (found := list(task_runs(world, run.id))) and any("已撤销" in n for n in found) and found
    )
    assert isinstance(names, list)
    assert len(names) == len(set(names))


def test_a_reopened_item_gets_a_new_run_for_its_new_cycle(world: World) -> None:
    (item_id,) = world.ledger.add_items(State.ONGOING)
    wait_until(lambda: stands(world, item_id))
    first = run_of(world, item_id).id
    world.ledger.move(item_id, Action.WITHDRAW)
    wait_until(lambda: stands(world, item_id))
    world.ledger.move(item_id, Action.REOPEN)
    wait_until(lambda: stands(world, item_id))
    second = run_of(world, item_id)
    assert second.id != first
    assert second.state == "Ongoing"
    old = world.prefect.run(first)
    assert old is not None
    assert old.state == "Closed"


def test_a_person_resumes_with_the_form_and_the_item_moves(world: World) -> None:
    (item_id,) = world.ledger.add_items(State.MEASURE_DRAFTED)
    wait_until(lambda: stands(world, item_id))
    run = run_of(world, item_id)
    assert fill_in(world, run.id, action="启动推进", reason="开始")["status"] == "ACCEPT"
    wait_until(lambda: world.ledger.item(item_id).state is State.ONGOING)
    wait_until(lambda: stands(world, item_id))
    assert world.ledger.events(item_id) == ["item.assigned", "item.started"]
    wait_until(lambda: "已办理:李督查 启动推进" in logs(world, run.id))
    left = world.call("POST", f"/flow_runs/{run.id}/input/filter", {"prefix": "reply-"})
    assert left == []  # the answer carried a token


def test_a_refused_form_leaves_the_run_waiting_with_the_reason_in_its_log(world: World) -> None:
    (item_id,) = world.ledger.add_items(State.ONGOING)
    wait_until(lambda: stands(world, item_id))
    run = run_of(world, item_id)
    fill_in(world, run.id, action="销号")
    wait_until(lambda: "尚不具备条件" in logs(world, run.id))
    wait_until(lambda: stands(world, item_id))
    assert world.ledger.item(item_id).version == 1
    assert world.prefect.run(run.id) != run  # it waits anew, and can be answered again
    assert "Refused" in task_runs(world, run.id).values()
    fill_in(world, run.id, action="撤销", reason="重复立项")
    wait_until(lambda: world.ledger.item(item_id).state is State.CLOSED)


def test_a_form_needs_a_valid_token_and_an_action_that_is_possible(world: World) -> None:
    (item_id,) = world.ledger.add_items(State.ASSIGNED)
    wait_until(lambda: stands(world, item_id))
    run = run_of(world, item_id)
    assert fill_in(world, run.id, action="销号")["status"] == "REJECT"  # the server holds it against the form
    assert fill_in(world, run.id, action="拟定措施", measure="建账", token="guessed")["status"] == "ACCEPT"
    wait_until(lambda: "个人令牌无效" in logs(world, run.id))
    assert world.ledger.item(item_id).version == 1


def test_reconcile_mends_whatever_happened_to_runs_and_says_it_and_finds_nothing_the_second_time(world: World) -> None:
    """As by hand in the Prefect UI: cancelled, failed, crashed, marked as done, deleted; or left without its form."""
    faults = {
        "FAILED": "ended",
        "CRASHED": "ended",
        "CANCELLED": "ended",
        "COMPLETED": "ended",
        "deleted": "missing",
        "form deleted": "unresumable",
    }
    ids = dict(zip(faults, world.ledger.add_items(*[State.MEASURE_DRAFTED] * len(faults)), strict=True))
    for item_id in ids.values():
        wait_until(lambda item_id=item_id: stands(world, item_id))
    for kind, item_id in ids.items():
        run = run_of(world, item_id)
        if kind == "deleted":
            world.call("DELETE", f"/flow_runs/{run.id}")
        elif kind == "form deleted":
            world.call("DELETE", f"/flow_runs/{run.id}/input/{run.form}")
        else:
            world.prefect.set_state(run.id, {"type": kind, "name": kind.title()})
    counts = reconcile.reconcile(world.database, world.prefect, now=now())
    # An engine looks by itself, and may have been quicker with what was ended.
    assert (counts.missing, counts.unresumable) == (1, 1)
    assert len(counts.said) == counts.mended
    assert any("运行缺失,已重建" in line for line in counts.said)
    for item_id in ids.values():
        wait_until(lambda item_id=item_id: stands(world, item_id))
        assert fill_in(world, run_of(world, item_id).id, action="启动推进")["status"] == "ACCEPT"
    for item_id in ids.values():
        wait_until(lambda item_id=item_id: world.ledger.item(item_id).state is State.ONGOING, 60)
        wait_until(lambda item_id=item_id: world.ledger.backlog() == 0 and stands(world, item_id), 60)
    assert reconcile.reconcile(world.database, world.prefect, now=now()).mended == 0


def test_a_run_that_fell_behind_goes_on_with_what_it_missed(world: World) -> None:
    """As after a Prefect server was restored from an older backup: its run shows what the ledger has left behind."""
    (item_id,) = world.ledger.add_items(State.ASSIGNED)
    wait_until(lambda: stands(world, item_id))
    run = run_of(world, item_id)
    old = world.call("GET", f"/flow_runs/{run.id}")["state"]
    world.ledger.move(item_id, Action.DRAFT_MEASURE)
    wait_until(lambda: stands(world, item_id))
    world.prefect.set_state(run.id, {k: old[k] for k in ("type", "name", "message", "state_details")})
    counts = reconcile.reconcile(world.database, world.prefect, now=now())
    assert counts.behind == 1
    wait_until(lambda: stands(world, item_id))


def test_a_server_that_is_away_is_said_and_stops_nothing(world: World) -> None:
    away = PrefectApi(f"http://127.0.0.1:{free_port()}/api", patience=0.2)
    counts = reconcile.reconcile(world.database, away, now=now())
    assert "does not answer" in counts.problem
    with pytest.raises(PrefectUnreachable):
        away.deployment_id(DEPLOYMENT)
    assert not away.healthy()


def test_a_second_engine_shares_the_work_and_a_server_restart_is_survived(world: World) -> None:
    ids = world.ledger.add_items(*[State.ASSIGNED] * 6)
    world.start_engine("engine2")
    wait_until(lambda: "is up" in world.log("engine2"), 60)
    world.stop_server()
    for item_id in ids:
        world.ledger.move(item_id, Action.DRAFT_MEASURE)
    seen = world.health()
    assert (seen.status_code, seen.json()["ledger"]) == (503, "ok")
    assert "does not answer" in seen.json()["prefect"]
    world.start_server()
    for item_id in ids:
        wait_until(lambda item_id=item_id: stands(world, item_id), 60)
    wait_until(lambda: world.health().status_code == 200)
    assert world.stop("engine2") == 0


def test_an_engine_that_is_told_to_stop_amid_work_finishes_what_it_began_and_leaves_the_rest_to_the_next(
    world: World,
) -> None:
    ids = world.ledger.add_items(*[State.ASSIGNED] * 12)
    for item_id in ids:
        wait_until(lambda item_id=item_id: stands(world, item_id), 60)
    for item_id in ids:
        world.ledger.move(item_id, Action.DRAFT_MEASURE)
    assert world.stop("engine") == 0
    assert "engine stopped" in world.log("engine")
    left = world.ledger.backlog()
    assert left > 0, "it was told amid its work"
    assert world.ledger.claimed() == 0, "nobody has to wait until a claim runs out"
    busy = world.prefect.runs_in(world.prefect.deployment_id(DEPLOYMENT), ["RUNNING", "PENDING"])
    assert busy == []
    world.start_engine()
    for item_id in ids:
        whole(world, item_id, "item.measure_drafted")
