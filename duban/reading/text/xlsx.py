"""Excel ledgers: every visible sheet's rows as table rows, merged cells filled, dates as they would be printed."""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from duban.errors import Unreadable
from duban.reading.source import Format, Line, Source
from duban.reading.text.archive import Archive
from duban.reading.text.docx import in_simplified
from duban.reading.text.grid import MAX_COLUMNS
from duban.reading.text.normalise import clean
from duban.reading.text.xlsx_formulas import UNCOMPUTED, Formulas, Uncomputed

_MERGE = re.compile(rb"<(?:\w{1,20}:)?mergeCell\s[^<>]{0,200}?ref=[\"']([A-Z0-9:]{5,21})[\"']")
#: 0.00 shows 2025.1 as 2025.10, and 0% shows 0.95 as 95%.
_DECIMALS = re.compile(r"^(?:#,##)?0(?:\.(?P<places>0+))?(?P<percent>%)?(?:_\s?\)?)?(?:;.*)?$")
_HIDDEN_ROW = re.compile(
    rb"<(?:\w{1,20}:)?row\s(?=[^<>]{0,300}?\shidden=[\"'](?:1|true)[\"'])[^<>]{0,300}?\br=[\"'](\d{1,7})[\"']"
)
_COLUMN = re.compile(rb"<(?:\w{1,20}:)?col\s[^<>]{0,300}>")
_ATTRIBUTE = re.compile(rb"(\w{1,20})=[\"']([^\"'<>]{0,40})[\"']")
#: After so many empty rows in a row nothing more is expected: a format that was painted down to the last row.
MAX_EMPTY = 2_000
MAX_ROWS = 200_000
_MOST_TOLD = 20

_Merges = dict[tuple[int, int], tuple[int, int]]


def read_xlsx(archive: Archive) -> Source:
    """A workbook as table rows; raises `Unreadable` where it is damaged."""
    try:
        book = _Book(archive)
        lines = list(book.lines())
    except Unreadable:
        raise
    except Exception as error:  # a damaged workbook fails in openpyxl in many ways, none of them documented
        raise Unreadable(reason="the workbook is damaged", remedy="Open it and save it again as .xlsx.") from error
    shown_lines = in_simplified([line for line, hidden in lines if not hidden])
    if not shown_lines and book.uncomputed:
        raise Unreadable(
            reason="its cells are formulas, and the file does not hold what they give",
            remedy="Open it in Excel or WPS, save it and give it again.",
        )
    hidden_lines = [line for line, hidden in lines if hidden]
    return Source(Format.XLSX, shown_lines, hidden=hidden_lines, notices=book.notices())


@dataclass(slots=True)
class _Book:
    """A workbook while its sheets go by."""

    archive: Archive
    formulas: Formulas | None = None
    uncomputed: list[tuple[int, str, str]] = field(default_factory=list)  # line, sheet and cell, formula

    def lines(self) -> Iterator[tuple[Line, bool]]:
        """Every row of the visible sheets, and whether the row is hidden; hidden columns are left out."""
        from openpyxl import load_workbook

        for name in self.archive.names:  # every part is checked for size and entities before the library sees the file
            if name.endswith((".xml", ".rels")):
                self.archive.part(name)
        data = self.archive.transitional()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            number = 0
            for table, sheet in enumerate(book.worksheets, start=1):
                if sheet.sheet_state != "visible":
                    continue
                sheet.reset_dimensions()
                path: str = getattr(sheet, "_worksheet_path", "")  # the only way to a read-only sheet's merged cells
                content = self.archive.part(path.lstrip("/"))
                if self.formulas is None and UNCOMPUTED.search(content):
                    self.formulas = Formulas(data)
                rows_unseen, columns_unseen = _hidden(content)
                filled = list(_filled(self._rows(sheet.title, sheet.iter_rows(), number), _merges(content)))
                used = sorted({i for _, cells, _ in filled for i, cell in enumerate(cells) if cell} - columns_unseen)
                for row, all_cells, all_marks in filled:
                    here = [i for i in used if i < len(all_cells)]
                    cells, merged = tuple(all_cells[i] for i in here), tuple(all_marks[i] for i in here)
                    if not any(cells):
                        continue
                    number += 1
                    text = " | ".join(dict.fromkeys(cell for cell in cells if cell))
                    original = "\t".join(cells)
                    yield (
                        Line(
                            text, original, number, sheet=sheet.title, cells=cells, merged=merged, table=table, row=row
                        ),
                        row in rows_unseen,
                    )
            book.close()

    def notices(self) -> list[tuple[int, str]]:
        """What to say of formulas whose value nobody knows."""
        told = [
            (line, f"单元格{place}是公式,文件里没有算好的结果,没有读入:{formula[:40]}。请用Excel或WPS打开保存一次再读")
            for line, place, formula in self.uncomputed[:_MOST_TOLD]
        ]
        if len(self.uncomputed) > _MOST_TOLD:
            told.append((self.uncomputed[_MOST_TOLD][0], f"这样的公式单元格共{len(self.uncomputed)}个"))
        return told

    def _rows(self, title: str, rows: Iterable[tuple[Any, ...]], above: int) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Rows with their number, up to the last that holds anything."""
        empty = filled = 0
        for number, row in enumerate(rows, start=1):
            cells = tuple(shown(cell) for cell in row[:MAX_COLUMNS])
            if self.formulas is not None:
                cells = self._computed(self.formulas, title, number, row, cells, above + filled + 1)
            empty = 0 if any(cells) else empty + 1
            filled += any(cells)
            if empty > MAX_EMPTY or number > MAX_ROWS:
                return
            yield number, cells

    def _computed(
        self, formulas: Formulas, title: str, number: int, row: tuple[Any, ...], cells: tuple[str, ...], line: int
    ) -> tuple[str, ...]:
        texts = list(cells)
        for column, text in enumerate(cells):
            if text or row[column].value is not None or not (formula := formulas.formula(title, number, column)):
                continue
            try:
                value = formulas.value(title, number, column)
            except Uncomputed:
                place = f"{title}!{chr(65 + column) if column < 26 else column + 1}{number}"
                self.uncomputed.append((line, place, formula))
            else:
                texts[column] = printed(value, str(row[column].number_format or ""))
        return tuple(texts)


def _filled(
    rows: Iterable[tuple[int, tuple[str, ...]]], merges: _Merges
) -> Iterator[tuple[int, tuple[str, ...], tuple[str, ...]]]:
    """Rows that are not empty, with merged cells repeated and marked."""
    heads: dict[tuple[int, int], str] = {}
    widths: dict[int, int] = {}
    for row, column in merges:
        widths[row] = max(widths.get(row, 0), column + 1)
    for number, printed in rows:
        cells = printed + ("",) * (widths.get(number, 0) - len(printed))
        texts, marks = list(cells), [""] * len(cells)
        for column in range(len(cells)):
            head = merges.get((number, column))
            if head is None:
                continue
            if head == (number, column):
                heads[head] = cells[column]
            else:
                texts[column] = heads.get(head, "")
                marks[column] = "up" if head[0] < number else "left"
        if any(texts):
            yield number, tuple(texts), tuple(marks)


def _hidden(content: bytes) -> tuple[set[int], set[int]]:
    """The numbers of hidden rows (from 1) and the places of hidden columns (from 0)."""
    rows = {int(match.group(1)) for match in _HIDDEN_ROW.finditer(content)}
    columns: set[int] = set()
    for match in _COLUMN.finditer(content):
        attributes = dict(_ATTRIBUTE.findall(match.group(0)))
        low, high = attributes.get(b"min", b""), attributes.get(b"max", b"")
        if attributes.get(b"hidden") in (b"1", b"true") and low.isdigit() and high.isdigit():
            columns |= set(range(int(low) - 1, min(int(high), MAX_COLUMNS)))
    return rows, columns


def _merges(content: bytes) -> _Merges:
    """For each cell of a merged range, the range's first cell; very large ranges only hold formats."""
    merges: _Merges = {}
    for match in _MERGE.finditer(content):
        _add_range(merges, match.group(1).decode("ascii"))
    return merges


def _add_range(merges: _Merges, reference: str) -> None:
    match = re.fullmatch(r"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})", reference)
    if not match:
        return
    left, top, right, bottom = _column(match[1]), int(match[2]), _column(match[3]), int(match[4])
    if (right - left + 1) * (bottom - top + 1) > 100_000 or len(merges) > 1_000_000:
        return
    for row in range(top, bottom + 1):
        for column in range(left, min(right, MAX_COLUMNS) + 1):
            merges[(row, column)] = (top, left)


def _column(letters: str) -> int:
    value = 0
    for letter in letters:
        value = 26 * value + ord(letter) - 64
    return value - 1


def shown(cell: Any) -> str:
    """What a cell shows: text, a whole number without its .0, a date in the form of its format."""
    return "" if cell.value is None else printed(cell.value, str(cell.number_format or ""))


def printed(value: Any, form: str) -> str:
    """A value in the form of a number format."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, dt.datetime | dt.date):
        return _date(value, form)
    if isinstance(value, int | float) and (decimals := _DECIMALS.search(form)):
        places = len(decimals["places"] or "")
        return f"{value * 100:.{places}f}%" if decimals["percent"] else f"{value:.{places}f}"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.10g}"
    lines = (clean(part) for part in str(value).replace("_x000D_", "").splitlines())
    return "\n".join(line for line in lines if line)


def _date(value: dt.datetime | dt.date, form: str) -> str:
    form = re.sub(r"\[[^\]]*\]|\\|\"", "", form).lower()
    if "d" not in form and "m" in form and "y" in form:
        return f"{value.year}年{value.month}月"
    return f"{value.year}年{value.month}月{value.day}日"
