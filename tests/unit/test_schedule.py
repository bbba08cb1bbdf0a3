"""Check-ins, reviews, terms and 序时进度 on the official calendar."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from duban.adapters.workdays import official_calendar
from duban.domain.policies import load_policy
from duban.domain.policy_model import CheckIn, Every, Review
from duban.domain.schedule import (
    Comparator,
    acknowledge_due,
    check_in_rule,
    first_check_in,
    gap_points,
    next_check_in,
    period,
    publication_ends,
    re_inspect_on,
    review_day,
    reviews_on,
    schedule_progress,
    target_progress,
    term_of,
)

CALENDAR = official_calendar()
FOLDER = Path(__file__).parents[2] / "policies"
POLICY = load_policy(FOLDER / "default.toml")


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("every", "on", "begins", "ends"),
    [
        (Every.WEEKLY, "2026-03-01", "2026-02-23", "2026-03-01"),
        (Every.MONTHLY, "2024-02-10", "2024-02-01", "2024-02-29"),
        (Every.QUARTERLY, "2026-05-31", "2026-04-01", "2026-06-30"),
        (Every.HALF_YEARLY, "2026-12-31", "2026-07-01", "2026-12-31"),
    ],
)
def test_a_day_belongs_to_one_period(every: Every, on: str, begins: str, ends: str) -> None:
    assert period(every, day(on)) == (day(begins), day(ends))


def test_fortnights_run_on_over_the_turn_of_the_year() -> None:
    begins, ends = period(Every.FORTNIGHTLY, day("2026-12-31"))
    assert (ends - begins).days == 13
    assert period(Every.FORTNIGHTLY, ends + dt.timedelta(days=1))[0] == ends + dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("every", "grace", "since", "ends", "due"),
    [
        (Every.MONTHLY, 5, "2026-03-02", "2026-03-31", "2026-04-08"),  # 1 2 3, 7 8 April: 清明 is 4-6
        (Every.MONTHLY, 0, "2026-01-02", "2026-01-31", "2026-02-02"),  # a Saturday rolls
        (Every.MONTHLY, 5, "2026-03-20", "2026-04-30", "2026-05-11"),  # the short rest joins April
        (Every.QUARTERLY, 5, "2026-01-05", "2026-03-31", "2026-04-08"),
        (Every.HALF_YEARLY, 5, "2026-05-20", "2026-12-31", "2027-01-08"),
    ],
)
def test_the_first_check_in_covers_what_is_left_of_a_period_or_joins_the_next(
    every: Every, grace: int, since: str, ends: str, due: str
) -> None:
    first = first_check_in(CheckIn(every, grace), day(since), CALENDAR)
    assert (first.period_from, first.period_to, first.due_on) == (
        day(since) + dt.timedelta(days=1),
        day(ends),
        day(due),
    )


def test_the_next_check_in_follows_without_gap() -> None:
    rule = CheckIn(Every.QUARTERLY, 5)
    first = first_check_in(rule, day("2026-01-05"), CALENDAR)
    second = next_check_in(rule, first, CALENDAR)
    assert (second.period_from, second.period_to) == (day("2026-04-01"), day("2026-06-30"))


@pytest.mark.parametrize(
    ("due", "term", "every"),
    [
        ("2026-07-15", "short", Every.MONTHLY),
        ("2026-07-16", "middle", Every.MONTHLY),
        ("2028-01-15", "middle", Every.MONTHLY),
        ("2028-01-16", "long", Every.QUARTERLY),
        (None, "long", Every.QUARTERLY),
    ],
)
def test_the_term_of_a_limit_follows_its_length(due: str | None, term: str, every: Every) -> None:
    policy = load_policy(FOLDER / "inspection.toml")
    found = term_of(policy, day("2026-01-15"), day(due) if due else None)
    assert found is not None
    assert (found.key, check_in_rule(policy, found.key).every) == (term, every)
    assert term_of(POLICY, day("2026-01-15"), None) is None


def test_the_dates_that_follow_from_an_act() -> None:
    supervise, remind = POLICY.ladder()[3], POLICY.ladder()[0]
    assert acknowledge_due(day("2026-02-13"), supervise, CALENDAR) == day("2026-02-24")
    assert acknowledge_due(day("2026-02-13"), remind, CALENDAR) is None
    assert publication_ends(day("2026-02-12"), replace(POLICY, publication_days=5), CALENDAR) == day("2026-02-26")
    assert re_inspect_on(day("2026-02-12"), POLICY, CALENDAR) == day("2026-08-11")


@pytest.mark.parametrize(
    ("every", "on", "of", "held"),
    [
        (Every.WEEKLY, 1, "2026-03-04", "2026-03-02"),
        (Every.WEEKLY, 1, "2026-02-18", "2026-02-24"),  # the Monday of 春节 rolls past the week
        (Every.MONTHLY, 1, "2026-10-20", "2026-10-08"),  # the first working day after 国庆
        (Every.QUARTERLY, 2, "2026-05-20", "2026-04-02"),
    ],
)
def test_a_review_is_held_on_its_day_or_rolls(every: Every, on: int, of: str, held: str) -> None:
    assert review_day(Review("r", "例会", every, on), day(of), CALENDAR) == day(held)


def test_each_review_of_the_default_rules_is_held_once_a_period() -> None:
    held = [
        review.key
        for n in range(28)
        for review in reviews_on(POLICY, day("2026-06-01") + dt.timedelta(days=n), CALENDAR)
    ]
    assert (held.count("weekly"), held.count("fortnightly"), held.count("monthly")) == (4, 2, 1)


def test_a_review_that_rolls_over_its_week_is_still_held() -> None:
    assert "weekly" in [review.key for review in reviews_on(POLICY, day("2026-02-24"), CALENDAR)]


@pytest.mark.parametrize(
    ("as_of", "share"),
    [
        ("2026-02-05", Fraction(0)),
        ("2026-02-12", Fraction(5, 10)),
        ("2026-02-20", Fraction(7, 10)),  # within 春节 no time passes
        ("2026-02-26", Fraction(1)),
        ("2026-12-31", Fraction(1)),
        ("2026-01-01", Fraction(0)),
    ],
)
def test_schedule_progress_is_the_elapsed_share_of_working_days(as_of: str, share: Fraction) -> None:
    assert schedule_progress(day("2026-02-05"), day("2026-02-26"), day(as_of), CALENDAR) == share


def test_a_period_without_a_working_day_has_elapsed_when_it_is_due() -> None:
    start, due = day("2026-02-15"), day("2026-02-20")
    assert schedule_progress(start, due, day("2026-02-19"), CALENDAR) == 0
    assert schedule_progress(start, due, due, CALENDAR) == 1


@pytest.mark.parametrize(
    ("comparator", "value", "actual", "baseline", "share"),
    [
        (">=", "40000", "30000", None, Fraction(3, 4)),
        ("=", "12", "13", None, Fraction(13, 12)),
        ("<=", "4.5", "4.4", None, Fraction(1)),
        ("<=", "4.5", "4.6", None, Fraction(0)),
        ("+%", "10", "105", "100", Fraction(1, 2)),
        ("-%", "10", "95", "100", Fraction(1, 2)),
        ("-%", "10", "105", "100", Fraction(0)),  # the wrong way
        ("->", "41", "40.75", "40.5", Fraction(1, 2)),
        ("+%", "10", "105", None, None),
        (">=", "0", "0", None, Fraction(1)),
        ("->", "41", "41", "41", Fraction(1)),
        (">=", "40000", None, None, None),
    ],
)
def test_how_far_a_target_is_reached(
    comparator: Comparator, value: str, actual: str | None, baseline: str | None, share: Fraction | None
) -> None:
    reached = target_progress(
        comparator,
        Decimal(value),
        Decimal(actual) if actual else None,
        Decimal(baseline) if baseline else None,
    )
    assert reached == share


def test_a_lag_is_counted_in_percentage_points_and_a_lead_is_none() -> None:
    assert gap_points(Fraction(1, 2), Fraction(1, 4)) == 25
    assert gap_points(Fraction(1, 4), Fraction(1, 2)) == 0
