"""Reconcile over more items than it holds at a time."""

from __future__ import annotations

import pytest

from duban.domain.lifecycle import State
from duban.services import reconcile
from duban.services.run_specs import DEPLOYMENT

from .rows import now
from .runs_seen import run_of, stands
from .world import World, wait_until


def test_every_item_is_compared_and_runs_of_no_item_are_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = world.ledger.add_items(*[State.ASSIGNED] * 5)
    for item_id in ids:
        wait_until(lambda item_id=item_id: stands(world, item_id))
    monkeypatch.setattr(reconcile, "BATCH", 2)
    before = reconcile.reconcile(world.database, world.prefect, now=now())
    stray = {"name": "甲-1", "idempotency_key": f"stray-{ids[0]}", "parameters": {"item_id": ids[0]}}
    stray |= {"state": {"type": "PAUSED", "name": "Assigned"}}
    run = world.prefect.create_run(world.prefect.deployment_id(DEPLOYMENT), stray)
    for item_id in ids[::4]:  # the first and the last
        world.call("DELETE", f"/flow_runs/{run_of(world, item_id).id}")
    seen: list[tuple[int, int]] = []
    counts = reconcile.reconcile(world.database, world.prefect, now=now(), progress=lambda *step: seen.append(step))
    assert (counts.missing, counts.unknown) == (2, before.unknown + 1)
    assert counts.checked == before.checked == seen[-1][0] == seen[-1][1]
    assert len(seen) > 2
    for item_id in ids:
        wait_until(lambda item_id=item_id: stands(world, item_id))
    world.call("DELETE", f"/flow_runs/{run.id}")
    after = reconcile.reconcile(world.database, world.prefect, now=now())
    assert (after.mended, after.unknown) == (0, before.unknown)
