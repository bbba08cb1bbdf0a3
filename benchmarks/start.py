"""`make run` in a fresh clone, from a warm package cache to the summary: under 90 s, most of it installing.

Beside it stands what installing the locked packages alone takes, in the same clone.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from benchmarks import places
from benchmarks.figures import Figure, at_most, say, skipped

LAST_LINE = "API docs:"
LONGEST = 900.0


def run() -> list[Figure]:
    """One clone, installed and started once each."""
    if shutil.which("make") is None or shutil.which("git") is None:
        return [skipped("make run to the summary", "git or make is not installed")]
    clone = places.folder("start") / "克隆 clone"  # spaces and Chinese characters, as a user's folder may have
    shutil.rmtree(clone, ignore_errors=True)
    subprocess.run(["git", "clone", "-q", "--depth", "1", places.ROOT.as_uri(), str(clone)], check=True, timeout=120)
    try:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("DUBAN_", "PREFECT_", "VIRTUAL_ENV"))}
        start = time.perf_counter()
        subprocess.run(["make", "install"], cwd=clone, env=environment, check=True, stdout=sys.stderr, timeout=LONGEST)
        installed = time.perf_counter() - start
        say(f"  installed after {installed:.0f} s")
        whole = installed + _until_summary(clone, environment)
    finally:
        shutil.rmtree(clone, ignore_errors=True)
    detail = f"{installed:.0f} s of it installing; {whole / installed:.2f}x installing alone"
    return [at_most("make run to the summary, packages cached", whole, 90, " s", detail)]


def _until_summary(clone: Path, environment: dict[str, str]) -> float:
    """Seconds until the summary's last line; then Ctrl-C, and all of it ends."""
    start = time.perf_counter()
    process = subprocess.Popen(
        ["make", "run"],
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    watchdog = threading.Timer(LONGEST, os.killpg, (process.pid, signal.SIGKILL))
    watchdog.start()
    heard: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            heard.append(line)
            if LAST_LINE in line:
                return time.perf_counter() - start
        raise RuntimeError("make run ended before its summary: " + "".join(heard[-30:]))
    finally:
        watchdog.cancel()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.communicate(timeout=90)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    print(run())
