"""Whatever fails in a night is reported, stops nothing else, and is neither lost nor sent twice."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from duban.adapters.database import Database
from duban.notices.throttle import BACK_OFF
from duban.services.deliver import deliver
from duban.services.night import run_night
from models import (
    Clock,
    Delivery,
    DeliveryStatus,
    Night,
    NightState,
    Notice,
    NoticeRecipient,
    Party,
    Plan,
)

from .ledger import (
    NOW,
    Watch,
    a_night,
    a_world,
    an_item,
    due,
    night_tools,
)
from .nights import DUE, RUNGS, Stopped, fired, mails, stop_after, text_of
from .servers import Postbox, smtp_server


def test_a_clock_that_fails_is_reported_and_the_others_are_served(database: Database, tmp_path: Path) -> None:
    world = a_world(database, *(an_item(str(n), **due(DUE)) for n in range(1, 6)))
    broken = world.of(Clock, "3")[0]
    with database.write() as session:  # somebody's hand in the database: a notice with that cause is there already
        session.execute(
            insert(Notice).values(
                plan_id=world.plan.plan_id,
                item_id=world.ids["3"],
                kind="urge",
                cause=f"rung:{broken.id}:urge_1:1",
                as_of=DUE,
                colour="red",
                context={},
                created_at=NOW,
                withdrawn_at=NOW,
                withdrawn_reason="试验",
            )
        )
    report = a_night(database, tmp_path, RUNGS["urge_1"])
    assert not report.ok
    assert len(report.failures) == 1
    assert str(broken.id) in report.failures[0]
    for number in "1245":
        assert "urge_1" in [k for k, _, _ in fired(world, number)]
    assert fired(world, "3") == []
    assert world.all(Night)[0].state is NightState.FAILED
    assert report.delivered.sent == 4
    numbers = sorted(n.number for n in world.all(Notice) if n.number is not None)
    assert numbers == list(range(1, len(numbers) + 1)), "the failed attempts took no number"


def test_a_plan_whose_rules_cannot_be_read_does_not_stop_the_others(database: Database, tmp_path: Path) -> None:
    broken = a_world(database, an_item(**due(DUE)))
    whole = a_world(database, an_item(**due(DUE)))
    with database.write() as session:
        session.execute(update(Plan).where(Plan.id == broken.plan.plan_id).values(policy="name = 'torn"))
    report = a_night(database, tmp_path, RUNGS["urge_1"])
    assert not report.ok
    assert any(broken.plan.code in f for f in report.failures)
    assert len(fired(whole)) == 3
    assert mails(tmp_path)
    assert whole.all(Night)[0].state is NightState.FAILED


def test_a_plan_without_its_office_does_not_stop_the_others(database: Database, tmp_path: Path) -> None:
    broken = a_world(database, an_item(**due(DUE)))
    whole = a_world(database, an_item(**due(DUE)))
    with database.write() as session:
        session.execute(
            update(Party).where(Party.plan_id == broken.plan.plan_id, Party.kind == "office").values(kind="unit")
        )
    report = a_night(database, tmp_path, RUNGS["urge_1"])
    assert any(broken.plan.code in f for f in report.failures)
    assert len(fired(whole)) == 3


def test_a_notice_that_cannot_be_written_is_reported_and_the_others_go_out(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item("1", responsible_units=["区教育局"], **due(DUE)), an_item("2", **due(DUE)))
    tools = night_tools(database, tmp_path, Watch(RUNGS["remind_3"]))
    with pytest.raises(Stopped):
        run_night(tools, RUNGS["remind_3"], stop_after("decide"))  # type: ignore[arg-type]
    with database.write() as session:
        session.execute(update(Notice).where(Notice.item_id == world.ids["1"]).values(context={"item": {"url": None}}))
    report = run_night(tools, RUNGS["remind_3"])
    assert not report.ok
    assert any("jiaoyu@example.org" in f for f in report.failures)
    assert [m["To"].addresses[0].addr_spec for m in mails(tmp_path)] == ["zhujian@example.org"]
    assert world.all(Night)[0].state is NightState.FAILED


def test_a_mail_server_that_is_away_leaves_everything_queued_and_the_night_says_so(
    database: Database, tmp_path: Path
) -> None:
    world = a_world(database, an_item(**due(DUE)))
    with smtp_server(Postbox()) as url:
        pass  # gone again
    report = a_night(database, url, RUNGS["urge_1"])
    assert not report.ok
    assert report.delivered.problem
    assert {d.status for d in world.all(Delivery)} == {DeliveryStatus.QUEUED}
    assert {d.attempts for d in world.all(Delivery)} == {0}
    again = a_night(database, tmp_path, RUNGS["urge_1"])
    assert again.ok
    assert len(mails(tmp_path)) == world.count(Delivery) == 4


def test_a_refusal_for_now_is_tried_again_later_and_later(database: Database) -> None:
    world = a_world(database, an_item(**due(DUE)))
    postbox = Postbox(rcpt=lambda a: "450 mailbox busy" if a.startswith("han") else "250 OK")
    watch = Watch(RUNGS["urge_1"])
    with smtp_server(postbox) as url:
        tools = night_tools(database, url, watch)
        report = run_night(tools, RUNGS["urge_1"])
        assert (report.delivered.sent, report.delivered.waiting) == (3, 1)
        assert report.ok
        waits = []
        for _ in range(len(BACK_OFF) - 1):
            row = world.all(Delivery, Delivery.address == "han@example.org")[0]
            assert row.status is DeliveryStatus.QUEUED
            assert "450" in (row.error or "")
            deliver(database, tools.transport, clock=watch)
            assert world.all(Delivery, Delivery.id == row.id)[0].attempts == row.attempts, "not before its time"
            waits.append(row.not_before - watch.now)
            watch.now = row.not_before
            deliver(database, tools.transport, clock=watch)
        assert all(a < b for a, b in itertools.pairwise(waits))
        postbox.rcpt = lambda _: "250 OK"
        watch.later(days=1)
        assert deliver(database, tools.transport, clock=watch).sent == 1
    assert Counter(postbox.addresses)["han@example.org"] == 1
    assert len(postbox.message_ids) == len(set(postbox.message_ids)) == 4


def test_a_refusal_for_now_that_never_ends_is_at_last_a_failure_that_the_office_answers_for(database: Database) -> None:
    world = a_world(database, an_item(**due(DUE)))
    postbox = Postbox(rcpt=lambda a: "450 mailbox busy" if a.startswith("han") else "250 OK")
    watch = Watch(RUNGS["urge_1"])
    with smtp_server(postbox) as url:
        tools = night_tools(database, url, watch)
        run_night(tools, RUNGS["urge_1"])
        for _ in range(len(BACK_OFF)):
            watch.later(days=1)
            deliver(database, tools.transport, clock=watch)
        assert world.all(Delivery, Delivery.address == "han@example.org")[0].status is DeliveryStatus.FAILED
        watch.set(dt.date(2026, 7, 8))
        a_night(database, url, dt.date(2026, 7, 8), watch)
    assert any(r.for_name == "韩望舒" and r.address == "ducha@example.org" for r in world.all(NoticeRecipient))


def test_a_mailbox_that_is_gone_fails_at_once_and_the_office_answers_for_its_owner(database: Database) -> None:
    world = a_world(database, an_item(**due(DUE)))
    postbox = Postbox(rcpt=lambda a: "550 no such user" if a.startswith("ye") else "250 OK")
    with smtp_server(postbox) as url:
        report = a_night(database, url, RUNGS["urge_1"])
        assert (report.delivered.sent, report.delivered.failed) == (3, 1)
        gone = world.all(Delivery, Delivery.address == "ye@example.org")[0]
        assert (gone.status, gone.attempts) == (DeliveryStatus.FAILED, 1)
        assert "550" in (gone.error or "")
        a_night(database, url, dt.date(2026, 7, 2))
    answered = [m for a, m in postbox.received if a == "ducha@example.org"]
    assert len(answered) == 2, "its own copy, and a night later what could not be delivered"
    assert "叶知秋" in text_of(answered[-1])
    assert Counter(postbox.addresses)["ye@example.org"] == 0
    assert world.all(Delivery, Delivery.id == gone.id)[0].attempts == 1, "a refusal for good is not tried again"


def test_an_office_whose_own_mailbox_is_gone_is_a_failed_night_and_no_endless_circle(database: Database) -> None:
    world = a_world(database, an_item(**due(DUE)), directory=())
    with smtp_server(Postbox(rcpt=lambda _: "550 no such user")) as url:
        for day in (1, 2, 3):
            report = a_night(database, url, dt.date(2026, 7, day))
            assert report.mails == (1 if day == 1 else 0)
    assert [d.status for d in world.all(Delivery)] == [DeliveryStatus.FAILED]


def test_a_server_that_hangs_up_after_the_text_leaves_that_mail_unknown_and_never_sends_it_again(
    database: Database,
) -> None:
    world = a_world(database, an_item(**due(DUE)))
    postbox = Postbox(hang_up_after=2)
    watch = Watch(RUNGS["urge_1"])
    with smtp_server(postbox) as url:
        report = run_night(night_tools(database, url, watch), RUNGS["urge_1"])
        assert report.delivered.unknown >= 1
        postbox.hang_up_after = None
        watch.later(hours=2)
        a_night(database, url, RUNGS["urge_1"], watch)
        watch.later(days=1)
        a_night(database, url, dt.date(2026, 7, 2), watch)
    assert len(postbox.message_ids) == len(set(postbox.message_ids)) == 4
    unknown = world.all(Delivery, Delivery.status == DeliveryStatus.UNKNOWN)
    assert len(unknown) == report.delivered.unknown
    assert all(d.error for d in unknown)
    assert all(d.status in (DeliveryStatus.UNKNOWN, DeliveryStatus.SENT) for d in world.all(Delivery))
