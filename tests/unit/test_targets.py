"""Targets: numbers with their name, comparator, value and unit, and numbers that are none."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from duban.reading.targets import find_targets


def found(text: str) -> list[tuple[str, str, str, str]]:
    return [(t.name, t.comparator, str(t.value), t.unit) for t in find_targets(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("力争3年内主导产业产值翻一番", ("主导产业产值", "+%", "100", "%")),
        ("农民收入实现翻两番", ("农民收入", "+%", "300", "%")),
        ("居民消费价格涨幅2%左右", ("居民消费价格", "+%", "2", "%")),
        ("居民消费价格涨幅控制在2%以内", ("居民消费价格涨幅", "<=", "2", "%")),
        ("工业投资增速保持在6%以上", ("工业投资", "+%", "6", "%")),
        ("巩固率达到百分之九十八点五", ("巩固率", ">=", "98.5", "%")),
        ("城乡居民收入比缩小到1.9:1", ("城乡居民收入比", "<=", "1.9", ":1")),
        ("产值增长5%以上", ("产值", "+%", "5", "%")),
        ("新增就业三万二千人以上", ("新增就业", ">=", "3.2", "万人")),
        ("新建三所学校", ("新建学校", "=", "3", "所")),
        ("新建公办幼儿园四所", ("新建公办幼儿园", "=", "4", "所")),
        ("新增停车场十二个以上", ("新增停车场", ">=", "12", "个")),
        ("打造3个以上特色小镇", ("打造特色小镇", ">=", "3", "个")),
        ("压减会议20%", ("压减会议", "-%", "20", "%")),
        ("占比提高到40%以上", ("占比", ">=", "40", "%")),
        ("占全区税收的72%", ("占全区税收", "=", "72", "%")),
        ("总投资86亿元的重大项目", ("总投资", "=", "86", "亿元")),
        ("新增就业岗位40000个", ("新增就业岗位", "=", "40000", "个")),
        ("新增就业岗位 40,000 个", ("新增就业岗位", "=", "40000", "个")),
        ("新增就业岗位3万个以上", ("新增就业岗位", ">=", "3", "万个")),
        ("城镇登记失业人数控制在3万人以内", ("城镇登记失业人数", "<=", "3", "万人")),
        ("失业人数不超过3万人", ("失业人数", "<=", "3", "万人")),
        ("地区生产总值同比增长7%", ("地区生产总值", "+%", "7", "%")),
        ("区地方财政收入增长12%左右", ("区地方财政收入", "+%", "12", "%")),
        ("单位增加值能耗同比下降3%", ("单位增加值能耗", "-%", "3", "%")),
        ("实现全社会固定资产投资额310亿元", ("全社会固定资产投资额", "=", "310", "亿元")),
        ("科技投入占财政支出的比例达2%以上", ("科技投入占财政支出的比例", ">=", "2", "%")),
        ("空气质量优良率保持在80%以上", ("空气质量优良率", ">=", "80", "%")),
        ("绿化覆盖率不低于40.5\uff05", ("绿化覆盖率", ">=", "40.5", "%")),
        ("高新技术企业累计超过258家", ("高新技术企业", ">=", "258", "家")),
        ("平均降尘量降至11吨/平方公里·月", ("平均降尘量", "<=", "11", "吨/平方公里·月")),
        ("全年计划新引进40家影视类企业", ("新引进影视类企业", "=", "40", "家")),
        ("全年至少完成300户廉租房配租任务", ("廉租房配租任务", ">=", "300", "户")),
        ("综合保险覆盖面达23 .13万人", ("综合保险覆盖面", ">=", "23.13", "万人")),
        ("为2000名失能老人提供服务", ("失能老人提供服务", "=", "2000", "名")),
        ("对141条(段)道路实施整治", ("道路实施整治", "=", "141", "条(段)")),
        ("完成夏长浦等5条河道整治", ("河道整治", "=", "5", "条")),
        ("主要预期目标是:财政收入增长7%", ("财政收入", "+%", "7", "%")),
        ("完成28家年耗能5000吨标煤以上企业改造", ("年耗能5000吨标煤以上企业改造", "=", "28", "家")),
        ("促成合作40余项", ("促成合作", ">=", "40", "项")),
    ],
)
def test_a_target_has_a_name_a_comparator_a_value_and_a_unit(text: str, expected: tuple[str, str, str, str]) -> None:
    assert found(text) == [expected]


def test_a_change_from_one_figure_to_another_keeps_the_first_as_baseline() -> None:
    [target] = find_targets("建成区绿化覆盖率从40.5%提高到41%")
    assert (target.comparator, target.value, target.baseline) == ("->", Decimal(41), Decimal("40.5"))


def test_a_range_keeps_both_ends() -> None:
    [target] = find_targets("科技小巨人企业1-2户")
    assert (target.value, target.upper, target.unit) == (Decimal(1), Decimal(2), "户")
    [target] = find_targets("第三产业增速提高1%至2%")
    assert (target.comparator, target.value, target.upper) == ("+%", Decimal(1), Decimal(2))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("新建2个健身中心、3处运动场、6个健身家园", "新建健身中心 新建运动场 新建健身家园"),
        ("建成15所服务站和20所卫生室", "建成服务站 建成卫生室"),
        (
            "完成直管公房修缮26.45万平方米、住宅整治50万平方米、屋面及相关设施改造80万平方米",
            "直管公房修缮 住宅整治 屋面及相关设施改造",
        ),
        ("完成65.6万平方米公房修缮、200万平方米屋面及设施改造、60万平方米住宅整治", "公房修缮 屋面及设施改造 住宅整治"),
        ("建成农村公路28条、45公里", "建成农村公路 建成农村公路"),
        ("建成规划确定的18条、23.5公里污水管道", "污水管道 污水管道"),
        (
            "新增5家照护之家、新增2个服务中心、新建、改建15个活动室和服务站",
            "新增照护之家 新增服务中心 新建、改建活动室和服务站",
        ),
        ("城镇居民收入和农村居民收入分别增长10%左右", "城镇居民收入 农村居民收入"),
        ("甲、乙、丙签约率分别达到93%、96%和95%", "甲 乙 丙签约率"),
        ("建设公共绿地11万平方米\uff0c立体绿化3万平方米", "建设公共绿地 立体绿化"),
        ("财政收入229.71亿元,同比增长18.18%", "财政收入 财政收入"),
    ],
)
def test_several_targets_in_a_sentence_each_have_their_name(text: str, names: str) -> None:
    assert [t.name for t in find_targets(text)] == names.split()


@pytest.mark.parametrize(
    "text",
    [
        "推进118、119地块、60号地块和237街坊建设",
        "建设A20、14号线站点",
        "2017年6月30日前召开会议",
        "推进“10分钟公共文化圈”和“15个1”工程",
        "落实《三年行动30项计划》",
        "落实市人才新政30条",
        "重点做好以下7个方面工作",
        "完成第5次会议的筹备",
        "严格实施1000吨标准煤以上企业的监测",
        "深化12345热线服务",
        "",
    ],
)
def test_a_number_that_promises_nothing_is_no_target(text: str) -> None:
    assert found(text) == []


def test_a_date_before_a_target_is_its_due_day() -> None:
    first, second = find_targets("年内新增5家之家,完成改造2个;新建3处", year=2017)[:2]
    assert (first.due_on, second.due_on) == (dt.date(2017, 12, 31), dt.date(2017, 12, 31))
    [by_2020] = find_targets("到2020年,覆盖率达到90%", year=2019)
    assert (by_2020.due_on, by_2020.name) == (dt.date(2020, 12, 31), "覆盖率")


def test_a_share_that_follows_a_share_grows_as_it_does() -> None:
    assert found("居民收入分别增长6%和7.5%") == [("居民收入", "+%", "6", "%"), ("居民收入", "+%", "7.5", "%")]


@pytest.mark.parametrize("text", ["实施三年行动计划", "新建一所小学", "建设两个中心", "培育一批企业", "办好十件实事"])
def test_numbers_in_words_that_count_nothing_are_no_targets(text: str) -> None:
    assert found(text) == []


def test_a_name_that_only_says_how_it_is_measured_belongs_to_what_was_named_before() -> None:
    assert [name for name, *_ in found("地区生产总值增长6%,总量突破230亿元")] == ["地区生产总值", "地区生产总值总量"]


@pytest.mark.parametrize(
    ("text", "name", "comparator", "value", "unit"),
    [
        ("全年空气质量优良天数320天以上", "空气质量优良天数", ">=", "320", "天"),
        ("商品住房去化周期控制在12个月以内", "商品住房去化周期", "<=", "12", "个月"),
        ("审批时间缩短至3个工作日", "审批时间", "<=", "3", "个工作日"),
        ("出栏生猪25万头", "出栏生猪", "=", "25", "万头"),
    ],
)
def test_time_is_a_target_where_it_is_measured(text: str, name: str, comparator: str, value: str, unit: str) -> None:
    (target,) = find_targets(text, year=2024)
    assert (target.name, target.comparator, str(target.value), target.unit) == (name, comparator, value, unit)


@pytest.mark.parametrize("text", ["完成时限为3个月", "整改时间为30天", "在15个工作日内办结", "公示时间不少于7天"])
def test_by_when_something_is_due_is_no_target(text: str) -> None:
    assert find_targets(text, year=2024) == []


def test_a_higher_share_that_is_striven_for_is_growth_too() -> None:
    assert [(c, v) for _, c, v, _ in found("生产总值增长5.5%以上、力争6%")] == [("+%", "5.5"), ("+%", "6")]


@pytest.mark.parametrize("when", ["", "上年的", "2023年的", "去年底的"])
def test_where_a_share_comes_from_may_say_of_when_it_is(when: str) -> None:
    (target,) = find_targets(f"毛入学率由{when}84.1%提高到86.5%", year=2024)
    assert (target.name, target.comparator, str(target.value), str(target.baseline)) == (
        "毛入学率",
        "->",
        "86.5",
        "84.1",
    )
