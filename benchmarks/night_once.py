"""One night in a process of its own: `python -m benchmarks.night_once duban|floor DATABASE_URL SMTP_URL [PROFILE]`.

Prints a JSON line: seconds (start-up left out), seconds a phase, peak memory in MB, and what was done.
"""

from __future__ import annotations

import cProfile
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.made_ledger import AS_OF


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
    peak = _peak_mb()
    print(json.dumps(done | {"seconds": seconds, "cpu": cpu, "memory_mb": peak}))


def _peak_mb() -> int:
    """Peak memory of this process alone: getrusage would hand on the parent's from before the exec."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return 0


if __name__ == "__main__":
    main(*sys.argv[1:])
