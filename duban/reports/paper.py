"""A paper that is drawn from the ledger: headings, sentences and tables whose figures know the rows they count.

The shape is plain; `duban.reports.page` and `duban.reports.workbook` render it, `duban.services.paper_files` as Word.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class RowRef:
    """One row of the ledger that a figure counts: the item, what it contributes, and its page."""

    item_id: int
    number: str
    title: str
    note: str
    url: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with the rows that it counts. `label` says what was counted.

    `within` is the key of a figure whose rows hold these as well: the annex lists them there, and only there.
    """

    key: str
    label: str
    value: int
    rows: tuple[RowRef, ...] = ()
    within: str | None = None

    @property
    def anchor(self) -> str:
        """The key under which the annex lists its rows."""
        return self.within or self.key

    def __post_init__(self) -> None:
        if self.rows and self.value != len(self.rows):
            raise ValueError(f"figure {self.key} says {self.value} and counts {len(self.rows)} rows")


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to a page of the board."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Heading:
    """一、 (level 1) or （一） (level 2)."""

    level: int
    text: str


Part = str | Figure | Link


@dataclass(frozen=True, slots=True)
class Sentence:
    """A paragraph of words and figures."""

    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The paragraph as plain words."""
        return "".join(plain(part) for part in self.parts)


Cell = str | int | None | Figure | Link


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. `widths` are relative; rows are as long as the headings."""

    key: str
    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    widths: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if any(len(row) != len(self.headings) for row in self.rows):
            raise ValueError(f"table {self.key}: a row is not as long as its headings")


Block = Heading | Sentence | Grid


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper: `kind` names it for programs, `title` for readers; `office` signs it on `dated_on`."""

    kind: str
    title: str
    office: str
    as_of: dt.date
    dated_on: dt.date
    blocks: tuple[Block, ...]
    addressees: str = ""
    notes: tuple[str, ...] = field(default=())

    def figures(self) -> tuple[Figure, ...]:
        """Every figure with rows, once, in the order of the text."""
        found: dict[str, Figure] = {}
        for part in self._parts():
            if isinstance(part, Figure) and part.rows:
                found.setdefault(part.key, part)
        return tuple(found.values())

    def sources(self) -> tuple[Figure, ...]:
        """The figures that the annex lists: those whose rows no other figure holds."""
        return tuple(figure for figure in self.figures() if figure.within is None)

    def grids(self) -> tuple[Grid, ...]:
        """The tables in their order."""
        return tuple(block for block in self.blocks if isinstance(block, Grid))

    def as_data(self) -> dict[str, Any]:
        """The paper as plain values, for a program."""
        return {
            "kind": self.kind,
            "title": self.title,
            "office": self.office,
            "as_of": self.as_of.isoformat(),
            "dated_on": self.dated_on.isoformat(),
            "text": [b.text for b in self.blocks if isinstance(b, (Heading, Sentence))],
            "tables": {
                g.key: {"title": g.title, "headings": list(g.headings), "rows": [[plain(c) for c in r] for r in g.rows]}
                for g in self.grids()
            },
            "figures": {
                f.key: {"label": f.label, "value": f.value, "items": [r.item_id for r in f.rows]}
                for f in self.figures()
            },
            "notes": list(self.notes),
        }

    def _parts(self) -> Iterator[Part | Cell]:
        for block in self.blocks:
            if isinstance(block, Sentence):
                yield from block.parts
            elif isinstance(block, Grid):
                for row in block.rows:
                    yield from row


def plain(part: Part | Cell) -> str:
    """A part or cell as words."""
    if part is None:
        return ""
    if isinstance(part, Figure):
        return str(part.value)
    return part.text if isinstance(part, Link) else str(part)


def share(part: int, whole: int) -> str:
    """A share in per cent with one decimal, rounded half up: 16.7%."""
    if whole <= 0:
        return "0%"
    tenths = (part * 2000 + whole) // (whole * 2)
    return f"{tenths // 10}.{tenths % 10}%" if tenths % 10 else f"{tenths // 10}%"


def numeral(number: int) -> str:
    """1 to 99 in Chinese numerals."""
    digits = "零一二三四五六七八九"
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else ("十" if tens == 1 else f"{digits[tens]}十")
    return head + (digits[ones] if ones else "")
