"""Progress reports of many shapes: which lines are problems, what was done, and the totals that are stated."""

from __future__ import annotations

import pytest

from duban.reading.model import Kind, Reading
from duban.reading.progress_figures import is_summary, stated_figures
from duban.reading.reader import read_bytes


def read(text: str) -> Reading:
    reading = read_bytes(text.encode(), "通报.txt")
    assert reading.kind is Kind.PROGRESS_REPORT
    return reading


HEAD = "中共某某县委关于巡视整改进展情况的通报\n一、主体责任落实情况\n"
HEAD += "(一)提高站位。县委召开会议11次。\n(二)压实责任。成立领导小组。\n"


@pytest.mark.parametrize(
    ("titles", "stop"),
    [
        (["针对谋划不足问题", "针对责任不实问题"], "。"),
        (["关于“理论学习不规范”的问题", "关于“调查研究不深入”的问题"], ""),
        (["党委中心组学习针对性不强", "重点项目推进缓慢"], "。"),
        (["关于“新发展理念有偏差”的整改", "关于“选人用人把关不严”的整改"], ""),
    ],
)
def test_problems_are_found_by_their_words_and_nothing_else_is_one(titles: list[str], stop: str) -> None:
    done = ["召开专题会议3次。", "修订《甲办法》,开展检查。"]
    body = "".join(f"{n}.{t}{stop}\n{d}\n" for n, (t, d) in enumerate(zip(titles, done, strict=True), start=1))
    items = read(f"{HEAD}二、整改落实情况\n(一)理论武装方面\n{body}三、下一步打算\n(一)持续用力。巩固成果。\n").items
    assert [(i.number, i.title, i.measures) for i in items] == [
        (str(n), t + stop, [d]) for n, (t, d) in enumerate(zip(titles, done, strict=True), start=1)
    ]
    assert [r.status for r in items[1].regulations] == ["issued"]
    assert {i.state for i in items} == {"ongoing"}


def test_what_was_done_may_stand_behind_the_problem_in_its_paragraph() -> None:
    text = "一、针对“决策程序不规范”问题:修订办法。已完成整改。\n二、针对“清理不及时”问题:清理32笔。正在整改。\n"
    first, second = read(f"某某公司党委关于审计整改情况的公告\n{text}").items
    assert (first.title, first.measures, first.status) == (
        "针对“决策程序不规范”问题", ["修订办法。已完成整改。"], "done",
    )  # fmt: skip
    assert second.status == "open"


def test_numbered_lines_under_a_problem_are_its_measures() -> None:
    text = "1.关于“责任落实不力”的问题\n一是制定清单。\n二是关停企业18家。\n2.关于“监督有短板”的问题\n开展谈话。\n"
    items = read(f"{HEAD}二、整改情况\n{text}").items
    assert [i.measures for i in items] == [["一是制定清单。", "二是关停企业18家。"], ["开展谈话。"]]


def test_a_status_counts_where_the_report_gives_it_and_its_date_is_a_limit() -> None:
    text = "1.关于“甲不规范”的问题。\n修订制度。\uff08已完成\uff09\n2.关于“乙不到位”的问题。\n"
    text += "巡查。(正在推进,2025年6月底前完成)\n"
    text += "3.关于“丙不及时”的问题。\n清理。(长期坚持)\n4.关于“丁不实”的问题。\n已完成招标工作。\n"
    items = read(f"{HEAD}二、整改情况\n{text}").items
    assert [i.status for i in items] == ["done", "open", "open", None]
    assert str(items[1].milestones[0].due_on) == "2025-06-30"
    assert [i.long_term for i in items] == [False, False, True, False]


def test_labelled_entries_are_read_by_their_labels() -> None:
    entry = "({})针对“{}不严”的问题\n整改目标:消除隐患。\n整改措施:开展排查。\n整改进展:{}\n"
    entry += "责任领导:王建军\n责任单位:安全科\n"
    text = entry.format("一", "管理", "已完成") + entry.format("二", "培训", "正在推进")
    first, second = read(f"某区教育局党委关于巡察整改情况的公示\n{text}").items
    assert (first.goal, first.measures, first.lead_officials) == ("消除隐患。", ["开展排查。"], ["王建军"])
    assert (first.status, second.status) == ("done", "open")


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        (
            "截至目前,巡视反馈的41项问题已完成整改39项。提出整改措施147条,已经完成145条。党纪政务立案5人,通过谈话提醒等方式组织处理16人次。"
            "已新建制度59项,修订完善37项。",
            {"problems": 41, "problems_closed": 39, "measures": 147, "measures_done": 145, "cases_filed": 5,
             "people_dealt_with": 16, "regulations_issued": 59, "regulations_revised": 37},
        ),
        (
            "截至2024年11月底,23项整改任务已完成20项,正在推进3项;68条整改措施已完成63条。",
            {"problems": 23, "problems_closed": 20, "problems_open": 3, "measures": 68, "measures_done": 63},
        ),
        (
            "共梳理问题4个,制定整改措施15条,已完成整改3个,持续推进1个。",
            {"problems": 4, "measures": 15, "problems_closed": 3, "problems_open": 1},
        ),
        ("全年召开会议31次,走访36家。", {}),
        (
            "对41项问题细化分解,按照即知即改、限期整改、长期推进3个类型建账。",
            {"problems": 41},
        ),
        (
            "反馈问题涉及5个方面,已完成整改3个方面;共有问题12个,已完成9个,在6个街镇推进整改,成立4个专班。",
            {"problems": 12, "problems_closed": 9},
        ),
        (
            "共10项整改任务,已完成7项,其余3项正在推进,完善机制2个。",
            {"problems": 10, "problems_closed": 7, "problems_open": 3, "regulations_revised": 2},
        ),
    ],
)  # fmt: skip
def test_totals_are_read_as_they_are_stated_and_none_is_invented(text: str, figures: dict[str, int]) -> None:
    assert stated_figures(text) == figures


def test_totals_belong_to_no_single_problem() -> None:
    total = "截至目前,反馈的2个问题已完成整改1个,制定整改措施9条。"
    assert is_summary(total)
    reading = read(f"{HEAD}二、整改情况\n1.针对甲不足问题。\n召开会议。\n2.针对乙不足问题。\n走访3家。\n{total}\n")
    assert (reading.items[1].measures, reading.figures["problems_closed"]) == (["走访3家。"], 1)


def test_a_heading_tells_how_the_problems_below_it_stand() -> None:
    text = "一、集中整改期内已完成的整改事项\n1.针对“研究不够”的问题。专题研究4次。\n"
    text += "2.针对“交流不多”的问题。交流干部14名。\n"
    text += "二、需长期坚持的整改事项\n3.针对“成长慢”的问题。实施导师帮带。\n"
    items = read(f"某局党组关于巡视整改进展情况的通报\n{text}").items
    assert [(i.number, i.status) for i in items] == [("1", "done"), ("2", "done"), ("3", "open")]


def test_a_problem_is_known_by_what_is_said_of_it_below() -> None:
    text = (
        "一、总体情况\n专项审计共发现2个问题,已完成整改1个,正在整改1个。\n二、具体整改情况\n(一)处理设施负荷率偏低。\n"
    )
    text += (
        "该问题已完成整改。一是改造管网35公里;二是优化调度。\n(二)划界工作滞后。\n该问题正在整改。已划界河道46条。\n"
    )
    reading = read(f"某市人民政府关于专项审计发现问题整改情况的报告\n{text}")
    assert [(i.number, i.title, i.status) for i in reading.items] == [
        ("一", "处理设施负荷率偏低。", "done"), ("二", "划界工作滞后。", "open")
    ]  # fmt: skip
    assert reading.figures == {"problems": 2, "problems_closed": 1, "problems_open": 1}


def test_limits_and_results_behind_the_deeds_are_fields() -> None:
    text = "1.针对“监管不力”的问题。(1)检查32家。(2)约谈4人。整改时限:2024年5月底前。整改结果:已完成。\n"
    text += "2.针对“管理有漏洞”的问题。(1)更换设备。(2)安装监控。整改时限:2024年9月底前。整改结果:未完成,正在招标。\n"
    first, second = read(f"某县卫健局关于巡察反馈意见整改落实情况的报告\n{text}").items
    assert (first.measures, first.time_limit, first.status) == (
        ["(1)检查32家。", "(2)约谈4人。"],
        "2024年5月底前",
        "done",
    )
    assert (str(second.milestones[0].due_on), second.status) == ("2024-09-30", "open")


def test_of_two_labels_of_status_one_tells_what_was_done() -> None:
    entry = "反馈问题:{}\n整改情况:{}\n整改结果:{}\n"
    text = entry.format("夜市油烟扰民。", "安装净化器42套。", "已完成") + entry.format(
        "路灯损坏。", "更换56盏。", "达到序时进度"
    )
    first, second = read(f"关于群众反映问题整改情况的公示\n{text}").items
    assert (first.title, first.measures, first.status) == ("夜市油烟扰民。", ["安装净化器42套。"], "done")
    assert (second.measures, second.status) == (["更换56盏。"], "open")


def test_a_line_that_only_says_how_a_problem_stands_is_no_deed() -> None:
    text = "1.关于创新不强的问题\n一是设立基金。\n二是共建实验室。\n整改状态:持续推进\n"
    text += "2.关于主业不突出的问题\n一是制定规划。\n整改状态:已完成,长期坚持\n"
    text += "3.关于基层薄弱的问题(未整改到位)\n派驻2人。\n"
    items = read(f"某集团关于巡视集中整改进展情况的通报\n{text}").items
    assert [(len(i.measures), i.status) for i in items] == [(2, "open"), (1, "done"), (1, "open")]
