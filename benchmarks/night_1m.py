"""The same 10,000 newly overdue among 1,000,000 items: at most 1.3x the time that they take among 100,000."""

from __future__ import annotations

from benchmarks import places
from benchmarks.figures import Figure, at_most, skipped
from benchmarks.made_ledger import Size
from benchmarks.nights import measure

SMALL = Size(100_000, 10_000, 2_000)
LARGE = Size(1_000_000, 10_000, 2_000)


def run() -> list[Figure]:
    """Two rounds on each database."""
    found: list[Figure] = []
    for database, title in (("sqlite", "SQLite"), ("postgres", "PostgreSQL")):
        name = f"night, 1,000,000 items beside 100,000, {title}"
        if database == "postgres" and places.postgres() is None:
            found.append(skipped(name, "the PostgreSQL package is not installed"))
            continue
        nights = measure({"large": ("duban", LARGE, database), "small": ("duban", SMALL, database)}, rounds=2)
        ratio = nights.wall.ratio("large", "small")
        found.append(at_most(name, ratio, 1.3, "x", nights.detail("large", "small")))
        found.append(at_most(f"{name}: memory", nights.done["large"]["memory_mb"], 400, " MB"))
    return found
