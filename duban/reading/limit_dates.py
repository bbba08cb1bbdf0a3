"""Limits once more, when the whole document is read: its day of issue says which feast, which year, and what is odd.

A family reads each limit by itself. Only the document shows that 春节前 is the next one, that a day had passed before
the plan was issued, or that a year is no more than a neighbour's.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import replace

from duban.domain.limits import Limit, read_limit
from duban.domain.seasons import Seasons
from duban.reading.lint import ambiguous_limits
from duban.reading.model import AnomalyCode, Item, Kind, Milestone, Reading
from duban.reading.source import Source
from duban.reading.structure_items import limit_of

#: Kinds whose items are still to be done on the day of issue.
_AHEAD = frozenset({Kind.RECTIFICATION_PLAN, Kind.TASK_BREAKDOWN})
_PRINTED_YEAR = re.compile(r"(?:19|20)\d\d")


def settle_limits(reading: Reading, source: Source) -> None:
    """Reads each limit again by what the document says of itself, and tells every doubt about one as an anomaly."""
    guessed = _year_is_guessed(reading, source)
    for item in reading.walk():
        first = limit_of(item.time_limit, reading.year) if item.time_limit else None
        if item.time_limit is None or first is None or not _is_read_so(item, first):
            continue
        limit = _settled(item, reading, guessed)
        item.milestones[: len(first.milestones)] = limit.milestones
    flat = reading.walk()
    told = [one for one in reading.anomalies if one.code is not AnomalyCode.AMBIGUOUS_LIMIT]
    reading.anomalies = sorted([*told, *ambiguous_limits(flat)], key=lambda one: one.line)


def parts_by_seasons(item: Item, seasons: Seasons, *, year: int | None, issued_on: dt.date | None) -> list[Milestone]:
    """The parts of an item's limit where the office has seasons of its own: a policy's 汛期 may begin in April.

    `year` and `issued_on` are the document's. Parts that name no feast or season stay as they were read.
    """
    if item.time_limit is None or not any(part.eve for part in item.milestones):
        return item.milestones
    limit = read_limit(item.time_limit, year=year, seasons=seasons, issued_on=issued_on)
    if [part.text for part in limit.milestones] != [part.text for part in item.milestones]:
        return item.milestones
    return [new if old.eve else old for new, old in zip(limit.milestones, item.milestones, strict=True)]


def _is_read_so(item: Item, limit: Limit) -> bool:
    """Whether the item's first parts are those that its limit gives: a family may have other sources."""
    return item.milestones[: len(limit.milestones)] == list(limit.milestones)


def _settled(item: Item, reading: Reading, guessed: bool) -> Limit:
    assert item.time_limit is not None  # noqa: S101 - the caller looked
    ahead = reading.kind in _AHEAD and item.status != "done"
    yearless = not _PRINTED_YEAR.search(item.time_limit)
    issued_on = reading.issued_on if ahead or yearless else None
    limit = limit_of(item.time_limit, reading.year, issued_on)
    parts: Iterable[Milestone] = limit.milestones
    if guessed and yearless:
        parts = [replace(part, confidence="ambiguous") if part.due_on else part for part in parts]
    elif not ahead and item.status == "open":
        parts = [_still_to_come(part, reading.issued_on) for part in parts]
    return replace(limit, milestones=tuple(parts))


def _still_to_come(part: Milestone, issued_on: dt.date | None) -> Milestone:
    """A report says of what is under way: 3月底前完成. Told in November that is the next March."""
    later = part.alternative_due_on
    if issued_on is None or part.due_on is None or part.due_on >= issued_on or later is None:
        return part
    return replace(part, due_on=later, alternative_due_on=None)


def _year_is_guessed(reading: Reading, source: Source) -> bool:
    """Whether no line around the items names the document's year: then it was taken from some limit."""
    flat = reading.walk()
    if reading.year is None or not flat:
        return False
    begin, end = min(item.place.line for item in flat), max(item.place.end_line for item in flat)
    around = [line.text for line in source.lines if not begin <= line.number <= end]
    said = [reading.title, reading.reference or "", source.title or "", *around]
    return reading.issued_on is None and not any(str(reading.year) in text for text in said)
