"""The closing gate (销号): every gap by name, who may sign and verify, and what ends with it."""

from __future__ import annotations

import datetime as dt

import pytest

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import Outcome, State
from duban.errors import (
    GuardFailed,
)
from duban.services.closing import StepRefused, gaps_of
from duban.services.progress import report_measure, report_milestone
from models import (
    Clock,
    ClockKind,
    ClockState,
    ClosingStep,
    Item,
    Measure,
    Milestone,
    Progress,
)

from .ledger import (
    CLERK,
    LEAD,
    NOW,
    OTHER_LEAD,
    UNIT,
    VERIFIER,
    a_world,
    an_item,
    due,
    promised,
)

#: The published table: (state, action) → state reached. All other pairs are refused.

DUE = dt.date(2026, 9, 30)


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
