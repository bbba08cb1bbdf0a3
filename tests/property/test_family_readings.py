"""Generated documents of the prose families read back to what was generated, and any seed of them alike."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from duban.errors import Unreadable
from duban.reading.model import Item, Kind, as_json
from duban.reading.reader import read_bytes
from tests.property.family_documents import Task, breakdown, opinion, progress, report

SEEDS = st.integers(min_value=0, max_value=100_000)
FEW = settings(max_examples=8, deadline=None)


def _flat(tasks: list[Task]) -> list[Task]:
    return [one for task in tasks for one in (task, *task.children)]


def _units(item: Item) -> tuple[list[str], list[str], list[str]]:
    return item.lead_units, item.responsible_units, item.support_units


@given(SEEDS)
@FEW
def test_a_task_breakdown_reads_back_with_its_sub_tasks_units_and_limits(seed: int) -> None:
    document = breakdown(seed)
    reading = read_bytes(document.text.encode(), "任务分解.txt")
    tasks, items = _flat(document.tasks), reading.walk()
    assert reading.kind is Kind.TASK_BREAKDOWN
    assert [i.number for i in items] == [t.number for t in tasks]
    assert [i.title for i in items] == [t.title for t in tasks]
    assert [_units(i) for i in items] == [(t.lead, t.responsible, t.support) for t in tasks]
    assert [i.time_limit for i in items] == [t.limit for t in tasks]
    assert [a for a in reading.anomalies if a.blocks and a.field != "time_limit"] == []


@given(SEEDS)
@FEW
def test_a_progress_report_reads_back_with_what_was_done_and_its_totals(seed: int) -> None:
    document, figures = progress(seed)
    reading = read_bytes(document.text.encode(), "通报.txt")
    assert reading.kind is Kind.PROGRESS_REPORT
    assert [i.number for i in reading.items] == [t.number for t in document.tasks]
    assert [i.title for i in reading.items] == [t.title for t in document.tasks]
    assert ["".join(i.measures) for i in reading.items] == [t.limit for t in document.tasks]
    assert {name: reading.figures.get(name) for name in figures} == figures


@given(SEEDS)
@FEW
def test_a_work_report_reads_back_with_targets_and_last_years_figures(seed: int) -> None:
    text, targets = report(seed)
    reading = read_bytes(text.encode(), "报告.txt")
    assert (reading.kind, reading.year) == (Kind.WORK_REPORT, 2025)
    found = [(t.name, t.comparator, t.value, t.unit, t.baseline) for i in reading.items for t in i.targets]
    assert found == targets


@given(SEEDS)
@FEW
def test_an_opinion_reads_back_with_its_clauses(seed: int) -> None:
    text, clauses = opinion(seed)
    reading = read_bytes(text.encode(), "意见.txt")
    assert reading.kind is Kind.POLICY_OPINION
    assert [i.number for i in reading.items] == [c.number for c in clauses]
    assert [i.title for i in reading.items] == [c.title for c in clauses]
    assert ["".join(i.measures) for i in reading.items] == [c.limit for c in clauses]
    assert [i.responsible_units for i in reading.items] == [c.responsible for c in clauses]


_MARKS = "()\uff08\uff09《》“”;\uff1b:\uff1a。、月年0123456789%①▲〔〕\n"


@given(
    SEEDS, st.sampled_from(list(Kind)), st.lists(st.tuples(st.integers(0, 2000), st.sampled_from(_MARKS)), max_size=12)
)
@settings(max_examples=10, deadline=None)
def test_a_damaged_document_read_as_any_kind_gives_a_reading_or_a_refusal(
    seed: int, kind: Kind, damage: list[tuple[int, str]]
) -> None:
    text = (breakdown, lambda s: progress(s)[0])[seed % 2](seed).text
    for place, mark in damage:
        text = text[: place % len(text)] + mark + text[place % len(text) + place % 3 :]
    try:
        reading = read_bytes(text.encode(), "文件.txt", as_kind=kind)
    except Unreadable:
        return
    assert as_json(reading) == as_json(read_bytes(text.encode(), "文件.txt", as_kind=kind))
    assert all(item.number and item.place.line <= item.place.end_line for item in reading.walk())
