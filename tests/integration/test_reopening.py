"""Ending otherwise than rectified (撤销、合并), and coming back with a new cycle."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import update

from duban.adapters.database import Database
from duban.domain.lifecycle import Outcome, State
from duban.errors import (
    GuardFailed,
    TransitionRefused,
)
from duban.reading.model import Anomaly as Doubt
from duban.reading.model import AnomalyCode
from duban.services.progress import report_milestone
from duban.services.transitions import MoveDetails
from models import (
    Clock,
    ClockState,
    ClosingStep,
    Evidence,
    Item,
    Milestone,
)

from .ledger import (
    NOW,
    UNIT,
    a_world,
    an_item,
    due,
)

#: The published table: (state, action) → state reached. All other pairs are refused.

DUE = dt.date(2026, 9, 30)


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
