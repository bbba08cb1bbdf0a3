"""The official calendar: which days are worked, and why a day is not.

Counting follows the Civil Code: the first day is not counted (第二百零一条, 次日起), a period that ends on a rest day
ends on the next working day (第二百零三条), and where an office has hours its closing time ends the day. Which days are
holidays and make-up workdays (调休) is data from the State Council's yearly notice, handed in by an adapter.
"""

from __future__ import annotations

import datetime as dt
from array import array
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, groupby
from typing import Final

from duban.errors import DubanError

# 《全国年节及纪念日放假办法》 (in force since 2025-01-01): the holidays with a fixed Gregorian date. They are certain
# even in a year whose arrangement is not published yet; the lunar ones and the make-up days are not.
STATUTORY: Final[Mapping[tuple[int, int], str]] = {
    (1, 1): "元旦",
    (5, 1): "劳动节",
    (5, 2): "劳动节",
    (10, 1): "国庆节",
    (10, 2): "国庆节",
    (10, 3): "国庆节",
}
WEEKDAYS: Final = "一二三四五六日"
_SATURDAY: Final = 5
_FIRST_YEAR, _LAST_YEAR = 1990, 2080  # the span indexed at once; dates outside it widen the index when asked for


class DayKind(StrEnum):
    """What a day is on the official calendar."""

    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKEUP = "makeup"
    OWN_REST = "own_rest"
    OWN_WORK = "own_work"


class DateOutOfReach(DubanError):
    """Counting {days} from {on} leaves the years that can be counted.

    Give a limit between the years 1 and 9998.
    """

    code = "date_out_of_reach"
    status = 422


@dataclass(frozen=True, slots=True)
class OwnDay:
    """A day that the office itself sets, on top of the national calendar."""

    on: dt.date
    working: bool
    note: str


@dataclass(frozen=True, slots=True)
class DayNote:
    """Why a day is worked or not, in the words that a clerk reads."""

    on: dt.date
    kind: DayKind
    working: bool
    reason: str
    provisional: bool


@dataclass(frozen=True, slots=True)
class Spell:
    """Consecutive days that are skipped (or worked) for one reason; both ends belong to it."""

    first: dt.date
    last: dt.date
    reason: str

    @property
    def days(self) -> int:
        """Calendar days in the spell."""
        return (self.last - self.first).days + 1


class Calendar:
    """Working days with 调休, as one immutable value that answers in constant time.

    `holidays` and `makeup_days` are dates, or dates with the festival's name. `known_from` and `known_through` say how
    far the published arrangements reach: beyond them only weekends and the fixed statutory days are rest days, and
    every answer there is `provisional`. `own_days` win over everything. Two calendars are equal only if identical.
    """

    def __init__(
        self,
        holidays: Mapping[dt.date, str] | Collection[dt.date],
        makeup_days: Mapping[dt.date, str] | Collection[dt.date],
        known_through: dt.date,
        own_days: Collection[OwnDay] = (),
        *,
        known_from: dt.date = dt.date(2004, 1, 1),
        source: str = "",
    ) -> None:
        self.known_from = known_from
        self.known_through = known_through
        self.source = source
        self.own_days = tuple(sorted(own_days, key=lambda day: day.on))
        self._own = {day.on: day for day in self.own_days}
        self._holidays = _named(holidays, "节假日")
        self._makeup = _named(makeup_days, "")
        self._index(_FIRST_YEAR, _LAST_YEAR)

    # -- single days ---------------------------------------------------------------------------------------------

    def is_workday(self, on: dt.date) -> bool:
        """Whether the day is worked."""
        own = self._own.get(on)
        if own is not None:
            return own.working
        if on in self._makeup:
            return True
        return on.weekday() < _SATURDAY and on not in self._holidays and self._projected(on) is None

    def provisional(self, on: dt.date) -> bool:
        """Whether the day lies outside the published arrangements, so that any count that reaches it may still move."""
        return not self.known_from <= on <= self.known_through

    def note(self, on: dt.date) -> DayNote:
        """What the day is and why, in Chinese."""
        kind, reason = self._why(on)
        working = kind in (DayKind.WORKDAY, DayKind.MAKEUP, DayKind.OWN_WORK)
        return DayNote(on, kind, working, reason, self.provisional(on))

    def roll(self, on: dt.date) -> dt.date:
        """The first working day on or after the day."""
        return on if self.is_workday(on) else self.add_workdays(on, 1)

    def roll_back(self, on: dt.date) -> dt.date:
        """The last working day on or before the day."""
        return on if self.is_workday(on) else self.add_workdays(on, -1)

    # -- counting ------------------------------------------------------------------------------------------------

    def add_workdays(self, on: dt.date, days: int) -> dt.date:
        """The `days`-th working day after the day (次日起); before it if negative; the day itself if 0.

        Raises `DateOutOfReach` beyond the years that Python's dates know.
        """
        if days == 0:
            return on
        while True:
            self._cover(on, days)
            offset = on.toordinal() - self._base
            # _upto[i] counts the working days before index i: [offset + 1] includes the day itself, [offset] does not.
            place = self._upto[offset + 1] + days - 1 if days > 0 else self._upto[offset] + days
            if 0 <= place < len(self._workdays):
                return dt.date.fromordinal(self._workdays[place])
            self._widen(on, days)

    def workdays_between(self, start: dt.date, end: dt.date) -> int:
        """Working days after `start` up to and including `end`; negative when `end` is before `start`."""
        self._cover(start, 0)
        self._cover(end, 0)
        return self._upto[end.toordinal() - self._base + 1] - self._upto[start.toordinal() - self._base + 1]

    # -- reasons -------------------------------------------------------------------------------------------------

    def skipped(self, after: dt.date, through: dt.date) -> tuple[Spell, ...]:
        """Rest days after the first date up to and including the second, joined where the reason is the same."""
        rest = (n for n in self._notes(after, through) if not n.working)
        return _spells(rest)

    def worked_rest_days(self, after: dt.date, through: dt.date) -> tuple[Spell, ...]:
        """Days in the same span that look like rest days but are worked: make-up days, and the office's own."""
        kinds = (DayKind.MAKEUP, DayKind.OWN_WORK)
        return _spells(n for n in self._notes(after, through) if n.kind in kinds)

    def _notes(self, after: dt.date, through: dt.date) -> Iterator[DayNote]:
        day = after
        while day < through:
            day += dt.timedelta(days=1)
            yield self.note(day)

    def _why(self, on: dt.date) -> tuple[DayKind, str]:
        own = self._own.get(on)
        if own is not None:
            return (DayKind.OWN_WORK if own.working else DayKind.OWN_REST), own.note
        if on in self._makeup:
            festival = self._makeup[on]
            return DayKind.MAKEUP, f"{festival}调休上班" if festival else "调休上班"
        if on in self._holidays:
            return DayKind.HOLIDAY, self._holidays[on]
        projected = self._projected(on)
        if projected is not None:
            return DayKind.HOLIDAY, f"{projected}（当年放假安排尚未公布）"
        return (DayKind.WEEKEND, "周末") if on.weekday() >= _SATURDAY else (DayKind.WORKDAY, "工作日")

    def _projected(self, on: dt.date) -> str | None:
        return STATUTORY.get((on.month, on.day)) if on > self.known_through else None

    # -- the index -----------------------------------------------------------------------------------------------

    def _index(self, first_year: int, last_year: int) -> None:
        base, end = dt.date(first_year, 1, 1).toordinal(), dt.date(last_year, 12, 31).toordinal()
        week = bytes(1 if dt.date.fromordinal(base + i).weekday() < _SATURDAY else 0 for i in range(7))
        flags = bytearray((week * ((end - base) // 7 + 1))[: end - base + 1])
        special = {*self._holidays, *self._makeup, *self._own}
        special |= {dt.date(y, m, d) for y in range(first_year, last_year + 1) for m, d in STATUTORY}
        for day in special:
            if base <= day.toordinal() <= end:
                flags[day.toordinal() - base] = self.is_workday(day)
        self._years = (first_year, last_year)
        self._base = base
        self._upto = array("l", accumulate(flags, initial=0))
        self._workdays = array("l", (base + i for i, flag in enumerate(flags) if flag))

    def _cover(self, on: dt.date, days: int) -> None:
        if not self._years[0] <= on.year <= self._years[1]:
            self._widen(on, days)

    def _widen(self, on: dt.date, days: int) -> None:
        """Index as many years as the count can possibly need: a year has more than 180 and fewer than 366 working days.

        Indexing all years that there are takes half a second, so a count that must leave them is refused before.
        """
        if not dt.MINYEAR <= on.year + int(days / 366) <= dt.MAXYEAR:
            raise DateOutOfReach(on=on, days=f"{days} workdays")
        reach = on.year + days // 180 + (1 if days > 0 else -1)
        first, last = min(self._years[0], on.year, reach), max(self._years[1], on.year, reach)
        first, last = max(first, dt.MINYEAR), min(last, dt.MAXYEAR)
        if (first, last) == self._years:
            raise DateOutOfReach(on=on, days=f"{days} workdays")
        self._index(first, last)


def _named(days: Mapping[dt.date, str] | Collection[dt.date], default: str) -> dict[dt.date, str]:
    return dict(days) if isinstance(days, Mapping) else dict.fromkeys(days, default)


def _spells(notes: Iterator[DayNote]) -> tuple[Spell, ...]:
    """Join neighbours: consecutive dates with one reason have one value of date minus position."""
    found: list[Spell] = []
    numbered = enumerate(notes)
    for (reason, _), group in groupby(numbered, key=lambda pair: (pair[1].reason, pair[1].on.toordinal() - pair[0])):
        days = [note.on for _, note in group]
        found.append(Spell(days[0], days[-1], reason))
    return tuple(found)
