"""A Prefect server, an engine and a ledger of their own, on loopback, for as long as a benchmark takes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import places
from duban.adapters.database import Database
from duban.adapters.migrations import upgrade
from duban.adapters.prefect_api import PrefectApi
from duban.adapters.prefect_env import keep_prefect_profile, make_prefect_password, prefect_environment
from duban.services.tools import prefect_server
from duban.settings import Settings


@dataclass
class Place:
    """Handles on what runs."""

    folder: Path
    settings: Settings
    database: Database
    prefect: PrefectApi
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *arguments: str) -> None:
        """Starts a Python module; its words go to `<name>.log`."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                env=self.environment, stdout=log, stderr=log, cwd=self.folder, start_new_session=True,
            )  # fmt: skip

    def stop(self, name: str) -> None:
        """Ends one and waits for it."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)

    def log(self, name: str) -> str:
        """What one has said."""
        path = self.folder / f"{name}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def once(self, *arguments: str, seconds: float = 300) -> str:
        """Runs a Python module to its end; what it printed."""
        finished = subprocess.run(
            [sys.executable, "-m", *arguments],
            env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip
        if finished.returncode:
            raise RuntimeError(f"{arguments} ended with {finished.returncode}: {finished.stderr[-2000:]}")
        return finished.stdout


def wait_until(what: Callable[[], object], seconds: float, every: float = 0.05) -> None:
    """Returns once `what` is true."""
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {seconds} s")
        time.sleep(every)


@contextmanager
def running(ledger: str | None = None) -> Iterator[Place]:
    """A fresh server and ledger (SQLite, or the empty PostgreSQL database named); the engine is the caller's."""
    folder = places.folder("prefect")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    url = f"http://127.0.0.1:{port}/api"
    settings = Settings(data_dir=folder / "var", prefect_api_url=url, database_url=ledger)
    make_prefect_password(settings)
    keep_prefect_profile(settings)
    database = Database(settings.ledger_url)
    upgrade(database)
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "DUBAN_"))}
    own = {
        "DUBAN_DATA_DIR": str(settings.data_dir),
        "DUBAN_PREFECT_API_URL": url,
        "DUBAN_DATABASE_URL": settings.ledger_url,
        "PYTHONPATH": str(places.ROOT),
        # Jobs are started as `python`, which must be this one.
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
    }
    place = Place(folder, settings, database, prefect_server(settings), inherited | prefect_environment(settings) | own)
    try:
        place.start("server", "flows.server", "start", "--host", "127.0.0.1", "--port", str(port))
        wait_until(place.prefect.healthy, 120)
        yield place
    finally:
        for name in reversed(list(place.processes)):
            place.stop(name)
        place.prefect.close()
        database.dispose()
