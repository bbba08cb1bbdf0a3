"""The main job as a new user does it: one command, three addresses, an item moved, a mail opened, Ctrl-C."""

from __future__ import annotations

import email
import email.policy
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from duban.adapters.prefect_env import prefect_password
from duban.adapters.processes import free_port
from duban.services.tools import prefect_server
from duban.settings import Settings
from tests.conftest import ROOT

START_SECONDS = 240


class Machine:
    """`duban up` as a process, with a folder and ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("DUBAN_", "PREFECT_"))} | {
            "DUBAN_DATA_DIR": str(folder),
            "DUBAN_PORT": str(free_port("127.0.0.1", 18300)),
            "DUBAN_PREFECT_API_URL": f"http://127.0.0.1:{free_port('127.0.0.1', 14200)}/api",
        }
        self.process: subprocess.Popen[str] | None = None
        self.said = ""

    def up(self) -> None:
        """Starts it, and reads until the summary is complete."""
        log = self.folder.parent / f"{self.folder.name}.log"
        command = [sys.executable, "-m", "duban.cli.main", "up", "--plan", "examples/plan.md"]
        command += ["--directory", "examples/directory.csv", "--as-of", "2026-07-15"]
        with log.open("w") as out:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        until = time.monotonic() + START_SECONDS
        while "Ctrl-C ends all of it" not in (said := log.read_text()):
            assert self.process.poll() is None, said
            assert time.monotonic() < until, said
            time.sleep(0.3)
        self.said = said

    def end(self, number: signal.Signals) -> int:
        """Ends it, and waits."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)

    def duban(self, *arguments: str) -> str:
        """A command on the same ledger."""
        done = subprocess.run(
            [sys.executable, "-m", "duban.cli.main", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def address(self, name: str) -> str:
        """One of the addresses of the summary."""
        found = re.search(rf"^{name}: (\S+)", self.said, re.MULTILINE)
        assert found, self.said
        return found.group(1)

    @property
    def settings(self) -> Settings:
        """As its own processes have them, the Prefect server's port included."""
        return Settings(data_dir=self.folder, prefect_api_url=self.address("Prefect UI").rsplit("/", 1)[0] + "/api")

    @property
    def mails(self) -> list[Path]:
        """The mails that were written."""
        return sorted((self.folder / "mail").glob("*.eml"))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine in a folder whose path has a space and Chinese characters."""
    found = Machine(tmp_path_factory.mktemp("督办 数据"))
    found.up()
    yield found
    if found.process is not None and found.process.poll() is None:
        found.end(signal.SIGINT)


def test_the_summary_says_what_was_read_what_fired_and_where_the_mails_are(machine: Machine) -> None:
    assert "items read 19" in machine.said
    assert "in quarantine 2" in machine.said
    assert "summon_21 1" in machine.said
    assert f"→ {machine.folder / 'mail'}" in machine.said
    assert "released at once, since mails go to a folder" in machine.said


def test_the_three_addresses_answer(machine: Machine) -> None:
    for name in ("Board", "Prefect UI", "API docs"):
        # As a browser asks: Prefect gives its pages only to who says that they want HTML.
        asked = {"Accept": "text/html,application/xhtml+xml"}
        answer = httpx.get(machine.address(name), headers=asked, follow_redirects=True, trust_env=False)
        assert answer.status_code == 200, name


def test_prefect_asks_for_a_password_that_was_made_and_is_shown_once(machine: Machine) -> None:
    shown = re.search(r"^The Prefect UI asks for (\S+) \(shown this once", machine.said, re.MULTILINE)
    assert shown
    user, _, password = shown.group(1).partition(":")
    url = machine.address("Prefect UI").rsplit("/", 1)[0] + "/api/flows/count"
    for auth in (None, ("duban", "guessed")):
        assert httpx.get(url.replace("flows/count", "admin/settings"), trust_env=False, auth=auth).status_code == 401
        assert httpx.post(url, json={}, trust_env=False, auth=auth).status_code in (401, 403)
    with prefect_server(machine.settings) as prefect:
        assert prefect.call("POST", "/flows/count", {}).status_code == 200
    assert prefect_password(machine.settings) == f"{user}:{password}"


def test_commands_beside_it_know_the_password(machine: Machine) -> None:
    assert "differ" not in machine.duban("reconcile")
    assert machine.duban("deploy") == "Everything is deployed as written.\n"


def test_a_lead_official_finds_one_mail_with_the_numbered_sheets_attached(machine: Machine) -> None:
    to = [p for p in machine.mails if "沈予安" in p.name]
    assert len(to) == 1
    message = email.message_from_bytes(to[0].read_bytes(), policy=email.policy.default)
    names = [part.get_filename() or "" for part in message.iter_attachments()]
    assert any(name.startswith("督办单 督办〔2026〕") and name.endswith(".docx") for name in names)
    assert message["Auto-Submitted"] == "auto-generated"


def test_an_item_moved_through_the_api_changes_its_run_and_its_history(machine: Machine) -> None:
    token = machine.duban("token", "create", "--user", "admin", "--name", "test").split()
    secret = max(token, key=len)
    board = machine.address("Board").split("?")[0].rstrip("/")
    with httpx.Client(
        base_url=f"{board}/api/v1", headers={"Authorization": f"Bearer {secret}"}, trust_env=False
    ) as api:
        body = {"action": "draft_measure", "measures": ["建立夜间门诊"], "expected_version": 1}
        moved = api.post("/items/9/transitions", json=body)
        assert moved.status_code == 200, moved.text
        assert moved.json()["state"] == "measure_drafted"
        stale = api.post("/items/9/transitions", json={"action": "start", "expected_version": 1})
        assert (stale.status_code, stale.json()["code"]) == (409, "stale_version")
        history = api.get("/items/9/history").json()
        assert [event["type"] for event in history] == ["item.assigned", "item.measure_drafted"]
    until = time.monotonic() + 60
    while (state := _run_state(machine, "澄川2026-9 ")) != "Measure drafted":
        assert time.monotonic() < until, state
        time.sleep(0.2)


def test_the_next_scheduled_night_stands_in_the_prefect_ui(machine: Machine) -> None:
    until = time.monotonic() + 60
    while not (nights := _scheduled(machine)):
        assert time.monotonic() < until, "the server scheduled no night"
        time.sleep(0.5)
    assert all(night["auto_scheduled"] for night in nights)


def test_killed_outright_and_started_again_it_sends_nothing_twice(machine: Machine) -> None:
    before = [path.name for path in machine.mails]
    assert machine.process is not None
    os.killpg(machine.process.pid, signal.SIGKILL)
    machine.process.wait(10)
    # The parts have groups of their own and outlive a killed parent: the next start must cope with that too.
    machine.up()
    assert [path.name for path in machine.mails] == before
    assert "items read 19" in machine.said
    assert "asks for" not in machine.said  # the passwords are those of the first start


def test_ctrl_c_ends_every_process_within_twenty_seconds(machine: Machine) -> None:
    assert machine.process is not None
    began = time.monotonic()
    machine.end(signal.SIGINT)
    assert time.monotonic() - began < 20
    board = machine.address("Board").split("?")[0]
    with pytest.raises(httpx.HTTPError):
        httpx.get(board, timeout=2, trust_env=False)


def _run_state(machine: Machine, name: str) -> str | None:
    with prefect_server(machine.settings) as prefect:
        runs = prefect.runs_of(prefect.deployment_id("item/item"))
        return next((run.state for run in runs if run.name.startswith(name)), None)


def _scheduled(machine: Machine) -> list[dict[str, Any]]:
    body = {
        "deployments": {"name": {"any_": ["nightly"]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
        "limit": 10,
    }
    with prefect_server(machine.settings) as prefect:
        rows: list[dict[str, Any]] = prefect.call("POST", "/flow_runs/filter", body).json()
    return rows
