"""Who leads where several people or places stand beside a problem, and where a plan's list begins anew."""

from __future__ import annotations

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
