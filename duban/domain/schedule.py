"""What recurs and what elapses: check-ins, reviews, terms, and 序时进度 (the elapsed share of a period).

Shares are exact fractions of working days on the official calendar; 起始当日不计 as for every count.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

from duban.domain.calendar import Calendar
from duban.domain.counting import day_of_month, months_after
from duban.domain.policy_model import CheckIn, Every, Policy, Review, Rung, Term

Comparator = Literal[">=", "<=", "=", "+%", "-%", "->"]

_MONTHS: Final = {Every.MONTHLY: 1, Every.QUARTERLY: 3, Every.HALF_YEARLY: 6}
_WEEKS: Final = {Every.WEEKLY: 1, Every.FORTNIGHTLY: 2}


# -- terms and the dates that follow from an act ------------------------------------------------------------------


def term_of(policy: Policy, started_on: dt.date, due_on: dt.date | None) -> Term | None:
    """The term of a limit by its length in months from start to due; one without a date takes the last, open term."""
    for term in policy.terms:
        if term.up_to_months is None:
            return term
        if due_on is not None and due_on <= months_after(started_on, term.up_to_months):
            return term
    return None


def check_in_rule(policy: Policy, term: str | None = None) -> CheckIn:
    """How often an item of this term reports; the policy's general rule where it has no terms."""
    return next((t.check_in for t in policy.terms if t.key == term), policy.check_in)


def acknowledge_due(fired_on: dt.date, rung: Rung, calendar: Calendar) -> dt.date | None:
    """Until when receipt of a rung's sheet is owed; None where it owes none."""
    return calendar.add_workdays(fired_on, rung.acknowledge_days) if rung.acknowledge_days else None


def publication_ends(published_on: dt.date, policy: Policy, calendar: Calendar) -> dt.date:
    """The last day of a closing's publication (公示), counted from the day after it began."""
    return calendar.add_workdays(published_on, policy.publication_days)


def re_inspect_on(closed_on: dt.date, policy: Policy, calendar: Calendar) -> dt.date:
    """The day of the re-inspection (回头看): calendar days after closing, rolled to a working day."""
    return calendar.roll(closed_on + dt.timedelta(days=policy.re_inspection_days))


# -- check-ins ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CheckInDue:
    """One check-in of a long-term item: the period it reports on (both ends belong to it) and its due date."""

    period_from: dt.date
    period_to: dt.date
    due_on: dt.date


def first_check_in(rule: CheckIn, since: dt.date, calendar: Calendar) -> CheckInDue:
    """The first check-in of an item that is kept up from the day after `since`.

    A rest of a period shorter than half of its working days is reported together with the next one.
    """
    begins, ends = period(rule.every, since + dt.timedelta(days=1))
    whole = calendar.workdays_between(begins - dt.timedelta(days=1), ends)
    if calendar.workdays_between(since, ends) * 2 < whole:
        ends = period(rule.every, ends + dt.timedelta(days=1))[1]
    return CheckInDue(since + dt.timedelta(days=1), ends, _report_by(rule, ends, calendar))


def next_check_in(rule: CheckIn, last: CheckInDue, calendar: Calendar) -> CheckInDue:
    """The check-in after one that was given (or missed): the period that follows, without gap or overlap."""
    begins = last.period_to + dt.timedelta(days=1)
    ends = period(rule.every, begins)[1]
    return CheckInDue(begins, ends, _report_by(rule, ends, calendar))


def period(every: Every, day: dt.date) -> tuple[dt.date, dt.date]:
    """The first and last day of the week (Monday first), fortnight, month, quarter or half-year of a day."""
    if every in _WEEKS:
        span = 7 * _WEEKS[every]
        # Day 1 of the proleptic calendar is a Monday, so fortnights run on over the turn of the year.
        begins = dt.date.fromordinal((day.toordinal() - 1) // span * span + 1)
        return begins, begins + dt.timedelta(days=span - 1)
    months = _MONTHS[every]
    first = (day.month - 1) // months * months + 1
    return dt.date(day.year, first, 1), day_of_month(day.year, first + months - 1, 31)


def _report_by(rule: CheckIn, ends: dt.date, calendar: Calendar) -> dt.date:
    return calendar.add_workdays(ends, rule.grace_days) if rule.grace_days else calendar.roll(ends)


# -- reviews -----------------------------------------------------------------------------------------------------


def review_day(review: Review, day: dt.date, calendar: Calendar) -> dt.date:
    """The day on which the review of this day's period is held (每周碰、双周议、每月研).

    Weekly and fortnightly ones on their weekday (of the fortnight's first week), rolled from a rest day; the others on
    the n-th working day of their period.
    """
    begins, _ = period(review.every, day)
    if review.every in _WEEKS:
        return calendar.roll(begins + dt.timedelta(days=review.on - 1))
    return calendar.add_workdays(begins - dt.timedelta(days=1), review.on)


def reviews_on(policy: Policy, as_of: dt.date, calendar: Calendar) -> tuple[Review, ...]:
    """The reviews that are held on a day, also those that rolled over from the week or fortnight before."""
    held = []
    for review in policy.reviews:
        begins, _ = period(review.every, as_of)
        days = {review_day(review, day, calendar) for day in (as_of, begins - dt.timedelta(days=1))}
        if as_of in days:
            held.append(review)
    return tuple(held)


# -- 序时进度 ----------------------------------------------------------------------------------------------------


def schedule_progress(started_on: dt.date, due_on: dt.date, as_of: dt.date, calendar: Calendar) -> Fraction:
    """The elapsed share of a period in working days, 0 to 1; a period without a working day has elapsed when due."""
    total = calendar.workdays_between(started_on, due_on)
    if total <= 0:
        return Fraction(int(as_of >= due_on))
    elapsed = calendar.workdays_between(started_on, as_of)
    return min(max(Fraction(elapsed, total), Fraction(0)), Fraction(1))


def target_progress(
    comparator: Comparator, value: Decimal, actual: Decimal | None, baseline: Decimal | None = None
) -> Fraction | None:
    """How far a target is reached, 0 to 1 (or beyond 1 where it is surpassed); None where it cannot be said.

    `>=` and `=`: share of the value. `<=`: kept (1) or not (0). `+%`, `-%`: share of the promised change against the
    baseline. `->`: share of the way from the baseline to the value.
    """
    if actual is None:
        return None
    if comparator == "<=":
        return Fraction(int(actual <= value))
    if comparator in (">=", "="):
        return max(Fraction(actual) / Fraction(value), Fraction(0)) if value > 0 else Fraction(int(actual >= value))
    if baseline is None:
        return None
    aim = Fraction(value)
    if comparator in ("+%", "-%"):
        sign = 1 if comparator == "+%" else -1
        aim = Fraction(baseline) * (1 + sign * Fraction(value) / 100)
    way = aim - Fraction(baseline)
    return max((Fraction(actual) - Fraction(baseline)) / way, Fraction(0)) if way else Fraction(int(actual == value))


def gap_points(schedule: Fraction, progress: Fraction) -> Fraction:
    """Percentage points by which progress lags behind the schedule; 0 where it does not."""
    return max((schedule - progress) * 100, Fraction(0))
