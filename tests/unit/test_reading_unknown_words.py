"""Words that no list knows: columns and labels are read by what stands in them, and no shape loses a document."""

from __future__ import annotations

import io

import docx
import pytest

from duban.reading.model import Item, Kind
from duban.reading.reader import read_bytes

UNKNOWN_HEAD = """南湾区2025年对标先进攻坚表

| 条目 | 改什么 | 谁来办 | 谁挂帅 | 何时成 |
| --- | --- | --- | --- | --- |
| 1 | 企业开办全流程压缩至半天以内 | 区市场监管局、区行政审批局 | 陶志明 | 3月底 |
| 2 | 不动产登记与水电气联动过户 | 区自然资源局 | 韩冰 | 6月底 |
| 3 | 施工许可实行告知承诺 | 区住建局 | 韩冰 | 9月底 |
"""
UNKNOWN_LABELS = """石桥镇“清廉机关”建设对照检视落改单

1、会议记录不完整
怎么改：统一制发记录本，由专人保管。
归谁管：镇党政办
啥时完：2023年7月10日前
2、公车使用登记不规范
怎么改：实行一车一档，每月公示。
归谁管：镇财政所、镇党政办
啥时完：2023年8月底前
3、“三公”经费公开不及时
怎么改：按季度公开，接受监督。
归谁管：镇纪委
啥时完：2023年9月底前
"""
NOTICE = """白塔区人民政府督查室督办通知
白政督〔2023〕27号

区水务局、红星街道办事处：
现将有关事项通知如下，请认真抓好落实。
督办事项一：关于滨河路积水点改造
承办单位：区水务局、区住房城乡建设局
办理时限：2023年6月20日前
督办事项二：关于红星小区加装电梯
承办单位：红星街道办事处
办理时限：2023年10月底前
"""
QUARTERS = """东城区2025年重点项目推进计划表

| 序号 | 项目名称 | 一季度目标 | 二季度目标 | 三季度目标 | 四季度目标 | 责任单位 |
|---|---|---|---|---|---|---|
| 1 | 智慧停车场建设 | 完成立项 | 开工建设 | 主体完工 | 投入运营 | 区住建局 |
| 2 | 中医院迁建 | 完成可研 | / | 完成招标 | 完成主体三层 | 区卫健局 |
"""
AUDIT = """平川县关于2022年度审计查出问题整改情况的报告

一、关于预算编制不够细化的问题。县财政局已修订预算编制规程，代编预算压减至3%以内。该问题已整改到位。
二、关于保障房管理不严的问题。县住房城乡建设局清退不符合条件家庭46户，完成整改。
三、关于非税收入征缴不到位的问题。县自然资源局、县人防办已追缴收入386.5万元，计划2023年12月底前完成整改。
"""


def told(item: Item) -> tuple[str, list[str], list[str], list[str]]:
    return item.number, item.lead_officials, item.responsible_units, [str(one.due_on) for one in item.milestones]


def test_a_column_is_read_by_its_cells_where_its_head_says_nothing() -> None:
    items = read_bytes(UNKNOWN_HEAD.encode(), "plan.md").items
    assert [told(item) for item in items] == [
        ("1", ["陶志明"], ["区市场监管局", "区行政审批局"], ["2025-03-31"]),
        ("2", ["韩冰"], ["区自然资源局"], ["2025-06-30"]),
        ("3", ["韩冰"], ["区住建局"], ["2025-09-30"]),
    ]
    assert items[2].title == "施工许可实行告知承诺"


@pytest.mark.parametrize("head", ["来电人", "反馈日期"])
def test_who_asked_and_when_it_was_found_is_neither_an_official_nor_a_limit(head: str) -> None:
    cells = ("王秀英", "李德全") if head == "来电人" else ("2024-03-02", "2024-03-05")
    rows = "".join(f"| {n} | 路灯长期不亮已有数月 | {cell} | 市城管局 |\n" for n, cell in enumerate(cells, start=1))
    text = f"转办清单\n\n| 工单号 | 诉求 | {head} | 转办部门 |\n|---|---|---|---|\n{rows}"
    items = read_bytes(text.encode(), "orders.md", Kind.RECTIFICATION_PLAN).items
    assert [told(item) for item in items] == [("1", [], ["市城管局"], []), ("2", [], ["市城管局"], [])]


def test_labels_that_return_are_read_by_what_stands_behind_them() -> None:
    items = read_bytes(UNKNOWN_LABELS.encode(), "list.txt").items
    assert [told(item) for item in items] == [
        ("1", [], ["镇党政办"], ["2023-07-10"]),
        ("2", [], ["镇财政所", "镇党政办"], ["2023-08-31"]),
        ("3", [], ["镇纪委"], ["2023-09-30"]),
    ]
    assert items[0].measures == ["统一制发记录本，由专人保管。"]


def test_a_family_that_finds_nothing_gives_way_to_one_that_does() -> None:
    assert [told(item) for item in read_bytes(NOTICE.encode(), "notice.txt").items] == [
        ("一", [], ["区水务局", "区住房城乡建设局"], ["2023-06-20"]),
        ("二", [], ["红星街道办事处"], ["2023-10-31"]),
    ]


def test_columns_of_quarters_are_the_milestones() -> None:
    first, second = read_bytes(QUARTERS.encode(), "plan.md").items
    assert [(one.text, str(one.due_on)) for one in first.milestones] == [
        ("完成立项", "2025-03-31"),
        ("开工建设", "2025-06-30"),
        ("主体完工", "2025-09-30"),
        ("投入运营", "2025-12-31"),
    ]
    assert second.time_limit == "一季度完成可研；三季度完成招标；四季度完成主体三层"


def test_a_form_for_each_matter_is_read_by_its_labels() -> None:
    document = docx.Document()
    for number, unit in (("12", "市住建局"), ("37", "市教育局")):
        table = document.add_table(rows=2, cols=4)
        texts = [
            ["提案编号", number, "提案名称", "关于规范管理的提案"],
            ["主办单位", unit, "办结时限", "2023年9月30日"],
        ]
        for row, cells in zip(table.rows, texts, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
        document.add_paragraph("")
    stream = io.BytesIO()
    document.save(stream)
    items = read_bytes(stream.getvalue(), "forms.docx").items
    assert [(item.number, item.lead_units, str(item.milestones[0].due_on)) for item in items] == [
        ("12", ["市住建局"], "2023-09-30"),
        ("37", ["市教育局"], "2023-09-30"),
    ]


def test_an_audit_report_names_who_did_it_how_it_stands_and_what_is_promised() -> None:
    items = read_bytes(AUDIT.encode(), "report.txt").items
    assert [(*told(item), item.status) for item in items] == [
        ("一", [], ["县财政局"], [], "done"),
        ("二", [], ["县住房城乡建设局"], [], "done"),
        ("三", [], ["县自然资源局", "县人防办"], ["2023-12-31"], "open"),
    ]


SHAPES = {
    "dashes": """某开发区检视问题整改台账

问题1 —— 调研不够深入
  ★ 责任人 —— 方志明
  ★ 责任部门 —— 党政办公室
  ★ 完成时限 —— 2019年11月底
问题2 —— 项目审批慢
  ★ 责任人 —— 涂春霞
  ★ 责任部门 —— 经济发展局、行政审批局
  ★ 完成时限 —— 2019年12月15日
""",
    "commas": """序号,存在问题,责任领导,责任单位,完成时限,备注
1,调研不够深入,方志明,党政办公室,2019年11月底,
2,项目审批慢,涂春霞,"经济发展局,行政审批局",2019年12月15日,重点
""",
    "telephones": """某开发区检视问题整改表
1.调研不够深入
责任单位：党政办公室
责任人及联系电话：方志明 13900000000
完成时限：2019年11月底
2.项目审批慢
责任单位：经济发展局、行政审批局
责任人及联系电话：涂春霞 13900000001
完成时限：2019年12月15日
""",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_two_problems_are_read_from_each_shape(shape: str) -> None:
    items = read_bytes(SHAPES[shape].encode(), "ledger.txt").items
    assert [told(item) for item in items] == [
        ("1", ["方志明"], ["党政办公室"], ["2019-11-30"]),
        ("2", ["涂春霞"], ["经济发展局", "行政审批局"], ["2019-12-15"]),
    ]


def test_the_unit_named_first_leads_where_the_document_says_so() -> None:
    text = "泉城市2022年重点工作责任分解\n责任分解中，列第一位的责任单位为牵头单位。\n" + "".join(
        f"{n}．改造老旧小区80个。（责任单位：市住建局、市财政局）\n" for n in (1, 2)
    )
    items = read_bytes(text.encode(), "plan.txt").items
    assert [(item.lead_units, item.responsible_units) for item in items] == [(["市住建局"], ["市财政局"])] * 2


def test_what_a_report_says_of_a_matter_ends_the_names_before_it() -> None:
    text = "关于民生诉求督办事项的通报\n" + "".join(
        f"{n}.管网老化。责任单位：区住建局、热力公司。存在问题：多处漏水，已两年。\n" for n in (1, 2)
    )
    items = read_bytes(text.encode(), "report.txt").items
    assert [item.responsible_units for item in items] == [["区住建局", "热力公司"]] * 2
