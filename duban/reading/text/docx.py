"""Word documents: paragraphs with their heading level and automatic numbers, tables with merged cells.

Read from the XML itself: what is wanted (automatic numbers, merged cells, text that is inserted but not yet
accepted, nothing that is deleted) is just what the usual library leaves out. Heads and feet are parts of their own
and never looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from duban.reading.source import Format, Line, Source
from duban.reading.text.archive import Archive
from duban.reading.text.docx_numbering import Numbering, Styles
from duban.reading.text.furniture import without_furniture
from duban.reading.text.grid import Cell, fill
from duban.reading.text.normalise import clean, is_traditional, simplified, without_residue
from duban.reading.text.xml_parts import parse

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_SKIPPED = frozenset(
    {
        f"{W}del",
        f"{W}moveFrom",
        "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
        f"{W}instrText",
    }
)
MAX_DEPTH = 200


def read_docx(archive: Archive) -> Source:
    """A `.docx` as lines; raises `Unreadable` where its XML is damaged."""
    body = parse(archive.part("word/document.xml")).find(f"{W}body")
    styles = Styles.read(archive.part("word/styles.xml"))
    walker = _Walker(Numbering.read(archive.part("word/numbering.xml")), styles)
    if body is not None:
        walker.blocks(body, 0)
    return Source(Format.DOCX, without_furniture(in_simplified(walker.lines)))


def in_simplified(lines: list[Line]) -> list[Line]:
    """The lines in simplified characters, if the document is in traditional ones."""
    from dataclasses import replace

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
    lines: list[Line] = field(default_factory=list)
    page: int = 1
    tables: int = 0
    number: int = 0
    blank: bool = False

    def blocks(self, parent: etree._Element, depth: int) -> None:
        """Paragraphs and tables in order; content controls and insertions are looked into."""
        for child in parent:
            if child.tag == f"{W}p":
                self._paragraph(child)
            elif child.tag == f"{W}tbl":
                self._table(child)
            elif (
                child.tag not in _SKIPPED
                and depth < MAX_DEPTH
                and child.tag in (f"{W}sdt", f"{W}sdtContent", f"{W}ins", f"{W}customXml")
            ):
                self.blocks(child, depth + 1)

    def _paragraph(self, element: etree._Element) -> None:
        text, pages = _text(element)
        prefix = self.numbering.prefix(element, self.styles)
        level = self.styles.level(element)
        for part in text.split("\n"):
            body = clean(prefix + part) if part.strip() else ""
            prefix = "" if body else prefix
            if not body:
                self.blank = True
                continue
            self.number += 1
            self.lines.append(Line(body, part, self.number, page=self.page, level=level, after_blank=self.blank))
            self.blank = False
        self.page += pages

    def _table(self, element: etree._Element) -> None:
        if self._lays_out(element):
            for tc in element.iter(f"{W}tc"):
                if _table_of(tc) is element:
                    self.blocks(tc, 0)
            return
        self.tables += 1
        for row, (cells, merged) in enumerate(fill(self._rows(element)), start=1):
            self.number += 1
            self.lines.append(
                Line(" | ".join(c for c in cells if c), "\t".join(cells), self.number, page=self.page, cells=cells,
                     merged=merged, table=self.tables, row=row)
            )  # fmt: skip

    def _lays_out(self, table: etree._Element) -> bool:
        """Whether a table only holds others in place: tables stand in its cells, and it has one row or one column."""
        if all(_table_of(inner) is not table for inner in table.iter(f"{W}tbl") if inner is not table):
            return False
        rows = [tr for tr in table.iter(f"{W}tr") if _table_of(tr) is table]
        widths = [sum(_row_of(tc) is tr for tc in tr.iter(f"{W}tc")) for tr in rows]
        return len(rows) == 1 or max(widths, default=0) <= 1

    def _rows(self, table: etree._Element) -> list[list[Cell]]:
        rows = []
        for tr in table.iter(f"{W}tr"):
            if _table_of(tr) is not table:
                continue
            rows.append([self._cell(tc) for tc in tr.iter(f"{W}tc") if _row_of(tc) is tr])
        return rows

    def _cell(self, tc: etree._Element) -> Cell:
        properties = tc.find(f"{W}tcPr")
        span, above = 1, False
        if properties is not None:
            grid = properties.find(f"{W}gridSpan")
            span = _number(grid.get(f"{W}val")) if grid is not None else 1
            merge = properties.find(f"{W}vMerge")
            above = merge is not None and merge.get(f"{W}val", "continue") != "restart"
        parts = []
        for paragraph in tc.iter(f"{W}p"):
            text = clean(self.numbering.prefix(paragraph, self.styles) + _text(paragraph)[0].replace("\n", " "))
            if text:
                parts.append(text)
        return Cell("\n".join(parts), span=min(max(span, 1), 200), above=above)


def _text(paragraph: etree._Element) -> tuple[str, int]:
    """The visible text of a paragraph, line breaks as such, and the pages that end in it."""
    parts: list[str] = []
    pages = 0
    stack = list(reversed(paragraph))
    while stack:
        node = stack.pop()
        if node.tag in _SKIPPED or not isinstance(node.tag, str):
            continue
        if node.tag == f"{W}t":
            parts.append(node.text or "")
        elif node.tag in (f"{W}tab",):
            parts.append(" ")
        elif node.tag in (f"{W}br", f"{W}cr"):
            pages += node.get(f"{W}type") == "page"
            parts.append("\n")
        elif node.tag == f"{W}lastRenderedPageBreak":
            pages += 1
        elif node.tag == f"{W}noBreakHyphen":
            parts.append("-")
        else:
            stack.extend(reversed(node))
    return "".join(parts), pages


def _table_of(node: etree._Element) -> etree._Element | None:
    return next(node.iterancestors(f"{W}tbl"), None)


def _row_of(node: etree._Element) -> etree._Element | None:
    return next(node.iterancestors(f"{W}tr"), None)


def _number(value: str | None) -> int:
    return int(value) if value and re.fullmatch(r"\d{1,4}", value) else 1
