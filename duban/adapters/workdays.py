"""The official calendar from the kept package `chinesecalendar` (调休 since 2004), and an office's own days on top.

The package is generated from the State Council's yearly notices. It reaches to the end of the last year whose notice it
holds; an office may enter a newer notice, and days of its own, in a TOML file (see `read_own_days`).
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from duban.domain.calendar import Calendar, OwnDay
from duban.errors import DubanError

_FULL_NAMES: Final = {"清明": "清明节", "端午": "端午节", "中秋": "中秋节"}


class CalendarFileInvalid(DubanError):
    """Calendar file {file}, line {line}: {problem}.

    {remedy}
    """

    code = "calendar_file_invalid"
    status = 422
    exit_code = 2


@dataclass(frozen=True, slots=True)
class OwnCalendar:
    """What an office adds: whole years from newer notices (year and its line in the file), single days of its own."""

    years: tuple[tuple[int, int], ...] = ()
    rest_days: tuple[tuple[dt.date, str], ...] = ()
    makeup_days: tuple[tuple[dt.date, str], ...] = ()
    own_days: tuple[OwnDay, ...] = ()
    source: str = ""


@cache
def official_calendar() -> Calendar:
    """The national calendar alone, built once a process."""
    return _build(OwnCalendar())


def load_calendar(own_days: Path | None = None) -> Calendar:
    """The national calendar with the office's file on top, if one is set.

    Raises `CalendarFileInvalid` with the line where the file is wrong or leaves a year out.
    """
    if own_days is None:
        return official_calendar()
    return calendar_from_text(own_days_text(own_days), own_days.name)


def own_days_text(path: Path) -> str:
    """The text of an office's calendar file. Raises `CalendarFileInvalid` where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CalendarFileInvalid(
            file=path.name, line=0, problem="it cannot be read", remedy=f"Give a UTF-8 TOML file ({error})."
        ) from error


@lru_cache(maxsize=8)
def calendar_from_text(text: str, filename: str = "calendar.toml") -> Calendar:
    """The national calendar with an office's file on top; the same text gives the same value, built once a process."""
    return _build(read_own_days(text, filename), filename)


def read_own_days(text: str, filename: str = "calendar.toml") -> OwnCalendar:
    """Read an office's calendar file.

    `[[year]]` holds a whole notice, in place of what the package knows of that year: `year`, `source`, `rest`, `work`
    as tables of date = festival; `[[day]]` one day of the office's own: `on`, `working`, `note`. Raises
    `CalendarFileInvalid`.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found.group(1)) if found else len(text.splitlines())
        raise _invalid(filename, line, f"it is not TOML ({error})", "Mend the syntax there.") from error
    reader = _OwnDaysReader(text, filename)
    unknown = sorted(set(data) - {"year", "day"})
    if unknown:
        raise _invalid(filename, reader.line(unknown[0]), f"unknown key {unknown[0]}", "Known: [[year]], [[day]].")
    return reader.read(data)


class _OwnDaysReader:
    """One pass over one file, so that each refusal can name the line."""

    def __init__(self, text: str, filename: str) -> None:
        self.lines = text.splitlines()
        self.filename = filename

    def line(self, word: str, table: str | None = None, index: int = 0) -> int:
        """The line where a word stands, from the `index`-th `[[table]]` on; 1 where it is not found."""
        seen = -1
        for number, content in enumerate(self.lines, start=1):
            if table and re.match(rf"\s*\[\[\s*{table}\s*\]\]", content):
                seen += 1
            if (table is None or seen == index) and word in content:
                return number
        return 1

    def read(self, data: dict[str, Any]) -> OwnCalendar:
        years, rest, work, sources = [], [], [], []
        for index, entry in enumerate(data.get("year", [])):
            self._keys("year", index, entry, {"year": int, "source": str, "rest": dict, "work": dict})
            years.append((entry["year"], self.line("year", "year", index)))
            sources.append(f"{entry['year']}：{entry['source']}")
            rest += self._dated(index, entry, "rest")
            work += self._dated(index, entry, "work")
        own = []
        for index, entry in enumerate(data.get("day", [])):
            self._keys("day", index, entry, {"on": dt.date, "working": bool, "note": str})
            own.append(OwnDay(entry["on"], entry["working"], entry["note"]))
        return OwnCalendar(tuple(years), tuple(rest), tuple(work), tuple(own), "；".join(sources))

    def _keys(self, table: str, index: int, entry: Any, wanted: dict[str, type]) -> None:
        if not isinstance(entry, dict):
            raise _invalid(self.filename, self.line(table), f"{table} is not a list of tables", f"Write [[{table}]].")
        for key in entry.keys() - wanted.keys():
            line = self.line(key, table, index)
            raise _invalid(self.filename, line, f"unknown key {key}", f"Known here: {', '.join(wanted)}.")
        for key, kind in wanted.items():
            if type(entry.get(key)) is not kind:
                line = self.line(key if key in entry else f"[[{table}]]", table, index)
                raise _invalid(self.filename, line, f"{key} is missing or is no {kind.__name__}", f"Set {key}.")

    def _dated(self, index: int, entry: dict[str, Any], key: str) -> list[tuple[dt.date, str]]:
        days = []
        for text, festival in entry[key].items():
            try:
                day = dt.date.fromisoformat(text)
            except ValueError as error:
                line = self.line(text, "year", index)
                raise _invalid(self.filename, line, f"{text} is no date", 'Write "2027-02-06" = "春节".') from error
            # A notice for New Year may move days of the last week of December.
            if (day + dt.timedelta(days=7)).year != entry["year"] and day.year != entry["year"]:
                line = self.line(text, "year", index)
                raise _invalid(self.filename, line, f"{text} is not in {entry['year']}", "Put it under its own year.")
            days.append((day, str(festival)))
        return days


def _build(own: OwnCalendar, filename: str = "calendar.toml") -> Calendar:
    # Imported here: only whoever counts days pays for it.
    from chinese_calendar.constants import Holiday, holidays, workdays

    def chinese(english: str) -> str:
        name: str = Holiday(english).chinese
        return _FULL_NAMES.get(name, name)

    replaced = {year for year, _ in own.years}
    rest = {day: chinese(name) for day, name in holidays.items() if day.year not in replaced} | dict(own.rest_days)
    makeup = {day: chinese(name) for day, name in workdays.items() if day.year not in replaced} | dict(own.makeup_days)
    years = {day.year for day in holidays}
    last = _unbroken(years, dict(own.years), filename)
    package = f"chinesecalendar {version('chinesecalendar')}（{min(years)}–{max(years)}年，国务院办公厅历年放假通知）"
    return Calendar(
        rest,
        makeup,
        dt.date(last, 12, 31),
        own.own_days,
        known_from=dt.date(min(years), 1, 1),
        source="；".join(filter(None, (package, own.source))),
    )


def _unbroken(years: set[int], own: dict[int, int], filename: str) -> int:
    """The last known year; a year left out between known ones would count wrong in silence, so it is refused."""
    known = years | own.keys()
    gaps = sorted(set(range(min(known), max(known))) - known)
    if not gaps:
        return max(known)
    beyond = min((year for year in own if year > gaps[0]), default=max(known))
    problem = f"the calendar has a gap: {'、'.join(map(str, gaps))} is not known but {beyond} is"
    raise _invalid(filename, own.get(beyond, 0), problem, f"Add a [[year]] for {gaps[0]} with its notice.")


def _invalid(file: str, line: int, problem: str, remedy: str) -> CalendarFileInvalid:
    return CalendarFileInvalid(file=file, line=line, problem=problem, remedy=remedy)
