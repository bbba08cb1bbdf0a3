"""Precision and recall of a reading against a golden file, for each field. Run it with `pytest -s` to see the table."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duban.reading.model import Item, Reading

LISTS = ("lead_officials", "lead_units", "responsible_units", "support_units", "supervising_units")
TEXTS = ("title", "goal", "measures", "time_limit")


@dataclass(slots=True)
class Score:
    """Counts of one field: found and right, found in all, expected in all."""

    right: int = 0
    found: int = 0
    expected: int = 0

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.expected if self.expected else 1.0

    def add(self, found: Counter[Any], expected: Counter[Any]) -> None:
        self.right += sum((found & expected).values())
        self.found += sum(found.values())
        self.expected += sum(expected.values())


def compare(reading: Reading, golden: list[dict[str, Any]], document: Path) -> dict[str, Score]:
    """Field by field; items are paired by number and their order among copies of it."""
    printed = document.read_text("utf-8").splitlines()
    found, expected = _keyed([i.number for i in reading.items]), _keyed([g["number"] for g in golden])
    scores: dict[str, Score] = {"number": Score()}
    scores["number"].add(Counter(found), Counter(expected))
    by_key = dict(zip(found, reading.items, strict=True))
    for key, row in zip(expected, golden, strict=True):
        values = _values(by_key.get(key))
        for name, want in _expected(row, printed).items():
            scores.setdefault(name, Score()).add(Counter(values[name]), Counter(want))
    return scores


def table(scores: dict[str, Score]) -> str:
    """The scores for a person."""
    rows = [f"{'field':<20}{'precision':>10}{'recall':>8}{'n':>6}"]
    rows += [f"{name:<20}{s.precision:>10.3f}{s.recall:>8.3f}{s.expected:>6}" for name, s in scores.items()]
    return "\n".join(rows)


def _keyed(numbers: list[str]) -> list[tuple[str, int]]:
    seen: Counter[str] = Counter()
    keys = []
    for number in numbers:
        keys.append((number, seen[number]))
        seen[number] += 1
    return keys


def _values(item: Item | None) -> dict[str, list[Any]]:
    if item is None:
        return {name: [] for name in (*LISTS, *TEXTS, "measures_count", "milestones", "long_term", "path", "state")}
    return {
        **{name: getattr(item, name) for name in LISTS},
        **{name: [text] if (text := "".join(getattr(item, name) or "")) else [] for name in TEXTS},
        "measures_count": [len(item.measures)],
        "milestones": [(m.kind, m.due_on.isoformat() if m.due_on else None, m.done) for m in item.milestones],
        "long_term": [item.long_term],
        "path": item.path,
        "state": [item.state],
    }


def _expected(row: dict[str, Any], printed: list[str]) -> dict[str, list[Any]]:
    expected: dict[str, list[Any]] = {name: row[name] for name in LISTS if name in row}
    for name in TEXTS:
        text = "".join(_without_label(printed[n - 1]) for n in row[name] or [])
        expected[name] = [text] if text else []
    expected["measures_count"] = [row["measures_count"]]
    expected["milestones"] = [(m["kind"], m["due_on"], m["done"]) for m in row["milestones"]]
    expected["long_term"] = [row["long_term"]]
    expected["path"] = row["path"]
    if row["state"]:
        expected["state"] = [row["state"]]
    return expected


def _without_label(line: str) -> str:
    return re.sub(r"^\*\*[^*]*\*\*:", "", line)
