"""Previews: what a calendar or a policy that changes would do to clocks that run."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

from duban.adapters.workdays import official_calendar
from duban.domain.calendar import Calendar, OwnDay
from duban.domain.clocks import Clock, ClockKind, arm, arm_counted, complete, pause, resume, start
from duban.domain.counting import Unit
from duban.domain.policies import parse_policy
from duban.domain.projection import RuleChange, policy_changes, policy_impact, project, reproject

CALENDAR = official_calendar()
TEXT = (Path(__file__).parents[2] / "policies" / "default.toml").read_text(encoding="utf-8")
POLICY = parse_policy(TEXT)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(f"2026-{text}")


def with_own(*own: OwnDay) -> Calendar:
    """The weeks around 2026-03-04 without festivals, and the office's own days."""
    return Calendar({}, {}, day("12-31"), own)


def counted(days: int, since: str = "03-02") -> Clock:
    return start(arm_counted(ClockKind.LIMIT, days, Unit.WORKDAYS, day(since), with_own()), day(since))


def test_a_new_rest_day_moves_counted_limits_and_those_that_end_on_it() -> None:
    clocks = {
        "counted over it": counted(5),
        "ends before it": counted(1),
        "ends on it": start(arm(ClockKind.LIMIT, day("03-04"), day("03-02"), with_own()), day("03-02")),
        "closed": complete(counted(5), day("03-03")),
    }
    changes = reproject(clocks, with_own(), with_own(OwnDay(day("03-04"), False, "停电检修")))
    assert [(c.key, c.before, c.after) for c in changes] == [
        ("counted over it", day("03-09"), day("03-10")),
        ("ends on it", day("03-04"), day("03-05")),
    ]
    assert changes[0].reasons == ("2026-03-04由工作日改为停电检修",)


def test_what_is_left_of_a_paused_limit_is_counted_again() -> None:
    stopped = pause(counted(5), day("03-03"), reason="停工", actor="督查室", calendar=with_own())
    change = reproject({1: stopped}, with_own(), with_own(OwnDay(day("03-03"), False, "停电检修")))[0]
    assert (change.remaining_before, change.remaining_after) == (4, 5)


def test_a_clock_of_which_only_the_dates_are_known_keeps_its_number_of_working_days() -> None:
    bare = replace(counted(5), amount=None, unit=None)
    change = reproject({1: bare}, with_own(), with_own(OwnDay(day("03-04"), False, "停电检修")))[0]
    assert change.after == day("03-10")


def test_counting_afresh_gives_what_pausing_and_resuming_gave() -> None:
    clock = start(arm_counted(ClockKind.LIMIT, 10, Unit.WORKDAYS, day("02-05"), CALENDAR), day("02-05"))
    for paused_on, resumed_on in (("02-06", "02-09"), ("02-14", "02-28")):
        stopped = pause(clock, day(paused_on), reason="停工", actor="督查室", calendar=CALENDAR)
        assert project(stopped, CALENDAR) == (stopped.due_on, stopped.remaining)
        clock = resume(stopped, day(resumed_on), CALENDAR)
        assert project(clock, CALENDAR) == (clock.due_on, None)
    assert reproject({1: clock}, CALENDAR, CALENDAR) == []


def test_a_policy_edit_is_told_rule_by_rule() -> None:
    edited = TEXT.replace("offset = 6\n", "offset = 4\n", 1).replace("yellow_days = 10", "yellow_days = 5")
    edited = edited.replace('key = "circulate_11"', 'key = "circulate_12"')
    changes = policy_changes(POLICY, parse_policy(edited))
    assert RuleChange("lights.yellow_days", "10", "5") in changes
    assert RuleChange("rung.supervise_6.offset", "6", "4") in changes
    assert RuleChange("rung.circulate_11.offset", "11", None) in changes
    assert RuleChange("rung.circulate_12.offset", None, "11") in changes
    assert policy_changes(POLICY, parse_policy("# 只改了说明\n" + TEXT)) == []


def test_a_policy_edit_shows_which_clocks_would_fire_and_touches_none() -> None:
    clock = replace(counted(5), fired=frozenset({"remind_10", "remind_3", "urge_1"}))  # due 03-09
    other = counted(100)
    edited = parse_policy(TEXT.replace("offset = 6\n", "offset = 4\n", 1))
    impacts = policy_impact({"a": clock, "b": other}, POLICY, edited, with_own(), day("03-13"))
    assert [(i.key, i.next_before, i.next_after, i.fires_before, i.fires_after) for i in impacts] == [
        ("a", day("03-17"), day("03-24"), (), ("supervise_6",))
    ]
    assert policy_impact({"a": clock}, POLICY, POLICY, with_own(), day("03-13")) == []
