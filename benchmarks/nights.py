"""A night of duban beside its floor, on fresh copies of one ledger, in turn, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks import made_ledger, places, sink
from benchmarks.figures import Rounds, in_turn
from benchmarks.made_ledger import Size

#: A night that takes longer than this is broken, not slow.
LONGEST = 1800.0


@dataclass(slots=True)
class Nights:
    """What several rounds of nights took and did; `seconds` of wall time and of processor time, by contender."""

    wall: Rounds
    processor: dict[str, list[float]] = field(default_factory=dict)
    done: dict[str, dict[str, Any]] = field(default_factory=dict)

    def detail(self, name: str = "duban", floor: str = "floor") -> str:
        """What a ratio is made of."""
        processor = min(self.processor[name]) / min(self.processor[floor])
        mails = self.done[name]["mails"]
        return (
            f"{self.wall.best(name):.1f} s against {self.wall.best(floor):.1f} s, {mails} mails, "
            f"processor time {processor:.2f}x"
        )


def measure(contenders: dict[str, tuple[str, Size, str]], rounds: int) -> Nights:
    """Runs every contender (kind of night, size, database) once a round.

    Raises if one leaves a mail out or doubles it.
    """
    found = Nights(Rounds())

    def contender(name: str, kind: str, size: Size, database: str) -> Callable[[], float]:
        def run() -> float:
            done = _one(kind, size, database)
            found.done[name] = done
            found.processor.setdefault(name, []).append(done["cpu"])
            return float(done["seconds"])

        return run

    found.wall = in_turn({name: contender(name, *given) for name, given in contenders.items()}, rounds)
    return found


def _one(kind: str, size: Size, database: str) -> dict[str, Any]:
    name = f"night_{kind}"
    uri = places.postgres() if database == "postgres" else None
    url = made_ledger.postgres_copy(uri, size, name) if uri else made_ledger.sqlite_copy(size, name)
    try:
        with sink.running() as server:
            finished = subprocess.run(
                [sys.executable, "-m", "benchmarks.night_once", kind, url, server.url],
                capture_output=True,
                text=True,
                timeout=LONGEST,
                check=False,
                cwd=places.ROOT,
            )
            if finished.returncode:
                raise RuntimeError(f"the night of {kind} failed: {finished.stderr[-2000:]}")
            done: dict[str, Any] = json.loads(finished.stdout)
            counts = server.counts()
    finally:
        if uri:
            places.drop_postgres(uri, name)
        else:
            made_ledger.remove_sqlite(name)
    if not counts["mails"] == counts["different"] == done["sent"] == size.recipients or done["notices"] != size.due:
        raise RuntimeError(f"the night of {kind} sent the wrong mails: {done}, the server took {counts}")
    return done
