"""Who leads where several people or places stand beside a problem, where a list begins anew, and who signs below."""

from __future__ import annotations

import io

import docx
import pytest

from duban.reading.model import Item, Kind, Reading
from duban.reading.reader import read_bytes


def read(text: str) -> Reading:
    return read_bytes(text.encode(), "整改方案.txt")


def table(*rows: str) -> Reading:
    cells = [row.split() for row in rows]
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in cells)
    page = f"<html><body><h1>某县问题整改清单</h1><table>{body}</table></body></html>"
    return read_bytes(page.encode(), "清单.html")


def leads(reading: Reading) -> list[list[str]]:
    return [item.lead_officials for item in reading.items]


def test_beside_a_column_of_leaders_whom_the_unit_sends_leads_nothing() -> None:
    reading = table(
        "序号 存在问题 整改时限 责任单位 牵头县领导 责任人",
        "1 台账不全 2025年6月底 县水利局 何明亮 张克俭",
        "2 巡查不勤 2025年7月底 县林业局 刘大鹏 吴瑞",
    )
    assert leads(reading) == [["何明亮"], ["刘大鹏"]]


def test_two_columns_of_leaders_are_two_people() -> None:
    reading = table(
        "序号 存在问题 整改时限 责任单位 牵头领导 分管领导",
        "1 台账不全 2025年6月底 县水利局 何明亮 张克俭",
        "2 巡查不勤 2025年7月底 县林业局 刘大鹏 吴瑞",
    )
    assert leads(reading) == [["何明亮", "张克俭"], ["刘大鹏", "吴瑞"]]


def test_names_of_rivers_are_no_leaders_and_a_river_chief_is_one() -> None:
    reading = table(
        "序号 河湖名称 存在问题 责任河长 责任单位 整改期限",
        "1 白马河 河岸堆放垃圾 李志强 古桥镇人民政府 2022年4月15日前",
        "2 白马河 排污口无标志 王秀芳 县生态环境局 2022年5月底前",
    )
    assert leads(reading) == [["李志强"], ["王秀芳"]]


def test_labels_of_both_name_the_leader_in_either_order() -> None:
    reading = read(
        "某县巡察反馈问题整改方案\n"
        "一、台账不全\n整改措施:建立台账。\n责任领导:何明亮\n责任单位:县委办\n责任人:张克俭\n整改时限:2025年6月底\n"
        "二、检查不勤\n整改措施:开展检查。\n责任人:吴瑞\n责任领导:刘大鹏\n责任单位:县纪委\n整改时限:2025年7月底\n"
    )
    assert leads(reading) == [["何明亮"], ["刘大鹏"]]
    assert not reading.anomalies


def test_a_label_may_have_an_aside_in_brackets() -> None:
    reading = read(
        "某局巡察反馈问题整改方案\n"
        "一、台账不全\n整改措施:建立台账。\n责任科室(单位):办公室、机关党委\n整改时限:2025年6月底\n"
        "二、检查不勤\n整改措施:开展检查。\n责任科室(单位):投资科\n整改时限:2025年7月底\n"
    )
    assert [item.responsible_units for item in reading.items] == [["办公室", "机关党委"], ["投资科"]]


def problem(number: str, text: str) -> str:
    return (
        f"{number}、{text}\n责任单位:市水利局\n整改时限:2025年6月底\n整改目标:整改到位。\n整改措施:\n1.查。\n2.改。\n"
    )


def test_an_annexed_list_counts_anew_below_the_chapters_of_its_plan() -> None:
    reading = read(
        "某市督察反馈意见整改方案\n一、总体要求\n(一)指导思想。坚持问题导向。\n二、保障措施\n成立领导小组,定期调度。\n"
        "附件:某市督察反馈意见整改措施清单\n附件\n某市督察反馈意见整改措施清单\n"
        + problem("一", "管网混接")
        + problem("二", "扬尘扰民")
    )
    assert [(item.number, item.title) for item in reading.items] == [("一", "管网混接"), ("二", "扬尘扰民")]
    assert not reading.anomalies


def test_who_signs_below_the_last_clause_is_no_part_of_it() -> None:
    text = (
        "关于推进养老服务发展的实施意见\n一、保障基本服务\n(一)完善服务设施。每个街道建成综合服务中心。〔市民政局〕\n"
        "(二)严格督导考核。将养老服务工作纳入对县区政府综合考核,定期通报进展情况。〔市政府督查室、市民政局〕\n"
        "临州市人民政府\n2023年7月19日\n(此件公开发布)\n"
    )
    reading = read_bytes(text.encode(), "意见.txt")
    last: Item = reading.walk()[-1]
    assert reading.kind is Kind.POLICY_OPINION
    assert last.lead_units + last.responsible_units == ["市政府督查室", "市民政局"]
    assert last.time_limit is None


def test_a_column_of_states_tells_the_state_beside_one_of_deeds() -> None:
    reading = table(
        "序号 督察反馈问题 整改进展情况 完成状态 责任单位",
        "1 总磷超标 完成提标改造 已完成 县工信局",
        "2 黑臭水体 管道铺设完成85% 正在推进 县住建局",
    )
    assert [item.status for item in reading.items] == ["done", "open"]


def test_a_plan_in_running_text_ends_above_who_signs_it() -> None:
    text = "某市督察反馈意见整改方案\n" + problem("一", "管网混接") + problem("二", "扬尘扰民")
    reading = read(text + "某市整改工作领导小组办公室\n2023年3月8日\n")
    assert reading.items[-1].measures == reading.items[0].measures
    assert reading.issued_on is not None
    assert "cut_text" not in {doubt.code.value for doubt in reading.anomalies}


def test_who_assists_a_head_is_a_post_beside_a_name() -> None:
    reading = table(
        "序号 检视问题 整改措施 牵头领导 责任单位 完成时限",
        "1 储备粮轮换不及时 严格计划 区长助理曾庆红 区粮食局 2023年8月底前",
        "2 学习不深入 修订规则 总经理助理刘大明 区国投公司 2023年9月底前",
    )
    assert [(item.title, item.lead_officials) for item in reading.items] == [
        ("储备粮轮换不及时", ["曾庆红"]),
        ("学习不深入", ["刘大明"]),
    ]


def test_a_card_may_name_a_problem_and_describe_it_below() -> None:
    document = docx.Document()
    document.add_paragraph("某县生态环境问题整改任务卡")
    for number, name, text in (("1", "废水处理不正常", "消毒设备损坏。"), ("2", "固废贮存不规范", "炉渣露天堆放。")):
        card = document.add_table(3, 4)
        rows = [
            ["序号", number, "问题名称", name],
            ["存在问题", text, "整改措施", "立即整改。"],
            ["责任单位", "县卫健局", "整改时限", "2023年4月底前"],
        ]
        for row, cells in zip(card.rows, rows, strict=True):
            for cell, printed in zip(row.cells, cells, strict=True):
                cell.text = printed
        document.add_paragraph("")
    stream = io.BytesIO()
    document.save(stream)
    reading = read_bytes(stream.getvalue(), "任务卡.docx")
    assert [(item.number, item.title, item.responsible_units) for item in reading.items] == [
        ("1", "废水处理不正常：消毒设备损坏。", ["县卫健局"]),
        ("2", "固废贮存不规范：炉渣露天堆放。", ["县卫健局"]),
    ]


@pytest.mark.parametrize(
    ("said", "status"),
    [("已完成并长期坚持", "done"), ("正在整改", "open"), ("已完成", "done"), ("基本完成", "open")],
)
def test_a_state_in_brackets_ends_a_report_on_a_problem(said: str, status: str) -> None:
    reading = read_bytes(
        "某局党组关于巡察整改进展情况的通报\n一、学习不深入方面\n"
        f"(1)学习制度不落实。整改情况:修订规则。(整改状态:{said})\n"
        "(2)教师配备不足。整改情况:招聘18名。(整改状态:已完成)\n".encode(),
        "通报.txt",
    )
    assert reading.kind is Kind.PROGRESS_REPORT
    assert [item.status for item in reading.items] == [status, "done"]


def test_a_bracket_of_who_and_when_may_end_in_what_lasts() -> None:
    reading = read_bytes(
        "关于深化改革的任务分工\n一、提升服务\n"
        "(一)推动跨省通办。设立窗口。(区审批局负责,2022年12月底前完成,长期坚持)\n"
        "(二)完善监管。联合抽查。(区市场监管局牵头,区级各执法部门按职责分工负责,持续推进)\n".encode(),
        "分工.txt",
    )
    assert [(i.lead_units, i.responsible_units, i.time_limit) for i in reading.items] == [
        ([], ["区审批局"], "2022年12月底前完成,长期坚持"),
        (["区市场监管局"], ["区级各执法部门"], "持续推进"),
    ]


def test_labels_that_take_turns_each_start_an_item() -> None:
    def entry(word: str, matter: str, unit: str) -> str:
        return f"{word}:关于{matter}的意见\n领办领导:郝建平\n主办单位:{unit}\n办结时限:2025年6月底前\n\n"

    text = (
        "某区代表建议、委员提案办理任务分解\n"
        + entry("建议名称", "改造管网", "区住建局")
        + entry("建议名称", "增设托班", "区教育局")
        + entry("提案名称", "挖掘古道", "区文旅局")
        + entry("提案名称", "支持企业", "区工信局")
    )
    units = [item.lead_units for item in read_bytes(text.encode(), "分解.txt").items]
    assert units == [["区住建局"], ["区教育局"], ["区文旅局"], ["区工信局"]]


def test_posts_and_names_parted_by_a_space_are_people_each() -> None:
    reading = table(
        "序号 存在问题 整改措施 责任领导 责任单位 完成时限",
        "1 储备粮轮换不及时 严格计划 县长王志强&#32;副县长李明 县粮食局 2023年8月底前",
        "2 学习不深入 修订规则 副区长王强&#32;李明 县国投公司 2023年9月底前",
    )
    assert leads(reading) == [["王志强", "李明"], ["王强", "李明"]]
