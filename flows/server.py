"""`python -m flows.server start …`: `prefect server start …`, guarded, and with Python's cycle collector off its loop.

It asks for the password that duban's settings know, takes changes from its own pages alone, and wants a CSRF token with
each: the stock command does none of that unless it is told.

On SQLite the stock server stops answering for a minute now and then, most of all when several runs begin at once. Its
event loop collects garbage, a cursor among it; freeing that waits for the cursor's connection, which waits in SQLite
(60 s at most) for a lock that another connection gives back only when the event loop goes on. Here a thread of its own
collects, and may wait as long as it has to. With PostgreSQL there is no such wait, and the stock command is as good.
"""

from __future__ import annotations

import gc
import os
import runpy
import sys
import threading
import time

from duban.adapters.prefect_env import prefect_environment, server_environment
from duban.settings import load_settings

YOUNG_EVERY = 0.5  # seconds; a collection of young objects takes some milliseconds
ALL_EVERY = 60.0


def main() -> None:
    """Runs the Prefect command line on our arguments, as `prefect server`."""
    settings = load_settings()
    for name, value in (prefect_environment(settings) | server_environment(settings)).items():
        os.environ.setdefault(name, value)
    gc.disable()
    threading.Thread(target=collect_forever, name="collector", daemon=True).start()
    sys.argv = ["prefect", "server", *sys.argv[1:]]
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)


def collect_forever() -> None:
    """Collects young garbage often and all of it now and then, leaving out what was loaded at the start."""
    started = last = time.monotonic()
    frozen = False
    while True:
        time.sleep(YOUNG_EVERY)
        now = time.monotonic()
        if not frozen and now - started > ALL_EVERY:
            gc.collect()
            gc.freeze()
            frozen, last = True, now
        elif now - last > ALL_EVERY:
            gc.collect()
            last = now
        else:
            gc.collect(1)


if __name__ == "__main__":
    main()
