"""Explanations that a clerk can check with a paper calendar."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

from duban.adapters.workdays import official_calendar
from duban.domain.clocks import Clock, ClockKind, arm, arm_counted, pause, resume, start, supersede
from duban.domain.counting import Unit
from duban.domain.explain import explain_due, explain_ladder, explain_light
from duban.domain.ladder import REASON_BEFORE_START, due_rungs
from duban.domain.lights import LightFacts, light
from duban.domain.policies import load_policy

CALENDAR = official_calendar()
POLICY = load_policy(Path(__file__).parents[2] / "policies" / "default.toml")


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(f"2026-{text}")


def counted() -> Clock:
    return start(arm_counted(ClockKind.LIMIT, 10, Unit.WORKDAYS, day("02-05"), CALENDAR), day("02-05"))


def test_a_counted_limit_tells_what_was_counted_and_what_was_skipped() -> None:
    assert explain_due(counted(), CALENDAR).lines == (
        "自2026年2月5日（周四）的次日2026年2月6日（周五）起算10个工作日（当日不计入），计至2026年2月26日（周四）。",
        "其间工作日10天。",
        "不计入的休息日：2月7日至8日（周末）、2月15日至23日（春节）。",
        "计入的上班日：2月14日（春节调休上班）。",
        "到期日：2026年2月26日（周四）。",
    )


def test_a_pause_tells_what_was_left_and_how_it_went_on() -> None:
    stopped = pause(counted(), day("02-10"), reason="等待市里批复", actor="督查室", calendar=CALENDAR)
    assert explain_due(stopped, CALENDAR).lines[-2] == (
        "2026年2月10日（周二）暂停（等待市里批复，督查室），当日计入已用，尚余7个工作日；恢复之日的次日起续计。"
    )
    assert explain_due(resume(stopped, day("02-26"), CALENDAR), CALENDAR).lines[-4:] == (
        "2026年2月10日（周二）暂停（等待市里批复，督查室），尚余7个工作日；"
        "2026年2月26日（周四）恢复，次日起续计，至2026年3月6日（周五）。",
        "不计入的休息日：3月1日（周末）。",
        "计入的上班日：2月28日（春节调休上班）。",
        "到期日：2026年3月6日（周五）。",
    )


def test_a_fixed_date_on_a_rest_day_tells_why_it_rolled() -> None:
    clock = arm(ClockKind.LIMIT, day("02-21"), day("01-05"), CALENDAR)
    assert explain_due(clock, CALENDAR).lines == (
        "文中时限：2026年2月21日（周六）。",
        "2026年2月21日（周六）为休息日（2月21日至23日（春节）），顺延至2026年2月24日（周二）。",
        "到期日：2026年2月24日（周二）。",
    )


def test_a_rung_on_a_make_up_sunday_says_that_it_is_worked() -> None:
    clock = start(arm(ClockKind.CHECK_IN, dt.date(2015, 2, 6), day("01-05"), CALENDAR), day("01-05"))
    assert explain_due(clock, CALENDAR).lines[0] == "长效报告期限：2015年2月6日（周五）。"
    lines = explain_ladder(clock, POLICY, CALENDAR, dt.date(2015, 2, 2)).lines
    assert lines[-1] == "逾期第6个工作日催办通知书：2015年2月15日（周日）调休上班日，尚未到发出日。"


def test_a_fixed_date_does_not_move_and_says_so() -> None:
    clock = start(arm(ClockKind.LIMIT, day("02-27"), day("01-05"), CALENDAR), day("01-05"))
    stopped = pause(clock, day("02-10"), reason="停工", actor="督查室", calendar=CALENDAR)
    assert explain_due(stopped, CALENDAR).lines[1].endswith("写明日期的时限不因暂停而顺延。")


def test_a_date_beyond_the_published_arrangements_is_called_provisional() -> None:
    clock = arm(ClockKind.LIMIT, dt.date(2027, 2, 6), day("01-05"), CALENDAR)
    found = explain_due(clock, CALENDAR)
    assert found.provisional
    assert found.lines[-1] == "到期日：2027年2月8日（周一）（暂定）。"
    assert "2004年至2026年12月31日（周四）的放假安排已知" in found.lines[-2]


def test_an_extension_keeps_the_first_limit_visible() -> None:
    _, new = supersede(counted(), day("03-31"), day("02-20"), POLICY, CALENDAR)
    assert "最初时限为2026年2月26日（周四），后变更为2026年3月31日（周二）。" in explain_due(new, CALENDAR).lines


def test_a_long_limit_sums_up_its_weekends() -> None:
    clock = arm_counted(ClockKind.LIMIT, 100, Unit.WORKDAYS, day("02-05"), CALENDAR)
    skipped = next(line for line in explain_due(clock, CALENDAR).lines if line.startswith("不计入"))
    assert "其余" in skipped
    assert len(skipped) < 250


def test_the_ladder_tells_what_was_sent_what_waits_and_what_is_held() -> None:
    fired = {"remind_10": day("02-06"), "urge_1": day("03-02")}
    passed = {"remind_3": REASON_BEFORE_START}
    clock = replace(counted(), fired=frozenset({*fired, *passed}))
    decision = due_rungs(clock.due_on, clock.fired, day("03-06"), POLICY, CALENDAR, acknowledged_on=day("03-05"))
    lines = explain_ladder(clock, POLICY, CALENDAR, day("03-06"), fired=fired, passed=passed, decision=decision).lines
    assert lines[2].endswith("未发：该日早于放行（起算）之日，只发其中最高一级。")
    assert lines[0] == "整改时限时钟：计时中。"
    assert lines[3] == "逾期第1个工作日催办通知书：2026年2月27日（周五），已于2026年3月2日（周一）发出（晚于该日）。"
    assert lines[4] == "逾期第6个工作日督办单：2026年3月5日（周四），签收后暂缓。"
    assert "已签收，督办单暂缓至2026年3月9日（周一）后发出；时钟不停。" in lines
    assert lines[-1] == "下一次核对：2026年3月10日（周二）。"


def test_the_light_is_explained_reason_by_reason() -> None:
    found = light(LightFacts(day("03-04"), extension_until=day("06-30")), day("03-05"), POLICY, CALENDAR)
    assert explain_light(found).lines == (
        "红灯（延期待批）：2026-03-04到期，已逾期1个工作日。",
        "已申请延期至2026-06-30，尚未批复，时钟不停。",
    )
