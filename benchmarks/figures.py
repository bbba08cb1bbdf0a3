"""What a figure is, how rounds are measured in turn, and the table that shows them."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `value` is what was measured, `limit` what it should stay under (or reach).

    `ok` is None where a figure is only reported. `detail` says what the value is made of.
    """

    name: str
    value: str
    limit: str
    ok: bool | None
    detail: str = ""


@dataclass(slots=True)
class Rounds:
    """Samples of several contenders taken in turn, so that a noisy machine disturbs all of them alike."""

    samples: dict[str, list[float]] = field(default_factory=dict)

    def best(self, name: str) -> float:
        """The least disturbed sample."""
        return min(self.samples[name])

    def median(self, name: str) -> float:
        """The sample in the middle."""
        return statistics.median(self.samples[name])

    def ratio(self, name: str, floor: str) -> float:
        """The median of the ratios within each round."""
        pairs = zip(self.samples[name], self.samples[floor], strict=True)
        return statistics.median(a / b for a, b in pairs)

    def best_ratio(self, name: str, floor: str) -> float:
        """Best against best."""
        return self.best(name) / self.best(floor)


def in_turn(contenders: dict[str, Callable[[], float]], rounds: int) -> Rounds:
    """Runs every contender once a round; each returns its own seconds."""
    found = Rounds({name: [] for name in contenders})
    for number in range(rounds):
        order = list(contenders) if number % 2 == 0 else list(reversed(contenders))
        for name in order:
            found.samples[name].append(contenders[name]())
            say(f"  round {number + 1} of {rounds}: {name} {found.samples[name][-1]:.3f} s")
    return found


def timed(work: Callable[[], Any]) -> Callable[[], float]:
    """A contender from a function without a result worth keeping: its wall time."""

    def run() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return run


def at_most(name: str, value: float, limit: float, unit: str, detail: str = "") -> Figure:
    """A figure that must not pass its limit; `unit` such as `x the floor` or `s`."""
    return Figure(name, f"{value:.2f}{unit}", f"<= {limit:g}{unit}", value <= limit, detail)


def at_least(name: str, value: float, limit: float, unit: str, detail: str = "") -> Figure:
    """A figure that must reach its limit."""
    return Figure(name, f"{value:.2f}{unit}", f">= {limit:g}{unit}", value >= limit, detail)


def reported(name: str, value: str, detail: str = "") -> Figure:
    """A figure without a limit: what was seen."""
    return Figure(name, value, "", None, detail)


def skipped(name: str, why: str) -> Figure:
    """A figure that this machine cannot give, and why."""
    return Figure(name, "skipped", "", None, why)


def say(text: str) -> None:
    """Progress, on standard error, so that the table can be piped."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    rows = [("figure", "value", "aim", "", "detail"), ("---",) * 5]
    marks = {True: "ok", False: "MISSED", None: ""}
    rows += [(f.name, f.value, f.limit, marks[f.ok], f.detail) for f in figures]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
