"""签收: each sheet's receipt is owed by those it was addressed to, each by itself, until it is given or handed on."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.errors import Forbidden
from duban.notices.links import Claim, Purpose
from duban.services.acknowledge import WhoseReceipt, acknowledge
from duban.services.assignments import assign_items
from duban.services.by_link import acknowledge_by_link, look_by_link
from duban.services.checks import check
from duban.services.corrections import correct
from duban.services.item_fields import Edit
from duban.services.queries.explain import explain_item
from duban.services.queries.scope import WHOLE, Scope
from duban.services.queries.todo import todo
from models import Clock, ClockKind, ClockState, Notice, NoticeRecipient, Party, UserRole

from .ledger import CLERK, DIRECTORY, LEAD, OTHER_LEAD, UNIT, World, a_night, a_world, an_item, due
from .nights import DUE, RUNGS, mails, text_of


def owed(world: World, number: str = "1") -> list[tuple[str, str, dt.date]]:
    """The receipts of an item that are owed: the kind of the sheet, by whom, until when."""
    open_ = [c for c in world.of(Clock, number) if c.recipient_id and c.state is ClockState.RUNNING]
    found = []
    for clock in open_:
        (copy,) = world.all(NoticeRecipient, NoticeRecipient.id == clock.recipient_id)
        (notice,) = world.all(Notice, Notice.id == copy.notice_id)
        (party,) = world.all(Party, Party.id == copy.party_id)
        found.append((notice.kind, copy.for_name or party.name, clock.due_on))
    return sorted(found)


def sheet(world: World, kind: str) -> Notice:
    return next(n for n in world.all(Notice) if n.kind == kind)


def party(world: World, name: str) -> Party:
    return next(p for p in world.all(Party) if p.name == name)


def link(world: World, name: str, notice: Notice) -> Claim:
    return Claim(party(world, name).id, notice.id, Purpose.ANSWER, at(dt.date(2026, 12, 31)))


def at(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(2), dt.UTC)


def broken(world: World, day: dt.date) -> dict[str, tuple[str, ...]]:
    return {f.code: f.examples for f in check(world.database, now=at(day)) if f.count}


def test_the_receipt_of_a_handover_is_owed_by_its_units_and_they_are_reminded(
    database: Database, tmp_path: Path
) -> None:
    world = a_world(database, an_item(responsible_units=["区住建局", "区教育局"], **due(DUE)))
    assign_items(database, plan=world.plan.code, actor=CLERK, now=at(dt.date(2026, 5, 6)), as_of=dt.date(2026, 5, 6))
    by = dt.date(2026, 5, 8)
    assert owed(world) == [("assign", "区住建局", by), ("assign", "区教育局", by)]
    a_night(database, tmp_path, dt.date(2026, 5, 6))
    acknowledge(database, notice_id=sheet(world, "assign").id, actor=UNIT, now=at(dt.date(2026, 5, 7)))
    assert owed(world) == [("assign", "区教育局", by)]
    a_night(database, tmp_path, dt.date(2026, 5, 11))
    reminder = sheet(world, "acknowledge")
    readers = [(r.address, r.role) for r in world.all(NoticeRecipient, NoticeRecipient.notice_id == reminder.id)]
    assert sorted(readers) == [("ducha@example.org", "cc"), ("jiaoyu@example.org", "to")]
    assert "交办通知" in reminder.context["pending"]["kind_zh"]
    claim = link(world, "区教育局", reminder)
    assert [(r.name, r.owed_by) for r in look_by_link(database, claim, at(dt.date(2026, 5, 12))).receipts] == [
        ("区教育局", by)
    ]
    assert acknowledge_by_link(database, claim, at(dt.date(2026, 5, 12))) == 1
    assert owed(world) == []
    assert broken(world, dt.date(2026, 5, 12)) == {}


def test_a_later_sheet_has_its_own_receipt_while_an_older_one_is_open(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(**due(DUE)))
    assign_items(database, plan=world.plan.code, actor=CLERK, now=at(dt.date(2026, 5, 6)), as_of=dt.date(2026, 5, 6))
    for day in RUNGS.values():
        a_night(database, tmp_path, day) if day <= RUNGS["supervise_6"] else None
    kinds = {kind for kind, _, _ in owed(world)}
    assert kinds == {"assign", "supervise"}
    assert ("supervise", "韩望舒", dt.date(2026, 7, 10)) in owed(world)
    acknowledge(database, notice_id=sheet(world, "supervise").id, actor=LEAD, now=at(dt.date(2026, 7, 9)))
    assert [who for kind, who, _ in owed(world) if kind == "assign"] == ["区住建局"]
    explained = explain_item(database, item_id=world.ids["1"], scope=WHOLE, as_of=dt.date(2026, 7, 9))
    label = sheet(world, "supervise").context["sheet"]["label"]
    assert f"韩望舒签收{label}" in [c.receipt for c in explained.clocks]
    assert broken(world, dt.date(2026, 7, 9)) == {}


def test_one_click_never_signs_for_both_joint_leads(database: Database, tmp_path: Path) -> None:
    directory = [
        dataclasses.replace(e, email=None, substitute="沈予安") if e.name == "韩望舒" else e for e in DIRECTORY
    ]
    world = a_world(database, an_item(lead_officials=["韩望舒", "沈予安"], **due(DUE)), directory=directory)
    a_night(database, tmp_path, RUNGS["urge_1"])
    a_night(database, tmp_path, RUNGS["supervise_6"])
    supervise, day = sheet(world, "supervise"), at(dt.date(2026, 7, 9))
    claim = link(world, "沈予安", supervise)
    assert {r.name for r in look_by_link(database, claim, day).receipts} == {"韩望舒", "沈予安"}
    acknowledge_by_link(database, claim, day)
    leads = [who for kind, who, _ in owed(world) if who in ("韩望舒", "沈予安")]
    assert leads == ["韩望舒"], "his own first"
    assert acknowledge(database, notice_id=supervise.id, actor=OTHER_LEAD, now=day, on_behalf_of="沈予安") == 0
    acknowledge_by_link(database, claim, day, "韩望舒")
    assert [who for _, who, _ in owed(world) if who in ("韩望舒", "沈予安")] == []


def test_the_office_says_whose_receipt_it_enters(database: Database, tmp_path: Path) -> None:
    directory = [dataclasses.replace(e, email=None) if e.name in ("韩望舒", "沈予安") else e for e in DIRECTORY]
    world = a_world(database, an_item(lead_officials=["韩望舒", "沈予安"], **due(DUE)), directory=directory)
    a_night(database, tmp_path, RUNGS["urge_1"])
    a_night(database, tmp_path, RUNGS["supervise_6"])
    supervise, day = sheet(world, "supervise"), at(dt.date(2026, 7, 9))
    with pytest.raises(WhoseReceipt):
        acknowledge(database, notice_id=supervise.id, actor=CLERK, now=day)
    acknowledge(database, notice_id=supervise.id, actor=CLERK, now=day, on_behalf_of="韩望舒")
    assert [who for _, who, _ in owed(world) if who in ("韩望舒", "沈予安")] == ["沈予安"]


def test_after_a_change_of_lead_the_new_one_gets_the_sheet_and_a_date_and_the_old_duty_ends(
    database: Database, tmp_path: Path
) -> None:
    world = a_world(database, an_item(**due(DUE)))
    a_night(database, tmp_path, RUNGS["urge_1"])
    a_night(database, tmp_path, RUNGS["supervise_6"])
    supervise, changed = sheet(world, "supervise"), dt.date(2026, 7, 9)
    edit = Edit(lead_officials=["沈予安"])
    correct(database, item_id=world.ids["1"], edit=edit, reason="分工调整", actor=CLERK, now=at(changed))
    mine = [(kind, who, by) for kind, who, by in owed(world) if who in ("韩望舒", "沈予安")]
    assert mine == [("supervise", "沈予安", dt.date(2026, 7, 13))]
    old = next(
        r for r in world.all(NoticeRecipient) if r.notice_id == supervise.id and r.party_id == party(world, "韩望舒").id
    )
    assert (old.acknowledged_at, old.excused_why) == (None, "已不再负责本事项")
    a_night(database, tmp_path, dt.date(2026, 7, 10))
    told = [m for m in mails(tmp_path) if "shen@" in m["To"]]
    assert len(told) == 1
    assert "2026年7月13日" in text_of(told[0])
    assert "原送韩望舒，现由您接办" in text_of(told[0])
    assert [a.get_filename() for a in told[0].iter_attachments()], "the sheet itself"
    for day in (dt.date(2026, 7, 13), dt.date(2026, 7, 14)):
        a_night(database, tmp_path, day)
    reminded = [n.id for n in world.all(Notice) if n.kind == "acknowledge"]
    to = [r.address for r in world.all(NoticeRecipient) if r.notice_id in reminded and r.role == "to"]
    assert "han@example.org" not in to
    assert "shen@example.org" in to
    waiting = todo(database, scope=Scope(UserRole.LEAD, frozenset({"沈予安"})), as_of=dt.date(2026, 7, 14)).receipts
    assert [n.id for n in waiting] == [supervise.id]
    assert todo(database, scope=Scope(UserRole.LEAD, frozenset({"韩望舒"})), as_of=changed).receipts == ()
    page = look_by_link(database, link(world, "沈予安", supervise), at(dt.date(2026, 7, 14)))
    assert [(r.name, r.owed_by, r.open) for r in page.receipts] == [("沈予安", dt.date(2026, 7, 13), True)]
    assert acknowledge(database, notice_id=supervise.id, actor=OTHER_LEAD, now=at(dt.date(2026, 7, 14))) == 1
    assert [who for _, who, _ in owed(world) if who == "沈予安"] == []
    with pytest.raises(Forbidden):
        acknowledge(database, notice_id=supervise.id, actor=Actor("x", "unit", frozenset({"某局"})), now=at(changed))
    assert broken(world, dt.date(2026, 7, 14)) == {}


def test_nobody_who_gave_an_item_up_before_its_release_is_sent_its_sheets(database: Database, tmp_path: Path) -> None:
    from duban.services.release import release

    world = a_world(database, an_item(**due(DUE)), released=False)
    first = dt.date(2026, 5, 6)
    assign_items(database, plan=world.plan.code, actor=CLERK, now=at(first), as_of=first)
    correct(
        database,
        item_id=world.ids["1"],
        edit=Edit(responsible_units=["区教育局"]),
        reason="分工调整",
        actor=CLERK,
        now=at(first),
    )
    assert [c for c in world.of(Clock) if c.kind is ClockKind.ACKNOWLEDGE] == []
    release(database, plan=world.plan.code, actor=CLERK, now=at(dt.date(2026, 5, 11)), as_of=dt.date(2026, 5, 11))
    assert owed(world) == [("assign", "区教育局", dt.date(2026, 5, 13))]
    a_night(database, tmp_path, dt.date(2026, 5, 12))
    assert not [m for m in mails(tmp_path) if "zhujian@" in m["To"]]
    assert broken(world, dt.date(2026, 5, 12)) == {}
