"""Work reports: the coming year's targets, never the past year's, and the figures that they compare with."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from duban.reading.baselines import Baselines
from duban.reading.model import Kind, Reading
from duban.reading.reader import read_bytes
from duban.reading.targets import find_targets


def read(text: str) -> Reading:
    reading = read_bytes(text.encode(), "报告.txt")
    assert reading.kind is Kind.WORK_REPORT
    return reading


def rows(reading: Reading) -> list[tuple[str, str, Decimal, str, Decimal | None]]:
    return [(t.name, t.comparator, t.value, t.unit, t.baseline) for i in reading.items for t in i.targets]


PAST = "全年财政收入12.3亿元,增长4.1%;新增就业岗位3860个。"
GOALS = "今年发展主要预期目标是:财政收入增长5%;新增就业岗位4000个以上。"


@pytest.mark.parametrize(
    ("back", "ahead"),
    [
        ("一、2024年工作回顾", "二、2025年工作安排"),
        ("一、过去一年工作", "二、今年目标任务"),
        ("一、2024年主要工作完成情况", "二、2025年重点工作计划"),
        ("一\u30012024年工作总结", "三、2025年工作打算"),
    ],
)
def test_targets_stand_in_the_look_ahead_and_baselines_in_the_look_back(back: str, ahead: str) -> None:
    reading = read(f"2025年某某县政府工作报告\n{back}\n{PAST}\n{ahead}\n{GOALS}\n")
    assert rows(reading) == [
        ("财政收入", "+%", Decimal(5), "%", Decimal("4.1")),
        ("新增就业岗位", ">=", Decimal(4000), "个", Decimal(3860)),
    ]
    assert (reading.year, reading.issuer) == (2025, "某某县政府")
    assert reading.figures["财政收入(亿元)"] == 12.3


def test_goals_parted_by_semicolons_are_items_and_a_paragraphs_lead_is_part_of_their_path() -> None:
    text = "(一)抓好产业。引进项目50个以上,到位资金40亿元。粮食产量稳定在18万吨以上。\n"
    items = read(f"2025年政府工作报告\n一、2024年工作回顾\n{PAST}\n二、2025年工作安排\n{GOALS}\n{text}").items
    assert [i.title for i in items] == [
        "财政收入增长5%", "新增就业岗位4000个以上。", "引进项目50个以上,到位资金40亿元。", "粮食产量稳定在18万吨以上。",
    ]  # fmt: skip
    assert items[2].path == ["二、2025年工作安排", "(一)抓好产业。"]


def test_a_report_under_marked_headings_is_divided_by_them() -> None:
    text = "# 区教育局2024年工作总结和2025年工作计划\n\n## 2024年工作总结\n\n新建学校3所。\n\n## 2025年工作计划\n"
    text += "\n1. 新建学校4所。\n"
    assert rows(read(text)) == [("新建学校", "=", Decimal(4), "所", Decimal(3))]


def test_a_year_end_is_a_limit_where_it_is_printed() -> None:
    text = "年内新建公园2个。\n改造公厕3座。\n"
    items = read(f"2025年政府工作报告\n一、2024年工作回顾\n{PAST}\n二、2025年工作安排\n{text}").items
    assert [(i.time_limit, [m.due_on for m in i.milestones]) for i in items] == [
        ("年内", [dt.date(2025, 12, 31)]), (None, []),
    ]  # fmt: skip


def test_the_day_of_the_speech_is_the_day_of_issue() -> None:
    text = f"政府工作报告\n——2025年1月10日在某县第十八届人民代表大会第四次会议上\n一、2024年工作回顾\n{PAST}\n"
    text += f"二、2025年工作安排\n{GOALS}\n"
    assert read(text).issued_on == dt.date(2025, 1, 10)


@pytest.mark.parametrize(
    ("past", "target", "baseline"),
    [
        ("新增就业岗位52886个", "新增就业岗位40000个", 52886),
        ("拆除二级及以下旧里面积12.53万平方米", "拆除成片二级及以下旧里面积8.6万平方米", Decimal("12.53")),
        ("累计实现旧改受益居民8800户", "完成旧区改造受益居民6000户", 8800),
        ("新建3家服务中心", "新增2个服务中心", 3),
        ("培训15000人", "培训1.6万人", Decimal("1.5")),
        ("财政收入增长18%", "财政收入增长7%", 18),
        ("固定资产投资增长10%", "固定资产投资310亿元", None),
        ("累计引进影视企业163家", "新引进40家影视类企业", None),
        ("完成25条道路整修工程", "完成16条道路大修工程", None),
        ("新增就业岗位52886个", "新增养老床位800张", None),
    ],
)
def test_a_baseline_has_the_same_name_and_a_like_unit(past: str, target: str, baseline: object) -> None:
    [wanted] = find_targets(target)
    assert Baselines(find_targets(past)).of(wanted) == baseline


def test_headings_without_a_number_part_a_report_whose_others_have_one() -> None:
    text = "某县政府工作报告\n一、2023年工作回顾\n新建公路80公里。\n2024年工作打算\n(一)抓项目。新建公路100公里。\n"
    assert [str(t.value) for i in read(text).items for t in i.targets] == ["100"]


def test_a_list_of_works_promised_for_the_year_is_a_report() -> None:
    text = "2019年为民办十件实事\n一是新建幼儿园20所,新增学位1.4万个。\n二是新建农村公路300公里。\n"
    reading = read_bytes(text.encode(), "实事.txt")
    assert reading.kind is Kind.WORK_REPORT
    assert [[t.name for t in i.targets] for i in reading.items] == [["新建幼儿园", "新增学位"], ["新建农村公路"]]
