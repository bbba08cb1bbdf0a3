"""`python -m duban.web.serve`: the API and the board, in one process or several, until they are told to stop.

Several share the port. All that they must agree on is in the ledger: sessions, keys, locks and events, and every two
seconds what each client has asked of them. What each counts for itself is its figures for Prometheus.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Any

import uvicorn
from fastapi import FastAPI

from duban.errors import DubanError
from duban.services.tools import open_ledger
from duban.settings import Settings, load_settings
from duban.web.app import create_site


def main() -> int:
    """Serves by the settings; a refusal is one clear message on standard error."""
    try:
        settings = load_settings()
        database = open_ledger(settings)
    except DubanError as error:
        sys.stderr.write(f"duban: {error.message}\n  {error.remedy}\n")
        return error.exit_code
    try:
        if settings.workers > 1:
            uvicorn.run("duban.web.serve:one_of_many", factory=True, workers=settings.workers, **_options(settings))
        else:
            uvicorn.run(create_site(settings, database), **_options(settings))
    finally:
        database.dispose()
    return 0


def one_of_many() -> FastAPI:
    """The site of one process of several."""
    threading.Thread(target=_end_with, args=(os.getppid(),), name="parent", daemon=True).start()
    settings = load_settings()
    return create_site(settings, open_ledger(settings))


def _end_with(parent: int) -> None:
    """Ends this process when the one that started it is gone: nobody else would, and it would keep the port."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "host": settings.host,
        "port": settings.port,
        "log_level": "info",
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": 5,
        "timeout_worker_healthcheck": 60,  # a process that is loading on a busy machine is not a dead one
    }


if __name__ == "__main__":
    sys.exit(main())
