"""Lights (红黄绿灯): derived from facts on a day, never stored as a state."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction

from duban.domain.calendar import Calendar
from duban.domain.policy_model import Colour, LightRule, Lights, Policy
from duban.domain.schedule import gap_points, schedule_progress

MARK_EXTENSION = "延期待批"
MARK_PAUSED = "暂停计时"
MARK_LATE_CHECK_IN = "长效报告逾期"


@dataclass(frozen=True, slots=True)
class LightFacts:
    """What a light is judged by.

    `due_on` is the rolled date of the nearest limit still open, None where none is; `first_due_on` the item's last
    limit as first set, None for 无时限, an item that never had one. `started_on` is the day its period began.
    `ended` says how a closed item ended (已销号、已撤销、已合并).
    `progress` is the share done, 0 to 1, None where nobody reported. `paused_on` is set while a limit that moves with
    its pause stands still. `extension_until` is a date asked for and not decided. `check_in_due_on` belongs to the open
    check-in of a long-term item.
    """

    due_on: dt.date | None
    started_on: dt.date | None = None
    progress: Fraction | None = None
    ended: str | None = None
    paused_on: dt.date | None = None
    extension_until: dt.date | None = None
    first_due_on: dt.date | None = None
    check_in_due_on: dt.date | None = None
    long_term: bool = False


@dataclass(frozen=True, slots=True)
class Light:
    """A light with its reasons in Chinese. `days_left` is in working days, negative past the limit, None without one.

    `marks` are short words to show beside the lamp, such as 延期待批.
    """

    colour: Colour
    reasons: tuple[str, ...]
    overdue: bool = False
    days_left: int | None = None
    gap: Fraction | None = None
    marks: tuple[str, ...] = ()


def light(facts: LightFacts, as_of: dt.date, policy: Policy, calendar: Calendar) -> Light:
    """The light on a day. Overdue is `due_on < as_of` and red; without any date it is `none`: never overdue nor green.

    A pending extension does not change the colour, but shows. While a movable limit is paused, the light stays as it
    was on the day it stopped.
    """
    marks = _marks(facts, as_of)
    notes = _notes(facts, as_of)
    if facts.ended is not None:
        dated = facts.due_on is not None or facts.first_due_on is not None
        return Light(Colour.GREEN if dated else Colour.NONE, (facts.ended,))
    if facts.due_on is None:
        colour, reason = _without_due(facts, late=MARK_LATE_CHECK_IN in marks)
        return Light(colour, (reason, *notes), marks=marks)
    on = min(as_of, facts.paused_on) if facts.paused_on else as_of
    left = calendar.workdays_between(on, facts.due_on)
    if facts.due_on < on:
        return Light(Colour.RED, (_overdue_words(facts.due_on, left), *notes), True, left, marks=marks)
    colour, reasons, gap = _before_due(facts, on, left, policy, calendar)
    return Light(colour, (*reasons, *notes), False, left, gap, marks)


def _without_due(facts: LightFacts, *, late: bool) -> tuple[Colour, str]:
    """No limit is open: either there never was one, which is never green, or every dated part is done."""
    if facts.first_due_on is None:
        return Colour.NONE, "长期坚持，无到期日，按期报告" if facts.long_term else "未载明时限，不计逾期"
    done = "有时限的部分已完成，" + ("转入长效期，按期报告" if facts.long_term else "待销号")
    return (Colour.YELLOW if late else Colour.GREEN), done


_Judged = tuple[Colour, tuple[str, ...], Fraction | None]


def _before_due(facts: LightFacts, on: dt.date, left: int, policy: Policy, calendar: Calendar) -> _Judged:
    assert facts.due_on is not None  # noqa: S101 - asked by the caller
    rules = policy.lights
    near = rules.yellow_days is not None and left <= rules.yellow_days
    due = f"{facts.due_on}到期，{_left_words(left)}" + (f"（{rules.yellow_days}个工作日以内为黄灯）" if near else "")
    by_days = Colour.YELLOW if near else Colour.GREEN
    if rules.rule == LightRule.DAYS_LEFT or facts.started_on is None:
        return by_days, (due,), None
    schedule = schedule_progress(facts.started_on, facts.due_on, on, calendar)
    colour, reason, gap = _by_gap(schedule, facts.progress, rules)
    done = facts.progress is not None and facts.progress >= 1
    return (by_days if colour == Colour.GREEN and not done else colour), (reason, due), gap


def _by_gap(schedule: Fraction, reported: Fraction | None, rules: Lights) -> tuple[Colour, str, Fraction]:
    """The colour by 序时进度. Nobody's report counts as no progress: silence must not look green."""
    progress = reported or Fraction(0)
    gap = gap_points(schedule, progress)
    colour = Colour.GREEN
    if rules.red_points is not None and gap > rules.red_points:
        colour = Colour.RED
    elif rules.yellow_points is not None and gap > rules.yellow_points:
        colour = Colour.YELLOW
    actual = "实际进度" if reported is not None else "未报告进度，按实际进度"
    lag = f"落后{_points(gap)}个百分点" if gap else "不落后"
    limits = f"超过{rules.yellow_points}个为黄灯，超过{rules.red_points}个为红灯"
    words = f"序时进度{_points(schedule * 100)}%，{actual}{_points(progress * 100)}%，{lag}（{limits}）"
    return colour, words, gap


def _marks(facts: LightFacts, as_of: dt.date) -> tuple[str, ...]:
    if facts.ended is not None:
        return ()
    late = facts.check_in_due_on is not None and facts.check_in_due_on < as_of
    shown = (
        (MARK_EXTENSION, facts.extension_until is not None),
        (MARK_PAUSED, facts.paused_on is not None),
        (MARK_LATE_CHECK_IN, late),
    )
    return tuple(mark for mark, holds in shown if holds)


def _notes(facts: LightFacts, as_of: dt.date) -> tuple[str, ...]:
    notes = []
    if facts.extension_until is not None:
        notes.append(f"已申请延期至{facts.extension_until}，尚未批复，时钟不停")
    if facts.paused_on is not None:
        notes.append(f"{facts.paused_on}起暂停计时，灯色停留在当日")
    if facts.first_due_on is not None and facts.due_on is not None and facts.due_on > facts.first_due_on:
        notes.append(f"最初时限为{facts.first_due_on}")
    if facts.check_in_due_on is not None and facts.check_in_due_on < as_of:
        notes.append(f"长效报告应于{facts.check_in_due_on}前报送，尚未收到")
    return tuple(notes)


def _overdue_words(due_on: dt.date, left: int) -> str:
    return f"{due_on}到期，" + (f"已逾期{-left}个工作日" if left else "已逾期（其后尚无工作日）")


def _left_words(left: int) -> str:
    return f"还有{left}个工作日" if left else "今日为最后一日"


def _points(value: Fraction) -> str:
    """One decimal, and none where it is whole."""
    tenths = round(value * 10)
    return str(tenths // 10) if tenths % 10 == 0 else f"{tenths // 10}.{tenths % 10}"
