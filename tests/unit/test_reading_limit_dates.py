"""Limits by what the whole document says: its day of issue, its year, and whether its work is still to come."""

from __future__ import annotations

import datetime as dt

from duban.reading.model import AnomalyCode, Item, Reading
from duban.reading.reader import read_bytes


def plan(*limits: str, head: str = "南浔区河道整治整改方案", foot: str = "南浔区人民政府\n2024年12月20日") -> Reading:
    items = [
        f"{number}、第{number}处问题\n责任单位：区水务局\n整改时限：{limit}\n整改措施：逐处清理。"
        for number, limit in zip("一二三四", limits, strict=False)
    ]
    return read_bytes("\n\n".join([head, *items, foot]).encode(), "plan.txt")


def only_due(item: Item) -> tuple[dt.date | None, str]:
    (part,) = item.milestones
    return part.due_on, part.confidence


def doubted(reading: Reading) -> dict[str | None, bool]:
    return {a.number: a.blocks for a in reading.anomalies if a.code is AnomalyCode.AMBIGUOUS_LIMIT}


def test_a_day_that_was_over_when_the_plan_was_issued_is_doubtful_and_keeps_both_years() -> None:
    reading = plan("6月底前", "2025年6月底前")
    assert reading.items[0].milestones[0].alternative_due_on == dt.date(2025, 6, 30)
    assert only_due(reading.items[1]) == (dt.date(2025, 6, 30), "sure")
    assert doubted(reading) == {"一": False}


def test_a_time_of_which_no_day_can_be_read_blocks_and_words_without_a_time_are_a_doubt() -> None:
    assert doubted(plan("2025年6月l5日前", "开工前", "适时推进", "2025年6月底前")) == {
        "一": True,
        "二": True,
        "三": False,
    }


def test_a_year_that_only_a_neighbour_prints_is_not_taken_over_for_sure() -> None:
    reading = plan("9月底前", "2025年6月底前", foot="")
    assert only_due(reading.items[0]) == (dt.date(2025, 9, 30), "ambiguous")
    assert only_due(reading.items[1]) == (dt.date(2025, 6, 30), "sure")


def test_a_feast_is_the_next_one_after_the_day_of_issue() -> None:
    assert only_due(plan("春节前", "2026年春节前").items[0]) == (dt.date(2025, 1, 28), "sure")


def test_radicals_and_compatible_characters_are_read_as_the_ordinary_ones() -> None:
    reading = plan("2025年6⽉15⽇前", "2025年9月底前")
    assert only_due(reading.items[0]) == (dt.date(2025, 6, 15), "sure")
    assert not doubted(reading)
