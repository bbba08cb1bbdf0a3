"""Any bytes give a reading or a refusal; a generated plan reads back to what was generated."""

from __future__ import annotations

import random
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from duban.errors import Unreadable
from duban.reading.model import Kind, Reading, as_json
from duban.reading.reader import read_bytes
from tests.property.reading_documents import (
    PARTY_FIELDS,
    Problem,
    Style,
    damaged,
    fields_of,
    printed,
    problems,
    style_of,
)

_MARKS = re.compile(r"[①②③]|[一二三]是|^\d\.|(?<=。)\d\.|[(（]\d[)）]")
_PARTS = (
    "整改事项(1):|1.|一、|(二)|①|整改措施:|责任单位:|由|牵头|(|)|《|》|。|;|问题|<td>|一是|附件|整改方案\n|&nbsp;"
    "|\n|\n\n|区财政局、|2025年6月底前|长期坚持|# |**|\f|\x00|𠀀"
)
_PIECES = st.sampled_from([*_PARTS.split("|"), "| a | b |\n"])


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["x.txt", "x.md", "x.html", "x.docx", "x.xlsx", "x.pdf", ""]))
def test_any_bytes_give_a_reading_or_a_refusal(data: bytes, name: str) -> None:
    _read_or_refuse(data, name)


@settings(max_examples=60, deadline=None)
@given(st.lists(_PIECES, max_size=40).map("".join), st.sampled_from([None, *Kind]))
def test_any_jumble_of_a_plans_parts_gives_a_reading_or_a_refusal(text: str, kind: Kind | None) -> None:
    first = _read_or_refuse(text.encode(), "x.md", kind)
    assert first == _read_or_refuse(text.encode(), "x.md", kind)


def _read_or_refuse(data: bytes, name: str, kind: Kind | None = None) -> object:
    try:
        return as_json(read_bytes(data, name, kind))
    except Unreadable as refusal:
        return refusal.message, refusal.remedy


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_a_generated_plan_reads_back_to_what_was_generated(seed: int) -> None:
    text, expected, _ = _document(seed)
    _assert_reads_back(text, expected)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_a_plan_that_was_wrapped_torn_or_retyped_reads_back_too(seed: int) -> None:
    text, expected, style = _document(seed)
    _assert_reads_back(damaged(random.Random(seed), text, style), expected)


def _document(seed: int) -> tuple[str, list[Problem], Style]:
    rng = random.Random(seed)
    style = style_of(rng)
    style.bold = False
    sections = rng.choice([0, 2]) if style.sections != "none" else 0
    style.sections = style.sections if sections else "none"
    expected = problems(rng, fields_of(rng, style), sections)
    return printed(rng, style, expected), expected, style


def _assert_reads_back(text: str, expected: list[Problem]) -> None:
    reading = read_bytes(text.encode(), "plan.md", Kind.RECTIFICATION_PLAN)
    assert [_of(problem) for problem in _as_problems(reading)] == [_of(problem) for problem in expected], text
    assert not [a for a in reading.anomalies if a.blocks], text


def _as_problems(reading: Reading) -> list[Problem]:
    found = []
    for item in reading.items:
        parties = {name: getattr(item, name) for name in PARTY_FIELDS}
        measures = ["".join(_MARKS.sub("", text) for text in item.measures)]
        found.append(
            Problem(item.number, None, item.title, item.goal, measures, **parties, time_limit=item.time_limit or "")
        )
    return found


def _of(problem: Problem) -> tuple[object, ...]:
    """What is compared: text without the marks that only hold its parts together."""
    texts = (problem.title, problem.goal or "", "".join(problem.measures), problem.time_limit)
    bare = [re.sub(r"[\s。;；,，:：()（）]", "", text) for text in texts]
    return (problem.number, *bare, *(tuple(getattr(problem, name)) for name in PARTY_FIELDS))
