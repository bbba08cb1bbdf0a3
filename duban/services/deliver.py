"""The outbox: claim → send with no session open → settle. What nobody can know is `unknown`, and waits for a person."""

from __future__ import annotations

import datetime as dt
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, bindparam, func, select, text, update
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.adapters.mail import (
    Attachment,
    OutcomeUnknown,
    Outgoing,
    PermanentRefusal,
    TemporaryRefusal,
    Transport,
    TransportUnavailable,
)
from duban.adapters.mail import Session as Mailing
from duban.notices.sheet import DOCX, sheet_file_name
from duban.notices.throttle import Throttle, back_off
from duban.services.compose import SHEETS_A_MAIL
from duban.services.notice_facts import sheet_context
from duban.services.pace import Pace
from models import Delivery, DeliveryStatus, IssuedPaper, Notice, NoticeRecipient, Party, PartyKind

MAIL, ROBOT = "mail", "robot"  # the channels; each has its own transport
UNLIMITED = Throttle()
SENDING_FOR = dt.timedelta(minutes=5)
INTERRUPTED = "发送过程中断,无法确认对方是否收到;请核实后处理"


@dataclass(slots=True)
class Delivered:
    """What one pass over the outbox did. `waiting` are queued for a later attempt."""

    sent: int = 0
    waiting: int = 0
    failed: int = 0
    unknown: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A mail that this process has claimed, ready to leave."""

    id: int
    attempts: int
    outgoing: Outgoing


@dataclass(frozen=True, slots=True)
class Settlement:
    """What came of one attempt, to be written down. `unavailable` ends the pass: the server takes nobody's mail."""

    delivery_id: int
    status: DeliveryStatus
    error: str | None = None
    sent_at: dt.datetime | None = None
    not_before: dt.datetime | None = None
    unavailable: TransportUnavailable | None = None


#: As the index over open mails says it, and not as a parameter: else neither database sees that the index will do.
_OPEN = text("delivery.status IN ('queued', 'sending')")

_TABLE = cast("Table", Delivery.__table__)
_OF_A_MAIL = (
    "id",
    "kind",
    "attempts",
    "message_id",
    "created_at",
    "as_of",
    "name",
    "address",
    "subject",
    "text",
    "html",
)


def deliver(
    database: Database,
    transport: Transport,
    *,
    clock: Callable[[], dt.datetime],
    progress: Callable[[int], None] = lambda _: None,
    throttle: Throttle = UNLIMITED,
    pause: Callable[[float], None] | None = None,
    channel: str = MAIL,
) -> Delivered:
    """Sends what is queued on this channel and due now, over one connection; returns counts. Several may run at once.

    What `throttle` puts off stays queued for its time; with `pause` (of seconds) a time that is near is waited for.
    """
    done = Delivered()
    pace = Pace(database, throttle, channel)
    sweep(database, clock(), repeatable=transport.repeatable, channel=channel)
    if not _any_due(database, clock(), channel):
        return done
    try:
        with transport.open() as mailing:
            _send_all(database, mailing, clock, done, progress, pace)
            while pause is not None and _waited(pace, clock, pause):
                _send_all(database, mailing, clock, done, progress, pace)
    except TransportUnavailable as error:
        done.problem = f"{error.message} {error.remedy}"
    done.waiting += pace.put_off(clock())
    return done


def _waited(pace: Pace, clock: Callable[[], dt.datetime], pause: Callable[[float], None]) -> bool:
    """Whether the time of the next mail that was put off has come, after a pause at most."""
    now = clock()
    if pace.came_due(now):
        return True
    upcoming = pace.next_after(now)
    if upcoming is None:
        return False
    pause((upcoming - now).total_seconds())
    return clock() >= upcoming


def sweep(database: Database, now: dt.datetime, *, repeatable: bool, channel: str = MAIL) -> int:
    """Whatever was being sent when its deadline passed: queued again where a repeat cannot double it, else unknown."""
    values: dict[str, object] = (
        {"status": DeliveryStatus.QUEUED, "sending_until": None, "claimed_by": None}
        if repeatable
        else {"status": DeliveryStatus.UNKNOWN, "sending_until": None, "error": INTERRUPTED}
    )
    with database.write() as session:
        swept = session.execute(
            update(Delivery)
            .where(_OPEN, Delivery.status == DeliveryStatus.SENDING, Delivery.sending_until < now)
            .where(Delivery.channel == channel)
            .values(**values)
            .returning(Delivery.id)
        )
        return len(swept.all())


def _any_due(database: Database, now: dt.datetime, channel: str) -> bool:
    waiting = select(Delivery.id).where(_OPEN, Delivery.status == DeliveryStatus.QUEUED, Delivery.not_before <= now)
    with database.read() as session:
        return session.scalars(waiting.where(Delivery.channel == channel).limit(1)).first() is not None


def _send_all(
    database: Database,
    mailing: Mailing,
    clock: Callable[[], dt.datetime],
    done: Delivered,
    progress: Callable[[int], None],
    pace: Pace,
) -> None:
    """One mail after the other, each claimed before it leaves; a claim commits together with the mail before it."""
    claimant = f"{socket.gethostname()}:{os.getpid()}"
    settlement: Settlement | None = None
    try:
        while (taken := _turn(database, settlement, claimant, clock(), pace)) is not None:
            settlement = None  # settled; and of the mail just taken nothing is known until the attempt ends
            settlement = _attempt(mailing, taken, clock, done)
            progress(done.sent)
            if settlement.unavailable is not None:
                raise settlement.unavailable
        settlement = None
    finally:
        if settlement is not None:
            with database.write() as session:
                _settle(session, settlement)


def _turn(database: Database, before: Settlement | None, claimant: str, now: dt.datetime, pace: Pace) -> Taken | None:
    """Settles the mail before, and marks the next as being sent until a deadline; committed before it leaves."""
    pace.spread(now)
    with database.write() as session:
        if before is not None:
            _settle(session, before)
        return _claim(session, claimant, now, pace.channel)


#: The next mail that is due. Built once: a night asks for it as often as it has mails.
_NEXT = (
    select(Delivery.id)
    .where(_OPEN, Delivery.status == DeliveryStatus.QUEUED, Delivery.not_before <= bindparam("now"))
    .where(Delivery.channel == bindparam("over"))
    .order_by(Delivery.not_before, Delivery.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    update(_TABLE)
    .where(_TABLE.c.id == _NEXT.scalar_subquery())
    .values(
        status=DeliveryStatus.SENDING,
        sending_until=bindparam("until"),
        claimed_by=bindparam("claimant"),
        attempts=_TABLE.c.attempts + 1,
    )
    .returning(*(_TABLE.c[name] for name in _OF_A_MAIL))
)


def _claim(session: Session, claimant: str, now: dt.datetime, channel: str) -> Taken | None:
    values = {"now": now, "until": now + SENDING_FOR, "claimant": claimant, "over": channel}
    claimed = session.connection().execute(_CLAIM, values).one_or_none()
    if claimed is None:
        return None
    return Taken(claimed.id, claimed.attempts, _outgoing(session, claimed))


def _attempt(mailing: Mailing, taken: Taken, clock: Callable[[], dt.datetime], done: Delivered) -> Settlement:
    """Sends one mail; what came of it, to be settled."""
    try:
        mailing.send(taken.outgoing)
    except TemporaryRefusal as error:
        unavailable = error if isinstance(error, TransportUnavailable) else None
        return _again_later(taken, error.reason, clock(), done, unavailable)
    except PermanentRefusal as error:
        done.failed += 1
        return Settlement(taken.id, DeliveryStatus.FAILED, error=error.reason)
    except OutcomeUnknown as error:
        done.unknown += 1
        return Settlement(taken.id, DeliveryStatus.UNKNOWN, error=error.reason)
    done.sent += 1
    return Settlement(taken.id, DeliveryStatus.SENT, sent_at=clock())


def _again_later(
    taken: Taken, reason: str, now: dt.datetime, done: Delivered, unavailable: TransportUnavailable | None
) -> Settlement:
    """Refused for now: waits longer each time, and fails for good after the last attempt."""
    wait = back_off(taken.attempts)
    if wait is None:
        done.failed += 1
        return Settlement(taken.id, DeliveryStatus.FAILED, error=reason, unavailable=unavailable)
    done.waiting += 1
    again = now + wait
    return Settlement(taken.id, DeliveryStatus.QUEUED, error=reason, not_before=again, unavailable=unavailable)


_SHEETS = (
    select(Notice.kind, Notice.series, Notice.year, Notice.number, Notice.sheet)
    .where(
        Notice.id.in_(select(NoticeRecipient.notice_id).where(NoticeRecipient.delivery_id == bindparam("delivery"))),
        Notice.sheet.is_not(None),
    )
    .order_by(Notice.id)
    .limit(SHEETS_A_MAIL)
)


def _outgoing(session: Session, delivery: Any) -> Outgoing:
    """The mail as it leaves: its stored text, with the sheets of the notices that it carries."""
    sheets = session.connection().execute(_SHEETS, {"delivery": delivery.id}).tuples()
    return Outgoing(
        message_id=delivery.message_id,
        date=delivery.created_at,
        to_name=delivery.name,
        to_address=delivery.address,
        subject=delivery.subject,
        text=delivery.text,
        html=delivery.html,
        attachments=tuple(
            Attachment(sheet_file_name({"sheet": sheet_context(series, year or 0, number)}, kind), DOCX, data)
            for kind, series, year, number, data in sheets
            if data
        )
        + (_papers(session, delivery.id) if delivery.kind == "papers" else ()),
        label_on=delivery.as_of,
    )


def _papers(session: Session, delivery_id: int) -> tuple[Attachment, ...]:
    """The papers of a period, as the mail names them."""
    context = session.scalars(select(Delivery.context).where(Delivery.id == delivery_id)).one()
    rows = session.execute(
        select(IssuedPaper.title, IssuedPaper.word)
        .where(IssuedPaper.id.in_(context["paper_ids"]))
        .order_by(IssuedPaper.id)
        .limit(SHEETS_A_MAIL)
    ).tuples()
    return tuple(Attachment(f"{title}.docx", DOCX, word) for title, word in rows)


_SETTLE = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("delivery"), _TABLE.c.status == DeliveryStatus.SENDING)
    .values(
        status=bindparam("settled"),
        sending_until=None,
        error=bindparam("why"),
        sent_at=bindparam("sent"),
        not_before=func.coalesce(bindparam("again", type_=_TABLE.c.not_before.type), _TABLE.c.not_before),
    )
)


def _settle(session: Session, settlement: Settlement) -> None:
    session.connection().execute(
        _SETTLE,
        {
            "delivery": settlement.delivery_id,
            "settled": settlement.status,
            "why": settlement.error,
            "sent": settlement.sent_at,
            "again": settlement.not_before,
        },
    )
    if settlement.status is DeliveryStatus.FAILED:
        answer_for(session, settlement.delivery_id)


def answer_for(session: Session, delivery_id: int) -> None:
    """A mail that can never arrive is not silence: the supervision office gets its notices, and hears for whom."""
    rows = session.execute(
        select(NoticeRecipient, Party, Notice.plan_id)
        .join(Party, Party.id == NoticeRecipient.party_id)
        .join(Notice, Notice.id == NoticeRecipient.notice_id)
        .where(NoticeRecipient.delivery_id == delivery_id)
    ).tuples()
    for recipient, party, plan_id in rows.all():
        office = session.scalars(select(Party).where(Party.plan_id == plan_id, Party.kind == PartyKind.OFFICE)).one()
        meant = recipient.for_name or party.name
        known = session.scalars(
            select(NoticeRecipient.id).where(
                NoticeRecipient.notice_id == recipient.notice_id,
                NoticeRecipient.party_id == office.id,
                NoticeRecipient.for_name == meant,
            )
        ).first()
        if office.id == party.id or known is not None or not office.email:
            continue
        session.add(
            NoticeRecipient(
                notice_id=recipient.notice_id,
                party_id=office.id,
                for_party_id=recipient.for_party_id or party.id,
                for_name=meant,
                role=recipient.role,
                address=office.email,
                why=f"{meant}的邮箱拒收,由督查机构代收"[:200],
            )
        )
