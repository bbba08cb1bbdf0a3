"""Headings that say once who answers for all below them, and what tells one family from another at first sight."""

from __future__ import annotations

import pytest

from duban.reading.model import Kind, Reading
from duban.reading.reader import read_bytes


def read(text: str, name: str = "文件.txt") -> Reading:
    return read_bytes(text.encode(), name)


TASKS = "1.盘活资产。〔责任单位:市国资委、市财政局〕\n2.新建幼儿园6所。〔责任单位:市教育局〕\n"


@pytest.mark.parametrize(
    ("heading", "people", "lead", "responsible"),
    [
        ("一、常务副市长李明远牵头的任务(2项)", ["李明远"], [], []),
        ("一、稳定增长(牵头领导:李明远)", ["李明远"], [], []),
        ("一、市发展改革委牵头的重点工作", [], ["市发展改革委"], []),
        ("一、市发展改革委负责的事项", [], [], ["市发展改革委"]),
    ],
)
def test_a_heading_that_assigns_is_the_parent_of_its_tasks(
    heading: str, people: list[str], lead: list[str], responsible: list[str]
) -> None:
    reading = read(f"某市2025年重点任务责任分工\n{heading}\n{TASKS}")
    (section,) = reading.items
    assert (section.lead_officials, section.lead_units, section.responsible_units) == (people, lead, responsible)
    assert [(child.number, child.responsible_units) for child in section.children] == [
        ("1", ["市国资委", "市财政局"]),
        ("2", ["市教育局"]),
    ]


def test_headings_of_nothing_but_units_assign_the_tasks_below_them() -> None:
    text = "一、区财政局(2项)\n1.盘活资产5亿元。\n2.压减一般性支出5%。\n二、区住建局(1项)\n1.改造老旧小区12个。\n"
    reading = read(f"某区2025年重点工作责任分解\n{text}")
    assert [(one.responsible_units, len(one.children)) for one in reading.items] == [
        (["区财政局"], 2),
        (["区住建局"], 1),
    ]


def test_a_part_of_an_opinion_may_name_its_units() -> None:
    text = "一、科技创新(区科技局牵头)\n(一)建设平台。补助不超过200万元。\n(二)支持企业。新增企业30家。\n"
    text += "二、扩大投资(区发改局牵头,区住建局配合)\n(三)推进项目。6月底前开工率达到90%。\n"
    reading = read(f"关于推动经济发展若干政策举措\n(2025年版)\n{text}")
    assert (reading.kind, reading.year, reading.figures["clauses"]) == (Kind.POLICY_OPINION, 2025, 3)
    assert [(one.lead_units, one.support_units) for one in reading.items] == [
        (["区科技局"], []),
        (["区发改局"], ["区住建局"]),
    ]
    assert str(reading.items[1].children[0].milestones[0].due_on) == "2025-06-30"


def test_a_plan_over_several_years_begins_with_the_first() -> None:
    text = "一、主要任务\n1.建设平台。年底前上线。\n责任单位:市民政局\n2.培训人员。\n责任单位:市人社局\n"
    assert read(f"某市养老服务三年行动方案(2025—2027年)\n{text}").year == 2025


def test_paragraphs_with_fields_behind_them_are_tasks_of_their_heading() -> None:
    text = (
        "一、产业\n——新建大棚200亩。责任领导:刘海涛  责任单位:农业中心  完成时限:5月底\n"
        "——引进项目2个。责任领导:高立新  责任单位:经发办  完成时限:年底\n"
    )
    reading = read(f"某镇2024年重点工作任务清单\n{text}")
    assert reading.kind is Kind.TASK_BREAKDOWN
    assert [
        (one.number, one.title, one.lead_officials, one.responsible_units) for one in reading.items[0].children
    ] == [
        ("一.1", "新建大棚200亩。", ["刘海涛"], ["农业中心"]),
        ("一.2", "引进项目2个。", ["高立新"], ["经发办"]),
    ]


def test_a_report_on_projects_is_a_progress_report_and_its_headings_tell_how_they_stand() -> None:
    text = (
        "一、已完成的项目\n1.新建公园10座。牵头单位:区城管局。进展情况:均已开放。\n"
        "二、达到序时进度的项目\n2.增设充电桩500个。牵头单位:区发改局。进展情况:建成410个。\n"
        "三、进度滞后的项目\n3.建设体育公园。牵头单位:区文旅局。进展情况:正在办理手续。\n"
    )
    reading = read(f"关于2024年1—9月民生实事项目进展情况的通报\n{text}")
    assert reading.kind is Kind.PROGRESS_REPORT
    assert [(one.lead_units, one.status) for one in reading.items] == [
        (["区城管局"], "done"),
        (["区发改局"], "open"),
        (["区文旅局"], "open"),
    ]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("该问题已完成整改。", "done"),
        ("该问题基本完成整改,持续推进。", "open"),
        ("该问题尚未完成整改。", "open"),
        ("该项目已建成投用,该项目已办结。", "done"),
        ("本任务进度滞后。", "open"),
        ("该事项未启动。", "open"),
    ],
)
def test_how_a_problem_stands_is_told_in_prose(said: str, status: str) -> None:
    text = f"(一)治理项目进展缓慢。\n{said}制定方案。\n(二)监管不到位。\n该问题已完成整改。检查36次。\n"
    assert read(f"某市关于审计发现问题整改情况的报告\n{text}").items[0].status == status


def test_headings_without_numbers_or_years_tell_what_lies_behind_from_what_is_planned() -> None:
    text = (
        "过去一年工作\n新增各类养老床位420张,总产值1320亿元。\n今年主要目标\n总产值力争达到1400亿元。\n"
        "重点做好以下工作\n新增养老床位500张,上半年新增养老床位200张。\n"
    )
    reading = read(f"2024年区政府工作报告(摘要)\n{text}")
    assert [[(str(t.value), t.baseline and str(t.baseline)) for t in one.targets] for one in reading.items] == [
        [("1400", "1320")],
        [("500", "420"), ("200", None)],
    ]


def test_offices_above_lists_that_begin_anew_assign_what_is_below_them() -> None:
    text = "区教育局\n1.新建学校5所,8月底前投用。\n2.为30所学校装空调。\n区民政局\n1.新建老年食堂18家,10月底前完成。\n"
    reading = read(f"2025年“我为群众办实事”项目清单\n{text}")
    assert reading.kind is Kind.TASK_BREAKDOWN
    assert [(one.number, one.responsible_units, [child.number for child in one.children]) for one in reading.items] == [
        ("1", ["区教育局"], ["1", "2"]),
        ("2", ["区民政局"], ["1"]),
    ]


def test_a_few_words_behind_a_bullet_above_a_numbered_line_are_a_heading() -> None:
    text = (
        "★ 党的建设\n(1)完成换届8个 【组织部|各党组织】【2024年12月】\n★ 人才培养\n"
        "(2)申报课程10门 【教务处】【2024年11月】\n"
    )
    items = read(f"东林学院2024—2025学年度重点工作任务分解\n\n{text}").items
    assert [(one.number, one.path, one.responsible_units) for one in items] == [
        ("1", ["党的建设"], ["组织部", "各党组织"]),
        ("2", ["人才培养"], ["教务处"]),
    ]


def test_measures_named_in_book_title_marks_are_an_opinion() -> None:
    text = (
        "1.健全机制。制定《工作规则》,2024年9月底前印发。责任单位:市委组织部\n"
        "2.减负增效。取消证明20项。责任单位:市民政局\n"
    )
    reading = read(f"市委办公室 市政府办公室印发《关于加强基层治理的若干措施》\n{text}")
    assert (reading.kind, [one.title for one in reading.items]) == (Kind.POLICY_OPINION, ["健全机制。", "减负增效。"])


def test_a_status_may_be_a_sentence_right_under_the_problem() -> None:
    text = "1.针对“研讨不够”问题\n已完成整改。组织研讨5次。\n2.针对“监督有短板”问题\n基本完成。开展督查3次。\n"
    items = read(f"某机关党委关于巡察整改落实情况的通报\n{text}").items
    assert [one.status for one in items] == ["done", "open"]


def test_a_column_of_verdicts_tells_the_status_whatever_its_head() -> None:
    table = (
        "序号\t重点工作\t牵头单位\t一季度进展\t评价\n1\t城中村改造\t区住建局\t签约率58%\t未达序时进度\n"
        "2\t产业链招商\t区投促局\t签约13个\t超额完成\n"
    )
    reading = read(f"2025年一季度区政府重点工作推进情况通报表\n{table}")
    assert (reading.kind, [one.status for one in reading.items]) == (Kind.PROGRESS_REPORT, ["open", "done"])


def test_what_was_done_about_a_single_problem_is_a_report() -> None:
    text = (
        "整改任务:个别镇不作为。\n整改目标:健全机制。\n责任单位:区河湖中心、各镇\n整改完成情况:\n"
        "1、召开会议5次。\n2、每月调度。\n该任务已完成整改。\n"
    )
    reading = read(f"关于督察反馈问题整改任务(序号十)整改完成情况的公示\n{text}")
    (item,) = reading.items
    assert (reading.kind, item.title, item.status) == (Kind.PROGRESS_REPORT, "个别镇不作为。", "done")
    assert (item.responsible_units, len(item.measures)) == (["区河湖中心", "各镇"], 2)


def test_labels_of_units_above_the_tasks_are_not_those_of_the_task_before() -> None:
    text = (
        "责任单位:城建办\n1.更换楼道灯300盏,5月底前完成。\n2.修补路面26处。\n"
        "责任单位:平安办、各社区\n3.增设充电端口500个,10月底前完成。\n"
    )
    items = read(f"滨河街道2025年民生微实事责任清单\n\n{text}").items
    assert [(one.responsible_units, [(c.number, c.responsible_units) for c in one.children]) for one in items] == [
        (["城建办"], [("1", []), ("2", [])]),
        (["平安办", "各社区"], [("3", [])]),
    ]


def test_a_breakdown_may_have_nothing_but_units_in_brackets() -> None:
    text = (
        "一、推动经济稳进提质\n完成投资320亿元。(市发展改革委)\n新增减税降费15亿元。(市财政局、市税务局)\n"
        "二、办好民生实事\n新增学位3000个。(市教育局)\n新建驿站40个。(市卫生健康委)\n"
    )
    reading = read(f"宁海市人民政府2024年工作要点任务分工\n{text}")
    assert reading.kind is Kind.TASK_BREAKDOWN
    assert [(c.number, c.responsible_units) for one in reading.items for c in one.children] == [
        ("一.1", ["市发展改革委"]),
        ("一.2", ["市财政局", "市税务局"]),
        ("二.1", ["市教育局"]),
        ("二.2", ["市卫生健康委"]),
    ]


def test_what_was_reached_is_compared_with_what_was_to_be_reached() -> None:
    table = (
        "序号\t重点工作\t责任单位\t年度目标\t上半年完成情况\n1\t农田\t区农业局\t建成1.2万亩\t已建成0.8万亩\n"
        "2\t改厕\t区卫健委\t改造800户\t已改造820户\n3\t招商\t区商务局\t到位30亿元\t完成年度任务的56%\n"
    )
    reading = read(f"2024年区政府重点工作上半年进展情况汇总表\n{table}")
    assert (reading.kind, [one.status for one in reading.items]) == (Kind.PROGRESS_REPORT, ["open", "done", "open"])


def test_a_row_over_the_table_s_tasks_may_name_who_leads_them() -> None:
    rows = [
        ("一、高质量发展(责任领导:常务副县长 卫东)", "", "", ""),
        ("目标任务", "牵头部门", "参与部门", "时限"),
        ("(1)新增商贸企业20家", "县商务局", "各镇", "11月底"),
        ("二、民生保障(责任领导:副县长 方圆)", "", "", ""),
        ("(2)新建幼儿园4所", "县教育局", "县住建局", "8月底"),
    ]
    table = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    page = f"<html><body><h3>望城县2025年政府工作报告责任分解</h3><table>{table}</table></body></html>"
    reading = read(page, "分解.html")
    assert (reading.title, reading.year) == ("望城县2025年政府工作报告责任分解", 2025)
    assert [(one.number, one.lead_officials, [c.lead_units for c in one.children]) for one in reading.items] == [
        ("一", ["卫东"], [["县商务局"]]),
        ("二", ["方圆"], [["县教育局"]]),
    ]


def test_what_is_to_be_done_before_a_colon_is_no_unit() -> None:
    text = "● 美丽乡村:创建示范村2个。\n  责任单位:乡村振兴办、各村\n● 特色小镇:打造小镇1个。\n  责任单位:招商办\n"
    items = read(f"高陵镇2025年度重点任务责任表\n\n{text}").items
    assert [one.responsible_units for one in items] == [["乡村振兴办", "各村"], ["招商办"]]
