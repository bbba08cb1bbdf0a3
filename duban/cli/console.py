"""What the commands share: who is at the keyboard, dates, tables for a person, JSON for a program."""

from __future__ import annotations

import datetime as dt
import getpass
import json
import time
import unicodedata
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

import click

from duban.domain.actors import Actor


class Day(click.ParamType[dt.date]):
    """A date as 2026-07-15."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        """The date, or a usage error that says what a date looks like."""
        if isinstance(value, dt.date):
            return value
        try:
            return dt.date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no date; write it like 2026-07-15", param, ctx)


DAY = Day()


def operator() -> Actor:
    """Whoever has the machine's keyboard acts for the supervision office, under the name of the system account."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        name = "cli"
    return Actor(name=f"cli:{name}", role="supervisor", source="cli")


def today() -> dt.date:
    """The authority's business date."""
    from duban.services.rules import business_date

    return business_date(dt.datetime.now(dt.UTC))


def print_json(value: Any) -> None:
    """Data for a program: UTF-8, one document."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=plain))


def plain(value: Any) -> Any:
    """Values that JSON does not have."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    return str(value)


def table(headings: Sequence[str], rows: Sequence[Sequence[object]], *, widest: int = 40) -> None:
    """A table for a person: Chinese characters count two columns, long cells are cut with …"""
    cells = [[_cut(_words(v), widest) for v in row] for row in rows]
    widths = [max(width(h), *(width(r[i]) for r in cells), 0) if cells else width(h) for i, h in enumerate(headings)]
    for row in [list(headings), ["-" * w for w in widths], *cells]:
        click.echo("  ".join(c + " " * (w - width(c)) for c, w in zip(row, widths, strict=True)).rstrip())


def width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _words(value: object) -> str:
    if value is None:
        return ""
    return " ".join(str(plain(value) if isinstance(value, (Enum, dt.date)) else value).split())


def _cut(text: str, widest: int) -> str:
    if width(text) <= widest:
        return text
    kept = ""
    for character in text:
        if width(kept) + width(character) > widest - 1:
            break
        kept += character
    return kept + "…"


def shown_progress() -> Callable[[str, int, int], None]:
    """Says on standard error how far a long registration is, once it has taken two seconds."""
    began = last = time.monotonic()

    def show(what: str, done: int, of: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - began > 2 and (now - last > 1 or done == of):
            last = now
            click.echo(f"  {what} {done}/{of}", err=True)

    return show
