"""Cells whose formula was never computed: programs that write ledgers leave the computing to Excel.

What numbers rows and what only points to another cell is computed here (=A3+1, =ROW()-2, =MAX(A$3:A3)+1, =B2&"局");
whatever else is left empty and named, for a made-up value would be worse than none.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterable
from typing import Any

#: A formula with no value behind it, or an empty one: its cell ends right there.
UNCOMPUTED = re.compile(
    rb"<(?:\w{1,9}:)?f\b[^<>]{0,200}(?:/>|>[^<>]{0,8000}</(?:\w{1,9}:)?f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</(?:\w{1,9}:)?c>"
)
_MOST_CELLS = 500_000
_DEEPEST = 5_000

_LONGEST = 300
_LITERAL = re.compile(r"^(?:\"([^\"]*)\"|\d{1,12})$")
_REFERENCE = re.compile(r"^(?:(?:'([^']{1,60})'|([\w\u4e00-\u9fff]{1,60}))!)?\$?([A-Z]{1,3})\$?(\d{1,7})$")
_STEP = re.compile(r"^(.{1,80}?)\s*([+-])\s*(\d{1,6})$")
_ROW = re.compile(r"^ROW\((?:\$?[A-Z]{1,3}\$?(\d{1,7}))?\)$", re.IGNORECASE)
_RANGE = re.compile(
    r"^(MAX|COUNTA|COUNT|SUBTOTAL)\((?:10?3\s*,\s*)?\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})\)$",
    re.IGNORECASE,
)

_Place = tuple[str, int, int]  # sheet, row from 1, column from 0


class Uncomputed(Exception):
    """A formula that is not computed here."""


class Formulas:
    """The formulas of a workbook and the cells they point to."""

    def __init__(self, data: bytes) -> None:
        from openpyxl import load_workbook

        self._cells: dict[_Place, Any] = {}
        self._known: dict[_Place, Any] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
            for sheet in book.worksheets:
                sheet.reset_dimensions()
                self._keep(sheet.title, sheet.iter_rows(values_only=True))
            book.close()

    def _keep(self, title: str, rows: Iterable[tuple[Any, ...]]) -> None:
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                if value is not None:
                    self._cells[title, number, column] = value
            if len(self._cells) > _MOST_CELLS:
                return

    def formula(self, sheet: str, row: int, column: int) -> str:
        """The cell's formula; "" where it holds none."""
        value = self._cells.get((sheet, row, column))
        text = value if isinstance(value, str) else str(getattr(value, "text", "") or "")
        return text if text.startswith("=") and len(text) > 1 else ""

    def value(self, sheet: str, row: int, column: int) -> Any:
        """What the cell's formula gives; raises `Uncomputed` where that is not known here."""
        chain: list[_Place] = []
        place = (sheet, row, column)
        while len(chain) < _DEEPEST:  # =A3+1 over a thousand rows: the cells it leads to first, without recursion
            try:
                value = self._computed(place)
            except _Needs as needs:
                if needs.place in chain:
                    break
                chain.append(place)
                place = needs.place
                continue
            self._known[place] = value
            if not chain:
                return value
            place = chain.pop()
        raise Uncomputed

    def _computed(self, place: _Place) -> Any:
        formula = self.formula(*place)
        return self._term(formula[1:].strip(), place) if formula else self._cells.get(place)

    def _term(self, text: str, at: _Place) -> Any:
        if len(text) > _LONGEST:
            raise Uncomputed
        if len(parts := re.split(r"&(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", text)) > 1:
            return "".join(_printed(self._term(part.strip(), at)) for part in parts)
        if literal := _LITERAL.match(text):
            return int(text) if literal.group(1) is None else literal.group(1)
        return self._pointed(text, at)

    def _pointed(self, text: str, at: _Place) -> Any:
        """What a row's number, another cell, a range or a step from one of these gives."""
        if found := _ROW.match(text):
            return int(found.group(1) or at[1])
        if found := _REFERENCE.match(text):
            sheet = found.group(1) or found.group(2) or at[0]
            return self._of((sheet, int(found.group(4)), _column(found.group(3))))
        if found := _RANGE.match(text):
            return self._range(found, at[0])
        if found := _STEP.match(text):
            left, step = self._term(found.group(1), at), int(found.group(3))
            if isinstance(left, int | float):
                return left + step if found.group(2) == "+" else left - step
        raise Uncomputed

    def _of(self, place: _Place) -> Any:
        if place in self._known:
            return self._known[place]
        if self.formula(*place):
            raise _Needs(place)
        return self._cells.get(place)

    def _range(self, found: re.Match[str], sheet: str) -> Any:
        columns = range(_column(found.group(2)), _column(found.group(4)) + 1)
        rows = range(int(found.group(3)), int(found.group(5)) + 1)
        if len(rows) * len(columns) > _DEEPEST:
            raise Uncomputed
        values = [value for row in rows for column in columns if (value := self._of((sheet, row, column))) is not None]
        numbers = [value for value in values if isinstance(value, int | float)]
        kind = found.group(1).upper()
        if kind == "MAX":
            return max(numbers, default=0)
        return len(numbers) if kind == "COUNT" else len(values)


class _Needs(Exception):
    def __init__(self, place: _Place) -> None:
        self.place = place


def _column(letters: str) -> int:
    value = 0
    for letter in letters.upper():
        value = 26 * value + ord(letter) - 64
    return value - 1


def _printed(value: Any) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
