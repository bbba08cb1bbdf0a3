"""Clocks, with pauses counted by hand over 春节 2026.

Worked around the festival: 2-6, 9-13, Saturday 14 (make-up), 24-27, Saturday 28 (make-up) of February, 2-6 and 9-13 of
March. Rest: 7-8, 15-23 February, 1 and 7-8 March.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from duban.adapters.workdays import official_calendar
from duban.domain.calendar import DateOutOfReach
from duban.domain.clocks import (
    Clock,
    ClockKind,
    ClockRefused,
    ClockState,
    arm,
    arm_counted,
    breach,
    cancel,
    complete,
    pause,
    resume,
    start,
    supersede,
)
from duban.domain.counting import Unit, before_cut_off, business_date, counted_due
from duban.domain.ladder import due_rungs
from duban.domain.policies import load_policy
from duban.domain.policy_model import Carry

CALENDAR = official_calendar()
POLICY = load_policy(Path(__file__).parents[2] / "policies" / "default.toml")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(f"2026-{text}")


def counted(days: int = 10, since: str = "02-05") -> Clock:
    return start(arm_counted(ClockKind.LIMIT, days, Unit.WORKDAYS, day(since), CALENDAR), day(since))


def fixed(on: str, since: str = "01-05", *, movable: bool = False) -> Clock:
    return start(arm(ClockKind.LIMIT, day(on), day(since), CALENDAR, movable=movable), day(since))


def held_up(clock: Clock, *spans: tuple[str, str]) -> Clock:
    for paused_on, resumed_on in spans:
        stopped = pause(clock, day(paused_on), reason="等待批复", actor="督查室", calendar=CALENDAR)
        clock = resume(stopped, day(resumed_on), CALENDAR)
    return clock


@pytest.mark.parametrize(
    ("paused_on", "remaining", "resumed_on", "due_on"),
    [
        # Ten working days from 02-05: 6 9 10 11 12 13 14 24 25 26, due 02-26.
        ("02-05", 10, "02-12", "03-04"),  # 13 14 24 25 26 27 28 2 3 4
        ("02-10", 7, "02-26", "03-06"),  # used 6 9 10; then 27 28 2 3 4 5 6
        ("02-13", 4, "02-14", "02-27"),  # then 24 25 26 27
        ("02-14", 3, "02-24", "02-27"),  # the make-up Saturday counts as used; then 25 26 27
        ("02-16", 3, "02-20", "02-26"),  # within the festival no working time passes
        ("02-16", 3, "02-23", "02-26"),
        ("02-16", 3, "02-24", "02-27"),
        ("02-10", 7, "02-10", "02-26"),  # paused and resumed on one day
        ("02-07", 9, "02-08", "02-26"),  # over a weekend
        ("02-26", 0, "03-02", "03-02"),  # on the last day nothing is left
        ("03-02", -3, "03-04", "02-28"),  # overdue by 27 28 2, and so again: 2 3 4
    ],
)
def test_a_pause_keeps_the_exact_remainder(paused_on: str, remaining: int, resumed_on: str, due_on: str) -> None:
    clock = counted()
    assert clock.due_on == day("02-26")
    stopped = pause(clock, day(paused_on), reason="等待市里批复", actor="督查室", calendar=CALENDAR)
    assert (stopped.state, stopped.remaining) == (ClockState.PAUSED, remaining)
    going = resume(stopped, day(resumed_on), CALENDAR)
    assert (going.state, going.remaining, going.due_on) == (ClockState.RUNNING, None, day(due_on))
    assert going.original_due_on == day("02-26")


def test_a_second_pause_counts_from_what_the_first_one_left() -> None:
    # After the first: 10 11 12 13 14 24 25 26 27. After the second, on 02-14 with 24 25 26 27 left: 2 3 4 5 March.
    clock = held_up(counted(), ("02-06", "02-09"), ("02-14", "02-28"))
    assert clock.due_on == day("03-05")
    assert [p.resumed_on for p in clock.pauses] == [day("02-09"), day("02-28")]


def test_a_fixed_date_does_not_move_unless_its_rule_says_so() -> None:
    assert held_up(fixed("02-27"), ("02-10", "02-26")).due_on == day("02-27")
    # 11 12 13 14 24 25 26 27 were left; from 02-26 on: 27 28 2 3 4 5 6 9.
    assert held_up(fixed("02-27", movable=True), ("02-10", "02-26")).due_on == day("03-09")


@pytest.mark.parametrize(
    ("since", "amount", "unit", "nominal", "due"),
    [
        ("2026-02-05", 10, Unit.WORKDAYS, "2026-02-26", "2026-02-26"),
        ("2026-02-05", 10, Unit.DAYS, "2026-02-15", "2026-02-24"),
        ("2026-01-31", 1, Unit.MONTHS, "2026-02-28", "2026-02-28"),  # no 31st: the month's last day
        ("2024-02-29", 1, Unit.YEARS, "2025-02-28", "2025-02-28"),
        ("2025-11-30", 3, Unit.MONTHS, "2026-02-28", "2026-02-28"),
        ("2026-05-15", 3, Unit.MONTHS, "2026-08-15", "2026-08-17"),
        ("2025-12-31", 12, Unit.MONTHS, "2026-12-31", "2026-12-31"),
    ],
)
def test_a_counted_limit_ends_where_the_civil_code_says_and_rolls(
    since: str, amount: int, unit: Unit, nominal: str, due: str
) -> None:
    clock = arm_counted(ClockKind.LIMIT, amount, unit, dt.date.fromisoformat(since), CALENDAR)
    assert clock.nominal_on == dt.date.fromisoformat(nominal)
    assert clock.due_on == dt.date.fromisoformat(due)


def test_a_limit_of_no_days_or_of_endless_years_is_refused() -> None:
    with pytest.raises(ClockRefused, match="has no end"):
        arm_counted(ClockKind.LIMIT, 0, Unit.WORKDAYS, day("02-05"), CALENDAR)
    with pytest.raises(DateOutOfReach, match="9000 years"):
        counted_due(day("02-05"), 9000, Unit.YEARS, CALENDAR)


def test_a_fixed_date_on_a_rest_day_keeps_both_dates() -> None:
    clock = fixed("02-21")
    assert (clock.nominal_on, clock.due_on) == (day("02-21"), day("02-24"))


@pytest.mark.parametrize(
    ("as_of", "overdue", "days"), [("02-25", False, -1), ("02-26", False, 0), ("02-27", True, 1), ("03-01", True, 2)]
)
def test_overdue_is_derived_from_the_day_after_the_limit(as_of: str, overdue: bool, days: int) -> None:
    clock = counted()
    assert clock.overdue(day(as_of)) is overdue
    assert clock.days_overdue(day(as_of), CALENDAR) == days


def test_while_it_is_paused_a_counted_limit_does_not_become_overdue() -> None:
    stopped = pause(counted(), day("02-25"), reason="停工", actor="督查室", calendar=CALENDAR)
    assert not stopped.overdue(day("06-30"))
    assert stopped.days_overdue(day("06-30"), CALENDAR) == -1
    late = pause(counted(), day("02-28"), reason="停工", actor="督查室", calendar=CALENDAR)
    assert late.overdue(day("06-30"))
    assert late.breached_on == day("02-27")
    still = pause(fixed("02-26"), day("02-25"), reason="停工", actor="督查室", calendar=CALENDAR)
    assert still.overdue(day("02-27"))


def test_a_first_breach_is_kept_for_good() -> None:
    clock = counted()
    assert breach(clock, day("02-26")) is None
    old, new = supersede(clock, day("06-30"), day("03-02"), POLICY, CALENDAR)
    assert (old.breached_on, new.breached_on) == (day("02-27"), day("02-27"))
    assert complete(new, day("06-01")).breached_on == day("02-27")


def test_a_policy_may_carry_all_fired_rungs_to_a_changed_limit() -> None:
    carry_all = replace(POLICY, carry=Carry.ALL)
    clock = replace(counted(), fired=frozenset({"remind_10", "remind_3", "urge_1"}))
    old, new = supersede(clock, day("03-31"), day("03-02"), carry_all, CALENDAR, outcome="延期")
    assert (old.state, old.ended_on, old.outcome) == (ClockState.SUPERSEDED, day("03-02"), "延期")
    assert (new.state, new.due_on, new.original_due_on) == (ClockState.RUNNING, day("03-31"), day("02-26"))
    assert due_rungs(new.due_on, new.fired, day("04-01"), POLICY, CALENDAR).rungs_to_fire == ()
    assert due_rungs(new.due_on, new.fired, day("04-01"), POLICY, CALENDAR).next_rung_on == day("04-09")


def test_rungs_speak_again_whose_new_date_is_still_ahead() -> None:
    reached = POLICY
    assert reached.carry is Carry.REACHED
    clock = replace(counted(), fired=frozenset({"remind_10", "remind_3", "urge_1"}))
    far = supersede(clock, day("06-30"), day("03-02"), reached, CALENDAR)[1]
    assert far.fired == frozenset()
    near = supersede(clock, day("03-06"), day("03-02"), reached, CALENDAR)[1]
    assert near.fired == {"remind_10"}  # -10 is 02-14, reached; -3 is 03-03 and still ahead
    back = supersede(far, day("02-26"), day("03-03"), reached, CALENDAR, said=clock.fired)[1]
    assert back.fired == clock.fired  # for this date all of it was said before


def test_superseding_a_paused_clock_leaves_it_paused() -> None:
    stopped = pause(counted(), day("02-10"), reason="停工", actor="督查室", calendar=CALENDAR)
    _, new = supersede(stopped, day("03-31"), day("02-11"), POLICY, CALENDAR)
    assert (new.state, new.movable, new.remaining) == (ClockState.PAUSED, False, None)
    assert resume(new, day("03-02"), CALENDAR).due_on == day("03-31")
    moving = replace(POLICY, fixed_dates_move=True)
    _, other = supersede(stopped, day("03-31"), day("02-11"), moving, CALENDAR)
    assert other.remaining == CALENDAR.workdays_between(day("02-10"), day("03-31"))


ENDED = [ClockState.COMPLETED, ClockState.CANCELLED, ClockState.SUPERSEDED]
ALLOWED = {
    "start": {ClockState.ARMED},
    "pause": {ClockState.RUNNING},
    "resume": {ClockState.PAUSED},
    "supersede": {ClockState.ARMED, ClockState.RUNNING, ClockState.PAUSED},
    "complete": {ClockState.ARMED, ClockState.RUNNING, ClockState.PAUSED},
    "cancel": {ClockState.ARMED, ClockState.RUNNING, ClockState.PAUSED},
}


def in_state(state: ClockState) -> Clock:
    armed = arm_counted(ClockKind.LIMIT, 10, Unit.WORKDAYS, day("02-05"), CALENDAR)
    running = start(armed, day("02-05"))
    if state is ClockState.ARMED:
        return armed
    if state is ClockState.PAUSED:
        return pause(running, day("02-10"), reason="停工", actor="督查室", calendar=CALENDAR)
    return replace(running, state=state, ended_on=day("02-11") if state in ENDED else None)


def act(action: str, clock: Clock) -> Clock:
    on = day("02-12")
    if action == "start":
        return start(clock, on)
    if action == "pause":
        return pause(clock, on, reason="停工", actor="督查室", calendar=CALENDAR)
    if action == "resume":
        return resume(clock, on, CALENDAR)
    if action == "supersede":
        return supersede(clock, day("03-31"), on, POLICY, CALENDAR)[0]
    return complete(clock, on) if action == "complete" else cancel(clock, on, outcome="撤销")


def test_each_action_leaves_only_from_the_states_that_allow_it() -> None:
    for action, state in product(ALLOWED, ClockState):
        clock = in_state(state)
        if state in ALLOWED[action]:
            assert act(action, clock).state is not state, (action, state)
        else:
            with pytest.raises(ClockRefused, match=f"it is {state}"):
                act(action, clock)


def test_an_action_out_of_order_in_time_is_refused() -> None:
    with pytest.raises(ClockRefused, match="2026-02-04 is before 2026-02-05"):
        pause(counted(), day("02-04"), reason="停工", actor="督查室", calendar=CALENDAR)
    with pytest.raises(ClockRefused, match="no reason"):
        pause(counted(), day("02-10"), reason=" ", actor="督查室", calendar=CALENDAR)
    with pytest.raises(ClockRefused, match="before the pause"):
        resume(in_state(ClockState.PAUSED), day("02-09"), CALENDAR)
    with pytest.raises(ClockRefused, match="its time begins on 2026-02-05"):
        start(in_state(ClockState.ARMED), day("02-04"))
    with pytest.raises(ClockRefused, match="is before 2026-02-12"):
        pause(held_up(counted(), ("02-10", "02-12")), day("02-11"), reason="停工", actor="督查室", calendar=CALENDAR)


@pytest.mark.parametrize(
    ("local", "in_time"), [("02-26T16:59:59", True), ("02-26T17:00:00", False), ("02-25T23:59:00", True)]
)
def test_a_request_must_come_before_the_cut_off_of_the_last_day(local: str, in_time: bool) -> None:
    at = dt.datetime.fromisoformat(f"2026-{local}").replace(tzinfo=SHANGHAI).astimezone(dt.UTC)
    assert before_cut_off(at, day("02-26"), POLICY.hours, SHANGHAI) is in_time


@pytest.mark.parametrize(("utc", "counts_for"), [("00:59", "02-09"), ("01:00", "02-10"), ("12:00", "02-10")])
def test_before_the_office_opens_the_day_has_not_begun(utc: str, counts_for: str) -> None:
    at = dt.datetime.fromisoformat(f"2026-02-10T{utc}:00+00:00")  # Shanghai is eight hours ahead
    assert business_date(at, POLICY.hours, SHANGHAI) == day(counts_for)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        business_date(dt.datetime(2026, 2, 10, 9, 0), POLICY.hours, SHANGHAI)  # noqa: DTZ001 - that is the point
