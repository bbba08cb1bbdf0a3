"""Laws of counting and of clocks, on random calendars, against counts made day by day."""

from __future__ import annotations

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from duban.domain.calendar import Calendar
from duban.domain.clocks import ClockKind, arm_counted, pause, resume, start
from duban.domain.counting import Unit
from duban.domain.projection import project

FIRST = dt.date(2025, 12, 1)
ONE = dt.timedelta(days=1)
days = st.integers(0, 150).map(lambda n: FIRST + n * ONE)
QUICK = settings(max_examples=25, deadline=None, database=None)


def build(rest: frozenset[dt.date], worked: frozenset[dt.date]) -> Calendar:
    return Calendar(rest, worked, dt.date(2027, 12, 31))


# A handful of calendars, each built once: random days off and make-up days within the span that is tested.
CALENDARS = [
    build(
        frozenset(FIRST + ONE * ((n * step) % 150) for n in range(count)),
        frozenset(FIRST + ONE * ((n * other) % 150) for n in range(count // 2)),
    )
    for step, other, count in ((7, 13, 0), (11, 17, 20), (1, 29, 40), (3, 5, 90))
]
calendars = st.sampled_from(CALENDARS)


def plain_add(calendar: Calendar, on: dt.date, count: int) -> dt.date:
    step = ONE if count > 0 else -ONE
    while count:
        on += step
        count -= (1 if count > 0 else -1) * calendar.is_workday(on)
    return on


@QUICK
@given(calendars, days, st.integers(-40, 40))
def test_counting_agrees_with_walking_day_by_day(calendar: Calendar, on: dt.date, count: int) -> None:
    assert calendar.add_workdays(on, count) == plain_add(calendar, on, count)


@QUICK
@given(calendars, days, days)
def test_days_between_are_the_working_days_walked_over(calendar: Calendar, a: dt.date, b: dt.date) -> None:
    low, high = min(a, b), max(a, b)
    walked = sum(calendar.is_workday(low + ONE * n) for n in range(1, (high - low).days + 1))
    assert calendar.workdays_between(low, high) == walked
    assert calendar.workdays_between(high, low) == -walked


@QUICK
@given(calendars, days)
def test_rolling_ends_on_a_working_day_and_is_done_once(calendar: Calendar, on: dt.date) -> None:
    rolled = calendar.roll(on)
    assert calendar.is_workday(rolled)
    assert rolled >= on
    assert calendar.roll(rolled) == rolled
    assert all(spell.first > on - ONE for spell in calendar.skipped(on - ONE, rolled))


@QUICK
@given(calendars, days, st.integers(1, 40), st.lists(st.integers(0, 20), min_size=2, max_size=6))
def test_pauses_neither_make_nor_lose_working_time(
    calendar: Calendar, since: dt.date, amount: int, steps: list[int]
) -> None:
    clock = start(arm_counted(ClockKind.LIMIT, amount, Unit.WORKDAYS, since, calendar), since)
    now, stood = since, 0
    for running, standing in zip(steps[::2], steps[1::2], strict=False):
        now += ONE * running
        stopped = pause(clock, now, reason="停工", actor="督查室", calendar=calendar)
        clock = resume(stopped, now + ONE * standing, calendar)
        stood += calendar.workdays_between(now, now + ONE * standing)
        now += ONE * standing
        assert clock.due_on >= stopped.due_on
    # What was granted is what passes while the clock runs: all working days to the due date but those it stood still.
    assert calendar.workdays_between(since, clock.due_on) == amount + stood
    assert project(clock, calendar) == (clock.due_on, None)
