"""月排名: the units of a plan, scored for what fell due in a month, each score explained."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction

from duban.domain.policy_model import Scoring


class DutyKind(StrEnum):
    """What a unit owes by a day."""

    LIMIT = "limit"  # 时限、节点，自查和吹哨的答复
    REPORT = "report"  # 长效期定期报告
    RECEIPT = "receipt"  # 签收


DUTY_ZH = {DutyKind.LIMIT: "时限、答复", DutyKind.REPORT: "定期报告", DutyKind.RECEIPT: "签收"}


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing that fell due for a unit in the month; `done_on` None where it is still owed."""

    kind: DutyKind
    item_id: int | None
    number: str
    due_on: dt.date
    done_on: dt.date | None
    met: bool


@dataclass(frozen=True, slots=True)
class UnitMonth:
    """One unit's month. `overdue_days`: working days, of all items overdue on the last day, summed up.

    `barred` says in words why a name is ranked in no month (a collective party whose members nobody knows). `first_on`
    is the month's first day: what was due before it was missed on the last day of the month before.
    """

    unit: str
    duties: tuple[Duty, ...]
    overdue: int = 0
    overdue_days: int = 0
    barred: str = ""
    first_on: dt.date = dt.date.min


@dataclass(frozen=True, slots=True)
class Standing:
    """A unit's place. `score` has one decimal; None, with no place, where nothing fell due (不参评)."""

    unit: str
    score: Decimal | None
    place: int | None
    lines: tuple[str, ...]
    month: UnitMonth


def rank(months: Iterable[UnitMonth], scoring: Scoring) -> list[Standing]:
    """The ranking, best first; equal scores go by overdue days, and what is equal in both shares a place (1, 2, 2, 4).

    A score is 100 × (points met + s) ÷ (points due + 2s): Laplace's rule of succession, so that one of one stands
    below eighteen of twenty, and none of ten below none of one. It needs no floor. Who had nothing due comes last.
    """
    scored = [(_score(month, scoring), month) for month in months]
    order = sorted(scored, key=lambda s: (s[0][0] is None, -(s[0][0] or 0), s[1].overdue_days, s[1].unit))
    standings: list[Standing] = []
    for position, ((exact, lines), month) in enumerate(order, start=1):
        before = standings[-1] if standings else None
        score = _tenth(exact) if exact is not None else None
        tied = before is not None and (before.score, before.month.overdue_days) == (score, month.overdue_days)
        place = None if score is None else before.place if tied and before else position
        standings.append(Standing(month.unit, score, place, lines, month))
    return standings


def _score(month: UnitMonth, scoring: Scoring) -> tuple[Fraction | None, tuple[str, ...]]:
    late = f"月末逾期{month.overdue}项，合计{month.overdue_days}个工作日" if month.overdue else ""
    if month.barred or not month.duties:
        why = month.barred or "本月没有到期的时限、报告、签收，不参评"
        return None, (why, *([f"{late}，都是以前到期的"] if late else []))
    lines: list[str] = []
    earned = owed = 0
    weights = (
        (DutyKind.LIMIT, scoring.limit_points),
        (DutyKind.REPORT, scoring.report_points),
        (DutyKind.RECEIPT, scoring.acknowledge_points),
    )
    for kind, points in weights:
        duties = [d for d in month.duties if d.kind == kind]
        if duties:
            met = [d for d in duties if d.met]
            earned += len(met) * points
            owed += len(duties) * points
            missed = _numbers([d for d in duties if not d.met])
            lines.append(
                f"{DUTY_ZH[kind]}：到期{len(duties)}件，按期{len(met)}件，每件{points}分"
                + _before(duties, month.first_on)
                + missed
            )
    extra = scoring.smoothing_points
    exact = Fraction(100 * (earned + extra), owed + 2 * extra)
    lines.append(f"得分：（按期{earned}分＋{extra}分）÷（到期{owed}分＋{2 * extra}分）×100＝{_tenth(exact)}分")
    if late:
        lines.append(f"{late}（同分的，逾期天数少的在前）")
    return exact, tuple(lines)


def _before(duties: Sequence[Duty], first_on: dt.date) -> str:
    count = sum(d.due_on < first_on for d in duties)
    return f"（其中{count}件上月最后一日到期而未完成，计入本月）" if count else ""


def _numbers(missed: Sequence[Duty]) -> str:
    named = list(dict.fromkeys(d.number for d in missed if d.number))
    return f"；未按期的是第{'、'.join(named)}项" if named else ""


def _tenth(value: Fraction) -> Decimal:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal("0.1"), ROUND_HALF_UP)
