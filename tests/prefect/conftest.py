"""One real Prefect server and one real engine for all tests of this folder, on loopback, in folders of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from duban.adapters.database import Database
from duban.adapters.prefect_api import PrefectApi, repeat
from duban.adapters.prefect_env import prefect_environment
from duban.services.night import NightTools
from duban.services.tools import night_tools
from duban.settings import Settings

from .rows import Ledger

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until(what: Callable[[], object], seconds: float = 40.0, every: float = 0.05) -> object:
    """The first true answer of `what`; fails the test where there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(every)
    raise AssertionError(f"not within {seconds} s: {what}")


@dataclass
class World:
    """A ledger, a Prefect server and an engine, with handles to each."""

    folder: Path
    settings: Settings
    database: Database
    prefect: PrefectApi
    ledger: Ledger
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> None:
        """Starts a process of ours; its words go to a file beside the ledger."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, cwd=self.folder, start_new_session=True
            )

    def start_server(self) -> None:
        port = self.settings.prefect_api_url.rsplit(":", 1)[1].split("/")[0]
        self.start("server", *python("-m", "flows.server", "start", "--host", "127.0.0.1", "--port", port))
        wait_until(self.prefect.healthy, 240)

    def start_engine(self, name: str = "engine") -> None:
        self.start(name, *python("-m", "flows.engine"))

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> int:
        """Ends a process and waits for it; gives its exit code."""
        process = self.processes.pop(name)
        process.send_signal(number)
        try:
            return process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
            raise

    def call(self, method: str, path: str, body: object = None) -> Any:
        """What the server answers, as JSON; a SQLite server says 503 now and then and means: again."""
        answer = repeat(lambda: httpx.request(method, self.prefect.url + path, json=body), 30.0, self.prefect.url)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def night_tools(self) -> NightTools:
        """What a night of this world works with."""
        return night_tools(self.settings, self.database)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The server and the engine, started once; 10 s."""
    from duban.adapters.migrations import upgrade

    folder = tmp_path_factory.mktemp("督办 world")
    url = f"http://127.0.0.1:{free_port()}/api"
    settings = Settings(data_dir=folder / "var", prefect_api_url=url)
    database = Database(settings.ledger_url)
    upgrade(database)
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "DUBAN_"))}
    own = {"DUBAN_DATA_DIR": str(settings.data_dir), "DUBAN_PREFECT_API_URL": url, "PYTHONPATH": str(ROOT)}
    own["DUBAN_ENGINE_PORT"] = str(free_port())
    environment = inherited | dict(prefect_environment(settings)) | own
    found = World(folder, settings, database, PrefectApi(url), Ledger(database), environment)
    try:
        found.start_server()
        found.start_engine()
        wait_until(lambda: "is up" in found.log("engine"), 120)
        yield found
    finally:
        for name in reversed(list(found.processes)):  # the server last: it waits for those who listen to it
            found.stop(name)
        found.prefect.close()
        database.dispose()
