"""Label words: from the lexicon, from an office's own file, and from what repeats in a document."""

from __future__ import annotations

from pathlib import Path

import pytest

from duban.errors import WrongSetting
from duban.reading.lexicon import Role, load_lexicon
from duban.reading.model import Kind
from duban.reading.reader import read_bytes


@pytest.mark.parametrize(
    ("label", "role"),
    [
        ("存在问题", Role.PROBLEM),
        ("反馈问题", Role.PROBLEM),
        ("具体措施", Role.MEASURES),
        ("完成时限", Role.TIME_LIMIT),
        ("整改期限", Role.TIME_LIMIT),
        ("责任领导", Role.LEAD_OFFICIALS),
        ("主办单位", Role.LEAD_UNITS),
        ("承办单位", Role.RESPONSIBLE_UNITS),
        ("整改责任单位", Role.RESPONSIBLE_UNITS),
        ("协办单位", Role.SUPPORT_UNITS),
        ("督导单位", Role.SUPERVISING_UNITS),
        ("验收单位", Role.SUPERVISING_UNITS),
        ("【责 任 单 位】:", Role.RESPONSIBLE_UNITS),
        ("3.整改目标:", Role.GOAL),
        ("责任单位(责任人)", Role.UNITS_AND_OFFICIALS),
        ("群众", None),
        ("", None),
    ],
)
def test_a_label_has_the_role_that_its_words_say(label: str, role: Role | None) -> None:
    assert load_lexicon().role(label) is role


def _plan(label: str, *texts: str) -> bytes:
    items = (f"{n}.第{n}类问题突出。\n整改措施:做好第{n}项。\n{label}:{text}" for n, text in enumerate(texts, start=1))
    return ("某区整改方案\n" + "\n".join(items)).encode()


@pytest.mark.parametrize(
    ("texts", "field", "expected"),
    [
        (("区财政局", "区民政局、区教育局", "区水务局"), "responsible_units", ["区财政局"]),
        (("王伟", "李娜、张强", "刘洋"), "lead_officials", ["王伟"]),
        (("2025年6月底前", "2025年9月底前", "长期坚持"), "time_limit", "2025年6月底前"),
    ],
)
def test_a_word_that_no_lexicon_knows_is_read_by_what_stands_behind_it(
    texts: tuple[str, ...], field: str, expected: object
) -> None:
    reading = read_bytes(_plan("扛旗认领", *texts), "plan.txt", Kind.RECTIFICATION_PLAN)
    assert getattr(reading.items[0], field) == expected
    assert reading.items[0].measures == ["做好第1项。"]


def test_an_unknown_label_of_nothing_that_an_item_has_ends_the_field_before_it() -> None:
    reading = read_bytes(_plan("风险等级", "高", "中", "低"), "plan.txt", Kind.RECTIFICATION_PLAN)
    assert [item.measures for item in reading.items] == [[f"做好第{n}项。"] for n in (1, 2, 3)]


def test_an_office_extends_the_lexicon_with_a_file_of_its_own(tmp_path: Path) -> None:
    extra = tmp_path / "words.toml"
    extra.write_text('[labels]\nsupport_units = ["搭把手单位"]\n', "utf-8")
    lexicon = load_lexicon(extra)
    assert lexicon.role("搭把手单位") is Role.SUPPORT_UNITS
    assert lexicon.role("责任单位") is Role.RESPONSIBLE_UNITS
    reading = read_bytes(_plan("搭把手单位", "区财政局"), "plan.txt", Kind.RECTIFICATION_PLAN, lexicon)
    assert reading.items[0].support_units == ["区财政局"]


@pytest.mark.parametrize("content", ["[labels]\nnonsense = 3\n", "not toml", "words = {}\n"])
def test_a_lexicon_of_another_form_is_refused_with_its_fault(tmp_path: Path, content: str) -> None:
    extra = tmp_path / "words.toml"
    extra.write_text(content, "utf-8")
    with pytest.raises(WrongSetting, match="lexicon"):
        load_lexicon(extra)
