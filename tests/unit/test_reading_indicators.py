"""Tables of indicators, speeches that set targets, and reports on projects that say how far each has come."""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal

import docx
import pytest

from duban.reading.model import Kind, Reading, Target
from duban.reading.reader import read_bytes


def read(text: str, name: str = "文件.txt") -> Reading:
    return read_bytes(text.encode(), name)


def with_table(before: Sequence[str], rows: Sequence[Sequence[str]], after: Sequence[str] = ()) -> Reading:
    document = docx.Document()
    for paragraph in before:
        document.add_paragraph(paragraph)
    table = document.add_table(len(rows), len(rows[0]))
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            table.cell(i, j).text = cell
    for paragraph in after:
        document.add_paragraph(paragraph)
    stream = io.BytesIO()
    document.save(stream)
    return read_bytes(stream.getvalue(), "文件.docx")


def told(targets: Sequence[Target]) -> list[tuple[str, str, str, str, Decimal | None]]:
    return [(t.name, t.comparator, str(t.value), t.unit, t.baseline) for t in targets]


def test_a_report_s_table_of_indicators_has_the_past_figure_beside_each_target() -> None:
    rows = (
        ("指标", "2024年完成", "2025年目标"),
        ("地区生产总值增速", "6%", "6.5%左右"),
        ("一般公共预算收入", "28.6亿元", "30亿元"),
        ("城镇调查失业率", "5.2%", "≤5.5%"),
    )
    before = (
        "2024年国民经济和社会发展计划执行情况与2025年计划草案的报告",
        "一、2024年计划执行情况",
        "增长6%。",
        "二、2025年主要目标",
    )
    reading = with_table(before, rows, ("三、2025年主要任务", "(一)扩大投资。实施项目150个。"))
    assert reading.kind is Kind.WORK_REPORT
    assert [(one.number, one.title, told(one.targets)) for one in reading.items] == [
        ("1", "地区生产总值增速", [("地区生产总值增速", "+%", "6.5", "%", Decimal(6))]),
        ("2", "一般公共预算收入", [("一般公共预算收入", "=", "30", "亿元", Decimal("28.6"))]),
        ("3", "城镇调查失业率", [("城镇调查失业率", "<=", "5.5", "%", Decimal("5.2"))]),
        ("4", "实施项目150个。", [("项目", "=", "150", "个", None)]),
    ]


def test_a_list_of_targets_with_units_in_a_column_of_their_own() -> None:
    rows = (
        ("序号", "指标名称", "计量单位", "2024年实绩", "2025年目标", "增幅", "责任部门"),
        ("1", "地区生产总值", "亿元", "42.5", "46", "8%以上", "经发办"),
        ("2", "登记失业率", "%", "3.1", "3以内", "—", "社会办"),
    )
    first, second = with_table(("2025年度平安镇目标责任分解表",), rows).items
    assert (first.goal, first.responsible_units) == ("46亿元", ["经发办"])
    assert told(first.targets) == [
        ("地区生产总值", "=", "46", "亿元", Decimal("42.5")),
        ("地区生产总值", "+%", "8", "%", None),
    ]
    assert (second.goal, told(second.targets)) == ("3%以内", [("登记失业率", "<=", "3", "%", Decimal("3.1"))])


def test_a_speech_looks_back_until_it_turns_to_the_year_s_targets() -> None:
    text = (
        "在全市经济工作会议上的讲话\n(2025年1月6日)\n2024年,全市生产总值增长5.8%。\n"
        "今年经济工作的主要目标是:生产总值增长6%以上。\n第一,抓项目。新签约项目200个。\n第二,抓民生。新增就业5万人。\n"
    )
    reading = read(text)
    assert (reading.kind, reading.year) == (Kind.WORK_REPORT, 2025)
    assert [told(one.targets)[0][1:] for one in reading.items] == [
        ("+%", "6", "%", Decimal("5.8")),
        ("=", "200", "个", None),
        ("=", "5", "万人", None),
    ]


PROJECTS = [
    ("农村道路,牵头部门:区交通局。已完工28公里,占年度任务的93%。", "农村道路", "区交通局", "open"),
    ("饮水安全,牵头部门:区水利局。已全部完工。", "饮水安全", "区水利局", "done"),
    ("法律援助,牵头部门:区司法局。已完成年度任务。", "法律援助", "区司法局", "done"),
    ("水库加固,牵头部门:区水利局。尚未开工。", "水库加固", "区水利局", "open"),
    ("充电桩,牵头部门:区发改局。完成目标的115%。", "充电桩", "区发改局", "done"),
]


def test_projects_tell_in_their_own_words_how_far_they_have_come() -> None:
    text = "".join(f"{n}、{printed}\n" for n, (printed, *_) in enumerate(PROJECTS, start=1))
    reading = read(f"关于2024年民生工程1-7月实施进度的通报\n{text}")
    assert reading.kind is Kind.PROGRESS_REPORT
    assert [(one.title.strip("。"), *one.lead_units, one.status) for one in reading.items] == [
        tuple(expected) for _, *expected in PROJECTS
    ]


def test_an_inspection_sets_limits_for_what_lags() -> None:
    text = (
        "一、进展较好的事项\n(一)内涝治理。区水务局已改造11处,提前完成任务。\n"
        "二、进展缓慢的事项\n(二)安置房。区住建局尚未复工。要求7月20日前复工。\n(三)耕地恢复。区农业局未达序时进度。要求9月底前完成。\n"
    )
    reading = read(f"督查通报\n(2024年第6期)\n区政府督查室 2024年7月5日\n{text}")
    assert (reading.kind, reading.issuer, reading.year) == (Kind.PROGRESS_REPORT, "区政府督查室", 2024)
    assert [(one.status, [str(m.due_on) for m in one.milestones]) for one in reading.items] == [
        ("done", []),
        ("open", ["2024-07-20"]),
        ("open", ["2024-09-30"]),
    ]


def test_inner_entries_of_a_list_give_the_fields_of_the_outer_one() -> None:
    text = "# 高新区2025年重点任务清单\n\n## 科技创新\n\n"
    for task, unit in (("新认定企业60家", "科技局"), ("建设基地2个", "经发局")):
        text += f"- **{task}**\n  - 牵头单位:{unit}\n  - 完成时限:11月底\n"
    section = read(text, "清单.md").items[0]
    assert [(one.title, one.lead_units, one.time_limit) for one in section.children] == [
        ("新认定企业60家", ["科技局"], "11月底"),
        ("建设基地2个", ["经发局"], "11月底"),
    ]


@pytest.mark.parametrize("share", ["100%", "80%"])
def test_a_column_of_shares_tells_the_status(share: str) -> None:
    rows = (
        ("序号", "改革任务", "牵头单位", "进展情况", "完成进度"),
        ("1", "支付改革", "区医保局", "已覆盖", share),
        ("2", "档案馆", "区档案馆", "试运行", "未达序时进度"),
    )
    reading = with_table(("某区重点改革任务完成情况一览表",), rows)
    assert (reading.kind, [one.status for one in reading.items]) == (
        Kind.PROGRESS_REPORT,
        ["done" if share == "100%" else "open", "open"],
    )
