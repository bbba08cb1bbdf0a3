"""The site in several processes on one port: what one commits the other shows, and none outlives its parent."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from duban.adapters.database import Database
from duban.services.accounts import issue_token

from .conftest import NOW, ROOT, seed


def waits(what: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "not within the time"
        time.sleep(0.1)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def children_of(pid: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture
def parent(sqlite_database: Database, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Two workers on a free port, over the example."""
    seed(sqlite_database, tmp_path)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DUBAN_")} | {
        "DUBAN_DATA_DIR": str(tmp_path),
        "DUBAN_DATABASE_URL": sqlite_database.url,
        "DUBAN_PORT": str(port),
        "DUBAN_WORKERS": "2",
    }
    with (tmp_path / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "duban.web.serve"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"
    try:

        def up() -> bool:
            with contextlib.suppress(httpx.HTTPError):
                return httpx.get(f"{url}/healthz", timeout=2, trust_env=False).is_success
            return False

        waits(up, 90)
        yield process, url
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(20)


def test_several_processes_serve_one_ledger_and_end_with_their_parent(
    parent: tuple[subprocess.Popen[bytes], str], sqlite_database: Database
) -> None:
    process, url = parent
    workers = [pid for pid in children_of(process.pid) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(workers) == 2
    key = {"Authorization": f"Bearer {issue_token(sqlite_database, user='supervisor', name='t', now=NOW, life=None)}"}
    clients = [httpx.Client(base_url=url, headers=key, trust_env=False, timeout=20) for _ in range(6)]
    item = clients[0].get("/api/v1/items", params={"state": "measure_drafted"}).json()["items"][0]
    body = {"action": "start", "expected_version": item["version"], "reason": "已启动"}
    answers = [
        c.post(f"/api/v1/items/{item['id']}/transitions", json=body, headers={"Idempotency-Key": "k"}) for c in clients
    ]
    assert {a.status_code for a in answers} == {200}
    assert [a.headers.get("idempotency-replayed") for a in answers] == [None] + ["true"] * 5
    assert {c.get(f"/api/v1/items/{item['id']}").json()["row"]["state"] for c in clients} == {"ongoing"}
    for client in clients:
        client.close()
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    waits(lambda: not any(alive(pid) for pid in workers))
