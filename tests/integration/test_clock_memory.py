"""What a clock remembers: how much it counted, from when, and each pause, so that its date can be retold."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from duban.adapters.database import Database
from duban.domain.counting import Unit
from duban.domain.limits import Milestone as Part
from duban.errors import Forbidden, InTheFuture
from duban.services.clock_changes import pause_clock, resume_clock
from duban.services.counted_limits import LimitStands, correct_anchor, start_counted
from duban.services.extensions import ask, decide
from duban.services.progress import report_milestone
from duban.services.queries.explain import explain_item
from duban.services.queries.scope import WHOLE
from models import Clock, ClockPause, ClockState, Milestone, RungFired, RungOutcome
from tests.integration.ledger import CLERK, UNIT, World, a_night, a_world, an_item, due

RELATIVE = {"time_limit": "40个工作日内完成", "milestones": [Part("40个工作日内完成")]}


def at(day: dt.date, hour: int = 10) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour), dt.timezone(dt.timedelta(hours=8))).astimezone(dt.UTC)


def count(world: World, from_on: dt.date, now: dt.datetime, amount: int = 40, unit: Unit = Unit.WORKDAYS) -> Clock:
    start_counted(
        world.database,
        item_id=world.ids["1"],
        amount=amount,
        unit=unit,
        from_on=from_on,
        actor=CLERK,
        expected_version=None,
        now=now,
        milestone_id=world.of(Milestone)[0].id,
    )
    return the_clock(world)


def the_clock(world: World) -> Clock:
    return next(c for c in world.of(Clock) if c.state in (ClockState.RUNNING, ClockState.PAUSED))


def lines(world: World, as_of: dt.date) -> str:
    found = explain_item(world.database, item_id=world.ids["1"], scope=WHOLE, as_of=as_of)
    return "\n".join(line for clock in found.clocks for line in clock.date)


def test_a_relative_limit_has_no_clock_until_a_person_gives_its_day(database: Database) -> None:
    world = a_world(database, an_item("1", **RELATIVE), as_of=dt.date(2026, 1, 5))
    assert world.of(Clock) == []
    clock = count(world, dt.date(2026, 1, 26), at(dt.date(2026, 1, 27)))
    # Counted by hand over 春节 2026 (02-15 to 02-23 off, 02-14 and 02-28 worked): 40 working days after 01-26.
    assert clock.due_on == dt.date(2026, 3, 27)
    assert (clock.amount, clock.unit, clock.counted) == (40, Unit.WORKDAYS, True)
    assert world.item().due_on == clock.due_on
    assert world.item().first_due_on == clock.due_on
    assert world.events()[-1].type == "clock.counted"


def test_the_explanation_retells_counting_and_every_pause(database: Database) -> None:
    world = a_world(database, an_item("1", **RELATIVE), as_of=dt.date(2026, 1, 5))
    clock = count(world, dt.date(2026, 1, 26), at(dt.date(2026, 1, 27)))
    for first, last in ((dt.date(2026, 2, 10), dt.date(2026, 2, 25)), (dt.date(2026, 3, 10), dt.date(2026, 3, 12))):
        pause_clock(database, clock_id=clock.id, reason="等候批复", actor=CLERK, expected_version=None, now=at(first))
        resume_clock(database, clock_id=clock.id, actor=CLERK, expected_version=None, now=at(last))
    assert [(p.paused_on, p.resumed_on) for p in world.all(ClockPause)] == [
        (dt.date(2026, 2, 10), dt.date(2026, 2, 25)),
        (dt.date(2026, 3, 10), dt.date(2026, 3, 12)),
    ]
    told = lines(world, dt.date(2026, 3, 13))
    assert "起算40个工作日（当日不计入）" in told
    assert "2026年2月10日（周二）暂停（等候批复，督查员甲）" in told
    assert "2026年3月10日（周二）暂停（等候批复，督查员甲）" in told
    due_on = the_clock(world).due_on
    assert f"到期日：{due_on.year}年{due_on.month}月{due_on.day}日" in told
    assert told.rstrip().endswith("。")


def test_before_the_office_opens_a_pause_counts_for_the_day_before(database: Database) -> None:
    world = a_world(database, an_item("1", **RELATIVE), as_of=dt.date(2026, 5, 6))
    clock = count(world, dt.date(2026, 7, 1), at(dt.date(2026, 7, 2)))
    pause_clock(
        database,
        clock_id=clock.id,
        reason="等候批复",
        actor=CLERK,
        expected_version=None,
        now=at(dt.date(2026, 7, 15), hour=8),
    )
    assert the_clock(world).paused_on == dt.date(2026, 7, 14)


def test_an_extended_paused_limit_stays_paused_and_remembers_since_when(database: Database) -> None:
    world = a_world(database, an_item("1", **RELATIVE), as_of=dt.date(2026, 5, 6))
    clock = count(world, dt.date(2026, 7, 1), at(dt.date(2026, 7, 2)))
    pause_clock(
        database, clock_id=clock.id, reason="等候批复", actor=CLERK, expected_version=None, now=at(dt.date(2026, 7, 14))
    )
    request = ask(
        database,
        clock_id=clock.id,
        until_on=dt.date(2026, 10, 30),
        reason="资金未到位",
        progress="完成六成",
        actor=UNIT,
        expected_version=None,
        now=at(dt.date(2026, 7, 15)),
    )
    decide(database, extension_id=request, granted=True, actor=CLERK, now=at(dt.date(2026, 7, 16)))
    new = the_clock(world)
    assert (new.state, new.paused_on) == (ClockState.PAUSED, dt.date(2026, 7, 14))
    resume_clock(database, clock_id=new.id, actor=CLERK, expected_version=None, now=at(dt.date(2026, 8, 3)))
    assert the_clock(world).due_on == dt.date(2026, 10, 30), "the granted date is a fixed one"
    assert "写明日期的时限不因暂停而顺延" in lines(world, dt.date(2026, 8, 4))


def test_of_reminders_whose_day_was_over_when_the_day_was_given_only_the_last_goes(
    database: Database, tmp_path: Path
) -> None:
    world = a_world(database, an_item("1", **RELATIVE), as_of=dt.date(2026, 5, 6))
    clock = count(world, dt.date(2026, 5, 20), at(dt.date(2026, 7, 14)))
    assert clock.due_on == dt.date(2026, 7, 16)
    a_night(database, tmp_path, dt.date(2026, 7, 15))
    rows = {r.rung: (r.outcome, r.due_on) for r in world.all(RungFired)}
    assert rows == {
        "remind_10": (RungOutcome.SUPPRESSED, dt.date(2026, 7, 2)),
        "remind_3": (RungOutcome.NOTICED, dt.date(2026, 7, 15)),
    }


def test_an_item_without_any_part_gets_one_with_its_counted_limit(database: Database) -> None:
    world = a_world(database, an_item("1"))
    start_counted(
        database,
        item_id=world.ids["1"],
        amount=3,
        unit=Unit.YEARS,
        from_on=dt.date(2026, 6, 30),
        actor=CLERK,
        expected_version=None,
        now=at(dt.date(2026, 7, 13)),
        reason="方案印发之日",
    )
    (part,) = world.of(Milestone)
    assert (part.due_on, part.rolled_due_on) == (dt.date(2029, 6, 30), dt.date(2029, 7, 2))
    report_milestone(database, milestone_id=part.id, actor=UNIT, expected_version=None, now=at(dt.date(2026, 7, 14)))
    assert world.of(Clock)[0].state is ClockState.COMPLETED


def test_a_part_that_has_its_date_is_not_counted_again_and_a_day_to_come_is_refused(database: Database) -> None:
    world = a_world(database, an_item("1", **due(dt.date(2026, 8, 31))))
    with pytest.raises(LimitStands, match="2026-08-31"):
        count(world, dt.date(2026, 7, 1), at(dt.date(2026, 7, 13)))
    with pytest.raises(InTheFuture):
        count(world, dt.date(2026, 7, 14), at(dt.date(2026, 7, 13)))
    with pytest.raises(Forbidden):
        start_counted(
            database,
            item_id=world.ids["1"],
            amount=1,
            unit=Unit.DAYS,
            from_on=dt.date(2026, 7, 1),
            actor=UNIT,
            expected_version=None,
            now=at(dt.date(2026, 7, 13)),
        )


def test_counted_twice_it_is_one_clock_and_another_day_is_a_correction(database: Database) -> None:
    world = a_world(database, an_item("1"))
    given = {"item_id": world.ids["1"], "amount": 40, "unit": Unit.WORKDAYS, "actor": CLERK, "expected_version": None}
    now = at(dt.date(2026, 7, 13))
    first = start_counted(database, from_on=dt.date(2026, 7, 1), now=now, **given)  # type: ignore[arg-type]
    again = start_counted(database, from_on=dt.date(2026, 7, 1), now=now, **given)  # type: ignore[arg-type]
    assert first == again
    assert [c.state for c in world.of(Clock) if c.counted] == [ClockState.RUNNING]
    with pytest.raises(LimitStands, match="更正起算日"):
        start_counted(database, from_on=dt.date(2026, 7, 3), now=now, **given)  # type: ignore[arg-type]
    (wrong,) = (c for c in world.of(Clock) if c.counted)
    correction = {"clock_id": wrong.id, "actor": CLERK, "expected_version": None, "now": now}
    with pytest.raises(LimitStands, match="理由"):
        correct_anchor(database, from_on=dt.date(2026, 7, 3), reason=" ", **correction)  # type: ignore[arg-type]
    correct_anchor(database, from_on=dt.date(2026, 7, 3), reason="收文日期登记有误", **correction)  # type: ignore[arg-type]
    old, new = (c for c in world.of(Clock) if c.counted)
    assert (old.state, old.superseded_by_id, new.state) == (ClockState.SUPERSEDED, new.id, ClockState.RUNNING)
    assert (new.started_on, new.amount, new.due_on > old.due_on) == (dt.date(2026, 7, 3), 40, True)
    assert world.item("1").due_on == new.due_on
    assert (world.events("1")[-1].type, world.events("1")[-1].reason) == ("clock.recounted", "收文日期登记有误")
