"""Policy opinions: clauses whatever their numbering, goals with their years, units behind a clause."""

from __future__ import annotations

import datetime as dt

import pytest

from duban.reading.model import Kind, Reading
from duban.reading.reader import read_bytes


def read(text: str) -> Reading:
    reading = read_bytes(text.encode(), "意见.txt")
    assert reading.kind is Kind.POLICY_OPINION
    return reading


HEAD = "某某市人民政府关于促进服务业发展的实施意见\n为促进发展,现提出以下意见。\n"


@pytest.mark.parametrize(
    ("marks", "numbers"),
    [
        (["(一)", "(二)", "(三)"], ["一", "二", "三"]),
        (["\uff08一\uff09", "\uff08二\uff09", "\uff08三\uff09"], ["一", "二", "三"]),
        (["1.", "2.", "3."], ["1", "2", "3"]),
        (["第一条 ", "第二条 ", "第三条 "], ["一", "二", "三"]),
    ],
)
def test_clauses_have_a_lead_and_what_is_to_be_done(marks: list[str], numbers: list[str]) -> None:
    a, b, c = marks
    text = f"一、总体要求\n{a}指导思想。坚持改革。\n二、重点任务\n{b}扩大供给。建设综合体。\n"
    text += f"{c}优化服务。制定《服务办法》。\n"
    reading = read(HEAD + text)
    assert [(i.number, i.title, i.measures) for i in reading.items] == [
        (numbers[0], "指导思想。", ["坚持改革。"]),
        (numbers[1], "扩大供给。", ["建设综合体。"]),
        (numbers[2], "优化服务。", ["制定《服务办法》。"]),
    ]
    assert [r.title for r in reading.items[2].regulations] == ["服务办法"]
    assert (reading.figures, reading.anomalies) == ({"parts": 2, "clauses": 3}, [])


def test_goals_have_a_milestone_for_each_year() -> None:
    text = "一、总体要求\n(一)主要目标。到2025年,体系更加完善,占比达到55%以上;到2030年,体系全面建成。\n"
    text += "(二)基本原则。坚持改革。\n"
    item = read(HEAD + text).items[0]
    assert [(m.text, m.due_on) for m in item.milestones] == [
        ("体系更加完善,占比达到55%以上", dt.date(2025, 12, 31)),
        ("体系全面建成", dt.date(2030, 12, 31)),
    ]
    assert item.goal is not None
    assert (item.measures, item.targets[0].value) == ([], 55)


def test_units_behind_a_clause_are_its_units() -> None:
    text = "一、重点任务\n(一)扩大供给。建设综合体。(省民政厅牵头,省财政厅配合)\n"
    text += "(二)优化服务。推进改革。(责任单位:省商务厅,各市、县人民政府)\n"
    first, second = read(HEAD + text).items
    assert (first.lead_units, first.support_units, first.measures) == (["省民政厅"], ["省财政厅"], ["建设综合体。"])
    assert second.responsible_units == ["省商务厅", "各市、县人民政府"]


def test_parts_with_a_text_of_their_own_are_clauses_in_their_place() -> None:
    text = "一、总体要求\n统筹推进,到2026年底覆盖率达到100%。\n二、主要任务\n(一)夯实基础\n"
    text += "1.完善网络。新建基站300座。\n2.建设平台。建成平台。\n"
    text += "三、保障措施\n(一)加强领导。建立机制。\n某某市人民政府\n2024年6月3日\n(此件公开发布)\n"
    reading = read(HEAD + text)
    assert [(i.number, i.title) for i in reading.items] == [
        ("一", "总体要求"), ("1", "完善网络。"), ("2", "建设平台。"), ("一", "加强领导。"),
    ]  # fmt: skip
    assert reading.items[-1].measures == ["建立机制。"]
    assert reading.issued_on == dt.date(2024, 6, 3)


def test_from_when_an_opinion_is_in_force_is_no_goal_and_clauses_that_set_no_task_are_no_doubt() -> None:
    clauses = "".join(
        f"({n})事项{n}。{'推进改革。' * k}(责任单位:省商务厅)\n" for k, n in enumerate("二三四五", start=1)
    )
    text = f"一、总体要求\n(一)指导思想。坚持改革。\n二、重点任务\n{clauses}"
    text += "本意见自2024年5月1日起施行,有效期至2027年底。\n"
    reading = read(HEAD + text)
    assert [i.milestones for i in reading.items] == [[]] * 5
    assert reading.items[-1].measures == ["推进改革。" * 4]
    assert not [a for a in reading.anomalies if a.blocks]


def test_a_notice_that_sets_tasks_itself_is_read_as_an_opinion() -> None:
    text = (
        "某区政府办公室关于进一步加强安全生产工作的通知\n各街道:\n"
        "一、突出重点整治。年底前改造管网35公里。(区应急局牵头,区建设局配合)\n"
        "二、提升本质安全。推进改造。(责任单位:区工信局)\n"
    )
    reading = read_bytes(text.encode(), "通知.txt")
    assert reading.kind is Kind.POLICY_OPINION
    assert [(i.lead_units, i.responsible_units) for i in reading.items] == [(["区应急局"], []), ([], ["区工信局"])]
