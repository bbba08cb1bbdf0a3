"""Every mail of a summer says what the board says: an item of each standing, each night compared with the board."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from duban.adapters.database import Database
from duban.domain.limits import Milestone as Part
from duban.notices.wording import date_zh
from duban.services.new_items import call
from duban.services.queries.items import ItemFilter, list_items
from duban.services.queries.scope import WHOLE
from duban.services.queries.shapes import ItemRow
from duban.services.rules import calendar_in_force
from models import Clock, ClockKind, ClosingStep, Delivery, Milestone, Notice
from tests.integration.ledger import CLERK, POLICY, UNIT, Watch, World, a_night, a_world, an_item, due

JUNE_30, AUGUST_31 = dt.date(2026, 6, 30), dt.date(2026, 8, 31)
#: A re-inspection falls due soon after the closing; everything else is the shipped policy.
SOON = POLICY.replace("[re_inspection]\ndays = 180", "[re_inspection]\ndays = 30")
NIGHTS = [dt.date(2026, 5, 29) + dt.timedelta(days=n) for n in range(56)]


@dataclass
class Summer:
    """What was said in the nights of a summer, and how each item stood on the board of each night."""

    world: World
    boards: dict[dt.date, dict[int, ItemRow]]
    notices: list[Notice]
    mails: list[Delivery]

    def of(self, kind: ClockKind) -> list[Notice]:
        return [n for n in self.notices if (n.context["clock"] or {}).get("kind") == kind.value]

    def board(self, notice: Notice) -> ItemRow:
        assert notice.item_id is not None
        return self.boards[notice.as_of][notice.item_id]

    def alone(self) -> list[tuple[Delivery, Notice]]:
        """The mails that carry one notice, with that notice."""
        by_key = {(n.context["item"]["number"], n.context["kind_zh"], n.as_of): n for n in self.notices}
        return [
            (m, by_key[(m.context["item"]["number"], m.context["kind_zh"], m.as_of)])
            for m in self.mails
            if m.kind != "digest"
        ]

    def entries(self) -> list[tuple[Delivery, str, dict[str, Any]]]:
        """Each entry of each digest, with the light that it stands under."""
        return [
            (m, group["light"], entry)
            for m in self.mails
            if m.kind == "digest"
            for plan in m.context["plans"]
            for group in plan["groups"]
            for entry in group["entries"]
        ]


def at(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(2, 0), dt.UTC)


def an_office(database: Database) -> World:
    """One item of each standing: dated, with two parts, long-term, to be verified, struck off, and a called matter."""
    parts = [
        Part("2026年6月30日前出台办法", "complete", due_on=JUNE_30),
        Part("2026年8月31日前完成改造", "complete", due_on=AUGUST_31),
    ]
    world = a_world(
        database,
        an_item("1", **due(JUNE_30, time_limit="2026年6月30日前完成")),
        an_item("2", time_limit="2026年6月30日前出台办法，8月31日前完成改造", milestones=parts),
        an_item("3", time_limit="长期坚持", long_term=True),
        an_item("4", **due(AUGUST_31, time_limit="2026年8月31日前完成")),
        an_item("5", **due(AUGUST_31, time_limit="2026年8月31日前完成")),
        policy=SOON,
    )
    world.finish_work("4", at(dt.date(2026, 6, 1)))
    world.step(ClosingStep.REQUEST, "4", actor=UNIT, now=at(dt.date(2026, 6, 1)))
    world.ready_to_close("5", at(dt.date(2026, 6, 2)))
    world.move("close", "5", now=at(dt.date(2026, 6, 2)))
    world.ids["call"] = call(
        database,
        plan=world.plan.code,
        caller="区教育局",
        called=["区住建局"],
        title="镇中路塌陷",
        due_on=JUNE_30,
        actor=CLERK,
        now=at(dt.date(2026, 6, 2)),
    )
    return world


@pytest.fixture
def summer(database: Database, tmp_path: Path) -> Summer:
    world = an_office(database)
    with database.read() as session:
        calendar = calendar_in_force(session)
    boards = {}
    for night in filter(calendar.is_workday, NIGHTS):
        # Before the night: a check-in that was missed to its last rung makes way for the next period's within it.
        page = list_items(database, scope=WHOLE, as_of=night, where=ItemFilter(plan=world.plan.code))
        boards[night] = {row.id: row for row in page.items}
        assert a_night(database, tmp_path, night, Watch(night)).ok
    notices = [n for n in world.all(Notice) if n.as_of in boards]
    return Summer(world, boards, notices, world.all(Delivery, Delivery.as_of.in_(boards)))


def as_board(row: ItemRow) -> dict[str, Any]:
    return {
        "light": row.light,
        "overdue": row.overdue,
        "days_overdue": -(row.days_left or 0),
        "rolled_due_on": row.due_on.isoformat() if row.due_on else None,
        "marks": list(row.marks),
    }


def same(item: dict[str, Any], row: ItemRow) -> None:
    assert {key: item[key] for key in as_board(row)} == as_board(row), (item["number"], row.number)


def test_every_mail_says_of_an_item_what_the_board_says_of_it_on_that_night(summer: Summer) -> None:
    by_number = {(row.number, night): row for night, rows in summer.boards.items() for row in rows.values()}
    assert {n.item_id for n in summer.notices} == set(summer.world.ids.values()), "every standing is spoken of"
    for notice in summer.notices:
        same(notice.context["item"], summer.board(notice))
    for mail, light, entry in summer.entries():
        if entry["clock"] is None:
            continue  # 交办 was written by day, and says how it stood then
        same(entry, by_number[entry["number"], mail.as_of])
        assert light == by_number[entry["number"], mail.as_of].light
    for mail, notice in summer.alone():
        item, row = mail.context["item"], summer.board(notice)
        same(item, row)
        if not item["closed"]:
            without = "无时限" if row.light == "none" else "有时限的部分已完成"
            assert f"到期日：{f'{date_zh(row.due_on)}（' if row.due_on else without}" in mail.text
        assert item["url"] == f"http://127.0.0.1:8300/items/{notice.item_id}"
        assert item["url"] in mail.text


def test_each_kind_of_clock_has_a_subject_and_a_day_of_its_own(summer: Summer) -> None:
    days = {
        ClockKind.LIMIT: {"到期日", "节点到期日"},
        ClockKind.CHECK_IN: {"报告截止日"},
        ClockKind.ACKNOWLEDGE: {"签收截止日"},
        ClockKind.VERIFY: {"核查期限"},
        ClockKind.RE_INSPECT: {"回头看日期"},
    }
    clocks = {c.id: c for c in summer.world.all(Clock)}
    for kind, names in days.items():
        found = summer.of(kind)
        assert {n.context["clock"]["day_zh"] for n in found} == names
        for notice in found:
            clock = clocks[int(notice.cause.split(":")[1])]
            assert clock.kind is kind
            assert notice.context["clock"]["rolled_due_on"] == clock.due_on.isoformat()
            assert notice.context["clock"]["overdue"] == (clock.due_on < notice.as_of)


def test_nothing_that_is_over_is_called_a_reminder_of_what_comes(summer: Summer) -> None:
    reminders = {n.context["kind_zh"] for n in summer.notices if n.kind == "remind"}
    assert {"临近提醒", "节点提醒", "长效报告提醒", "长效报告逾期提醒", "核查提醒", "核查超期提醒"} <= reminders
    assert {"回头看提醒", "回头看超期提醒"} <= reminders
    for notice in summer.notices:
        if notice.context["kind_zh"] == "临近提醒":
            assert not summer.board(notice).overdue
    for mail, _ in summer.alone():
        if "临近提醒" in mail.subject:
            assert "已逾期" not in mail.text


def test_a_report_that_is_owed_is_no_limit_that_was_missed(summer: Summer) -> None:
    late = [n for n in summer.of(ClockKind.CHECK_IN) if n.context["clock"]["overdue"]]
    assert {n.kind for n in late} == {"remind", "urge"}
    words = [(m.subject, m.text) for m, n in summer.alone() if n in summer.of(ClockKind.CHECK_IN)]
    assert words
    for subject, text in words:
        assert "长效报告" in subject
        assert "逾期未完成" not in text
        assert "延期的" not in text
        assert "到期日：无时限" in text
    assert not any(summer.board(n).overdue for n in late)


def test_a_late_verification_is_the_offices_and_a_late_re_inspection_is_no_late_item(summer: Summer) -> None:
    verify, again = summer.of(ClockKind.VERIFY), summer.of(ClockKind.RE_INSPECT)
    assert [n.context["clock"]["overdue"] for n in verify] == [False, True]
    assert [n.context["clock"]["overdue"] for n in again] == [False, True]
    for mail, notice in summer.alone():
        if notice in verify:
            assert "核查" in mail.subject
            assert "核查由区政府督查室负责" in mail.text
        if notice in again:
            assert "回头看" in mail.subject
            assert "当前状态：已销号" in mail.text
            assert "到期日：" not in mail.text
        if notice in (*verify, *again):
            assert "逾期" not in mail.text
            assert "抓紧办理" not in mail.text
    for _, _, entry in summer.entries():
        if (entry["clock"] or {}).get("kind") in ("verify", "re_inspect"):
            assert not entry["overdue"]


def test_with_two_dated_parts_each_notice_names_its_part(summer: Summer) -> None:
    parts = {m.id: m.text for m in summer.world.of(Milestone, "2")}
    clocks = {c.id: c for c in summer.world.of(Clock, "2")}
    found = [n for n in summer.of(ClockKind.LIMIT) if n.item_id == summer.world.ids["2"]]
    assert {n.kind for n in found} >= {"remind", "urge", "supervise"}
    for notice in found:
        clock = clocks[int(notice.cause.split(":")[1])]
        assert notice.context["clock"]["part"] == parts[clock.milestone_id or 0]
    others = [n for n in summer.of(ClockKind.LIMIT) if n.item_id != summer.world.ids["2"]]
    assert {n.context["clock"]["part"] for n in others} == {None}


def test_a_reminder_of_a_receipt_shows_the_receipts_day_as_its_own_and_the_items_day_as_the_items(
    summer: Summer,
) -> None:
    found = summer.of(ClockKind.ACKNOWLEDGE)
    assert found
    for notice in found:
        context, row = notice.context, summer.board(notice)
        assert context["item"]["rolled_due_on"] == (row.due_on.isoformat() if row.due_on else None)
        assert context["clock"]["rolled_due_on"] != context["item"]["rolled_due_on"]


def test_a_called_matter_is_named_as_what_it_is_and_no_office_copies_itself(summer: Summer) -> None:
    texts: dict[str, list[str]] = defaultdict(list)
    for mail in summer.mails:
        texts[mail.address].append(f"{mail.subject}\n{mail.text}\n{mail.html}")
    everything = "".join(t for found in texts.values() for t in found)
    assert "吹哨事项1" in everything
    assert "第吹哨" not in everything
    for notice in summer.notices:
        to = {p["name"] for p in notice.context["addressees"]}
        copies = {p["name"] for p in notice.context["copies"]}
        assert not to & copies
        assert "区政府督查室" not in copies
