"""Tables without ruling lines: columns told by a head whose words name them, and by the white between them.

A page gives only characters and their places. The head is the line (or the few lines) whose pieces name a ledger's
columns; between two names the column ends where the fewest characters stand. A row begins with its number: at the
row's first line, or in its middle where cells are centred.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from duban.reading.lexicon import Lexicon, Role
from duban.reading.structure_numbering import numbered
from duban.reading.structure_table_heads import names_columns

#: A gap of more than this share of the type's size parts two pieces of a line.
_GAP = 0.45
_HEAD_LINES = 3
_LONGEST_NAME = 16
_NUMBER = re.compile(r"^[(\uff08]?\d{1,4}(?:[.-]\d{1,3})?[)\uff09]?[.、]?$")


@dataclass(frozen=True, slots=True)
class Printed:
    """A line as printed: its text, place on the page in points from top and left, and the size of its type."""

    text: str
    page: int
    top: float
    bottom: float
    left: float
    right: float
    size: float
    height: float  # of the page
    chars: tuple[tuple[str, float, float], ...] = field(default=(), compare=False, repr=False)  # text, left, right
    notes: int = field(default=0, compare=False)  # marks in it that point to notes

    @property
    def middle(self) -> float:
        """The line's middle in points from the top of the page."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table: the edges between them, their names, and which of them holds the rows' numbers."""

    edges: tuple[float, ...]
    names: tuple[str, ...]
    number: int | None
    centred: bool = False


@dataclass(slots=True)
class Found:
    """A table on a page: the lines of it that come before, its rows, and the lines behind it."""

    before: list[Printed]
    rows: list[tuple[str, ...]]
    after: list[Printed]
    columns: Columns


def table_in(lines: Sequence[Printed], lexicon: Lexicon, above: Columns | None) -> Found | None:
    """The first table among a page's lines; `above` are the columns of one that the page before ended with."""
    for index in range(len(lines)):
        if (found := _head_at(lines, index, lexicon)) is not None:
            depth, names = found
            below = lines[index + depth :]
            body, after = _until_prose(below, _edges(names, below))
            if len(body) < 2:
                continue
            columns = _columns(names, body, lexicon)
            rows = [tuple(text for text, _, _ in names), *_rows(body, columns)]
            return Found(list(lines[:index]), rows, after, columns)
    if above is not None and _fits(lines, above):
        body, after = _until_prose(lines, above.edges)
        return Found([], _rows(body, above), after, above)
    return None


_Piece = tuple[str, float, float]


def _pieces(line: Printed) -> list[_Piece]:
    """The parts of a line that white parts: text, left and right edge."""
    pieces: list[_Piece] = []
    for char, left, right in line.chars:
        if not char.strip():
            continue
        if pieces and left - pieces[-1][2] <= _GAP * line.size:
            pieces[-1] = (pieces[-1][0] + char, pieces[-1][1], right)
        else:
            pieces.append((char, left, right))
    return pieces


def _head_at(lines: Sequence[Printed], index: int, lexicon: Lexicon) -> tuple[int, list[_Piece]] | None:
    """How many lines a head takes that begins at a line, and its names with their places."""
    best: tuple[int, list[_Piece]] | None = None
    names: list[_Piece] = []
    for depth, line in enumerate(lines[index : index + _HEAD_LINES], start=1):
        pieces = _pieces(line)
        if any(len(text) > _LONGEST_NAME or _NUMBER.match(text) for text, _, _ in pieces):
            break
        stacked = _stacked(names, pieces)
        if stacked is None or (best is not None and _known(stacked, lexicon) < _known(best[1], lexicon)):
            break
        names = stacked
        if len(names) >= 3 and names_columns([text for text, _, _ in names], lexicon):
            best = (depth, names)
    return best


def _known(names: Sequence[_Piece], lexicon: Lexicon) -> int:
    return sum(lexicon.role(text) is not None for text, _, _ in names)


def _stacked(names: Sequence[_Piece], pieces: Sequence[_Piece]) -> list[_Piece] | None:
    """Names that go on in a second line (牵头 over 单位); None where a piece stands over or under several others."""
    places = [[i for i, (_, a, b) in enumerate(names) if min(b, right) > max(a, left)] for _, left, right in pieces]
    taken = [i for under in places for i in under]
    if any(len(under) > 1 for under in places) or len(taken) > len(set(taken)):
        return None
    whole = list(names)
    for (text, left, right), under in zip(pieces, places, strict=True):
        if under:
            word, a, b = whole[under[0]]
            whole[under[0]] = (word + text, min(a, left), max(b, right))
        else:
            whole.append((text, left, right))
    return sorted(whole, key=lambda piece: piece[1])


def _until_prose(lines: Sequence[Printed], edges: Sequence[float]) -> tuple[list[Printed], list[Printed]]:
    """The lines up to where running text begins again: two lines in a row that run over the columns."""
    for index in range(len(lines) - 1):
        if all(_runs_over(line, edges) and len(line.text) > 25 for line in lines[index : index + 2]):
            return list(lines[:index]), list(lines[index:])
    return list(lines), []


def _runs_over(line: Printed, edges: Sequence[float]) -> bool:
    """Whether a line is one piece that stands over the edge between two columns."""
    pieces = _pieces(line)
    return len(pieces) == 1 and any(pieces[0][1] + line.size < edge < pieces[0][2] - line.size for edge in edges)


def _edges(names: Sequence[_Piece], body: Sequence[Printed]) -> tuple[float, ...]:
    """Between each two names the middle of the widest place where the fewest characters stand."""
    edges = []
    for (_, a, b), (_, c, d) in pairwise(names):
        low, high = int((a + b) / 2), max(int((c + d) / 2), int((a + b) / 2) + 1)
        counts = [0] * (high - low + 1)
        for line in body:
            for _, left, right in line.chars:
                for x in range(max(low, int(left) + 1), min(high, int(right)) + 1):
                    counts[x - low] += 1
        edges.append(low + _middle_of_least(counts))
    return tuple(edges)


def _middle_of_least(counts: Sequence[int]) -> float:
    least, best, start = min(counts), (0, 0), None
    for i, count in enumerate([*counts, least + 1]):
        if count == least and start is None:
            start = i
        elif count != least and start is not None:
            best = max(best, (i - start, -start))
            start = None
    length, begin = best[0], -best[1]
    return begin + (length - 1) / 2


def _columns(names: Sequence[_Piece], body: Sequence[Printed], lexicon: Lexicon) -> Columns:
    words = tuple(text for text, _, _ in names)
    number = next((i for i, word in enumerate(words) if lexicon.role(word) is Role.NUMBER), None)
    columns = Columns(_edges(names, body), words, number)
    if number == 0 and not any(_number_of(line, columns) for line in body):
        columns = Columns(_behind_numbers(columns.edges, body), words, number)
    return Columns(columns.edges, words, number, centred=_is_centred(body, columns))


def _behind_numbers(edges: tuple[float, ...], body: Sequence[Printed]) -> tuple[float, ...]:
    """The edges with the first moved behind numbers that a workbook sets right, close to the next column's text.

    Only where the lines that open with a figure count 1, 2, 3 …; else the edges as they are.
    """
    counted: list[int] = []
    ends, begins = [], []
    for line in body:
        inked = [char for char in line.chars if char[0].strip()]
        digits = next((i for i, (char, _, _) in enumerate(inked) if not char.isdigit()), len(inked))
        if 1 <= digits <= 4 and digits < len(inked) and inked[digits][1] > inked[digits - 1][2]:
            counted.append(int("".join(char for char, _, _ in inked[:digits])))
            ends.append(inked[digits - 1][2])
            begins.append(inked[digits][1])
    if len(counted) < 2 or any(below != above + 1 for above, below in pairwise(counted)) or max(ends) >= min(begins):
        return edges
    return ((max(ends) + min(begins)) / 2, *edges[1:])


def _cells(line: Printed, columns: Columns) -> list[str]:
    cells = [""] * len(columns.names)
    last: tuple[int, float] | None = None
    for char, left, right in line.chars:
        column = sum((left + right) / 2 > edge for edge in columns.edges)
        if last is not None and last[0] == column and left - last[1] > 0.6 * line.size and char.strip():
            cells[column] += " "
        cells[column] += char
        last = (column, right)
    return [cell.strip() for cell in cells]


def _number_of(line: Printed, columns: Columns) -> str:
    if columns.number is None or _runs_over(line, columns.edges):
        return ""
    text = _cells(line, columns)[columns.number]
    return text if _NUMBER.match(text) else ""


def _is_centred(body: Sequence[Printed], columns: Columns) -> bool:
    """Whether rows have their number in the middle: text of the first row stands above its number."""
    for line in body:
        if _number_of(line, columns):
            return False
        if not _runs_over(line, columns.edges) and not _is_heading(line, columns):
            return True
    return False


def _is_heading(line: Printed, columns: Columns) -> bool:
    """Whether a line is words in the column of numbers alone: a heading between rows that was not merged over them."""
    cells = _cells(line, columns)
    alone = columns.number is not None and not any(cell for i, cell in enumerate(cells) if i != columns.number)
    return numbered(line.text) is not None or (alone and not _number_of(line, columns))


def _is_heading_alone(line: Printed, columns: Columns) -> bool:
    cells = _cells(line, columns)
    words = cells[columns.number or 0]
    return bool(re.search(r"[\u4e00-\u9fff]", words)) and sum(map(bool, cells)) == 1


def _fits(lines: Sequence[Printed], columns: Columns) -> bool:
    """Whether a page goes on with the table of the page before: a numbered row stands in its columns."""
    ahead = [line for line in lines[:12] if not _runs_over(line, columns.edges)]
    return any(_number_of(line, columns) and sum(map(bool, _cells(line, columns))) >= 2 for line in ahead)


def _rows(body: Sequence[Printed], columns: Columns) -> list[tuple[str, ...]]:
    """The rows of a table's lines; a line that runs over the columns is a row with one text."""
    rows: list[tuple[str, ...]] = []
    run: list[Printed] = []
    heading = False  # the line before was one, alone in the column of numbers
    for line in body:
        alone = not columns.centred and columns.number is not None and _is_heading_alone(line, columns)
        if not alone and not _runs_over(line, columns.edges):
            run.append(line)
            heading = False
            continue
        rows += [_joined(part, columns) for part in _parted(run, columns)]
        run = []
        text = line.text
        if alone and heading:
            text = rows.pop()[0] + text  # 二、基础设 / 施类
        rows.append((text, *[""] * (len(columns.names) - 1)))
        heading = alone
    return [*rows, *(_joined(part, columns) for part in _parted(run, columns))]


def _parted(lines: Sequence[Printed], columns: Columns) -> list[list[Printed]]:
    """The lines of each row."""
    parts: list[list[Printed]] = []
    if columns.number is None:
        return _parted_by_white(lines)
    if columns.centred:
        return _parted_by_middles(lines, columns)
    for line in lines:
        starts = bool(_number_of(line, columns))
        if parts and (not starts or line.top - parts[-1][0].top < 2):
            parts[-1].append(line)
        else:
            parts.append([line])
    return parts


def _parted_by_middles(lines: Sequence[Printed], columns: Columns) -> list[list[Printed]]:
    """Rows with their number in the middle reach as far below it as above."""
    numbers = [line for line in lines if _number_of(line, columns)]
    parts: list[list[Printed]] = []
    rest = list(lines)
    for number in numbers:
        if not rest:
            break
        end = 2 * number.middle - rest[0].top
        part = [line for line in rest if line.middle <= end + 1 or line is number]
        parts.append(part)
        rest = rest[len(part) :]
    if rest and parts:
        parts[-1] += rest
    elif rest:
        parts.append(rest)
    return parts


def _parted_by_white(lines: Sequence[Printed]) -> list[list[Printed]]:
    """Rows without numbers: parted where more white stands than between the lines of a cell."""
    gaps = sorted(below.top - above.bottom for above, below in pairwise(lines))
    usual = gaps[len(gaps) // 4] if gaps else 0.0
    parts: list[list[Printed]] = []
    for line in lines:
        if parts and line.top - max(one.bottom for one in parts[-1]) <= usual + 0.35 * line.size:
            parts[-1].append(line)
        else:
            parts.append([line])
    return parts


def _joined(part: Sequence[Printed], columns: Columns) -> tuple[str, ...]:
    """A row's cells, each with its lines one below the other."""
    printed = [_cells(line, columns) for line in part]
    return tuple("\n".join(cells[i] for cells in printed if cells[i]) for i in range(len(columns.names)))
