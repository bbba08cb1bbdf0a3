"""月排名: the units of a plan, scored for a month, each score explained."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from duban.domain.policy_model import Scoring


@dataclass(frozen=True, slots=True)
class UnitFigures:
    """One unit's month, counted from the ledger.

    `items`: all it answers for; `closed` of them struck off. `came_due`: limits that fell due so far; `met` of them in
    time. `sheets`: receipts owed; `acknowledged` of them in time. `overdue`: items overdue on the last day.
    """

    unit: str
    items: int
    closed: int
    came_due: int
    met: int
    sheets: int
    acknowledged: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A unit's place. `score` has one decimal; None, with no place, where nothing was to be scored (不参评)."""

    unit: str
    score: Decimal | None
    place: int | None
    lines: tuple[str, ...]
    figures: UnitFigures


def rank(figures: Iterable[UnitFigures], scoring: Scoring) -> list[Standing]:
    """The ranking, best first; equal scores share a place and the next one is skipped (1, 2, 2, 4).

    A part that a unit could not earn (nothing fell due, no sheet to acknowledge) leaves its points to the others in
    proportion, so that nobody gains or loses by it. Each overdue item then costs the penalty, down to 0.
    Units without any item come last, without a place.
    """
    scored = [(_score(unit, scoring), unit) for unit in figures]
    order = sorted(scored, key=lambda s: (s[0][0] is None, -(s[0][0] or 0), s[1].overdue, s[1].unit))
    standings: list[Standing] = []
    for position, ((score, lines), unit) in enumerate(order, start=1):
        before = standings[-1] if standings else None
        tied = before is not None and before.score == score
        place = None if score is None else before.place if tied and before else position
        standings.append(Standing(unit.unit, score, place, lines, unit))
    return standings


def _score(unit: UnitFigures, scoring: Scoring) -> tuple[Decimal | None, tuple[str, ...]]:
    parts = (
        ("销号率", unit.closed, unit.items, scoring.closed_points),
        ("按期率", unit.met, unit.came_due, scoring.on_time_points),
        ("签收率", unit.acknowledged, unit.sheets, scoring.acknowledge_points),
    )
    if unit.items <= 0:
        return None, ("本月没有承担事项，不参评",)
    available = sum(points for _, _, whole, points in parts if whole > 0)
    if available <= 0:
        return None, ("本月没有可计分的内容，不参评",)
    lines: list[str] = []
    total = Fraction(0)
    for name, part, whole, points in parts:
        if whole <= 0:
            lines.append(f"{name}：本月无此项，{points}分按比例并入其他项")
            continue
        share = Fraction(points * 100, available)
        earned = share * Fraction(part, whole)
        total += earned
        lines.append(f"{name}：{part}/{whole}，满分{_tenth(share)}分，得{_tenth(earned)}分")
    penalty = unit.overdue * scoring.overdue_penalty
    if penalty:
        lines.append(f"逾期：{unit.overdue}项，每项扣{scoring.overdue_penalty}分，共扣{penalty}分（扣至0分为止）")
    score = _tenth(max(total - penalty, Fraction(0)))
    lines.append(f"得分：{score}分")
    return score, tuple(lines)


def _tenth(value: Fraction) -> Decimal:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal("0.1"), ROUND_HALF_UP)
