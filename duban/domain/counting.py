"""Counting: spans of time to their last day, what is left of them, and instants to the day they count for.

The Civil Code: the first day is not counted (第二百零一条, 次日起); months and years end on the day of the same number
(第二百零二条); where an office has hours, its closing time ends the day (第二百零三条).
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from duban.domain.calendar import Calendar, DateOutOfReach
from duban.domain.policy_model import WorkingHours


class Unit(StrEnum):
    """What a counted limit counts."""

    WORKDAYS = "workdays"
    DAYS = "days"
    MONTHS = "months"
    YEARS = "years"


def counted_due(started_on: dt.date, amount: int, unit: Unit, calendar: Calendar) -> dt.date:
    """The last day of a counted limit, before rolling.

    The first day is not counted (第二百零一条). Months and years end on the day of the same number, or on the month's
    last day where it has none (第二百零二条). Raises `DateOutOfReach` past the year 9999.
    """
    try:
        if unit == Unit.WORKDAYS:
            return calendar.add_workdays(started_on, amount)
        if unit == Unit.DAYS:
            return started_on + dt.timedelta(days=amount)
        return months_after(started_on, amount * (12 if unit == Unit.YEARS else 1))
    except (ValueError, OverflowError) as error:
        raise DateOutOfReach(on=started_on, days=f"{amount} {unit}") from error


def months_after(day: dt.date, months: int) -> dt.date:
    """The day of the same number so many months later, or that month's last day where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day_of_month(year, month + 1, day.day)


def day_of_month(year: int, month: int, day: int) -> dt.date:
    """The day of a month, or the month's last day where it is shorter."""
    first_of_next = dt.date(year + month // 12, month % 12 + 1, 1)
    return min(dt.date(year, month, 1) + dt.timedelta(days=day - 1), first_of_next - dt.timedelta(days=1))


def unconsumed(due_on: dt.date, paused_on: dt.date, calendar: Calendar) -> int:
    """Working days left after the pausing day through the due date; negative when it has passed."""
    return calendar.workdays_between(paused_on, due_on)


def due_after(resumed_on: dt.date, remaining: int, calendar: Calendar) -> dt.date:
    """The due date when `remaining` working days go on from the day after `resumed_on`.

    On a rest day no working time passes, so it counts as the working day before it; pausing and resuming on one day
    therefore changes nothing.
    """
    return calendar.add_workdays(calendar.roll_back(resumed_on), remaining)


def business_date(at: dt.datetime, hours: WorkingHours, zone: dt.tzinfo) -> dt.date:
    """The day that something done at an instant counts for when time is paused or resumed.

    Before the office opens, the day has not begun: it counts for the day before. Raises ValueError on a naive instant.
    """
    local = _local(at, zone)
    return local.date() - dt.timedelta(days=local.time() < hours.opens)


def before_cut_off(at: dt.datetime, due_on: dt.date, hours: WorkingHours, zone: dt.tzinfo) -> bool:
    """Whether an instant is in time for the limit: before the cut-off (17:00) of its last day."""
    local = _local(at, zone)
    return (local.date(), local.time()) < (due_on, hours.cut_off)


def _local(at: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return at.astimezone(zone)
