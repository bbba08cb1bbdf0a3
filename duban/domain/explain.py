"""Why this date and this light: every step in words that a clerk can check with a paper calendar."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from duban.domain.calendar import WEEKDAYS, Calendar, DayKind, Spell
from duban.domain.clocks import Clock, ClockState
from duban.domain.counting import Unit, counted_due, due_after, unconsumed
from duban.domain.ladder import Decision, rung_dates
from duban.domain.lights import Light
from duban.domain.policy_model import ClockKind, Colour, Policy, Rung
from duban.domain.schedule import term_of

KINDS_ZH = {
    ClockKind.LIMIT: "整改时限",
    ClockKind.CHECK_IN: "长效报告",
    ClockKind.ACKNOWLEDGE: "签收",
    ClockKind.VERIFY: "核查",
    ClockKind.RE_INSPECT: "回头看",
}
STATES_ZH = {
    ClockState.ARMED: "待起算",
    ClockState.RUNNING: "计时中",
    ClockState.PAUSED: "暂停",
    ClockState.COMPLETED: "已办结",
    ClockState.CANCELLED: "已取消",
    ClockState.SUPERSEDED: "时限已变更",
}
LIGHTS_ZH = {Colour.GREEN: "绿灯", Colour.YELLOW: "黄灯", Colour.RED: "红灯", Colour.NONE: "无时限"}
UNITS_ZH = {Unit.WORKDAYS: "个工作日", Unit.DAYS: "日", Unit.MONTHS: "个月", Unit.YEARS: "年"}

#: Spells listed one by one before the rest is summed up: a limit of years skips a hundred weekends.
_LISTED = 8


@dataclass(frozen=True, slots=True)
class Explanation:
    """Lines in the order of the reasoning, and the dates that a page or program may want beside them."""

    lines: tuple[str, ...]
    nominal_on: dt.date | None = None
    due_on: dt.date | None = None
    provisional: bool = False


def explain_due(clock: Clock, calendar: Calendar) -> Explanation:
    """How the due date came about: counted days, skipped ones and why, pauses, rolling, extension, provisional days."""
    named = "文中时限" if clock.kind == ClockKind.LIMIT else f"{KINDS_ZH[clock.kind]}期限"
    lines = [_counted(clock, calendar) if clock.counted else f"{named}：{day_zh(clock.nominal_on)}。"]
    if clock.counted:
        lines += _between(clock.started_on, _first_nominal(clock, calendar), calendar)
    lines += _rolled(_first_nominal(clock, calendar), calendar)
    lines += _paused(clock, calendar)
    if clock.first_due_on is not None and clock.due_on > clock.first_due_on and not clock.pauses:
        lines.append(f"最初时限为{day_zh(clock.first_due_on)}，后变更为{day_zh(clock.due_on)}。")
    provisional = calendar.provisional(clock.due_on) or calendar.provisional(clock.started_on)
    if provisional:
        lines.append(
            f"{calendar.known_from.year}年至{day_zh(calendar.known_through)}的放假安排已知；"
            "此外只按周末和固定节日推算，日期为暂定，安排公布后会重新核定。"
        )
    lines.append(f"到期日：{day_zh(clock.due_on)}" + ("（暂定）。" if provisional else "。"))
    return Explanation(tuple(lines), clock.nominal_on, clock.due_on, provisional)


def explain_ladder(
    clock: Clock,
    policy: Policy,
    calendar: Calendar,
    as_of: dt.date,
    *,
    fired: Mapping[str, dt.date] | None = None,
    passed: Mapping[str, str] | None = None,
    decision: Decision | None = None,
    released: bool = True,
) -> Explanation:
    """Which rungs were sent and when, which were not and why, which are held, and which come next.

    `fired` gives the day on which each key was sent, `passed` the reason for each that was not. What is due is told as
    the `decision` of the night has it; before the plan's release (not `released`), as what would go then.
    """
    sent, reasons = dict(fired or {}), dict(passed or {})
    state = STATES_ZH[clock.state]
    if clock.kind == ClockKind.CHECK_IN and clock.state == ClockState.SUPERSEDED:
        state = "已转入下一期"
    lines = [f"{KINDS_ZH[clock.kind]}时钟：{state}。"]
    term = clock.term
    if term is None and clock.kind == ClockKind.LIMIT:
        found = term_of(policy, clock.started_on, clock.due_on)
        term = found.key if found else None
    for rung, due_on in rung_dates(clock.due_on, policy, calendar, clock.kind, term):
        fate = _fate(rung, due_on, clock, sent, reasons) or _to_come(rung, due_on, decision, as_of, released)
        lines.append(f"{_rung_head(rung, due_on, calendar)}，{fate}。")
        repeats = ((key, day) for key, day in sent.items() if key.startswith(f"{rung.key}#"))
        lines += [f"　　第{int(key.partition('#')[2]) - 1}次重发：{day_zh(day)}。" for key, day in repeats]
    if decision is not None and decision.held and decision.held_until is not None:
        held = "、".join(due.rung.title for due in decision.held)
        lines.append(f"已签收，{held}暂缓至{day_zh(decision.held_until)}后发出；时钟不停。")
    if clock.paused:
        lines.append("暂停期间不发出任何提醒。")
    elif decision is not None and decision.next_rung_on is not None:
        lines.append(f"下一次核对：{day_zh(decision.next_rung_on)}。")
    return Explanation(tuple(lines), clock.nominal_on, clock.due_on, calendar.provisional(clock.due_on))


def explain_light(light: Light) -> Explanation:
    """The light and its reasons, one line each."""
    marks = f"（{'、'.join(light.marks)}）" if light.marks else ""
    head = f"{LIGHTS_ZH[light.colour]}{marks}：{light.reasons[0]}。"
    return Explanation((head, *(f"{reason}。" for reason in light.reasons[1:])))


def day_zh(day: dt.date) -> str:
    """2026年2月14日（周六）: Arabic figures without leading zeros, with the weekday to check against."""
    return f"{day.year}年{day.month}月{day.day}日（周{WEEKDAYS[day.weekday()]}）"


def _first_nominal(clock: Clock, calendar: Calendar) -> dt.date:
    if clock.counted and clock.amount is not None and clock.unit is not None:
        return counted_due(clock.started_on, clock.amount, clock.unit, calendar)
    return clock.nominal_on


def _counted(clock: Clock, calendar: Calendar) -> str:
    first = clock.started_on + dt.timedelta(days=1)
    if clock.amount is None or clock.unit is None:
        return f"自{day_zh(clock.started_on)}的次日{day_zh(first)}起算，计至{day_zh(clock.nominal_on)}。"
    last = _first_nominal(clock, calendar)
    return (
        f"自{day_zh(clock.started_on)}的次日{day_zh(first)}起算{clock.amount}{UNITS_ZH[clock.unit]}"
        f"（当日不计入），计至{day_zh(last)}。"
    )


def _between(after: dt.date, through: dt.date, calendar: Calendar) -> list[str]:
    lines = [f"其间工作日{calendar.workdays_between(after, through)}天。"]
    skipped, worked = calendar.skipped(after, through), calendar.worked_rest_days(after, through)
    if skipped:
        lines.append(f"不计入的休息日：{_spells_zh(skipped)}。")
    if worked:
        lines.append(f"计入的上班日：{_spells_zh(worked)}。")
    return lines


def _rolled(nominal: dt.date, calendar: Calendar) -> list[str]:
    due = calendar.roll(nominal)
    if due == nominal:
        return []
    why = _spells_zh(calendar.skipped(nominal - dt.timedelta(days=1), due))
    return [f"{day_zh(nominal)}为休息日（{why}），顺延至{day_zh(due)}。"]


def _paused(clock: Clock, calendar: Calendar) -> list[str]:
    lines: list[str] = []
    due = calendar.roll(_first_nominal(clock, calendar))
    for pause in clock.pauses:
        left = unconsumed(due, pause.paused_on, calendar)
        why = f"{day_zh(pause.paused_on)}暂停（{pause.reason}，{pause.actor}）"
        if not clock.movable:
            ended = f"，{day_zh(pause.resumed_on)}恢复" if pause.resumed_on else ""
            lines.append(f"{why}{ended}；写明日期的时限不因暂停而顺延。")
            continue
        rest = f"尚余{left}个工作日" if left >= 0 else f"已逾期{-left}个工作日"
        if pause.resumed_on is None:
            lines.append(f"{why}，当日计入已用，{rest}；恢复之日的次日起续计。")
            continue
        due = due_after(pause.resumed_on, left, calendar)
        lines.append(f"{why}，{rest}；{day_zh(pause.resumed_on)}恢复，次日起续计，至{day_zh(due)}。")
        if left > 0:
            lines += _between(pause.resumed_on, due, calendar)[1:]
    return lines


def _rung_head(rung: Rung, due_on: dt.date, calendar: Calendar) -> str:
    when = f"到期前{-rung.offset}个工作日" if rung.offset < 0 else f"逾期第{rung.offset}个工作日"
    when = "到期日" if rung.offset == 0 else when
    made_up = "调休上班日" if calendar.note(due_on).kind == DayKind.MAKEUP else ""
    return f"{when}{rung.title}：{day_zh(due_on)}{made_up}"


def _fate(
    rung: Rung,
    due_on: dt.date,
    clock: Clock,
    sent: Mapping[str, dt.date],
    passed: Mapping[str, str],
) -> str | None:
    """What became of a rung that is settled, or can fire no more; None where it is still to come."""
    if rung.key in sent:
        late = "（晚于该日）" if sent[rung.key] > due_on else ""
        return f"已于{day_zh(sent[rung.key])}发出{late}"
    if rung.key in passed:
        return f"未发：{passed[rung.key]}"
    if rung.key in clock.fired:
        return "已处理，不再重发"
    return None if clock.open else "时钟已停，不再发出"


def _to_come(rung: Rung, due_on: dt.date, decision: Decision | None, as_of: dt.date, released: bool) -> str:
    """What the night of `as_of`, or a later one, does about a rung that is not settled."""
    if decision is not None:
        why = next((one.reason for one in decision.passed if one.due.rung.key == rung.key), None)
        if why is not None:
            return f"不发：{why}"
        if any(due.rung.key == rung.key for due in decision.held):
            return "签收后暂缓"
    if due_on > as_of:
        return "尚未到发出日"
    return "待发" if released else "待方案放行后发出"


def _spells_zh(spells: Iterable[Spell]) -> str:
    listed = list(spells)
    words = [_spell_zh(spell) for spell in listed[:_LISTED]]
    rest = listed[_LISTED:]
    if rest:
        words.append(f"其余{len(rest)}段共{sum(s.days for s in rest)}天")
    return "、".join(words)


def _spell_zh(spell: Spell) -> str:
    first = f"{spell.first.month}月{spell.first.day}日"
    if spell.first == spell.last:
        return f"{first}（{spell.reason}）"
    last = f"{spell.last.month}月{spell.last.day}日" if spell.last.month != spell.first.month else f"{spell.last.day}日"
    return f"{first}至{last}（{spell.reason}）"
