"""A limit that was moved is a limit of its own: its reminders fire, and nothing is said twice for one date."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from duban.adapters.database import Database
from duban.services.corrections import correct
from duban.services.extensions import ask, decide
from duban.services.item_fields import Edit
from models import Clock, ClockKind, ClockState, RungFired

from .ledger import CLERK, UNIT, World, a_night, a_world, an_item, due, morning
from .nights import DUE, RUNGS

SEPTEMBER = dt.date(2026, 9, 30)  # 09-25 is 中秋, and 09-20, a Sunday, is worked for 国庆
REMINDED = [dt.date(2026, 9, 16), dt.date(2026, 9, 24)]


def sent(world: World) -> list[tuple[str, dt.date]]:
    rows = world.all(RungFired, RungFired.notice_id.is_not(None), ~RungFired.carried_over)
    return [(r.rung, r.fired_on) for r in rows if r.rung.startswith(("remind", "urge"))]


def running(world: World) -> Clock:
    (clock,) = [c for c in world.of(Clock) if c.kind is ClockKind.LIMIT and c.state is ClockState.RUNNING]
    return clock


def extend(world: World, until: dt.date, day: dt.date) -> None:
    request = ask(
        world.database,
        clock_id=running(world).id,
        until_on=until,
        reason="需随道路改造同步施工",
        progress="已完成过半",
        actor=UNIT,
        expected_version=None,
        now=morning(day),
    )
    decide(world.database, extension_id=request, granted=True, actor=CLERK, now=morning(day))


@pytest.mark.parametrize("reminded_before", ["remind_10", "remind_3"])
def test_after_an_extension_the_reminders_of_the_new_limit_fire(
    database: Database, tmp_path: Path, reminded_before: str
) -> None:
    world = a_world(database, an_item("1", **due(DUE)))
    a_night(database, tmp_path, RUNGS["remind_10"])
    if reminded_before == "remind_3":
        a_night(database, tmp_path, RUNGS["remind_3"])
    before = sent(world)
    extend(world, SEPTEMBER, RUNGS[reminded_before])
    assert running(world).due_on == SEPTEMBER
    for day in (dt.date(2026, 7, 1), *REMINDED, dt.date(2026, 9, 28)):
        a_night(database, tmp_path, day)
    assert sent(world)[len(before) :] == list(zip(["remind_10", "remind_3"], REMINDED, strict=True))


def test_a_date_that_comes_back_keeps_what_was_said_for_it(database: Database, tmp_path: Path) -> None:
    """Moved by mistake, and moved back: nobody is reminded again of the limit of which they were reminded."""
    world = a_world(database, an_item("1", **due(DUE)))
    a_night(database, tmp_path, RUNGS["remind_10"])
    for day, limit in ((16, SEPTEMBER), (17, DUE)):
        correct(
            database,
            item_id=world.ids["1"],
            edit=Edit(time_limit=f"{limit.year}年{limit.month}月{limit.day}日前完成"),
            reason="读取有误",
            actor=CLERK,
            now=morning(dt.date(2026, 6, day)),
        )
    assert running(world).due_on == DUE
    for name in ("remind_3", "urge_1"):
        a_night(database, tmp_path, RUNGS[name])
    assert sent(world) == [(key, RUNGS[key]) for key in ("remind_10", "remind_3", "urge_1")]
