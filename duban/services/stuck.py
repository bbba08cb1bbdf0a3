"""What is stuck in a plan, why, and who could move it: the agenda of its reviews."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.calendar import Calendar
from duban.domain.events import PROGRESS
from duban.domain.lifecycle import State
from duban.domain.policy_model import ClockKind
from duban.notices.wording import date_zh, quoted
from duban.services.queries.past import Past, past_of
from duban.services.rules import AUTHORITY_ZONE, business_date, calendar_in_force
from models import (
    Clock,
    ClockPause,
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

#: Working days without any progress after which an open item counts as silent.
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
    """Everything that waited for somebody on the day, by kind, the longest wait first.

    One item may stand under several kinds. What was sent and never arrived is known only as it stands now.
    """
    with database.read() as session:
        calendar, past = calendar_in_force(session), past_of(session, plan_id, as_of)
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
        return tuple(stuck for find in finders for stuck in find(session, plan_id, past, calendar))


def _in_order(session: Session, plan_id: int) -> list[Item]:
    return list(session.scalars(select(Item).where(Item.plan_id == plan_id, ~Item.dropped).order_by(Item.position)))


def _live(past: Past, item_id: int | None) -> bool:
    """Whether an item was open and read without doubt on the day."""
    then = past.items.get(item_id or 0)
    return then is not None and then.state is not State.CLOSED and not then.quarantined


def _quarantined(session: Session, plan_id: int, past: Past, calendar: Calendar) -> Iterator[Stuck]:
    for item in _in_order(session, plan_id):
        if item.id in past.items and past.items[item.id].quarantined:
            days = calendar.workdays_between(business_date(item.created_at), past.as_of)
            yield Stuck("原文存疑待核", item.id, "未核定前不计时、不发通知", max(days, 0), "督查室")


def _overdue(session: Session, plan_id: int, past: Past, calendar: Calendar) -> Iterator[Stuck]:
    due = [(past.items[i.id].due_on, i.id) for i in _in_order(session, plan_id) if _live(past, i.id)]
    for due_on, item_id in sorted((on, item_id) for on, item_id in due if on is not None and on < past.as_of):
        days = calendar.workdays_between(due_on, past.as_of)
        yield Stuck("逾期未完成", item_id, f"{date_zh(due_on)}到期", days, "责任单位、牵头领导")


def _unacknowledged(session: Session, plan_id: int, past: Past, calendar: Calendar) -> Iterator[Stuck]:
    rows = session.execute(
        select(
            Notice, func.coalesce(func.nullif(NoticeRecipient.for_name, ""), Party.name), Clock.due_on, Clock.ended_at
        )
        .join(NoticeRecipient, NoticeRecipient.notice_id == Notice.id)
        .join(Party, Party.id == NoticeRecipient.party_id)
        .join(Clock, Clock.recipient_id == NoticeRecipient.id)
        .where(Notice.plan_id == plan_id, Clock.kind == ClockKind.ACKNOWLEDGE, Clock.due_on < past.as_of)
        .order_by(Clock.due_on, Notice.id, NoticeRecipient.id)
    ).tuples()
    for notice, name, due_on, ended_at in rows:
        if not _live(past, notice.item_id) or _by(ended_at, past):
            continue
        label = f"{notice.series}〔{notice.year}〕{notice.number}号" if notice.number is not None else ""
        days = calendar.workdays_between(due_on, past.as_of)
        yield Stuck("逾期未签收", notice.item_id or 0, f"{label}应于{date_zh(due_on)}前签收", days, name)


def _by(at: dt.datetime | None, past: Past) -> bool:
    """Whether something had happened by the day."""
    return at is not None and business_date(at) <= past.as_of


def _undecided(session: Session, plan_id: int, past: Past, calendar: Calendar) -> Iterator[Stuck]:
    rows = session.scalars(
        select(Extension)
        .join(Item, Item.id == Extension.item_id)
        .where(Item.plan_id == plan_id)
        .order_by(Extension.asked_at)
    )
    for request in rows:
        if not _live(past, request.item_id) or not _by(request.asked_at, past) or _by(request.decided_at, past):
            continue
        who = "督查室" if request.ordinal == 1 else "方案负责人"
        why = f"第{request.ordinal}次申请延期至{date_zh(request.asked_until_on)}"
        days = calendar.workdays_between(business_date(request.asked_at), past.as_of)
        yield Stuck("延期待批", request.item_id, why, max(days, 0), who)


def _unverified(session: Session, plan_id: int, past: Past, calendar: Calendar) -> Iterator[Stuck]:
    """Closings that were asked for and stopped on the way: 签字、核查 or 公示 is still to come."""
    done: dict[int, dict[ClosingStep, Closing]] = {}
    rows = session.execute(
        select(Closing, Item.cycle)
        .join(Item, Item.id == Closing.item_id)
        .where(Item.plan_id == plan_id, ~Item.dropped)
        .order_by(Closing.done_at)
    ).tuples()
    for step, cycle in rows:
        if _live(past, step.item_id) and _by(step.done_at, past):
            if step.cycle != cycle - past.items[step.item_id].reopened_since:
                continue  # of a round that was over by then
            done.setdefault(step.item_id, {})[step.step] = step
    for item_id, steps in done.items():
        asked = steps.get(ClosingStep.REQUEST)
        if asked is None:
            continue
        waiting = [
            name for step, name in ((ClosingStep.SIGN, "签字"), (ClosingStep.VERIFY, "核查")) if step not in steps
        ] or ["销号"]
        days = calendar.workdays_between(business_date(asked.done_at), past.as_of)
        who = "牵头领导" if waiting[0] == "签字" else "督查室"
        yield Stuck("申请销号待办", item_id, f"待{'、'.join(waiting)}", max(days, 0), who)


def _late_check_ins(_session: Session, _plan_id: int, past: Past, calendar: Calendar) -> Iterator[Stuck]:
    for clock in sorted(past.clocks, key=lambda c: c.due_on):
        if clock.kind is ClockKind.CHECK_IN and clock.due_on < past.as_of and _live(past, clock.item_id):
            days = calendar.workdays_between(clock.due_on, past.as_of)
            yield Stuck("长效报告逾期", clock.item_id, f"应于{date_zh(clock.due_on)}前报送", days, "责任单位")


def _undelivered(session: Session, plan_id: int, past: Past, calendar: Calendar) -> Iterator[Stuck]:
    rows = session.execute(
        select(Notice.item_id, Delivery.name, Delivery.status, Delivery.error, Delivery.as_of)
        .join(NoticeRecipient, NoticeRecipient.notice_id == Notice.id)
        .join(Delivery, Delivery.id == NoticeRecipient.delivery_id)
        .where(
            Notice.plan_id == plan_id,
            Notice.item_id.is_not(None),
            Delivery.as_of <= past.as_of,
            Delivery.settled_by.is_(None),
            Delivery.status.in_((DeliveryStatus.UNKNOWN, DeliveryStatus.FAILED)),
        )
        .order_by(Delivery.id)
    ).tuples()
    for item_id, name, status, error, on in rows:
        words = "发送失败" if status is DeliveryStatus.FAILED else "是否送达不明"
        days = max(calendar.workdays_between(on, past.as_of), 0)
        yield Stuck("通知未送达", item_id or 0, f"致{name}：{words}（{error}）", days, "督查室")


def _paused(session: Session, plan_id: int, past: Past, calendar: Calendar) -> Iterator[Stuck]:
    rows = session.execute(
        select(ClockPause, Clock.item_id)
        .join(Clock, Clock.id == ClockPause.clock_id)
        .where(
            Clock.plan_id == plan_id,
            ClockPause.paused_on <= past.as_of,
            ClockPause.resumed_on.is_(None) | (ClockPause.resumed_on > past.as_of),
            Clock.ended_at.is_(None) | (Clock.ended_at > _end_of(past.as_of)),
        )
        .order_by(ClockPause.paused_on)
    ).tuples()
    for pause, item_id in rows:
        if _live(past, item_id):
            days = calendar.workdays_between(pause.paused_on, past.as_of)
            yield Stuck("暂停计时", item_id, f"{date_zh(pause.paused_on)}起：{pause.reason}", days, "督查室")


def _end_of(day: dt.date) -> dt.datetime:
    """The last instant of a day for the authority."""
    return dt.datetime.combine(day, dt.time.max, AUTHORITY_ZONE)


def _uncounted(session: Session, plan_id: int, past: Past, _calendar: Calendar) -> Iterator[Stuck]:
    """Relative limits whose day nobody has given: no clock runs for them."""
    rows = session.execute(
        select(Item.id, Milestone.text)
        .join(Milestone, Milestone.item_id == Item.id)
        .where(Item.plan_id == plan_id, ~Item.dropped)
        .where(~Milestone.done, Milestone.due_on.is_(None), Milestone.kind != "check_in")
        .order_by(Item.position, Milestone.position)
    ).tuples()
    for item_id, text in rows:
        if _live(past, item_id):
            yield Stuck("时限未起算", item_id, f"{quoted(text)}没有日期，须指明起算日", None, "督查室")


def _silent(session: Session, plan_id: int, past: Past, calendar: Calendar) -> Iterator[Stuck]:
    """Open items without progress for long since they were assigned; overdue ones are listed before."""
    rows = session.execute(
        select(Event.item_id, func.max(Event.occurred_at))
        .join(Item, Item.id == Event.item_id)
        .where(
            Item.plan_id == plan_id,
            ~Item.dropped,
            Event.type.in_(PROGRESS | {"item.assigned"}),
            Event.occurred_at <= _end_of(past.as_of),
        )
        .group_by(Event.item_id)
        .order_by(func.max(Event.occurred_at), Event.item_id)
    ).tuples()
    for item_id, at in rows:
        due_on = past.items[item_id].due_on if _live(past, item_id) else dt.date.min
        days = calendar.workdays_between(business_date(at), past.as_of)
        if days > SILENT_AFTER and (due_on is None or due_on >= past.as_of):
            yield Stuck("长期无进展记录", item_id, f"{date_zh(business_date(at))}以来没有进展", days, "责任单位")
