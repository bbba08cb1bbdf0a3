"""Tables wider than the page: a workbook prints the columns that found no room on pages of their own, later on.

Told by ruled tables of the same rows at the same heights: N pages with the first columns, the numbers among them, then
N pages with further columns, without numbers and with other words in their head.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from duban.reading.text.pdf_columns import Printed
from duban.reading.text.pdf_page import Part, Row

_NUMBER = re.compile(r"^[(（]?\d{1,4}[)）]?[.、]?$")
_SAME = 2.0  # points by which the heights of one row may differ


def side_by_side(pages: list[list[Part]]) -> list[list[Part]]:
    """The pages, with columns that were printed on later pages put back beside the others."""
    first = 0
    while first < len(pages):
        deep = next((n for n in range(1, (len(pages) - first) // 2 + 1) if _goes_right(pages, first, n)), 0)
        if not deep:
            first += 1
            continue
        pages = [*pages[:first], *_joined(pages, first, deep), *pages[first + 2 * deep :]]
    return pages


def _goes_right(pages: Sequence[list[Part]], first: int, deep: int) -> bool:
    """Whether the `deep` pages behind the first `deep` ones hold further columns of their tables."""
    pairs = [(_table(pages[first + i]), _table(pages[first + deep + i])) for i in range(deep)]
    if not all(left and right and _same_rows(left, right) for left, right in pairs):
        return False
    left, right = pairs[0]
    known = {cell for row in left[:3] for cell in row.cells if cell}
    fresh = {cell for row in right[:3] for cell in row.cells if cell}
    numbers = [
        sum(bool(_NUMBER.match(row.cells[0])) for rows in side for row in rows) for side in zip(*pairs, strict=True)
    ]
    return not known & fresh and bool(fresh) and len(left) >= 2 and numbers[0] >= 1 and numbers[1] == 0


def _table(page: Sequence[Part]) -> list[Row]:
    """The rows of a page's only table; none where there is text behind it, or several tables."""
    tables = [part for part in page if isinstance(part, list)]
    return tables[0] if len(tables) == 1 else []


def _same_rows(left: Sequence[Row], right: Sequence[Row]) -> bool:
    same = all(abs(a.top - b.top) <= _SAME for a, b in zip(left, right, strict=False))
    return len(left) == len(right) and same


def _joined(pages: Sequence[list[Part]], first: int, deep: int) -> list[list[Part]]:
    """The first pages, each row with the cells of the same row on the later page; its other lines stay behind."""
    joined: list[list[Part]] = []
    for i in range(deep):
        beside = _table(pages[first + deep + i])
        parts: list[Part] = []
        for part in pages[first + i]:
            if isinstance(part, Printed):
                parts.append(part)
            else:
                parts.append([_row(row, other) for row, other in zip(part, beside, strict=True)])
        parts += [part for part in pages[first + deep + i] if isinstance(part, Printed)]
        joined.append(parts)
    return joined


def _row(left: Row, right: Row) -> Row:
    return Row(left.cells + right.cells, left.merged + right.merged, left.page, left.top)
