"""Ledgers: tables whose head names the columns, and forms whose first column names the rows, become drafts.

A head may have two rows with merged cells. A row without a number and a problem of its own, or whose number and
problem are merged with the row above, belongs to the problem above: units, limits or measures that differ from row to
row make child items, and what stands once for the whole problem belongs to the parent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from duban.reading.bracketed import Bracket, brackets, outside
from duban.reading.lexicon import Lexicon, Role
from duban.reading.source import Line
from duban.reading.structure import Draft, Field, Outline, Piece
from duban.reading.structure_headings import Headings
from duban.reading.structure_numbering import numbered
from duban.reading.structure_table_heads import PER_ROW, Head, goes_on, head_of
from duban.reading.structure_table_rows import flat, only_text, parts_of, read_ledger, row_text
from duban.reading.structure_tidy import count_unnumbered

_ROW_NUMBER = re.compile(r"^\d{1,3}[.、]?$")


def ledger_outline(lines: Sequence[Line], lexicon: Lexicon) -> Outline:
    """The structure of a document whose items stand in tables; no drafts where its tables are no ledgers."""
    outline = Outline()
    headings = Headings()
    above: Head | None = None
    for table in _tables(lines):
        if table[0].cells is None:
            _running_text(table, headings, outline)
            continue
        head = None if _is_form(table, lexicon) else head_of(table, lexicon)
        if above is not None and (head is None or head.depth == 0):
            head = goes_on(table, above) or head  # rather the columns of the table before than what cells tell
        if head is not None:
            read_ledger(table, head, headings, outline)
            above = head
        else:
            _read_form(table, headings, outline, lexicon)
    _assign_measures(outline.drafts, lexicon)
    _name_sheets(outline.drafts)
    count_unnumbered(outline)
    return outline


def _assign_measures(drafts: Sequence[Draft], lexicon: Lexicon) -> None:
    """Measures in a cell that each name their units or limit in a bracket (1.…(甲局,6月底)) become children."""
    for draft in drafts:
        measures = next(iter(draft.having(Role.MEASURES)), None)
        answered = any(one.role in PER_ROW for one in draft.fields if one.role is not Role.LEAD_OFFICIALS)
        if measures is None or draft.children or answered:
            continue
        read = [(piece, brackets(piece.text, piece.line, lexicon)) for piece in measures.pieces]
        if not read or not all(found for _, found in read):
            continue
        if len(read) == 1:
            piece, found = read[0]
            measures.pieces = [replace(piece, text=outside(piece.text, found))]
            draft.fields += [one for bracket in found for one in bracket.fields]
            continue
        draft.fields.remove(measures)
        draft.children = [_measure(draft, n, piece, found) for n, (piece, found) in enumerate(read, start=1)]


def _measure(draft: Draft, position: int, piece: Piece, found: Sequence[Bracket]) -> Draft:
    text = outside(piece.text, found)
    mark = numbered(text)
    child = Draft(mark.number if mark else f"{draft.number}.{position}", piece.line, piece.end_line, list(draft.path))
    child.style, child.page, child.sheet = "entry", draft.page, draft.sheet
    child.fields.append(Field(Role.MEASURES, "", piece.line, [replace(piece, text=mark.rest if mark else text)]))
    child.fields += [one for bracket in found for one in bracket.fields]
    return child


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
        if len(own) > 1 and _ROW_NUMBER.match(own[0]) and not numbered(own[1]):
            own[:2] = [f"{own[0].rstrip('.、')}.{own[1]}"]  # the number in a cell of its own numbers the text beside it
        found += [replace(line, text=part, cells=None) for cell in own for part in cell.split("\n")]
    return found


def _name_sheets(drafts: Sequence[Draft]) -> None:
    """With items on several sheets each sheet is a part of the plan, and may number anew."""
    if len({draft.sheet for draft in drafts}) > 1:
        for draft in drafts:
            draft.path.insert(0, draft.sheet or "")


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
        title = line.level and mark is None and not outline.front and not outline.drafts
        if not title and ((mark is not None and len(line.text) <= 60) or line.level >= 2):
            headings.open(line, mark)
        elif not outline.drafts:
            outline.front.append(line)
        else:
            outline.tail.append(line)


# -- forms


def _is_form(rows: Sequence[Line], lexicon: Lexicon) -> bool:
    """Whether the cells of most rows are label, text, label, text, and none of these texts is a label."""
    pairs = [row.cells or () for row in rows if len(row.cells or ()) in (2, 4, 6) and not any(row.merged)]
    told = [all(map(lexicon.role, cells[::2])) and not any(map(lexicon.role, cells[1::2])) for cells in pairs]
    return len(rows) >= 2 and sum(told) >= 0.6 * len(rows)


def _read_form(rows: Sequence[Line], headings: Headings, outline: Outline, lexicon: Lexicon) -> None:
    """A table whose cells are label, text, label, text: one problem a table, or several one below the other."""
    draft: Draft | None = None
    for row in rows:
        for label, text in _pairs(row, lexicon):
            role = lexicon.role(label)
            if role in (Role.NUMBER, Role.PROBLEM) and (draft is None or _is_another(draft, role, label)):
                draft = Draft("", row.number, row.last, headings.path, page=row.page, sheet=row.sheet, style="form")
                outline.drafts.append(draft)
            if draft is not None and role is not None:
                _fill_form(draft, role, label, text, row)
        if draft is None and not outline.drafts and (only := only_text(row)):
            outline.front.append(row_text(row, only))
    if draft is not None and not draft.fields and not draft.title.pieces:
        outline.drafts.remove(draft)  # 序号 beside another word is the head of a table that is no ledger


def _is_another(draft: Draft, role: Role, label: str) -> bool:
    """Whether a number or problem is the next one's: 存在问题 under 问题名称 tells more of the same."""
    return bool(draft.title.pieces) and (role is Role.NUMBER or label == draft.title.word or bool(draft.fields))


def _fill_form(draft: Draft, role: Role, label: str, text: str, row: Line) -> None:
    draft.end_line = row.last
    if role is Role.NUMBER:
        draft.number = text.strip("()（） ")
    elif role is Role.PROBLEM:
        name = f"{draft.title.text.rstrip('。')}：" if draft.title.pieces else ""
        draft.title = Field(role, label, row.number, [Piece(name + flat(text), row.number, row.last)])
    else:
        pieces = [Piece(part, row.number, row.last) for part in parts_of(text, role) if part]
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
