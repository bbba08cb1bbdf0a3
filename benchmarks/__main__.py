"""`python -m benchmarks` prints every figure, `python -m benchmarks NAME …` some; names below."""

from __future__ import annotations

import importlib
import os
import platform
import signal
import sys

from benchmarks.figures import Figure, say, table

#: Name → module with `run() -> list[Figure]`, thinnest first.
BENCHES = {
    "read": "benchmarks.read",
    "night-10k": "benchmarks.night_10k",
    "night-100k": "benchmarks.night_100k",
    "night-1m": "benchmarks.night_1m",
    "transitions": "benchmarks.transitions",
    "runs": "benchmarks.runs",
    "latency": "benchmarks.latency",
    "runs-10k": "benchmarks.runs_10k",
    "board": "benchmarks.board",
    "start": "benchmarks.start",
}


def main(names: list[str]) -> int:
    """Runs the named benchmarks; 1 if a figure missed its aim, 2 for an unknown name."""
    unknown = [n for n in names if n not in BENCHES]
    if unknown:
        say(f"unknown: {', '.join(unknown)}; there are: {', '.join(BENCHES)}")
        return 2
    # A polite kill ends the servers of a benchmark as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    figures: list[Figure] = []
    for name in names or BENCHES:
        say(f"{name} …")
        figures += importlib.import_module(BENCHES[name]).run()
    print(machine())
    print()
    print(table(figures))
    return 1 if any(f.ok is False for f in figures) else 0


def machine() -> str:
    """What the figures were taken on."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return f"{system}, Python {platform.python_version()}, load {load:.1f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
