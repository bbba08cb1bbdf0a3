"""Task breakdowns of many shapes: brackets, lines of fields, prose, tables, clauses with brackets of their own."""

from __future__ import annotations

import datetime as dt

import pytest

from duban.reading.model import AnomalyCode, Item, Kind, Reading
from duban.reading.reader import read_bytes


def read(text: str, name: str = "任务分解.txt") -> Reading:
    reading = read_bytes(text.encode(), name)
    assert reading.kind is Kind.TASK_BREAKDOWN
    return reading


def units(item: Item) -> tuple[list[str], list[str], list[str]]:
    return item.lead_units, item.responsible_units, item.support_units


HEAD = "某某区2025年重点工作任务分解\n一、推动发展\n"


@pytest.mark.parametrize(
    "bracket",
    [
        "(牵头单位:区住建局;责任单位:区财政局、各街镇;协办单位:区统计局)",
        "\uff08牵头单位\uff1a区住建局\uff1b责任单位\uff1a区财政局、各街镇\uff1b协办单位\uff1a区统计局\uff09",
        "〔主办单位:区住建局。承办单位:区财政局、各街镇。配合单位:区统计局〕",
        "【牵头部门:区住建局,责任部门:区财政局及各街镇,配合部门:区统计局】",
        "(主办单位:区住建局 责任单位:区财政局、各街镇 协办单位:区统计局)",
        "(牵头:区住建局;责任:区财政局、各街镇;配合:区统计局)",
        "(牵头单位:区住建局)(责任单位:区财政局、各街镇)(配合单位:区统计局)",
    ],
)
def test_units_stand_in_a_bracket_of_any_kind(bracket: str) -> None:
    reading = read(f"{HEAD}1、改造小区。{bracket}\n2、修路。(责任单位:区交通局)\n")
    assert units(reading.items[0]) == (["区住建局"], ["区财政局", "各街镇"], ["区统计局"])
    assert (reading.items[0].title, reading.items[0].path) == ("改造小区。", ["一、推动发展"])


@pytest.mark.parametrize(
    ("bracket", "expected"),
    [
        ("(区住建局牵头,区财政局、各街镇配合)", (["区住建局"], [], ["区财政局", "各街镇"])),
        ("(区住建局、区财政局及各街镇)", ([], ["区住建局", "区财政局", "各街镇"], [])),
        ("\uff08各区政府、市有关部门按职责分工负责\uff09", ([], ["各区政府", "市有关部门"], [])),
        ("(区住建局(牵头)、区财政局)", (["区住建局"], ["区财政局"], [])),
    ],
)
def test_a_bracket_may_lack_labels(bracket: str, expected: tuple[list[str], ...]) -> None:
    reading = read(f"{HEAD}1、改造小区(二期)。{bracket}\n2、修路。(责任单位:区交通局)\n")
    assert (units(reading.items[0]), reading.items[0].title) == (expected, "改造小区(二期)。")


def test_fields_may_stand_on_lines_of_their_own() -> None:
    text = "1.改造小区。\n责任领导:张伟、李 娜\n牵头单位:市住建局\n配合单位:各县\uff08市、区\uff09\n完成时限:12月底前\n"
    item = read(f"2026年重点任务责任分工\n一、稳定增长\n{text}2.修路。\n责任领导:王芳\n牵头单位:市交通局\n").items[0]
    assert (item.lead_officials, item.lead_units, item.support_units) == (
        ["张伟", "李娜"], ["市住建局"], ["各县\uff08市、区\uff09"],
    )  # fmt: skip
    assert item.milestones[0].due_on == dt.date(2026, 12, 31)


def test_leads_may_be_named_in_prose() -> None:
    item = read("任务分解\n一、由区政法委牵头,区信访局、各街镇配合,2025年3月底前完成。\n二、由区司法局负责。\n").items[
        0
    ]
    assert units(item) == (["区政法委"], [], ["区信访局", "各街镇"])
    assert item.time_limit == "2025年3月底前完成。"


def test_bullets_are_sub_tasks_numbered_within_their_item() -> None:
    text = "1、加强整治。(牵头单位:环保局)\n▲治理河道。(责任单位:水务局)\n●治理扬尘。(责任单位:建委)\n"
    text += "2、修路。(责任单位:经委)\n"
    first, second = read(HEAD + text).items
    assert [(c.number, c.title, c.responsible_units) for c in first.children] == [
        ("1.1", "治理河道。", ["水务局"]),
        ("1.2", "治理扬尘。", ["建委"]),
    ]
    assert (first.responsible_units, second.children) == ([], [])


def test_clauses_with_brackets_of_their_own_are_sub_tasks() -> None:
    text = "(一)办好实事。一是新建公园10个(责任单位:园林局);二是改造公厕25座(责任单位:城管局;时限:10月底前)。\n"
    text += "(二)修路。(责任单位:交通局)\n"
    item = read("2025年任务分解\n" + text).items[0]
    assert [(c.number, c.title, c.responsible_units, c.time_limit) for c in item.children] == [
        ("一", "新建公园10个", ["园林局"], None),
        ("二", "改造公厕25座", ["城管局"], "10月底前"),
    ]
    assert (item.title, item.responsible_units) == ("办好实事。", [])


def test_items_are_what_numbers_through_all_parts() -> None:
    text = "一、经济\n1.投资\n(1)增长10%。\n责任单位:县发改局\n(2)到位60亿元。\n责任单位:县投促局\n2.产业\n"
    text += "(1)引进5家。\n责任单位:县经信局\n"
    text += "二、乡村\n3.农田\n(1)建设1万亩。\n责任单位:县农业局\n"
    items = read(f"2026年目标任务分解\n{text}").items
    assert [(i.number, i.title, len(i.children)) for i in items] == [
        ("1", "投资", 2),
        ("2", "产业", 1),
        ("3", "农田", 1),
    ]


def test_a_number_before_a_date_is_a_number() -> None:
    items = read(f"{HEAD}1.修路。(责任单位:交通局)\n2.9月30日前出台《办法》。(责任单位:发改局)\n").items
    assert [(i.number, i.title) for i in items] == [("1", "修路。"), ("2", "9月30日前出台《办法》。")]


def test_a_bracket_torn_by_a_line_end_is_whole() -> None:
    item = read(f"{HEAD}1、改造小区。(牵头单位:住建局;责任\n单位:财政局)\n2、修路。(责任单位:交通局)\n").items[0]
    assert units(item) == (["住建局"], ["财政局"], [])


def test_tables_are_read_with_their_targets() -> None:
    table = "| 序号 | 重点任务 | 牵头单位 | 配合单位 | 完成时限 |\n|---|---|---|---|---|\n"
    rows = "| 1 | 改造小区20个 | 区住建局 | 各街道、区财政局 | 8月底前 |\n| 2 | 修路5条 | 区交通局 | — | 全年 |\n"
    first, second = read(f"# 区政府2025年度重点工作责任清单\n\n{table}{rows}", "清单.md").items
    assert units(first) == (["区住建局"], [], ["各街道", "区财政局"])
    assert (first.targets[0].value, second.support_units) == (20, [])


def test_a_sub_task_without_units_among_siblings_that_have_them_blocks() -> None:
    tasks = "".join(f"▲治理{n}号河道。(责任单位:水务局)\n" for n in range(8))
    reading = read(f"{HEAD}1、治水。(牵头单位:环保局)\n{tasks}▲治理湖泊。\n2、修路。(责任单位:交通局)\n")
    assert [(a.code, a.number) for a in reading.anomalies if a.blocks] == [(AnomalyCode.MISSING_FIELD, "1.9")]


def test_what_stands_below_the_document_belongs_to_no_task() -> None:
    reading = read(
        f"{HEAD}1、修路。(责任单位:交通局)\n2、治水。(责任单位:水务局)\n主题词:政府工作 任务\n抄送:区委办公室。\n"
    )
    assert reading.items[-1].measures == []


@pytest.mark.parametrize("mark", ["● ", "- ", "· ", "■ ", ""])
def test_lines_with_units_of_their_own_are_sub_tasks_even_without_a_number(mark: str) -> None:
    text = f"1、治水。(牵头单位:环保局)\n{mark}治理河道。(责任单位:水务局)\n"
    text += f"{mark}治理湖泊。(责任单位:园林局)\n2、修路。(责任单位:交通局)\n"
    item = read(HEAD + text).items[0]
    assert [(c.number, c.title, c.responsible_units) for c in item.children] == [
        ("1.1", "治理河道。", ["水务局"]),
        ("1.2", "治理湖泊。", ["园林局"]),
    ]
    assert item.responsible_units == []


def test_fields_may_stand_behind_the_task_without_a_bracket() -> None:
    text = "1.引进项目3个。责任领导:陈刚;责任单位:经发办、招商办;完成时限:12月底。\n"
    text += "2.修路(二期)。责任单位:交通办;完成时限:年底。\n"
    first, second = read(f"南山镇2025年重点工作任务分工\n一、产业\n{text}").items
    assert (first.title, first.lead_officials, first.responsible_units, first.time_limit) == (
        "引进项目3个。", ["陈刚"], ["经发办", "招商办"], "12月底",
    )  # fmt: skip
    assert (second.title, second.responsible_units) == ("修路(二期)。", ["交通办"])


@pytest.mark.parametrize(
    ("bracket", "limit"),
    [
        ("(牵头单位:区住建局;责任单位:区财政局、各街镇,6月底完成)", "6月底完成"),
        ("(区住建局牵头,区财政局、各街镇按职责分工负责,9月底前完成)", "9月底前完成"),
        ("(区住建局牵头;区财政局、各街镇负责;持续推进)", "持续推进"),
    ],
)
def test_a_limit_may_stand_behind_the_names_without_a_label(bracket: str, limit: str) -> None:
    item = read(f"{HEAD}1、改造小区。{bracket}\n2、修路。(责任单位:区交通局)\n").items[0]
    assert (units(item), item.time_limit) == ((["区住建局"], ["区财政局", "各街镇"], []), limit)


def test_labels_of_what_is_no_field_end_the_names_before_them() -> None:
    item = read(
        f"{HEAD}1、修路5条。 责任单位:区交通局 实际进展内容:已开工,完成55%。\n2、架桥。 责任单位:区建委\n"
    ).items[0]
    assert units(item) == ([], ["区交通局"], [])


def test_a_plan_behind_the_notice_that_sends_it_keeps_its_own_title_and_fields() -> None:
    text = (
        "东区政府办公室关于印发2023年主要目标任务责任分解方案的通知\n一、各单位要高度重视。\n二、每季度通报进展。\n"
        "东区政府办公室\n2023年1月3日\n2023年主要目标任务责任分解方案\n一、主要预期目标\n"
        "(一)地区生产总值增长7%\n责任单位:区发改局\n(二)工业投资增长12%\n责任单位:区经信局\n"
    )
    reading = read(text)
    assert (reading.title, reading.issuer) == ("2023年主要目标任务责任分解方案", "东区政府办公室")
    assert [(i.number, i.responsible_units) for i in reading.items] == [("一", ["区发改局"]), ("二", ["区经信局"])]


def test_a_list_of_promised_works_is_a_breakdown_and_no_rectification_plan() -> None:
    text = "民生实事责任清单\n" + "".join(
        f"{n}、新建学校{k}所。\n牵头领导:张三丰\n责任单位:县教育局\n完成时限:8月底\n" for n, k in (("一", 3), ("二", 4))
    )
    assert [(i.number, i.lead_officials) for i in read(text).items] == [("一", ["张三丰"]), ("二", ["张三丰"])]


def test_a_table_that_repeats_a_work_reports_figures_is_known_by_who_answers() -> None:
    text = """某市人民政府办公室关于分解2010年工作报告的通知
┌──────────┬────┬────────┬────┐
│ 工 作 任 务        │分管领导│牵头组织实施单位│完成时限│
├──────────┼────┼────────┼────┤
│一般预算收入增长15%│梁志强  │市财政局        │12月底  │
├──────────┤        ├────────┼────┤
│安排13.3亿元支持教 │        │市教育局        │11月底  │
│育发展              │        │                │        │
└──────────┴────┴────────┴────┘
"""
    reading = read(text)
    assert [units(item)[0] + units(item)[1] for item in reading.items] == [["市财政局"], ["市教育局"]]
    assert [item.lead_officials for item in reading.items] == [["梁志强"], ["梁志强"]]


@pytest.mark.parametrize(
    ("front", "figures"),
    [
        ("现将主要工作分解为7大方面、80项。", {"parts": 7, "items": 80}),
        ("共明确五个方面、32项重点任务。", {"parts": 5, "items": 32}),
        ("经梳理，共修订3项制度、完善12条街道道路。", {}),
    ],
)
def test_what_is_counted_with_a_noun_of_its_own_is_no_number_of_tasks(front: str, figures: dict[str, int]) -> None:
    text = "2023年重点工作任务分解\n" + front + "\n一、经济\n"
    text += "1.新建学校3所。（责任单位：区教育局）\n2.新建医院2所。（责任单位：区卫健委）\n"
    text += "3.修路5公里。（责任单位：区建管委）\n"
    assert read(text).figures == figures
