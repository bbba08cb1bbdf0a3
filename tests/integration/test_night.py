"""Nights on a real ledger: who gets what and when, once only, whatever fails, and never silence."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import itertools
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.reading.directory import Entry
from duban.services.acknowledge import acknowledge
from duban.services.deliver import BACK_OFF, deliver
from duban.services.night import preview, run_night
from duban.services.release import release
from models import (
    Anchor,
    Clock,
    ClockKind,
    ClockState,
    Delivery,
    DeliveryStatus,
    Event,
    Night,
    NightState,
    Notice,
    NoticeRecipient,
    Party,
    Plan,
    RungFired,
    RungOutcome,
    Snapshot,
)

from .chains import broken_chains
from .ledger import (
    CLERK,
    DIRECTORY,
    LEAD,
    NOW,
    OTHER_LEAD,
    UNIT,
    Watch,
    World,
    a_night,
    a_world,
    an_item,
    due,
    night_tools,
)
from .servers import Postbox, smtp_server

#: Tuesday 2026-06-30; reminded on 06-15 and 06-25, urged 07-01, supervised 07-08, circulated 07-15, summoned 07-29.
DUE = dt.date(2026, 6, 30)
RUNGS = {
    "remind_10": dt.date(2026, 6, 15),
    "remind_3": dt.date(2026, 6, 25),
    "urge_1": dt.date(2026, 7, 1),
    "supervise_6": dt.date(2026, 7, 8),
    "circulate_11": dt.date(2026, 7, 15),
    "summon_21": dt.date(2026, 7, 29),
}


def mails(folder: Path) -> list[email.message.EmailMessage]:
    """Every mail of the folder, oldest name first."""
    found = []
    for file in sorted(folder.glob("*.eml")):
        message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        assert isinstance(message, email.message.EmailMessage)
        found.append(message)
    return found


def text_of(message: email.message.EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def fired(world: World, number: str = "1") -> list[tuple[str, dt.date, dt.date]]:
    """Rungs of an item's limit clocks that sent something: key, due day, day fired; in the order of firing."""
    clocks = [c.id for c in world.of(Clock, number) if c.kind is ClockKind.LIMIT]
    rows = world.all(RungFired, RungFired.clock_id.in_(clocks), RungFired.outcome == RungOutcome.NOTICED)
    return [(r.rung, r.due_on, r.fired_on) for r in rows]


def test_every_night_from_registration_on_fires_each_rung_on_its_day(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(**due(DUE)))
    nights = [dt.date(2026, 6, 12) + dt.timedelta(days=n) for n in range(35)]  # to 07-16
    for night in [*nights, dt.date(2026, 7, 28), dt.date(2026, 7, 29), dt.date(2026, 7, 30)]:
        assert a_night(database, tmp_path, night).ok
    assert fired(world) == [(key, on, on) for key, on in RUNGS.items()]
    assert world.item().breached_on == dt.date(2026, 7, 1)
    assert [e.type for e in world.events()].count("clock.breached") == 1 + 1  # the limit, and the receipt of the sheet
    assert {n.state for n in world.all(Night)} == {NightState.COMPLETED}
    assert broken_chains(database) == []


def test_each_rung_reaches_whom_the_policy_names(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(**due(DUE)))
    readers = {}
    for key, on in RUNGS.items():
        a_night(database, tmp_path, on)
        notice = next(n for n in reversed(world.all(Notice)) if n.cause.split(":")[2] == key)
        readers[key] = sorted((r.role, r.address) for r in world.all(NoticeRecipient) if r.notice_id == notice.id)
    office, plan_head, lead = "ducha@example.org", "cheng@example.org", "han@example.org"
    assert readers == {
        "remind_10": [("to", "zhujian@example.org")],
        "remind_3": [("to", "zhujian@example.org")],
        "urge_1": [("cc", office), ("cc", lead), ("to", "ye@example.org")],
        "supervise_6": [("cc", office), ("to", lead)],
        "circulate_11": [("cc", office), ("cc", lead), ("to", plan_head)],
        "summon_21": [("cc", office), ("to", plan_head)],
    }


def test_a_night_that_is_run_twice_sends_nothing_twice(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item("1", **due(DUE)), an_item("2", **due(DUE)))
    first = a_night(database, tmp_path, RUNGS["urge_1"])
    counts = [world.count(t) for t in (RungFired, Notice, NoticeRecipient, Delivery, Event)]
    files = {f.name: f.stat().st_mtime_ns for f in tmp_path.glob("*.eml")}
    again = a_night(database, tmp_path, RUNGS["urge_1"])
    assert first.claimed.notices > 0
    assert (again.claimed.notices, again.mails, again.delivered.sent) == (0, 0, 0)
    assert [world.count(t) for t in (RungFired, Notice, NoticeRecipient, Delivery, Event)] == counts
    assert {f.name: f.stat().st_mtime_ns for f in tmp_path.glob("*.eml")} == files
    assert world.count(Night) == 1
    assert len({s.as_of for s in world.all(Snapshot)}) == 1


def test_after_missed_nights_each_skipped_rung_fires_once_in_order_and_a_person_gets_one_mail(
    database: Database, tmp_path: Path
) -> None:
    world = a_world(database, an_item("1", **due(DUE)), an_item("2", **due(DUE)))
    a_night(database, tmp_path, DUE)
    before = len(mails(tmp_path))
    night = dt.date(2026, 7, 9)  # 07-01 to 07-08 were missed
    report = a_night(database, tmp_path, night)
    assert len(report.missed) == 8
    for number in ("1", "2"):
        assert fired(world, number)[-2:] == [
            ("urge_1", RUNGS["urge_1"], night),
            ("supervise_6", RUNGS["supervise_6"], night),
        ]
    new = Counter(d.address for d in world.all(Delivery, Delivery.as_of == night))
    assert new == {"ye@example.org": 1, "han@example.org": 1, "ducha@example.org": 1}
    assert len(mails(tmp_path)) == before + 3
    to_lead = next(m for m in mails(tmp_path) if m["To"] and "han@" in m["To"])
    assert to_lead["Subject"]
    body = text_of(to_lead)
    assert "催办" in body
    assert "督办" in body
    attached = [part.get_filename() for part in to_lead.iter_attachments()]
    assert len(attached) == 4, "each red item has its own numbered sheet, urged and supervised"


def test_repeated_nights_after_a_gap_add_nothing(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(**due(DUE)))
    a_night(database, tmp_path, dt.date(2026, 8, 10))
    after = world.count(RungFired)
    for day in (dt.date(2026, 8, 10), dt.date(2026, 8, 11), dt.date(2026, 8, 12)):
        a_night(database, tmp_path, day)
    limit = [r for r in world.all(RungFired) if not r.rung.startswith("acknowledge")]
    assert len(limit) == after
    assert [k for k, _, _ in fired(world)] == list(RUNGS)


def test_reminders_that_lie_before_the_registration_are_not_sent_but_written_down(
    database: Database, tmp_path: Path
) -> None:
    world = a_world(database, an_item(**due(DUE)), as_of=dt.date(2026, 7, 2))
    a_night(database, tmp_path, dt.date(2026, 7, 3))
    rows = {r.rung: r for r in world.all(RungFired)}
    assert {k: r.outcome for k, r in rows.items()} == {
        "remind_10": RungOutcome.SUPPRESSED,
        "remind_3": RungOutcome.SUPPRESSED,
        "urge_1": RungOutcome.NOTICED,
    }
    assert all(rows[k].reason for k in ("remind_10", "remind_3"))


def test_a_plan_that_nobody_released_sends_nothing_and_shows_what_it_would(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(**due(DUE)), released=False)
    other = a_world(database, an_item(**due(DUE)))
    report = a_night(database, tmp_path, RUNGS["urge_1"])
    assert report.unreleased == {world.plan.code: 1}
    assert {n.plan_id for n in world.all(Notice)} == {other.plan.plan_id}
    assert [w.rung for w in preview(database, RUNGS["urge_1"], [world.plan.plan_id])] == [
        "remind_10",
        "remind_3",
        "urge_1",
    ]
    release(database, plan=world.plan.code, actor=CLERK, now=NOW)
    a_night(database, tmp_path, RUNGS["urge_1"])
    assert [k for k, _, _ in fired(world)] == ["remind_10", "remind_3", "urge_1"]
    assert len(fired(other)) == 3


def test_what_people_do_in_an_unreleased_plan_is_not_mailed_either(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(), released=False)
    world.move("withdraw")
    a_night(database, tmp_path, RUNGS["urge_1"])
    assert mails(tmp_path) == []
    written = world.count(Notice)
    release(database, plan=world.plan.code, actor=CLERK, now=NOW)
    a_night(database, tmp_path, RUNGS["urge_1"])
    assert world.count(Notice) == written
    assert bool(mails(tmp_path)) == bool(written), "what was written is kept, and let go with the plan"


def test_a_preview_writes_nothing(database: Database) -> None:
    world = a_world(database, an_item(**due(DUE)))
    before = world.all(Clock)[0].next_rung_on
    assert preview(database, dt.date(2026, 7, 13))
    assert world.count(RungFired) == world.count(Notice) == 0
    assert world.all(Clock)[0].next_rung_on == before


def test_on_a_rest_day_nothing_is_sent_and_the_clock_goes_on(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(**due(dt.date(2026, 7, 2))))  # +1: Friday the 3rd
    a_night(database, tmp_path, dt.date(2026, 7, 2))
    sent = len(mails(tmp_path))
    for rest_day in (dt.date(2026, 7, 4), dt.date(2026, 7, 5)):
        assert a_night(database, tmp_path, rest_day).ok
    assert len(mails(tmp_path)) == sent
    assert world.item().breached_on == dt.date(2026, 7, 3), "the breach is recorded although nothing is sent"
    monday = dt.date(2026, 7, 6)
    a_night(database, tmp_path, monday)
    assert fired(world)[-1] == ("urge_1", dt.date(2026, 7, 3), monday)


def test_a_mail_left_over_from_friday_waits_for_monday(database: Database, tmp_path: Path) -> None:
    """Refused for now on Friday: what is tried again on a Saturday would be mail on a rest day."""
    friday, saturday, monday = dt.date(2026, 7, 3), dt.date(2026, 7, 4), dt.date(2026, 7, 6)
    a_world(database, an_item(**due(dt.date(2026, 7, 2))))
    postbox = Postbox(rcpt=lambda _: "451 try later")
    with smtp_server(postbox) as url:
        a_night(database, url, friday)
        postbox.rcpt = lambda _: "250 OK"
        a_night(database, url, saturday)
        assert postbox.received == []
        a_night(database, url, monday)
    assert sorted(postbox.addresses) == [
        "ducha@example.org",
        "han@example.org",
        "ye@example.org",
        "zhujian@example.org",
    ]


def test_a_make_up_saturday_is_a_working_day(database: Database, tmp_path: Path) -> None:
    saturday = dt.date(2026, 2, 14)
    a_world(database, an_item(**due(dt.date(2026, 2, 13))), as_of=dt.date(2026, 1, 5))
    a_night(database, tmp_path, dt.date(2026, 2, 13))
    before = len(mails(tmp_path))
    a_night(database, tmp_path, saturday)
    assert len(mails(tmp_path)) == before + 3


def test_one_person_gets_one_mail_a_night_from_all_plans_together(database: Database, tmp_path: Path) -> None:
    for _ in range(3):
        a_world(database, *(an_item(str(n), **due(DUE)) for n in range(1, 4)))
    a_night(database, tmp_path, dt.date(2026, 7, 13))
    addresses = Counter(m["To"].addresses[0].addr_spec for m in mails(tmp_path))
    assert addresses == dict.fromkeys(
        ("zhujian@example.org", "ye@example.org", "han@example.org", "ducha@example.org"), 1
    )


def test_joint_leads_each_get_the_sheet_and_acknowledge_for_themselves(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(lead_officials=["韩望舒", "沈予安"], **due(DUE)))
    a_night(database, tmp_path, RUNGS["urge_1"])
    a_night(database, tmp_path, RUNGS["supervise_6"])
    sheet = next(n for n in world.all(Notice) if n.kind == "supervise")
    to = [r for r in world.all(NoticeRecipient) if r.notice_id == sheet.id and r.role == "to"]
    assert sorted(r.address for r in to) == ["han@example.org", "shen@example.org"]
    receipt = next(c for c in world.of(Clock) if c.kind is ClockKind.ACKNOWLEDGE)
    assert receipt.due_on == dt.date(2026, 7, 10)
    tuesday = dt.datetime(2026, 7, 14, 2, 0, tzinfo=dt.UTC)
    assert acknowledge(database, notice_id=sheet.id, actor=LEAD, now=tuesday) == 1
    assert world.all(Clock, Clock.id == receipt.id)[0].state is ClockState.RUNNING
    a_night(database, tmp_path, RUNGS["circulate_11"])
    assert fired(world)[-1][0] == "circulate_11", "one receipt does not hold the ladder for the other lead"


def test_when_all_leads_acknowledged_the_next_rung_is_held_for_two_working_days(
    database: Database, tmp_path: Path
) -> None:
    world = a_world(database, an_item(lead_officials=["韩望舒", "沈予安"], **due(DUE)))
    a_night(database, tmp_path, RUNGS["urge_1"])
    a_night(database, tmp_path, RUNGS["supervise_6"])
    sheet = next(n for n in world.all(Notice) if n.kind == "supervise")
    tuesday = dt.datetime(2026, 7, 14, 2, 0, tzinfo=dt.UTC)
    for actor in (LEAD, OTHER_LEAD):
        acknowledge(database, notice_id=sheet.id, actor=actor, now=tuesday)
    assert [c.state for c in world.of(Clock) if c.kind is ClockKind.ACKNOWLEDGE] == [ClockState.COMPLETED]
    for day in (15, 16):
        report = a_night(database, tmp_path, dt.date(2026, 7, day))
        assert fired(world)[-1][0] == "supervise_6"
    assert report.claimed.held in (0, 1)
    a_night(database, tmp_path, dt.date(2026, 7, 17))
    assert fired(world)[-1] == ("circulate_11", RUNGS["circulate_11"], dt.date(2026, 7, 17))
    limit = next(c for c in world.of(Clock) if c.kind is ClockKind.LIMIT)
    assert (limit.state, limit.due_on) == (ClockState.RUNNING, DUE), "the clock itself never stopped"


def test_nobody_acknowledges_for_somebody_else(database: Database, tmp_path: Path) -> None:
    from duban.errors import Forbidden

    world = a_world(database, an_item(**due(DUE)))
    a_night(database, tmp_path, RUNGS["supervise_6"])
    sheet = next(n for n in world.all(Notice) if n.kind == "supervise")
    for actor in (OTHER_LEAD, UNIT, Actor("x", "viewer", frozenset({"沈予安"}))):
        with pytest.raises(Forbidden):
            acknowledge(database, notice_id=sheet.id, actor=actor, now=NOW)
    assert acknowledge(database, notice_id=sheet.id, actor=LEAD, now=NOW) == 1
    assert acknowledge(database, notice_id=sheet.id, actor=LEAD, now=NOW) == 0
    assert [e.type for e in world.events()].count("notice.acknowledged") == 1


# -- never silence -----------------------------------------------------------------------------------------------


def test_for_a_unit_without_address_the_office_gets_the_notice_and_reads_for_whom(
    database: Database, tmp_path: Path
) -> None:
    world = a_world(database, an_item(responsible_units=["区档案馆"], **due(DUE)))
    a_night(database, tmp_path, RUNGS["remind_3"])
    rows = world.all(NoticeRecipient)
    assert {(r.address, r.for_name) for r in rows} == {("ducha@example.org", "区档案馆")}
    assert all("没有其邮箱地址" in (r.why or "") for r in rows)
    (mail,) = mails(tmp_path)
    assert "区档案馆" in text_of(mail)
    assert "区档案馆" in world.all(Delivery)[0].html


def test_without_any_directory_every_rung_goes_to_the_office_and_names_whom_it_is_meant_for(
    database: Database, tmp_path: Path
) -> None:
    world = a_world(database, an_item(**due(DUE)), directory=())
    a_night(database, tmp_path, dt.date(2026, 7, 29))
    assert [k for k, _, _ in fired(world)] == list(RUNGS)
    assert {r.address for r in world.all(NoticeRecipient)} == {"ducha@example.org"}
    (mail,) = mails(tmp_path)
    body = text_of(mail)
    assert "区住建局" in body
    assert "韩望舒" in body


def test_a_lead_official_who_left_is_answered_for_by_the_substitute(database: Database, tmp_path: Path) -> None:
    directory = [
        *(e for e in DIRECTORY if e.name != "韩望舒"),
        Entry(
            4,
            "韩望舒",
            "person",
            superior="程远舟",
            substitute="沈予安",
            email="han@example.org",
            valid_to=dt.date(2026, 7, 3),
        ),
    ]
    world = a_world(database, an_item(**due(DUE)), directory=directory)
    a_night(database, tmp_path, RUNGS["urge_1"])
    a_night(database, tmp_path, RUNGS["supervise_6"])
    sheet = next(n for n in world.all(Notice) if n.kind == "supervise")
    to = [r for r in world.all(NoticeRecipient) if r.notice_id == sheet.id and r.role == "to"]
    assert [(r.address, r.for_name) for r in to] == [("shen@example.org", "韩望舒")]
    assert any("韩望舒" in text_of(m) for m in mails(tmp_path) if "shen@" in m["To"])


def test_what_a_notice_was_not_sent_for_is_a_row_with_its_reason(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(**due(DUE)), as_of=dt.date(2026, 7, 13))
    a_night(database, tmp_path, dt.date(2026, 7, 13))
    for row in world.all(RungFired):
        assert (row.notice_id is None) == (row.reason is not None)


# -- what fails --------------------------------------------------------------------------------------------------


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


class Stopped(Exception):
    """The machine goes off."""


def stop_after(phase: str) -> object:
    def progress(now: str, done: int, of: int) -> None:
        if now == phase:
            raise Stopped

    return progress


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


def test_a_withdrawn_notice_keeps_its_number_and_is_not_sent(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item("1", **due(DUE)), an_item("2", **due(DUE)))
    tools = night_tools(database, tmp_path, Watch(RUNGS["urge_1"]))
    with pytest.raises(Stopped):
        run_night(tools, RUNGS["urge_1"], stop_after("decide"))  # type: ignore[arg-type]
    with database.write() as session:
        session.execute(
            update(Notice)
            .where(Notice.item_id == world.ids["1"])
            .values(withdrawn_at=NOW, withdrawn_reason="已报告完成")
        )
    run_night(tools, RUNGS["urge_1"])
    assert mails(tmp_path)
    assert not any("事项1" in text_of(m) for m in mails(tmp_path))
    numbers = [n.number for n in world.all(Notice) if n.series]
    assert numbers == [1, 2]


def test_an_item_closed_before_the_night_is_not_pressed(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item("1", **due(DUE)), an_item("2", **due(DUE)))
    world.move("withdraw", "1")
    a_night(database, tmp_path, RUNGS["urge_1"])
    assert [n.kind for n in world.of(Notice, "1") if n.cause.startswith("rung")] == []
    assert len(world.of(Notice, "2")) == 3


def test_a_night_leaves_its_counts_a_snapshot_and_an_anchor(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item("1", **due(DUE)), an_item("2"))
    a_night(database, tmp_path, RUNGS["urge_1"])
    (night,) = world.all(Night)
    assert night.counts["notices"] == 3
    assert night.finished_at is not None
    whole = {(s.state, s.light): s.items for s in world.all(Snapshot, Snapshot.party_id == 0)}
    assert whole == {("ongoing", "red"): 1, ("ongoing", "none"): 1}
    (anchor,) = world.all(Anchor)
    assert anchor.events == world.count(Event)


def test_a_hold_or_a_night_never_touches_an_items_version(database: Database, tmp_path: Path) -> None:
    """A person who looks at an item in the evening may act on it in the morning, whatever the night sent."""
    world = a_world(database, an_item(**due(DUE)))
    before = world.item().version
    a_night(database, tmp_path, RUNGS["supervise_6"])
    assert world.item().version == before
    world.move("withdraw", version=before)
