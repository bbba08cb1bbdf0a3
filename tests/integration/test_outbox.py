"""What a person decides about mails, assignment notices, withdrawn notices, and the weekly summary."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select, update

from duban.adapters.database import Database
from duban.domain.lifecycle import Action
from duban.errors import Forbidden
from duban.services.acknowledge import acknowledge
from duban.services.assignments import assign_items, count_unassigned
from duban.services.compose import compose
from duban.services.outbox import OutboxRefused, Verdict, WithdrawalRefused, list_outbox, settle, withdraw
from duban.services.plan_lookup import plan_id_of
from duban.services.weekly import compose_weekly
from models import Clock, ClockKind, ClockState, Delivery, DeliveryStatus, Notice, NoticeRecipient
from tests.integration.ledger import (
    CLERK,
    NOW,
    TODAY,
    UNIT,
    Watch,
    World,
    a_night,
    a_world,
    an_item,
    due,
    morning,
    night_tools,
)

TUESDAY = dt.date(2026, 7, 14)


def put_together(world: World, tmp_path: Path, day: dt.date = TODAY) -> None:
    """Composes what waits, without sending it."""
    tools = night_tools(world.database, tmp_path, Watch(day))
    compose(
        world.database,
        tools.renderer,
        as_of=day,
        now=morning(day),
        domain="example.org",
        public_url="http://127.0.0.1:8300",
    )


def test_each_item_is_handed_over_once_with_a_numbered_sheet_and_a_receipt(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item("1", **due(dt.date(2026, 8, 31))), an_item("2"))
    assert count_unassigned(database, plan_id_of(database, world.plan.code)) == 2
    assert assign_items(database, plan=world.plan.code, actor=CLERK, now=NOW) == 2
    assert count_unassigned(database, plan_id_of(database, world.plan.code)) == 0
    assert assign_items(database, plan=world.plan.code, actor=CLERK, now=NOW) == 0
    notices = world.all(Notice)
    assert [(n.kind, n.series, n.number) for n in notices] == [("assign", "督交", 1), ("assign", "督交", 2)]
    assert {n.acknowledge_by for n in notices} == {dt.date(2026, 7, 15)}
    waiting = [c for c in world.of(Clock) if c.kind is ClockKind.ACKNOWLEDGE]
    assert [(c.state, c.due_on, c.amount) for c in waiting] == [(ClockState.RUNNING, dt.date(2026, 7, 15), 2)]
    a_night(database, tmp_path, TODAY)
    mails = Counter(d.address for d in world.all(Delivery))
    assert mails == {"zhujian@example.org": 1, "han@example.org": 1}, "one mail a person, both sheets in it"

    for notice in notices:
        acknowledge(database, notice_id=notice.id, actor=UNIT, now=NOW)
    assert [c.state for c in world.of(Clock) if c.kind is ClockKind.ACKNOWLEDGE] == [ClockState.COMPLETED]


def test_an_assignment_that_nobody_acknowledges_is_reminded(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item("1"))
    assign_items(database, plan=world.plan.code, actor=CLERK, now=NOW)
    a_night(database, tmp_path, TODAY)
    a_night(database, tmp_path, dt.date(2026, 7, 16))
    reminded = [n for n in world.all(Notice) if n.kind == "acknowledge"]
    assert len(reminded) == 1
    assert reminded[0].context["pending"]["kind_zh"] == "交办通知"


def test_a_notice_is_withdrawn_before_it_is_sent_and_its_number_is_not_given_again(
    database: Database, tmp_path: Path
) -> None:
    world = a_world(database, an_item("1"), an_item("2"))
    assign_items(database, plan=world.plan.code, actor=CLERK, now=NOW)
    put_together(world, tmp_path)
    first, second = world.all(Notice)
    withdraw(database, notice_id=first.id, reason="交办有误", actor=CLERK, now=NOW)
    held = [d.status for d in world.all(Delivery)]
    assert held == [DeliveryStatus.SUPPRESSED, DeliveryStatus.SUPPRESSED]
    a_night(database, tmp_path, TODAY)
    sent = [d for d in world.all(Delivery) if d.status is DeliveryStatus.SENT]
    assert {d.address for d in sent} == {"zhujian@example.org", "han@example.org"}
    assert all("事项2" in d.text and "事项1" not in d.text for d in sent)
    with database.read() as session:
        copies = session.scalars(select(NoticeRecipient).where(NoticeRecipient.notice_id == first.id)).all()
    assert {c.delivery_id for c in copies} <= {d.id for d in world.all(Delivery, Delivery.status == "suppressed")}
    assert [c.state for c in world.of(Clock, "1") if c.kind is ClockKind.ACKNOWLEDGE] == [ClockState.CANCELLED]
    assert world.events("1")[-1].type == "notice.withdrawn"
    with pytest.raises(WithdrawalRefused, match="已经发出"):
        withdraw(database, notice_id=second.id, reason="太晚", actor=CLERK, now=NOW)
    with pytest.raises(WithdrawalRefused, match="督查员甲"):
        withdraw(database, notice_id=first.id, reason="再次", actor=CLERK, now=NOW)
    world.ready_to_close("1")
    assert world.all(Notice, Notice.kind == "assign")[0].number == 1


def test_a_mail_of_unknown_fate_waits_until_a_person_says_that_it_arrived(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item("1"))
    assign_items(database, plan=world.plan.code, actor=CLERK, now=NOW)
    put_together(world, tmp_path)
    with database.write() as session:
        session.execute(update(Delivery).values(status=DeliveryStatus.UNKNOWN, error="中断"))
    waiting = list_outbox(database)
    assert len(waiting) == 2
    assert {n for row in waiting for n in row.notices} == {world.all(Notice)[0].id}
    with pytest.raises(Forbidden):
        settle(database, delivery_id=waiting[0].id, verdict=Verdict.ARRIVED, actor=UNIT, now=NOW)
    assert (
        settle(database, delivery_id=waiting[0].id, verdict=Verdict.ARRIVED, actor=CLERK, now=NOW, note="电话核实")
        is DeliveryStatus.SENT
    )
    assert world.events()[-1].reason == "电话核实"
    with pytest.raises(OutboxRefused):
        settle(database, delivery_id=waiting[0].id, verdict=Verdict.RESEND, actor=CLERK, now=NOW)
    assert [row.id for row in list_outbox(database)] == [waiting[1].id]


def test_a_mail_sent_again_goes_out_once_more_and_one_given_up_is_answered_for(
    database: Database, tmp_path: Path
) -> None:
    world = a_world(database, an_item("1"))
    assign_items(database, plan=world.plan.code, actor=CLERK, now=NOW)
    put_together(world, tmp_path)
    with database.write() as session:
        session.execute(update(Delivery).values(status=DeliveryStatus.UNKNOWN, error="中断", attempts=1))
    again, gone = list_outbox(database)
    settle(database, delivery_id=again.id, verdict=Verdict.RESEND, actor=CLERK, now=NOW)
    settle(database, delivery_id=gone.id, verdict=Verdict.LOST, actor=CLERK, now=NOW)
    a_night(database, tmp_path, TUESDAY)
    rows = {d.id: d for d in world.all(Delivery)}
    assert rows[again.id].status is DeliveryStatus.SENT
    assert rows[gone.id].status is DeliveryStatus.FAILED
    stood_in = [d for d in rows.values() if d.address == "ducha@example.org"]
    assert [d.status for d in stood_in] == [DeliveryStatus.SENT], "the office hears for whom"
    assert list_outbox(database) == (), "what a person has decided waits for nobody"


def test_the_weekly_summary_goes_once_to_everybody_concerned(database: Database, tmp_path: Path) -> None:
    world = a_world(
        database,
        an_item("1", **due(dt.date(2026, 7, 1))),
        an_item("2", **due(dt.date(2026, 7, 15))),
        an_item("3"),
        an_item("4", responsible_units=["区档案馆"], lead_officials=[]),
    )
    friday = dt.datetime(2026, 7, 10, 2, 0, tzinfo=dt.UTC)
    world.ready_to_close("3", now=friday)
    world.move(Action.CLOSE, "3", now=friday)
    tools = night_tools(database, tmp_path, Watch(TODAY))

    def queue(day: dt.date) -> int:
        return compose_weekly(
            database,
            tools.renderer,
            as_of=day,
            now=morning(day),
            domain="example.org",
            public_url="http://127.0.0.1:8300",
        )

    assert queue(TUESDAY) == 0, "the policy says Monday"
    assert queue(TODAY) == 4
    assert queue(TODAY) == 0, "safe to repeat"
    mails = {d.address: d for d in world.all(Delivery, Delivery.kind == "weekly")}
    assert set(mails) == {"zhujian@example.org", "han@example.org", "cheng@example.org", "ducha@example.org"}
    unit = mails["zhujian@example.org"]
    assert "在办2项，其中逾期1项" in unit.text
    assert "下周到期1项" in unit.text
    assert "销号1项" in unit.text
    assert "在办3项" in mails["ducha@example.org"].text, "the office's holds everything"


def test_a_weekly_summary_that_falls_on_a_rest_day_comes_on_the_next_working_day(
    database: Database, tmp_path: Path
) -> None:
    world = a_world(database, an_item("1"), as_of=dt.date(2026, 9, 1))
    tools = night_tools(database, tmp_path, Watch(TODAY))

    def queue(day: dt.date) -> int:
        return compose_weekly(
            world.database,
            tools.renderer,
            as_of=day,
            now=morning(day),
            domain="example.org",
            public_url="http://127.0.0.1:8300",
        )

    # 国庆 2026: Monday 10-05 is a rest day, Thursday 10-08 the first working day.
    assert [day for day in range(5, 13) if queue(dt.date(2026, 10, day))] == [8, 12]
