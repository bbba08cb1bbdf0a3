"""PDF tables with and without ruling lines, over pages, and files that ask for a password."""

from __future__ import annotations

import pytest

from duban.errors import Unreadable
from duban.reading.model import Item, Reading
from duban.reading.reader import read_bytes
from duban.reading.text import text_layer
from tests.unit.pdf_pages import Page, grid, pdf

TITLE = (180.0, 40.0, "青山区2025年重点工作任务分解表")
LEFT = (50.0, 90.0, 300.0, 400.0, 500.0)
HEAD = ("序号", "工作任务", "牵头单位", "责任单位", "完成时限")
FIRST = ("1", ["改造老旧小区12个,同步实施", "雨污分流。"], ["区住建局"], ["区财政局、", "各街道"], ["6月底前"])
SECOND = ("2", ["新建公园3处。"], ["区园林局"], ["区水务局"], ["年底前"])
THIRD = ("3", ["新辟公交线路2条。"], ["区交通局"], ["区公安", "分局"], ["9月底前"])


def row(top: float, cells: tuple[str | list[str], ...], number_at: float = 0.0) -> list[tuple[float, float, str]]:
    """A row's texts from `top` on, a line 14 points below the other; the number `number_at` points further down."""
    texts = []
    for index, (left, cell) in enumerate(zip(LEFT, cells, strict=True)):
        lines = [cell] if isinstance(cell, str) else cell
        down = number_at if index == 0 else 0.0
        texts += [(left, top + down + 14 * i, line) for i, line in enumerate(lines)]
    return texts


def read(*pages: Page) -> Reading:
    return read_bytes(pdf(*pages), "plan.pdf")


def told(item: Item) -> tuple[str, str, list[str], list[str], str | None]:
    return item.number, item.title, item.lead_units, item.responsible_units, item.time_limit


EXPECTED = [
    ("1", "改造老旧小区12个,同步实施雨污分流。", ["区住建局"], ["区财政局", "各街道"], "6月底前"),
    ("2", "新建公园3处。", ["区园林局"], ["区水务局"], "年底前"),
    ("3", "新辟公交线路2条。", ["区交通局"], ["区公安分局"], "9月底前"),
]


def test_columns_without_ruling_lines_are_told_by_their_head_and_the_white_between_them() -> None:
    page = Page([TITLE, *row(80, HEAD), *row(110, FIRST), *row(138, SECOND), *row(152, THIRD)])
    reading = read(page)
    assert [told(item) for item in reading.items] == EXPECTED
    assert not reading.anomalies


def test_rows_whose_number_stands_in_their_middle_are_told_apart() -> None:
    rows = [*row(110, FIRST, 7), *row(152, SECOND), *row(180, THIRD, 7)]
    assert [told(item) for item in read(Page([TITLE, *row(80, HEAD), *rows])).items] == EXPECTED


def test_a_head_over_two_lines_and_headings_between_rows() -> None:
    two_lines = [
        (x, 80.0 + 14 * i, word[2 * i : 2 * i + 2]) for x, word in zip(LEFT, HEAD, strict=True) for i in (0, 1)
    ]
    between = (50.0, 166.0, "二、着力改善交通出行条件和公共交通服务水平")
    rows = [*row(110, FIRST), *row(138, SECOND), between, *row(180, THIRD)]
    reading = read(Page([TITLE, *(text for text in two_lines if text[2]), *rows]))
    assert [told(item) for item in reading.items] == EXPECTED
    assert reading.items[2].path == [between[2]]


def test_a_table_goes_on_over_pages_with_its_head_or_without() -> None:
    first, third = Page([TITLE, *row(80, HEAD), *row(110, FIRST), *row(138, SECOND)]), row(60, THIRD)
    for second in (Page(third), Page([*row(40, HEAD), *third])):
        assert [told(item) for item in read(first, second).items] == EXPECTED


def test_running_text_behind_such_a_table_is_no_row_of_it() -> None:
    behind = [
        (50.0, 200.0, "各牵头单位要明确专人负责并于每月二十五日之前将进展情况报送督查室汇总"),
        (50.0, 214.0, "区政府督查室将定期开展督促检查并通报工作推进不力的单位和个人的情况"),
    ]
    reading = read(Page([TITLE, *row(80, HEAD), *row(110, FIRST), *row(138, SECOND), *row(152, THIRD), *behind]))
    assert [told(item) for item in reading.items] == EXPECTED


def test_a_row_that_a_page_broke_goes_on_under_the_repeated_head() -> None:
    edges = (45.0, 85.0, 295.0, 395.0, 495.0, 570.0)
    first = Page(
        [
            TITLE,
            *row(80, HEAD),
            *row(110, FIRST),
            *row(150, SECOND),
            *row(180, ("3", ["新辟公交"], ["区交通局"], ["区公安"], ["9月"])),
        ]
    )
    first.rules = grid(edges, (75, 105, 145, 175, 205))
    rest: tuple[str | list[str], ...] = ("", ["线路2条。"], [], ["分局"], ["底前"])
    second = Page(
        [*row(40, HEAD), *row(70, rest), *row(100, ("4", ["编制规划。"], ["区规划局"], ["各街道"], ["年底前"]))]
    )
    second.rules = grid(edges, (35, 65, 95, 125))
    items = read(first, second).items
    assert [told(item) for item in items] == [*EXPECTED, ("4", "编制规划。", ["区规划局"], ["各街道"], "年底前")]


def test_a_scanned_page_among_pages_of_text_is_named() -> None:
    first = Page([TITLE, *row(80, HEAD), *row(110, FIRST), *row(138, SECOND), *row(152, THIRD)])
    reading = read(first, Page([(290.0, 780.0, "2")], picture=True))
    assert [told(item) for item in reading.items] == EXPECTED
    assert [(a.code.value, a.blocks) for a in reading.anomalies] == [("orphan_text", False)]
    assert "第2页是图片" in reading.anomalies[0].detail


def test_a_pdf_with_a_password_says_so_and_names_the_way_out() -> None:
    entry = f"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<{'11' * 32}>/U<{'22' * 32}>>>"
    with pytest.raises(Unreadable, match="password") as refusal:
        text_layer(pdf(Page([TITLE]), encrypted=entry), "plan.pdf")
    assert "Remove the password" in refusal.value.remedy
