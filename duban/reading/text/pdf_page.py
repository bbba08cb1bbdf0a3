"""One page of a PDF: its lines and ruled tables from top to bottom, without the notes at its foot and their marks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from duban.reading.source import glue
from duban.reading.text.grid import MAX_COLUMNS
from duban.reading.text.normalise import clean
from duban.reading.text.pdf_columns import Printed
from duban.reading.text.pdf_gutter import Strip, in_columns

#: A mark that points to a note is at most this share of the type's size, the note's own type this share.
_MARK_SIZE = 0.8
_NOTE_SIZE = 0.93
_MARK = re.compile(r"[\d①-⑳*\[\]［］〔〕]")
_NOTE = re.compile(r"^(?:[①-⑳*]|[\[［〔]?\d{1,2}[\]］〕]?(?!\d))")
_FOOT = re.compile(r"^[-—–\s·第]*\d{1,3}[-—–\s·页]*(?:共\s*\d+\s*页)?$")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a ruled table: its cells, filled where merged, with marks as in `Line.merged`."""

    cells: tuple[str, ...]
    merged: tuple[str, ...]
    page: int | None = None
    top: float = 0.0


Part = Printed | list[Row]


def page_of(page: Any, strip: Strip | None = None) -> tuple[list[Part], Strip | None]:
    """A page\'s lines and tables in the order of reading, and the strip between its columns if it is printed in two."""
    tables = page.find_tables() if len(page.lines) + len(page.rects) + len(page.curves) >= 4 else []
    tables = [table for table in tables if max(len(row.cells) for row in table.rows) >= 2]
    outside = page
    for table in tables:
        outside = outside.filter(_apart_from(table.bbox))
    lines = [
        printed
        for line in outside.extract_text_lines(return_chars=True, strip=True, x_tolerance=3, y_tolerance=3)
        if (printed := _printed(line, page)).text
    ]
    body = _body_size(lines)
    noted = [printed for printed in lines if printed.notes]
    parts: list[tuple[float, Part]] = [
        (line.top, line) for line in (_without_notes(lines, body, _rule(page)) if noted else lines)
    ]
    parts += [(table.bbox[1], _rows(table, page.page_number)) for table in tables]
    parts.sort(key=lambda part: part[0])
    page.close()
    return in_columns([part for _, part in parts], strip)


def _printed(line: dict[str, Any], page: Any) -> Printed:
    size = Counter(round(char["size"]) for char in line["chars"]).most_common(1)[0][0]
    chars, notes = _without_marks(line["chars"], size, line["bottom"])
    place = (line["top"], line["bottom"], line["x0"], line["x1"])
    pieces = tuple((char["text"], char["x0"], char["x1"]) for char in chars)
    return Printed(_respaced(chars), page.page_number, *place, size, float(page.height), pieces, notes)


def _without_marks(chars: Sequence[dict[str, Any]], size: float, bottom: float) -> tuple[list[dict[str, Any]], int]:
    """The characters without the small raised figures that point to notes, and how many of these there were."""
    kept: list[dict[str, Any]] = []
    notes = 0
    for char in chars:
        raised = char["size"] <= _MARK_SIZE * size and char["bottom"] < bottom - 0.1 * size
        if raised and _MARK.match(char["text"]) and kept and not re.match(r"[a-zA-Z0-9]", kept[-1]["text"]):
            notes += 1
        else:
            kept.append(char)
    return kept, notes


def _body_size(lines: Sequence[Printed]) -> float:
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _rule(page: Any) -> float:
    """The height of the short rule that parts the notes from the text; the page's own where there is none."""
    drawn = [*page.lines, *page.rects, *page.curves]
    short = [one for one in drawn if 30 < one["width"] < 0.45 * page.width and one["height"] < 2]
    return float(max((one["top"] for one in short if one["top"] > 0.3 * page.height), default=page.height))


def _without_notes(lines: Sequence[Printed], body: float, rule: float) -> list[Printed]:
    """The lines above the notes at the foot: those below a short rule, or smaller ones, from the first with a mark."""
    below = next((i for i, line in enumerate(lines) if line.top >= rule - 1), len(lines))
    if below < len(lines) and _NOTE.match(lines[below].text):
        return [*lines[:below], *(line for line in lines[below:] if _FOOT.match(line.text))]
    end = len(lines)
    while end and (lines[end - 1].size <= _NOTE_SIZE * body or _FOOT.match(lines[end - 1].text)):
        end -= 1
    for index in range(end, len(lines)):
        if lines[index].size <= _NOTE_SIZE * body and _NOTE.match(lines[index].text):
            return [*lines[:index], *(line for line in lines[index:] if _FOOT.match(line.text))]
    return list(lines)


def _rows(table: Any, page: int) -> list[Row]:
    """The rows of a ruled table; a place without a cell of its own is covered by the one above or to the left."""
    rows: list[Row] = []
    boxes: list[list[Any]] = []
    for printed, row in zip(table.extract(), table.rows, strict=True):
        cells: list[str] = []
        marks: list[str] = []
        here = list(row.cells[:MAX_COLUMNS])
        for column, box in enumerate(here):
            above = boxes[-1][column] if boxes and column < len(boxes[-1]) else None
            if box is not None:
                cells.append(cell_text(printed[column]))
                marks.append("")
            elif above is not None and rows and above[3] > row.bbox[1] + 2:
                cells.append(rows[-1].cells[column])
                marks.append("up")
                here[column] = above
            else:
                cells.append(cells[-1] if cells else "")
                marks.append("left" if cells else "")
        rows.append(Row(tuple(cells), tuple(marks), page, float(row.bbox[1])))
        boxes.append(here)
    return rows


def _apart_from(box: tuple[float, float, float, float]) -> Any:
    left, top, right, bottom = box

    def outside(thing: dict[str, Any]) -> bool:
        x, y = (thing["x0"] + thing["x1"]) / 2, (thing["top"] + thing["bottom"]) / 2
        return not (left <= x <= right and top <= y <= bottom)

    return outside


def _respaced(chars: Sequence[dict[str, Any]]) -> str:
    """A line's characters with a space only where there is a wide gap."""
    text = ""
    for before, char in zip([None, *chars], chars, strict=False):
        if before is not None and char["x0"] - before["x1"] > 0.6 * char["size"] and not text.endswith(" "):
            text += " "
        text += char["text"]
    return clean(text)


def cell_text(cell: str | None) -> str:
    """A cell's wrapped lines joined; a new line is kept only where the cell itself starts a numbered part."""
    whole = ""
    for line in (clean(part) for part in (cell or "").split("\n")):
        starts = bool(re.match(r"^(?:\d{1,2}[.、.)]|[(（]\d{1,2}[)）]|[①-⑳]|[(（][一二三四五六七八九十]+[)）])", line))
        whole = f"{whole}\n{line}" if whole and starts else glue(whole, line)
    return whole
