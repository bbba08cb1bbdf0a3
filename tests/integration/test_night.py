"""Nights on a real ledger: who gets what and when, once only, whatever fails, and never silence."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import update

from duban.adapters.database import Database
from duban.services.night import preview, run_night
from duban.services.release import release
from models import (
    Anchor,
    Clock,
    Delivery,
    Event,
    Night,
    NightState,
    Notice,
    NoticeRecipient,
    RungFired,
    RungOutcome,
    Snapshot,
)

from .chains import broken_chains
from .ledger import (
    CLERK,
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


def test_every_night_from_registration_on_fires_each_rung_on_its_day(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(**due(DUE)))
    nights = [dt.date(2026, 6, 12) + dt.timedelta(days=n) for n in range(35)]  # to 07-16
    for night in [*nights, dt.date(2026, 7, 28), dt.date(2026, 7, 29), dt.date(2026, 7, 30)]:
        assert a_night(database, tmp_path, night).ok
    assert fired(world) == [(key, on, on) for key, on in RUNGS.items()]
    assert world.item().breached_on == dt.date(2026, 7, 1)
    assert [e.type for e in world.events()].count(
        "clock.breached"
    ) == 1 + 2  # the limit, and the receipts of unit and lead
    assert {n.state for n in world.all(Night)} == {NightState.COMPLETED}
    assert broken_chains(database) == []


def test_each_rung_reaches_whom_the_policy_names(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(**due(DUE)))
    readers = {}
    for key, on in RUNGS.items():
        a_night(database, tmp_path, on)
        notice = next(
            n for n in reversed(world.all(Notice)) if n.cause.startswith("rung:") and n.cause.split(":")[2] == key
        )
        readers[key] = sorted((r.role, r.address) for r in world.all(NoticeRecipient) if r.notice_id == notice.id)
    office, lead = "ducha@example.org", "han@example.org"
    assert readers == {
        "remind_10": [("to", "zhujian@example.org")],
        "remind_3": [("to", "zhujian@example.org")],
        "urge_1": [("cc", office), ("cc", lead), ("to", "ye@example.org"), ("to", "zhujian@example.org")],
        "supervise_6": [("cc", office), ("to", lead), ("to", "zhujian@example.org")],
        "circulate_11": [],  # both wait for their approval
        "summon_21": [],
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
    assert new == {"zhujian@example.org": 1, "ye@example.org": 1, "han@example.org": 1, "ducha@example.org": 1}
    assert len(mails(tmp_path)) == before + 4
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


def test_of_what_lies_before_the_registration_only_the_highest_is_sent_and_the_rest_is_written_down(
    database: Database, tmp_path: Path
) -> None:
    world = a_world(database, an_item(**due(DUE)), as_of=dt.date(2026, 7, 2))
    assert [w.rung for w in preview(database, dt.date(2026, 7, 3))] == ["urge_1"], "a dry run shows what goes"
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
    assert [w.rung for w in preview(database, RUNGS["urge_1"], [world.plan.plan_id])] == ["urge_1"]
    release(database, plan=world.plan.code, actor=CLERK, now=NOW, as_of=RUNGS["urge_1"])
    a_night(database, tmp_path, RUNGS["urge_1"])
    assert fired(world) == [("urge_1", RUNGS["urge_1"], RUNGS["urge_1"])]
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
    assert len(mails(tmp_path)) == before + 4


def test_one_person_gets_one_mail_a_night_from_all_plans_together(database: Database, tmp_path: Path) -> None:
    for _ in range(3):
        a_world(database, *(an_item(str(n), **due(DUE)) for n in range(1, 4)))
    a_night(database, tmp_path, dt.date(2026, 7, 13))
    addresses = Counter(m["To"].addresses[0].addr_spec for m in mails(tmp_path))
    assert addresses == dict.fromkeys(
        ("zhujian@example.org", "ye@example.org", "han@example.org", "ducha@example.org"), 1
    )


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
