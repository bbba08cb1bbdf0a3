"""The template environment of the pages: strict about missing values, escaped, with the words of `duban.web.words`."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from duban.domain.lifecycle import STATE_ZH, State
from duban.services.queries.board import TrendDay
from duban.web import rule_words, words

STATIC = Path(__file__).parent / "static"
SHIPPED = Path(__file__).resolve().parents[2] / "templates" / "pages"
WEEKDAYS = "一二三四五六日"


class Pages:
    """Renders templates of the folder `pages/`; one that it lacks is as shipped. `zone` is where instants are shown."""

    def __init__(self, folder: Path, zone: ZoneInfo) -> None:
        self._environment = Environment(
            loader=FileSystemLoader([folder, SHIPPED]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "day": day,
            "short_day": short_day,
            "at": lambda value: at(value, zone),
            "left": left,
            "size": size,
            "field_zh": lambda name: words.FIELD_ZH.get(name, name),
            "bar": bar,
            "stacks": stacks,
        }
        self._environment.globals |= {
            "words": words,
            "rule_words": rule_words,
            "states": [s.value for s in State],
            "STATE_ZH": {s.value: zh for s, zh in STATE_ZH.items()},
            "lights": ["red", "yellow", "green", "none"],
            "static": static,
            "with_query": with_query,
        }

    def text(self, template: str, **values: Any) -> str:
        """A page as HTML."""
        return self._environment.get_template(template).render(**values)

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A page as an answer."""
        return HTMLResponse(self.text(template, **values), status)


@lru_cache(maxsize=32)
def static(name: str) -> str:
    """The address of a static file, with its hash, so that a browser keeps it until it changes."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def with_query(query: Mapping[str, Any], **changes: Any) -> str:
    """A query string with some values changed; None takes one out. Lists repeat their name."""
    merged = {k: v for k, v in ({**query, **changes}).items() if v not in (None, "", [], ())}
    return "?" + urlencode(merged, doseq=True)


def day(value: dt.date | None) -> str:
    """2026年2月14日（周六）."""
    if value is None:
        return "—"
    return f"{value.year}年{value.month}月{value.day}日（周{WEEKDAYS[value.weekday()]}）"


def short_day(value: dt.date | None) -> str:
    """2026-02-14, for columns."""
    return value.isoformat() if value is not None else "—"


def at(value: dt.datetime | None, zone: ZoneInfo) -> str:
    """2026-02-14 09:30 in the authority's time zone."""
    return f"{value.astimezone(zone):%Y-%m-%d %H:%M}" if value is not None else "—"


def left(days: int | None) -> str:
    """The working days to a limit, or past it, in words."""
    if days is None:
        return ""
    if days < 0:
        return f"逾期{-days}个工作日"
    return "今日到期" if days == 0 else f"还有{days}个工作日"


def size(octets: int) -> str:
    """A file's size."""
    return f"{octets / 1024 / 1024:.1f} MB" if octets >= 1024 * 1024 else f"{max(1, round(octets / 1024))} KB"


def bar(part: float, whole: float, width: float = 100) -> float:
    """The length of a bar, of `width` at most."""
    return round(width * part / whole, 2) if whole else 0.0


@dataclass(frozen=True, slots=True)
class Block:
    """One rectangle of a stacked chart that is 100 wide and 60 high."""

    light: str
    x: float
    y: float
    width: float
    height: float


def stacks(days: Sequence[TrendDay]) -> list[Block]:
    """A column a day, red at the foot: what is worst is what the eye compares along the line."""
    peak = max((sum(d.lights.values()) for d in days), default=0)
    step = 100 / len(days) if days else 0
    found = []
    for place, one in enumerate(days):
        top = 60.0
        for light in ("red", "yellow", "green", "none"):
            height = bar(one.lights.get(light, 0), peak, 60)
            top -= height
            found.append(Block(light, round(place * step, 2), round(top, 2), round(step * 0.86, 2), height))
    return found
