"""Plans of many shapes, each with what it must yield, checked by reading it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from duban.reading.model import Item, Kind
from duban.reading.reader import read_bytes

SHAPES = sorted(path for path in (Path(__file__).parent / "shapes").iterdir() if path.suffix != ".json")
FIELDS = (
    "number", "title", "goal", "measures", "lead_officials", "lead_units", "responsible_units", "support_units",
    "supervising_units", "time_limit", "long_term",
)  # fmt: skip


@pytest.mark.parametrize("path", SHAPES, ids=lambda path: path.stem)
def test_a_plan_of_this_shape_is_read_as_it_stands(path: Path) -> None:
    golden = json.loads(path.with_suffix(".json").read_text("utf-8"))
    reading = read_bytes(path.read_bytes(), path.name)
    assert reading.kind is Kind.RECTIFICATION_PLAN
    assert (reading.title, reading.issuer) == (golden["title"], golden["issuer"])
    assert (reading.issued_on.isoformat() if reading.issued_on else None) == golden["issued_on"]
    assert [_plain(item) for item in reading.items] == golden["items"]
    assert sum(a.blocks for a in reading.anomalies) == golden["blocking"]


def _plain(item: Item) -> dict[str, Any]:
    values = {name: getattr(item, name) for name in FIELDS}
    found = {name: value for name, value in values.items() if value not in (None, [], "", False)}
    if dues := [part.due_on.isoformat() for part in item.milestones if part.due_on]:
        found["due_on"] = dues
    if item.children:
        found["children"] = [_plain(child) for child in item.children]
    return found
