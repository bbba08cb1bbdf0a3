"""Who reads a night's notices and gives receipt; never silence where somebody has no address."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.reading.directory import Entry
from duban.services.acknowledge import acknowledge
from models import (
    Clock,
    ClockKind,
    ClockState,
    Delivery,
    Notice,
    NoticeRecipient,
    RungFired,
)

from .ledger import (
    DIRECTORY,
    LEAD,
    NOW,
    OTHER_LEAD,
    OTHER_UNIT,
    UNIT,
    a_night,
    a_world,
    an_item,
    due,
)
from .nights import DUE, RUNGS, fired, mails, text_of


def test_joint_leads_each_get_the_sheet_and_acknowledge_for_themselves(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(lead_officials=["韩望舒", "沈予安"], **due(DUE)))
    a_night(database, tmp_path, RUNGS["urge_1"])
    a_night(database, tmp_path, RUNGS["supervise_6"])
    sheet = next(n for n in world.all(Notice) if n.kind == "supervise")
    to = [r for r in world.all(NoticeRecipient) if r.notice_id == sheet.id and r.role == "to"]
    assert sorted(r.address for r in to) == ["han@example.org", "shen@example.org", "zhujian@example.org"]
    receipts = {c.recipient_id: c.id for c in world.of(Clock) if c.kind is ClockKind.ACKNOWLEDGE}
    assert receipts.keys() == {r.id for r in to}
    mine, *others = (receipts[r.id] for r in sorted(to, key=lambda r: r.address))
    tuesday = dt.datetime(2026, 7, 14, 2, 0, tzinfo=dt.UTC)
    assert acknowledge(database, notice_id=sheet.id, actor=LEAD, now=tuesday) == 1
    states = {c.id: c.state for c in world.of(Clock)}
    assert [states[key] for key in (mine, *others)] == [ClockState.COMPLETED, ClockState.RUNNING, ClockState.RUNNING]
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
    for actor in (LEAD, OTHER_LEAD, UNIT):
        acknowledge(database, notice_id=sheet.id, actor=actor, now=tuesday)
    assert [c.state for c in world.of(Clock) if c.kind is ClockKind.ACKNOWLEDGE] == [ClockState.COMPLETED] * 3
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
    for actor in (OTHER_LEAD, OTHER_UNIT, Actor("x", "viewer", frozenset({"沈予安"}))):
        with pytest.raises(Forbidden):
            acknowledge(database, notice_id=sheet.id, actor=actor, now=NOW)
    assert acknowledge(database, notice_id=sheet.id, actor=LEAD, now=NOW) == 1
    assert acknowledge(database, notice_id=sheet.id, actor=LEAD, now=NOW) == 0
    assert [e.type for e in world.events()].count("notice.acknowledged") == 1


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
    assert [(r.address, r.for_name) for r in to] == [("zhujian@example.org", ""), ("shen@example.org", "韩望舒")]
    assert any("韩望舒" in text_of(m) for m in mails(tmp_path) if "shen@" in m["To"])


def test_for_a_lead_official_who_left_without_a_successor_the_office_is_asked_and_nobody_above(
    database: Database, tmp_path: Path
) -> None:
    directory = [dataclasses.replace(e, valid_to=dt.date(2026, 6, 1)) if e.name == "韩望舒" else e for e in DIRECTORY]
    world = a_world(database, an_item(**due(DUE)), directory=directory)
    for day in (*RUNGS.values(), dt.date(2026, 7, 14), dt.date(2026, 7, 16), dt.date(2026, 8, 3)):
        a_night(database, tmp_path, day)
    to_the_head = [m for m in mails(tmp_path) if "cheng@" in m["To"]]
    assert all("韩望舒" not in text_of(m) and "代为转达" not in text_of(m) for m in to_the_head)
    asked = [text_of(m) for m in mails(tmp_path) if "ducha@" in m["To"] and "韩望舒" in text_of(m)]
    assert asked
    assert all("已离任" in text and "请落实继任或者代办的人" in text for text in asked)
    for notice in world.all(Notice):
        assert "韩望舒" not in [p["name"] for p in (*notice.context["addressees"], *notice.context["copies"])]
        assert notice.context["item"]["leads"] == [], "no sheet proposes to summon somebody who left"


def test_a_bureau_without_a_mailbox_is_reached_through_its_director(database: Database, tmp_path: Path) -> None:
    directory = [dataclasses.replace(e, email=None) if e.name == "区住建局" else e for e in DIRECTORY]
    world = a_world(database, an_item(**due(DUE)), directory=directory)
    a_night(database, tmp_path, RUNGS["remind_3"])
    assert {(r.address, r.for_name) for r in world.all(NoticeRecipient)} == {("ye@example.org", "区住建局")}


def test_what_a_notice_was_not_sent_for_is_a_row_with_its_reason(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(**due(DUE)), as_of=dt.date(2026, 7, 13))
    a_night(database, tmp_path, dt.date(2026, 7, 13))
    for row in world.all(RungFired):
        assert (row.notice_id is None) == (row.reason is not None)
