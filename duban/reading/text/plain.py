"""Text and Markdown: physical lines, headings by `#`, emphasis removed, tables of `|` as rows."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import replace

from duban.reading.source import Format, Line, Source
from duban.reading.text.decode import decode
from duban.reading.text.drawn import Drawn, drawn_tables, line_of
from duban.reading.text.furniture import without_furniture
from duban.reading.text.normalise import clean, is_traditional, simplified, without_residue
from duban.reading.text.separated import separated
from duban.reading.text.wraps import join_wraps

_BREAK = re.compile(r"\r\n|\n|\r|\u2028|\u2029")
_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.*?)\s*#*$")
_EMPHASIS = re.compile(r"\*\*|__(?=\S)|(?<=\S)__")
_SINGLE_STAR = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])")
_BULLET = re.compile(r"^\s{0,8}[-*+•●■◆□○·]\s+(?=\S)")
_QUOTE = re.compile(r"^\s{0,3}(?:>\s?)+")
_RULE = re.compile(r"^\s*(?:[-*_=—─]\s?){3,}\s*$")
_TABLE_RULE = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\((?:[a-z]+:|/|#|\.)[^()\s]*\)", re.IGNORECASE)
_DRAWN = re.compile(r"[│┃║├┼]|^[ \t]*[+＋|][-=]{2,}[+＋|]", re.MULTILINE)
_TAG = re.compile(r"</?(?:br|p|b|i|u|em|strong|span|div|font|center|sup|sub)\b[^<>]{0,200}/?>", re.IGNORECASE)
_BR = re.compile(r"<br\s*/?>", re.IGNORECASE)
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+.!|<>~-])")
_ENTITY = re.compile(r"&(?:#\d{1,6}|#x[0-9a-f]{1,6}|[a-z]{2,8});", re.IGNORECASE)


def read_plain(data: bytes, form: Format) -> Source:
    """A text or Markdown file as lines; raises `Unreadable` for a wrong encoding or a binary file."""
    return Source(form, lines_of(decode(data)))


def lines_of(text: str) -> list[Line]:
    """The printed lines of a text, furniture dropped, numbered as in the file."""
    printed_lines = _BREAK.split(text)
    if is_traditional(text):
        text = simplified(without_residue(text))
    lines: list[Line] = []
    page, blank, table = 1, False, _Tables()
    paged = "\f" in text
    plain_lines = _BREAK.split(text)
    drawn = {one.begin: one for one in drawn_tables(plain_lines)} if _DRAWN.search(text) else {}
    commas = separated(plain_lines)
    within = 0  # the line behind the drawn table that is open
    for number, (plain, printed) in enumerate(zip(plain_lines, printed_lines, strict=True), start=1):
        page += printed.count("\f")
        if (one := drawn.get(number - 1)) is not None:
            lines += _rows_of(one, table.begin(), printed_lines, blank)
            within = one.end
        if number <= within:
            blank = False
            continue
        body, level = _unmarked(plain)
        if not body or _RULE.match(body):
            blank = True
            table.end()
            continue
        row = table.cells(commas[number - 1]) if number - 1 in commas else table.row(plain)
        if row is _SEPARATOR:
            continue
        cells, table_id, row_id = row
        lines.append(
            Line(
                text=" | ".join(cells) if cells else body,
                original=printed,
                number=number,
                page=page if paged else None,
                level=level,
                after_blank=blank,
                cells=cells,
                table=table_id,
                row=row_id,
            )
        )
        blank = False
    return join_wraps(without_furniture(lines))


def _rows_of(drawn: Drawn, table: int, printed: Sequence[str], after_blank: bool) -> list[Line]:
    rows = [
        line_of(row, printed, table, number, after_blank and number == 1) for number, row in enumerate(drawn.rows, 1)
    ]
    return [
        replace(row, cells=(cells := tuple(map(_cell, row.cells or ()))), text=" | ".join(filter(None, cells)))
        for row in rows
    ]


def _cell(text: str) -> str:
    return "\n".join(_inline(part) for part in text.split("\n"))


class _Tables:
    """Counts the pipe tables and their rows while lines go by."""

    def __init__(self) -> None:
        self._table = 0
        self._row = 0
        self._inside = False

    def begin(self) -> int:
        """The number of a table that is taken as a whole."""
        self._inside = False
        self._table += 1
        return self._table

    def end(self) -> None:
        self._inside = False

    def row(self, printed: str) -> tuple[tuple[str, ...] | None, int | None, int | None]:
        if _TABLE_RULE.match(printed) and "|" in printed:
            return _SEPARATOR
        tabs = printed.strip("\r\n ").count("\t") >= 2
        if not tabs and not _is_barred(printed.strip()):
            self.end()
            return None, None, None
        return self.cells(printed.strip("\r\n").split("\t") if tabs else _barred_cells(printed.strip()))

    def cells(self, parts: Sequence[str]) -> tuple[tuple[str, ...], int, int]:
        """The next row of the open table, or the first of a new one."""
        if not self._inside:
            self._inside, self._row = True, 0
            self._table += 1
        self._row += 1
        return tuple(_cell(_BR.sub("\n", part)) for part in parts), self._table, self._row


def _barred_cells(printed: str) -> list[str]:
    return re.split(r"(?<!\\)\|", printed.removeprefix("|").removesuffix("|"))


def _is_barred(printed: str) -> bool:
    """A row of cells parted by bars, with a bar at either end: | 1 | 任务 | 区府办 |, or 1 | 任务 | 区府办 |."""
    behind = printed.endswith("|") and printed.count(" | ") >= 2
    return behind or (printed.startswith("|") and printed.count("|") >= 3)


_SEPARATOR: tuple[tuple[str, ...] | None, int | None, int | None] = ((), -1, -1)


def _unmarked(printed: str) -> tuple[str, int]:
    """The line's text without Markdown marks, and its heading level."""
    body = _QUOTE.sub("", printed)
    heading = _HEADING.match(body)
    level = len(heading.group(1)) if heading else 0
    body = heading.group(2) if heading else _BULLET.sub("", body)
    return _inline(body), level


def _inline(text: str) -> str:
    """Emphasis, links, tags and entities of one line replaced by what a reader sees."""
    if "[" in text:
        text = _LINK.sub(lambda m: "" if m.group(0).startswith("!") else m.group(1), text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "&" in text:
        text = _ENTITY.sub(lambda m: html.unescape(m.group(0)), text)
    if "*" in text or "_" in text:
        text = _SINGLE_STAR.sub(r"\1", _EMPHASIS.sub("", text))
    if "\\" in text:
        text = _ESCAPE.sub(r"\1", text)
    return clean(text)
