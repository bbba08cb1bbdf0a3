"""Word documents: paragraphs with their heading level and automatic numbers, tables with merged cells.

Read from the XML itself: what is wanted (automatic numbers, merged cells, text that is inserted but not yet
accepted, nothing that is deleted) is just what the usual library leaves out. Heads and feet are parts of their own
and never looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from lxml import etree

from duban.reading.source import Format, Line, Source
from duban.reading.text.archive import Archive
from duban.reading.text.docx_numbering import Numbering, Styles
from duban.reading.text.docx_text import SKIPPED, content_of, mark_is_deleted, paragraphs_of, row_is_deleted
from duban.reading.text.furniture import without_furniture
from duban.reading.text.grid import Cell, fill
from duban.reading.text.normalise import clean, is_traditional, simplified, without_residue
from duban.reading.text.xml_parts import parse

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HOLDERS = frozenset(
    [f"{W}sdt", f"{W}sdtContent", f"{W}ins", f"{W}moveTo", f"{W}customXml", f"{W}smartTag"]
    + [
        "{http://schemas.openxmlformats.org/markup-compatibility/2006}" + name
        for name in ("AlternateContent", "Choice")
    ]
)
MAX_DEPTH = 200


def read_docx(archive: Archive) -> Source:
    """A `.docx` as lines; raises `Unreadable` where its XML is damaged.

    Pages are known only where Word wrote down where they broke; else no line names one.
    """
    content = archive.part(archive.main)
    body = parse(content).find(f"{W}body")
    styles = Styles.read(archive.related("styles", "word/styles.xml"))
    numbering = Numbering.read(archive.related("numbering", "word/numbering.xml"))
    walker = _Walker(numbering, styles, page=1 if b"lastRenderedPageBreak" in content else None)
    if body is not None:
        walker.blocks(body, 0)
    lines = without_furniture(in_simplified(walker.lines))
    return Source(Format.DOCX, lines, hidden=walker.hidden)


def in_simplified(lines: list[Line]) -> list[Line]:
    """The lines in simplified characters, if the document is in traditional ones."""
    if not is_traditional("\n".join(line.text for line in lines[:400])):
        return lines
    return [
        replace(
            line,
            text=simplified(without_residue(line.text)),
            cells=tuple(simplified(without_residue(cell)) for cell in line.cells) if line.cells else line.cells,
        )
        for line in lines
    ]


@dataclass(slots=True)
class _Walker:
    """Goes through the body once, counting lines, pages and tables."""

    numbering: Numbering
    styles: Styles
    page: int | None
    lines: list[Line] = field(default_factory=list)
    hidden: list[Line] = field(default_factory=list)
    tables: int = 0
    number: int = 0
    blank: bool = False
    unended: str = ""  # the text of a paragraph whose end is deleted

    def blocks(self, parent: etree._Element, depth: int) -> None:
        """Paragraphs and tables in order; content controls, insertions and text boxes are looked into."""
        if depth > MAX_DEPTH:
            return
        for child in parent:
            if child.tag == f"{W}p":
                self._paragraph(child, depth)
            elif child.tag == f"{W}tbl":
                self._table(child, depth)
            elif child.tag not in SKIPPED and child.tag in _HOLDERS:
                self.blocks(child, depth + 1)

    def _paragraph(self, element: etree._Element, depth: int) -> None:
        content = content_of(element)
        self._turn(content.before)
        if not content.text.strip() and mark_is_deleted(element):
            return
        prefix = self.unended or self.numbering.prefix(element, self.styles)
        self.unended = ""
        if mark_is_deleted(element):
            self.unended = prefix + content.text
            return
        if content.boxes and not self.lines:  # the title in a frame above the text
            self._boxes(content.boxes, depth)
            content.boxes = []
        level = self.styles.level(element)
        for part in (prefix + content.text).split("\n"):
            self._line(part, level)
        self._hide(content.hidden)
        self._turn(content.pages - content.before)
        self._boxes(content.boxes, depth)

    def _line(self, text: str, level: int) -> None:
        if not (body := clean(text)):
            self.blank = True
            return
        self.number += 1
        self.lines.append(Line(body, text, self.number, page=self.page, level=level, after_blank=self.blank))
        self.blank = False

    def _boxes(self, boxes: list[etree._Element], depth: int) -> None:
        for box in boxes:
            self.blocks(box, depth + 1)

    def _turn(self, pages: int) -> None:
        self.page = self.page + pages if self.page is not None else None

    def _hide(self, text: str) -> None:
        if body := clean(text):
            self.hidden.append(Line(body, text, max(self.number, 1)))

    def _table(self, element: etree._Element, depth: int) -> None:
        if self._lays_out(element):
            for tc in element.iter(f"{W}tc"):
                if _table_of(tc) is element:
                    self.blocks(tc, depth + 1)
            return
        self.tables += 1
        rows = self._rows(element)
        for row, (cells, merged) in enumerate(fill(cells for cells, _, _ in rows), start=1):
            self.number += 1
            _, before, pages = rows[row - 1]
            self._turn(before)
            self.lines.append(
                Line(" | ".join(c for c in cells if c), "\t".join(cells), self.number, page=self.page, cells=cells,
                     merged=merged, table=self.tables, row=row)
            )  # fmt: skip
            self._turn(pages - before)

    def _lays_out(self, table: etree._Element) -> bool:
        """Whether a table only holds others in place: tables stand in its cells, and it has one row or one column."""
        if all(_table_of(inner) is not table for inner in table.iter(f"{W}tbl") if inner is not table):
            return False
        rows = [tr for tr in table.iter(f"{W}tr") if _table_of(tr) is table]
        widths = [sum(_row_of(tc) is tr for tc in tr.iter(f"{W}tc")) for tr in rows]
        return len(rows) == 1 or max(widths, default=0) <= 1

    def _rows(self, table: etree._Element) -> list[tuple[list[Cell], int, int]]:
        """The rows with their cells, the pages that begin before their text and those that begin in them."""
        rows = []
        for tr in table.iter(f"{W}tr"):
            if _table_of(tr) is not table or row_is_deleted(tr) or any(up.tag in SKIPPED for up in _within(tr, table)):
                continue
            cells = [self._cell(tc) for tc in tr.iter(f"{W}tc") if _row_of(tc) is tr]
            before = max((before for _, before, _ in cells), default=0)
            rows.append(([cell for cell, _, _ in cells], before, max((pages for _, _, pages in cells), default=0)))
        return rows

    def _cell(self, tc: etree._Element) -> tuple[Cell, int, int]:
        properties = tc.find(f"{W}tcPr")
        span, above = 1, False
        if properties is not None:
            grid = properties.find(f"{W}gridSpan")
            span = _number(grid.get(f"{W}val")) if grid is not None else 1
            merge = properties.find(f"{W}vMerge")
            above = merge is not None and merge.get(f"{W}val", "continue") != "restart"
        parts: list[str] = []
        before = pages = 0
        for paragraph in paragraphs_of(tc):
            content = content_of(paragraph)
            before += content.before if not parts else 0
            pages += content.pages
            self._hide(content.hidden)
            if not content.text.strip() and mark_is_deleted(paragraph):
                continue
            printed = self.numbering.prefix(paragraph, self.styles) + content.text
            parts += [text for part in printed.split("\n") if (text := clean(part))]
        return Cell("\n".join(parts), span=min(max(span, 1), 200), above=above), before, pages


def _table_of(node: etree._Element) -> etree._Element | None:
    return next(node.iterancestors(f"{W}tbl"), None)


def _within(node: etree._Element, table: etree._Element) -> Iterator[etree._Element]:
    """What a row is wrapped in, up to its table."""
    for above in node.iterancestors():
        if above is table:
            return
        yield above


def _row_of(node: etree._Element) -> etree._Element | None:
    return next(node.iterancestors(f"{W}tr"), None)


def _number(value: str | None) -> int:
    return int(value) if value and re.fullmatch(r"\d{1,4}", value) else 1
