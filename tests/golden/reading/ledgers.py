"""Ledgers of random content as grids, printed to each format that has tables: merged cells, two-row heads, totals."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import docx
import openpyxl

from tests.property.reading_documents import LIMITS, WORDS, Problem, figure, problems

_UNITS = ("区文旅局", "区城管局", "区司法局", "区审计局")
_UNIT_FIELDS = ("lead_units", "responsible_units", "support_units")
TITLE = "云泽区突出问题整改台账"


@dataclass(frozen=True, slots=True)
class Cell:
    """A printed cell with the rows and columns that it covers."""

    text: str
    rows: int = 1
    columns: int = 1


@dataclass(slots=True)
class Ledger:
    """What a ledger says, as it is to be read, and its grid."""

    items: list[Problem]
    children: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)  # measure, unit, limit of each row
    grid: list[list[Cell]] = field(default_factory=list)


def ledger(rng: random.Random) -> Ledger:
    """A random ledger: one row a problem, or a row a measure, or rows with units and limits of their own."""
    fields = {"measures", "responsible_units"}
    fields |= {name for name in ("goal", "lead_officials", "lead_units", "support_units") if rng.random() < 0.5}
    made = Ledger(problems(rng, fields, rng.choice([0, 2])))
    order = [name for name in WORDS if name in fields or name == "time_limit"]
    words = {name: rng.choice(forms) for name, forms in WORDS.items()}
    made.grid = [[Cell(TITLE, columns=2 + len(order))], *_head(order, words, rng.random() < 0.4)]
    spread = rng.choice(["single", "measures", "rows"])
    section = None
    for number, problem in enumerate(made.items, start=1):
        problem.number = str(number)
        if problem.section != section:
            section = problem.section
            made.grid.append([Cell(f"{figure(int(section or 0) + 1)}、第{section}类方面", columns=2 + len(order))])
        made.grid += _rows(rng, made, problem, order, spread)
    if rng.random() < 0.5:
        made.grid.append([Cell("合计"), Cell(f"{len(made.items)}项"), *[Cell("")] * len(order)])
    return made


def _head(order: list[str], words: dict[str, str], two_rows: bool) -> list[list[Cell]]:
    units = [name for name in order if name in _UNIT_FIELDS]
    if not two_rows or len(units) < 2:
        return [[Cell("序号"), Cell("存在问题"), *(Cell(words[name]) for name in order)]]
    top = [Cell("序号", rows=2), Cell("存在问题", rows=2)]
    for name in order:
        if name == units[0]:
            top.append(Cell("责任分工", columns=len(units)))
        elif name not in units:
            top.append(Cell(words[name], rows=2))
    return [top, [Cell(words[name]) for name in units]]


def _rows(rng: random.Random, made: Ledger, problem: Problem, order: list[str], spread: str) -> Iterator[list[Cell]]:
    count = len(problem.measures)
    if spread == "single" or count == 1:
        yield [Cell(problem.number), Cell(problem.title), *(Cell(_text(problem, name)) for name in order)]
        return
    own = [(measure, rng.choice(_UNITS), rng.choice(LIMITS)) for measure in problem.measures]
    per_row = {"measures": 0, "responsible_units": 1, "time_limit": 2} if spread == "rows" else {"measures": 0}
    if spread == "rows":
        made.children[problem.number] = own
    for index, values in enumerate(own):
        row = [Cell(problem.number, rows=count), Cell(problem.title, rows=count)] if index == 0 else []
        for name in order:
            if name in per_row:
                row.append(Cell(values[per_row[name]]))
            elif index == 0:
                row.append(Cell(_text(problem, name), rows=count))
        yield row


def _text(problem: Problem, name: str) -> str:
    value = getattr(problem, name)
    return ("\n" if name == "measures" else "、").join(value) if isinstance(value, list) else value or ""


def placed(grid: list[list[Cell]]) -> Iterator[tuple[int, int, Cell]]:
    """Each cell with its row and column."""
    taken: set[tuple[int, int]] = set()
    for row, cells in enumerate(grid):
        column = 0
        for cell in cells:
            while (row, column) in taken:
                column += 1
            taken |= {(row + i, column + j) for i in range(cell.rows) for j in range(cell.columns)}
            yield row, column, cell


def as_xlsx(grid: list[list[Cell]], merged: bool) -> bytes:
    """A workbook; without merging, covered cells are left empty as many ledgers have them."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row, column, cell in placed(grid):
        sheet.cell(row + 1, column + 1, int(cell.text) if cell.text.isdigit() else cell.text)
        if merged and cell.rows * cell.columns > 1:
            sheet.merge_cells(None, row + 1, column + 1, row + cell.rows, column + cell.columns)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def as_docx(grid: list[list[Cell]]) -> bytes:
    """A Word table under its title."""
    document = docx.Document()
    document.add_heading(TITLE, 1)
    width = max(column + cell.columns for _, column, cell in placed(grid))
    table = document.add_table(len(grid), width)
    for row, column, cell in placed(grid):
        target = table.cell(row, column)
        if cell.rows * cell.columns > 1:
            target = target.merge(table.cell(row + cell.rows - 1, column + cell.columns - 1))
        target.text = cell.text
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def as_html(grid: list[list[Cell]]) -> bytes:
    """A table on a page with its navigation."""
    rows = "".join(
        "<tr>" + "".join(f"<td rowspan={c.rows} colspan={c.columns}>{_paragraphs(c.text)}</td>" for c in row) + "</tr>"
        for row in grid
    )
    page = f"<html><body><div class=nav>首页 政务公开</div><h1>{TITLE}</h1><table>{rows}</table></body></html>"
    return page.encode()


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{part}</p>" for part in text.split("\n"))
