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

import httpx
import pytest

from duban.adapters.processes import free_port
from tests.conftest import ROOT

START_SECONDS = 240
PREFECT_USER = ("duban", "a password")


class Machine:
    """`duban up` as a process, with a folder and ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("DUBAN_", "PREFECT_"))} | {
            "DUBAN_DATA_DIR": str(folder),
            "DUBAN_PREFECT_AUTH": ":".join(PREFECT_USER),
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


def test_prefect_asks_for_its_password(machine: Machine) -> None:
    url = machine.address("Prefect UI").rsplit("/", 1)[0] + "/api/flow_runs/filter"
    assert httpx.post(url, json={}, trust_env=False).status_code == 401
    assert httpx.post(url, json={}, trust_env=False, auth=("duban", "guessed")).status_code == 401
    assert httpx.post(url, json={}, trust_env=False, auth=PREFECT_USER).status_code == 200


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
    prefect = machine.address("Prefect UI").rsplit("/", 1)[0]
    until = time.monotonic() + 60
    while (state := _run_state(prefect, "澄川2026-9 ")) != "Measure drafted":
        assert time.monotonic() < until, state
        time.sleep(0.2)


def test_the_next_scheduled_night_stands_in_the_prefect_ui(machine: Machine) -> None:
    prefect = machine.address("Prefect UI").rsplit("/", 1)[0]
    until = time.monotonic() + 60
    while not (nights := _scheduled(prefect)):
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


def test_ctrl_c_ends_every_process_within_twenty_seconds(machine: Machine) -> None:
    assert machine.process is not None
    began = time.monotonic()
    machine.end(signal.SIGINT)
    assert time.monotonic() - began < 20
    board = machine.address("Board").split("?")[0]
    with pytest.raises(httpx.HTTPError):
        httpx.get(board, timeout=2, trust_env=False)


def test_a_machine_that_lets_others_in_asks_for_a_password_for_prefect_first(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DUBAN_", "PREFECT_"))}
    done = subprocess.run(
        [sys.executable, "-m", "duban.cli.main", "up"],
        cwd=ROOT,
        env=environment | {"DUBAN_DATA_DIR": str(tmp_path / "var"), "DUBAN_HOST": "0.0.0.0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "DUBAN_PREFECT_AUTH=user:password" in done.stderr
    assert not (tmp_path / "var").exists()


def _run_state(prefect: str, name: str) -> str | None:
    rows = httpx.post(f"{prefect}/api/flow_runs/filter", json={"limit": 200}, trust_env=False, auth=PREFECT_USER).json()
    return next((row["state_name"] for row in rows if row["name"].startswith(name)), None)


def _scheduled(prefect: str) -> list[dict[str, object]]:
    body = {
        "deployments": {"name": {"any_": ["nightly"]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
        "limit": 10,
    }
    rows: list[dict[str, object]] = httpx.post(
        f"{prefect}/api/flow_runs/filter", json=body, trust_env=False, auth=PREFECT_USER
    ).json()
    return rows
