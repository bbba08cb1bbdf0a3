"""Moving items on a real ledger: the table, its guards, who may, stale versions, what commits together."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import update

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import Outcome, State
from duban.domain.limits import Milestone as Part
from duban.errors import (
    DubanError,
    Forbidden,
    GuardFailed,
    InTheFuture,
    NotFound,
    Quarantined,
    StaleVersion,
    TransitionRefused,
)
from duban.reading.model import Anomaly as Doubt
from duban.reading.model import AnomalyCode
from duban.services.closing import StepRefused, gaps_of
from duban.services.progress import report_measure, report_milestone, report_regulation
from duban.services.release import release
from duban.services.transitions import Instrument, MoveDetails
from models import (
    Clock,
    ClockKind,
    ClockState,
    ClosingStep,
    Event,
    Evidence,
    Item,
    Measure,
    Milestone,
    Progress,
    Regulation,
    RegulationStatus,
    Signal,
)

from .ledger import (
    CLERK,
    DIRECTORY,
    LEAD,
    NOW,
    OTHER_LEAD,
    OTHER_UNIT,
    UNIT,
    VERIFIER,
    VIEWER,
    a_world,
    an_item,
    due,
    promised,
)

#: The published table: (state, action) → state reached. All other pairs are refused.
TABLE = {
    ("assigned", "draft_measure"): "measure_drafted",
    ("assigned", "withdraw"): "closed",
    ("assigned", "merge"): "closed",
    ("measure_drafted", "return_measure"): "assigned",
    ("measure_drafted", "issue_regulation"): "regulation_issued",
    ("measure_drafted", "start"): "ongoing",
    ("measure_drafted", "withdraw"): "closed",
    ("measure_drafted", "merge"): "closed",
    ("regulation_issued", "sustain"): "ongoing",
    ("regulation_issued", "close"): "closed",
    ("regulation_issued", "withdraw"): "closed",
    ("regulation_issued", "merge"): "closed",
    ("ongoing", "close"): "closed",
    ("ongoing", "withdraw"): "closed",
    ("ongoing", "merge"): "closed",
    ("closed", "reopen"): "ongoing",
}
STATES = ("assigned", "measure_drafted", "regulation_issued", "ongoing", "closed")
ACTIONS = (
    "draft_measure",
    "return_measure",
    "issue_regulation",
    "start",
    "sustain",
    "close",
    "withdraw",
    "merge",
    "reopen",
)
BY_HAND = {
    "draft_measure": {"unit", "clerk"},
    "return_measure": {"lead", "clerk"},
    "issue_regulation": {"unit", "clerk"},
    "start": {"unit", "clerk"},
    "sustain": {"unit", "clerk"},
    "close": {"clerk"},
    "withdraw": {"clerk"},
    "merge": {"clerk"},
    "reopen": {"clerk"},
}
PEOPLE = {
    "unit": UNIT,
    "lead": LEAD,
    "clerk": CLERK,
    "other unit": OTHER_UNIT,
    "other lead": OTHER_LEAD,
    "viewer": VIEWER,
}
DUE = dt.date(2026, 9, 30)


def test_each_of_the_forty_five_pairs_does_what_the_table_says_and_nothing_else(database: Database) -> None:
    pairs = [(s, a) for s in STATES for a in ACTIONS]
    numbers = {pair: str(n) for n, pair in enumerate(pairs, start=1)}
    items = [an_item(numbers[s, a], State(s if s != "closed" else "ongoing"), measures=["一项措施"]) for s, a in pairs]
    world = a_world(database, *items, an_item("99"))
    found = {}
    for (state, action), number in numbers.items():
        if state == "closed":
            world.move("withdraw", number)
        elif action == "close":
            world.ready_to_close(number)
        before = world.item(number)
        details = MoveDetails(
            merge_into=world.ids["99"] if action == "merge" else None, due_on=DUE if action == "reopen" else None
        )
        try:
            moved = world.move(action, number, version=before.version, details=details)
        except TransitionRefused:
            after = world.item(number)
            assert (after.state, after.version, after.updated_at) == (before.state, before.version, before.updated_at)
            continue
        assert (moved.before.value, moved.version) == (state, before.version + 1)
        found[state, action] = world.item(number).state.value
    assert found == TABLE


def test_every_relation_may_do_exactly_what_the_table_allows(database: Database) -> None:
    start = {"draft_measure": "assigned", "sustain": "regulation_issued", "close": "ongoing", "reopen": "ongoing"}
    names = [(a, p) for a in ACTIONS for p in PEOPLE]
    items = [
        an_item(str(n), State(start.get(a, "measure_drafted")), measures=["一项措施"])
        for n, (a, _) in enumerate(names, start=1)
    ]
    world = a_world(database, *items, an_item("99"))
    allowed: dict[str, set[str]] = {a: set() for a in ACTIONS}
    for n, (action, person) in enumerate(names, start=1):
        number = str(n)
        if action == "close":
            world.ready_to_close(number)
        if action == "reopen":
            world.move("withdraw", number)
        details = MoveDetails(merge_into=world.ids["99"], due_on=DUE)
        try:
            world.move(action, number, actor=PEOPLE[person], details=details)
        except Forbidden:
            continue
        allowed[action].add(person)
    assert allowed == BY_HAND


def test_a_transition_leaves_version_event_and_signal_behind_together(database: Database) -> None:
    world = a_world(database, an_item(state=State.MEASURE_DRAFTED))
    signals = world.count(Signal)
    moved = world.move(
        "start", actor=UNIT, version=1, reason="开工", details=MoveDetails(occurred_at=NOW - dt.timedelta(3))
    )
    first, second = world.events()
    assert (moved.state, moved.version, moved.event) == (State.ONGOING, 2, "item.started")
    assert (second.seq, second.type, second.actor, second.reason) == (2, "item.started", "住建局经办", "开工")
    assert (second.occurred_at, second.recorded_at) == (NOW - dt.timedelta(3), NOW)
    assert second.payload["from"] == "measure_drafted"
    assert second.payload["to"] == "ongoing"
    assert second.payload["version"] == 2
    assert second.previous_hash == first.hash
    assert world.count(Signal) == signals + 1


def test_a_refused_transition_leaves_nothing_behind_not_even_what_it_brought(database: Database) -> None:
    world = a_world(database, an_item(state=State.MEASURE_DRAFTED, **promised("甲办法", "乙办法")))
    signals = world.count(Signal)
    first, _second = world.of(Regulation)
    details = MoveDetails(regulations={first.id: Instrument("青府办〔2026〕1号", dt.date(2026, 7, 1))})
    with pytest.raises(GuardFailed, match="制度《乙办法》缺少文号或日期"):
        world.move("issue_regulation", details=details)
    assert world.of(Regulation)[0].document_number is None
    assert world.item().version == 1
    assert len(world.events()) == 1
    assert world.count(Signal) == signals


def test_a_stale_version_is_refused_with_the_present_one_and_its_state(database: Database) -> None:
    world = a_world(database, an_item(state=State.MEASURE_DRAFTED))
    world.move("start", version=1)
    with pytest.raises(StaleVersion) as refused:
        world.move("withdraw", version=1)
    assert refused.value.fields == {"expected": 1, "present": 2, "state": "ongoing"}
    assert world.item().state is State.ONGOING


def test_a_version_from_the_future_is_stale_too(database: Database) -> None:
    world = a_world(database)
    with pytest.raises(StaleVersion):
        world.move("withdraw", version=7)


def test_an_item_that_is_not_there_is_not_found(database: Database) -> None:
    world = a_world(database)
    world.ids["0"] = 10**6
    with pytest.raises(NotFound):
        world.move("withdraw", "0")


def test_an_item_in_quarantine_refuses_every_action_and_says_why(database: Database) -> None:
    doubt = Doubt(AnomalyCode.CONFLICTING_COPIES, "两处不一", line=10, number="1", blocks=True, item_line=10)
    world = a_world(database, an_item(state=State.MEASURE_DRAFTED), an_item("2"), doubts=[doubt])
    for action in ACTIONS:
        with pytest.raises((Quarantined, TransitionRefused)) as refused:
            world.move(action, details=MoveDetails(merge_into=world.ids["2"], due_on=DUE))
        assert isinstance(refused.value, Quarantined), action
        assert "conflicting_copies" in refused.value.message
    assert world.count(Clock, Clock.item_id == world.ids["1"]) == 0
    with pytest.raises(Quarantined):
        world.hand_in()


def test_measures_that_come_along_with_drafting_are_entered_in_order(database: Database) -> None:
    world = a_world(database, an_item(state=State.ASSIGNED))
    with pytest.raises(GuardFailed, match="至少要有一条整改措施"):
        world.move("draft_measure", actor=UNIT)
    with pytest.raises(GuardFailed, match="至少要有一条整改措施"):
        world.move("draft_measure", actor=UNIT, details=MoveDetails(measures=("  ", "")))
    world.move("draft_measure", actor=UNIT, details=MoveDetails(measures=("摸底", " ", "加装")))
    rows = world.of(Measure)
    assert [m.text for m in rows] == ["摸底", "加装"]
    assert {m.progress for m in rows} == {Progress.OPEN}


def test_a_returned_measure_needs_a_reason(database: Database) -> None:
    world = a_world(database, an_item(state=State.MEASURE_DRAFTED))
    with pytest.raises(GuardFailed, match="请填写理由"):
        world.move("return_measure", actor=LEAD, reason="  ")
    world.move("return_measure", actor=LEAD, reason="不够具体")
    assert world.item().state is State.ASSIGNED


def test_a_regulation_issued_with_a_number_or_a_date_moves_the_item(database: Database) -> None:
    world = a_world(
        database, an_item(state=State.MEASURE_DRAFTED, **(promised("甲办法", "乙办法") | due(DUE, "issue_regulation")))
    )
    first, second = world.of(Regulation)
    details = MoveDetails(
        regulations={
            first.id: Instrument("青府办〔2026〕1号", None),
            second.id: Instrument(None, dt.date(2026, 7, 1)),
        }
    )
    world.move("issue_regulation", actor=UNIT, details=details)
    assert {r.status for r in world.of(Regulation)} == {RegulationStatus.ISSUED}
    assert all(m.done for m in world.of(Milestone))
    assert {c.state for c in world.of(Clock)} == {ClockState.COMPLETED}


def test_a_regulation_of_another_item_cannot_be_issued_along(database: Database) -> None:
    world = a_world(
        database,
        an_item("1", State.MEASURE_DRAFTED, **promised("甲办法")),
        an_item("2", State.MEASURE_DRAFTED, **promised("乙办法")),
    )
    other = world.of(Regulation, "2")[0]
    with pytest.raises(NotFound):
        world.move("issue_regulation", details=MoveDetails(regulations={other.id: Instrument("1号")}))
    assert world.of(Regulation, "2")[0].document_number is None


def test_a_regulation_is_not_issued_on_a_day_that_has_not_come(database: Database) -> None:
    world = a_world(database, an_item(state=State.MEASURE_DRAFTED, **promised("甲办法")))
    row = world.of(Regulation)[0]
    with pytest.raises(DubanError) as refused:
        world.move(
            "issue_regulation", details=MoveDetails(regulations={row.id: Instrument("1号", dt.date(2027, 1, 1))})
        )
    assert refused.value.code in ("in_the_future", "guard_failed")
    assert world.item().state is State.MEASURE_DRAFTED


def test_what_happens_cannot_have_happened_after_it_was_recorded(database: Database) -> None:
    world = a_world(database, an_item(state=State.MEASURE_DRAFTED))
    with pytest.raises(InTheFuture):
        world.move("start", details=MoveDetails(occurred_at=NOW + dt.timedelta(days=1)))


def test_work_starts_only_when_no_regulation_is_promised_any_more(database: Database) -> None:
    world = a_world(database, an_item(state=State.MEASURE_DRAFTED, **promised("甲办法")))
    with pytest.raises(GuardFailed, match="制度《甲办法》尚未出台"):
        world.move("start", actor=UNIT)
    report_regulation(
        database,
        regulation_id=world.of(Regulation)[0].id,
        document_number="1号",
        issued_on=dt.date(2026, 7, 1),
        actor=UNIT,
        expected_version=None,
        now=NOW,
    )
    world.move("start", actor=UNIT)
    assert world.item().state is State.ONGOING


# -- closing -----------------------------------------------------------------------------------------------------


def test_the_closing_gate_falls_gap_by_gap(database: Database) -> None:
    item = an_item(
        state=State.ONGOING,
        lead_officials=["韩望舒", "沈予安"],
        **(promised("甲办法") | due(DUE)),
        children=[an_item("1.1")],
    )
    world = a_world(database, item)
    expected = [
        f"节点未完成:{DUE}前完成",
        "措施未完成:措施1",
        "制度《甲办法》缺少文号或日期",
        "子事项1.1尚未销号",
        "尚未上传佐证材料",
        "责任单位尚未申请销号",
        "牵头领导韩望舒尚未签字",
        "牵头领导沈予安尚未签字",
        "尚未核查",
    ]

    def gaps() -> list[str]:
        with database.read() as session:
            found = gaps_of(session, world.ids["1"], NOW.date())
        with pytest.raises(GuardFailed) as refused:
            world.move("close")
        assert refused.value.fields["gaps"] == ";".join(found)
        return found

    assert gaps() == expected
    world.finish_work()
    expected = expected[3:4] + expected[5:]
    assert gaps() == expected
    world.move("withdraw", "1.1")
    expected = expected[1:]
    assert gaps() == expected
    world.step(ClosingStep.REQUEST, actor=UNIT)
    expected = expected[1:]
    assert gaps() == expected
    world.step(ClosingStep.SIGN, actor=LEAD)
    expected = expected[1:]
    assert gaps() == expected
    world.step(ClosingStep.SIGN, actor=CLERK, on_behalf_of="沈予安")
    expected = expected[1:]
    assert gaps() == expected
    world.step(ClosingStep.PUBLISH, actor=CLERK, ends_on=NOW.date())
    world.step(ClosingStep.VERIFY, actor=VERIFIER)
    assert gaps() == [f"公示期未满,{NOW.date()}届满"]
    world.move("close", now=NOW + dt.timedelta(days=1))
    closed = world.item()
    assert (closed.state, closed.outcome) == (State.CLOSED, Outcome.RECTIFIED)
    assert closed.closed_at == NOW + dt.timedelta(days=1)


def test_a_measure_that_is_mostly_done_never_closes(database: Database) -> None:
    world = a_world(database)
    world.ready_to_close()
    measure = world.of(Measure)[0]
    report_measure(
        database, measure_id=measure.id, progress=Progress.MOSTLY_DONE, actor=UNIT, expected_version=None, now=NOW
    )
    with pytest.raises(GuardFailed, match="措施未完成:措施1"):
        world.move("close")


def test_who_reported_a_measure_or_asked_for_the_closing_cannot_verify_it(database: Database) -> None:
    world = a_world(database, an_item("1"), an_item("2"))
    report_measure(
        database,
        measure_id=world.of(Measure, "1")[0].id,
        progress=Progress.DONE,
        actor=VERIFIER,
        expected_version=None,
        now=NOW,
    )
    world.step(ClosingStep.REQUEST, "1", actor=UNIT)
    world.step(ClosingStep.REQUEST, "2", actor=VERIFIER)
    for number in ("1", "2"):
        with pytest.raises(StepRefused, match="督查员乙参与过办理"):
            world.step(ClosingStep.VERIFY, number, actor=VERIFIER)
        world.step(ClosingStep.VERIFY, number, actor=CLERK)


def test_who_reported_a_milestone_cannot_verify_the_closing_either(database: Database) -> None:
    world = a_world(database, an_item(**due(DUE)))
    report_milestone(database, milestone_id=world.of(Milestone)[0].id, actor=VERIFIER, expected_version=None, now=NOW)
    world.step(ClosingStep.REQUEST, actor=UNIT)
    with pytest.raises(StepRefused, match="督查员乙参与过办理"):
        world.step(ClosingStep.VERIFY, actor=VERIFIER)


def test_who_does_the_work_after_verifying_it_spoils_the_verification(database: Database) -> None:
    world = a_world(database)
    world.ready_to_close()
    report_measure(
        database,
        measure_id=world.of(Measure)[0].id,
        progress=Progress.DONE,
        actor=VERIFIER,
        expected_version=None,
        now=NOW,
    )
    with pytest.raises(GuardFailed, match="核查人督查员乙参与过办理"):
        world.move("close")


def test_joint_leads_sign_each_for_themselves(database: Database) -> None:
    world = a_world(database, an_item(lead_officials=["韩望舒", "沈予安"]))
    world.step(ClosingStep.REQUEST, actor=UNIT)
    world.step(ClosingStep.SIGN, actor=LEAD)
    with pytest.raises(StepRefused):
        world.step(ClosingStep.SIGN, actor=LEAD)
    with pytest.raises(StepRefused):
        world.step(ClosingStep.SIGN, actor=LEAD, on_behalf_of="沈予安")
    world.step(ClosingStep.SIGN, actor=OTHER_LEAD)
    assert [s.actor for s in world.steps() if s.step is ClosingStep.SIGN] == ["韩望舒", "沈予安"]


def test_a_lead_official_whose_account_bears_an_alias_signs_too(database: Database) -> None:
    world = a_world(database)
    world.step(ClosingStep.REQUEST, actor=UNIT)
    world.step(ClosingStep.SIGN, actor=Actor("韩", "lead", frozenset({"望舒"})))
    assert world.count(Item) == 1
    assert [s.actor for s in world.steps()][1:] == ["韩"]


def test_the_office_signs_for_nobody_in_silence(database: Database) -> None:
    world = a_world(database)
    world.step(ClosingStep.REQUEST, actor=UNIT)
    with pytest.raises(StepRefused, match="韩望舒"):
        world.step(ClosingStep.SIGN, actor=CLERK)
    with pytest.raises(StepRefused):
        world.step(ClosingStep.SIGN, actor=CLERK, on_behalf_of="某人")


def test_nothing_is_signed_or_verified_before_the_unit_asked(database: Database) -> None:
    world = a_world(database)
    for step, actor in ((ClosingStep.SIGN, LEAD), (ClosingStep.VERIFY, VERIFIER), (ClosingStep.PUBLISH, CLERK)):
        with pytest.raises(StepRefused, match="尚未申请销号"):
            world.step(step, actor=actor)


def test_closing_ends_every_clock_in_the_same_transaction(database: Database) -> None:
    world = a_world(database, an_item(long_term=True, **due(DUE)))
    world.ready_to_close()
    assert [(c.kind, c.state) for c in world.of(Clock)] == [
        (ClockKind.LIMIT, ClockState.COMPLETED),
        (ClockKind.CHECK_IN, ClockState.RUNNING),
        (ClockKind.VERIFY, ClockState.COMPLETED),
    ]
    world.move("close")
    *ended, re_inspection = world.of(Clock)
    assert {c.state for c in ended} == {ClockState.COMPLETED}
    assert all(c.ended_at == NOW and c.next_rung_on is None for c in ended)
    assert (re_inspection.kind, re_inspection.state) == (ClockKind.RE_INSPECT, ClockState.RUNNING)


# -- ending otherwise, and coming back ---------------------------------------------------------------------------


def test_withdrawing_closes_with_that_outcome_and_cancels_the_clocks(database: Database) -> None:
    world = a_world(database, an_item(**due(DUE)))
    world.move("withdraw")
    item = world.item()
    assert (item.state, item.outcome, item.closed_at) == (State.CLOSED, Outcome.WITHDRAWN, NOW)
    assert [c.state for c in world.of(Clock)] == [ClockState.CANCELLED]


def test_merging_names_the_item_that_goes_on(database: Database) -> None:
    world = a_world(database, an_item("1", **due(DUE)), an_item("2"))
    world.move("merge", details=MoveDetails(merge_into=world.ids["2"]))
    item = world.item()
    assert (item.state, item.outcome, item.merged_into_id) == (State.CLOSED, Outcome.MERGED, world.ids["2"])
    assert [c.state for c in world.of(Clock)] == [ClockState.CANCELLED]


def test_an_item_is_merged_only_into_another_open_item_of_its_plan(database: Database) -> None:
    doubt = Doubt(AnomalyCode.CONFLICTING_COPIES, "两处不一", line=40, number="4", blocks=True, item_line=40)
    world = a_world(database, an_item("1"), an_item("2"), an_item("3"), an_item("4"), doubts=[doubt])
    elsewhere = a_world(database)
    world.move("withdraw", "2")
    with database.write() as session:
        session.execute(update(Item).where(Item.id == world.ids["3"]).values(dropped=True))
    wrong = [None, world.ids["1"], world.ids["2"], world.ids["3"], elsewhere.ids["1"], 10**6]
    for target in wrong:
        with pytest.raises(GuardFailed, match="请指明并入哪一项"):
            world.move("merge", details=MoveDetails(merge_into=target))
    with pytest.raises(GuardFailed, match="请指明并入哪一项"):  # what is in doubt cannot take over another's duty
        world.move("merge", details=MoveDetails(merge_into=world.ids["4"]))


def test_an_item_is_not_merged_into_its_own_child(database: Database) -> None:
    world = a_world(database, an_item("1", children=[an_item("1.1")]))
    with pytest.raises(GuardFailed):
        world.move("merge", details=MoveDetails(merge_into=world.ids["1.1"]))


def test_a_parent_with_open_children_is_not_withdrawn_over_their_heads(database: Database) -> None:
    """The children go on with their own clocks: the parent's withdrawal ends none of them."""
    world = a_world(database, an_item("1", children=[an_item("1.1", **due(DUE))]))
    world.move("withdraw", "1")
    assert world.item("1.1").state is State.ONGOING
    assert [c.state for c in world.of(Clock, "1.1")] == [ClockState.RUNNING]


def test_reopening_needs_a_new_limit(database: Database) -> None:
    world = a_world(database)
    world.move("withdraw")
    with pytest.raises(GuardFailed, match="due_on"):
        world.move("reopen")


def test_a_relapse_begins_a_new_cycle_with_a_limit_and_a_clock_and_is_counted(database: Database) -> None:
    world = a_world(database, an_item(**due(DUE)))
    world.ready_to_close()
    world.move("close")
    saturday = dt.date(2026, 11, 14)
    world.move("reopen", details=MoveDetails(due_on=saturday))
    item = world.item()
    assert (item.state, item.cycle, item.relapses, item.outcome, item.closed_at) == (State.ONGOING, 2, 1, None, None)
    assert item.due_on == dt.date(2026, 11, 16)
    new = world.of(Clock)[-1]
    assert (new.cycle, new.state, new.nominal_due_on, new.due_on) == (
        2,
        ClockState.RUNNING,
        saturday,
        dt.date(2026, 11, 16),
    )


def test_a_withdrawn_item_that_comes_back_is_no_relapse(database: Database) -> None:
    world = a_world(database)
    world.move("withdraw")
    world.move("reopen", details=MoveDetails(due_on=DUE))
    assert (world.item().cycle, world.item().relapses) == (2, 0)


def test_a_reopened_item_closes_only_with_evidence_signatures_and_verification_of_its_new_cycle(
    database: Database,
) -> None:
    world = a_world(database)
    world.ready_to_close()
    world.move("close")
    world.move("reopen", details=MoveDetails(due_on=DUE))
    with pytest.raises(GuardFailed) as refused:
        world.move("close")
    assert refused.value.fields["gaps"].split(";") == [
        "节点未完成:重新整改(第2轮)",
        "尚未上传佐证材料",
        "责任单位尚未申请销号",
        "牵头领导韩望舒尚未签字",
        "尚未核查",
    ]
    world.ready_to_close(now=NOW + dt.timedelta(days=2))
    world.move("close")
    world.move("reopen", details=MoveDetails(due_on=DUE))
    assert (world.item().cycle, world.item().relapses) == (3, 2)
    assert world.count(Evidence) == 2


def test_a_reopened_merger_forgets_where_it_went(database: Database) -> None:
    world = a_world(database, an_item("1"), an_item("2"))
    world.move("merge", details=MoveDetails(merge_into=world.ids["2"]))
    world.move("reopen", details=MoveDetails(due_on=DUE))
    assert (world.item().merged_into_id, world.item().outcome) == (None, None)


def test_a_closed_item_takes_no_report_and_no_step(database: Database) -> None:
    world = a_world(database, an_item(**due(DUE)))
    world.move("withdraw")
    for attempt in (
        world.hand_in,
        lambda: world.step(ClosingStep.REQUEST, actor=UNIT),
        lambda: report_milestone(
            database, milestone_id=world.of(Milestone)[0].id, actor=UNIT, expected_version=None, now=NOW
        ),
    ):
        with pytest.raises(TransitionRefused):
            attempt()
    assert world.item().version == 2


# -- who belongs to an item --------------------------------------------------------------------------------------


def test_a_child_that_names_nobody_is_its_parents_units_to_move(database: Database) -> None:
    child = an_item("1.1", State.MEASURE_DRAFTED, lead_officials=[], responsible_units=[])
    world = a_world(database, an_item("1", children=[child]))
    with pytest.raises(Forbidden):
        world.move("start", "1.1", actor=OTHER_UNIT)
    world.move("start", "1.1", actor=UNIT)


def test_a_child_with_units_of_its_own_is_not_its_parents_to_move(database: Database) -> None:
    child = an_item("1.1", State.MEASURE_DRAFTED, responsible_units=["区教育局"])
    world = a_world(database, an_item("1", children=[child]))
    with pytest.raises(Forbidden):
        world.move("start", "1.1", actor=UNIT)
    world.move("start", "1.1", actor=OTHER_UNIT)


def test_an_account_under_a_units_alias_moves_its_items(database: Database) -> None:
    world = a_world(database, an_item(state=State.MEASURE_DRAFTED))
    world.move("start", actor=Actor("经办", "unit", frozenset({"住建局"})))
    assert world.item().state is State.ONGOING


def test_only_the_supervision_office_releases_a_plan(database: Database) -> None:
    world = a_world(database, released=False)
    for actor in (UNIT, LEAD, VIEWER):
        with pytest.raises(Forbidden):
            release(database, plan=world.plan.code, actor=actor, now=NOW)
    assert release(database, plan=world.plan.code, actor=CLERK, now=NOW) is True
    assert release(database, plan=world.plan.code, actor=CLERK, now=NOW) is False


def test_the_board_sorts_by_the_earliest_limit_that_is_still_open(database: Database) -> None:
    parts = [Part("甲", due_on=dt.date(2026, 8, 29)), Part("乙", due_on=dt.date(2026, 10, 30))]
    world = a_world(database, an_item(milestones=parts))
    assert world.item().due_on == dt.date(2026, 8, 31)  # a Saturday rolls to Monday
    report_milestone(database, milestone_id=world.of(Milestone)[0].id, actor=UNIT, expected_version=1, now=NOW)
    assert world.item().due_on == dt.date(2026, 10, 30)
    assert [c.state for c in world.of(Clock)] == [ClockState.COMPLETED, ClockState.RUNNING]
    assert len(world.all(Event)) == 2


def test_a_milestone_done_twice_keeps_its_first_date(database: Database) -> None:
    world = a_world(database, an_item(**due(DUE)))
    row = world.of(Milestone)[0]
    early = dt.date(2026, 7, 1)
    report_milestone(database, milestone_id=row.id, actor=UNIT, expected_version=None, now=NOW, done_on=early)
    with pytest.raises(DubanError):
        report_milestone(database, milestone_id=row.id, actor=UNIT, expected_version=None, now=NOW)
    assert world.of(Milestone)[0].done_on == early


def test_the_directory_of_the_tests_is_whole() -> None:
    names = {e.name for e in DIRECTORY}
    assert all(e.superior in names | {None} and e.head in names | {None} for e in DIRECTORY)
