"""Rows of a text whose cells commas part, as a ledger is saved from a workbook: 序号,事项,"甲局、乙局",2025-06-30."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from duban.errors import Unreadable
from duban.reading.source import Format, Line, Source
from duban.reading.text.decode import decode
from duban.reading.text.docx import in_simplified
from duban.reading.text.grid import MAX_COLUMNS
from duban.reading.text.normalise import clean

_LEAST_COLUMNS = 4
_LEAST_ROWS = 3
_MOST_HEAD = 14  # characters of a column's name
_SENTENCE = re.compile(r"[。;\uff1b:\uff1a、!\uff01?\uff1f]|^\s*\d")


def read_separated(data: bytes) -> Source:
    """A .csv or .tsv as table rows, line breaks within quoted cells kept; raises `Unreadable` for a wrong encoding."""
    text = decode(data).lstrip("\ufeff")
    if declared := re.match(r"sep=(.)\r?\n", text):
        text = text[declared.end() :]
    first = "\n".join(text.splitlines()[:20])
    mark = declared.group(1) if declared else max(",\t;|", key=first.count)
    lines: list[Line] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    begin = 2 if declared else 1
    try:
        for row, printed in enumerate(reader, start=1):
            end = reader.line_num + (1 if declared else 0)
            cells = tuple(_lines_of(cell) for cell in printed[:MAX_COLUMNS])
            if any(cells):
                shown = " | ".join(dict.fromkeys(cell for cell in cells if cell))
                lines.append(Line(shown, mark.join(printed), begin, end=end, cells=cells, table=1, row=row))
            begin = end + 1
    except csv.Error as error:
        raise Unreadable(reason="the table is damaged", remedy="Open it and save it as .xlsx.") from error
    return Source(Format.TEXT, in_simplified(lines))


def _lines_of(cell: str) -> str:
    return "\n".join(text for part in cell.splitlines() if (text := clean(part)))


def separated(lines: Sequence[str]) -> dict[int, list[str]]:
    """The cells of each line (by its place) of every run of rows with equally many cells. Time is linear."""
    found: dict[int, list[str]] = {}
    run: dict[int, list[str]] = {}
    for index, line in enumerate(lines):
        cells = _cells(line)
        if cells and run and len(cells) == len(next(iter(run.values()))):
            run[index] = cells
            continue
        found |= _table(run)
        run = {index: cells} if cells else {}
    return found | _table(run)


def _table(run: dict[int, list[str]]) -> dict[int, list[str]]:
    """The run where its first row names columns: sentences with as many commas are no table."""
    if len(run) < _LEAST_ROWS:
        return {}
    head = [cell.strip() for cell in next(iter(run.values()))]
    named = all(0 < len(cell) <= _MOST_HEAD and not _SENTENCE.search(cell) for cell in head)
    return run if named and len(set(head)) == len(head) else {}


def _cells(line: str) -> list[str]:
    if line.count(",") < _LEAST_COLUMNS - 1 or len(line) > 5_000:
        return []
    try:
        cells = next(csv.reader([line], strict=True), [])
    except csv.Error:
        return []
    return cells if _LEAST_COLUMNS <= len(cells) <= MAX_COLUMNS else []
