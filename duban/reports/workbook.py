"""A paper as a workbook: its text, a sheet for each table, and the rows behind every figure, linked both ways."""

from __future__ import annotations

import io
import re
from typing import Any, Final

from duban.reports.paper import Cell, Figure, Grid, Heading, Link, Paper, Sentence, plain

_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\']")
#: XML 1.0 has no other control characters than tab and line breaks; a workbook with one is refused by Excel.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
MOST_CHARACTERS: Final = 32_000  # a cell holds 32,767
SOURCES: Final = "数据来源"


def workbook(paper: Paper) -> bytes:
    """The paper as `.xlsx`. A text that begins like a formula stays a text."""
    from openpyxl import Workbook

    book = Workbook()
    text: Any = book.active
    text.title = "正文"
    anchors = _anchors(paper)
    _write_text(text, paper, anchors)
    for grid in paper.grids():
        _write_grid(book.create_sheet(_free_name(book.sheetnames, grid.title)), grid, anchors)
    if anchors:
        _write_sources(book.create_sheet(SOURCES), paper)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def safe(value: object) -> Any:
    """A value as a cell takes it: texts without control characters, cut to what a cell holds."""
    return _CONTROL.sub("", value)[:MOST_CHARACTERS] if isinstance(value, str) else value


def put(sheet: Any, row: int, column: int, value: object) -> Any:
    """Writes one cell; a text stays a text, whatever it begins with."""
    cell = sheet.cell(row=row, column=column)
    cell.value = safe(value)
    if isinstance(value, str):
        cell.data_type = "s"
    return cell


def _anchors(paper: Paper) -> dict[str, int]:
    """The first row of each figure on the sheet of sources."""
    found, row = {}, 2
    for figure in paper.sources():
        found[figure.key] = row
        row += len(figure.rows) + 1
    return found


def _write_text(sheet: Any, paper: Paper, anchors: dict[str, int]) -> None:
    from openpyxl.styles import Alignment, Font

    sheet.column_dimensions["A"].width = 100
    put(sheet, 1, 1, paper.title).font = Font(bold=True, size=16)
    row = 2
    for block in paper.blocks:
        if isinstance(block, Heading):
            put(sheet, row, 1, block.text).font = Font(bold=True)
        elif isinstance(block, Sentence):
            put(sheet, row, 1, block.text).alignment = Alignment(wrap_text=True, vertical="top")
        else:
            put(sheet, row, 1, f"（见工作表：{block.title}）")
        row += 1
        if isinstance(block, Sentence):
            row = _write_figures(sheet, row, block, anchors)
    for line in (*paper.notes, paper.office, f"{paper.dated_on:%Y-%m-%d}"):
        put(sheet, row, 1, line)
        row += 1


def _write_figures(sheet: Any, row: int, block: Sentence, anchors: dict[str, int]) -> int:
    """Under a paragraph each of its figures, linked to its rows: a cell of text can carry one link only."""
    for part in block.parts:
        if isinstance(part, Figure) and part.anchor in anchors:
            cell = put(sheet, row, 1, f"　　{part.label}：{part.value}")
            _to_sources(cell, anchors[part.anchor])
            row += 1
    return row


def _write_grid(sheet: Any, grid: Grid, anchors: dict[str, int]) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    for column, heading in enumerate(grid.headings, start=1):
        put(sheet, 1, column, heading).font = Font(bold=True)
        width = grid.widths[column - 1] if grid.widths else 12
        sheet.column_dimensions[get_column_letter(column)].width = max(width * 1.6, 8)
    for row, cells in enumerate(grid.rows, start=2):
        for column, value in enumerate(cells, start=1):
            _put_cell(sheet, row, column, value, anchors).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(grid.headings))}{max(len(grid.rows) + 1, 1)}"


def _put_cell(sheet: Any, row: int, column: int, value: Cell, anchors: dict[str, int]) -> Any:
    if isinstance(value, Figure):
        cell = put(sheet, row, column, value.value)
        if value.anchor in anchors:
            _to_sources(cell, anchors[value.anchor])
        return cell
    if isinstance(value, Link):
        cell = put(sheet, row, column, value.text)
        if value.url.startswith(("http://", "https://")):
            cell.hyperlink = value.url
        return cell
    return put(sheet, row, column, value if isinstance(value, int) else plain(value))


def _to_sources(cell: Any, row: int) -> None:
    from openpyxl.styles import Font
    from openpyxl.worksheet.hyperlink import Hyperlink

    cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{SOURCES}'!A{row}", display=str(cell.value))
    cell.font = Font(color="0B57A4", underline="single")


def _write_sources(sheet: Any, paper: Paper) -> None:
    from openpyxl.styles import Font

    for column, (heading, width) in enumerate((("指标", 30), ("序号", 10), ("事项", 60), ("依据", 50)), start=1):
        put(sheet, 1, column, heading).font = Font(bold=True)
        sheet.column_dimensions["ABCD"[column - 1]].width = width
    row = 2
    for figure in paper.sources():
        put(sheet, row, 1, f"{figure.label}：{figure.value}").font = Font(bold=True)
        for source in figure.rows:
            row += 1
            put(sheet, row, 2, source.number)
            cell = put(sheet, row, 3, source.title)
            if source.url.startswith(("http://", "https://")):
                cell.hyperlink = source.url
            put(sheet, row, 4, source.note)
        row += 1


def _free_name(taken: list[str], title: str) -> str:
    """A sheet's name: at most 31 characters, none of the forbidden ones, none twice."""
    base = _FORBIDDEN.sub("", title)[:28] or "表"
    name, n = base, 2
    while name in taken:
        name, n = f"{base}{n}", n + 1
    return name
