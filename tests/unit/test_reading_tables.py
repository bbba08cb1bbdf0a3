"""Tables as offices print them: cells below each other, merged over tasks, without a head, with hidden rows."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

import docx
import openpyxl
import pytest

from duban.reading.model import AnomalyCode, Item, Kind, Reading
from duban.reading.reader import read_bytes


def read(text: str, name: str = "任务分解.txt") -> Reading:
    return read_bytes(text.encode(), name)


def told(item: Item) -> tuple[str, str, list[str], list[str], str | None]:
    return item.number, item.title, item.lead_units, item.responsible_units, item.time_limit


def workbook(rows: Sequence[Sequence[Any]], merged: Sequence[str] = ()) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    for area in merged:
        book.active.merge_cells(area)
    return book


def saved(document: Any) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


# -- cells that stand one below the other

CELLS = """2025年民生实事任务分解表
序号{bar}
民生实事{bar}
牵头单位{bar}
责任单位{bar}
完成时限{bar}
1{bar}
新建人行天桥两座。{bar}
区建委{bar}
区交警支队、各街道{bar}
9月底前{bar}
2{bar}
建成区残疾人综合服务中心。{bar}
区残联{bar}
区财政局{bar}
12月底前{bar}
"""
EXPECTED = [
    ("1", "新建人行天桥两座。", ["区建委"], ["区交警支队", "各街道"], "9月底前"),
    ("2", "建成区残疾人综合服务中心。", ["区残联"], ["区财政局"], "12月底前"),
]


@pytest.mark.parametrize("bar", ["", " |", "\n"])
def test_cells_below_each_other_are_a_table(bar: str) -> None:
    reading = read(CELLS.format(bar=bar))
    assert reading.kind is Kind.TASK_BREAKDOWN
    assert [told(item) for item in reading.items] == EXPECTED
    assert reading.items[0].place.line < reading.items[0].place.end_line < reading.items[1].place.line


def test_a_column_may_have_several_such_lines_or_none_and_headings_stand_between_rows() -> None:
    text = (
        "任务分解表 序号 工作任务 责任单位 配合单位 完成时限 一、经济 1 引进项目5个。 投促局 各镇 全年 "
        "二、民生 3 开展普法宣传。 司法局 注:每月报送进展。"
    )
    items = read(text.replace(" ", "\n")).items
    assert [(i.number, i.responsible_units, i.support_units, i.time_limit) for i in items] == [
        ("1", ["投促局"], ["各镇"], "全年"),
        ("3", ["司法局"], [], None),
    ]
    assert items[1].path == ["二、民生"]


def test_rows_may_have_a_bar_behind_each_cell_only() -> None:
    text = (
        "目标任务分解表\n序号 | 任 务 名 称 | 指标要求 | 牵 头 部 门 | 配合部门 |\n"
        "1 | 地区生产总值 | 增长5.5% | 区发改委 | 各街道 |\n2 | 新增泊位 | 1200个 | 区建委 | |\n"
    )
    items = read(text).items
    assert [(i.number, i.lead_units, i.support_units) for i in items] == [
        ("1", ["区发改委"], ["各街道"]),
        ("2", ["区建委"], []),
    ]
    assert [(t.name, t.comparator, str(t.value), t.unit) for i in items for t in i.targets] == [
        ("地区生产总值", "+%", "5.5", "%"),
        ("新增泊位", "=", "1200", "个"),
    ]


# -- columns and merged cells

HEAD = ("序号", "工作任务", "牵头单位", "责任单位", "完成时限")


def test_a_unit_merged_over_several_tasks_stands_beside_each() -> None:
    rows = [
        HEAD,
        (1, "修路", "区建委", "各镇", "6月底前"),
        (2, "架桥", None, "各街道", None),
        (3, "植树", "区林业局", "各村", "年底前"),
    ]
    items = read_bytes(saved(workbook([("任务分解表",), *rows], ["C3:C4", "E3:E4"])), "plan.xlsx").items
    assert [told(item)[2:] for item in items] == [
        (["区建委"], ["各镇"], "6月底前"),
        (["区建委"], ["各街道"], "6月底前"),
        (["区林业局"], ["各村"], "年底前"),
    ]


def test_of_two_columns_under_a_limit_the_one_of_the_end_counts() -> None:
    book = workbook(
        [
            ("序号", "反馈问题", "整改措施", "责任科室", "整改时间", None),
            (None, None, None, None, "开始时间", "完成时间"),
            (1, "制度不全。", "制定制度。", "办公室", "2024年1月", "2024年6月底前"),
            (2, "台账不清。", "理清台账。", "财务科", "2024年1月", "2024年9月底前"),
        ],
        ["A1:A2", "B1:B2", "C1:C2", "D1:D2", "E1:F1"],
    )
    assert [i.time_limit for i in read_bytes(saved(book), "plan.xlsx").items] == ["2024年6月底前", "2024年9月底前"]


def test_hidden_rows_and_columns_are_not_read_but_named() -> None:
    book = workbook(
        [
            ("任务分解表",),
            (*HEAD, "内部时限"),
            (1, "修路", "区建委", "各镇", "6月底前", "5月底前"),
            (2, "作废任务", "区府办", "各镇", "年内", "年内"),
            (3, "植树", "区林业局", "各村", "年底前", "11月底"),
        ]
    )
    book.active.row_dimensions[4].hidden = True
    book.active.column_dimensions["F"].hidden = True
    reading = read_bytes(saved(book), "plan.xlsx")
    assert [(i.number, i.time_limit) for i in reading.items] == [("1", "6月底前"), ("3", "年底前")]
    named = [a for a in reading.anomalies if a.code is AnomalyCode.ORPHAN_TEXT]
    assert len(named) == 1
    assert "作废任务" in named[0].detail
    assert not named[0].blocks


def test_days_and_shares_are_read_as_the_sheet_shows_them() -> None:
    rows = [("序号", "工作任务", "目标", "责任单位", "完成时限"), (1, "提高达标率", 0.95, "区环保局", 45838)]
    rows += [(2, "提高覆盖率", 0.8, "区教育局", 2025.1), (3, "新建泊位", "300个", "区建委", "2025年底")]
    book = workbook(rows)
    for cell in ("C2", "C3"):
        book.active[cell].number_format = "0%"
    book.active["E3"].number_format = "0.00"
    items = read_bytes(saved(book), "任务分解.xlsx").items
    assert [(i.goal, i.time_limit) for i in items] == [
        ("95%", "2025年6月30日"), ("80%", "2025.10"), ("300个", "2025年底"),
    ]  # fmt: skip
    assert items[1].milestones[0].due_on == dt.date(2025, 10, 31)


def test_rows_without_a_number_go_on_with_the_work_above() -> None:
    text = (
        "| 序号 | 工程名称 | 推进任务 | 责任单位 | 完成时限 |\n|---|---|---|---|---|\n"
        "| 1 | 西江大桥 | 完成桩基 | 县交通局 | 3月底 |\n"
        "| | | 主塔封顶 | 县水利局 | 10月底 |\n| 2 | 医院扩建 | 采购设备 | 县卫健局 | 6月底 |\n"
    )
    items = read(text, "推进计划.md").items
    assert [(i.number, i.title) for i in items] == [("1", "西江大桥"), ("2", "医院扩建")]
    assert [(c.number, c.responsible_units, c.time_limit) for c in items[0].children] == [
        ("1.1", ["县交通局"], "3月底"), ("1.2", ["县水利局"], "10月底"),
    ]  # fmt: skip


def test_tasks_hold_their_limits_where_no_column_does() -> None:
    rows = [
        ("2024年重点工作任务分解表",),
        ("序号", "工作任务", "责任单位"),
        (1, "新增载体12万平方米,10月底前完成", "区科技局"),
    ]
    item = read_bytes(saved(workbook([*rows, (2, "建成平台", "区城管局")])), "plan.xlsx").items[0]
    assert (item.time_limit, item.milestones[0].due_on) == ("10月底前完成", dt.date(2024, 10, 31))


# -- Word tables


def table(document: Any, rows: Sequence[Sequence[str]]) -> None:
    made = document.add_table(len(rows), len(rows[0]))
    for i, row in enumerate(rows):
        for j, text in enumerate(row):
            made.cell(i, j).text = text


def test_a_table_without_a_head_goes_on_with_the_columns_of_the_one_before() -> None:
    document = docx.Document()
    document.add_paragraph("重点工作任务分解表")
    table(document, [HEAD, ("1", "修路", "区建委", "各镇", "6月底前")])
    document.add_paragraph("二、生态")
    table(document, [("2", "植树", "区林业局", "各村", "年底前"), ("3", "治水", "区水务局", "/", "长期坚持")])
    items = read_bytes(saved(document), "plan.docx").items
    assert [told(item) for item in items] == [
        ("1", "修路", ["区建委"], ["各镇"], "6月底前"),
        ("2", "植树", ["区林业局"], ["各村"], "年底前"),
        ("3", "治水", ["区水务局"], [], "长期坚持"),
    ]
    assert items[1].path == ["二、生态"]


def test_a_table_within_a_table_that_only_lays_the_page_out_is_read() -> None:
    document = docx.Document()
    document.add_paragraph("重点工作任务分解表")
    outer = document.add_table(1, 1).cell(0, 0)
    inner = outer.add_table(2, 5)
    for i, row in enumerate([HEAD, ("1", "修路", "区建委", "各镇", "6月底前")]):
        for j, text in enumerate(row):
            inner.cell(i, j).text = text
    assert [told(item) for item in read_bytes(saved(document), "plan.docx").items] == [
        ("1", "修路", ["区建委"], ["各镇"], "6月底前")
    ]


# -- web pages


def test_the_index_card_of_a_web_page_names_the_document() -> None:
    rows = "<tr><td>序号</td><td>任务</td><td>责任单位</td></tr><tr><td>1</td><td>修路</td><td>县交通局</td></tr>"
    page = (
        "<html><body><table><tr><td>索引号:</td><td>0145/2024</td>"
        "<td>文 号:</td><td>平政办发〔2024〕6号</td></tr></table>"
        f"<div id=zoom><p>平湖县2024年实事项目任务分解表</p><table>{rows}</table></div></body></html>"
    )
    reading = read_bytes(page.encode("gb2312"), "plan.html")
    assert (reading.title, reading.reference) == ("平湖县2024年实事项目任务分解表", "平政办发〔2024〕6号")
    assert [i.responsible_units for i in reading.items] == [["县交通局"]]


def test_fields_stand_on_lines_of_their_own_within_the_entries_of_a_web_list() -> None:
    entries = "".join(
        f"<li><strong>{task}</strong><br>牵头单位:{unit}<br>完成时限:{month}月底前</li>"
        for task, unit, month in (("新建公园2个", "区园林局", 10), ("改造市场3家", "区商务局", 9))
    )
    page = f"<html><body><div id=content><h1>2024年民生实事任务分解</h1><ol>{entries}</ol></div></body></html>"
    items = read(page, "plan.html").items
    assert [(i.number, i.title, i.lead_units, i.time_limit) for i in items] == [
        ("1", "新建公园2个", ["区园林局"], "10月底前"),
        ("2", "改造市场3家", ["区商务局"], "9月底前"),
    ]
