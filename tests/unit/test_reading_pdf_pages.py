"""Pages of a PDF as offices print them: two columns, running heads left and right, notes, columns on later pages."""

from __future__ import annotations

from collections.abc import Sequence

from duban.reading.text import text_layer
from tests.unit.pdf_pages import Page, grid, pdf
from tests.unit.test_reading_pdf import read, told

LEFT_COLUMN = [
    "一、河道保洁不到位，部分支流漂浮物较多，群众反",
    "映强烈。",
    "整改措施：建立日巡查制度，配备保洁员三十名，对",
    "辖区内的支流逐一排查并登记造册，限期清理，确保",
    "不留死角。",
    "责任单位：区水务局会同各街道办事处按职责分工负",
    "责",
    "完成时限：2025年6月30日前完成并报备案",
]
RIGHT_COLUMN = [
    "二、噪声扰民问题突出，夜间施工监管不够有力，投",
    "诉居高不下。",
    "整改措施：严格夜间施工审批，加密巡查频次，对违",
    "规单位依法处罚，并将处罚情况纳入信用档案，向社",
    "会公布。",
    "责任单位：区生态环境局会同区城管局按职责分工落",
    "实",
    "完成时限：2025年9月30日前完成并报备案",
]


def column(x: float, lines: list[str], top: float = 80) -> list[tuple[float, float, str]]:
    return [(x, top + 16 * i, line) for i, line in enumerate(lines)]


def test_a_page_in_two_columns_is_read_down_the_left_one_first() -> None:
    page = Page([(200, 40, "清河区突出问题整改方案"), *column(50, LEFT_COLUMN), *column(310, RIGHT_COLUMN, top=83)])
    lines = [line.text for line in text_layer(pdf(page), "plan.pdf").lines]
    assert lines == [
        "清河区突出问题整改方案",
        "一、河道保洁不到位，部分支流漂浮物较多，群众反映强烈。",
        "整改措施：建立日巡查制度，配备保洁员三十名，对辖区内的支流逐一排查并登记造册，限期清理，确保不留死角。",
        "责任单位：区水务局会同各街道办事处按职责分工负责",
        "完成时限：2025年6月30日前完成并报备案",
        "二、噪声扰民问题突出，夜间施工监管不够有力，投诉居高不下。",
        "整改措施：严格夜间施工审批，加密巡查频次，对违规单位依法处罚，并将处罚情况纳入信用档案，向社会公布。",
        "责任单位：区生态环境局会同区城管局按职责分工落实",
        "完成时限：2025年9月30日前完成并报备案",
    ]


def test_two_columns_of_short_lines_are_told_by_their_heights_and_by_the_page_before() -> None:
    first = [f"{n}、某项问题整改" if n in "一二" else f"责任单位：{n}局" for n in "一甲乙丙丁戊"]
    second = [f"{n}、某项问题整改" if n in "一二" else f"责任单位：{n}局" for n in "二己庚辛壬癸"]
    long = "三、河道保洁不到位，部分支流漂浮物比较多。"
    pages = [
        Page([*column(50, [*first, long]), *column(310, [*second, long], top=89)]),
        Page([*column(50, ["责任单位：子局", "责任单位：丑局"]), (310, 80, "完成时限：年底前")]),
    ]
    lines = [line.text for line in text_layer(pdf(*pages), "plan.pdf").lines]
    assert lines == [*first, long, *second, long, "责任单位：子局", "责任单位：丑局", "完成时限：年底前"]


def test_labels_side_by_side_are_no_columns() -> None:
    rows = [f"责任单位：{n}局" for n in "甲乙丙丁戊己庚"]
    beside = [f"完成时限：{n}月底前" for n in range(1, 8)]
    lines = text_layer(pdf(Page([*column(50, rows), *column(310, beside)])), "plan.pdf").lines
    assert [line.text for line in lines] == [f"{left} {right}" for left, right in zip(rows, beside, strict=True)]


def test_heads_of_left_and_of_right_pages_are_dropped() -> None:
    pages = [
        Page(
            [
                (400 if number % 2 else 50, 20, "政府公报" if number % 2 else "县委文件"),
                (50, 400, f"{number}.修缮河道。"),
            ]
        )
        for number in range(1, 6)
    ]
    assert [line.text for line in text_layer(pdf(*pages), "a.pdf").lines] == [f"{n}.修缮河道。" for n in range(1, 6)]


def test_notes_at_the_foot_and_their_marks_stand_in_no_field() -> None:
    text = [
        (50, 80, "一、河道保洁不到位，群众多有反映，整改工作进展较慢。"),
        (50, 100, "责任单位：区水务局、区城管局"),
        (50, 120, "水面18km"),
    ]
    notes = [(50, 700, "1 区水务局于2024年组建。"), (50, 716, "2 含两个街道。")]
    page = Page([*text, *notes], [(50, 695, 200, 695)], raised=[(142, 100, "1"), (190, 100, "2"), (110, 118, "2")])
    lines = [line.text for line in text_layer(pdf(page), "a.pdf").lines]
    assert lines == [
        "一、河道保洁不到位，群众多有反映，整改工作进展较慢。",
        "责任单位：区水务局、区城管局",
        "水面18km2",
    ]


EDGES = [100.0, 130.0, 180.0, 230.0, 280.0]
SPILLED = [
    [("序号", "工作任务"), ("1", "改造老旧小区12个"), ("2", "新建公园3处"), ("3", "新辟公交线路2条")],
    [("牵头单位", "完成时限"), ("区住建局", "6月底前"), ("区园林局", "年底前"), ("区交通局", "9月底前")],
]


def spilled(rows: Sequence[tuple[str, ...]], tops: list[float]) -> Page:
    texts = [
        (x, top + 8, cell)
        for cells, top in zip(rows, tops, strict=False)
        for x, cell in zip((60.0, 140.0), cells, strict=True)
    ]
    return Page(texts, grid((50.0, 130.0, 400.0), tops))


def test_columns_that_a_workbook_prints_on_later_pages_stand_beside_their_rows() -> None:
    pages = [spilled(side, EDGES) for side in SPILLED]
    pages[0].texts.append((180.0, 40.0, "青山区2025年重点工作任务分解表"))
    reading = read(*pages)
    assert [(*told(item)[:3], item.time_limit) for item in reading.items] == [
        ("1", "改造老旧小区12个", ["区住建局"], "6月底前"),
        ("2", "新建公园3处", ["区园林局"], "年底前"),
        ("3", "新辟公交线路2条", ["区交通局"], "9月底前"),
    ]
    assert [item.place.page for item in reading.items] == [1, 1, 1]


def test_they_are_found_where_the_rows_too_need_several_pages() -> None:
    parts = [(0, slice(0, 3)), (0, slice(3, 4)), (1, slice(0, 3)), (1, slice(3, 4))]
    pages = [spilled(SPILLED[side][rows], [100.0, 130.0] if rows.start else EDGES[:4]) for side, rows in parts]
    pages[0].texts.append((180.0, 40.0, "青山区2025年重点工作任务分解表"))
    rows = text_layer(pdf(*pages), "a.pdf").lines
    assert [line.cells for line in rows[1:]] == [left + right for left, right in zip(*SPILLED, strict=True)]
    assert [line.page for line in rows[1:]] == [1, 1, 1, 2]


def test_cards_of_one_form_on_several_pages_are_not_put_beside_each_other() -> None:
    cards = [
        [("序号", "1"), ("工作任务", "改造老旧小区"), ("牵头单位", "区住建局")],
        [("序号", "2"), ("工作任务", "新建公园"), ("牵头单位", "区园林局")],
    ]
    lines = text_layer(pdf(*[spilled(card, EDGES[:4]) for card in cards]), "a.pdf").lines
    assert [line.page for line in lines] == [1, 1, 1, 2, 2, 2]
