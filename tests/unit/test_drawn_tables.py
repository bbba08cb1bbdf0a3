"""Tables drawn with characters: bars and rules become rows and cells, and a missing rule lets a cell go on."""

from __future__ import annotations

from duban.reading.model import Item
from duban.reading.reader import read_bytes

BOXED = """青山县2022年重点工作任务分解表

┌──┬──────────┬────┬─────────┬─────┐
│序号│　　　工作任务　　　　│分管领导│　　责任单位　　　│完成时限│
├──┼──────────┼────┼─────────┼─────┤
│１│完成县城老旧小区改造十│王　强│县住房和城乡建设局│１０月底│
│　│二个，惠及居民两千户。│　　　│　　　　　　　　　│前　　　│
│　├──────────┤　　　├─────────┼─────┤
│　│新建停车位五百个。　　│　　　│县城市管理局　　　│１１月底│
│　│　　　　　　　　　　　│　　　│县公安局　　　　　│前　　　│
├──┼──────────┼────┼─────────┼─────┤
│２│修订《青山县物业管理办│李　敏│县司法局　　　　　│６月底前│
│　│法》。　　　　　　　　│　　　│　　　　　　　　　│　　　　│
└──┴──────────┴────┴─────────┴─────┘
"""
PLAIN = """关于2023年河长制问题整改清单的通知

+------+------------------+----------+------------+
| 序号 | 存在问题         | 责任单位 | 整改时限   |
+======+==================+==========+============+
| 1    | 清水河岸坡垃圾   | 东关镇   | 2023-06-30 |
|      | 堆积             |          |            |
+------+------------------+----------+------------+
| 2    | 北沟排污口未封堵 | 西关乡   | 2023-07-31 |
+------+------------------+----------+------------+
"""
WITHOUT_RULES = PLAIN.replace("+------+------------------+----------+------------+\n| 2 ", "| 2 ")


def told(item: Item) -> tuple[str, str, list[str], list[str]]:
    return item.number, item.title, item.responsible_units, [str(one.due_on) for one in item.milestones]


def test_wrapped_cells_are_joined_and_a_cell_without_a_rule_below_goes_on() -> None:
    first, second = read_bytes(BOXED.encode("gb18030"), "plan.txt").items
    assert first.lead_officials == ["王强"]
    assert [told(child) for child in first.children] == [
        ("1.1", "完成县城老旧小区改造十二个，惠及居民两千户。", ["县住房和城乡建设局"], ["2022-10-31"]),
        ("1.2", "新建停车位五百个。", ["县城市管理局", "县公安局"], ["2022-11-30"]),
    ]
    assert told(second) == ("2", "修订《青山县物业管理办法》。", ["县司法局"], ["2022-06-30"])
    assert (second.place.line, second.place.end_line) == (12, 13)


def test_bars_and_plus_signs_draw_a_table_too_with_and_without_rules_between_its_rows() -> None:
    expected = [
        ("1", "清水河岸坡垃圾堆积", ["东关镇"], ["2023-06-30"]),
        ("2", "北沟排污口未封堵", ["西关乡"], ["2023-07-31"]),
    ]
    assert [told(item) for item in read_bytes(PLAIN.encode(), "plan.txt").items] == expected
    assert [told(item) for item in read_bytes(WITHOUT_RULES.encode(), "plan.txt").items] == expected


def test_a_table_broken_by_a_page_goes_on() -> None:
    torn = PLAIN.replace("| 2 ", "\n－ 3 －\n\n| 2 ").replace("－", "—")
    assert [item.number for item in read_bytes(torn.encode(), "plan.txt").items] == ["1", "2"]
