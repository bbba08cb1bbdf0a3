"""Ledgers: tables whose head names the columns, and forms whose first column names the rows, become drafts.

A head may have two rows with merged cells. A row without a number and a problem of its own, or whose number and
problem are merged with the row above, belongs to the problem above: units, limits or measures that differ from row to
row make child items, and what stands once for the whole problem belongs to the parent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from duban.reading.lexicon import PARTY_ROLES, Lexicon, Role
from duban.reading.source import Line
from duban.reading.structure import Draft, Field, Outline, Piece
from duban.reading.structure_headings import Headings
from duban.reading.structure_numbering import numbered
from duban.reading.structure_tidy import count_unnumbered

_TOTALS = re.compile(r"^(?:合\s*计|总\s*计|小\s*计|共\s*计|汇\s*总|累\s*计|总数)")
_NOTE = re.compile(r"^(?:注|备注|说明|填表说明|填报单位|填报人|制表|审核|填表|联系)[:：]?")
_PER_ROW = frozenset({*PARTY_ROLES, Role.TIME_LIMIT})
_CARRIED = frozenset(
    {Role.GOAL, Role.MEASURES, Role.TIME_LIMIT, *PARTY_ROLES, Role.STATUS, Role.CATEGORY, Role.REGULATIONS}
)


@dataclass(frozen=True, slots=True)
class Head:
    """What the columns of a table hold: a role for each that has one, and the words of its head."""

    roles: tuple[Role | None, ...]
    words: tuple[str, ...]
    depth: int  # rows that the head takes

    def column(self, role: Role) -> int | None:
        """The first column of a role."""
        return self.roles.index(role) if role in self.roles else None


@dataclass(slots=True)
class _Group:
    """The rows of one problem."""

    path: list[str]
    rows: list[Line] = field(default_factory=list)


def ledger_outline(lines: Sequence[Line], lexicon: Lexicon) -> Outline:
    """The structure of a document whose items stand in tables; no drafts where its tables are no ledgers."""
    outline = Outline()
    headings = Headings()
    for table in _tables(lines):
        if table[0].cells is None:
            _running_text(table, headings, outline)
        elif (head := head_of(table, lexicon)) is not None:
            _read_ledger(table, head, headings, outline, lexicon)
        else:
            _read_form(table, headings, outline, lexicon)
    _name_sheets(outline.drafts)
    count_unnumbered(outline)
    return outline


def as_text(lines: Iterable[Line]) -> list[Line]:
    """Rows that only lay running text out, as the lines that they hold."""
    found: list[Line] = []
    for line in lines:
        if line.cells is None:
            found.append(line)
            continue
        own = [
            cell
            for cell, mark in zip(line.cells, line.merged or ("",) * len(line.cells), strict=False)
            if cell and not mark
        ]
        found += [replace(line, text=part, cells=None) for cell in own for part in cell.split("\n")]
    return found


def _tables(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Runs of lines: a table's rows together, running text together. A table goes on after a page break."""
    run: list[Line] = []
    for line in lines:
        if run and (line.table != run[-1].table or line.sheet != run[-1].sheet):
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def _running_text(lines: Iterable[Line], headings: Headings, outline: Outline) -> None:
    for line in lines:
        mark = numbered(line.text)
        if (mark is not None and len(line.text) <= 60) or line.level >= 2:
            headings.open(line, mark)
        elif not outline.drafts:
            outline.front.append(line)
        else:
            outline.tail.append(line)


# -- heads


def head_of(rows: Sequence[Line], lexicon: Lexicon) -> Head | None:
    """The head among the first rows of a table: the row with the most column names, with a second row under it."""
    best, best_at = None, -1
    for index, row in enumerate(rows[:8]):
        head = _head(row.cells or (), lexicon)
        if head is not None and (best is None or _named(head) > _named(best)):
            best, best_at = head, index
    if best is None:
        return None
    return _with_second_row(best, best_at, rows, lexicon)


def _head(cells: Sequence[str], lexicon: Lexicon) -> Head | None:
    words = tuple(re.sub(r"\s", "", cell) for cell in cells)
    roles = _distinct([lexicon.role(word) if len(word) <= 20 else None for word in words])
    kinds = {role for role in roles if role is not None}
    if (
        len(kinds) < 2
        or not kinds & {Role.PROBLEM, Role.MEASURES, Role.GOAL, Role.SECTION}
        or not kinds & (_PER_ROW | {Role.MEASURES})
    ):
        return None
    if any(len(word) > 30 for word in words):
        return None
    return Head(tuple(roles), words, 1)


def _named(head: Head) -> int:
    return len({role for role in head.roles if role is not None})


def _distinct(roles: list[Role | None]) -> list[Role | None]:
    """A second column of problems: the wider one (the part that it belongs to) comes first."""
    places = [i for i, role in enumerate(roles) if role is Role.PROBLEM]
    if len(places) >= 2 and Role.SECTION not in roles and len(places) == 2:
        if Role.MEASURES not in roles:
            roles[places[1]] = Role.MEASURES
    return roles


def _with_second_row(head: Head, at: int, rows: Sequence[Line], lexicon: Lexicon) -> Head:
    """The head with the names that a second row gives under merged cells: 责任单位 over 牵头 and 配合."""
    if at + 1 >= len(rows):
        return Head(head.roles, head.words, at + 1)
    below = rows[at + 1]
    cells, marks = below.cells or (), below.merged
    roles, words, seen = list(head.roles), list(head.words), 0
    above = rows[at]
    for column, cell in enumerate(cells[: len(roles)]):
        spanned = _spans(above, column)
        if (column < len(marks) and marks[column] == "up") or not cell or not spanned:
            continue
        word = re.sub(r"\s", "", cell)
        role = lexicon.role(word) or lexicon.role(word + "单位") or lexicon.role(words[column] + word)
        if role is None or len(word) > 12:
            return Head(head.roles, head.words, at + 1)
        roles[column], seen = role, seen + 1
        words[column] = word
    if not seen:
        return Head(head.roles, head.words, at + 1)
    return Head(tuple(roles), tuple(words), at + 2)


def _spans(row: Line, column: int) -> bool:
    """Whether a head's cell covers several columns, merged or left empty behind the first."""
    cells, marks = row.cells or (), row.merged
    here = column < len(marks) and marks[column] == "left"
    following = column + 1 < len(cells) and (
        (column + 1 < len(marks) and marks[column + 1] == "left") or not cells[column + 1]
    )
    return here or following or not cells[column]


# -- rows of a ledger


def _read_ledger(rows: Sequence[Line], head: Head, headings: Headings, outline: Outline, lexicon: Lexicon) -> None:
    for line in rows[: head.depth - 1]:
        if (only := _only_text(line)) and not outline.drafts:
            outline.front.append(_as_text(line, only))
    for group in _groups(rows[head.depth :], head, headings, outline, lexicon):
        outline.drafts.append(_draft(group, head, lexicon))


def _groups(
    rows: Iterable[Line], head: Head, headings: Headings, outline: Outline, lexicon: Lexicon
) -> Iterator[_Group]:
    """The rows of each problem together; rows that are a heading, a total or a repeated head are no items."""
    group: _Group | None = None
    for row in rows:
        cells = row.cells or ()
        if not any(cells) or _repeats_head(cells, head):
            continue
        only = _only_text(row)
        if only and _is_section(only, row, head):
            if group:
                yield group
                group = None
            headings.open(_as_text(row, only), numbered(only))
            continue
        if _TOTALS.match(next(cell for cell in cells if cell)):
            continue
        if only and (_NOTE.match(only) or group is None):
            outline.tail.append(_as_text(row, only))
            continue
        if group is not None and _belongs_above(row, head, group.rows[-1]):
            group.rows.append(row)
            continue
        if group:
            yield group
        group = _Group(_path(row, head, headings), [row])
    if group:
        yield group


def _only_text(row: Line) -> str:
    """The text of a row that holds just one, over the whole width or in its first cell."""
    distinct = list(dict.fromkeys(cell for cell in row.cells or () if cell))
    return distinct[0] if len(distinct) == 1 else ""


def _is_section(text: str, row: Line, head: Head) -> bool:
    if _TOTALS.match(text) or _NOTE.match(text) or text.isdigit() or len(text) > 120:
        return False
    covers = "left" in row.merged or (row.cells or ("",))[0] == text
    return covers and (numbered(text) is not None or len(text) <= 60)


def _as_text(row: Line, text: str) -> Line:
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


def _belongs_above(row: Line, head: Head, above: Line) -> bool:
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
        if role in (Role.SECTION, Role.CATEGORY) and (text := _flat(_cell(row, column)))
        if role is Role.SECTION or not _CATEGORY.search(text)
    ]
    return [*headings.path, *sections]


_CATEGORY = re.compile(r"立行立改|即知即改|立知立改|立即|限期|长期")


def _name_sheets(drafts: Sequence[Draft]) -> None:
    """With items on several sheets each sheet is a part of the plan, and may number anew."""
    if len({draft.sheet for draft in drafts}) > 1:
        for draft in drafts:
            draft.path.insert(0, draft.sheet or "")


def _flat(text: str) -> str:
    return "".join(text.split("\n"))


def _draft(group: _Group, head: Head, lexicon: Lexicon) -> Draft:
    """The problem of a group of rows: its own cells, and a child a row where units or limits are each row's own."""
    first, last = group.rows[0], group.rows[-1]
    title = _flat(_cell(first, head.column(Role.PROBLEM)))
    number = _printed_number(first, head)
    mark = numbered(title)
    if not number and mark is not None:
        number, title = mark.number, mark.rest
    draft = Draft(number, first.number, last.last, list(group.path), page=first.page, sheet=first.sheet, style="row")
    draft.title = Field(Role.PROBLEM, "", first.number, [Piece(title, first.number, first.last)] if title else [])
    own = _own_columns(group, head)
    split = len(group.rows) > 1 and any(
        head.roles[column] in _PER_ROW or _second_problem(head, column) for column in own
    )
    for column, role in enumerate(head.roles):
        if role in _CARRIED and not (split and column in own):
            _carry(draft, column, role, group.rows, head)
    if split:
        draft.children = [_child(draft, index, row, own, head) for index, row in enumerate(group.rows, start=1)]
    return draft


def _second_problem(head: Head, column: int) -> bool:
    return head.roles[column] is Role.PROBLEM and column != head.column(Role.PROBLEM)


def _printed_number(row: Line, head: Head) -> str:
    printed = _flat(_cell(row, head.column(Role.NUMBER))).strip()
    if not printed:
        return ""
    bare = printed.strip("()（）[]【】.、. ")
    marked = numbered(printed)
    if marked is not None and not marked.rest:
        return marked.number
    return bare


def _own_columns(group: _Group, head: Head) -> set[int]:
    """Columns whose cells are each row's own: filled anew in a later row, not merged downwards."""
    own = set()
    for column, role in enumerate(head.roles):
        if role is None or role in (Role.NUMBER, Role.SECTION) or column == head.column(Role.PROBLEM):
            continue
        if any(_cell(row, column) and _mark(row, column) != "up" for row in group.rows[1:]):
            own.add(column)
    return own


def _carry(draft: Draft, column: int, role: Role, rows: Sequence[Line], head: Head) -> None:
    """A column's text as a field of the problem: each cell once, a merged one not again."""
    one = Field(role, head.words[column], rows[0].number)
    for row in rows:
        text = _cell(row, column)
        if text and _mark(row, column) != "up":
            one.pieces += [Piece(part, row.number, row.last) for part in _parts(text, role)]
    if one.pieces:
        _add_field(draft, one)


def _add_field(draft: Draft, one: Field) -> None:
    """Two columns of one role (two units) are one field; a limit's second column goes on with the first."""
    for known in draft.fields:
        if known.role is one.role:
            known.pieces += one.pieces
            return
    draft.fields.append(one)


def _parts(text: str, role: Role) -> list[str]:
    """A cell's lines: paragraphs of measures each for itself, lists of units as one list."""
    if role in PARTY_ROLES:
        return ["、".join(part.strip("、,，;；") for part in text.split("\n"))]
    if role in (Role.MEASURES, Role.GOAL):
        return text.split("\n")
    return [_flat(text)]


def _child(draft: Draft, index: int, row: Line, own: set[int], head: Head) -> Draft:
    """One row of a problem that spreads over several."""
    child = Draft(f"{draft.number}.{index}", row.number, row.last, list(draft.path), page=row.page, sheet=row.sheet)
    for column in sorted(own):
        role = head.roles[column]
        if _second_problem(head, column):
            child.title = Field(Role.PROBLEM, "", row.number, [Piece(_flat(_cell(row, column)), row.number, row.last)])
        elif role in _CARRIED and _mark(row, column) != "up":
            _carry(child, column, role, [row], head)
    return child


# -- forms


def _read_form(rows: Sequence[Line], headings: Headings, outline: Outline, lexicon: Lexicon) -> None:
    """A table whose cells are label, text, label, text: one problem a table, or several one below the other."""
    draft: Draft | None = None
    for row in rows:
        for label, text in _pairs(row, lexicon):
            role = lexicon.role(label)
            if role is Role.NUMBER or (role is Role.PROBLEM and (draft is None or draft.title.pieces)):
                if draft is None or draft.title.pieces:
                    draft = Draft("", row.number, row.last, headings.path, page=row.page, sheet=row.sheet, style="form")
                    outline.drafts.append(draft)
            if draft is None or role is None:
                continue
            _fill_form(draft, role, label, text, row)
        if draft is None and not outline.drafts and (only := _only_text(row)):
            outline.front.append(_as_text(row, only))


def _fill_form(draft: Draft, role: Role, label: str, text: str, row: Line) -> None:
    draft.end_line = row.last
    if role is Role.NUMBER:
        draft.number = text.strip("()（） ")
    elif role is Role.PROBLEM:
        draft.title = Field(role, label, row.number, [Piece(_flat(text), row.number, row.last)])
    else:
        pieces = [Piece(part, row.number, row.last) for part in _parts(text, role) if part]
        draft.fields.append(Field(role, label, row.number, pieces))


def _pairs(row: Line, lexicon: Lexicon) -> Iterator[tuple[str, str]]:
    """Label and text side by side; merged repetitions are one cell."""
    cells = [cell for cell, mark in zip(row.cells or (), row.merged or ("",) * 999, strict=False) if mark != "left"]
    index = 0
    while index + 1 < len(cells):
        label = re.sub(r"\s", "", cells[index])
        if label and len(label) <= 20 and lexicon.role(label) is not None:
            yield label, cells[index + 1]
            index += 2
        else:
            index += 1
