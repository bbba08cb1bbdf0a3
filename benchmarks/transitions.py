"""Transitions through HTTP by 32 clients on PostgreSQL, beside the same statements by hand, and beside a peer.

At least half of what a plain loop over as many connections reaches; the 99th percentile under ten times the median;
ahead of a durable-execution library (dbos) that leads the same life behind the same web framework.
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import places
from benchmarks.figures import Figure, at_least, at_most, in_turn, say, skipped
from benchmarks.lifecycles import CLIENTS, STEPS, Subject, drive, stage
from benchmarks.replay import again, record

ROUNDS = 3
ITEMS = CLIENTS * 3  # an item takes four transitions
PEER = "transitions beside dbos"


def run() -> list[Figure]:
    """Three rounds; each contender takes fresh items in each."""
    uri = places.postgres()
    if uri is None:
        return [skipped("transitions through HTTP", "the PostgreSQL package is not installed")]
    say(f"  registering {ITEMS * (2 * ROUNDS + 1) + 1} items …")
    place = stage(uri, ITEMS * (2 * ROUNDS + 1) + 1)
    recorded, *left = place.subjects
    said = record(place, recorded)
    fresh = iter(left[n : n + ITEMS] for n in range(0, len(left), ITEMS))
    latencies: list[float] = []
    peer = _peer_python()
    with _serving([sys.executable, "-m", "benchmarks.api_server", place.url]) as port:
        drive(port, place.token, next(fresh)[:CLIENTS])  # warm

        def through_http() -> float:
            seconds, taken = drive(port, place.token, next(fresh))
            latencies.extend(taken)
            return seconds

        contenders = {"http": through_http, "loop": lambda: again(place, said, recorded, next(fresh))}
        rounds = in_turn(contenders, ROUNDS)
        figures = [_rate(rounds.ratio("loop", "http"), rounds.best("http"), len(said)), _tail(latencies)]
    if peer is None:
        return [*figures, skipped(PEER, "dbos cannot be installed here")]
    return [*figures, _beside(peer, uri, rounds.best("http"))]


def _rate(ratio: float, seconds: float, statements: int) -> Figure:
    rate = ITEMS * len(STEPS) / seconds
    detail = f"{rate:.0f} a second; {statements / len(STEPS):.0f} statements and ends a transition"
    return at_least("transitions through HTTP", ratio, 0.5, " of the plain loop", detail)


def _tail(latencies: list[float]) -> Figure:
    median = statistics.median(latencies)
    tail = sorted(latencies)[int(len(latencies) * 0.99)]
    return at_most("99th percentile of an answer", tail / median, 10, "x the median", f"{median * 1000:.0f} ms")


def _beside(python: Path, uri: str, ours: float) -> Figure:
    import psycopg

    name = "bench_peer"
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    peer_uri = places.database_uri(uri, name)
    subjects = [Subject(1_000_000 + n, {"regulation": n}) for n in range(ITEMS * ROUNDS + CLIENTS)]
    script = str(Path(__file__).with_name("peer_dbos.py"))
    with _serving([str(python), script, peer_uri]) as port:
        drive(port, "", subjects[:CLIENTS])
        rest = subjects[CLIENTS:]
        theirs = min(drive(port, "", rest[n : n + ITEMS])[0] for n in range(0, len(rest), ITEMS))
    places.drop_postgres(uri, name)
    rate = ITEMS * len(STEPS)
    detail = f"{rate / ours:.0f} a second against {rate / theirs:.0f}"
    return at_least(PEER, theirs / ours, 1, "x its rate", detail)


def _peer_python() -> Path | None:
    """An interpreter with dbos, in an environment of its own that is thrown away with `var`; None where it fails."""
    home = places.folder("peer")
    python = home / "venv" / "bin" / "python"
    wanted = ("dbos", "fastapi", "uvicorn", "psycopg[binary,pool]")
    if (
        python.exists()
        and subprocess.run([python, "-c", "import dbos, fastapi, psycopg_pool"], check=False).returncode == 0
    ):
        return python
    say("  installing dbos into an environment of its own …")
    try:
        subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True, capture_output=True, timeout=120)
        subprocess.run([python, "-m", "pip", "install", "-q", *wanted], check=True, capture_output=True, timeout=300)
    except (subprocess.SubprocessError, OSError) as error:
        say(f"  dbos cannot be installed: {error}")
        return None
    return python


@contextmanager
def _serving(command: list[str]) -> Iterator[int]:
    """A server on a free port, until the end of the block."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    with (places.folder("work") / "server.log").open("wb") as log:
        process = subprocess.Popen([*command, str(port)], stdout=log, stderr=log, cwd=places.ROOT)
    try:
        deadline = time.monotonic() + 90
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command} does not come up: {Path(log.name).read_text()[-2000:]}")
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


def _answers(port: int) -> bool:
    with socket.socket() as tried:
        tried.settimeout(1)
        return tried.connect_ex(("127.0.0.1", port)) == 0
