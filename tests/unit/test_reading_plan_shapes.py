"""Rectification plans in the shapes that offices give them: a small text each, and what it must yield."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Any

import docx
import pytest

from duban.errors import Unreadable
from duban.reading.model import Item, Kind, Reading
from duban.reading.parties import split_people, split_units
from duban.reading.reader import read_bytes
from duban.reading.several import SeveralPlans, parts_of

TITLE = "某区专项检查反馈问题整改方案\n"


def read(text: str) -> Reading:
    reading = read_bytes((TITLE + text).encode(), "plan.txt")
    assert reading.kind is Kind.RECTIFICATION_PLAN
    return reading


def seen(item: Item) -> dict[str, Any]:
    """What an item says of parties and limit, with its number and its children's."""
    names = {
        "lead": item.lead_units, "units": item.responsible_units, "support": item.support_units,
        "people": item.lead_officials, "limit": item.time_limit, "children": [child.number for child in item.children],
    }  # fmt: skip
    return {"number": item.number} | {name: value for name, value in names.items() if value}


def blocking(reading: Reading) -> list[str]:
    return [anomaly.detail for anomaly in reading.anomalies if anomaly.blocks]


def entry(n: int, fields: str) -> str:
    return f"{n}.第{n}类问题突出。\n整改措施:做好第{n}项。\n{fields}\n"


def test_a_heading_that_names_officials_or_a_limit_is_the_parent_of_its_items() -> None:
    text = "一、立行立改类(牵头领导:陈志远;整改时限:2025年1月底前)\n"
    text += entry(1, "责任单位:应急办") + entry(2, "责任单位:工会")
    text += f"二、长期坚持类(牵头领导:魏红;整改时限:长期坚持)\n{entry(3, '责任单位:各社区')}"
    reading = read(text)
    assert [seen(item) for item in reading.items] == [
        {"number": "一", "people": ["陈志远"], "limit": "2025年1月底前", "children": ["1", "2"]},
        {"number": "二", "people": ["魏红"], "limit": "长期坚持", "children": ["3"]},
    ]
    first = reading.items[0].children[0]
    assert (first.path, seen(first)) == (["一、立行立改类"], {"number": "1", "units": ["应急办"]})
    assert not blocking(reading)


def test_labels_under_a_heading_hold_for_all_its_items_where_these_have_none() -> None:
    shared = "牵头领导:镇长 秦峰\n责任单位:司法所\n"
    text = (
        f"一、征地类\n{shared}{entry(1, '整改时限:2025年3月底前')}二、劳资类\n{shared}{entry(1, '整改时限:立行立改')}"
    )
    reading = read(text)
    assert [(i.number, i.lead_officials, i.responsible_units) for i in reading.items] == [
        ("一", ["秦峰"], ["司法所"]), ("二", ["秦峰"], ["司法所"])
    ]  # fmt: skip
    assert [child.time_limit for item in reading.items for child in item.children] == ["2025年3月底前", "立行立改"]


def test_who_leads_all_of_the_above_stands_at_a_sections_end() -> None:
    text = f"一、服务方面\n{entry(1, '整改时限:2024年9月底前')}(以上由区行政审批局牵头,区直各部门配合)\n"
    text += f"二、要素方面\n{entry(2, '整改时限:2024年11月底前')}以上由区金融办负责。\n"
    assert [seen(item) for item in read(text).items] == [
        {"number": "一", "lead": ["区行政审批局"], "support": ["区直各部门"], "children": ["1"]},
        {"number": "二", "units": ["区金融办"], "children": ["2"]},
    ]


def test_clauses_with_a_bracket_each_are_children_of_their_paragraph() -> None:
    first = "一是全面排查。(责任单位:区资规局;完成时限:2024年6月底前)二是依法拆除。(责任单位:各街镇;完成时限:长期坚持)"
    second = (
        "一是验收复核。(责任单位:区农委;完成时限:2024年9月底前)二是提升地力。(责任单位:区农委;完成时限:2025年6月底前)"
    )
    reading = read(f"(一)违法占地问题。{first}\n(二)耕地质量问题。{second}\n")
    assert [(i.title, i.responsible_units) for i in reading.items] == [("违法占地问题。", []), ("耕地质量问题。", [])]
    assert [seen(child) for child in reading.items[0].children] == [
        {"number": "一", "units": ["区资规局"], "limit": "2024年6月底前"},
        {"number": "二", "units": ["各街镇"], "limit": "长期坚持"},
    ]
    assert [child.measures for child in reading.items[1].children] == [["验收复核。"], ["提升地力。"]]


def test_columns_parted_by_single_spaces_are_a_table() -> None:
    rows = "1 账务公开不规范 统一模板,每月公开 农经站、各村 王强 2024年7月底前\n"
    rows += "2 党费收缴不及时 专人收缴 党建办 刘晓燕 立行立改\n"
    reading = read(f"序号 存在问题 整改措施 责任单位 责任人 整改时限\n{rows}")
    assert [(i.title, seen(i)) for i in reading.items] == [
        ("账务公开不规范", {"number": "1", "units": ["农经站", "各村"], "people": ["王强"], "limit": "2024年7月底前"}),
        ("党费收缴不及时", {"number": "2", "units": ["党建办"], "people": ["刘晓燕"], "limit": "立行立改"}),
    ]


@pytest.mark.parametrize("mark", [":", ".", " ", "·"])
def test_a_label_ends_with_a_colon_or_what_a_scan_made_of_it(mark: str) -> None:
    fields = f"整改措施:加大频次。\n责任单位{mark}水利站、各村\n责任人{mark}丁建国\n整改时限{mark}2025年4月底前\n"
    items = read("".join(f"{n}.第{n}段河道不洁。\n{fields}" for n in (1, 2))).items
    assert [seen(item) for item in items] == [
        {"number": n, "units": ["水利站", "各村"], "people": ["丁建国"], "limit": "2025年4月底前"} for n in ("1", "2")
    ]


def test_numbers_of_labels_are_not_the_items_number() -> None:
    text = "".join(
        f"{n}. 第{n}类\n{n}.1 存在问题:情况{n}。\n{n}.2 整改措施:办理{n}。\n{n}.3 责任部门:工会\n"
        f"{n}.4 整改时限:2024年{n}月底\n"
        for n in (1, 2, 3)
    )
    assert [(i.number, i.title, i.time_limit) for i in read(text).items] == [
        (str(n), f"情况{n}。", f"2024年{n}月底") for n in (1, 2, 3)
    ]


def test_what_is_to_be_done_may_stand_last_under_a_word_for_problems() -> None:
    text = "".join(
        f"({n})第{n}类问题突出\n主责单位:区国资委\n整改期限:2024年{m}月\n整改内容:完成{m}户改制。\n"
        for n, m in (("一", 7), ("二", 8))
    )
    assert [(i.number, i.title, i.measures) for i in read(text).items] == [
        ("一", "第一类问题突出", ["完成7户改制。"]), ("二", "第二类问题突出", ["完成8户改制。"])
    ]  # fmt: skip


def test_a_problem_stands_under_the_line_of_its_own_label() -> None:
    text = "".join(
        f"整改任务{n}\n反馈问题:{n}类积存量大。\n整改措施:处理{n}类。\n整改单位:区住建局、西镇\n整改时限:2023年6月30日前\n"
        for n in "一二"
    )
    assert [(i.number, i.title) for i in read(text).items] == [("一", "一类积存量大。"), ("二", "二类积存量大。")]


def test_numbers_under_headings_by_markup_count_measures() -> None:
    items = "".join(
        f"## {n}. 第{n}类隐患\n- **整改措施**:\n  1. 逐户排查\n  2. 依法处置\n- **责任单位**:应急办(牵头)、各社区\n"
        f"- **整改时限**:2025年{n}月底\n\n"
        for n in (1, 2)
    )
    reading = read_bytes(f"# 某街道整改台账\n\n{items}".encode(), "plan.md")
    assert [(i.number, len(i.measures), i.lead_units, i.responsible_units) for i in reading.items] == [
        ("1", 2, ["应急办"], ["各社区"]), ("2", 2, ["应急办"], ["各社区"])
    ]  # fmt: skip


def test_an_annexed_list_belongs_to_the_plan_before_it() -> None:
    front = (
        "一、总体要求\n(一)指导思想。坚决整改。\n二、保障措施\n(一)加强领导。成立领导小组。\n附件:某区整改措施清单\n"
    )
    items = "".join(f"{n}、第{n}类问题。\n责任单位:区水务局\n整改措施:(1)排查。\n整改时限:2024年底前\n" for n in "一二")
    reading = read(front + items)
    assert [item.title for item in reading.items] == ["第一类问题。", "第二类问题。"]
    assert reading.title == TITLE.strip()


def test_two_plans_of_two_places_are_refused_and_each_can_be_read_alone() -> None:
    plan = "".join(entry(n, "责任单位:应急办\n整改时限:2025年3月底前") for n in (1, 2))
    content = f"{TITLE}{plan}\n西关镇环境卫生问题整改方案\n{plan}".encode()
    with pytest.raises(SeveralPlans, match="2 plans are in it") as refused:
        read_bytes(content, "方案.txt")
    parts = parts_of(content, "方案.txt", refused.value)
    assert [part.filename for part in parts] == ["方案-1.txt", "方案-2.txt"]
    assert [part.title for part in parts] == [TITLE.strip(), "西关镇环境卫生问题整改方案"]
    for part in parts:
        reading = read_bytes(part.content, part.filename)
        assert reading.title == part.title
        assert [(item.responsible_units, item.time_limit) for item in reading.items] == [
            (["应急办"], "2025年3月底前")
        ] * 2


def test_tables_of_two_plans_stay_tables_when_each_is_taken_alone() -> None:
    document = docx.Document()
    head = ["序号", "存在问题", "整改措施", "责任单位", "整改时限"]
    for place in ("东城街道", "西关镇"):
        document.add_paragraph(f"{place}环境卫生问题整改方案")
        table = document.add_table(3, 5)
        rows = [head, ["1", "垃圾乱堆", "清运。", f"{place}城管所", "2025年3月底前"]]
        rows.append(["2", "管网破损", "修复。", f"{place}水务站", "2025年4月底前"])
        for row, cells in zip(table.rows, rows, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
    stream = io.BytesIO()
    document.save(stream)
    with pytest.raises(SeveralPlans) as refused:
        read_bytes(stream.getvalue(), "方案.docx")
    parts = parts_of(stream.getvalue(), "方案.docx", refused.value)
    items = read_bytes(parts[1].content, parts[1].filename).items
    assert [(item.number, item.responsible_units) for item in items] == [
        ("1", ["西关镇城管所"]),
        ("2", ["西关镇水务站"]),
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("赵志勇副市长、欧阳晨副秘书长", ["赵志勇", "欧阳晨"]),
        ("副总经理张立、项目经理 段飞", ["张立", "段飞"]),
        ("党组成员副局长沈国平,华强同志", ["沈国平", "华强"]),
        ("市委常委、常务副市长李铭(兼),林业局局长王五", ["李铭", "王五"]),
        ("各县(区)委书记", ["各县(区)委书记"]),
    ],
)
def test_posts_beside_a_name_are_no_part_of_it(text: str, names: list[str]) -> None:
    assert [party.name for party in split_people(text)] == names


@pytest.mark.parametrize(
    ("text", "units", "people"),
    [
        ("后勤、保卫、车队、团委", ["后勤", "保卫", "车队", "团委"], []),
        ("国库股、文宣、党群、能源中心", ["国库股", "文宣", "党群", "能源中心"], []),
        ("县发改局(岳鹏)、县住建局 王伟", ["县发改局", "县住建局"], ["岳鹏", "王伟"]),
        ("各市(州)党委和政府,各县(区)委、政府", ["各市(州)党委和政府", "各县(区)委、政府"], []),
    ],
)
def test_short_names_under_a_units_label_are_units(text: str, units: list[str], people: list[str]) -> None:
    named = split_units(text)
    assert [party.name for party in named if party.kind == "unit"] == units
    assert [party.name for party in named if party.kind == "person"] == people


@pytest.mark.parametrize(
    "part",
    [
        "(责任单位:",
        "责任单位:甲局;",
        "(一)(甲局;6月底前)",
        "已完成整改完成,",
        "副局长张三副局长",
        "由甲局牵头,",
        "1.\n",
        "①",
    ],
)
def test_what_repeats_without_end_is_read_or_refused_at_once(part: str) -> None:
    plan = f"{TITLE}1.{part * 2000}".encode()
    with suppress(Unreadable):
        assert read_bytes(plan, "plan.txt", Kind.RECTIFICATION_PLAN).items
