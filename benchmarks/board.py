"""The board and the lists by light over 10,000 items: lights are derived by each plan's rules, never stored."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

from benchmarks import made_ledger, places
from benchmarks.figures import Figure, at_most, reported, skipped
from benchmarks.night_10k import SIZE
from duban.adapters.database import Database
from duban.services.queries.board import board
from duban.services.queries.items import ItemFilter, list_items
from duban.services.queries.scope import Scope
from models import UserRole

ROUNDS = 7
OFFICE = Scope(UserRole.SUPERVISOR, frozenset())
LIGHTS = ("red", "yellow", "green", "none")
SLOW = 0.3  # seconds that a page may take of its ledger


def run() -> list[Figure]:
    """On both databases."""
    found = _figures(made_ledger.sqlite_copy(SIZE, "board"), "SQLite")
    made_ledger.remove_sqlite("board")
    uri = places.postgres()
    if uri is None:
        return [*found, skipped("board on PostgreSQL", "the PostgreSQL package is not installed")]
    url = made_ledger.postgres_copy(uri, SIZE, "board")
    found += _figures(url, "PostgreSQL")
    places.drop_postgres(uri, "board")
    return found


def _figures(url: str, where: str) -> list[Figure]:
    database = Database(url)
    day = dt.datetime.now(dt.UTC).date()
    seconds = _taken(lambda: board(database, scope=OFFICE, as_of=day))
    found = [at_most(f"board over {SIZE.items} items, {where}", seconds, SLOW, " s")]
    for light in LIGHTS:
        seconds = _taken(
            lambda light=light: list_items(database, scope=OFFICE, as_of=day, where=ItemFilter(light=light))  # type: ignore[misc]
        )
        found.append(at_most(f"first page of {light} items, {where}", seconds, SLOW, " s"))
    seconds = _taken(lambda: list_items(database, scope=OFFICE, as_of=day, where=ItemFilter()))
    found.append(reported(f"first page of all items, {where}", f"{seconds:.3f} s"))
    database.dispose()
    return found


def _taken(work: Callable[[], Any]) -> float:
    """The least disturbed of the rounds, after one that warms."""
    work()
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)
