"""A plan's ledger as a workbook, JSON or CSV. The workbook comes back through `ledger_import`, with progress in it."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.lifecycle import state_zh
from duban.reports.workbook import put
from duban.services.plan_lookup import plan_id_of
from duban.services.queries.items import rows_for
from duban.services.queries.lights import Lighting
from duban.services.queries.shapes import ItemRow
from models import Item, Measure, Milestone, Plan, Progress, Regulation, RegulationStatus, Target

PROGRESS_ZH = {Progress.OPEN: "未完成", Progress.MOSTLY_DONE: "基本完成", Progress.DONE: "已完成"}
YES, NO = "是", "否"
LIGHTS_ZH = {"red": "红灯", "yellow": "黄灯", "green": "绿灯", "none": "无时限"}
ABOUT = "说明"
ORIGINALS = "导出原值"
MARK = "duban-ledger-2"  # what an import looks for: a workbook of another shape is refused
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet: heading, width, and whether its cells may be filled in and come back."""

    heading: str
    width: int
    open: bool = False


@dataclass(frozen=True, slots=True)
class SheetShape:
    """A sheet of the workbook: its columns; the first is the row's id, the second the item's version."""

    name: str
    columns: tuple[Column, ...]

    def at(self, heading: str) -> int:
        """The place of a column, from 0."""
        return [column.heading for column in self.columns].index(heading)


_KEY = (Column("编号", 8), Column("版本", 6), Column("事项序号", 10))
ITEMS = SheetShape(
    "事项",
    (
        *_KEY,
        Column("事项", 50),
        Column("状态", 12),
        Column("灯", 8),
        Column("到期日", 12),
        Column("牵头领导", 20),
        Column("责任单位", 30),
        Column("时限原文", 40),
        Column("待核", 6),
    ),
)
MEASURES = SheetShape(
    "措施", (*_KEY, Column("措施", 60), Column("进展", 12, open=True), Column("完成日期", 14, open=True))
)
MILESTONES = SheetShape(
    "节点",
    (
        *_KEY,
        Column("节点", 50),
        Column("到期日", 12),
        Column("已完成", 10, open=True),
        Column("完成日期", 14, open=True),
    ),
)
REGULATIONS = SheetShape(
    "制度",
    (*_KEY, Column("制度", 50), Column("状态", 10), Column("文号", 24, open=True), Column("印发日期", 14, open=True)),
)
TARGETS = SheetShape(
    "指标",
    (
        *_KEY,
        Column("指标", 40),
        Column("目标值", 14),
        Column("单位", 8),
        Column("已达", 14, open=True),
        Column("截至日", 14, open=True),
    ),
)
SHEETS = (ITEMS, MEASURES, MILESTONES, REGULATIONS, TARGETS)


@dataclass(frozen=True, slots=True)
class Ledger:
    """A plan's ledger as rows of plain values, by the name of the sheet."""

    plan_id: int
    code: str
    title: str
    as_of: dt.date
    rows: dict[str, list[tuple[Any, ...]]]


def ledger_of(database: Database, *, plan: str, as_of: dt.date) -> Ledger:
    """Reads a plan's ledger as of a day. Raises NotFound."""
    plan_id = plan_id_of(database, plan)
    with database.read() as session:
        found = session.get_one(Plan, plan_id)
        return Ledger(found.id, found.code, found.title, as_of, read_rows(session, plan_id, as_of))


def read_rows(session: Session, plan_id: int, as_of: dt.date) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every sheet as they stand now, in the order of the document."""
    items = session.scalars(
        select(Item).where(Item.plan_id == plan_id, ~Item.dropped).order_by(Item.position, Item.id)
    ).all()
    shown: dict[int, ItemRow] = {}
    lighting = Lighting(session, as_of)
    for start in range(0, len(items), CHUNK):
        ids = [item.id for item in items[start : start + CHUNK]]
        shown |= {row.id: row for row in rows_for(session, lighting, Item.id.in_(ids), limit=len(ids))}
    return {
        ITEMS.name: [_item(item, shown[item.id]) for item in items],
        MEASURES.name: _parts(session, plan_id, Measure, _measure),
        MILESTONES.name: _parts(session, plan_id, Milestone, _milestone),
        REGULATIONS.name: _parts(session, plan_id, Regulation, _regulation),
        TARGETS.name: _parts(session, plan_id, Target, _target),
    }


def as_workbook(ledger: Ledger) -> bytes:
    """The ledger as `.xlsx`; cells that may be filled in are yellow, and come back through an import."""
    from openpyxl import Workbook

    book = Workbook()
    about: Any = book.active
    about.title = ABOUT
    for row, (name, value) in enumerate(_about(ledger), start=1):
        put(about, row, 1, name)
        put(about, row, 2, value)
    about.column_dimensions["A"].width, about.column_dimensions["B"].width = 12, 90
    for shape in SHEETS:
        _write(book.create_sheet(shape.name), shape, ledger.rows[shape.name])
    _write_originals(book.create_sheet(ORIGINALS), ledger)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _write_originals(sheet: Any, ledger: Ledger) -> None:
    """Every cell as it was exported, on a hidden sheet: an import sees by it what somebody has touched."""
    number = 0
    for shape in SHEETS:
        for row in ledger.rows[shape.name]:
            number += 1
            for place, value in enumerate((shape.name, *row), start=1):
                cell = put(sheet, number, place, value)
                if isinstance(value, dt.date):
                    cell.number_format = "yyyy-mm-dd"
    sheet.sheet_state = "veryHidden"


def as_data(ledger: Ledger) -> dict[str, Any]:
    """The ledger as plain values under the headings of the sheets."""
    sheets = {
        shape.name: [
            dict(zip((column.heading for column in shape.columns), row, strict=True)) for row in ledger.rows[shape.name]
        ]
        for shape in SHEETS
    }
    return {"plan": ledger.code, "title": ledger.title, "as_of": ledger.as_of.isoformat(), "sheets": sheets}


def as_csv(ledger: Ledger) -> str:
    """The items as CSV that a spreadsheet opens: a text that begins like a formula is marked as a text."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([column.heading for column in ITEMS.columns])
    writer.writerows([[_unarmed(value) for value in row] for row in ledger.rows[ITEMS.name]])
    return stream.getvalue()


def _unarmed(value: object) -> object:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else value


def _about(ledger: Ledger) -> Iterable[tuple[str, str]]:
    return (
        ("格式", MARK),
        ("方案", ledger.code),
        ("名称", ledger.title),
        ("截至", ledger.as_of.isoformat()),
        ("填报", "只填黄色单元格;编号、版本两列请勿改动。填好后用 duban import 导入,有一行不对则全部不入账。"),
        ("进展", "填 未完成、基本完成 或 已完成;「已完成」须填完成日期,不填则为导入当日。"),
    )


def _write(sheet: Any, shape: SheetShape, rows: list[tuple[Any, ...]]) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    yellow = PatternFill("solid", fgColor="FFF8DC")
    for place, column in enumerate(shape.columns, start=1):
        put(sheet, 1, place, column.heading).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(place)].width = column.width
    for number, row in enumerate(rows, start=2):
        for place, (column, value) in enumerate(zip(shape.columns, row, strict=True), start=1):
            cell = put(sheet, number, place, value)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if column.open:
                cell.fill = yellow
            if isinstance(value, dt.date):
                cell.number_format = "yyyy-mm-dd"
    sheet.freeze_panes = "A2"
    if any(column.open for column in shape.columns):
        _offer(sheet, shape, len(rows))


def _offer(sheet: Any, shape: SheetShape, rows: int) -> None:
    """Choices for the cells that take one of a few words."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    for heading, choices in (("进展", PROGRESS_ZH.values()), ("已完成", (YES, NO))):
        place = next((n for n, c in enumerate(shape.columns, start=1) if c.heading == heading and c.open), None)
        if place is not None and rows:
            letter = get_column_letter(place)
            validation = DataValidation(type="list", formula1=f'"{",".join(choices)}"', allow_blank=True)
            validation.add(f"{letter}2:{letter}{rows + 1}")
            sheet.add_data_validation(validation)


def _parts(
    session: Session, plan_id: int, table: Any, shown: Callable[[Any], tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    rows = session.execute(
        select(table, Item.version, Item.number)
        .join(Item, Item.id == table.item_id)
        .where(Item.plan_id == plan_id, ~Item.dropped, ~Item.quarantined)
        .order_by(Item.position, table.position)
    ).tuples()
    return [(part.id, version, number, *shown(part)) for part, version, number in rows]


def _item(item: Item, row: ItemRow) -> tuple[Any, ...]:
    return (
        item.id,
        item.version,
        item.number,
        item.title,
        state_zh(item.state, item.outcome),
        LIGHTS_ZH[row.light],
        item.due_on,
        "、".join(row.names("lead_official")),
        "、".join(row.names("lead_unit", "responsible")),
        item.time_limit,
        YES if item.quarantined else NO,
    )


def _measure(measure: Measure) -> tuple[Any, ...]:
    return measure.text, PROGRESS_ZH[measure.progress], measure.done_on


def _milestone(milestone: Milestone) -> tuple[Any, ...]:
    return milestone.text, milestone.rolled_due_on, YES if milestone.done else NO, milestone.done_on


def _regulation(regulation: Regulation) -> tuple[Any, ...]:
    status = "已出台" if regulation.status is RegulationStatus.ISSUED else "待出台"
    return regulation.title, status, regulation.document_number, regulation.issued_on


def _target(target: Target) -> tuple[Any, ...]:
    return target.name, target.value, target.unit, target.reached, target.reached_on
