"""Lists by light and the board's counts say of every item what its own light says, whatever is kept in between."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest

from duban.adapters.database import Database
from duban.services.queries import items
from duban.services.queries.board import board
from duban.services.queries.items import ItemFilter, list_items
from duban.services.queries.scope import Scope
from models import UserRole

from .ledger import World, a_world, an_item, due, promised

OFFICE = Scope(UserRole.SUPERVISOR, frozenset())
DAYS = [dt.date(2026, 6, 15) + dt.timedelta(days=9 * n) for n in range(4)]


def many(database: Database) -> World:
    last = [dt.date(2026, 6, 20) + dt.timedelta(days=6 * n) for n in range(6)]
    return a_world(
        database,
        *(an_item(str(n), **due(day)) for n, day in enumerate(last * 3, start=1)),
        an_item("90", long_term=True),
        an_item("91", **promised("甲办法")),
    )


def walked(database: Database, day: dt.date, where: ItemFilter, limit: int, sort: str) -> list[int]:
    found: list[int] = []
    cursor = None
    while True:
        page = list_items(database, scope=OFFICE, as_of=day, where=where, sort=sort, cursor=cursor, limit=limit)
        found += [row.id for row in page.items]
        if (cursor := page.next) is None:
            return found


@pytest.mark.parametrize("sort", ["position", "due", "updated"])
def test_pages_under_a_light_hold_exactly_the_items_with_that_light(
    database: Database, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    monkeypatch.setattr(items, "CHUNK", 3)
    many(database)
    seen = set()
    for day in DAYS:
        whole = list_items(database, scope=OFFICE, as_of=day, where=ItemFilter(), sort=sort, limit=100).items
        for light in {row.light for row in whole}:
            seen.add(light)
            wanted = [row.id for row in whole if row.light == light]
            assert walked(database, day, ItemFilter(light=light), 4, sort) == wanted, (day, light)
        counted = Counter(row.light for row in whole)
        assert board(database, scope=OFFICE, as_of=day).lights == counted
    assert seen >= {"red", "yellow", "green", "none"}
