"""Nights and their kin as flow runs on a stock work pool of a real server."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from duban.domain.lifecycle import State
from duban.services import jobs, reconcile
from duban.settings import ROOT
from models import Delivery, DeliveryStatus, IssuedPaper, Item, Night, NightState

from .world import World, wait_until

SLOW = 120.0  # two interpreters start for it, on whatever else the machine does


def deployments(world: World) -> dict[str, dict[str, Any]]:
    rows = world.call("POST", "/deployments/filter", {})
    return {row["name"]: row for row in rows}


def run_deployment(world: World, name: str, **parameters: Any) -> str:
    body = {"parameters": parameters, "idempotency_key": uuid4().hex}
    return world.prefect.create_run(deployments(world)[name]["id"], body).id


def ended(world: World, run_id: str) -> dict[str, Any]:
    """The run's state, once it has ended."""

    def look() -> dict[str, Any] | None:
        state: dict[str, Any] = world.call("GET", f"/flow_runs/{run_id}")["state"]
        return state if state["type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED") else None

    found = wait_until(look, SLOW)
    assert isinstance(found, dict)
    return found


def artifacts(world: World, run_id: str) -> dict[str, dict[str, Any]]:
    body = {"artifacts": {"flow_run_id": {"any_": [run_id]}}}
    rows = world.call("POST", "/artifacts/filter", body)
    return {row["key"]: row for row in rows}


def test_the_scheduled_night_appears_as_a_scheduled_run_at_one_in_the_morning(world: World) -> None:
    """A wrong SQLAlchemy makes Prefect's scheduler create no runs at all, and say nothing."""
    body = {
        "deployments": {"name": {"any_": ["nightly"]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
        "sort": "EXPECTED_START_TIME_ASC",
    }
    rows = wait_until(lambda: world.call("POST", "/flow_runs/filter", body), 90)
    assert isinstance(rows, list)
    assert rows[0]["auto_scheduled"]
    at = dt.datetime.fromisoformat(rows[0]["expected_start_time"]).astimezone(world.settings.zone)
    assert (at.hour, at.minute) == (1, 0)


def test_a_document_is_registered_and_a_night_is_run_as_flow_runs_and_published(world: World, tmp_path: Path) -> None:
    example = ROOT / "examples" / "plan.txt"
    registered = ended(world, run_deployment(world, "register", path=str(example), as_of="2026-01-05"))
    assert registered["type"] == "COMPLETED", registered
    with world.database.read() as session:
        items = session.scalars(select(Item).where(Item.flow_run_id.is_(None), ~Item.quarantined)).all()
    assert items == []
    day = dt.datetime.now(world.settings.zone).date()
    first = run_deployment(world, "nightly")
    wait_until(lambda: world.call("GET", f"/flow_runs/{first}")["state"]["type"] == "RUNNING", SLOW)
    assert world.stop("engine") == 0  # as for a newer version: the night ends with it, and goes on with the next
    world.start_engine()
    state = ended(world, first)
    assert state["type"] == "COMPLETED", state
    with world.database.read() as session:
        assert session.get_one(Night, day).state is NightState.COMPLETED
    published = artifacts(world, first)
    assert {"night-summary", "night-overdue", "night-ranking", "night-progress", "board"} <= set(published)
    assert str(day) in published["night-summary"]["data"]
    second = world.flow("flows.nightly.nightly")
    assert (second["type"], second["name"]) == ("COMPLETED", "Skipped")  # as the late runs after a downtime
    for flow in ("flows.nightly.nightly", "flows.reviews.review"):
        to_come = world.flow(flow, as_of="2099-06-15", **({"cadence": "monthly"} if "review" in flow else {}))
        assert to_come["type"] == "FAILED", to_come
    preview = world.flow("flows.nightly.nightly", dry_run=True)
    assert (preview["type"], preview["name"]) == ("COMPLETED", "Preview")


def test_a_month_is_drawn_mailed_and_shown_once_and_a_dry_run_keeps_nothing(world: World) -> None:
    (item_id,) = world.ledger.add_items(State.ONGOING)
    plan_id = world.ledger.release(item_id)
    given = {"cadence": "monthly", "as_of": "2026-08-03"}
    assert world.flow("flows.reviews.review", **given, dry_run=True)["name"] == "Preview"
    assert issued(world, plan_id) == []
    drawn = world.flow("flows.reviews.review", **given)
    first = drawn["run"]
    assert drawn["type"] == "COMPLETED", drawn
    papers = ["agenda-monthly", "check-monthly", "exposure-monthly", "ranking-monthly"]
    assert issued(world, plan_id) == papers
    shown = artifacts(world, first)
    assert {"papers-monthly-summary", "papers-monthly-ranking-monthly-ranking"} <= set(shown)
    assert "得分说明" in shown["papers-monthly-summary"]["data"]
    with world.database.read() as session:
        mails = session.scalars(select(Delivery).where(Delivery.kind == "papers")).all()
    assert {mail.status for mail in mails} == {DeliveryStatus.SENT}
    again = world.flow("flows.reviews.review", **given)
    assert (again["type"], again["name"]) == ("COMPLETED", "Skipped")
    with world.database.read() as session:
        assert len(session.scalars(select(Delivery).where(Delivery.kind == "papers")).all()) == len(mails)


def issued(world: World, plan_id: int) -> list[str]:
    """The kinds of paper that the ledger keeps of a plan."""
    with world.database.read() as session:
        query = select(IssuedPaper.kind).where(IssuedPaper.plan_id == plan_id).order_by(IssuedPaper.kind)
        return list(session.scalars(query))


def test_jobs_that_lost_their_process_are_started_again_but_not_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker was killed while it submitted one, a machine went down under the second; the third did so thrice."""
    pending, running = {"type": "PENDING", "name": "Submitting"}, {"type": "RUNNING", "name": "Running"}
    alarm = deployments(world)["alarm"]["id"]
    lost = [world.prefect.create_run(alarm, {"state": pending}).id for _ in range(4)]
    for run_id, starts in ((lost[1], 1), (lost[2], 3), (lost[3], 1)):
        for _ in range(starts):
            world.prefect.set_state(run_id, pending)
            world.prefect.set_state(run_id, running)
    assert reconcile.mend_ended(world.database, world.prefect, now=dt.datetime.now(dt.UTC)).jobs == 0
    assert jobs.hand_back(world.prefect, [lost[3], str(uuid4())], now=dt.datetime.now(dt.UTC)) == 1
    for name in ("SUBMITTED_WITHIN", "SILENT_AFTER"):
        monkeypatch.setattr(jobs, name, dt.timedelta(0))
    counts = reconcile.mend_ended(world.database, world.prefect, now=dt.datetime.now(dt.UTC))
    assert counts.jobs == 3
    assert sorted(line.rpartition(":")[2] for line in counts.said) == [
        "提交中断,已重新排队",
        "进程已不在,已启动 3 次,不再重来",
        "进程已不在,已重新排队",
    ]
    for run_id in (lost[1], lost[3]):  # one that goes on shows enough
        world.call("DELETE", f"/flow_runs/{run_id}")
    assert [ended(world, run_id)["type"] for run_id in (lost[0], lost[2])] == ["COMPLETED", "CRASHED"]
    began = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)
    wait_until(lambda: world.prefect.lived_since(lost[0], began))  # a job says that it is alive
