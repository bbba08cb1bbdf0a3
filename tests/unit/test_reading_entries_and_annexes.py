"""Entries that open with their unit or a worded number, reports that name no problems, and ledgers annexed to prose."""

from __future__ import annotations

import io

import docx
import openpyxl
import pytest

from duban.reading.model import Kind, Reading
from duban.reading.reader import read_bytes


def read(text: str, name: str = "文件.txt") -> Reading:
    return read_bytes(text.encode(), name)


def test_a_task_may_open_with_its_units() -> None:
    text = "1.区教育局、区住建局:新建幼儿园4所,10月底前完成。\n2.区交通局:新辟公交线路3条,6月底前开通。\n"
    first, second = read(f"石桥区2025年为民办实事任务分工\n{text}").items
    assert (first.responsible_units, first.title) == (["区教育局", "区住建局"], "新建幼儿园4所,10月底前完成。")
    assert (second.responsible_units, str(second.milestones[0].due_on)) == (["区交通局"], "2025-06-30")


@pytest.mark.parametrize("word", ["实事一:", "任务1、", "第一件:", "工程一、"])
def test_a_number_may_stand_behind_the_word_for_what_is_counted(word: str) -> None:
    following = word.replace("一", "二").replace("1", "2")
    text = f"{word}老旧小区改造\n牵头单位:区住建局\n时间节点:11月底前完工\n{following}普惠托育\n牵头单位:区卫健局\n"
    items = read(f"北塘区2024年十件民生实事责任分工方案\n{text}").items
    assert [(one.title, one.lead_units) for one in items] == [
        ("老旧小区改造", ["区住建局"]),
        ("普惠托育", ["区卫健局"]),
    ]


def test_a_labelled_target_is_the_goal_of_a_task() -> None:
    text = "一、粮食生产\n目标任务:播种面积稳定在2.6万亩以上。\n工作措施:落实补贴。\n责任单位:农业办\n"
    text += "二、森林防火\n目标任务:受害率控制在0.5‰以内。\n工作措施:组建扑火队。\n责任单位:林业站\n"
    first = read(f"2025年长宁乡目标责任分解\n{text}").items[0]
    assert (first.goal, first.measures) == ("播种面积稳定在2.6万亩以上。", ["落实补贴。"])


def test_a_report_on_targets_names_no_problems_and_is_read_all_the_same() -> None:
    text = "一、已完成的任务\n1.新建菜市场3家。已全部建成营业。\n2.举办促消费活动20场。举办26场。\n"
    text += "二、未完成的任务\n3.零售总额增长8%。实际增长6.2%。\n4.引进首店10家。已引进7家。\n"
    reading = read(f"关于2024年度目标任务完成情况的报告\n{text}")
    assert reading.kind is Kind.PROGRESS_REPORT
    assert [(one.number, one.status) for one in reading.items] == [
        ("1", "done"),
        ("2", "done"),
        ("3", "open"),
        ("4", "open"),
    ]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("已解决。增设站点6个。", "done"),
        ("已落实到位。", "done"),
        ("基本解决。", "open"),
        ("正在解决。", "open"),
        ("列入计划逐步解决。", "open"),
    ],
)
def test_how_a_proposal_was_dealt_with(said: str, status: str) -> None:
    text = f"1.第023号提案:关于增设站点的建议\n主办单位:区交通局\n办理结果:{said}\n"
    text += "2.第041号提案:关于校园周边的建议\n主办单位:区公安分局\n办理结果:已办结。\n"
    item = read(f"关于区政协重点提案办理情况的通报\n{text}").items[0]
    assert (item.lead_units, item.status) == (["区交通局"], status)


def test_a_ledger_of_progress_tells_each_status_by_its_last_column() -> None:
    book = openpyxl.Workbook()
    for row in (
        ("省委巡视反馈问题整改进展情况台账",),
        ("序号", "反馈问题", "整改措施", "责任单位", "整改进展", "是否完成"),
        (1, "拨付缓慢", "清理存量资金", "县财政局", "已拨付3200万元", "否"),
        (2, "公章管理混乱", "印发办法", "县民政局", "已印发", "是"),
    ):
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    reading = read_bytes(stream.getvalue(), "台账.xlsx")
    assert (reading.kind, [one.status for one in reading.items]) == (Kind.PROGRESS_REPORT, ["open", "done"])


def test_complaints_dealt_with_need_no_units_to_be_a_report() -> None:
    head = "<tr><td>序号</td><td>受理编号</td><td>交办问题基本情况</td><td>处理和整改情况</td><td>是否办结</td></tr>"
    rows = "<tr><td>1</td><td>D1</td><td>扬尘污染。</td><td>已覆盖防尘网。</td><td>已办结</td></tr>"
    rows += "<tr><td>2</td><td>D2</td><td>油烟扰民。</td><td>责令更换设施。</td><td>阶段性办结</td></tr>"
    reading = read(f"<html><body><h2>信访举报办理公开一览</h2><table>{head}{rows}</table></body></html>", "a.html")
    assert (reading.kind, [one.status for one in reading.items]) == (Kind.PROGRESS_REPORT, ["done", "open"])


def annexed(*paragraphs: str) -> Reading:
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    rows = (
        ("序号", "重点任务", "牵头单位", "完成时限"),
        ("1", "建设基站600座", "区数据局", "2025年底前"),
        ("2", "引进企业30家", "区投促局", "2026年底前"),
    )
    table = document.add_table(len(rows), 4)
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            table.cell(i, j).text = cell
    stream = io.BytesIO()
    document.save(stream)
    return read_bytes(stream.getvalue(), "方案.docx")


def test_the_ledger_annexed_to_an_opinion_is_read_beside_its_clauses() -> None:
    clauses = (
        "城北区推进数字经济发展行动方案", "一、工作目标", "到2026年,建成数字园区3个。", "二、主要任务",
        "(一)完善设施。建设5G基站600座。", "(二)培育产业。引进数字企业30家。", "三、保障措施",
        "(三)加强统筹。成立专班。",
    )  # fmt: skip
    reading = annexed(*clauses, "附件:重点任务分工表")
    assert reading.kind is Kind.POLICY_OPINION
    assert [(one.number, one.lead_units) for one in reading.items[-3:]] == [
        ("三", []),
        ("1", ["区数据局"]),
        ("2", ["区投促局"]),
    ]
    assert (reading.items[-1].path, reading.items[-3].measures) == (["附件:重点任务分工表"], ["成立专班。"])


def test_tasks_in_prose_are_not_lost_to_a_smaller_table() -> None:
    tasks = [f"{n}.修建道路{n}条。(责任单位:区交通局)" for n in range(1, 5)]
    reading = annexed("某区2025年重点工作任务分解", *tasks, "附件:新增任务")
    assert [one.number for one in reading.items] == ["1", "2", "3", "4", "1", "2"]
