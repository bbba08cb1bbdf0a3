"""The official calendar, against days counted by hand on the State Council's notices for 2015, 2025 and 2026."""

from __future__ import annotations

import datetime as dt

import pytest

from duban.adapters.workdays import official_calendar
from duban.domain.calendar import Calendar, DateOutOfReach, DayKind, OwnDay, Spell

CALENDAR = official_calendar()


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("on", "worked"),
    [
        ("2026-02-13", True),  # an ordinary Friday
        ("2026-02-14", True),  # a Saturday, worked for 春节
        ("2026-02-15", False),  # the first day of 春节, a Sunday
        ("2026-02-23", False),  # its last day, a Monday
        ("2026-02-24", True),
        ("2026-02-28", True),  # a Saturday, worked
        ("2026-03-01", False),  # an ordinary Sunday
        ("2015-01-04", True),  # a Sunday, worked for 元旦
        ("2015-09-03", False),  # 抗战胜利70周年
        ("2026-10-10", True),
    ],
)
def test_make_up_days_are_worked_and_holidays_are_not(on: str, worked: bool) -> None:
    assert CALENDAR.is_workday(day(on)) is worked


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-02-05", 1, "2026-02-06"),  # counting starts the day after
        ("2026-02-05", 7, "2026-02-14"),
        ("2026-02-05", 8, "2026-02-24"),
        ("2026-02-05", 10, "2026-02-26"),
        ("2026-02-26", -10, "2026-02-05"),  # counted back: 25 24 14 13 12 11 10 9 6 5
        ("2026-02-18", 1, "2026-02-24"),  # from a rest day on
        ("2026-02-18", -1, "2026-02-14"),
        ("2026-02-18", 0, "2026-02-18"),
        ("2014-12-31", 1, "2015-01-04"),
        ("2026-09-30", 1, "2026-10-08"),
    ],
)
def test_working_days_are_counted_from_the_day_after(start: str, days: int, due: str) -> None:
    assert CALENDAR.add_workdays(day(start), days) == day(due)


@pytest.mark.parametrize(
    ("on", "rolled", "back"),
    [
        ("2026-02-14", "2026-02-14", "2026-02-14"),
        ("2026-02-15", "2026-02-24", "2026-02-14"),
        ("2026-02-21", "2026-02-24", "2026-02-14"),
        ("2026-03-07", "2026-03-09", "2026-03-06"),
    ],
)
def test_a_rest_day_rolls_to_the_next_working_day(on: str, rolled: str, back: str) -> None:
    assert CALENDAR.roll(day(on)) == day(rolled)
    assert CALENDAR.roll_back(day(on)) == day(back)


def test_days_between_leave_out_the_first_and_count_the_last() -> None:
    assert CALENDAR.workdays_between(day("2026-02-05"), day("2026-02-26")) == 10
    assert CALENDAR.workdays_between(day("2026-02-26"), day("2026-02-05")) == -10
    assert CALENDAR.workdays_between(day("2026-02-15"), day("2026-02-23")) == 0


def test_skipped_days_are_told_with_their_reason() -> None:
    assert CALENDAR.skipped(day("2026-02-05"), day("2026-02-26")) == (
        Spell(day("2026-02-07"), day("2026-02-08"), "周末"),
        Spell(day("2026-02-15"), day("2026-02-23"), "春节"),
    )
    worked = CALENDAR.worked_rest_days(day("2026-02-05"), day("2026-02-28"))
    assert [(s.first, s.reason) for s in worked] == [
        (day("2026-02-14"), "春节调休上班"),
        (day("2026-02-28"), "春节调休上班"),
    ]


def test_beyond_the_published_years_a_date_is_provisional_but_statutory_days_still_rest() -> None:
    assert CALENDAR.known_through == day("2026-12-31")
    assert not CALENDAR.provisional(day("2026-12-31"))
    assert CALENDAR.provisional(day("2027-01-01"))
    assert CALENDAR.provisional(day("2003-12-31"))
    assert CALENDAR.note(day("2027-10-01")).reason == "国庆节（当年放假安排尚未公布）"
    assert CALENDAR.add_workdays(day("2026-12-31"), 1) == day("2027-01-04")  # 01-01 is a Friday


def test_the_office_sets_days_of_its_own_on_top() -> None:
    own = (OwnDay(day("2026-03-04"), False, "本区停电检修"), OwnDay(day("2026-03-07"), True, "本区集中办公"))
    calendar = Calendar({}, {}, day("2026-12-31"), own)
    assert calendar.add_workdays(day("2026-03-03"), 1) == day("2026-03-05")
    assert calendar.add_workdays(day("2026-03-06"), 1) == day("2026-03-07")
    assert calendar.note(day("2026-03-04")).kind is DayKind.OWN_REST
    assert calendar.note(day("2026-03-07")).reason == "本区集中办公"


@pytest.mark.parametrize("on", ["1950-06-30", "2200-02-28"])
def test_dates_far_outside_the_usual_years_are_counted_too(on: str) -> None:
    far = CALENDAR.add_workdays(day(on), 300)
    assert CALENDAR.workdays_between(day(on), far) == 300


def test_a_count_past_the_last_year_is_refused() -> None:
    with pytest.raises(DateOutOfReach, match="5000000 workdays from 2026-01-04"):
        Calendar({}, {}, day("2026-12-31")).add_workdays(day("2026-01-04"), 5_000_000)
