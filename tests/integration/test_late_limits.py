"""A limit that is over when it is given, or when its plan is released: one sheet, the highest, dated that night."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from duban.adapters.database import Database
from duban.domain.ladder import REASON_BEFORE_START
from duban.services.assignments import assign_items, would_assign
from duban.services.clock_changes import pause_clock, resume_clock
from duban.services.night import preview
from duban.services.queries.explain import explain_item
from duban.services.queries.scope import WHOLE
from duban.services.release import release
from duban.services.transitions import MoveDetails
from models import Clock, ClockState, RungFired, RungOutcome
from tests.integration.ledger import CLERK, World, a_night, a_world, an_item, due
from tests.integration.nights import DUE, RUNGS, fired

LATE = dt.date(2026, 7, 17)  # a Friday: three rungs after the limit have come by then
NIGHT = dt.date(2026, 7, 20)


def at(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(10), dt.timezone(dt.timedelta(hours=8))).astimezone(dt.UTC)


def passed(world: World) -> dict[str, str]:
    rows = world.all(RungFired, RungFired.outcome == RungOutcome.SUPPRESSED, ~RungFired.carried_over)
    return {r.rung: r.reason for r in rows}


def ladder_of(world: World, as_of: dt.date) -> str:
    found = explain_item(world.database, item_id=world.ids["1"], scope=WHOLE, as_of=as_of)
    return "\n".join(line for clock in found.clocks if clock.kind == "limit" for line in clock.ladder)


def test_a_plan_released_late_sends_one_sheet_and_not_the_whole_ladder(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(**due(DUE)), released=False)
    release(database, plan=world.plan.code, actor=CLERK, now=at(LATE))
    a_night(database, tmp_path, NIGHT)
    assert fired(world) == [("circulate_11", NIGHT, NIGHT)], "no day before the release as if it had been missed"
    assert passed(world) == dict.fromkeys(("remind_10", "remind_3", "urge_1", "supervise_6"), REASON_BEFORE_START)
    a_night(database, tmp_path, RUNGS["summon_21"])
    assert fired(world)[1:] == [("summon_21", RUNGS["summon_21"], RUNGS["summon_21"])], "later rungs come on their days"


def test_before_the_release_page_dry_run_and_explanation_list_what_will_really_go(database: Database) -> None:
    world = a_world(database, an_item(**due(DUE)), released=False)
    plan = world.plan.plan_id
    assert [(w.kind, w.readers) for w in would_assign(database, plan, LATE)] == [
        ("assign", ("区住建局", "韩望舒")),
    ]
    assign_items(database, plan=world.plan.code, actor=CLERK, now=at(LATE), as_of=LATE)
    assert would_assign(database, plan, LATE) == []
    assert [(w.kind, w.rung, w.due_on) for w in preview(database, LATE, [plan])] == [
        ("assign", "assign", LATE),
        ("circulate", "circulate_11", LATE),
    ]
    assert preview(database, dt.date(2026, 7, 18), [plan]) == [], "nothing goes on a Saturday"
    shown = ladder_of(world, LATE)
    assert shown.count("待方案放行后发出") == 1, shown
    assert shown.count("不发：") == 4, shown
    release(database, plan=world.plan.code, actor=CLERK, now=at(LATE))
    assert ladder_of(world, NIGHT).count("待发") == 1


def test_a_reopened_item_with_a_limit_that_is_over_gets_one_sheet(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item())
    world.move("withdraw", now=at(LATE))
    world.move("reopen", now=at(LATE), details=MoveDetails(due_on=DUE))
    a_night(database, tmp_path, NIGHT)
    assert fired(world) == [("circulate_11", NIGHT, NIGHT)]
    assert len(passed(world)) == 4


def test_a_clock_resumed_after_its_limit_sends_one_sheet(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(**due(DUE)))
    a_night(database, tmp_path, RUNGS["remind_10"])
    (clock,) = world.of(Clock)
    begun = at(RUNGS["remind_10"])
    pause_clock(database, clock_id=clock.id, reason="等候", actor=CLERK, expected_version=None, now=begun)
    resume_clock(database, clock_id=clock.id, actor=CLERK, expected_version=None, now=at(LATE))
    a_night(database, tmp_path, NIGHT)
    assert fired(world)[1:] == [("circulate_11", NIGHT, NIGHT)]


def test_nights_really_missed_after_the_release_still_catch_up_each_rung(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(**due(DUE)), released=False)
    release(database, plan=world.plan.code, actor=CLERK, now=at(dt.date(2026, 6, 29)))
    a_night(database, tmp_path, NIGHT)
    assert [key for key, _, _ in fired(world)] == ["urge_1", "supervise_6", "circulate_11"]


def test_a_clock_that_ended_before_the_release_is_left_as_it_was(database: Database) -> None:
    world = a_world(database, an_item(**due(DUE)), released=False)
    world.move("withdraw", now=at(LATE))
    release(database, plan=world.plan.code, actor=CLERK, now=at(LATE))
    (clock,) = world.of(Clock)
    assert (clock.state, clock.armed_on) == (ClockState.CANCELLED, dt.date(2026, 5, 6))
