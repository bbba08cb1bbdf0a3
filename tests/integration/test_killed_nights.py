"""A night killed with SIGKILL between any two steps: the next one loses nothing and sends nothing twice."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from duban.adapters.database import Database
from duban.services.deliver import SENDING_FOR, deliver
from duban.services.night import run_night
from duban.settings import ROOT
from models import Clock, Delivery, DeliveryStatus, Night, NightState, Notice, NoticeRecipient, RungFired

from .chains import broken_chains
from .ledger import Watch, World, a_world, an_item, due, night_tools
from .servers import Postbox, smtp_server

DUE = dt.date(2026, 6, 30)
NIGHT = dt.date(2026, 7, 8)
FIRED = {"remind_10", "remind_3", "urge_1", "supervise_6"}
READERS = ["ducha@example.org", "han@example.org", "ye@example.org", "zhujian@example.org"]
ITEMS = 5


@contextmanager
def a_night_elsewhere(world: World, transport: str, stop: str) -> Iterator[subprocess.Popen[str]]:
    """A night in a process of its own; killed in the end, wherever it stands."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DUBAN_DATA_DIR": "/nonexistent"}
    command = [sys.executable, "-m", "tests.integration.night_worker", world.database.url, transport, str(NIGHT), stop]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def kill_at(world: World, transport: str, stop: str) -> None:
    with a_night_elsewhere(world, transport, stop) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n", "the night ended before it came there"
    assert process.returncode == -signal.SIGKILL


def wait_until(what: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def the_world(database: Database) -> World:
    return a_world(database, *(an_item(str(n), **due(DUE)) for n in range(1, ITEMS + 1)))


def check_that_nothing_is_lost_or_doubled(world: World) -> None:
    """What must hold after the night was run again, whenever the first was killed."""
    clocks = {c.id for c in world.all(Clock, Clock.kind == "limit")}
    fired = Counter((r.clock_id, r.rung) for r in world.all(RungFired))
    assert fired == {(c, r): 1 for c in clocks for r in FIRED}
    for series in ("催办", "督办"):
        numbers = [n.number for n in world.all(Notice, Notice.series == series)]
        assert sorted(n for n in numbers if n) == list(range(1, len(numbers) + 1))
    assert world.count(Notice) == ITEMS * len(FIRED)
    assert world.count(NoticeRecipient, NoticeRecipient.delivery_id.is_(None)) == 0
    assert sorted(d.address for d in world.all(Delivery)) == READERS
    assert broken_chains(world.database) == []


def after(watch: Watch) -> Watch:
    """The machine comes up again after the deadline of whatever it was sending."""
    watch.now += SENDING_FOR + dt.timedelta(minutes=1)
    return watch


@pytest.mark.parametrize("stop", ["decide", "claimed", "compose", "accepted", "deliver"])
def test_a_night_killed_at_any_step_is_finished_by_the_next_into_a_folder_without_a_doubled_file(
    sqlite_database: Database, tmp_path: Path, stop: str
) -> None:
    world = the_world(sqlite_database)
    folder = tmp_path / "mail"
    kill_at(world, f"eml:{folder}", stop)
    assert world.all(Night)[0].state is NightState.RUNNING
    report = run_night(night_tools(sqlite_database, folder, after(Watch(NIGHT))), NIGHT)
    assert report.ok
    check_that_nothing_is_lost_or_doubled(world)
    assert {d.status for d in world.all(Delivery)} == {DeliveryStatus.SENT}, "a folder takes the same mail again"
    assert len(list(folder.glob("*.eml"))) == len(READERS)
    assert world.all(Night)[0].state is NightState.COMPLETED


@pytest.mark.parametrize("stop", ["claimed", "accepted"])
def test_a_night_killed_on_either_database_leaves_smtp_mail_that_nobody_can_vouch_for_unknown(
    database: Database, stop: str
) -> None:
    world = the_world(database)
    postbox = Postbox()
    with smtp_server(postbox) as url:
        kill_at(world, url, stop)
        in_flight = world.all(Delivery, Delivery.status == DeliveryStatus.SENDING)
        assert len(in_flight) == len(postbox.received) == (1 if stop == "accepted" else 0)
        watch = after(Watch(NIGHT))
        run_night(night_tools(database, url, watch), NIGHT)
        watch.later(days=1)
        deliver(database, night_tools(database, url, watch).transport, clock=watch)
    check_that_nothing_is_lost_or_doubled(world)
    assert sorted(postbox.addresses) == READERS, "each mail left once"
    assert len(set(postbox.message_ids)) == len(READERS)
    unknown = world.all(Delivery, Delivery.status == DeliveryStatus.UNKNOWN)
    assert [d.id for d in unknown] == [d.id for d in in_flight]
    assert all(d.error for d in unknown)


def test_a_night_killed_while_a_slow_server_thinks_leaves_that_mail_unknown_and_sends_the_others(
    sqlite_database: Database,
) -> None:
    world = the_world(sqlite_database)
    postbox = Postbox(seconds=30)
    with smtp_server(postbox) as url:
        with a_night_elsewhere(world, url, "never"):
            wait_until(lambda: postbox.received)
        postbox.seconds = 0
        watch = Watch(NIGHT)
        watch.later(minutes=2)
        early = run_night(night_tools(sqlite_database, url, watch), NIGHT)
        assert early.delivered.sent == len(READERS) - 1
        assert world.count(Delivery, Delivery.status == DeliveryStatus.SENDING) == 1, "its deadline has not passed"
        run_night(night_tools(sqlite_database, url, after(watch)), NIGHT)
    check_that_nothing_is_lost_or_doubled(world)
    assert [d.address for d in world.all(Delivery, Delivery.status == DeliveryStatus.UNKNOWN)] == postbox.addresses[:1]
    assert sorted(postbox.addresses) == READERS


def test_nights_killed_again_and_again_come_to_their_end(sqlite_database: Database, tmp_path: Path) -> None:
    world = the_world(sqlite_database)
    folder = tmp_path / "mail"
    for stop in ("decide", "compose"):
        kill_at(world, f"eml:{folder}", stop)
    run_night(night_tools(sqlite_database, folder, after(Watch(NIGHT))), NIGHT)
    check_that_nothing_is_lost_or_doubled(world)
    assert {d.status for d in world.all(Delivery)} == {DeliveryStatus.SENT}
