"""Reads files in a process of its own: `python -m benchmarks.read_once FILE …` prints what it took.

Seconds of processor time and of wall time, items, peak memory in MB.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def main(files: list[str]) -> None:
    """Reads and prints; the import of the reader counts."""
    contents = [(Path(name).name, Path(name).read_bytes()) for name in files]
    start, processor = time.perf_counter(), time.process_time()
    from duban.reading.reader import read_bytes

    items = sum(len(list(read_bytes(data, name).items)) for name, data in contents)
    seconds, wall = time.process_time() - processor, time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "wall": wall, "items": items, "memory_mb": peak_mb()}))


def peak_mb() -> int:
    """Peak memory of this process alone: getrusage would hand on the parent's from before the exec."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return 0


if __name__ == "__main__":
    main(sys.argv[1:])
