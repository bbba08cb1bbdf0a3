"""月排名: scores that can be worked out by hand, and places."""

from __future__ import annotations

from decimal import Decimal

import pytest

from duban.domain.policy_model import Scoring
from duban.domain.ranking import UnitFigures, rank

SCORING = Scoring(closed_points=50, on_time_points=30, acknowledge_points=20, overdue_penalty=5)


def figures(unit: str, closed: int = 5, overdue: int = 0, *, items: int = 10, came_due: int = 4, met: int = 4, sheets: int = 2, acknowledged: int = 2) -> UnitFigures:  # fmt: skip  # noqa: E501
    return UnitFigures(unit, items, closed, came_due, met, sheets, acknowledged, overdue)


@pytest.mark.parametrize(
    ("unit", "score"),
    [
        (figures("甲", 10), "100.0"),
        (figures("甲", 5), "75.0"),  # 25 + 30 + 20
        (figures("甲", 5, 2), "65.0"),  # each overdue item costs 5
        (figures("甲", 0, 9, met=0, acknowledged=0), "0.0"),  # never below 0
        (figures("甲", 5, met=1), "52.5"),  # 25 + 7.5 + 20
        (figures("甲", 5, sheets=0, acknowledged=0), "68.8"),  # (25 + 30) of 80
        (figures("甲", 1, items=3), "66.7"),
    ],
)
def test_a_score_adds_up_from_its_parts(unit: UnitFigures, score: str) -> None:
    assert rank([unit], SCORING)[0].score == Decimal(score)


def test_equal_scores_share_a_place_and_the_next_is_skipped() -> None:
    units = [figures("丁", 1), figures("乙", 5), figures("甲", 10), figures("丙", 5)]
    standings = rank(units, SCORING)
    assert [(s.unit, s.place) for s in standings] == [("甲", 1), ("丙", 2), ("乙", 2), ("丁", 4)]


def test_a_unit_without_items_is_not_ranked_and_comes_last() -> None:
    idle = figures("甲", 0, items=0, came_due=0, met=0, sheets=0, acknowledged=0)
    standings = rank([idle, figures("乙", 0, 9)], SCORING)
    assert [(s.unit, s.place, s.score is None) for s in standings] == [("乙", 1, False), ("甲", None, True)]
    assert standings[1].lines == ("本月没有承担事项，不参评",)


def test_each_score_is_explained() -> None:
    assert rank([figures("甲", 5, 1, sheets=0, acknowledged=0)], SCORING)[0].lines == (
        "销号率：5/10，满分62.5分，得31.3分",
        "按期率：4/4，满分37.5分，得37.5分",
        "签收率：本月无此项，20分按比例并入其他项",
        "逾期：1项，每项扣5分，共扣5分（扣至0分为止）",
        "得分：63.8分",
    )
