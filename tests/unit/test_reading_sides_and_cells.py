"""Problems told side by side, tables without heads, numbers in cells of their own, and what is no plan at all."""

from __future__ import annotations

import io
from collections.abc import Sequence

import docx
import pytest

from duban.errors import Unreadable
from duban.reading.model import Kind, Reading
from duban.reading.reader import read_bytes


def read(text: str, name: str = "文件.txt") -> Reading:
    return read_bytes(text.encode(), name)


def table(title: str, rows: Sequence[Sequence[str]]) -> Reading:
    document = docx.Document()
    document.add_paragraph(title)
    grid = document.add_table(len(rows), len(rows[0]))
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            grid.cell(i, j).text = cell
    stream = io.BytesIO()
    document.save(stream)
    return read_bytes(stream.getvalue(), "文件.docx")


def test_problem_and_rectification_may_be_parts_of_one_number() -> None:
    text = (
        "一、思想建设方面\n(一)反馈问题\n理论学习抓得不实。\n(二)整改情况\n开展研讨6次。已完成。\n"
        "二、作风建设方面\n(一)反馈问题\n公车管理不严。\n(二)整改情况\n修订《公务用车办法》,预计2024年12月底前完成。\n"
    )
    first, second = read(f"某街道关于巡察整改进展情况的报告\n{text}").items
    assert (first.number, first.title, first.measures, first.status) == (
        "一",
        "理论学习抓得不实。",
        ["开展研讨6次。已完成。"],
        "done",
    )
    assert (second.number, second.status, str(second.milestones[0].due_on)) == ("二", "open", "2024-12-31")


def test_a_report_on_one_problem_has_its_sides_as_parts() -> None:
    text = (
        "一、问题概述\n处理能力不足。\n二、整改目标\n日处理能力提升至300吨。\n"
        "三、整改措施及落实情况\n(一)扩建处理站。已建成投运。\n四、整改结论\n该问题已完成整改。\n"
    )
    (item,) = read(f"市城管局关于督察反馈问题整改情况的公示\n{text}").items
    assert (item.title, item.goal, item.status) == ("处理能力不足。", "日处理能力提升至300吨。", "done")


def test_the_columns_of_a_table_without_a_head_are_told_by_its_cells() -> None:
    rows = (
        ("1", "新建文化广场3处", "宣传办", "2025年10月底"),
        ("2", "硬化道路15公里", "村镇办、各村", "2025年9月底"),
        ("3", "改造危房42户", "村镇办", "2025年6月30日前"),
    )
    reading = table("花溪镇2025年重点工作任务分解表", rows)
    assert reading.kind is Kind.TASK_BREAKDOWN
    assert [(one.number, one.title, one.responsible_units, one.time_limit) for one in reading.items] == [
        ("1", "新建文化广场3处", ["宣传办"], "2025年10月底"),
        ("2", "硬化道路15公里", ["村镇办", "各村"], "2025年9月底"),
        ("3", "改造危房42户", ["村镇办"], "2025年6月30日前"),
    ]


def test_a_number_in_a_cell_of_its_own_numbers_the_text_beside_it() -> None:
    rows = (
        ("序号", "实事内容及责任"),
        ("1", "新建公园12个。\n牵头单位:市园林中心\n完成时限:9月底"),
        ("2", "改造电梯80部。\n牵头单位:市住建局\n完成时限:11月底"),
    )
    items = table("沙河市2025年惠民实事任务分解", rows).items
    assert [(one.number, one.title, one.lead_units, one.time_limit) for one in items] == [
        ("1", "新建公园12个。", ["市园林中心"], "9月底"),
        ("2", "改造电梯80部。", ["市住建局"], "11月底"),
    ]


def test_when_a_project_begins_is_no_limit() -> None:
    rows = (
        ("项目名称", "建设规模", "责任领导/责任单位", "开工时间", "竣工时间"),
        ("中医院迁建", "3.2万平方米", "杜鹃/县卫健局", "2025年3月", "2026年12月"),
        ("污水厂扩建", "日处理2万吨", "韦强/县住建局", "2025年4月", "2025年12月"),
    )
    items = table("云岭县2025年度重点项目推进责任清单", rows).items
    assert [(one.lead_officials, one.responsible_units, one.time_limit) for one in items] == [
        (["杜鹃"], ["县卫健局"], "2026年12月"),
        (["韦强"], ["县住建局"], "2025年12月"),
    ]


def test_short_labels_make_a_breakdown_where_the_title_says_so() -> None:
    text = "任务:档案数字化\n责任:档案科、信息科\n时限:8月底\n\n任务:修订办法\n责任:文书科\n时限:4月底\n"
    reading = read(f"区委办公室2025年督办任务清单\n\n{text}")
    assert (reading.kind, [one.responsible_units for one in reading.items]) == (
        Kind.TASK_BREAKDOWN,
        [["档案科", "信息科"], ["文书科"]],
    )


@pytest.mark.parametrize(
    "text",
    [
        "我区召开推进会\n5月5日,我区召开推进会。一季度新开工项目26个,增长12%。\n会议强调,一是压实责任;二是加快进度。\n",
        "公开招聘公告\n一、岗位\n招聘30名。\n二、条件\n1.品行端正;\n2.35周岁以下。\n三、时间\n5月10日至20日。\n",
        "关于国庆节放假的通知\n各科室:\n一、10月1日至7日放假,共7天。\n二、安排好值班。\n三、遇有事件及时报告。\n",
    ],
)
def test_news_vacancies_and_holidays_are_no_plans(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text)


def test_the_sections_of_a_chapter_lie_within_it() -> None:
    text = (
        "第一章 发展目标\n到2025年,覆盖率达到90%以上。\n第二章 重点任务\n第一节 完善保障\n补贴覆盖率100%。\n"
        "第二节 促进就业\n培训2000人次。\n第三章 保障措施\n第一节 经费保障\n列入预算。\n"
    )
    reading = read(f"海陵市“十四五”残疾人保障和发展规划\n{text}")
    assert reading.kind is Kind.POLICY_OPINION
    assert [(one.number, one.path) for one in reading.items] == [
        ("一", []),
        ("一", ["第二章 重点任务"]),
        ("二", ["第二章 重点任务"]),
        ("一", ["第三章 保障措施"]),
    ]
    assert not any(doubt.blocks for doubt in reading.anomalies)


def test_how_a_plan_was_carried_out_is_a_report_and_a_suggestion_is_settled_or_not() -> None:
    text = (
        "一、关于规划布局的建议\n已编制《布点规划》,该建议已落实。\n二、关于补贴的建议\n已出台办法,该建议已采纳。\n"
        "三、关于引入社会力量的建议\n正在洽谈,计划2025年6月底前签约。\n"
    )
    items = read(f"关于政协第118号提案的办理情况\n{text}").items
    assert [one.status for one in items] == ["done", "done", "open"]
    text = "一、污水设施不正常。\n整改时限:2023年12月底。\n整改进展:达到序时进度。修复11公里。\n"
    text += "二、矿山修复滞后。\n整改时限:2024年12月底。\n整改进展:正在整改。修复860亩。\n"
    assert read(f"某市督察报告整改方案落实情况\n\n{text}").kind is Kind.PROGRESS_REPORT
