"""Labels of a document's own: compounds of known ones, questions, words alone with a numeral, and labels in prose."""

from __future__ import annotations

from duban.reading.model import Item, Kind, Reading
from duban.reading.reader import read_bytes


def read(text: str) -> Reading:
    return read_bytes(text.encode(), "文件.txt")


def dues(item: Item) -> list[str]:
    return [str(one.due_on) for one in item.milestones]


def test_a_word_that_ends_in_a_known_label_is_one_where_its_texts_agree() -> None:
    text = "平山县重大隐患挂牌督办清单\n" + "".join(
        f"隐患{n}\n隐患名称:{t}\n隐患地址:工业路{n}号\n消除办法:更换{t}设备\n"
        f"治理责任单位:{u}\n挂牌督办单位:县应急局\n治理期限:{d}\n"
        for n, t, u, d in (
            ("一", "防雷失效", "城南油库", "2024年3月31日前"),
            ("二", "通道堵塞", "百货商场", "2024年5月底前"),
        )
    )
    first, second = read(text).items
    assert (first.number, first.title, first.responsible_units) == ("一", "防雷失效", ["城南油库"])
    assert (first.supervising_units, dues(first)) == (["县应急局"], ["2024-03-31"])
    assert (second.number, second.responsible_units, dues(second)) == ("二", ["百货商场"], ["2024-05-31"])


def test_questions_behind_dashes_are_labels_and_say_which_part_the_units_have() -> None:
    entry = "{n}.{t}\n——怎么办:{m}\n——谁牵头:{u}\n——谁来帮:区财政局\n——啥时完:2024年{d}月底前\n"
    told = [
        ("1", "路灯不亮", "更换路灯", "区城管局", 4),
        ("2", "井盖缺失", "补齐井盖", "区住建局", 5),
        ("3", "公厕太少", "新建公厕", "区卫健局", 6),
    ]
    reading = read(
        "群众身边烦心事整改清单\n" + "".join(entry.format(n=n, t=t, m=m, u=u, d=d) for n, t, m, u, d in told)
    )
    assert reading.kind is Kind.RECTIFICATION_PLAN
    found = [(i.title, i.measures, i.lead_units, i.support_units, dues(i)) for i in reading.items]
    assert found == [(t, [m], [u], ["区财政局"], [f"2024-0{d}-{30 + (d == 5)}"]) for _, t, m, u, d in told]


def test_a_word_and_a_numeral_alone_on_a_line_number_what_comes_below() -> None:
    entry = "项目{n}\n项目名称:{t}专项整治\n整治措施:逐家检查\n牵头单位:县{u}局\n整治时限:2024年{d}月底前\n"
    text = (
        "专项整治项目清单\n"
        + entry.format(n="一", t="校园餐", u="教育", d=6)
        + entry.format(n="二", t="殡葬", u="民政", d=9)
    )
    found = [(i.number, i.title, i.lead_units, dues(i)) for i in read(text).items]
    assert found == [
        ("一", "校园餐专项整治", ["县教育局"], ["2024-06-30"]),
        ("二", "殡葬专项整治", ["县民政局"], ["2024-09-30"]),
    ]


def test_labels_that_a_verb_joins_to_their_texts() -> None:
    text = "食品安全检查整改方案\n" + "".join(
        f"{n}、{t}。逐家检查。牵头单位为县{u}局,配合单位为各乡镇,整改时限为2024年{d}月底前。\n"
        for n, t, u, d in (("一", "台账不全", "市监", 4), ("二", "备案率低", "卫健", 6))
    )
    found = [(i.lead_units, i.support_units, dues(i)) for i in read(text).items]
    assert found == [(["县市监局"], ["各乡镇"], ["2024-04-30"]), (["县卫健局"], ["各乡镇"], ["2024-06-30"])]


def test_one_label_for_units_and_limit() -> None:
    text = (
        "审计整改方案\n(一)程序不全\n整改要求:补办手续\n责任单位及时限:市交投公司,2024年5月底前\n"
        "(二)资金滞留\n整改要求:拨付资金\n责任单位及时限:市财政局、市水务局,2024年7月底前,长期坚持\n"
    )
    first, second = read(text).items
    assert (first.responsible_units, dues(first)) == (["市交投公司"], ["2024-05-31"])
    assert (second.responsible_units, second.time_limit, second.long_term) == (
        ["市财政局", "市水务局"],
        "2024年7月底前,长期坚持",
        True,
    )


def test_two_labels_of_one_role_in_every_item_are_no_repetition() -> None:
    text = "整改方案\n" + "".join(
        f"{n}、{t}\n整改措施:完善制度\n责任领导:副局长 {a}\n责任人:办公室主任 {b}\n"
        "责任科室:办公室\n整改时限:2024年6月底前\n"
        for n, t, a, b in (("一", "学习不够", "钟伟", "万芳"), ("二", "检查不多", "廖强", "袁梅"))
    )
    reading = read(text)
    assert [i.lead_officials for i in reading.items] == [["钟伟", "万芳"], ["廖强", "袁梅"]]
    assert not any(a.blocks for a in reading.anomalies)


def test_a_numbered_label_of_any_role_goes_with_the_problem_of_its_number() -> None:
    text = "整改方案\n" + "".join(
        f"问题({n}):{t}。\n对策({n}):{m}。\n责任({n}):{u} 牵头人:{o}\n期限({n}):2024年{d}月底前\n"
        for n, t, m, u, o, d in (
            ("一", "改造慢", "制定计划", "基层科", "曾辉", 8),
            ("二", "出租乱", "公开招租", "资产科", "吕平", 9),
        )
    )
    found = [(i.number, i.measures, i.responsible_units, i.lead_officials, dues(i)) for i in read(text).items]
    assert found == [
        ("一", ["制定计划。"], ["基层科"], ["曾辉"], ["2024-08-31"]),
        ("二", ["公开招租。"], ["资产科"], ["吕平"], ["2024-09-30"]),
    ]


def test_units_and_a_limit_behind_a_dash_are_the_line_s_own() -> None:
    text = "迎检问题整改清单\n1.灭火器过期——区消防大队,2024年3月底前\n2.飞线充电——各街道、区城管局,立行立改\n"
    first, second = read(text).items
    assert (first.title, first.responsible_units, dues(first)) == ("灭火器过期", ["区消防大队"], ["2024-03-31"])
    assert (second.responsible_units, second.category) == (["各街道", "区城管局"], "immediate")


def test_what_stands_behind_a_problem_s_label_says_who_leads_and_by_when() -> None:
    text = "督办通知\n" + "".join(
        f"督办事项{n}:关于{t}问题。请区{u}局牵头,区财政局配合,于2024年{d}月底前办结。\n"
        for n, t, u, d in (("一", "积水", "住建", 5), ("二", "拥堵", "公安", 6), ("三", "欠薪", "人社", 7))
    )
    found = [(i.number, i.lead_units, i.support_units, dues(i)) for i in read(text).items]
    assert found == [
        ("一", ["区住建局"], ["区财政局"], ["2024-05-31"]),
        ("二", ["区公安局"], ["区财政局"], ["2024-06-30"]),
        ("三", ["区人社局"], ["区财政局"], ["2024-07-31"]),
    ]


def test_a_line_of_units_and_a_day_needs_no_label() -> None:
    text = "节前检查交办单\n1.消防栓无水\n区消防大队 2024年2月5日前\n2.电梯超期\n区市场监管局 2024年2月8日前\n"
    found = [(i.title, i.responsible_units, dues(i)) for i in read(text).items]
    assert found == [("消防栓无水", ["区消防大队"], ["2024-02-05"]), ("电梯超期", ["区市场监管局"], ["2024-02-08"])]


def test_the_unit_that_a_sentence_obliges_answers_for_the_item() -> None:
    text = (
        "突出问题整改清单\n1.摊贩占道。区城管局要在2024年4月底前完成整治。\n"
        "2.盲道被占。区住建局要在2024年6月15日前完成修复。\n"
    )
    found = [(i.responsible_units, dues(i)) for i in read(text).items]
    assert found == [(["区城管局"], ["2024-04-30"]), (["区住建局"], ["2024-06-15"])]


def test_labels_that_nothing_parts_from_what_they_ask_for() -> None:
    text = "问题整改公示\n" + "".join(
        f"问题{n} {t}\n责任领导副主席 {o}\n责任部门{u}\n整改时限2024年{d}月底\n"
        for n, t, o, u, d in ((1, "组建率不高", "车岩", "组织部", 9), (2, "阵地偏少", "安琪", "服务部", 11))
    )
    found = [(i.number, i.lead_officials, i.responsible_units, dues(i)) for i in read(text).items]
    assert found == [("1", ["车岩"], ["组织部"], ["2024-09-30"]), ("2", ["安琪"], ["服务部"], ["2024-11-30"])]


def test_an_unknown_label_in_brackets_needs_no_colon() -> None:
    entry = "诉求{} {}\n【整改任务】新建{}设施。\n【牵头科室】城建科\n"
    entry += "【包干领导】办事处副主任 {}\n【完成期限】2024年{}月底\n"
    told = (("一", "停车", "柯健", 6), ("二", "照明", "项前", 8), ("三", "休息", "柯健", 9))
    text = "诉求整改责任清单\n" + "".join(entry.format(n, t, t, o, d) for n, t, o, d in told)
    reading = read(text)
    found = [(i.number, i.lead_units, i.lead_officials, dues(i)) for i in reading.items]
    assert found == [
        ("一", ["城建科"], ["柯健"], ["2024-06-30"]),
        ("二", ["城建科"], ["项前"], ["2024-08-31"]),
        ("三", ["城建科"], ["柯健"], ["2024-09-30"]),
    ]
    assert not reading.anomalies


def test_measures_numbered_by_their_label_without_a_colon_have_their_own_fields() -> None:
    entry = "措施{p}.{n}  开展{t}第{n}步\n责任部门:{t}部    责任人:伍强    时限:2024年{d}月30日\n"
    text = "巡视整改措施清单\n" + "".join(
        f"问题{p}  {t}不力\n" + "".join(entry.format(p=p, n=n, t=t, d=d) for n, d in days)
        for p, t, days in ((1, "采购", ((1, 6), (2, 9))), (2, "审计", ((1, 4), (2, 11))))
    )
    found = [(i.number, [(c.number, c.responsible_units, dues(c)) for c in i.children]) for i in read(text).items]
    assert found == [
        ("1", [("1.1", ["采购部"], ["2024-06-30"]), ("1.2", ["采购部"], ["2024-09-30"])]),
        ("2", [("2.1", ["审计部"], ["2024-04-30"]), ("2.2", ["审计部"], ["2024-11-30"])]),
    ]
