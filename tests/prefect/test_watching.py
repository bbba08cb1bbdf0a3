"""What watches over duban itself: an engine's health, the automations, and alarms that reach a person."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from sqlalchemy import select

from duban.adapters.database import Database
from duban.adapters.migrations import upgrade
from duban.adapters.prefect_env import prefect_password
from duban.domain.lifecycle import State
from duban.services import alarms
from duban.services.alarms import Trouble
from duban.settings import ROOT
from models import Delivery

from .rows import Ledger, now
from .test_nights import deployments
from .world import Child, World, wait_until

LATE = dt.datetime(2199, 1, 1, 12, 0, tzinfo=dt.UTC)


def automations(world: World) -> list[dict[str, Any]]:
    """Those of prefect.yaml."""
    found: list[dict[str, Any]] = world.call("POST", "/automations/filter", {})
    return [automation for automation in found if automation["name"].startswith("督办")]


@dataclass(frozen=True)
class Deadlines:
    """Two looks whether the night was done within seconds instead of 29 hours: it never is, it always is."""

    missed: str
    kept: str
    mails: Path  # of a ledger of their own, whose plan was released three days ago and had no night since


@pytest.fixture(scope="module")
def deadlines(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deadlines]:
    """They run while other tests do. All but the seconds and the ledger is as prefect.yaml has it."""
    folder = tmp_path_factory.mktemp("owed")
    database = Database(f"sqlite:///{folder / 'duban.db'}")
    upgrade(database)
    ledger = Ledger(database)
    ledger.release(ledger.add_items(State.ONGOING)[0], now() - dt.timedelta(days=3))
    database.dispose()
    where = {"DUBAN_DATA_DIR": str(folder), "DUBAN_DATABASE_URL": database.url}
    look, worker = served_elsewhere(world, "alarm", **where, DUBAN_PREFECT_AUTH=prefect_password(world.settings) or "")
    nightly = deployments(world)["nightly"]
    copy = {"name": "nightly-in-time", "flow_id": nightly["flow_id"], "entrypoint": nightly["entrypoint"]}
    in_time = world.call("POST", "/deployments/", copy)
    names = Deadlines("no night", "a night in time", folder / "mail")
    ids = [
        shortened(world, name, deployment, look)
        for name, deployment in ((names.missed, "nightly"), (names.kept, in_time["name"]))
    ]
    ended = threading.Event()

    def nights() -> None:
        while not ended.wait(2.0):
            run = world.prefect.create_run(in_time["id"], {"state": {"type": "PENDING", "name": "Pending"}})
            world.prefect.set_state(run.id, {"type": "COMPLETED", "name": "Completed"})

    thread = threading.Thread(target=nights)
    thread.start()
    yield names
    ended.set()
    thread.join()
    for automation in ids:
        world.call("DELETE", f"/automations/{automation}")
    for deployment in (in_time["id"], look):
        world.call("DELETE", f"/deployments/{deployment}")
    worker.kill()
    world.call("DELETE", "/work_pools/elsewhere")


def served_elsewhere(world: World, name: str, **environment: str) -> tuple[str, Child]:
    """A copy of a deployment on a pool that Prefect's stock worker serves with another ledger: its id, and the worker.

    A run cannot name a ledger by itself: nothing of its environment is its own.
    """
    template = world.call("GET", "/work_pools/duban")["base_job_template"]
    pool = {"name": "elsewhere", "type": "process", "base_job_template": template}
    world.call("POST", "/work_pools/", pool)
    there = deployments(world)[name]
    copy = {key: there[key] for key in ("flow_id", "entrypoint", "parameter_openapi_schema")}
    made = world.call("POST", "/deployments/", copy | {"name": f"{name}-elsewhere", "work_pool_name": pool["name"]})
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    worker = world.bear("worker", "prefect", "worker", "start", "--pool", "elsewhere", PATH=path, **environment)
    return str(made["id"]), worker


def shortened(world: World, name: str, deployment: str, look: str) -> str:
    """The automation of the night that is missing, for this deployment, with ten seconds to go; gives its id."""
    entries = YAML(typ="safe").load(ROOT / "prefect.yaml")["deployments"]
    triggers = next(entry["triggers"] for entry in entries if entry["name"] == "alarm")
    given = next(trigger for trigger in triggers if trigger["parameters"]["reason"] == "night-missing")
    trigger = {key: given[key] for key in ("type", "posture", "after", "expect", "match", "threshold")}
    trigger |= {"within": 10, "match_related": given["match_related"] | {"prefect.resource.name": deployment}}
    action = {"type": "run-deployment", "source": "selected", "deployment_id": look}
    action |= {"parameters": given["parameters"]}
    body = {"name": name, "enabled": True, "trigger": trigger, "actions": [action]}
    return str(world.call("POST", "/automations/", body)["id"])


def started_by(world: World, automation: str) -> list[dict[str, Any]]:
    """The looks that an automation started."""
    rows = world.call("POST", "/flow_runs/filter", {"flows": {"name": {"any_": ["alarm"]}}})
    return [row for row in rows if (row["created_by"] or {}).get("display_value") == automation]


def test_an_engine_tells_its_health_and_its_figures(world: World) -> None:
    wait_until(lambda: world.health().status_code == 200)
    seen = world.health().json()
    assert (seen["ready"], seen["ledger"], seen["prefect"]) == (True, "ok", "ok")
    assert dt.datetime.fromisoformat(seen["looked_at"]) > now() - dt.timedelta(minutes=1)
    assert world.health("live").status_code == 200
    assert "duban_engine_ready 1.0" in world.health("metrics").text
    assert world.health("else").status_code == 404


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


def test_two_engines_that_start_at_once_make_each_automation_once(world: World, deadlines: Deadlines) -> None:
    alarm = deployments(world)["alarm"]["id"]
    world.call("DELETE", f"/automations/owned-by/prefect.deployment.{alarm}")
    assert automations(world) == []
    assert [child.wait(60) for child in [world.bear("deploy", "flows.deploy:main") for _ in range(2)]] == [0, 0]
    assert len(automations(world)) == 3


def test_a_night_that_fails_starts_a_look_by_an_automation(world: World) -> None:
    nightly = deployments(world)["nightly"]["id"]
    run = world.prefect.create_run(nightly, {"state": {"type": "PENDING", "name": "Pending"}})
    world.call("POST", f"/flow_runs/{run.id}/set_state", {"state": {"type": "FAILED", "name": "Failed"}, "force": True})
    wait_until(lambda: "Quiet" in looks(world) or "Alarmed" in looks(world), 90)


def looks(world: World) -> list[str]:
    """The states of the looks that a failed night started."""
    return [run["state_name"] for run in started_by(world, "督办：夜间督办失败")]


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


def test_a_night_that_is_not_done_in_time_is_mailed_by_an_automation_and_one_in_time_is_not(
    world: World, deadlines: Deadlines
) -> None:
    def alarmed() -> bool:
        return any(run["state_name"] == "Alarmed" for run in started_by(world, deadlines.missed))

    wait_until(alarmed, 90)
    mails = [BytesParser(policy=policy.default).parsebytes(path.read_bytes()) for path in deadlines.mails.glob("*.eml")]
    assert [mail["To"].addresses[0].addr_spec for mail in mails] == ["office@example.org"]
    assert "夜间督办没有完成" in mails[0]["Subject"]
    assert "duban nightly" in mails[0].get_body(("plain",)).get_content()
    assert started_by(world, deadlines.kept) == []
