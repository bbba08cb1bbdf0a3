"""What is open of an edition: counted when it is received and decided about, and said to be older where it is."""

from __future__ import annotations

import datetime as dt

import pytest

from duban.adapters.database import Database
from duban.services import edition_counts
from duban.services.corrections import correct
from duban.services.editions import decide, editions_of, receive, stored
from duban.services.item_fields import Edit

from .test_editions import NOW, OFFICE, SECOND, code, received

__all__ = ["code"]


def open_of(database: Database, code: str) -> tuple[int, bool]:
    row = editions_of(database, code)[0]
    return row.pending, row.outdated


def test_a_count_follows_decisions_and_the_ledger(
    database: Database, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    edition = receive(database, code, received(SECOND), actor=OFFICE, now=NOW)
    assert open_of(database, code) == (len(edition.pending), False)
    looked: list[int] = []
    real = edition_counts.difference_of
    monkeypatch.setattr(edition_counts, "difference_of", lambda *given: looked.append(1) or real(*given))
    change = next(c for c in edition.pending if c.item_id is not None)
    decide(database, code, 2, decline=[change.key], actor=OFFICE, now=NOW)
    assert open_of(database, code) == (len(edition.pending) - 1, False)
    assert looked == []  # nothing was held against the document again
    goal = Edit(goal="另一个目标")
    later = NOW + dt.timedelta(hours=1)
    correct(database, item_id=change.item_id or 0, edit=goal, reason="读取有误", actor=OFFICE, now=later)
    assert open_of(database, code) == (len(stored(database, code, 2).pending), False)
    assert looked == [1]
    monkeypatch.setattr(edition_counts, "QUICK", 0)  # as in a plan of thousands
    assert open_of(database, code)[1]
    assert looked == [1]
