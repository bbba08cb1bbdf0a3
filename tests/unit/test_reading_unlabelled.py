"""What stands without a column's number, without a colon and without a label of its own is read all the same."""

from __future__ import annotations

from duban.reading.model import Item
from duban.reading.reader import read_bytes

COLUMNS = """临川县2024年水利工程推进一览表

工程        建设内容               牵头          协同          挂联          节点
工程一      加固河堤3公里          县水务局      县财政局      邵长林        2024年5月
工程二      改造泵站两座           县农业农村局  县水务局      冯玉兰        2024年10月
工程三      清淤水库12万立方米     县水务局      县林业局      邵长林        2024年12月
"""
TABBED = """问题\t一、校车驾驶员未按期体检
措施\t逐人建立健康档案
主办\t区教育局
期限\t2024年4月底前
问题\t二、校门口占道经营
措施\t划定经营时段和区域
主办\t区城管局
期限\t2024年6月底前
"""
REQUIREMENTS = """青川县信访交办问题整改清单

问题一：渣土车夜间扰民
办理要求：划定绕行路线，10月20日前完成标识安装。
责任单位：县交通局
问题二：农贸市场污水外溢
办理要求：疏通管网，2023年12月底前整改到位。
责任单位：县商务局
问题三：健身器材破损
办理要求：已于2023年8月底前完成更换，加强巡查。
责任单位：县体育局

2023年9月1日
"""
REPORT = """桐山县2022年度审计查出问题整改情况的报告

一、关于违规占用仓库的问题。县粮食局已收回仓库9间，剩余2间于2023年11月底前退出。
二、关于车辆闲置的问题。县财政局已调剂使用车辆14台。该问题已整改到位。
三、关于旧账未清的问题。县审计局会同有关部门核销旧账31笔。已完成整改。
"""


def dues(item: Item) -> list[str]:
    return [str(one.due_on) for one in item.milestones]


def test_columns_parted_by_spaces_need_no_number_in_the_head() -> None:
    items = read_bytes(COLUMNS.encode(), "plan.txt").items
    told = [(i.number, i.title, i.lead_units, i.support_units, i.lead_officials, dues(i)) for i in items]
    assert told == [
        ("工程一", "加固河堤3公里", ["县水务局"], ["县财政局"], ["邵长林"], ["2024-05-31"]),
        ("工程二", "改造泵站两座", ["县农业农村局"], ["县水务局"], ["冯玉兰"], ["2024-10-31"]),
        ("工程三", "清淤水库12万立方米", ["县水务局"], ["县林业局"], ["邵长林"], ["2024-12-31"]),
    ]


def test_a_label_of_two_characters_may_be_parted_from_its_text_by_a_tab() -> None:
    items = read_bytes(TABBED.encode(), "plan.txt").items
    assert [(i.lead_units, dues(i)) for i in items] == [
        (["区教育局"], ["2024-04-30"]),
        (["区城管局"], ["2024-06-30"]),
    ]


def test_a_date_within_the_requirement_is_the_limit_where_no_label_names_one_and_what_is_done_is_none() -> None:
    items = read_bytes(REQUIREMENTS.encode(), "plan.txt").items
    assert [(i.time_limit, dues(i)) for i in items] == [
        ("10月20日前完成", ["2023-10-20"]),
        ("2023年12月底前整改到位", ["2023-12-31"]),
        (None, []),
    ]


def test_a_report_names_who_acted_together_and_by_when_the_rest_is_done() -> None:
    items = read_bytes(REPORT.encode(), "report.txt").items
    assert [(i.responsible_units, dues(i)) for i in items] == [
        (["县粮食局"], ["2023-11-30"]),
        (["县财政局"], []),
        (["县审计局", "有关部门"], []),
    ]


SHEET = """东港新区“春季会战”任务交办单

A1 贯通滨海大道南段
  主攻单位：建设局    助攻单位：征收中心、交警大队
  领队人：秦学军      交卷日期：4月20日
A2 建成人才公寓一期
  主攻单位：住房公司  助攻单位：科技局
  领队人：曹慧敏      交卷日期：5月15日
A3 清理低效用地500亩
  主攻单位：招商局    助攻单位：自然资源分局
  领队人：秦学军      交卷日期：6月10日
二〇二五年三月一日
"""


def test_several_unknown_labels_stand_on_one_line_below_a_number_with_a_letter() -> None:
    reading = read_bytes(SHEET.encode(), "plan.txt")
    told = [(i.number, i.title, i.responsible_units, i.support_units, i.lead_officials, dues(i)) for i in reading.items]
    assert told == [
        ("A1", "贯通滨海大道南段", ["建设局"], ["征收中心", "交警大队"], ["秦学军"], ["2025-04-20"]),
        ("A2", "建成人才公寓一期", ["住房公司"], ["科技局"], ["曹慧敏"], ["2025-05-15"]),
        ("A3", "清理低效用地500亩", ["招商局"], ["自然资源分局"], ["秦学军"], ["2025-06-10"]),
    ]
    assert not [one for one in reading.anomalies if one.blocks]


def test_sentences_with_equally_many_commas_are_no_table() -> None:
    text = "2025年重点工作任务分解\n一、民生保障\n" + "".join(
        f"{n}、完善服务{n},健全长效机制,由区残联牵头,区财政局、区教育局配合。\n" for n in range(1, 6)
    )
    reading = read_bytes(text.encode(), "分解.txt")
    assert [item.number for item in reading.items] == ["1", "2", "3", "4", "5"]
    assert {tuple(item.lead_units) for item in reading.items} == {("区残联",)}
    assert {tuple(item.support_units) for item in reading.items} == {("区财政局", "区教育局")}
