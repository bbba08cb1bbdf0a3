"""Text PDFs: lines by their place on the page, heads and feet dropped, wrapped lines joined, ruled tables as rows."""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from duban.errors import Unreadable
from duban.reading.lexicon import load_lexicon
from duban.reading.source import Format, Line, Source, glue
from duban.reading.text.docx import in_simplified
from duban.reading.text.furniture import without_furniture
from duban.reading.text.pdf_columns import Columns, Printed, table_in
from duban.reading.text.pdf_gutter import Strip
from duban.reading.text.pdf_page import Part, Row, cell_text, page_of
from duban.reading.text.pdf_spill import side_by_side
from duban.reading.text.wraps import is_labelled, starts_anew

MAX_PAGES = 400
#: How deep a page's head and foot reach at least, in points: no text is set so close to the edge.
_EDGE = 56
#: A scanned page may still have its number as text.
_PAGE_NUMBER = 8
_REMEDY_SCANNED = "Recognise its text first (OCR, 文字识别), or ask the issuing office for the text."


def read_pdf(data: bytes) -> Source:
    """A text PDF as lines; raises `Unreadable` for a scanned, encrypted or damaged one."""
    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    import pdfplumber

    try:
        with pdfplumber.open(io.BytesIO(data)) as document:
            _refuse_long(len(document.pages))
            pictured = [bool(page.images) for page in document.pages]
            pages = list(_pages(document.pages))
    except Unreadable:
        raise
    except RecursionError as error:
        raise _broken() from error
    except Exception as error:  # pdfminer fails on damaged files in many ways, none of them documented
        if "Password" in type(error).__name__ or "Password" in repr(error) or "Encryption" in repr(error):
            raise Unreadable(
                reason="it is protected by a password", remedy="Remove the password and give it again."
            ) from error
        raise _broken() from error
    ink = sum(_ink(part) for page in pages for part in page)
    if ink < 10:
        if pages:
            raise Unreadable(reason="it is a scanned PDF: pictures of pages without text", remedy=_REMEDY_SCANNED)
        raise Unreadable(reason="there is no text in it")
    lines = in_simplified(without_furniture(_lines(side_by_side(pages))))
    return Source(Format.PDF, lines, hidden=_unread(pages, pictured, last=len(lines)))


def _pages(printed: Iterable[Any]) -> Iterator[list[Part]]:
    strip: Strip | None = None
    for page in printed:
        parts, found = page_of(page, strip)
        strip = found or strip
        yield parts


def _ink(part: Part) -> int:
    """How many characters stand in a line or a table."""
    return len(part.text) if isinstance(part, Printed) else sum(len(cell) for row in part for cell in row.cells)


def _unread(pages: Sequence[list[Part]], pictured: Sequence[bool], last: int) -> list[Line]:
    """Pages that are pictures among pages of text: what stands on them is not read, and must not be lost in silence."""
    return [
        Line("", "", max(last, 1), page=number)
        for number, (parts, picture) in enumerate(zip(pages, pictured, strict=True), start=1)
        if picture and not any(isinstance(part, list) or len(part.text) > _PAGE_NUMBER for part in parts)
    ]


def _refuse_long(pages: int) -> None:
    if pages > MAX_PAGES:
        raise Unreadable(reason=f"it has {pages} pages, more than any plan", remedy="Give the plan alone.")


def _broken() -> Unreadable:
    return Unreadable(reason="the PDF is damaged or cut short", remedy="Download it again, or print it to a new PDF.")


def _lines(pages: Iterable[list[Part]]) -> list[Line]:
    """Everything as lines of the text layer, paragraphs joined."""
    parts = [part for page in pages for part in page]
    printed = [part for part in parts if isinstance(part, Printed)]
    dropped = _heads_and_feet(printed)
    parts = list(_with_columns([part for part in parts if isinstance(part, list) or part not in dropped]))
    printed = [part for part in parts if isinstance(part, Printed)]
    right, left = _right_edge(printed), _left_edge(printed)
    lines: list[Line] = []
    last: Printed | None = None
    table, previous_width = 0, 0
    for part in parts:
        if isinstance(part, list):
            width = max(len(row.cells) for row in part)
            if last is not None or width != previous_width:
                table += 1
            previous_width = width
            _add_rows(lines, part, table)
            last = None
        else:
            if last is not None and _goes_on(last, part, left, right):
                lines[-1] = replace(
                    lines[-1], text=glue(lines[-1].text, part.text), original=f"{lines[-1].original}\n{part.text}"
                )
            else:
                lines.append(Line(part.text, part.text, len(lines) + 1, page=part.page))
            last = part
    return lines


def _with_columns(parts: Sequence[Part]) -> Iterator[Part]:
    """The parts of all pages, with tables that have no ruling lines found among the printed lines."""
    lexicon = load_lexicon()
    above: Columns | None = None
    for run_page, group in groupby(parts, key=lambda part: part.page if isinstance(part, Printed) else 0):
        run = list(group)
        rest = [part for part in run if isinstance(part, Printed)]
        if not rest:
            above = None
            yield from run
        while rest and (found := table_in(rest, lexicon, above)) is not None:
            yield from found.before
            yield [Row(tuple(map(cell_text, cells)), ("",) * len(cells), run_page) for cells in found.rows]
            rest, above = found.after, found.columns
        above = None if rest else above
        yield from rest


def _add_rows(lines: list[Line], rows: list[Row], table: int) -> None:
    """Append a table's rows; the first row of a page may be the rest of the last row of the page before."""
    start = lines[-1].row or 0 if lines and lines[-1].table == table else 0
    if start:
        rows = rows[_repeated(rows, [line for line in lines if line.table == table][:_HEAD_ROWS]) :]
    for number, row in enumerate(rows, start=start + 1):
        if not any(row.cells):
            continue
        if number == start + 1 and start and _is_rest(lines[-1], row):
            lines[-1] = _with_rest(lines[-1], row)
            continue
        text = " | ".join(dict.fromkeys(cell for cell in row.cells if cell))
        original = "\t".join(row.cells)
        lines.append(
            Line(
                text,
                original,
                len(lines) + 1,
                page=row.page,
                cells=row.cells,
                merged=row.merged,
                table=table,
                row=number,
            )
        )


_HEAD_ROWS = 4


def _repeated(rows: Sequence[Row], first: Sequence[Line]) -> int:
    """How many rows at a page's top only repeat the head from the table's first page."""
    for start in range(len(first)):
        same = 0
        while same < len(rows) and start + same < len(first) and rows[same].cells == first[start + same].cells:
            same += 1
        if same:
            return same
    return 0


def _is_rest(above: Line, row: Row) -> bool:
    """Whether a page's first row only goes on with cells that the page break cut: no number, and unfinished above."""
    cells = above.cells or ()
    if row.cells[0] or len(row.cells) != len(cells):
        return False
    pairs = [(before, after) for before, after in zip(cells, row.cells, strict=True) if after]
    cut = sum(bool(before) and not re.search(r"[。;；]$", before) for before, _ in pairs)
    return cut >= 0.5 * len(pairs)


def _with_rest(above: Line, row: Row) -> Line:
    cells = tuple(glue(before, after) for before, after in zip(above.cells or (), row.cells, strict=True))
    return replace(above, cells=cells, text=" | ".join(dict.fromkeys(cell for cell in cells if cell)))


def _heads_and_feet(printed: Sequence[Printed]) -> set[Printed]:
    """Lines at the top or foot of most pages that are the same but for figures."""
    pages = {p.page for p in printed}
    edge = [
        p for p in printed if p.top < max(_EDGE, 0.1 * p.height) or p.bottom > p.height - max(_EDGE, 0.1 * p.height)
    ]
    shapes = Counter(re.sub(r"\d+", "#", p.text) for p in edge)
    numbers = [p for p in edge if re.fullmatch(r"[-—–\s·]*\d{1,3}[-—–\s·]*|第\s*\d+\s*页.*", p.text)]
    places = Counter((re.sub(r"\d+", "#", p.text), round(p.top / 3)) for p in edge)
    places_of: dict[tuple[str, int], set[int]] = {}
    for p in edge:
        places_of.setdefault((re.sub(r"\d+", "#", p.text), round(p.top / 3)), set()).add(p.page)
    often = {shape for shape, times in shapes.items() if times >= max(3, 0.5 * len(pages)) and len(shape) <= 50}
    often |= {
        shape for (shape, _), times in places.items() if len(pages) >= 2 and times == len(pages) and len(shape) <= 50
    }
    often |= _every_other(places_of, pages)
    return {p for p in edge if re.sub(r"\d+", "#", p.text) in often} | set(numbers)


def _every_other(places: dict[tuple[str, int], set[int]], pages: set[int]) -> set[str]:
    """Heads of left or right pages: the same words at the same place on all pages of even or of odd number."""
    found: set[str] = set()
    for (shape, _), on in places.items():
        side = {page for page in pages if page % 2 == min(on) % 2}
        if len(on) >= 2 and len(on) >= len(side) - 1 and on <= side and len(shape) <= 50 and not _OPENS.search(shape):
            found.add(shape)
    return found


#: What opens or labels a paragraph is no running head, though it may stand at the top of two pages.
_OPENS = re.compile(r"[:：。;；]$|^[(（]?[一二三四五六七八九十#]+[)）、.．]")


def _right_edge(printed: Sequence[Printed]) -> float:
    """Where full lines end: the right edge that many share; a title in the middle says nothing of it."""
    left = _left_edge(printed)
    edges = sorted((p.right for p in printed if p.left < left + 5 * p.size), reverse=True)
    return edges[len(edges) // 20] if edges else 0.0


def _left_edge(printed: Sequence[Printed]) -> float:
    return min((p.left for p in printed), default=0.0)


def _goes_on(above: Printed, below: Printed, left: float, right: float) -> bool:
    """Whether a line is the continuation of the one above: that one is full, and this one is not indented."""
    full = above.right >= right - 2.2 * above.size
    indented = below.left > left + 1.2 * below.size
    same_type = abs(above.size - below.size) < 1.5
    if above.text[-1] in "。;；:：)）】〕" and starts_anew(below.text):
        return False
    if is_labelled(below.text):
        return False
    if is_labelled(above.text) and re.match(r"[(（]?[一二三四五六七八九十]{1,3}[)）、]", below.text):
        return False
    centred = above.left > left + 3 * above.size
    return full and not indented and same_type and not centred
