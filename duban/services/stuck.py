"""What is stuck in a plan, why, and who could move it: the agenda of its reviews."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import SYSTEM
from duban.domain.calendar import Calendar
from duban.domain.lifecycle import State
from duban.domain.policy_model import ClockKind
from duban.services.queries.lights import OPEN_CLOCKS, live
from duban.services.rules import business_date, calendar_in_force
from models import (
    Clock,
    ClockState,
    Closing,
    ClosingStep,
    Delivery,
    DeliveryStatus,
    Event,
    Extension,
    Item,
    Milestone,
    Notice,
    NoticeRecipient,
    Party,
)

#: Working days without any record after which an open item counts as silent.
SILENT_AFTER = 20


@dataclass(frozen=True, slots=True)
class Stuck:
    """One item under one kind of standstill; `days` are working days, None where they cannot be counted."""

    kind: str
    item_id: int
    why: str
    days: int | None
    who: str


def stuck_items(database: Database, *, plan_id: int, as_of: dt.date) -> tuple[Stuck, ...]:
    """Everything that waits for somebody, by kind, the longest wait first. One item may stand under several kinds."""
    with database.read() as session:
        calendar = calendar_in_force(session)
        finders = (
            _quarantined,
            _overdue,
            _unacknowledged,
            _undecided,
            _unverified,
            _late_check_ins,
            _undelivered,
            _paused,
            _uncounted,
            _silent,
        )
        return tuple(stuck for find in finders for stuck in find(session, plan_id, as_of, calendar))


def _quarantined(session: Session, plan_id: int, as_of: dt.date, calendar: Calendar) -> Iterator[Stuck]:
    rows = session.scalars(
        select(Item).where(Item.plan_id == plan_id, Item.quarantined, ~Item.dropped).order_by(Item.position)
    )
    for item in rows:
        days = calendar.workdays_between(business_date(item.created_at), as_of)
        yield Stuck("原文存疑待核", item.id, "未核定前不计时、不发通知", max(days, 0), "督查室")


def _overdue(session: Session, plan_id: int, as_of: dt.date, calendar: Calendar) -> Iterator[Stuck]:
    rows = session.scalars(
        select(Item).where(Item.plan_id == plan_id, live(), Item.due_on < as_of).order_by(Item.due_on, Item.id)
    )
    for item in rows:
        days = calendar.workdays_between(item.due_on, as_of) if item.due_on else None
        yield Stuck("逾期未完成", item.id, f"{item.due_on}到期", days, "责任单位、牵头领导")


def _unacknowledged(session: Session, plan_id: int, as_of: dt.date, calendar: Calendar) -> Iterator[Stuck]:
    rows = session.execute(
        select(Notice, func.coalesce(func.nullif(NoticeRecipient.for_name, ""), Party.name))
        .join(NoticeRecipient, NoticeRecipient.notice_id == Notice.id)
        .join(Party, Party.id == NoticeRecipient.party_id)
        .join(Item, Item.id == Notice.item_id)
        .where(
            Notice.plan_id == plan_id,
            live(),
            Notice.acknowledge_by < as_of,
            Notice.withdrawn_at.is_(None),
            NoticeRecipient.role == "to",
            NoticeRecipient.acknowledged_at.is_(None),
        )
        .order_by(Notice.acknowledge_by, Notice.id)
    ).tuples()
    for notice, name in rows:
        label = f"{notice.series}〔{notice.year}〕{notice.number}号" if notice.number is not None else ""
        days = calendar.workdays_between(notice.acknowledge_by, as_of) if notice.acknowledge_by else None
        yield Stuck("逾期未签收", notice.item_id or 0, f"{label}应于{notice.acknowledge_by}前签收", days, name)


def _undecided(session: Session, plan_id: int, as_of: dt.date, calendar: Calendar) -> Iterator[Stuck]:
    rows = session.execute(
        select(Extension)
        .join(Item, Item.id == Extension.item_id)
        .where(Item.plan_id == plan_id, live(), Extension.decided_at.is_(None))
        .order_by(Extension.asked_at)
    ).scalars()
    for request in rows:
        on = business_date(request.asked_at)
        who = "督查室" if request.ordinal == 1 else "方案负责人"
        why = f"第{request.ordinal}次申请延期至{request.asked_until_on}"
        yield Stuck("延期待批", request.item_id, why, max(calendar.workdays_between(on, as_of), 0), who)


def _unverified(session: Session, plan_id: int, as_of: dt.date, calendar: Calendar) -> Iterator[Stuck]:
    """Closings that were asked for and stopped on the way: 签字、核查 or 公示 is still to come."""
    done: dict[int, dict[ClosingStep, Closing]] = {}
    rows = session.execute(
        select(Closing)
        .join(Item, (Item.id == Closing.item_id) & (Item.cycle == Closing.cycle))
        .where(Item.plan_id == plan_id, Item.state != State.CLOSED, ~Item.dropped)
        .order_by(Closing.done_at)
    ).scalars()
    for step in rows:
        done.setdefault(step.item_id, {})[step.step] = step
    for item_id, steps in done.items():
        asked = steps.get(ClosingStep.REQUEST)
        if asked is None:
            continue
        waiting = [
            name for step, name in ((ClosingStep.SIGN, "签字"), (ClosingStep.VERIFY, "核查")) if step not in steps
        ] or ["销号"]
        days = calendar.workdays_between(business_date(asked.done_at), as_of)
        who = "牵头领导" if waiting[0] == "签字" else "督查室"
        yield Stuck("申请销号待办", item_id, f"待{'、'.join(waiting)}", max(days, 0), who)


def _late_check_ins(session: Session, plan_id: int, as_of: dt.date, calendar: Calendar) -> Iterator[Stuck]:
    rows = session.execute(
        select(Clock)
        .join(Item, Item.id == Clock.item_id)
        .where(
            Clock.plan_id == plan_id,
            live(),
            Clock.kind == ClockKind.CHECK_IN,
            Clock.state.in_(OPEN_CLOCKS),
            Clock.due_on < as_of,
        )
        .order_by(Clock.due_on)
    ).scalars()
    for clock in rows:
        days = calendar.workdays_between(clock.due_on, as_of)
        yield Stuck("长效报告逾期", clock.item_id, f"应于{clock.due_on}前报送", days, "责任单位")


def _undelivered(session: Session, plan_id: int, as_of: dt.date, calendar: Calendar) -> Iterator[Stuck]:
    rows = session.execute(
        select(Notice.item_id, Delivery.name, Delivery.status, Delivery.error, Delivery.as_of)
        .join(NoticeRecipient, NoticeRecipient.notice_id == Notice.id)
        .join(Delivery, Delivery.id == NoticeRecipient.delivery_id)
        .where(
            Notice.plan_id == plan_id,
            Notice.item_id.is_not(None),
            Delivery.settled_by.is_(None),
            Delivery.status.in_((DeliveryStatus.UNKNOWN, DeliveryStatus.FAILED)),
        )
        .order_by(Delivery.id)
    ).tuples()
    for item_id, name, status, error, on in rows:
        words = "发送失败" if status is DeliveryStatus.FAILED else "是否送达不明"
        days = max(calendar.workdays_between(on, as_of), 0)
        yield Stuck("通知未送达", item_id or 0, f"致{name}：{words}（{error}）", days, "督查室")


def _paused(session: Session, plan_id: int, as_of: dt.date, calendar: Calendar) -> Iterator[Stuck]:
    rows = session.execute(
        select(Clock)
        .join(Item, Item.id == Clock.item_id)
        .where(Clock.plan_id == plan_id, live(), Clock.state == ClockState.PAUSED)
        .order_by(Clock.paused_on)
    ).scalars()
    for clock in rows:
        days = calendar.workdays_between(clock.paused_on, as_of) if clock.paused_on else None
        yield Stuck("暂停计时", clock.item_id, f"{clock.paused_on}起：{clock.pause_reason}", days, "督查室")


def _uncounted(session: Session, plan_id: int, _as_of: dt.date, _calendar: Calendar) -> Iterator[Stuck]:
    """Relative limits whose day nobody has given: no clock runs for them."""
    rows = session.execute(
        select(Item.id, Milestone.text)
        .join(Milestone, Milestone.item_id == Item.id)
        .where(
            Item.plan_id == plan_id, live(), ~Milestone.done, Milestone.due_on.is_(None), Milestone.kind != "check_in"
        )
        .order_by(Item.position, Milestone.position)
    ).tuples()
    for item_id, text in rows:
        yield Stuck("时限未起算", item_id, f"「{text}」没有日期，须指明起算日", None, "督查室")


def _silent(session: Session, plan_id: int, as_of: dt.date, calendar: Calendar) -> Iterator[Stuck]:
    """Open items on which nobody but duban itself has recorded anything for long; overdue ones are listed before."""
    last = (
        select(Event.item_id, func.max(Event.occurred_at).label("at"))
        .join(Item, Item.id == Event.item_id)
        .where(Item.plan_id == plan_id, Event.source != SYSTEM.source)
        .group_by(Event.item_id)
        .subquery()
    )
    rows = session.execute(
        select(Item.id, last.c.at)
        .join(last, last.c.item_id == Item.id)
        .where(Item.plan_id == plan_id, live(), (Item.due_on.is_(None)) | (Item.due_on >= as_of))
        .order_by(last.c.at, Item.id)
    ).tuples()
    for item_id, at in rows:
        days = calendar.workdays_between(business_date(at), as_of)
        if days > SILENT_AFTER:
            yield Stuck("长期无进展记录", item_id, f"{business_date(at)}以来没有记录", days, "责任单位")
