"""A notice that goes out late because nights were missed says so; one that is late for another reason does not."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from duban.adapters.database import Database
from duban.services.release import release
from models import Night, NightState, Notice

from .ledger import CLERK, a_night, a_world, an_item, due
from .nights import DUE, RUNGS, mails, text_of

THURSDAY = dt.date(2026, 7, 9)  # after 07-01 to 07-08 were missed
WHY = "自2026年7月1日至2026年7月8日停运8夜"


def test_after_missed_nights_each_notice_and_each_digest_says_which(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(**due(DUE)))
    a_night(database, tmp_path, DUE)
    a_night(database, tmp_path, THURSDAY)
    missed = {n.kind: n.context["missed"] for n in world.all(Notice, Notice.as_of == THURSDAY)}
    why = {"nights": 8, "from_on": "2026-07-01", "to_on": "2026-07-08"}
    assert missed == {"urge": why, "supervise": why}
    by_address = {m["To"].addresses[0].addr_spec: m for m in mails(tmp_path) if WHY in text_of(m)}
    assert set(by_address) == {"ye@example.org", "zhujian@example.org", "han@example.org", "ducha@example.org"}
    assert "本件应于2026年7月1日发出" in text_of(by_address["ye@example.org"]), "a single notice"
    assert "期间应发的通知今日一并补发" in text_of(by_address["han@example.org"]), "a digest"


def test_a_night_that_is_run_again_says_it_too(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(**due(DUE)))
    a_night(database, tmp_path, DUE)
    a_night(database, tmp_path, THURSDAY)
    assert a_night(database, tmp_path, THURSDAY).missed == []
    assert all(n.context["missed"] for n in world.all(Notice, Notice.as_of == THURSDAY))


def test_a_notice_that_is_on_time_after_missed_nights_excuses_nothing(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(**due(DUE)))
    a_night(database, tmp_path, dt.date(2026, 6, 26))
    a_night(database, tmp_path, RUNGS["urge_1"])  # 06-27 to 06-30 were missed, nothing was due in them
    (urge,) = world.all(Notice, Notice.kind == "urge")
    assert urge.context["missed"] is None
    assert not [m for m in mails(tmp_path) if "停运" in text_of(m)]


def test_a_plan_that_was_released_late_is_late_for_no_fault_of_the_nights(database: Database, tmp_path: Path) -> None:
    a_world(database, an_item(**due(dt.date(2026, 12, 31))))
    late = a_world(database, an_item(**due(DUE)), released=False)
    for day in range(1, 10):
        a_night(database, tmp_path, dt.date(2026, 7, day))
    release(database, plan=late.plan.code, actor=CLERK, now=dt.datetime(2026, 7, 9, 2, tzinfo=dt.UTC))
    a_night(database, tmp_path, dt.date(2026, 7, 10))
    notices = late.all(Notice, Notice.plan_id == late.plan.plan_id)
    assert notices
    assert {n.context["missed"] for n in notices} == {None}


def test_a_night_that_failed_in_part_was_not_missed(database: Database, tmp_path: Path) -> None:
    a_world(database, an_item(**due(DUE)))
    a_night(database, tmp_path, dt.date(2026, 7, 7))
    a_night(database, tmp_path, dt.date(2026, 7, 8))
    with database.write() as session:
        night = session.get_one(Night, dt.date(2026, 7, 8))
        night.state = NightState.FAILED
    assert a_night(database, tmp_path, THURSDAY).missed == []


def test_a_night_that_was_killed_was_missed(database: Database, tmp_path: Path) -> None:
    a_world(database, an_item(**due(DUE)))
    a_night(database, tmp_path, dt.date(2026, 7, 7))
    a_night(database, tmp_path, dt.date(2026, 7, 8))
    with database.write() as session:
        night = session.get_one(Night, dt.date(2026, 7, 8))
        night.state, night.finished_at = NightState.RUNNING, None
    assert a_night(database, tmp_path, THURSDAY).missed == [dt.date(2026, 7, 8)]
