"""Rows of a ledger: the rows of one problem become an item, with a child a row where units or limits differ."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from duban.reading.lexicon import PARTY_ROLES, Role
from duban.reading.source import Line
from duban.reading.structure import Draft, Field, Outline, Piece
from duban.reading.structure_headings import Headings
from duban.reading.structure_numbering import numbered
from duban.reading.structure_table_heads import PER_ROW, Head

#: Workbooks count days from here (and take 1900 for a leap year).
_FIRST_DAY = dt.date(1899, 12, 30)
_TOTALS = re.compile(r"^(?:合\s*计|总\s*计|小\s*计|共\s*计|汇\s*总|累\s*计|总数)")
_NOTE = re.compile(r"^(?:注|备注|说明|填表说明|填报单位|填报人|制表|审核|填表|联系)[:：]?")
_CARRIED = frozenset({Role.GOAL, Role.MEASURES, Role.STATUS, Role.CATEGORY, Role.REGULATIONS, *PER_ROW})
_CATEGORY = re.compile(r"立行立改|即知即改|立知立改|立即|限期|长期")


@dataclass(slots=True)
class _Group:
    """The rows of one problem."""

    path: list[str]
    rows: list[Line] = field(default_factory=list)


def read_ledger(rows: Sequence[Line], head: Head, headings: Headings, outline: Outline) -> None:
    """A ledger's rows as drafts of the outline; what stands above its head belongs to the front."""
    for line in rows[: max(0, head.depth - 1)]:
        only = only_text(line)
        if only and (mark := numbered(only)) is not None and _is_section(only, line):
            headings.open(row_text(line, only), mark)  # 一、经济发展 above the head is the first part
        elif only and not outline.drafts:
            outline.front.append(row_text(line, only))
    for group in _groups(rows[head.depth :], head, headings, outline):
        outline.drafts.append(_draft(group, head))


def _groups(rows: Iterable[Line], head: Head, headings: Headings, outline: Outline) -> list[_Group]:
    """The rows of each problem together; rows that are a heading, a total or a repeated head are no items."""
    groups: list[_Group] = []
    fresh = True  # nothing above to belong to
    rows = list(rows)
    counted = _are_counted(rows, head)
    for row in rows:
        cells = row.cells or ()
        if not any(cells) or _repeats_head(cells, head) or _TOTALS.match(next(cell for cell in cells if cell)):
            continue
        only = only_text(row)
        if only and _is_section(only, row):
            headings.open(row_text(row, only), numbered(only))
            fresh = True
        elif only and (fresh or _NOTE.match(only)):
            outline.tail.append(row_text(row, only))
        elif not fresh and (_belongs_above(row, head) or (counted and not _cell(row, head.column(Role.NUMBER)))):
            groups[-1].rows.append(row)
        else:
            groups.append(_Group(_path(row, head, headings), [row]))
            fresh = False
    return groups


def _are_counted(rows: Sequence[Line], head: Head) -> bool:
    """Whether most rows have a number: one without goes on with the problem above, also where it names a part of it."""
    number = head.column(Role.NUMBER)
    if number is None:
        return False
    printed = [_cell(row, number) for row in rows if len([cell for cell in row.cells or () if cell]) > 1]
    return sum(map(bool, printed)) >= 0.5 * len(printed)


def only_text(row: Line) -> str:
    """The text of a row that holds just one, over the whole width or in its first cell."""
    distinct = list(dict.fromkeys(cell for cell in row.cells or () if cell))
    return distinct[0] if len(distinct) == 1 else ""


def _is_section(text: str, row: Line) -> bool:
    if _TOTALS.match(text) or _NOTE.match(text) or text.isdigit() or len(text) > 120:
        return False
    covers = "left" in row.merged or (row.cells or ("",))[0] == text
    return covers and (numbered(text) is not None or len(text) <= 60)


def row_text(row: Line, text: str) -> Line:
    """A row that holds one text, as a line of running text."""
    return Line(" ".join(text.split("\n")), row.original, row.number, page=row.page, sheet=row.sheet)


def _repeats_head(cells: Sequence[str], head: Head) -> bool:
    words = [re.sub(r"\s", "", cell) for cell in cells]
    same = sum(word == known and bool(word) for word, known in zip(words, head.words, strict=False))
    return same >= 2 and same >= 0.6 * sum(bool(word) for word in words)


def _cell(row: Line, column: int | None) -> str:
    cells = row.cells or ()
    return cells[column] if column is not None and column < len(cells) else ""


def _mark(row: Line, column: int | None) -> str:
    return row.merged[column] if column is not None and column < len(row.merged) else ""


def _belongs_above(row: Line, head: Head) -> bool:
    """Whether a row goes on with the problem of the row above."""
    number, problem = head.column(Role.NUMBER), head.column(Role.PROBLEM)
    if problem is None:
        problem = head.column(Role.MEASURES) if number is None else None
    keys = [column for column in (number, problem) if column is not None]
    if not keys:
        return False
    fresh = [column for column in keys if _cell(row, column) and _mark(row, column) != "up"]
    if not fresh:
        return True
    return number is not None and fresh == [problem] and _mark(row, number) == "up" and problem is not None


def _path(row: Line, head: Head, headings: Headings) -> list[str]:
    sections = [
        text
        for column, role in enumerate(head.roles)
        if role in (Role.SECTION, Role.CATEGORY) and (text := flat(_cell(row, column)))
        if role is Role.SECTION or not _CATEGORY.search(text)
    ]
    return [*headings.path, *sections]


def flat(text: str) -> str:
    """A cell's lines as one."""
    return "".join(text.split("\n"))


def _draft(group: _Group, head: Head) -> Draft:
    """The problem of a group of rows: its own cells, and a child a row where units or limits are each row's own."""
    first, last = group.rows[0], group.rows[-1]
    title = "".join(_own_texts(group, head.column(Role.PROBLEM)))
    number = _printed_number(first, head)
    mark = numbered(title)
    if not number and mark is not None:
        number, title = mark.number, mark.rest
    draft = Draft(number, first.number, last.last, list(group.path), page=first.page, sheet=first.sheet, style="row")
    draft.title = Field(Role.PROBLEM, "", first.number, [Piece(title, first.number, first.last)] if title else [])
    own = _own_columns(group, head)
    split = len(group.rows) > 1 and any(head.roles[column] in PER_ROW or _names_a_part(head, column) for column in own)
    for column, role in enumerate(head.roles):
        if role in _CARRIED and not (split and column in own):
            _carry(draft, column, role, group.rows, head)
    if not split and (periods := _by_period(group.rows[0], head)):
        draft.fields.append(periods)
    if split:
        draft.children = [_child(draft, index, row, own, head) for index, row in enumerate(group.rows, start=1)]
    return draft


def _by_period(row: Line, head: Head) -> Field | None:
    """Columns of quarters as one limit in the document's words: 一季度完成立项；二季度开工建设."""
    columns = [(when, flat(_cell(row, at)).rstrip("。；;")) for at, when in head.periods()]
    parts = [f"{when}{text}" for when, text in columns if text and not set(text) <= set("/-—无")]
    pieces = [Piece("；".join(parts), row.number, row.last)]
    return Field(Role.TIME_LIMIT, "", row.number, pieces) if parts else None


def _own_texts(group: _Group, column: int | None) -> list[str]:
    """The texts of a column in a problem's rows, each merged cell once."""
    own = [row for i, row in enumerate(group.rows) if i == 0 or _mark(row, column) != "up"]
    return [text for row in own if (text := flat(_cell(row, column)))]


def _names_a_part(head: Head, column: int) -> bool:
    """Whether a column says which part of the problem a row is about: under one number each row may have its own."""
    return head.roles[column] is Role.PROBLEM


def _printed_number(row: Line, head: Head) -> str:
    printed = flat(_cell(row, head.column(Role.NUMBER))).strip()
    if not printed:
        return ""
    bare = printed.strip("()（）[]【】.、 ")
    marked = numbered(printed)
    if marked is not None and not marked.rest:
        return marked.number
    return bare


def _own_columns(group: _Group, head: Head) -> set[int]:
    """Columns whose cells are each row's own: filled anew in a later row, not merged downwards."""
    own = set()
    for column, role in enumerate(head.roles):
        if role is None or role in (Role.NUMBER, Role.SECTION):
            continue
        if any(_cell(row, column) and _mark(row, column) != "up" for row in group.rows[1:]):
            own.add(column)
    return own


def _carry(draft: Draft, column: int, role: Role, rows: Sequence[Line], head: Head) -> None:
    """A column's text as a field of the problem: each cell once, a merged one not again.

    A cell that is merged over several problems (one unit for tasks 3 to 5) stands beside each of them.
    """
    one = Field(role, head.words[column], rows[0].number)
    for index, row in enumerate(rows):
        text = _day_of(_cell(row, column)) if role is Role.TIME_LIMIT and row.sheet else _cell(row, column)
        if text and (index == 0 or _mark(row, column) != "up"):
            one.pieces += [Piece(part, row.number, row.last) for part in parts_of(text, role)]
    if one.pieces:
        _add_field(draft, one)


def _day_of(text: str) -> str:
    """A day that a workbook keeps as a plain number (45838 for 2025-06-30), as it would be printed; else the text."""
    if not re.fullmatch(r"[345]\d{4}", text):
        return text
    day = _FIRST_DAY + dt.timedelta(days=int(text))
    return f"{day.year}年{day.month}月{day.day}日"


def _add_field(draft: Draft, one: Field) -> None:
    """Two columns of one role (two units) are one field; a limit's second column goes on with the first."""
    for known in draft.fields:
        if known.role is one.role:
            known.take(one)
            return
    draft.fields.append(one)


def parts_of(text: str, role: Role) -> list[str]:
    """A cell's lines: paragraphs of measures each for itself, lists of units as one list."""
    if role in PARTY_ROLES:
        return ["、".join(part.strip("、,，;；") for part in text.split("\n"))]
    if role in (Role.MEASURES, Role.GOAL):
        return text.split("\n")
    return [flat(text)]


def _child(draft: Draft, index: int, row: Line, own: set[int], head: Head) -> Draft:
    """One row of a problem that spreads over several."""
    child = Draft(f"{draft.number}.{index}", row.number, row.last, list(draft.path), page=row.page, sheet=row.sheet)
    for column in sorted(own):
        role = head.roles[column]
        if _names_a_part(head, column):
            child.title = Field(Role.PROBLEM, "", row.number, [Piece(flat(_cell(row, column)), row.number, row.last)])
        elif role in _CARRIED:
            _carry(child, column, role, [row], head)
    return child
