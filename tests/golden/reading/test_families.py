"""Four real documents against golden files made by reading them. Run with `pytest -s` for precision and recall."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from duban.reading.model import Item, Reading, as_json
from duban.reading.reader import read_bytes
from tests.golden.reading.scores import Score, table

FOLDER = Path(__file__).parent
NAMES = ("baoshan", "jingan", "putuo", "beijing")
GOLDEN = {name: json.loads((FOLDER / f"{name}.json").read_text("utf-8")) for name in NAMES}
#: A field of an item, the item's number, and a value that it should have.
Facts = Counter[tuple[str, str, Any]]


@pytest.fixture(scope="module")
def readings(documents: Path) -> dict[str, Reading]:
    found = {}
    for name in NAMES:
        path = documents / GOLDEN[name]["document"]
        found[name] = read_bytes(path.read_bytes(), path.name)
    return found


@pytest.fixture(scope="module")
def printed(documents: Path) -> dict[str, list[str]]:
    lines = {n: (documents / GOLDEN[n]["document"]).read_text("utf-8").splitlines() for n in NAMES}
    return {name: ["", *(line.strip() for line in text)] for name, text in lines.items()}


@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_every_item_is_read_as_it_stands(
    name: str, readings: dict[str, Reading], printed: dict[str, list[str]]
) -> None:
    expected: Facts = Counter(EXPECTED[name](GOLDEN[name], printed[name]))
    fields = {field for _, field, _ in expected}
    found: Facts = Counter(fact for fact in _found(readings[name]) if fact[1] in fields)
    scores = {field: Score() for field in sorted(fields)}
    for field, score in scores.items():
        score.add(
            Counter({k: n for k, n in found.items() if k[1] == field}),
            Counter({k: n for k, n in expected.items() if k[1] == field}),
        )
    print(f"\n{name}\n" + table(scores))
    wrong = sorted(map(str, (found - expected) + (expected - found)))
    assert {f for f, s in scores.items() if s.precision < 0.99 or s.recall < 0.99} == set(), wrong[:20]


@pytest.mark.parametrize("name", NAMES)
def test_the_document_says_who_issued_it_when_and_of_what_size_it_is(name: str, readings: dict[str, Reading]) -> None:
    golden, read = GOLDEN[name], as_json(readings[name])
    for field in ("kind", "title", "issuer", "reference", "issued_on", "year"):
        assert read[field] == golden[field], field
    sampled = golden["kind"] == "work_report"  # it looks back on dozens; the golden names some
    figures = {name: value for name, value in read["figures"].items() if name in golden["figures"] or not sampled}
    assert figures == golden["figures"]


@pytest.mark.parametrize("name", NAMES)
def test_a_clean_document_has_no_doubt_that_blocks(name: str, readings: dict[str, Reading]) -> None:
    assert [a for a in readings[name].anomalies if a.blocks] == []


# --- what was read ---------------------------------------------------------------------------------------------------


def _found(reading: Reading) -> Iterator[tuple[str, str, Any]]:
    for item in reading.items:
        yield from _facts(item)
        for child in item.children:
            yield from _facts(child)


def _facts(item: Item) -> Iterator[tuple[str, str, Any]]:
    number = item.number
    yield number, "number", number
    yield number, "title", _bare(item.title)
    yield number, "line", item.place.line
    yield number, "goal", _bare(item.goal or "")
    yield number, "measures", _bare("".join(item.measures))
    yield number, "status", item.status
    for field in ("lead_units", "responsible_units", "support_units", "lead_officials"):
        for name in getattr(item, field):
            yield number, field, name
    for depth, heading in enumerate(item.path):
        yield number, f"path {depth}", _bare(heading)
    for milestone in item.milestones:
        yield number, "milestones", milestone.due_on.isoformat() if milestone.due_on else None
    for regulation in item.regulations:
        yield number, "regulations", regulation.title
    for target in item.targets:
        value = _number(target.value)
        yield number, "targets", (target.comparator, value, target.unit, _number(target.upper))
        yield number, "target names", (target.name, value)
        yield number, "baselines", (value, _number(target.baseline))


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _bare(text: str) -> str:
    return re.sub(r"\s", "", text)


# --- what was expected -----------------------------------------------------------------------------------------------


def _targets(number: str, row: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for name, comparator, value, unit, *rest in row.get("targets", ()):
        baseline, upper = (*rest, None, None)[:2]
        yield number, "targets", (comparator, float(value), unit, _number(upper))
        yield number, "target names", (name, float(value))
        yield number, "baselines", (float(value), _number(baseline))


def _baoshan(golden: dict[str, Any], printed: list[str]) -> Iterator[tuple[str, str, Any]]:
    for row in golden["items"]:
        children = [{**child, "number": f"{row['number']}.{i}"} for i, child in enumerate(row["children"], start=1)]
        for one in (row, *children):
            number, line = one["number"], printed[one["line"]]
            yield number, "number", number
            yield number, "line", one["line"]
            yield number, "title", _bare(re.sub(r"^\d+、|^▲", "", line).rpartition("(")[0])
            yield number, "path 0", _bare(printed[row["part"]])
            if one is not row:
                yield number, "path 1", _bare(_heading(printed[row["line"]].rpartition("(")[0]))
            for field in ("lead_units", "responsible_units"):
                for name in one.get(field, ()):
                    yield number, field, name
            for title in one.get("regulations", ()):
                yield number, "regulations", title
            yield from _targets(number, one)


def _heading(line: str) -> str:
    return line if len(line) <= 60 else line.split("。", maxsplit=1)[0]


def _jingan(golden: dict[str, Any], printed: list[str]) -> Iterator[tuple[str, str, Any]]:
    for row in golden["items"]:
        number = row["number"]
        yield number, "number", number
        yield number, "line", row["line"]
        yield from _targets(number, row)


def _putuo(golden: dict[str, Any], printed: list[str]) -> Iterator[tuple[str, str, Any]]:
    for row in golden["items"]:
        number = row["number"]
        yield number, "number", number
        yield number, "title", _bare(printed[row["title"]].split(".", 1)[1])
        yield number, "measures", _bare("".join(printed[n] for n in row["measures"]))
        yield number, "status", row["status"]
        for depth, line in enumerate(row["path"]):
            yield number, f"path {depth}", _bare(printed[line])


def _beijing(golden: dict[str, Any], printed: list[str]) -> Iterator[tuple[str, str, Any]]:
    for row in golden["items"]:
        number, line = row["number"], _simplified(printed[row["line"]])
        title, _, rest = line.partition(")")[2].partition("。")
        yield number, "number", number
        yield number, "line", row["line"]
        yield number, "title", _bare(title + "。")
        yield number, "path 0", _bare(_simplified(printed[row["part"]]))
        yield number, "goal" if row.get("goal") else "measures", _bare(rest)
        yield number, "measures" if row.get("goal") else "goal", ""
        for due in row.get("milestones", ()):
            yield number, "milestones", due
        for regulation in row.get("regulations", ()):
            yield number, "regulations", regulation


def _simplified(line: str) -> str:
    import opencc

    toned = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ"
    return str(opencc.OpenCC("t2s").convert(re.sub(rf"\([a-z]*[{toned}a-z]+[a-z]*\)", "", line)))


EXPECTED: dict[str, Callable[[dict[str, Any], list[str]], Iterator[tuple[str, str, Any]]]] = {
    "baoshan": _baoshan,
    "jingan": _jingan,
    "putuo": _putuo,
    "beijing": _beijing,
}


def test_the_targets_of_the_work_report_stand_in_its_words(
    readings: dict[str, Reading], printed: dict[str, list[str]]
) -> None:
    for item, row in zip(readings["jingan"].items, GOLDEN["jingan"]["items"], strict=True):
        line = printed["jingan"][row["line"]]
        assert item.title in line
        assert all(target.text in line for target in item.targets)
        assert item.path[0] == printed["jingan"][53]
        assert row["section"] == 53 or item.path[1] == printed["jingan"][row["section"]]
