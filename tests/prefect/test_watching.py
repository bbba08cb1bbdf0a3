"""What watches over duban itself: an engine's health, the automations, and alarms that reach a person."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from typing import Any

import httpx
from sqlalchemy import select

from duban.domain.lifecycle import State
from duban.services import alarms
from duban.services.alarms import Trouble
from duban.settings import ROOT
from models import Delivery

from .rows import now
from .test_nights import deployments
from .world import World, wait_until

LATE = dt.datetime(2199, 1, 1, 12, 0, tzinfo=dt.UTC)


def automations(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.call("POST", "/automations/filter", {})
    return found


def health(world: World, page: str = "health") -> httpx.Response:
    port = world.environment["DUBAN_ENGINE_PORT"]
    return httpx.get(f"http://127.0.0.1:{port}/{page}", timeout=15, trust_env=False)


def test_an_engine_tells_its_health_and_its_figures(world: World) -> None:
    wait_until(lambda: health(world).status_code == 200)
    seen = health(world).json()
    assert (seen["ready"], seen["ledger"], seen["prefect"]) == (True, "ok", "ok")
    assert dt.datetime.fromisoformat(seen["looked_at"]) > now() - dt.timedelta(minutes=1)
    assert health(world, "live").status_code == 200
    assert "duban_engine_ready 1.0" in health(world, "metrics").text
    assert health(world, "else").status_code == 404


def test_prefect_deploy_alone_makes_all_that_an_engine_makes_pools_included_and_nothing_twice(world: World) -> None:
    def there() -> tuple[set[str], list[str]]:
        return set(deployments(world)), sorted(a["name"] for a in automations(world))

    before = there()
    names = {"item", "nightly", "weekly", "fortnightly", "monthly", "quarterly", "half-yearly", "register"}
    assert before[0] == names | {"deliver", "reconcile", "alarm"}
    assert len(before[1]) == 3
    world.stop("engine")  # or it would make the pools by itself
    for pool in ("duban", "duban-items"):
        world.call("DELETE", f"/work_pools/{pool}")
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"],
        cwd=ROOT,
        env=world.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    world.start_engine()
    assert done.returncode == 0, done.stdout + done.stderr
    assert there() == before
    pools = {pool["name"]: pool["type"] for pool in world.call("POST", "/work_pools/filter", {})}
    assert pools == {"duban": "process", "duban-items": "duban-engine"}
    assert {d["work_pool_name"] for d in deployments(world).values()} == set(pools)
    cadences = {d["parameters"]["cadence"] for d in deployments(world).values() if "cadence" in d["parameters"]}
    assert cadences == {"weekly", "fortnightly", "monthly", "quarterly", "half_yearly"}


def test_two_engines_that_start_at_once_make_each_automation_once(world: World) -> None:
    alarm = deployments(world)["alarm"]["id"]
    world.call("DELETE", f"/automations/owned-by/prefect.deployment.{alarm}")
    assert automations(world) == []
    assert [child.wait(60) for child in [world.bear("deploy", "flows.deploy:main") for _ in range(2)]] == [0, 0]
    assert len(automations(world)) == 3


def test_a_night_that_fails_starts_a_look_by_an_automation(world: World) -> None:
    nightly = deployments(world)["nightly"]["id"]
    run = world.prefect.create_run(nightly, {"state": {"type": "PENDING", "name": "Pending"}})
    world.call("POST", f"/flow_runs/{run.id}/set_state", {"state": {"type": "FAILED", "name": "Failed"}, "force": True})
    wait_until(lambda: any(r.name == "运行查看 夜间督办失败" for r in looks(world)), 60)
    wait_until(lambda: all(r.type == "COMPLETED" for r in looks(world)), 90)


def looks(world: World) -> list[Any]:
    runs = world.prefect.runs_of(deployments(world)["alarm"]["id"])
    return [run for run in runs if run.type != "SCHEDULED" or "失败" in run.name]


def test_an_engine_that_is_there_is_seen_and_a_night_that_is_owed_is_told_once_a_day(world: World) -> None:
    (item_id,) = world.ledger.add_items(State.ONGOING)
    world.ledger.release(item_id)
    wait_until(lambda: world.prefect.workers_online("duban-items"), 60)
    wait_until(lambda: world.ledger.backlog() == 0)

    def tell(at: dt.datetime) -> list[Trouble]:
        tools = world.night_tools()
        raised = alarms.look_and_tell(
            tools, world.prefect, now=at, zone=world.settings.zone, night_by=world.settings.night_by
        )
        return [alarm.trouble for alarm in raised.alarms]

    assert tell(LATE) == [Trouble.NIGHT_MISSING]
    assert tell(LATE) == [Trouble.NIGHT_MISSING]
    with world.database.read() as session:
        mails = session.scalars(select(Delivery).where(Delivery.kind == "alarm", Delivery.as_of == LATE.date())).all()
    assert [mail.address for mail in mails] == ["office@example.org"]
    assert "1月1日的夜间督办没有完成" in mails[0].subject
