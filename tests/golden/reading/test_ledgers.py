"""Ledgers in Excel, Word and HTML read back to what was generated, rows of one problem as its children."""

from __future__ import annotations

import random
import re

import pytest

from duban.reading.model import Item, Kind
from duban.reading.reader import read_bytes
from tests.golden.reading.ledgers import TITLE, Ledger, as_docx, as_html, as_xlsx, ledger
from tests.property.reading_documents import PARTY_FIELDS, Problem

FORMS = {
    "merged.xlsx": lambda grid: as_xlsx(grid, merged=True),
    "plain.xlsx": lambda grid: as_xlsx(grid, merged=False),
    "table.docx": as_docx,
    "page.html": as_html,
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("seed", range(12))
def test_a_ledger_reads_back_to_what_was_generated(name: str, seed: int) -> None:
    made = ledger(random.Random(seed))
    reading = read_bytes(FORMS[name](made.grid), name)
    assert (reading.kind, reading.title) == (Kind.RECTIFICATION_PLAN, TITLE)
    assert [item.number for item in reading.items] == [problem.number for problem in made.items]
    for item, problem in zip(reading.items, made.items, strict=True):
        assert _read(item, made) == _made(problem, made)
    assert not [a for a in reading.anomalies if a.blocks]


def _bare(text: str | None) -> str:
    return re.sub(r"\s", "", text or "")


def _read(item: Item, made: Ledger) -> dict[str, object]:
    found: dict[str, object] = {"title": _bare(item.title), "goal": _bare(item.goal)}
    split = item.number in made.children
    found |= {name: getattr(item, name) for name in PARTY_FIELDS if not (split and name == "responsible_units")}
    rows = [(_bare("".join(c.measures)), "、".join(c.responsible_units), c.time_limit or "") for c in item.children]
    own = (_bare("".join(item.measures)), item.time_limit or "")
    return found | {"children": [c.number for c in item.children], "rows": rows if split else own}


def _made(problem: Problem, made: Ledger) -> dict[str, object]:
    found: dict[str, object] = {"title": _bare(problem.title), "goal": _bare(problem.goal)}
    split = problem.number in made.children
    found |= {name: getattr(problem, name) for name in PARTY_FIELDS if not (split and name == "responsible_units")}
    rows = made.children.get(problem.number, [])
    numbers = [f"{problem.number}.{index}" for index in range(1, len(rows) + 1)]
    return found | {
        "children": numbers,
        "rows": rows if split else (_bare("".join(problem.measures)), problem.time_limit),
    }
