"""A plan's directory as a workbook: what stands, to be corrected and given back, or an empty one with its headings."""

from __future__ import annotations

import io
from typing import Any

from sqlalchemy import select

from duban.adapters.database import Database
from duban.reports.workbook import put
from duban.services.directory_words import words_of
from duban.services.queries.plans import find_plan
from models import Party

#: Headings as a directory file is read by, with the widths of their columns and what a cell holds.
COLUMNS = (
    ("名称", 24, "姓名或单位全称，必填"),
    ("别名", 24, "文件里的其他写法，用“、”隔开"),
    ("类别", 10, "领导、单位、集体、督查室、总负责人"),
    ("职务", 18, "领导的职务"),
    ("上级", 14, "向谁负责：通知升级时送达的人"),
    ("代理人", 14, "外出时由谁代理"),
    ("负责人", 14, "单位的负责人"),
    ("成员", 36, "集体（如“各街镇”）包括的单位，用“、”隔开"),
    ("邮箱", 28, "通知发到这里；没有的由上一级代收"),
    ("生效日期", 13, "如2026-03-01"),
    ("失效日期", 13, "离任、撤并的最后一天"),
)
_KEYS = ("aliases", "kind", "post", "superior", "substitute", "head", "members", "email", "valid_from", "valid_to")


def directory_workbook(database: Database, plan: str | None) -> bytes:
    """The directory of a plan as `.xlsx`, with the names that the text has and the directory lacks below it.

    Without a plan an empty one. It comes back through `update_directory`. Raises NotFound.
    """
    rows: list[tuple[str, ...]] = []
    if plan is not None:
        with database.read() as session:
            found = find_plan(session, plan)
            standing = words_of(session, found)
            rows = [(name, *(words[key] for key in _KEYS)) for name, words in standing.items()]
            unknown = select(Party.name).where(Party.plan_id == found.id, ~Party.known).order_by(Party.id)
            rows += [(name, *("" for _ in _KEYS)) for name in session.scalars(unknown) if name not in standing]
    return _book(rows)


def _book(rows: list[tuple[str, ...]]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.comments import Comment
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet: Any = book.active
    sheet.title = "名录"
    for place, (heading, width, hint) in enumerate(COLUMNS, start=1):
        cell = put(sheet, 1, place, heading)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DCE6F1")
        cell.comment = Comment(hint, "duban")
        sheet.column_dimensions[get_column_letter(place)].width = width
    for line, row in enumerate(rows, start=2):
        for place, value in enumerate(row, start=1):
            if value:
                put(sheet, line, place, value).number_format = "@"
    kinds = DataValidation(type="list", formula1='"领导,单位,集体,督查室,总负责人"', allow_blank=True)
    sheet.add_data_validation(kinds)
    kinds.add("C2:C2000")
    sheet.freeze_panes = "B2"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
