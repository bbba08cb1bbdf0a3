"""Tables whose columns single spaces part: 「序号 存在问题 责任单位 整改时限」 over rows that begin with a number.

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
from duban.reading.structure_table_heads import names_columns

_NUMBER = re.compile(r"^\d{1,4}[.、．]?$")
_LONGEST_NAME = 14
_LEAST_ROWS = 2


def spread_columns(lines: Sequence[Line], lexicon: Lexicon) -> list[Line]:
    """The lines with the heads and rows of such tables taken apart; the same lines where there are none."""
    found: list[Line] = []
    index, table = 0, max((line.table or 0 for line in lines), default=0)
    while index < len(lines):
        width = _names(lines[index], lexicon)
        end = _end_of_rows(lines, index + 1, width) if width else index
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


def _end_of_rows(lines: Sequence[Line], begin: int, width: int) -> int:
    end = begin
    while end < len(lines) and _is_row(lines[end], width):
        end += 1
    return end


def _is_row(line: Line, width: int) -> bool:
    parts = line.text.split() if line.cells is None else []
    return 3 <= len(parts) <= 3 * width and len(parts) >= width - 3 and bool(_NUMBER.match(parts[0]))
