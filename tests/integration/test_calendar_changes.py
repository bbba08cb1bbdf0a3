"""The office's own days: what a new calendar moves, is shown first, applied whole, and told item by item."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from duban.adapters.database import Database
from duban.adapters.workdays import CalendarFileInvalid
from duban.domain.counting import Unit
from duban.domain.limits import Milestone as Part
from duban.errors import Forbidden
from duban.services import calendars
from duban.services.clock_changes import pause_clock
from duban.services.counted_limits import start_counted
from models import CalendarEdition, Clock, ClockKind, Milestone
from tests.integration.ledger import CLERK, NOW, UNIT, World, a_world, an_item, due

POWER_CUT = """
[[day]]
on = 2026-08-31
working = false
note = "停电检修"
"""


def the_clock(world: World, number: str = "1") -> Clock:
    return next(c for c in world.of(Clock, number) if c.kind is ClockKind.LIMIT)


def test_a_day_that_becomes_a_rest_day_moves_the_limit_that_ends_on_it(database: Database) -> None:
    world = a_world(database, an_item("1", **due(dt.date(2026, 8, 31))), an_item("2", **due(dt.date(2026, 9, 2))))
    shown = calendars.preview(database, POWER_CUT, "own.toml")
    assert [(m.number, m.before, m.after) for m in shown.moves] == [("1", dt.date(2026, 8, 31), dt.date(2026, 9, 1))]
    assert shown.moves[0].reasons == ("2026-08-31由工作日改为停电检修",)
    assert the_clock(world).due_on == dt.date(2026, 8, 31), "a preview writes nothing"
    assert world.count(CalendarEdition) == 0

    done = calendars.apply(database, POWER_CUT, "own.toml", actor=CLERK, now=NOW)
    assert [m.clock_id for m in done.moves] == [m.clock_id for m in shown.moves]
    clock = the_clock(world)
    assert (clock.nominal_due_on, clock.due_on) == (dt.date(2026, 8, 31), dt.date(2026, 9, 1))
    assert world.of(Milestone)[0].rolled_due_on == dt.date(2026, 9, 1)
    assert world.item().due_on == dt.date(2026, 9, 1)
    assert world.events()[-1].type == "clock.reprojected"
    assert world.events()[-1].payload["days"] == ["2026-08-31由工作日改为停电检修"]
    assert world.events("2")[-1].type != "clock.reprojected", "an item whose date stays is left alone"


def test_reminders_are_looked_at_on_their_new_days_also_where_the_limit_stays(database: Database) -> None:
    world = a_world(database, an_item("1", **due(dt.date(2026, 9, 2))))
    before = the_clock(world).next_rung_on
    calendars.apply(database, POWER_CUT, "own.toml", actor=CLERK, now=NOW)
    clock = the_clock(world)
    assert clock.due_on == dt.date(2026, 9, 2)
    assert before == dt.date(2026, 8, 19)
    assert clock.next_rung_on == dt.date(2026, 8, 18), "ten working days before are one calendar day more"


def test_a_report_is_due_so_many_working_days_after_its_period_whatever_days_are_worked(database: Database) -> None:
    world = a_world(database, an_item("1", long_term=True, time_limit="持续推进"))
    (clock,) = (c for c in world.of(Clock) if c.kind is ClockKind.CHECK_IN)
    before = clock.due_on
    assert before == dt.date(2026, 6, 5), "five working days after the end of May"
    own = '[[day]]\non = 2026-06-02\nworking = false\nnote = "停电检修"\n'
    shown = calendars.preview(database, own, "own.toml")
    assert [(m.before, m.after) for m in shown.moves] == [(before, dt.date(2026, 6, 8))]
    calendars.apply(database, own, "own.toml", actor=CLERK, now=NOW)
    assert world.of(Clock)[0].due_on == dt.date(2026, 6, 8)
    calendars.apply(database, "", "own.toml", actor=CLERK, now=NOW)
    assert world.of(Clock)[0].due_on == before, "taken back, it is where it was"


def test_a_counted_limit_is_counted_afresh_from_its_own_day(database: Database) -> None:
    world = a_world(database, an_item("1", time_limit="40个工作日内", milestones=[Part("40个工作日内")]))
    start_counted(
        database,
        item_id=world.ids["1"],
        amount=40,
        unit=Unit.WORKDAYS,
        from_on=dt.date(2026, 7, 6),
        actor=CLERK,
        expected_version=None,
        now=NOW,
        milestone_id=world.of(Milestone)[0].id,
    )
    assert the_clock(world).due_on == dt.date(2026, 8, 31)
    calendars.apply(database, POWER_CUT, "own.toml", actor=CLERK, now=NOW)
    assert the_clock(world).due_on == dt.date(2026, 9, 1)
    calendars.apply(database, "", "empty.toml", actor=CLERK, now=NOW)
    assert the_clock(world).due_on == dt.date(2026, 8, 31), "taken back, it is as it was"


def test_what_is_left_of_a_paused_clock_moves_with_the_days(database: Database) -> None:
    world = a_world(database, an_item("1", time_limit="40个工作日内", milestones=[Part("40个工作日内")]))
    start_counted(
        database,
        item_id=world.ids["1"],
        amount=40,
        unit=Unit.DAYS,
        from_on=dt.date(2026, 7, 24),
        actor=CLERK,
        expected_version=None,
        now=NOW + dt.timedelta(days=14),
    )
    clock = the_clock(world)
    assert clock.due_on == dt.date(2026, 9, 2)
    pause_clock(
        database,
        clock_id=clock.id,
        reason="等候批复",
        actor=CLERK,
        expected_version=None,
        now=dt.datetime(2026, 8, 28, 3, 0, tzinfo=dt.UTC),
    )
    assert the_clock(world).remaining_days == 3
    done = calendars.apply(database, POWER_CUT, "own.toml", actor=CLERK, now=NOW + dt.timedelta(days=50))
    assert [(m.remaining_before, m.remaining_after) for m in done.moves] == [(3, 2)]
    clock = the_clock(world)
    assert clock.remaining_days == 2
    assert clock.next_rung_on is None, "a paused clock asks for no look"


def test_a_plan_registered_later_is_counted_on_the_calendar_in_force(database: Database) -> None:
    calendars.apply(database, POWER_CUT, "own.toml", actor=CLERK, now=NOW)
    world = a_world(database, an_item("1", **due(dt.date(2026, 8, 31))))
    assert the_clock(world).due_on == dt.date(2026, 9, 1)
    found = calendars.in_force(database)
    assert found.filename == "own.toml"
    assert found.applied_by == CLERK.name
    assert found.own_days == ((dt.date(2026, 8, 31), False, "停电检修"),)
    assert "chinesecalendar" in found.source


def test_applying_the_same_days_again_moves_nothing(database: Database) -> None:
    a_world(database, an_item("1", **due(dt.date(2026, 8, 31))))
    calendars.apply(database, POWER_CUT, "own.toml", actor=CLERK, now=NOW)
    assert not calendars.differs(database, POWER_CUT)
    assert calendars.apply(database, POWER_CUT, "own.toml", actor=CLERK, now=NOW).moves == ()


def test_the_office_calendar_is_taken_as_it_is_only_while_no_clock_runs(database: Database) -> None:
    assert calendars.apply_first(database, POWER_CUT, "own.toml", actor=CLERK, now=NOW)
    a_world(database, an_item("1", **due(dt.date(2026, 9, 1))))
    assert calendars.apply_first(database, POWER_CUT, "own.toml", actor=CLERK, now=NOW)
    assert not calendars.apply_first(database, "", "own.toml", actor=CLERK, now=NOW)
    assert calendars.in_force(database).own_days, "a person has to look at what moves first"


def test_a_wrong_file_is_refused_with_its_line_and_nothing_changes(database: Database) -> None:
    world = a_world(database, an_item("1", **due(dt.date(2026, 8, 31))))
    with pytest.raises(CalendarFileInvalid, match="line 3"):
        calendars.apply(database, "[[day]]\non = 2026-08-31\nworking = 0\nnote='x'\n", "own.toml", actor=CLERK, now=NOW)
    assert world.count(CalendarEdition) == 0


def test_only_the_supervision_office_changes_the_calendar(database: Database) -> None:
    with pytest.raises(Forbidden):
        calendars.apply(database, POWER_CUT, "own.toml", actor=UNIT, now=NOW)


def test_a_part_in_quarantine_is_rolled_by_the_new_days_too(database: Database) -> None:
    world = a_world(database, an_item("1", **due(dt.date(2026, 8, 31))))
    with database.write() as session:
        for clock in session.scalars(select(Clock)):
            session.delete(clock)
    calendars.apply(database, POWER_CUT, "own.toml", actor=CLERK, now=NOW)
    assert world.of(Milestone)[0].rolled_due_on == dt.date(2026, 9, 1)
    assert world.item().due_on == dt.date(2026, 9, 1)
