"""A real Prefect server and a real engine on a ledger of their own, on loopback, and what tests do with them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from duban.adapters.database import Database
from duban.adapters.prefect_api import PrefectApi
from duban.adapters.prefect_env import (
    keep_prefect_profile,
    make_prefect_password,
    prefect_environment,
    server_environment,
)
from duban.services.night import NightTools
from duban.services.tools import night_tools, prefect_server
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


class Child:
    """A process that the nursery bore."""

    def __init__(self, pid: int, code: Path) -> None:
        self.pid = pid
        self._code = code

    def lives(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        if self.lives():
            os.kill(self.pid, number)

    def wait(self, seconds: float = 30.0) -> int:
        """Its exit code, once it has ended; -9 where it was killed outright."""
        wait_until(lambda: not self.lives(), seconds)
        return int(self._code.read_text()) if self._code.exists() else -signal.SIGKILL


@dataclass
class World:
    """A ledger, a Prefect server and an engine, with handles to each."""

    folder: Path
    settings: Settings
    database: Database
    prefect: PrefectApi
    patient: PrefectApi
    ledger: Ledger
    environment: dict[str, str]
    nursery: subprocess.Popen[str]
    processes: dict[str, Child] = field(default_factory=dict)
    born: list[Child] = field(default_factory=list)

    def bear(
        self,
        log: str,
        main: str,
        *argv: str,
        target: str = "",
        when: str = "",
        victim: int | None = None,
        patches: dict[str, float] | None = None,
        **environment: str,
    ) -> Child:
        """A process of this main, perhaps doomed (see nursery.py); its words go to a file beside the ledger."""
        code = self.folder / f"code-{len(self.born)}"
        order: dict[str, Any] = {"main": main, "argv": argv, "target": target, "when": when, "victim": victim}
        order |= {"environment": environment, "patches": patches or {}, "folder": str(self.folder)}
        order |= {"log": str(self.folder / f"{log}.log"), "code": str(code)}
        assert self.nursery.stdin
        assert self.nursery.stdout
        self.nursery.stdin.write(json.dumps(order) + "\n")
        self.nursery.stdin.flush()
        self.born.append(Child(int(self.nursery.stdout.readline()), code))
        return self.born[-1]

    def flow(self, entrypoint: str, **parameters: Any) -> dict[str, str]:
        """A flow run on the server, in a process of its own: its id (`run`) and how it ended."""
        told = self.folder / f"told-{len(self.born)}"
        child = self.bear("flows", "nursery:run_flow", entrypoint, json.dumps(parameters), str(told))
        assert child.wait(60) == 0, self.log("flows")[-2000:]
        found: dict[str, str] = json.loads(told.read_text())
        return found

    def start_server(self) -> None:
        port = self.settings.prefect_api_url.rsplit(":", 1)[1].split("/")[0]
        self.processes["server"] = self.bear(
            "server", "flows.server:main", "start", "--host", "127.0.0.1", "--port", port
        )
        wait_until(self.prefect.healthy, 240)

    def start_engine(self, name: str = "engine") -> None:
        # A server on SQLite that is busy refuses now and then what it is asked: an engine looks again, here soon.
        soon = {"flows.engine_runs:MEND_EVERY": 5.0, "duban.services.reconcile:STUCK_AFTER": 10.0}
        self.processes[name] = self.bear(name, "flows.engine:main", patches=soon)

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> int:
        """Ends a process and waits for it; gives its exit code."""
        child = self.processes.pop(name)
        child.kill(number)
        return child.wait()

    def stop_server(self) -> None:
        """Ends the Prefect server as a restart of its machine would: asked first, and not waited for without end."""
        child = self.processes.pop("server")
        child.kill(signal.SIGTERM)
        try:
            child.wait(15)
        except AssertionError:  # it waits for clients that keep their connections open
            child.kill()
            child.wait()

    def call(self, method: str, path: str, body: object = None) -> Any:
        """What the server answers, as JSON; a SQLite server says 503 now and then and means: again."""
        answer = self.patient.call(method, path, body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def health(self, page: str = "health") -> httpx.Response:
        """What the engine says of itself."""
        port = self.environment["DUBAN_ENGINE_PORT"]
        return httpx.get(f"http://127.0.0.1:{port}/{page}", timeout=15, trust_env=False)

    def night_tools(self) -> NightTools:
        """What a night of this world works with."""
        return night_tools(self.settings, self.database)

    def log(self, name: str) -> str:
        file = self.folder / f"{name}.log"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


@contextmanager
def a_world(folder: Path, **given: str) -> Iterator[World]:
    """The server and the engine, started once; `given` stands in their environment too."""
    from duban.adapters.migrations import upgrade

    url = f"http://127.0.0.1:{free_port()}/api"
    settings = Settings(data_dir=folder / "var", prefect_api_url=url)
    make_prefect_password(settings)
    keep_prefect_profile(settings)
    database = Database(settings.ledger_url)
    upgrade(database)
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "DUBAN_"))}
    own = {"DUBAN_DATA_DIR": str(settings.data_dir), "DUBAN_PREFECT_API_URL": url, "PYTHONPATH": str(ROOT)}
    own["DUBAN_ENGINE_PORT"] = str(free_port())
    own["PREFECT_WORKER_QUERY_SECONDS"] = "0.5"  # a look for work; a test waits for each
    # Prefect reads its settings when it is loaded, and children find it loaded: what a server's start sets is set here.
    environment = inherited | prefect_environment(settings) | server_environment(settings) | own | given
    nursery = subprocess.Popen(
        python(str(Path(__file__).with_name("nursery.py"))),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        cwd=folder,
        text=True,
    )
    prefect, patient = prefect_server(settings), prefect_server(settings, patience=30.0)
    found = World(folder, settings, database, prefect, patient, Ledger(database), environment, nursery)
    try:
        found.start_engine()  # it waits for its server
        found.start_server()
        wait_until(lambda: "is up" in found.log("engine"), 120)
        yield found
    finally:
        for child in found.born:
            child.kill()
        nursery.kill()
        nursery.communicate()
        found.prefect.close()
        found.patient.close()
        database.dispose()
