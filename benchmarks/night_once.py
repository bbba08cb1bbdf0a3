"""One night in a process of its own: `python -m benchmarks.night_once duban|floor DATABASE_URL SMTP_URL [PROFILE]`.

Prints a JSON line: seconds (start-up left out), seconds a phase, peak memory in MB, and what was done.
"""

from __future__ import annotations

import cProfile
import json
import sys
import time
from typing import Any

from benchmarks.made_ledger import AS_OF
from benchmarks.read_once import peak_mb


def main(kind: str, url: str, smtp: str, profile: str | None = None) -> None:
    """Runs and prints."""
    if kind == "duban":
        from benchmarks.night_duban import prepare
    else:
        from benchmarks.night_floor import prepare
    night = prepare(url, smtp)
    profiler = cProfile.Profile() if profile else None

    start, processor = time.perf_counter(), time.process_time()
    if profiler:
        profiler.enable()
    done: dict[str, Any] = night(AS_OF)
    if profiler and profile:
        profiler.disable()
        profiler.dump_stats(profile)
    seconds, cpu = time.perf_counter() - start, time.process_time() - processor
    peak = peak_mb()
    print(json.dumps(done | {"seconds": seconds, "cpu": cpu, "memory_mb": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
