"""What a web page prints around a document is no part of it: its foot, its stamps, its own dates and offices."""

from __future__ import annotations

import datetime as dt

import pytest

from duban.reading.model import Reading
from duban.reading.reader import read_bytes

ITEMS = """一、管网错接
责任单位：区水务局
整改时限：2025年6月底前
整改措施：完成排查。

二、排口不清
责任单位：区生态环境局
整改时限：2025年9月底前
整改措施：完成溯源。
"""


def read(head: str, foot: str) -> Reading:
    return read_bytes(f"南浔区水环境整改方案\n{head}\n{ITEMS}\n{foot}\n".encode(), "plan.txt")


def last(reading: Reading) -> tuple[list[str], list[str], int]:
    item = reading.items[-1]
    return item.lead_units, item.responsible_units, len(item.measures)


SIGNED = "南浔区人民政府\n2024年12月30日\n"


@pytest.mark.parametrize(
    "foot",
    [
        SIGNED + "主办单位：南浔区人民政府办公室\n地址：建设路1号",
        SIGNED + "责任编辑：张明\n审核：李强\n上一篇：防汛方案\n下一篇：2026年12月底前完成的重点项目清单",
        "更新日期：2026-02-01\n主办单位：南浔区人民政府 承办单位：区大数据局",
        "附件下载：整改方案.docx\n网站标识码：3300000001",
    ],
)
def test_the_foot_of_a_page_names_no_unit_and_no_measure(foot: str) -> None:
    assert last(read("", foot)) == ([], ["区生态环境局"], 1)


def test_an_item_may_end_with_the_unit_that_acts() -> None:
    reading = read("", "三、台账不全\n整改时限：2025年9月底前\n整改措施：补齐。\n主办单位：区档案馆")
    assert "区档案馆" in reading.items[-1].lead_units + reading.items[-1].responsible_units


def test_the_signature_says_who_issued_it_and_when_not_the_site() -> None:
    reading = read("发布时间：2025-01-06 10:20 来源：区水务局 浏览次数：133", SIGNED)
    assert (reading.issued_on, reading.issuer) == (dt.date(2024, 12, 30), "南浔区人民政府")


def test_without_a_signature_the_sites_date_is_the_best_there_is() -> None:
    assert read("发布时间：2025-01-06 10:20", "").issued_on == dt.date(2025, 1, 6)


def test_the_stamp_of_a_pages_last_change_is_no_limit() -> None:
    reading = read("", "更新时间: 2026-01-26 11:25:32")
    assert [part.due_on for part in reading.items[-1].milestones] == [dt.date(2025, 9, 30)]
