"""A day to come has no night: it is refused, and a row of one hides neither a real night nor the alarm."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from duban.adapters.database import Database
from duban.adapters.prefect_api import PrefectApi
from duban.domain.policy_model import Every
from duban.errors import DayToCome
from duban.services import alarms
from duban.services.alarms import Trouble
from duban.services.assignments import assign_items
from duban.services.checks import check
from duban.services.night import run_night
from duban.services.paper_mails import queue_paper_mails
from duban.services.periodicals import issue_papers
from duban.services.queries.operations import last_night
from duban.services.release import release
from duban.services.weekly import compose_weekly
from models import Delivery, IssuedPaper, Night, NightState, Notice, RungFired

from .ledger import CLERK, NOW, TODAY, Watch, a_night, a_world, an_item, due, night_tools
from .nights import DUE, RUNGS, fired

ZONE = ZoneInfo("Asia/Shanghai")
TOMORROW = TODAY + dt.timedelta(days=1)
NEXT_YEAR = dt.date(2027, 6, 15)


def test_a_night_of_a_day_to_come_is_refused_and_writes_nothing(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item("1", **due(DUE)))
    tools = night_tools(database, tmp_path, Watch(TODAY))
    for day in (TOMORROW, NEXT_YEAR):
        with pytest.raises(DayToCome, match="still to come"):
            run_night(tools, day)
    assert [world.count(t) for t in (Night, RungFired, Notice, Delivery)] == [0, 0, 0, 0]
    assert run_night(tools, TODAY).ok


def test_today_is_the_authoritys_today(database: Database, tmp_path: Path) -> None:
    """Five in the evening in London is the next day in Shanghai."""
    a_world(database, an_item("1", **due(DUE)))
    watch = Watch(TODAY)
    watch.now = dt.datetime(2026, 7, 13, 15, 59, tzinfo=dt.UTC)
    tools = night_tools(database, tmp_path, watch)
    with pytest.raises(DayToCome):
        run_night(tools, TOMORROW)
    watch.now = dt.datetime(2026, 7, 13, 16, 0, tzinfo=dt.UTC)
    assert run_night(tools, TOMORROW).ok


def test_whatever_else_is_sent_or_dated_of_a_day_to_come_is_refused(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item("1", **due(DUE)), released=False)
    tools = night_tools(database, tmp_path, Watch(TODAY))
    written = {"as_of": NEXT_YEAR, "now": NOW, "domain": "example.org", "public_url": ""}
    plan = {"plan": world.plan.code, "actor": CLERK, "now": NOW, "as_of": NEXT_YEAR}
    for attempt in (
        lambda: release(database, **plan),
        lambda: assign_items(database, **plan),
        lambda: issue_papers(database, Every.MONTHLY, as_of=NEXT_YEAR, now=NOW, public_url=""),
        lambda: queue_paper_mails(database, tools.renderer, Every.MONTHLY, **written),
        lambda: compose_weekly(database, tools.renderer, **written),
    ):
        with pytest.raises(DayToCome):
            attempt()
    assert [world.count(t) for t in (Notice, IssuedPaper, Delivery)] == [0, 0, 0]


def test_the_row_of_a_later_day_hides_no_real_night_and_no_alarm(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item("1", **due(DUE)))
    a_night(database, tmp_path, RUNGS["remind_10"])
    with database.write() as session:
        began = dt.datetime(2026, 6, 15, 2, tzinfo=dt.UTC)
        session.add(Night(as_of=NEXT_YEAR, state=NightState.COMPLETED, started_at=began, finished_at=began, counts={}))
    away = PrefectApi("http://127.0.0.1:9/api", patience=0.0)
    noon = dt.datetime(2026, 6, 25, 12, tzinfo=ZONE)
    found = alarms.look(database, away, now=noon, zone=ZONE, night_by=dt.time(6))
    assert Trouble.NIGHT_MISSING in {a.trouble for a in found}
    report = a_night(database, tmp_path, RUNGS["remind_3"])
    assert report.missed == [dt.date(2026, 6, n) for n in range(16, 25)]
    assert [key for key, _, _ in fired(world)] == ["remind_10", "remind_3"]
    last = last_night(database, successful=True, until=RUNGS["remind_3"])
    assert last is not None
    assert last.as_of == RUNGS["remind_3"]
    broken = [f for f in check(database, now=noon) if f.count and f.code != "evidence_orphan"]
    assert broken == []


def test_a_night_of_some_plans_only_is_no_night_of_all(database: Database, tmp_path: Path) -> None:
    """The night of one plan, as a person runs it by hand, says nothing of the other plans."""
    one, other = a_world(database, an_item("1", **due(DUE))), a_world(database, an_item("1", **due(DUE)))
    day = RUNGS["urge_1"]
    run_night(night_tools(database, tmp_path, Watch(day)), day, only=[one.plan.plan_id])
    assert last_night(database, successful=True, until=day) is None
    away = PrefectApi("http://127.0.0.1:9/api", patience=0.0)
    found = alarms.look(database, away, now=dt.datetime(2026, 7, 1, 12, tzinfo=ZONE), zone=ZONE, night_by=dt.time(6))
    assert Trouble.NIGHT_MISSING in {a.trouble for a in found}
    a_night(database, tmp_path, day)
    assert "urge_1" in [key for key, _, _ in fired(other)]
