"""Tables whose columns single spaces part: 「序号 存在问题 责任单位 整改时限」 over rows that begin with a number,
or over rows of as many parts as the head has, whose head or cells tell what the columns hold.

Such a line is taken apart at its spaces; where its parts are more or fewer than the columns, the words themselves tell
which column each belongs to, as for cells that stand one below the other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from duban.reading.flat_tables import cells_of
from duban.reading.lexicon import Lexicon, Role
from duban.reading.source import Line
from duban.reading.structure_columns import may_be_head, told_head
from duban.reading.structure_table_heads import names_columns

_NUMBER = re.compile(r"^\d{1,4}[.、．]?$")
_LONGEST_NAME = 14
_LEAST_ROWS = 2
#: Lines of three parts each may be anything: a list of names, a date in three words.
_LEAST_EVEN = 4


def spread_columns(lines: Sequence[Line], lexicon: Lexicon) -> list[Line]:
    """The lines with the heads and rows of such tables taken apart; the same lines where there are none."""
    found: list[Line] = []
    index, table = 0, max((line.table or 0 for line in lines), default=0)
    while index < len(lines):
        width = _names(lines[index], lexicon)
        end = _end_of_rows(lines, index + 1, width) if width else _end_of_even(lines, index, lexicon)
        width = width or len(lines[index].text.split())
        if end - index <= _LEAST_ROWS:
            found.append(lines[index])
            index += 1
            continue
        table += 1
        words = lines[index].text.split()
        for row, line in enumerate(lines[index:end], start=1):
            cells = cells_of(line.text.split(), words, lexicon)
            found.append(replace(line, cells=cells, merged=("",) * width, table=table, row=row))
        index = end
    return found


def _names(line: Line, lexicon: Lexicon) -> int:
    """How many columns a line names; 0 where it is no head."""
    words = line.text.split()
    if line.cells is not None or not 3 <= len(words) <= 12 or max(map(len, words)) > _LONGEST_NAME:
        return 0
    return len(words) if lexicon.role(words[0]) is Role.NUMBER and names_columns(words, lexicon) else 0


def _end_of_even(lines: Sequence[Line], begin: int, lexicon: Lexicon) -> int:
    """Where a table ends that begins at a line, whose rows have no number but as many parts each as the head.

    A row of more or fewer parts, of which no number tells that it is one, makes the whole no table: nothing is lost.
    """
    width = _parts(lines[begin])
    if width < _LEAST_EVEN or (begin and _parts(lines[begin - 1]) == width):
        return begin
    end = begin + 1
    while end < len(lines) and _parts(lines[end]) == width:
        end += 1
    if end - begin <= _LEAST_ROWS or (end < len(lines) and _parts(lines[end]) >= 3):
        return begin
    rows = [replace(line, cells=tuple(line.text.split())) for line in lines[begin:end]]
    words = rows[0].cells or ()
    named = may_be_head(words) and names_columns(words, lexicon)
    told = None if named else told_head(rows, lexicon)
    return end if named or (told is not None and told[2] == 0) else begin


def _parts(line: Line) -> int:
    return len(line.text.split()) if line.cells is None else 0


def _end_of_rows(lines: Sequence[Line], begin: int, width: int) -> int:
    end = begin
    while end < len(lines) and _is_row(lines[end], width):
        end += 1
    return end


def _is_row(line: Line, width: int) -> bool:
    parts = line.text.split() if line.cells is None else []
    return 3 <= len(parts) <= 3 * width and len(parts) >= width - 3 and bool(_NUMBER.match(parts[0]))
