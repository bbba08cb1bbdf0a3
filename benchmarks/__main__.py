"""`python -m benchmarks` prints every figure, `python -m benchmarks NAME …` some; names below."""

from __future__ import annotations

import importlib
import os
import platform
import signal
import sys
import traceback

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
    """Runs the named benchmarks; 1 if a figure missed its aim or a benchmark failed, 2 for an unknown name."""
    unknown = [n for n in names if n not in BENCHES]
    if unknown:
        say(f"unknown: {', '.join(unknown)}; there are: {', '.join(BENCHES)}")
        return 2
    # A polite kill ends the servers of a benchmark as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    figures, failed = taken(names or list(BENCHES))
    print(machine())
    print()
    print(table(figures))
    for name, why in failed.items():
        print(f"FAILED {name}: {why}")
    return 1 if failed or any(f.ok is False for f in figures) else 0


def taken(names: list[str]) -> tuple[list[Figure], dict[str, str]]:
    """The figures of these benchmarks, and why the others failed: one that fails takes no other's figures along."""
    figures: list[Figure] = []
    failed: dict[str, str] = {}
    for name in names:
        say(f"{name} …")
        try:
            figures += importlib.import_module(BENCHES[name]).run()
        except Exception as error:  # whatever it is, the next one is measured
            failed[name] = f"{type(error).__name__}: {error}"
            say(traceback.format_exc())
    return figures, failed


def machine() -> str:
    """What the figures were taken on."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return f"{system}, Python {platform.python_version()}, load {load:.1f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
