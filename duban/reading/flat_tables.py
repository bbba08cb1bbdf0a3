"""Tables whose cells stand one below the other, as they come out of a page that was copied as text.

The head is a run of short lines that name a ledger's columns, from 序号 on; each row begins with its number on a line
of its own. A bar behind each cell (「县教育局 |」) tells the cells apart; without it the words themselves tell which
column a line belongs to: units, people, a limit, or text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import takewhile

from duban.reading.lexicon import PARTY_ROLES, Lexicon, Role
from duban.reading.parties import is_unit, split_parties
from duban.reading.source import Line
from duban.reading.structure_numbering import numbered, value_of
from duban.reading.structure_prose import says_when
from duban.reading.structure_table_heads import names_columns
from duban.reading.surnames import looks_like_a_name

_LONGEST_NAME = 14
_MOST_COLUMNS = 12
#: A row of more lines than this is running text behind the table.
_MOST_LINES = 40
_BAR = re.compile(r"\s*[|｜]\s*$")
_NUMBER = re.compile(r"^[(（]?(?P<n>\d{1,4})[)）]?[.、．]?$")
#: An excerpt may leave rows out; a year alone on a line (2025) is no row's number.
_LONGEST_SKIP = 200
_UNLIKELY = -8.0
_ALL_YEAR = re.compile(r"^(?:全年|常年|[一二三四]季度|[上下]半年|\d{1,2}月(?:底|末|份)?)")
_NOTE = re.compile(r"^(?:注|备注|说明|填表说明|联系人|附件)\s*[:：]")


@dataclass(frozen=True, slots=True)
class _Head:
    """The names of a table's columns, the roles of those that have one, and where its rows begin."""

    words: tuple[str, ...]
    roles: tuple[Role | None, ...]
    end: int
    barred: bool  # a bar stands behind each cell


def with_tables(lines: Sequence[Line], lexicon: Lexicon) -> list[Line]:
    """The lines with such tables as rows; the same lines where there are none."""
    found: list[Line] = []
    index, table = 0, max((line.table or 0 for line in lines), default=0)
    while index < len(lines):
        head = _head_at(lines, index, lexicon)
        rows, end = _rows(lines, head, lexicon) if head is not None else ([], index)
        if head is None or len(rows) < 2:
            found.append(lines[index])
            index += 1
            continue
        table += 1
        found.append(_row(lines[index : head.end], head.words, table, 1))
        found += [_row(part, cells, table, number) for number, (part, cells) in enumerate(rows, start=2)]
        index = end
    return found


def _head_at(lines: Sequence[Line], index: int, lexicon: Lexicon) -> _Head | None:
    """The head that begins at a line: 序号, then names up to the first line that is a number or a heading."""
    first = lines[index]
    if first.cells is not None or len(first.text) > 8 or lexicon.role(_bare(first.text)) is not Role.NUMBER:
        return None
    end = index
    while end < len(lines) and end - index <= _MOST_COLUMNS and _is_name(lines[end]):
        end += 1
    if end == len(lines) or not (_NUMBER.match(_bare(lines[end].text)) or numbered(lines[end].text)):
        return None
    words = tuple(re.sub(r"\s", "", _bare(line.text)) for line in lines[index:end])
    barred = sum(bool(_BAR.search(line.text)) for line in lines[index:end]) >= 0.6 * len(words)
    if len(words) < 3 or not names_columns(words, lexicon):
        return None
    return _Head(words, tuple(lexicon.role(word) for word in words), end, barred)


def _is_name(line: Line) -> bool:
    text = _bare(line.text)
    short = line.cells is None and not line.level and len(text) <= _LONGEST_NAME
    return short and not _NUMBER.match(text) and numbered(text) is None


def _bare(text: str) -> str:
    return _BAR.sub("", text).strip()


_Rows = list[tuple[Sequence[Line], tuple[str, ...]]]


def _rows(lines: Sequence[Line], head: _Head, lexicon: Lexicon) -> tuple[_Rows, int]:
    """The rows behind a head, each with its lines, and where the table ends."""
    rows: _Rows = []
    index, last = head.end, None
    while index < len(lines):
        if _starts(lines, index, last):
            end = _end_of_row(lines, index, head, lexicon)
            last = value_of(_number(lines[index]) or "")
            rows.append((lines[index:end], _cells(lines[index:end], head, lexicon)))
        elif _is_section(lines, index):
            end = index + 1
            rows.append((lines[index:end], (_bare(lines[index].text), *[""] * (len(head.words) - 1))))
        else:
            break
        index = end
    return rows, index


def _number(line: Line) -> str | None:
    match = _NUMBER.match(_bare(line.text)) if line.cells is None else None
    return match["n"] if match else None


def _starts(lines: Sequence[Line], index: int, last: int | None) -> bool:
    """Whether a row begins at a line: a number alone, the next one or one not far above the last."""
    number = _number(lines[index])
    value = value_of(number) if number else None
    return value is not None and (last is None or value == 1 or last < value <= last + _LONGEST_SKIP)


def _is_section(lines: Sequence[Line], index: int) -> bool:
    """Whether a line is a heading between rows: numbered in words, with a row or another heading right below it."""
    text = _bare(lines[index].text)
    mark = numbered(text) if lines[index].cells is None else None
    if (
        mark is None
        or mark.style not in ("一、", "(一)", "第一章", "第一节")
        or len(text) > 60
        or index + 1 >= len(lines)
    ):
        return False
    return _number(lines[index + 1]) is not None or _is_section(lines, index + 1)


def _end_of_row(lines: Sequence[Line], index: int, head: _Head, lexicon: Lexicon) -> int:
    """Behind the row's last line: at the next number or heading; with bars, behind as many cells as there are."""
    last = value_of(_number(lines[index]) or "")
    bars, end = 0, index
    while end < len(lines) and end - index < _MOST_LINES and lines[end].cells is None:
        if end > index and not head.barred and (_next(lines[end], last) or _is_section(lines, end)):
            return end
        bars += bool(_BAR.search(lines[end].text))
        end += 1
        if head.barred and bars >= len(head.words):
            return end
    return end if head.barred else _end_of_last_row(lines, index, end, head, lexicon)


def _next(line: Line, last: int | None) -> bool:
    number = _number(line)
    return number is not None and last is not None and last < (value_of(number) or 0) <= last + _LONGEST_SKIP


def _end_of_last_row(lines: Sequence[Line], index: int, end: int, head: _Head, lexicon: Lexicon) -> int:
    """Where no number ends a row it goes on for as long as its lines fit the columns."""
    texts = [line.text for line in lines[index + 1 : min(end, index + len(head.words) + 3)]]
    texts = list(takewhile(lambda text: not _NOTE.match(text), texts))
    scores = [_places(texts[:count], head, lexicon)[0] for count in range(len(texts) + 1)]
    return index + 1 + max(range(len(scores)), key=lambda count: scores[count])


def _cells(lines: Sequence[Line], head: _Head, lexicon: Lexicon) -> tuple[str, ...]:
    if head.barred:
        return _barred(lines, len(head.words))
    texts = [line.text for line in lines[1:]]
    _, places = _places(texts, head, lexicon)
    cells: list[list[str]] = [[] for _ in head.words]
    cells[0].append(lines[0].text)
    for text, column in zip(texts, places, strict=True):
        cells[column].append(text)
    return tuple("\n".join(cell) for cell in cells)


def cells_of(texts: Sequence[str], words: Sequence[str], lexicon: Lexicon) -> tuple[str, ...]:
    """A row's parts, its number first, in the columns of these names: as many parts as columns stand in order."""
    if len(texts) == len(words):
        return tuple(texts)
    head = _Head(tuple(words), tuple(lexicon.role(word) for word in words), 0, barred=False)
    cells: list[list[str]] = [[] for _ in words]
    cells[0].append(texts[0])
    for text, column in zip(texts[1:], _places(texts[1:], head, lexicon)[1], strict=True):
        cells[column].append(text)
    return tuple("\n".join(cell) for cell in cells)


def _barred(lines: Sequence[Line], width: int) -> tuple[str, ...]:
    cells: list[str] = []
    held: list[str] = []
    for line in lines:
        held.append(_bare(line.text))
        if _BAR.search(line.text):
            cells.append("\n".join(part for part in held if part))
            held = []
    return tuple([*cells, "\n".join(held), *[""] * width][:width])


def _places(texts: Sequence[str], head: _Head, lexicon: Lexicon) -> tuple[float, list[int]]:
    """The column of each line, never running back: the way along which the lines fit best, and how well they do."""
    width = len(head.words)
    again = [0.6 if role in (Role.LEAD_UNITS, Role.LEAD_OFFICIALS) else 0.4 for role in head.roles]
    skipped = [3.0 if role in (Role.PROBLEM, Role.MEASURES) else 0.25 for role in head.roles]
    likely = cache(lambda text, column: _fit(text, head.roles[column], lexicon))
    nowhere: tuple[float, list[int]] = (float("-inf"), [])
    best: list[tuple[float, list[int]]] = [(0.0, []), *[nowhere] * (width - 1)]
    for text in texts:
        step = [nowhere]
        for column in range(1, width):
            ways = [
                (score - (again[column] if before == column else sum(skipped[before + 1 : column])), way)
                for before, (score, way) in enumerate(best[: column + 1])
            ]
            score, way = max(ways, key=lambda one: one[0])
            step.append((score + likely(text, column), [*way, column]))
        best = step
    return max(best, key=lambda one: one[0])


def _fit(text: str, role: Role | None, lexicon: Lexicon) -> float:
    """How well a line fits a column of a role: above 0 it speaks for it, below against it."""
    units = _are_units(text, lexicon)
    person = all(looks_like_a_name(part) for part in re.split(r"[、,，\s]+", text) if part)
    if lexicon.names_nobody(text):
        return 0.0
    if role is Role.LEAD_OFFICIALS:
        return 3.0 if person and not units else _UNLIKELY
    if role in PARTY_ROLES:
        return 3.0 if units else 0.5 if len(text) <= 12 and not _is_limit(text) else _UNLIKELY
    if role is Role.TIME_LIMIT:
        return 3.0 if _is_limit(text) and len(text) <= 30 else _UNLIKELY
    return -1.0 if units or (_is_limit(text) and len(text) <= 12) else 2.0 if len(text) > 8 else 1.0


def _is_limit(text: str) -> bool:
    return says_when(text) or bool(_ALL_YEAR.match(text))


def _are_units(text: str, lexicon: Lexicon) -> bool:
    if re.search(r"[。;；]\S", text) or len(text) > 120 or (text.endswith("。") and not re.search(r"[、,，]", text)):
        return False  # 建成县残疾人综合服务中心。 ends as a unit does, but is a sentence
    named = split_parties(text, lexicon)
    return bool(named) and all(one.kind == "unit" and (one.collective or is_unit(one.name, lexicon)) for one in named)


def _row(lines: Sequence[Line], cells: tuple[str, ...], table: int, row: int) -> Line:
    """The lines of one row as a row of a table."""
    text = " | ".join(cell for cell in cells if cell)
    original = "\n".join(line.original for line in lines)
    return replace(
        lines[0], text=text, original=original, end=lines[-1].last, cells=cells,
        merged=("",) * len(cells), table=table, row=row,
    )  # fmt: skip
