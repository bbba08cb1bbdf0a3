"""After the closing: publication where the policy asks for it, re-inspection, relapse."""

from __future__ import annotations

import datetime as dt

import pytest

from duban.adapters.database import Database
from duban.domain.lifecycle import Action, State
from duban.errors import Forbidden, GuardFailed, StaleVersion
from duban.services.closing import StepRefused
from duban.services.re_inspection import ReInspectionRefused, re_inspect
from models import Clock, ClockKind, ClockState, ClosingStep, Item
from tests.integration.ledger import CLERK, NOW, POLICY, UNIT, VERIFIER, World, a_world, an_item

PUBLISHING = POLICY.replace("[publication]\ndays = 0", "[publication]\ndays = 5")
CHECKER = VERIFIER


def closed(database: Database) -> World:
    world = a_world(database, an_item("1"))
    world.ready_to_close("1")
    world.move(Action.CLOSE, "1")
    return world


def look(world: World, *, passed: bool, **fields: object) -> int:
    given: dict[str, object] = {"note": "现场查看", "actor": CHECKER, "expected_version": None, "now": NOW}
    return re_inspect(world.database, item_id=world.ids["1"], passed=passed, **(given | fields))  # type: ignore[arg-type]


def open_clocks(world: World) -> list[tuple[ClockKind, dt.date]]:
    return [(c.kind, c.due_on) for c in world.of(Clock) if c.state is ClockState.RUNNING]


def test_a_re_inspection_that_passes_ends_its_clock_and_may_name_the_next(database: Database) -> None:
    world = closed(database)
    assert open_clocks(world) == [(ClockKind.RE_INSPECT, dt.date(2027, 1, 11))]
    look(world, passed=True, again_on=dt.date(2027, 5, 2))
    # 2 May 2027 is a Sunday within 劳动节; the first working day after it follows from the calendar.
    ((kind, due_on),) = open_clocks(world)
    assert kind is ClockKind.RE_INSPECT
    assert due_on > dt.date(2027, 5, 2)
    look(world, passed=True)
    assert open_clocks(world) == []
    assert [e.type for e in world.events()][-2:] == ["re_inspection.passed"] * 2
    assert world.item().state is State.CLOSED


def test_a_relapse_reopens_the_item_with_a_new_cycle_and_a_limit(database: Database) -> None:
    world = closed(database)
    look(world, passed=False, note="问题反弹", due_on=dt.date(2026, 9, 30))
    item: Item = world.item()
    assert (item.state, item.cycle, item.relapses) == (State.ONGOING, 2, 1)
    assert open_clocks(world) == [(ClockKind.LIMIT, dt.date(2026, 9, 30))]
    assert [e.type for e in world.events()][-2:] == ["re_inspection.failed", "item.reopened"]
    with pytest.raises(ReInspectionRefused, match="尚未销号"):
        look(world, passed=True)


def test_a_re_inspection_is_refused_without_findings_or_limit_and_to_who_worked_on_it(database: Database) -> None:
    world = closed(database)
    with pytest.raises(ReInspectionRefused, match="没有写明"):
        look(world, passed=True, note=" ")
    with pytest.raises(ReInspectionRefused, match="新时限"):
        look(world, passed=False)
    with pytest.raises(ReInspectionRefused, match="今天以后"):
        look(world, passed=True, again_on=NOW.date())
    with pytest.raises(Forbidden):
        look(world, passed=True, actor=UNIT)
    with pytest.raises(StaleVersion):
        look(world, passed=True, expected_version=1)
    assert open_clocks(world) == [(ClockKind.RE_INSPECT, dt.date(2027, 1, 11))]


def test_an_item_that_was_withdrawn_is_not_re_inspected(database: Database) -> None:
    world = a_world(database, an_item("1"))
    world.move(Action.WITHDRAW, "1")
    with pytest.raises(ReInspectionRefused, match="已撤销"):
        look(world, passed=True)


def test_where_the_policy_asks_for_a_publication_nothing_closes_without_it(database: Database) -> None:
    world = a_world(database, an_item("1"), policy=PUBLISHING)
    world.ready_to_close("1")
    with pytest.raises(GuardFailed, match="尚未公示,须公示5个工作日"):
        world.move(Action.CLOSE, "1")
    with pytest.raises(StepRefused, match="2026-07-20"):
        world.step(ClosingStep.PUBLISH, actor=CLERK, ends_on=dt.date(2026, 7, 17))
    world.step(ClosingStep.PUBLISH, actor=CLERK)
    assert world.steps()[-1].ends_on == dt.date(2026, 7, 20), "five working days from the day after"
    with pytest.raises(GuardFailed, match="公示期未满,2026-07-20届满"):
        world.move(Action.CLOSE, "1", now=NOW + dt.timedelta(days=7))
    world.move(Action.CLOSE, "1", now=NOW + dt.timedelta(days=8))
    assert world.item().state is State.CLOSED
