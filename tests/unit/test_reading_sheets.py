"""Workbooks and separated tables as programs and clerks leave them: formulas, empty columns, signatures below."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import openpyxl
import pytest

from duban.errors import Unreadable
from duban.reading.reader import read_bytes
from duban.reading.text import text_layer

HEAD = ["序号", "工作任务", "责任单位", "完成时限"]


def workbook(*rows: Sequence[Any]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "台账"
    for row in rows:
        sheet.append(list(row))
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def cells(data: bytes, name: str = "a.xlsx") -> list[tuple[str, ...]]:
    return [line.cells or () for line in text_layer(data, name).lines]


def test_numbers_by_formula_are_counted_where_the_file_holds_no_values() -> None:
    rows = [
        ["=ROW()-1", "甲"],
        ["=A2+1", "乙"],
        ["=MAX(A$2:A3)+1", "丙"],
        ["=COUNTA(B$2:B5)", "丁"],
        ["=A5+1", '=B2&"二"'],
    ]
    data = workbook(HEAD, *[[*row, "区住建局", "年底前"] for row in rows])
    assert [row[:2] for row in cells(data)[1:]] == [
        ("1", "甲"),
        ("2", "乙"),
        ("3", "丙"),
        ("4", "丁"),
        ("5", "甲二"),
    ]


def test_a_long_chain_of_numbers_is_counted_to_its_end() -> None:
    rows: list[list[Any]] = [[1 if i == 2 else f"=A{i - 1}+1", f"任务{i}"] for i in range(2, 4_000)]
    assert cells(workbook(["序号", "任务"], *rows))[-1] == ("3998", "任务3999")


@pytest.mark.parametrize("formula", ["=VLOOKUP(B2,C:D,2)", "=D2", "=[1]总表!A1", "=" + "A9&" * 400 + "A9"])
def test_other_formulas_are_left_empty_and_named(formula: str) -> None:
    data = workbook(
        ["2025年重点工作任务清单"], HEAD, [1, "整治河道", "区水务局", formula], [2, "修缮道路", "区住建局", "6月底前"]
    )
    if formula == "=D2":
        data = workbook(
            ["2025年重点工作任务清单"], HEAD, [1, "整治河道", "区水务局", "=D3"], [2, "修缮道路", "区住建局", "6月底前"]
        )
    reading = read_bytes(data, "a.xlsx")
    assert [item.time_limit for item in reading.items] == [None, "6月底前"]
    assert "台账!D3" in next(a.detail for a in reading.anomalies if "公式" in a.detail)


def test_a_sheet_of_formulas_alone_is_refused_with_the_way_out() -> None:
    with pytest.raises(Unreadable, match="save it and give it again"):
        text_layer(workbook(["=VLOOKUP(1,B:C,2)"]), "a.xlsx")


def test_empty_columns_and_signatures_are_no_part_of_the_table() -> None:
    rows = [["1", "整治河道", "区水务局", "年底前"], ["2", "修缮道路", "区住建局", "年底前"]]
    signed: list[Any] = ["填表人：李平", None, "审核人：周刚", "填报日期：2025年2月20日"]
    by_hand: list[Any] = ["主要负责人（签字）：", None, "联系电话：021-1234567", None]
    printed: list[list[Any]] = [[None, *row] for row in (HEAD, *rows, signed, by_hand)]
    data = workbook(*printed)
    assert cells(data) == [tuple(HEAD), tuple(rows[0]), tuple(rows[1])]


def test_a_unit_or_an_official_in_a_row_of_its_own_is_no_signature() -> None:
    assert cells(workbook(["责任单位：区水务局", "责任领导：王芳"])) == [("责任单位：区水务局", "责任领导：王芳")]


def test_a_separated_table_keeps_line_breaks_within_its_cells() -> None:
    text = '"2025年任务清单",,,\r\n序号,工作任务,责任单位,完成时限\r\n'
    text += '1,"1.清淤。\n2.巡查。","区水务局,区城管局",年底前\r\n'
    lines = text_layer(text.encode("gb18030"), "a.csv").lines
    assert lines[-1].cells == ("1", "1.清淤。\n2.巡查。", "区水务局,区城管局", "年底前")
    assert [(line.number, line.end, line.row) for line in lines] == [(1, 1, 1), (2, 2, 2), (3, 4, 3)]
    for mark in ("\t", ";"):
        assert cells(text.replace(",", mark).encode("utf-16"), "a.csv")[1] == tuple(HEAD)
