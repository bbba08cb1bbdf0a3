"""What needs a person: no night, a failed night, a server that is away."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

from duban.adapters.database import Database
from duban.adapters.prefect_api import PrefectApi
from duban.services import alarms
from duban.services.alarms import Trouble
from models import Delivery, Night, NightState
from tests.integration.ledger import TODAY, Watch, World, a_night, a_world, an_item, night_tools

ZONE = ZoneInfo("Asia/Shanghai")
SIX = dt.time(6, 0)
AWAY = PrefectApi("http://127.0.0.1:9/api", patience=0.0)


def at(day: int, hour: int) -> dt.datetime:
    return dt.datetime(2026, 7, day, hour, 30, tzinfo=ZONE)


def nights(world: World, when: dt.datetime) -> list[Trouble]:
    found = alarms.look(world.database, AWAY, now=when, zone=ZONE, night_by=SIX)
    return [a.trouble for a in found if a.trouble is not Trouble.PREFECT_AWAY]


def test_a_night_is_missed_from_the_hour_on_by_which_it_should_be_done(
    sqlite_database: Database, tmp_path: Path
) -> None:
    world = a_world(sqlite_database, an_item("1"))
    a_night(sqlite_database, tmp_path, TODAY)
    assert nights(world, at(13, 23)) == []
    assert nights(world, at(14, 5)) == [], "before six the night may still come"
    assert nights(world, at(14, 6)) == [Trouble.NIGHT_MISSING]
    a_night(sqlite_database, tmp_path, dt.date(2026, 7, 14))
    assert nights(world, at(14, 6)) == []
    with sqlite_database.write() as session:
        session.get_one(Night, dt.date(2026, 7, 14)).state = NightState.FAILED
    assert nights(world, at(14, 6)) == [Trouble.NIGHT_FAILED]


def test_nobody_is_troubled_before_a_plan_is_released(sqlite_database: Database) -> None:
    a_world(sqlite_database, an_item("1"), released=False)
    assert alarms.look(sqlite_database, AWAY, now=at(14, 12), zone=ZONE, night_by=SIX) == []


def test_an_alarm_is_mailed_once_a_day_to_each_office_also_on_a_rest_day(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item("1"))
    sunday, watch = at(19, 9), Watch(dt.date(2026, 7, 19))
    watch.later(hours=9)
    tools = night_tools(database, tmp_path, watch)
    for _ in range(2):
        raised = alarms.look_and_tell(tools, AWAY, now=sunday, zone=ZONE, night_by=SIX)
        assert {a.trouble for a in raised.alarms} == {Trouble.NIGHT_MISSING, Trouble.PREFECT_AWAY}
    mails = world.all(Delivery, Delivery.kind == "alarm")
    assert [m.address for m in mails] == ["ducha@example.org"] * 2
    assert {m.status.value for m in mails} == {"sent"}
    assert any("duban nightly" in m.text for m in mails)
    alarms.look_and_tell(tools, AWAY, now=at(20, 9), zone=ZONE, night_by=SIX)
    assert len(world.all(Delivery, Delivery.kind == "alarm")) == 4, "again on the next day"
