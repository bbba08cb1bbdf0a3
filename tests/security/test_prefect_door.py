"""What a stranger, a page of another origin, or a run of somebody's making can do on the Prefect server: nothing."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from duban.adapters.prefect_env import PASSWORD, prefect_password
from tests.prefect.world import World, wait_until

from .conftest import SECRETS

EVIL = "http://evil.example.org"
ENDED = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})


def credentials(world: World) -> tuple[str, str]:
    user, _, password = (prefect_password(world.settings) or "").partition(":")
    assert user
    assert len(password) >= 32
    return user, password


def ask(world: World, method: str, path: str, **given: Any) -> httpx.Response:
    return httpx.request(method, world.prefect.url + path, timeout=30, trust_env=False, **given)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/work_pools/duban"),
        ("GET", "/admin/settings"),
        ("GET", "/csrf-token?client=stranger"),
        ("GET", "/deployments/name/nightly/nightly"),
    ],
)
@pytest.mark.parametrize("auth", [None, ("duban", "guessed")])
def test_without_the_password_nothing_is_told(
    world: World, method: str, path: str, auth: tuple[str, str] | None
) -> None:
    assert ask(world, method, path, auth=auth).status_code == 401


def test_without_the_password_nothing_is_changed_whatever_token_is_shown(world: World) -> None:
    token = ask(world, "GET", "/csrf-token?client=mine", auth=credentials(world)).json()["token"]
    headers = {"Prefect-Csrf-Token": token, "Prefect-Csrf-Client": "mine"}
    for path, body in (("/flow_runs/filter", {}), ("/flows/", {"name": "mine"}), ("/admin/database/clear", {})):
        assert ask(world, "POST", path, json=body).status_code == 403
        assert ask(world, "POST", path, json=body, headers=headers).status_code == 401


@pytest.mark.parametrize("path", ["/events/in", "/events/out", "/logs/out"])
@pytest.mark.parametrize("said", [None, {"type": "auth", "token": "duban:guessed"}])
def test_no_socket_opens_without_the_password(world: World, path: str, said: dict[str, str] | None) -> None:
    url = world.prefect.url.replace("http", "ws", 1) + path
    with connect(url, subprotocols=[Subprotocol("prefect")], proxy=None) as socket:
        socket.send(json.dumps(said or {"type": "event"}))
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=10)


def test_a_page_of_another_origin_is_refused_even_with_the_password(world: World) -> None:
    """The browser asks first, and is not allowed; what it sends without asking lacks the token of our own pages."""
    asked = {"Origin": EVIL, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    preflight = ask(world, "OPTIONS", "/flow_runs/filter", headers=asked)
    assert preflight.status_code == 400
    assert "access-control-allow-origin" not in preflight.headers
    read = ask(world, "GET", "/work_pools/duban", headers={"Origin": EVIL}, auth=credentials(world))
    assert "access-control-allow-origin" not in read.headers
    sent = ask(world, "POST", "/flows/", json={"name": "theirs"}, headers={"Origin": EVIL}, auth=credentials(world))
    assert sent.status_code == 403
    own = ask(world, "OPTIONS", "/flow_runs/filter", headers=asked | {"Origin": world.prefect.url[: -len("/api")]})
    assert own.status_code == 200


def test_a_run_that_brings_a_command_is_refused_and_executes_nothing(world: World, tmp_path: Path) -> None:
    for name in ("nightly/nightly", "item/item"):
        deployment = world.prefect.deployment_id(name)
        for variables in (
            {"command": f"touch {tmp_path / 'owned'}"},
            {"env": {"PYTHONSTARTUP": "/tmp/x.py"}},
            {"working_dir": str(tmp_path)},
        ):
            body = {"job_variables": variables, "state": {"type": "SCHEDULED"}, "parameters": {"item_id": 1}}
            answer = world.patient.call("POST", f"/deployments/{deployment}/create_flow_run", body)
            assert answer.status_code in (409, 422), answer.text
    assert not (tmp_path / "owned").exists()


def test_a_template_that_somebody_opened_gives_a_run_no_command_and_is_closed_by_the_next_deploy(
    world: World, tmp_path: Path
) -> None:
    open_template = {
        "job_configuration": {"command": "{{ command }}", "env": "{{ env }}"},
        "variables": {"type": "object", "properties": {"command": {"type": "string"}, "env": {"type": "object"}}},
    }
    before = world.call("GET", "/work_pools/duban")["base_job_template"]
    world.call("PATCH", "/work_pools/duban", {"base_job_template": open_template})
    try:
        made = world.call(
            "POST",
            f"/deployments/{world.prefect.deployment_id('reconcile/reconcile')}/create_flow_run",
            {"job_variables": {"command": f"touch {tmp_path / 'owned'}"}, "state": {"type": "SCHEDULED"}},
        )
        assert ended(world, made["id"]) == "COMPLETED"
        assert not (tmp_path / "owned").exists()
    finally:
        assert world.bear("deploy", "flows.deploy:main").wait(60) == 0, world.log("deploy")
    assert world.call("GET", "/work_pools/duban")["base_job_template"] == before


def test_no_secret_stands_in_the_environment_of_a_run_which_still_knows_what_it_needs(
    world: World, tmp_path: Path
) -> None:
    flow = world.call("POST", "/flows/", {"name": "tell"})
    deployment = world.call(
        "POST",
        "/deployments/",
        {
            "name": "told",
            "flow_id": flow["id"],
            "entrypoint": f"{Path(__file__).with_name('told_environment.py')}:tell",
            "work_pool_name": "duban",
            "pull_steps": [],
        },
    )
    told = tmp_path / "told.json"
    body = {"parameters": {"file": str(told)}, "state": {"type": "SCHEDULED"}}
    run = world.call("POST", f"/deployments/{deployment['id']}/create_flow_run", body)
    assert ended(world, run["id"]) == "COMPLETED", world.log("engine")[-3000:]
    seen = json.loads(told.read_text(encoding="utf-8"))
    environment = json.dumps(seen["environment"])
    for secret in (*SECRETS.values(), credentials(world)[1]):
        assert secret not in environment
    assert seen["signs"] == SECRETS["DUBAN_SESSION_SECRET"]
    assert seen["prefect"]
    assert "DUBAN_SESSION_SECRET" not in seen["environment"]


def test_what_holds_a_secret_may_be_read_by_its_owner_alone(world: World) -> None:
    folder = world.settings.data_dir
    for name in (PASSWORD, "jobs.toml", "prefect/profiles.toml"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name


def ended(world: World, run_id: str) -> str:
    """The type of the state in which a run ended."""
    return str(wait_until(lambda: (t := world.call("GET", f"/flow_runs/{run_id}")["state_type"]) in ENDED and t, 90))
