"""月排名: scores that can be worked out by hand, and places."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from duban.domain.policy_model import Scoring
from duban.domain.ranking import Duty, DutyKind, UnitMonth, rank

SCORING = Scoring(limit_points=10, report_points=5, acknowledge_points=2, smoothing_points=10)
DAY = dt.date(2026, 7, 10)


def month(unit: str, met: int = 0, of: int = 0, *, late: int = 0, days: int = 0, reports: tuple[int, int] = (0, 0)) -> UnitMonth:  # fmt: skip  # noqa: E501
    duties = [Duty(DutyKind.LIMIT, n, str(n), DAY, DAY if n < met else None, n < met) for n in range(of)]
    duties += [Duty(DutyKind.REPORT, n, f"9{n}", DAY, None, n < reports[0]) for n in range(reports[1])]
    return UnitMonth(unit, tuple(duties), late, days)


@pytest.mark.parametrize(
    ("unit", "score"),
    [
        (month("甲", 1, 1), "66.7"),  # (10 + 10) / (10 + 20)
        (month("甲", 18, 20), "86.4"),  # 190 / 220
        (month("甲", 20, 20), "95.5"),
        (month("甲", 0, 10), "8.3"),
        (month("甲", 1, 2, reports=(1, 2)), "50.0"),  # (10 + 5 + 10) / (20 + 10 + 20)
    ],
)
def test_a_score_adds_up_from_what_fell_due(unit: UnitMonth, score: str) -> None:
    assert rank([unit], SCORING)[0].score == Decimal(score)


def test_few_do_not_beat_many_and_ten_late_are_not_one_of_ten() -> None:
    units = [month("一件全对", 1, 1), month("二十件错二", 18, 20), month("十件全误", 0, 10, late=10, days=90)]
    units += [month("十件误一", 9, 10, late=1, days=9), month("三件未到期")]
    assert [(s.unit, s.place) for s in rank(units, SCORING)] == [
        ("二十件错二", 1), ("十件误一", 2), ("一件全对", 3), ("十件全误", 4), ("三件未到期", None),
    ]  # fmt: skip


def test_equal_scores_go_by_overdue_days_and_what_is_equal_in_both_shares_a_place() -> None:
    units = [month("丁", 1, 2, late=1, days=9), month("乙", 1, 2, late=1, days=3), month("丙", 1, 2, late=1, days=3)]
    assert [(s.unit, s.place) for s in rank([*units, month("甲", 2, 2)], SCORING)] == [
        ("甲", 1), ("丙", 2), ("乙", 2), ("丁", 4),
    ]  # fmt: skip


def test_each_step_of_a_score_is_explained() -> None:
    assert rank([month("甲", 1, 2, late=1, days=3, reports=(1, 1))], SCORING)[0].lines == (
        "时限、答复：到期2件，按期1件，每件10分；未按期的是第1项",
        "定期报告：到期1件，按期1件，每件5分",
        "得分：（按期15分＋10分）÷（到期25分＋20分）×100＝55.6分",
        "月末逾期1项，合计3个工作日（同分的，逾期天数少的在前）",
    )
    assert rank([month("乙", late=2, days=40)], SCORING)[0].lines == (
        "本月没有到期的时限、报告、签收，不参评",
        "月末逾期2项，合计40个工作日，都是以前到期的",
    )
