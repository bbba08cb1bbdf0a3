"""Official text has full-width marks beside Chinese, and leaves figures, addresses and Latin words alone."""

from __future__ import annotations

import pytest

from duban.domain.full_width import full_width


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("动真碰硬,狠抓落实。", "动真碰硬，狠抓落实。"),
        ("责任单位:区水务局;区绿化局", "责任单位：区水务局；区绿化局"),
        ("关于“甲”(第3项)的问题", "关于“甲”（第3项）的问题"),
        ("完成率(%)", "完成率（%）"),
        ("「举一反三」机制", "“举一反三”机制"),
        ('完善"一网通办"', "完善“一网通办”"),
        ("沪府办[2026]3号", "沪府办〔2026〕3号"),
        ("已完成.", "已完成。"),
        ("1.新建学校3所, 投资1,200万元", "1.新建学校3所，投资1,200万元"),
        ("每日9:00至17:00,比例1:3", "每日9:00至17:00，比例1:3"),
        ("增长3.5%", "增长3.5%"),
        ("联系邮箱:ducha@linjiang.example.org", "联系邮箱：ducha@linjiang.example.org"),
        ("见 https://duban.example.org/a?b=1,2", "见 https://duban.example.org/a?b=1,2"),
        ("API (v1), JSON", "API (v1), JSON"),
    ],
)
def test_marks_beside_chinese_are_full_width_and_all_else_stays(text: str, wanted: str) -> None:
    assert full_width(text) == wanted
    assert full_width(wanted) == wanted
