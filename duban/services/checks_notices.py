"""Invariants of rungs, notices and mails."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from duban.adapters.workdays import official_calendar
from duban.services import receipts
from duban.services.checks_look import Look
from duban.services.item_look import OPEN_CLOCKS
from duban.services.proposal_facts import UNAPPROVED
from duban.services.rules import business_date
from models import (
    Clock,
    ClockKind,
    Delivery,
    DeliveryStatus,
    Night,
    Notice,
    NoticeRecipient,
    NoticeSeries,
    Party,
    PartyKind,
    Plan,
    RungFired,
    RungOutcome,
)


def rung_without_notice_or_reason(look: Look) -> Iterator[str]:
    """Where it does not hold that a rung that fired has a notice with a reader, or the reason why not."""
    reader = exists().where(NoticeRecipient.notice_id == RungFired.notice_id)
    silent = (RungFired.outcome == RungOutcome.NOTICED) & or_(RungFired.notice_id.is_(None), ~reader)
    unexplained = (RungFired.outcome == RungOutcome.SUPPRESSED) & (func.trim(func.coalesce(RungFired.reason, "")) == "")
    for fired, rung in look.rows(
        select(RungFired.id, RungFired.rung)
        .where(or_(silent, unexplained), _lets_go(RungFired.notice_id))
        .order_by(RungFired.id)
    ):
        yield f"rung {fired} ({rung})"


def _lets_go(notice_id: InstrumentedAttribute[int] | InstrumentedAttribute[int | None]) -> ColumnElement[bool]:
    """Nobody reads a sheet that waits for its approval, or never got it: its row in `approval` says so."""
    return or_(notice_id.is_(None), notice_id.not_in(UNAPPROVED))


def notice_without_reader(look: Look) -> Iterator[str]:
    """Where it does not hold that every notice has somebody who reads it."""
    reader = exists().where(NoticeRecipient.notice_id == Notice.id)
    for notice, kind in look.rows(
        select(Notice.id, Notice.kind).where(~reader, _lets_go(Notice.id)).order_by(Notice.id)
    ):
        yield f"notice {notice} ({kind})"


def receipt_without_clock(look: Look) -> Iterator[str]:
    """Where it does not hold that each receipt that a sheet in force asks for has a clock of its own."""
    clocked = aliased(NoticeRecipient)
    clock = exists().where(
        Clock.recipient_id == clocked.id,
        Clock.kind == ClockKind.ACKNOWLEDGE,
        clocked.notice_id == NoticeRecipient.notice_id,
        func.coalesce(clocked.for_party_id, clocked.party_id) == receipts.MEANT,
    )
    query = (
        select(NoticeRecipient.id, Notice.id)
        .join(Notice, Notice.id == NoticeRecipient.notice_id)
        .join(Plan, Plan.id == Notice.plan_id)
        .where(
            Notice.acknowledge_by.is_not(None),
            Notice.item_id.is_not(None),
            Notice.withdrawn_at.is_(None),
            Plan.released_at.is_not(None),
            receipts.UNGIVEN,
            receipts.NAMED,
            ~clock,
        )
        .order_by(NoticeRecipient.id)
    )
    for copy, notice in look.rows(query):
        yield f"copy {copy} of notice {notice}"


def clock_of_settled_receipt(look: Look) -> Iterator[str]:
    """Where it does not hold that no clock waits for a receipt that was given, waived, or of a withdrawn sheet."""
    query = (
        select(Clock.id, Notice.id)
        .join(NoticeRecipient, NoticeRecipient.id == Clock.recipient_id)
        .join(Notice, Notice.id == NoticeRecipient.notice_id)
        .where(
            Clock.kind == ClockKind.ACKNOWLEDGE,
            Clock.state.in_(OPEN_CLOCKS),
            or_(~receipts.UNGIVEN, Notice.withdrawn_at.is_not(None)),
        )
        .order_by(Clock.id)
    )
    for clock, notice in look.rows(query):
        yield f"clock {clock} waits for a receipt of notice {notice}"


def numbering_gap(look: Look) -> Iterator[str]:
    """Where it does not hold that numbers of a series and year run from 1 without a gap."""
    query = (
        select(
            Notice.series,
            Notice.year,
            func.count(),
            func.min(Notice.number),
            func.max(Notice.number),
            NoticeSeries.last,
        )
        .outerjoin(NoticeSeries, (NoticeSeries.series == Notice.series) & (NoticeSeries.year == Notice.year))
        .where(Notice.series.is_not(None))
        .group_by(Notice.series, Notice.year, NoticeSeries.last)
        .order_by(Notice.series, Notice.year)
    )
    for series, year, count, first, last, counter in look.rows(query):
        if first != 1 or last != count or counter != last:
            yield f"{series}〔{year}〕: {count} notices numbered {first} to {last}, the counter stands at {counter}"


def notice_left_behind(look: Look) -> Iterator[str]:
    """What a night that sends should have taken along: written before it began, released, not withdrawn."""
    calendar = official_calendar()
    nights = look.session.scalars(
        select(Night)
        .where(Night.finished_at.is_not(None), Night.as_of <= business_date(look.now))
        .order_by(Night.started_at.desc())
        .limit(60)
    )
    night = next((n for n in nights if calendar.is_workday(n.as_of)), None)
    if night is None:
        return
    query = (
        select(NoticeRecipient.id, NoticeRecipient.notice_id, NoticeRecipient.address)
        .join(Notice, Notice.id == NoticeRecipient.notice_id)
        .join(Plan, Plan.id == Notice.plan_id)
        .where(
            NoticeRecipient.delivery_id.is_(None),
            NoticeRecipient.excused_at.is_(None),
            Notice.withdrawn_at.is_(None),
            Notice.created_at < night.started_at,
            Plan.released_at < night.started_at,
        )
        .order_by(NoticeRecipient.id)
    )
    answered = _answering(look)
    for recipient, notice, address in look.rows(query):
        if recipient not in answered:
            yield f"copy {recipient} of notice {notice} to {address} is in no mail"


def _answering(look: Look) -> set[int]:
    """Copies for the office in place of somebody whose mail failed while it was sent: the next night takes them."""
    failed = (
        select(NoticeRecipient.notice_id)
        .join(Delivery, Delivery.id == NoticeRecipient.delivery_id)
        .where(Delivery.status == DeliveryStatus.FAILED)
    )
    query = (
        select(NoticeRecipient.id)
        .join(Party, Party.id == NoticeRecipient.party_id)
        .where(
            NoticeRecipient.delivery_id.is_(None),
            NoticeRecipient.for_party_id.is_not(None),
            Party.kind == PartyKind.OFFICE,
            NoticeRecipient.notice_id.in_(failed),
        )
    )
    return set(look.session.scalars(query))


def delivery_stuck(look: Look) -> Iterator[str]:
    """Where it does not hold that nothing is being sent past its deadline."""
    query = (
        select(Delivery.id, Delivery.sending_until)
        .where(Delivery.status == DeliveryStatus.SENDING, Delivery.sending_until < look.now)
        .order_by(Delivery.id)
    )
    for delivery, until in look.rows(query):
        yield f"delivery {delivery} should have ended by {until:%Y-%m-%d %H:%M}"


def delivery_astray(look: Look) -> Iterator[str]:
    """Where it does not hold that a mail goes to the address of every copy that it carries."""
    query = (
        select(NoticeRecipient.id, NoticeRecipient.address, Delivery.id, Delivery.address)
        .join(Delivery, Delivery.id == NoticeRecipient.delivery_id)
        .where(NoticeRecipient.address != Delivery.address)
        .order_by(NoticeRecipient.id)
    )
    for copy, meant, delivery, went in look.rows(query):
        yield f"copy {copy} is for {meant}, delivery {delivery} goes to {went}"


def delivery_of_nothing(look: Look) -> Iterator[str]:
    """Where it does not hold that every mail carries a notice."""
    copy = exists().where(NoticeRecipient.delivery_id == Delivery.id)
    for (delivery,) in look.rows(select(Delivery.id).where(~copy, Delivery.kind != "weekly").order_by(Delivery.id)):
        yield f"delivery {delivery}"
