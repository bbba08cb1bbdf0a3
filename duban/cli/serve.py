"""`duban serve` and `duban engine`."""

from __future__ import annotations

import os
import sys

import click


@click.command("serve")
@click.option("--host", help="Where to listen; default DUBAN_HOST (loopback).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port; default DUBAN_PORT.")
def serve(host: str | None, port: int | None) -> None:
    """Serve the API and the board until Ctrl-C."""
    import uvicorn

    from duban.services.tools import open_ledger
    from duban.settings import load_settings
    from duban.web.app import create_site

    settings = load_settings()
    database = open_ledger(settings)
    try:
        uvicorn.run(
            create_site(settings, database),
            host=host or settings.host,
            port=port or settings.port,
            log_level="info",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    finally:
        database.dispose()


@click.command("engine")
def engine() -> None:
    """Run the engine until Ctrl-C: it delivers signals and advances item runs on the Prefect server."""
    # Prefect takes seconds to load and lives in flows/ alone: the engine is a program of its own.
    os.execv(sys.executable, [sys.executable, "-m", "flows.engine"])  # noqa: S606 -- our own module
