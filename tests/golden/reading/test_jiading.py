"""The real rectification plan, against a golden file made by reading it."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from duban.reading.model import Reading
from duban.reading.reader import read_bytes
from tests.golden.reading.scores import compare, table

GOLDEN = json.loads((Path(__file__).parent / "jiading.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def reading(documents: Path) -> Reading:
    path = documents / GOLDEN["document"]
    return read_bytes(path.read_bytes(), path.name)


def test_every_field_of_every_item_is_read_as_it_stands(reading: Reading, documents: Path) -> None:
    scores = compare(reading, GOLDEN["items"], documents / GOLDEN["document"])
    print("\n" + table(scores))
    below = {name for name, s in scores.items() if s.precision < 0.99 or s.recall < 0.99}
    assert below == set()


def test_the_numbers_13_to_51_stand_in_document_order_with_their_copies(reading: Reading) -> None:
    numbers = [item.number for item in reading.items]
    assert list(dict.fromkeys(numbers)) == [str(n) for n in range(13, 52)]
    assert numbers == [row["number"] for row in GOLDEN["items"]]
    assert (reading.kind, reading.year) == (GOLDEN["kind"], GOLDEN["year"])


def test_just_the_doubtful_items_are_quarantined(reading: Reading) -> None:
    assert sorted({a.item_line for a in reading.anomalies if a.blocks}) == GOLDEN["anomalies"]["blocking_items"]


@pytest.mark.parametrize("code", GOLDEN["anomalies"]["codes"])
def test_each_torn_place_is_named(reading: Reading, code: str) -> None:
    found: dict[str, list[Any]] = defaultdict(list)
    for a in reading.anomalies:
        place = a.line if a.number is None else a.number
        if a.code in ("duplicate_number", "conflicting_copies") or place not in found[a.code]:
            found[a.code].append(place)
    assert found[code] == GOLDEN["anomalies"]["codes"][code]


def test_no_other_kind_of_doubt_is_raised(reading: Reading) -> None:
    assert {str(a.code) for a in reading.anomalies} == set(GOLDEN["anomalies"]["codes"])
