"""A plain model of clocks and rungs: loops over single days, no caching, no database; the real one must agree."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from duban.domain.calendar import Calendar
from duban.domain.policy_model import ClockKind, Policy

DAY = dt.timedelta(days=1)


def after(calendar: Calendar, day: dt.date, count: int) -> dt.date:
    """The count-th working day after (or before) a day, found one day at a time."""
    step = DAY if count > 0 else -DAY
    while count:
        day += step
        if calendar.is_workday(day):
            count -= 1 if count > 0 else -1
    return day


def between(calendar: Calendar, start: dt.date, end: dt.date) -> int:
    """Working days after `start` up to `end`, counted one by one; negative backwards."""
    if end < start:
        return -between(calendar, end, start)
    count, day = 0, start
    while day < end:
        day += DAY
        count += calendar.is_workday(day)
    return count


def rolled(calendar: Calendar, day: dt.date) -> dt.date:
    while not calendar.is_workday(day):
        day += DAY
    return day


def rolled_back(calendar: Calendar, day: dt.date) -> dt.date:
    while not calendar.is_workday(day):
        day -= DAY
    return day


@dataclass
class Limit:
    """One open limit: when it began, when it is due, what was settled, and since when it stands still."""

    item: str
    cycle: int
    started_on: dt.date
    nominal_on: dt.date
    due_on: dt.date
    armed_on: dt.date  # given, changed or resumed on this day: what was due by then counts as one
    settled: set[str] = field(default_factory=set)
    paused_on: dt.date | None = None
    left: int = 0
    spans: list[tuple[dt.date, dt.date]] = field(default_factory=list)  # pauses that ended

    def project(self, calendar: Calendar) -> None:
        """Its date afresh on a calendar, through every pause."""
        self.due_on = rolled(calendar, self.nominal_on)
        for first, last in self.spans:
            self.due_on = after(calendar, rolled_back(calendar, last), between(calendar, first, self.due_on))
        if self.paused_on is not None:
            self.left = between(calendar, self.paused_on, self.due_on)


@dataclass
class Model:
    """Every open limit, and every rung that was ever to be sent: (item, cycle, rung)."""

    calendar: Calendar
    policy: Policy
    limits: dict[str, Limit] = field(default_factory=dict)
    sent: list[tuple[str, int, str]] = field(default_factory=list)

    def arm(self, item: str, cycle: int, nominal: dt.date, today: dt.date) -> None:
        self.limits[item] = Limit(item, cycle, today, nominal, rolled(self.calendar, nominal), today)

    def end(self, item: str) -> None:
        self.limits.pop(item, None)

    def pause(self, item: str, today: dt.date) -> None:
        limit = self.limits[item]
        limit.paused_on, limit.left = today, between(self.calendar, today, limit.due_on)

    def resume(self, item: str, today: dt.date) -> None:
        limit = self.limits[item]
        assert limit.paused_on is not None
        limit.spans.append((limit.paused_on, today))
        limit.due_on = after(self.calendar, rolled_back(self.calendar, today), limit.left)
        limit.paused_on, limit.armed_on = None, today

    def extend(self, item: str, until: dt.date, today: dt.date) -> None:
        """The new limit is a date of its own, with reminders of its own; earlier pauses no longer count."""
        limit = self.limits[item]
        limit.nominal_on = limit.due_on = rolled(self.calendar, until)
        limit.spans, limit.armed_on = [], today
        for rung in self.policy.ladder(ClockKind.LIMIT):
            if after(self.calendar, limit.due_on, rung.offset) > today:
                limit.settled.discard(rung.key)
        if limit.paused_on is not None:
            limit.left = between(self.calendar, limit.paused_on, limit.due_on)

    def apply_calendar(self, calendar: Calendar) -> None:
        self.calendar = calendar
        for limit in self.limits.values():
            limit.project(calendar)

    def night(self, as_of: dt.date) -> None:
        """What one night settles: every rung whose day has come, oldest first, once for ever."""
        for limit in self.limits.values():
            if limit.paused_on is not None:
                continue
            ladder = self.policy.ladder(ClockKind.LIMIT)
            days = {rung: after(self.calendar, limit.due_on, rung.offset) for rung in ladder}
            unsaid = [rung for rung in ladder if rung.key not in limit.settled]
            early = [rung for rung in unsaid if days[rung] <= limit.armed_on]
            limit.settled.update(rung.key for rung in early[:-1])  # of what fell due before, only the highest speaks
            if not self.calendar.is_workday(as_of):
                continue
            owed = [rung for rung in unsaid if days[rung] <= as_of and rung not in early[:-1]]
            for rung in owed:
                outdone = rung in early and rung is not owed[-1]
                not_near = rung in early and rung.offset <= 0 and limit.due_on < as_of
                if not outdone and not not_near:
                    self.sent.append((limit.item, limit.cycle, rung.key))
                limit.settled.add(rung.key)
