"""The lifecycle against the published table, written out here by hand: a change of either shows."""

from __future__ import annotations

import pytest

from duban.domain.actors import Actor, relations
from duban.domain.lifecycle import (
    ACTION_ZH,
    OPEN_STATES,
    OUTCOME_ZH,
    STATE_ZH,
    TRANSITIONS,
    Action,
    Facts,
    Outcome,
    Relation,
    State,
    gaps,
    possible_actions,
)

#: action → {state it leaves: state it reaches}; every other pair is refused.
TABLE = {
    "draft_measure": {"assigned": "measure_drafted"},
    "return_measure": {"measure_drafted": "assigned"},
    "issue_regulation": {"measure_drafted": "regulation_issued"},
    "start": {"measure_drafted": "ongoing"},
    "sustain": {"regulation_issued": "ongoing"},
    "close": {"regulation_issued": "closed", "ongoing": "closed"},
    "withdraw": {
        "assigned": "closed",
        "measure_drafted": "closed",
        "regulation_issued": "closed",
        "ongoing": "closed",
    },
    "merge": {"assigned": "closed", "measure_drafted": "closed", "regulation_issued": "closed", "ongoing": "closed"},
    "reopen": {"closed": "ongoing"},
}
STATES = ("assigned", "measure_drafted", "regulation_issued", "ongoing", "closed")

#: Who may: the supervision office also records for units that report by phone.
WHO = {
    "draft_measure": {"unit", "supervision"},
    "return_measure": {"lead", "supervision"},
    "issue_regulation": {"unit", "supervision"},
    "start": {"unit", "supervision"},
    "sustain": {"unit", "supervision"},
    "close": {"supervision"},
    "withdraw": {"supervision"},
    "merge": {"supervision"},
    "reopen": {"supervision"},
}
NEEDS_REASON = {"return_measure", "withdraw", "merge", "reopen"}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", TABLE)
def test_each_pair_of_state_and_action_stands_in_the_table_as_published(state: str, action: str) -> None:
    transition = TRANSITIONS[Action(action)]
    reached = transition.target.value if State(state) in transition.sources else None
    assert reached == TABLE[action].get(state)
    assert (Action(action) in possible_actions(State(state))) == (state in TABLE[action])


def test_the_table_has_no_action_and_no_state_beyond_the_published_ones() -> None:
    assert {a.value for a in TRANSITIONS} == {a.value for a in Action} == set(TABLE)
    assert tuple(s.value for s in State) == STATES
    assert {s.value for s in OPEN_STATES} == set(STATES) - {"closed"}


def test_each_action_is_open_to_whom_the_table_names() -> None:
    assert {t.action.value: {r.value for r in t.by} for t in TRANSITIONS.values()} == WHO


def test_returning_withdrawing_merging_and_reopening_need_a_reason() -> None:
    assert {a.value for a in Action if "请填写理由" in gaps(a, Facts(measures=1, merge_into="3"))} == NEEDS_REASON
    assert all("请填写理由" in gaps(Action(a), Facts(reason="  \n")) for a in NEEDS_REASON)
    assert not any("请填写理由" in gaps(Action(a), Facts(reason="实测")) for a in NEEDS_REASON)


def test_every_state_action_and_outcome_has_its_chinese_word() -> None:
    assert set(STATE_ZH) == set(State)
    assert set(ACTION_ZH) == set(Action)
    assert set(OUTCOME_ZH) == set(Outcome)


def test_no_two_actions_leave_the_same_event_behind() -> None:
    events = [t.event for t in TRANSITIONS.values()]
    assert len(set(events)) == len(events)
    assert all(e.startswith("item.") for e in events)


def test_a_measure_cannot_be_drafted_without_any() -> None:
    assert gaps(Action.DRAFT_MEASURE, Facts()) == ["至少要有一条整改措施"]
    assert gaps(Action.DRAFT_MEASURE, Facts(measures=1)) == []


def test_a_regulation_is_issued_once_each_promised_one_has_a_number_or_a_date() -> None:
    assert gaps(Action.ISSUE_REGULATION, Facts(regulations_unnumbered=("甲办法", "乙办法"))) == [
        "制度《甲办法》缺少文号或日期",
        "制度《乙办法》缺少文号或日期",
    ]
    assert gaps(Action.ISSUE_REGULATION, Facts(regulations_promised=("甲办法",))) == []


def test_work_does_not_start_while_a_regulation_is_still_promised() -> None:
    assert gaps(Action.START, Facts(regulations_promised=("甲办法",))) == ["制度《甲办法》尚未出台"]
    assert gaps(Action.START, Facts()) == []


def test_a_merge_names_the_item_that_goes_on() -> None:
    assert gaps(Action.MERGE, Facts(reason="重复")) == ["请指明并入哪一项"]
    assert gaps(Action.MERGE, Facts(reason="重复", merge_into="4")) == []


READY = {
    "measures": 1,
    "evidence": 1,
    "verified_by": "核查员",
    "worked_on_by": frozenset({"经办人"}),
    "closing_requested": True,
}


def test_a_complete_item_passes_the_closing_gate() -> None:
    assert gaps(Action.CLOSE, Facts(**READY)) == []


@pytest.mark.parametrize(
    ("change", "gap"),
    [
        ({"milestones_open": ("完成平台建设",)}, "节点未完成:完成平台建设"),
        ({"measures_open": ("加装电梯",)}, "措施未完成:加装电梯"),
        ({"regulations_promised": ("甲办法",)}, "制度《甲办法》缺少文号或日期"),
        ({"regulations_incomplete": ("乙办法",)}, "制度《乙办法》缺少文号或日期"),
        ({"children_open": ("3.1",)}, "子事项3.1尚未销号"),
        ({"evidence": 0}, "尚未上传佐证材料"),
        ({"closing_requested": False}, "责任单位尚未申请销号"),
        ({"leads_unsigned": ("周明远",)}, "牵头领导周明远尚未签字"),
        ({"verified_by": None}, "尚未核查"),
        ({"verified_by": "经办人"}, "核查人经办人参与过办理,须由他人核查"),
        ({"publication_ends_on": "2026-07-20"}, "公示期未满,2026-07-20届满"),
    ],
)
def test_the_closing_gate_names_each_gap_alone(change: dict[str, object], gap: str) -> None:
    assert gaps(Action.CLOSE, Facts(**(READY | change))) == [gap]  # type: ignore[arg-type]


def test_the_closing_gate_names_all_gaps_at_once() -> None:
    found = gaps(
        Action.CLOSE,
        Facts(milestones_open=("甲",), measures_open=("乙", "丙"), leads_unsigned=("周明远", "韩望舒")),
    )
    assert found == [
        "节点未完成:甲",
        "措施未完成:乙",
        "措施未完成:丙",
        "尚未上传佐证材料",
        "责任单位尚未申请销号",
        "牵头领导周明远尚未签字",
        "牵头领导韩望舒尚未签字",
        "尚未核查",
    ]


@pytest.mark.parametrize(
    ("role", "parties", "expected"),
    [
        ("viewer", {"住建局", "周明远"}, set()),
        ("unit", {"住建局"}, {Relation.UNIT}),
        ("unit", {"教育局"}, set()),
        ("unit", {"周明远"}, set()),  # a unit's account does not sign for a lead official
        ("lead", {"周明远"}, {Relation.LEAD}),
        ("lead", {"住建局"}, set()),
        ("lead", set(), set()),
        ("supervisor", set(), {Relation.SUPERVISION}),
        ("admin", set(), {Relation.SUPERVISION}),
    ],
)
def test_what_an_account_is_to_an_item_follows_from_role_and_party(
    role: str, parties: set[str], expected: set[Relation]
) -> None:
    actor = Actor("某人", role, frozenset(parties))
    assert relations(actor, {"住建局": None, "区住建局": None}, {"周明远": None}) == expected
