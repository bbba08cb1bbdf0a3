"""`duban serve` and `duban engine`: each is a program of its own, which takes this process's place."""

from __future__ import annotations

import os
import sys

import click


@click.command("serve")
@click.option("--host", help="Where to listen; default DUBAN_HOST (loopback).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port; default DUBAN_PORT.")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes side by side; default DUBAN_WORKERS (1).")
def serve(host: str | None, port: int | None, workers: int | None) -> None:
    """Serve the API and the board until Ctrl-C."""
    if host is not None:
        os.environ["DUBAN_HOST"] = host
    if port is not None:
        os.environ["DUBAN_PORT"] = str(port)
    if workers is not None:
        os.environ["DUBAN_WORKERS"] = str(workers)
    become("duban.web.serve")


@click.command("engine")
def engine() -> None:
    """Run the engine until Ctrl-C: it delivers signals and advances item runs on the Prefect server."""
    become("flows.engine")  # Prefect takes seconds to load and lives in flows/ alone


def become(module: str) -> None:
    """Goes on as another program of ours, under the same process id."""
    os.execv(sys.executable, [sys.executable, "-m", module])  # noqa: S606 -- our own module
