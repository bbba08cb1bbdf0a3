"""Tables drawn with characters, ┌─┬─┐ │ ├─┼─┤ or +---+ |, as older legal databases and mails publish them.

A rule between two rows that leaves a column open (│  ├───┤) lets that cell go on: it is merged downwards. A line with
fewer bars than the table has columns spans some; which, its bars' places tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from duban.reading.source import Line, glue
from duban.reading.structure_numbering import numbered
from duban.reading.text.grid import MAX_COLUMNS
from duban.reading.text.wraps import width_of

_HORIZONTAL = "─━═┄┅┈┉╌╍╴╶╸╺"
_BARS = re.compile(rf"(?![{_HORIZONTAL}])[\u2500-\u257f]")
_RULED = re.compile(rf"[{_HORIZONTAL}]+")
_PLAIN_RULE = re.compile(r"^\s*[+|](?:[-=]{2,}[+|]){2,}\s*$")
_BARRED_RULE = re.compile(r"^\s*\|")
_PLAIN_BARS = re.compile(r"\||\+(?=[-=])|(?<=[-=])\+")
_PLAIN_RULED = re.compile(r"[-=]{2,}")
_FULL_BAR = str.maketrans({"｜": "|", "＋": "+"})
_CLOSED = re.compile(r"^\s*[└┗╚╘╙]")
_OPENED = re.compile(r"^\s*[┌┏╔╒╓]")
_PAGE = re.compile(r"^[\s—\-–·第页共]*\d{0,4}[\s—\-–·第页共\d/]*$")
_NUMBER = re.compile(r"^[(（]?\d{1,4}[)）]?[.、．]?$")
_MARK = re.compile(r"[、,，;；和及与(（]$")
#: In a column as narrow as this (in typewriter columns) a line that leaves room ends an entry of a list.
_NARROW = 28
_ROOM = 4


@dataclass(frozen=True, slots=True)
class Drawn:
    """A table found in lines `begin` to `end` (both 0-based, `end` exclusive), with its rows."""

    begin: int
    end: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its texts, its marks as in `Line.merged`, and the lines (0-based) it stands in."""

    cells: tuple[str, ...]
    merged: tuple[str, ...]
    first: int
    last: int


@dataclass(slots=True, eq=False)
class _Cell:
    """A cell with its printed lines, blank ones too."""

    lines: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Open:
    """A row while its lines go by: a cell for each column, the same one where it spans several."""

    cells: list[_Cell]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Segment:
    """What stands between two bars, and where it begins and ends in typewriter columns."""

    text: str
    begin: int
    end: int
    rule: bool


def drawn_tables(lines: Sequence[str]) -> list[Drawn]:
    """The drawn tables of a text, in order. Time is linear in the number of characters."""
    found: list[Drawn] = []
    index = 0
    while index < len(lines):
        end = _end_of(lines, index)
        rows = _rows(lines, index, end) if end - index >= 3 else []
        if len(rows) >= 2:
            found.append(Drawn(index, end, tuple(rows)))
        index = max(end, index + 1)
    return found


def line_of(row: Row, printed: Sequence[str], table: int, number: int, after_blank: bool) -> Line:
    """A row as a line of the source."""
    return Line(
        text=" | ".join(cell for cell, mark in zip(row.cells, row.merged, strict=True) if cell and not mark),
        original="\n".join(printed[row.first : row.last + 1]),
        number=row.first + 1,
        end=row.last + 1,
        after_blank=after_blank,
        cells=row.cells,
        merged=row.merged,
        table=table,
        row=number,
    )


def _end_of(lines: Sequence[str], begin: int) -> int:
    """Behind the last line of a table that begins here; `begin` where none does.

    Blank lines and page numbers within a table that is not closed yet are passed over.
    """
    plain = bool(_PLAIN_RULE.match(lines[begin].translate(_FULL_BAR)))
    if not plain and not _is_drawn(lines[begin]):
        return begin
    if plain and begin and _BARRED_RULE.match(lines[begin]) and _is_plain(lines[begin - 1]):
        return begin  # the rule below the head of a Markdown table
    end = index = begin
    while index < len(lines):
        text = lines[index]
        if (_is_plain(text) if plain else _is_drawn(text)) and not (end > begin and _OPENED.match(text)):
            index = end = index + 1
        elif index - end < 4 and end > begin and not _CLOSED.match(lines[end - 1]) and _PAGE.match(text):
            index += 1
        else:
            break
    return end


def _is_drawn(text: str) -> bool:
    return len(_BARS.findall(text)) >= 2


def _is_plain(text: str) -> bool:
    bare = text.translate(_FULL_BAR).strip()
    return bool(_PLAIN_RULE.match(bare)) or (bare[:1] in ("|", "+") and bare[-1:] in ("|", "+") and len(bare) > 2)


def _segments(text: str, plain: bool, ink: int) -> list[_Segment]:
    """What stands between the bars of a line; `ink` is the width of a drawn character, 1 or 2."""
    text = text.translate(_FULL_BAR) if plain else text
    bars = list((_PLAIN_BARS if plain else _BARS).finditer(text))
    ruled = _PLAIN_RULED if plain else _RULED
    found: list[_Segment] = []
    at, place = 0, 0
    for start, stop in [*((bar.start(), bar.end()) for bar in bars), (len(text), len(text))]:
        inside = text[at:start]
        width = _width(inside, ink)
        outer = (at == 0 or start == len(text)) and not inside.strip()
        if not outer:
            found.append(_Segment(inside, place, place + width, bool(ruled.fullmatch(inside))))
        place += width + (ink if stop > start and not plain else 1)
        at = stop
    return found


def _width(text: str, ink: int) -> int:
    drawn = sum("\u2500" <= ch <= "\u257f" for ch in text)
    return width_of(text) + drawn * (ink - 2)  # in UTF-8 they are as long as Chinese characters


def _rows(lines: Sequence[str], begin: int, end: int) -> list[Row]:
    plain = bool(_PLAIN_RULE.match(lines[begin].translate(_FULL_BAR)))
    ink = _ink(lines[begin:end], plain)
    drawn = _is_plain if plain else _is_drawn
    parted = [_segments(text, plain, ink) if drawn(text) else [] for text in lines[begin:end]]
    richest = max(parted, key=lambda segments: (len(segments), sum(one.rule for one in segments)))
    width = len(richest)
    if not 2 <= width <= MAX_COLUMNS or not any(one.rule for segments in parted for one in segments):
        return []
    edges = [one.end for one in richest]
    opened = list(_opened(parted, edges, begin))
    return _finished([part for row in opened for part in _parts(row, opened)])


def _ink(lines: Sequence[str], plain: bool) -> int:
    """How wide a drawn character counts: so that rules are as long as the lines of text between them."""
    if plain:
        return 1
    best: dict[int, int] = {}
    for ink in (1, 2):
        rules = {_width(line.strip(), ink) for line in lines if _RULED.search(line) and not re.search(r"\w", line)}
        texts = [_width(line.strip(), ink) for line in lines if re.search(r"\w", line)]
        best[ink] = sum(min((abs(one - rule) for rule in rules), default=0) for one in texts)
    return 1 if best[1] <= best[2] else 2


def _opened(parted: Sequence[Sequence[_Segment]], edges: Sequence[int], begin: int) -> Iterator[_Open]:
    """The rows between the rules; a cell that a rule leaves open goes on in the next row."""
    row: _Open | None = None
    kept: list[_Cell | None] = [None] * len(edges)
    for index, segments in enumerate(parted, start=begin):
        if not segments:
            continue
        placed = _placed(segments, edges)
        if any(one.rule for one in segments):
            if row is not None:
                yield row
                kept, row = list(row.cells), None
            _rule_off(kept, placed)
            continue
        row = row or _Open(_cells(kept, placed), index, index)
        row.last = index
        for segment, columns in placed:
            row.cells[columns[0]].lines.append(segment.text)
    if row is not None:
        yield row


def _rule_off(kept: list[_Cell | None], placed: Sequence[tuple[_Segment, range]]) -> None:
    """End the cells above a rule; what stands beside it belongs to the cells that go on."""
    for segment, columns in placed:
        cell = kept[columns[0]]
        if segment.rule:
            kept[columns[0] : columns[-1] + 1] = [None] * len(columns)
        elif cell is not None:
            cell.lines.append(segment.text)


def _cells(kept: Sequence[_Cell | None], placed: Sequence[tuple[_Segment, range]]) -> list[_Cell]:
    """The cells of a new row: those that go on, and fresh ones, one for all the columns that it spans."""
    cells = [cell or _Cell() for cell in kept]
    for _, columns in placed:
        for column in columns[1:]:
            cells[column] = cells[columns[0]]
    return cells


def _placed(segments: Sequence[_Segment], edges: Sequence[int]) -> list[tuple[_Segment, range]]:
    """Each segment with the columns that it covers."""
    width = len(edges)
    if len(segments) == width:
        return [(segment, range(column, column + 1)) for column, segment in enumerate(segments)]
    placed: list[tuple[_Segment, range]] = []
    first = 0
    for left, segment in zip(range(len(segments) - 1, -1, -1), segments, strict=True):
        most = width - left  # each segment that follows needs a column
        last = min(range(first, max(first + 1, most)), key=lambda column: abs(edges[column] - segment.end))
        last = width - 1 if left == 0 else last
        placed.append((segment, range(first, last + 1)))
        first = min(last + 1, width - 1)
    return placed


def _parts(row: _Open, rows: Sequence[_Open]) -> list[_Open]:
    """A row, or its lines as rows where no rule parts them: each opens with a number, or fills every column."""
    depth = max(len(cell.lines) for cell in row.cells)
    whole = len(set(map(id, row.cells))) == len(row.cells) and all(len(cell.lines) == depth for cell in row.cells)
    if depth < 2 or not whole or depth != row.last - row.first + 1:
        return [row]
    first = [bool(_NUMBER.match(line.strip())) for line in row.cells[0].lines]
    filled = [all(cell.lines[i].strip() for cell in row.cells) for i in range(depth)]
    if sum(first) >= 2:
        starts = [i for i in range(depth) if i == 0 or first[i]]
    elif all(filled) and len(rows) <= 2:
        starts = list(range(depth))
    else:
        return [row]
    bounds = [*starts[1:], depth]
    return [
        _Open([_Cell(cell.lines[a:b]) for cell in row.cells], row.first + a, row.first + b - 1)
        for a, b in zip(starts, bounds, strict=True)
    ]


def _finished(opened: Sequence[_Open]) -> list[Row]:
    rows: list[Row] = []
    above: list[_Cell] = []
    for row in opened:
        marks = [
            "left" if column and cell is row.cells[column - 1] else "up" if cell in above else ""
            for column, cell in enumerate(row.cells)
        ]
        rows.append(Row(tuple(_text(cell) for cell in row.cells), tuple(marks), row.first, row.last))
        above = row.cells
    return [row for row in rows if any(row.cells)]


def _text(cell: _Cell) -> str:
    """A cell's lines as one text: wrapped lines are joined, entries of a list stay lines of their own."""
    text = ""
    room = False  # the line before leaves room for more
    for printed in cell.lines:
        line = printed.strip()
        if not line:
            continue
        width = width_of(printed)
        entry = room and width <= _NARROW and not _MARK.search(text) and not re.match(r"[、,，;；。)）和及与]", line)
        anew = entry or (width > _NARROW and numbered(line) is not None and text.endswith(("。", "；", ";", "：", ":")))
        text = f"{text}\n{line}" if text and anew else glue(text, line)
        room = width - width_of(line) - (2 if printed.startswith(" ") else 0) >= _ROOM
    return text
