"""A night over 100,000 items of which 10,000 are newly overdue for 2,000 recipients: at most 2.5x the floor."""

from __future__ import annotations

from benchmarks import places
from benchmarks.figures import Figure, at_most, skipped
from benchmarks.made_ledger import Size
from benchmarks.nights import measure

SIZE = Size(100_000, 10_000, 2_000)
MOST_MEMORY_MB = 400


def run() -> list[Figure]:
    """Two rounds on each database."""
    found: list[Figure] = []
    for database, title in (("sqlite", "SQLite"), ("postgres", "PostgreSQL")):
        name = f"night, 100,000 items, 10,000 overdue, {title}"
        if database == "postgres" and places.postgres() is None:
            found.append(skipped(name, "the PostgreSQL package is not installed"))
            continue
        nights = measure({"duban": ("duban", SIZE, database), "floor": ("floor", SIZE, database)}, rounds=2)
        found.append(at_most(name, nights.wall.ratio("duban", "floor"), 2.5, "x the floor", nights.detail()))
        found.append(at_most(f"{name}: memory", nights.done["duban"]["memory_mb"], MOST_MEMORY_MB, " MB"))
    return found
