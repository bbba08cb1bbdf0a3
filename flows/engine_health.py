"""What an engine tells of itself over HTTP: `/health` for whoever watches it, `/live`, `/metrics` for Prometheus.

Ledger and Prefect are asked when somebody asks, so that an engine at rest does nothing for it.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from sqlalchemy import select

from duban.services import signals
from flows.engine_runs import ItemRuns
from tasks.ledger import database, now, prefect

log = logging.getLogger("duban.engine")

STALE = 60.0  # seconds without a look into the outbox, after which an engine does not do its work
PORTS = 50  # tried one after the other: several engines may stand on one machine


@dataclass(frozen=True, slots=True)
class Health:
    """One engine at this moment. `ready`: it looks, and both the ledger and the Prefect server answer."""

    ready: bool
    name: str
    started_at: dt.datetime
    looked_at: dt.datetime | None
    is_told: bool  # of signals, by PostgreSQL; else it asks
    running: int
    advanced: int
    signals_open: int | None
    last_error: str | None
    ledger: str
    prefect: str


def health_of(name: str, started_at: dt.datetime, runs: ItemRuns) -> Health:
    """Asks ledger and server; at most some seconds."""
    ledger, waiting = "ok", None
    try:
        with database().read() as session:
            session.execute(select(1))
        waiting = signals.backlog(database())
    except Exception as error:
        ledger = f"{type(error).__name__}: {error}"[:300]
    server = "ok" if prefect().healthy() else f"does not answer: {prefect().url}"
    looks = runs.looked_at is not None and (now() - runs.looked_at).total_seconds() < STALE
    return Health(
        ready=looks and ledger == "ok" and server == "ok",
        name=name,
        started_at=started_at,
        looked_at=runs.looked_at,
        is_told=runs.is_told,
        running=runs.running,
        advanced=runs.advanced,
        signals_open=waiting,
        last_error=runs.last_error,
        ledger=ledger,
        prefect=server,
    )


class _Figures(Collector):
    def __init__(self, look: Callable[[], Health]) -> None:
        self._look = look

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        seen = self._look()
        age = (now() - seen.looked_at).total_seconds() if seen.looked_at else float("inf")
        for name, text, value in (
            ("ready", "1 where the engine looks, and ledger and Prefect answer", float(seen.ready)),
            ("ledger_reachable", "1 where the ledger answers", float(seen.ledger == "ok")),
            ("prefect_reachable", "1 where the Prefect server answers", float(seen.prefect == "ok")),
            ("runs_running", "item runs that are being advanced", seen.running),
            ("last_look_age_seconds", "since the last look into the outbox", age),
            ("signals_open", "signals that are not delivered yet", seen.signals_open or 0),
        ):
            yield GaugeMetricFamily(f"duban_engine_{name}", text, value=value)
        yield CounterMetricFamily("duban_engine_runs_advanced", "item runs advanced since the start", seen.advanced)


def serve_health(name: str, runs: ItemRuns, host: str, port: int) -> ThreadingHTTPServer | None:
    """Answers on `port`, or the next free one, from a thread of its own; None where no port is free, or none wanted."""
    if not port:
        return None
    started = now()

    def look() -> Health:
        return health_of(name, started, runs)

    registry = CollectorRegistry()
    registry.register(_Figures(look))
    answers: dict[str, Callable[[], tuple[int, str, bytes]]] = {
        "/live": lambda: (200, "application/json", b'{"live": true}\n'),
        "/health": lambda: _as_json(look()),
        "/metrics": lambda: (200, CONTENT_TYPE_LATEST, generate_latest(registry)),
    }
    for wanted in range(port, min(port + PORTS, 65536)):
        try:
            server = ThreadingHTTPServer((host, wanted), _handler(answers))
        except OSError:
            continue
        server.daemon_threads = True
        # A request wakes the thread at once; it need not look up by itself.
        threading.Thread(target=server.serve_forever, args=(3600.0,), name="health", daemon=True).start()
        log.info("health: http://%s:%s/health", host, wanted)
        return server
    log.warning("no port from %s on is free: the health of this engine is not told", port)
    return None


def _as_json(seen: Health) -> tuple[int, str, bytes]:
    text = json.dumps(asdict(seen), ensure_ascii=False, default=str, indent=1)
    return 200 if seen.ready else 503, "application/json; charset=utf-8", f"{text}\n".encode()


def _handler(answers: dict[str, Callable[[], tuple[int, str, bytes]]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # seconds that a connection may stay silent

        def do_GET(self) -> None:
            """One of the three pages."""
            answer = answers.get(self.path.partition("?")[0])
            status, kind, body = answer() if answer else (404, "text/plain", b"/health /live /metrics\n")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class names it so
            """Nobody reads a line for every look."""

    return Handler
