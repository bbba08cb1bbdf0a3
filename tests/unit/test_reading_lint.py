"""The lint: each doubt on a plan that has it, and none on a clean one."""

from __future__ import annotations

import pytest

from duban.reading.model import Anomaly, Kind
from duban.reading.reader import read_bytes

LIMITS = ("2025年6月底前", "2025年7月底前", "2025年8月底前", "2025年9月底前")


def item(number: int, **changed: str | None) -> str:
    """One printed item; a field given as None is left out, one with a text is printed with that."""
    fields: dict[str, str | None] = {
        "整改目标": f"第{number}类问题全部整改到位。",
        "整改措施": f"建立第{number}类问题工作台账,按月通报。",
        "牵头领导": "王伟",
        "责任单位": "区财政局",
        "整改时限": LIMITS[number % 4],
    }
    title = changed.pop("title", None) or f"第{number}类问题突出,群众反映较多。"
    lines = [f"整改事项({number}):{title}"]
    for label, text in (fields | changed).items():
        lines += [f"{label}:{part}" for part in (text or "").split("||") if part]
    return "\n".join(lines)


def doubts(*items: str) -> list[Anomaly]:
    text = "某区整改方案\n\n" + "\n\n".join(items)
    return read_bytes(text.encode(), "plan.txt", Kind.RECTIFICATION_PLAN).anomalies


def found(*items: str) -> set[tuple[str, str | None, str | None, bool]]:
    return {(str(a.code), a.number, a.field, a.blocks) for a in doubts(*items)}


def test_a_clean_plan_has_no_doubts() -> None:
    assert doubts(*(item(n) for n in range(1, 8))) == []


def test_a_number_that_stands_twice_with_the_same_content_blocks_both_copies() -> None:
    copies = doubts(item(1), item(2), item(3), item(2))
    assert [(a.code, a.number, a.blocks) for a in copies if a.code == "duplicate_number"] == [
        ("duplicate_number", "2", True),
        ("duplicate_number", "2", True),
    ]
    assert len({a.item_line for a in copies if a.blocks}) == 2


def test_a_cut_copy_is_a_duplicate_and_lacks_its_fields() -> None:
    cut = item(2, 整改措施=None, 牵头领导=None)
    codes = found(item(1), cut, item(2), item(3))
    assert ("duplicate_number", "2", None, True) in codes
    assert ("missing_field", "2", "lead_officials", True) in codes
    assert ("missing_field", "2", "measures", False) in codes
    assert not any(code == "conflicting_copies" for code, *_ in codes)


def test_copies_that_disagree_name_the_fields() -> None:
    codes = found(item(1), item(2), item(2, 牵头领导="李娜", 整改时限="已实施,持续推进。"), item(3))
    assert ("conflicting_copies", "2", "lead_officials,time_limit", True) in codes


@pytest.mark.parametrize(
    ("label", "field", "blocks"),
    [
        ("牵头领导", "lead_officials", True),
        ("责任单位", "responsible_units", True),
        ("整改时限", "time_limit", True),
        ("整改目标", "goal", False),
        ("整改措施", "measures", False),
    ],
)
def test_a_field_that_its_siblings_have_is_missed(label: str, field: str, blocks: bool) -> None:
    assert found(item(1), item(2, **{label: None}), item(3), item(4)) == {("missing_field", "2", field, blocks)}


def test_a_field_that_hardly_any_item_has_is_not_missed() -> None:
    assert found(item(1, 配合单位="区民政局"), item(2), item(3)) == set()


def test_a_field_that_stands_twice_blocks() -> None:
    assert found(item(1), item(2, 整改目标="甲类问题全部整改到位。||乙类问题全部整改到位。"), item(3)) == {
        ("repeated_field", "2", "goal", True)
    }


def test_text_after_an_item_has_ended_belongs_to_nobody() -> None:
    torn = item(1) + "。\n查结果的运用和处理。\n牵头领导:李娜\n责任单位:区民政局"
    assert found(torn, item(2), item(3)) == {("orphan_text", None, None, False)}


def test_a_sentence_broken_by_a_page_is_joined_and_one_that_stops_is_reported() -> None:
    broken = item(2).replace("群众反映", "群众\n\n反映")
    assert found(item(1), broken, item(3), item(4)) == set()
    assert found(item(1), item(2, 整改措施="加强源头控制,建立健全"), item(3), item(4), item(5)) == {
        ("cut_text", "2", "measures", False)
    }


def test_items_that_carry_the_same_measures_block_if_their_titles_differ() -> None:
    shared = "建立全区统一的问题工作台账,按月通报进度。"
    same = found(item(1, 整改措施=shared), item(2, 整改措施=shared), item(3))
    assert {("shared_text", "1", "measures", True), ("shared_text", "2", "measures", True)} <= same
    title = "公务用车制度改革有待进一步落实。"
    alike = found(item(1, 整改措施=shared, title=title), item(2, 整改措施=shared, title=title), item(3))
    assert {entry for entry in alike if entry[3]} == set()


def test_a_limit_with_two_readings_is_reported_with_both() -> None:
    (doubt,) = doubts(item(1), item(2, 整改时限="2025年前出台《办法》,持续推进。"), item(3))
    assert (doubt.code, doubt.blocks) == ("ambiguous_limit", False)
    assert "2024-12-31" in doubt.detail
    assert "2025-12-31" in doubt.detail


def test_numbers_that_skip_or_run_back_are_reported() -> None:
    assert found(item(1), item(2), item(5)) == {("number_gap", "5", None, False)}
    assert ("out_of_order", "2", None, False) in found(item(1), item(3), item(2), item(4))


def test_numbers_that_restart_in_each_part_are_no_copies() -> None:
    text = "某区整改方案\n一、服务群众方面\n{}\n{}\n二、作风建设方面\n{}\n{}"
    items = [item(n, title=f"第{n}处{part}问题突出。") for part in ("窗口", "会风") for n in (1, 2)]
    for index, extra in enumerate(("甲", "乙", "丙", "丁")):
        items[index] = items[index].replace("台账", f"{extra}类台账").replace("全部整改", f"{extra}批整改")
    reading = read_bytes(text.format(*items).encode(), "plan.txt", Kind.RECTIFICATION_PLAN)
    assert [i.path for i in reading.items] == [["一、服务群众方面"]] * 2 + [["二、作风建设方面"]] * 2
    assert reading.anomalies == []
