"""What every format becomes before anything is read from it: lines and table rows with their place in the source.

A `Source` is the only thing that structure and families see. Blank lines are not kept, but remembered as
`after_blank`; page furniture is already gone; `text` is normalised for reading and `original` is what was printed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum


class Format(StrEnum):
    """The file formats that the text layer understands."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    DOCX = "docx"
    XLSX = "xlsx"
    PDF = "pdf"


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line or paragraph, or one row of a table.

    `number` is 1-based: the physical line of a text file, the ordinal of the paragraph or row elsewhere; `end` is
    the last such line where several were joined. A table row has `cells`; `merged[i]` is "up" or "left" where cell i
    only repeats the cell above or to the left because the two are merged, else "".
    """

    text: str
    original: str
    number: int
    end: int = 0
    page: int | None = None
    sheet: str | None = None
    level: int = 0  # heading level by markup or style: 1..6, 0 for running text
    after_blank: bool = False
    cells: tuple[str, ...] | None = None
    merged: tuple[str, ...] = ()
    table: int | None = None
    row: int | None = None

    @property
    def last(self) -> int:
        """The last physical line that this line covers."""
        return self.end or self.number

    def joined_with(self, other: Line) -> Line:
        """This line with its continuation appended, as one."""
        return replace(
            self, text=glue(self.text, other.text), original=f"{self.original}\n{other.original}", end=other.last
        )


@dataclass(slots=True)
class Source:
    """A document as lines. `title` is set only where the format itself names one (an HTML title, a sheet's name).

    `hidden` are rows that the file holds but does not show, and pages that are pictures: not read, but named as doubts.
    """

    format: Format
    lines: list[Line] = field(default_factory=list)
    title: str | None = None
    filename: str = ""
    hidden: list[Line] = field(default_factory=list)
    notices: list[tuple[int, str]] = field(default_factory=list)  # line, and in Chinese what could not be read there

    @property
    def text(self) -> str:
        """All text, a line each: for recognising a family, never for reading fields."""
        return "\n".join(line.text for line in self.lines)

    @property
    def has_tables(self) -> bool:
        """Whether any line is a table row."""
        return any(line.cells is not None for line in self.lines)


def glue(left: str, right: str) -> str:
    """Join two parts of one sentence: a space only between two Latin words or figures."""
    if left and right and left[-1].isascii() and left[-1].isalnum() and right[0].isascii() and right[0].isalpha():
        return f"{left} {right}"
    return left + right
