"""Who belongs to an item, by which name, and what follows from its parts."""

from __future__ import annotations

import datetime as dt

import pytest

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import State
from duban.domain.limits import Milestone as Part
from duban.errors import (
    DubanError,
    Forbidden,
)
from duban.services.progress import report_milestone
from duban.services.release import release
from models import (
    Clock,
    ClockState,
    Event,
    Milestone,
)

from .ledger import (
    CLERK,
    DIRECTORY,
    LEAD,
    NOW,
    OTHER_UNIT,
    UNIT,
    VIEWER,
    a_world,
    an_item,
    due,
)

#: The published table: (state, action) → state reached. All other pairs are refused.

DUE = dt.date(2026, 9, 30)


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
