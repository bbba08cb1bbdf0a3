"""Which line is the item: sub-problems with one set of fields, inner numbering, and what stands once for several."""

from __future__ import annotations

import io

import openpyxl

from duban.reading.model import Item, Reading
from duban.reading.reader import read_bytes


def read(text: str) -> Reading:
    return read_bytes(text.encode(), "文件.txt")


def workbook(*rows: tuple[object, ...]) -> Reading:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return read_bytes(stream.getvalue(), "台账.xlsx")


def dues(item: Item) -> list[str]:
    return [str(one.due_on) for one in item.milestones if one.due_on]


def test_fields_behind_several_sub_problems_are_for_the_problem_around_them() -> None:
    fields = "整改措施:1.编制规划。2.由{u}抽查。\n责任领导:{o}\n责任股室:{u}\n整改时限:2024年{d}月底前\n"
    text = (
        "巡察整改方案\n一、履行职责方面\n(一)产业统筹不力\n1.规划没有修订。\n2.管护责任没有到村。\n"
        + fields.format(o="贺平", u="产业股", d=7)
        + "(二)农田监管不严\n1.防渗渠没有铺设。\n2.抽检不足。\n3.经费没有预算。\n"
        + fields.format(o="邓明", u="农田股", d=9)
    )
    reading = read(text)
    found = [(i.number, i.lead_officials, i.responsible_units, dues(i), len(i.measures)) for i in reading.items]
    assert found == [("一", ["贺平"], ["产业股"], ["2024-07-31"], 2), ("二", ["邓明"], ["农田股"], ["2024-09-30"], 2)]
    assert reading.items[0].title.startswith("产业统筹不力")
    assert not any(a.blocks for a in reading.anomalies)


def test_an_inner_numbering_with_units_of_its_own_is_below_the_item_without() -> None:
    text = (
        "审计查出问题整改清单\n1.资金下达慢。(责任单位:县财政局;整改时限:2024年9月底前)\n2.往来款没有清理。\n"
        "①教体局挂账460万元。(责任单位:县教体局;整改时限:2024年10月底前)\n"
        "②卫健局挂账115万元。(责任单位:县卫健局;整改时限:2024年11月底前)\n"
        "3.补贴发放不实。(责任单位:县民政局;整改时限:立行立改)\n4.配租不规范。\n"
        "①9户不符合条件。(责任单位:县住建局;整改时限:2024年12月底前)\n"
        "②欠收租金22万元。(责任单位:县国投公司;整改时限:2024年6月底前)\n"
    )
    reading = read(text)
    assert [(i.number, len(i.children)) for i in reading.items] == [("1", 0), ("2", 2), ("3", 0), ("4", 2)]
    assert [c.responsible_units for i in reading.items for c in i.children] == [
        ["县教体局"],
        ["县卫健局"],
        ["县住建局"],
        ["县国投公司"],
    ]
    assert not any(a.blocks for a in reading.anomalies)


def test_tasks_under_a_problem_by_their_own_label_are_its_children() -> None:
    text = "整改任务清单\n" + "".join(
        f"反馈问题{p}:{t}不到位\n"
        + "".join(
            f"整改任务{n}:完成{t}第{n}步\n责任领导:郎海\n责任科室:改革科\n完成时限:2024年{n + 5}月底前\n" for n in tasks
        )
        for p, t, tasks in (("一", "改革", (1, 2)), ("二", "风控", (3, 4)))
    )
    reading = read(text)
    assert [(i.number, [c.number for c in i.children]) for i in reading.items] == [
        ("一", ["1", "2"]),
        ("二", ["3", "4"]),
    ]
    assert not any(a.blocks for a in reading.anomalies)


def test_a_short_paragraph_between_two_labels_of_an_item_is_part_of_the_first() -> None:
    text = "整改方案\n" + "".join(
        f"{n}、{t}\n【整改措施】\n针对{t}开展清查,重新签订合同。\n录入平台。\n【责任单位】\n财政所\n【完成时限】\n2024年6月底\n"
        for n, t in (("一", "合同不规范"), ("二", "台账不健全"))
    )
    reading = read(text)
    assert [i.measures[1:] for i in reading.items] == [["录入平台。"]] * 2
    assert not reading.anomalies


def test_a_line_that_names_all_above_it_gives_them_units_and_limit_without_a_heading() -> None:
    text = (
        "集中整治问题清单\n1.河道有垃圾。措施:清理河道。\n2.污水直排。措施:铺设支管。\n"
        "以上问题由镇城建办牵头,东林社区配合,2024年5月底前整改到位。\n"
        "3.焚烧秸秆。措施:加强巡查。\n以上问题由镇农业中心牵头,各村配合,2024年6月底前整改到位。\n"
    )
    reading = read(text)
    found = [(i.lead_units, i.support_units, dues(i)) for i in reading.items]
    assert found == [(["镇城建办"], ["东林社区"], ["2024-05-31"])] * 2 + [(["镇农业中心"], ["各村"], ["2024-06-30"])]


def test_headings_that_are_units_or_a_limit_hold_for_what_is_below() -> None:
    text = (
        "整改任务清单\n一、2024年5月底前完成整改的问题(1个)\n1.砂场没有批准。停产恢复。(责任单位:县自然资源局)\n"
        "二、长期坚持类\n2.管护不够。落实巡查。(责任单位:县水利局)\n"
    )
    first, second = read(text).items
    assert (first.number, dues(first), [c.responsible_units for c in first.children]) == (
        "一",
        ["2024-05-31"],
        [["县自然资源局"]],
    )
    assert (second.long_term, [c.number for c in second.children]) == (True, ["2"])


def test_a_row_without_a_number_goes_on_with_the_problem_above() -> None:
    reading = workbook(
        ("序号", "审计发现问题", "整改措施", "责任单位", "完成期限", "整改进展情况", "是否销号"),
        (1, "预算没有细化", "细化预算", "县财政局", "2024年4月底前", "已细化1000万元", "否"),
        (2, "路网超概算", "核减费用", "县交通局", "2024年8月底前", "", "否"),
        (None, "路网档案缺失", "补齐档案", "县档案馆", "2024年5月底前", "全部补齐", "是"),
        (3, "房产闲置", "逐处处置", "县国资中心", "长期坚持", "", "否"),
    )
    assert [(i.number, [c.responsible_units for c in i.children]) for i in reading.items] == [
        ("1", []),
        ("2", [["县交通局"], ["县档案馆"]]),
        ("3", []),
    ]


def test_a_ledger_keeps_the_measures_that_are_planned_and_what_was_done() -> None:
    first, second = workbook(
        ("序号", "发现问题", "整改措施", "责任单位", "完成期限", "整改进展", "是否销号"),
        (1, "预算没有细化", "细化预算", "县财政局", "2024年4月底前", "已细化1000万元", "否"),
        (2, "收入没有上缴", "督促上缴", "县市监局", "2024年3月底前", "已全部上缴", "是"),
    ).items
    assert (first.measures, first.progress, first.status) == (["细化预算"], "已细化1000万元", "open")
    assert (second.measures, second.progress, second.status) == (["督促上缴"], "已全部上缴", "done")


def test_measures_in_one_cell_each_with_units_and_limit_become_children() -> None:
    first, second = workbook(
        ("序号", "反馈问题", "整改措施(责任单位、完成时限)", "包抓领导"),
        (1, "扬尘管控不力", "1.工地围挡(区住建局,2024年3月底前)\n2.车辆密闭(区城管局,2024年5月底前)", "高明"),
        (2, "油烟扰民", "安装净化设施(区生态环境局,2024年6月底前)", "尤佳"),
    ).items
    assert [(c.measures, c.responsible_units, dues(c)) for c in first.children] == [
        (["工地围挡"], ["区住建局"], ["2024-03-31"]),
        (["车辆密闭"], ["区城管局"], ["2024-05-31"]),
    ]
    assert (second.responsible_units, second.lead_officials, dues(second)) == (
        ["区生态环境局"],
        ["尤佳"],
        ["2024-06-30"],
    )


def test_columns_are_known_by_the_ends_of_their_heads_and_by_their_cells() -> None:
    reading = workbook(
        ("序", "短板弱项", "补短举措", "挂帅领导", "攻坚单位", "助攻单位", "时间刻度"),
        (1, "公交线网覆盖不足", "开通微公交4条", "徐志鹏", "区交通局", "公交公司", "2024年6月底"),
        (2, "社区食堂数量偏少", "建设食堂8家", "蔡敏", "区民政局", "各街道", "2024年9月底"),
    )
    found = [
        (i.title, i.measures, i.lead_officials, i.responsible_units, i.support_units, dues(i)) for i in reading.items
    ]
    assert found == [
        ("公交线网覆盖不足", ["开通微公交4条"], ["徐志鹏"], ["区交通局"], ["公交公司"], ["2024-06-30"]),
        ("社区食堂数量偏少", ["建设食堂8家"], ["蔡敏"], ["区民政局"], ["各街道"], ["2024-09-30"]),
    ]


def test_a_day_under_a_label_is_a_limit_and_what_follows_it_is_read() -> None:
    text = "巡察整改方案\n" + "".join(
        f"{n}、{t}\n【整改措施】\n核查{t}。\n【责任单位】\n民政所\n【完成时限】\n2024年9月{d}日\n"
        for n, t, d in (("一", "审核不严", 15), ("二", "值守松散", 20))
    )
    reading = read(text)
    assert [dues(i) for i in reading.items] == [["2024-09-15"], ["2024-09-20"]]
    assert reading.issued_on is None


def test_a_date_alone_at_the_end_takes_nothing_from_the_last_item() -> None:
    text = "整改清单\n1.灭火器过期——区消防大队,2024年3月底前\n2.飞线充电——各街道,立行立改\n\n2024年3月5日\n"
    reading = read(text)
    assert [i.responsible_units for i in reading.items] == [["区消防大队"], ["各街道"]]
    assert not reading.anomalies


def test_actions_numbered_above_one_set_of_fields_are_no_items_and_frames_have_none() -> None:
    fields = "牵头县领导:{o}\n牵头单位:县{u}局\n整改时限:2024年{d}月底前\n"
    text = (
        "巡视整改方案\n一、总体要求\n做实整改。\n二、重点任务\n(一)关于“粮食安全”的问题\n1.压实责任。层层签订责任书。\n"
        "2.规范管理。清查库存。\n" + fields.format(o="韦正", u="发改", d=9) + "(二)关于“教育资源”的问题\n"
        "1.组建集团3个。\n" + fields.format(o="洪梅", u="教育", d=11) + "三、保障措施\n(一)加强领导。成立小组。\n"
        "(二)严格督促。定期调度。\n"
    )
    found = [(i.number, i.lead_officials, i.lead_units, dues(i)) for i in read(text).items]
    assert found == [("一", ["韦正"], ["县发改局"], ["2024-09-30"]), ("二", ["洪梅"], ["县教育局"], ["2024-11-30"])]


def test_units_alone_in_brackets_answer_for_the_items_below_that_name_nobody() -> None:
    text = (
        "审议意见整改台账\n【市教育局】\n1.普惠率偏低。新增学位。(2024年8月底前)\n2.托管不规范。联合检查。(2024年6月底前)\n"
        "【市文旅局、市体育局】\n3.场地没有开放。推动开放。(2024年9月底前)\n"
    )
    found = [(i.number, i.responsible_units, dues(i)) for i in read(text).items]
    assert found == [
        ("1", ["市教育局"], ["2024-08-31"]),
        ("2", ["市教育局"], ["2024-06-30"]),
        ("3", ["市文旅局", "市体育局"], ["2024-09-30"]),
    ]


def test_units_one_a_line_below_their_label_are_all_read() -> None:
    text = "督查整改方案\n" + "".join(
        f"{n}、{t}\n整改措施:\n落实{t}整改。\n责任单位:\n市财政局\n市工信局\n各县(区)人民政府\n整改时限:\n2024年6月底前\n"
        for n, t in (("一", "减税不到位"), ("二", "分配滞后"))
    )
    reading = read(text)
    assert [i.responsible_units for i in reading.items] == [["市财政局", "市工信局", "各县(区)人民政府"]] * 2
    assert not any(a.blocks for a in reading.anomalies)


def test_brackets_in_the_midst_of_a_sentence_own_the_clause_before_them() -> None:
    text = (
        "攻坚问题整改任务书\n一、违建治理。拆除违建(街道执法队,2024年5月底前)、建立网格(各社区,长期坚持)。\n"
        "二、堆物清理。清理楼道(各社区,2024年4月底前)、增设储物间(街道城建科,2024年8月底前)。\n"
    )
    found = [[(c.responsible_units, dues(c), c.long_term) for c in i.children] for i in read(text).items]
    assert found == [
        [(["街道执法队"], ["2024-05-31"], False), (["各社区"], [], True)],
        [(["各社区"], ["2024-04-30"], False), (["街道城建科"], ["2024-08-31"], False)],
    ]
