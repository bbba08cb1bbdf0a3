"""A night over 10,000 items of which 1,000 are newly overdue for 200 recipients, on SQLite: at most 4x the floor."""

from __future__ import annotations

from benchmarks.figures import Figure, at_most
from benchmarks.made_ledger import Size
from benchmarks.nights import measure

SIZE = Size(10_000, 1_000, 200)


def run() -> list[Figure]:
    """Five rounds."""
    nights = measure({"duban": ("duban", SIZE, "sqlite"), "floor": ("floor", SIZE, "sqlite")}, rounds=5)
    ratio = nights.wall.ratio("duban", "floor")
    return [at_most("night, 10,000 items, 1,000 overdue, SQLite", ratio, 4, "x the floor", nights.detail())]
