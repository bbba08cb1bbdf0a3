"""The outbox: claim → send with no session open → settle. What nobody can know is `unknown`, and waits for a person."""

from __future__ import annotations

import datetime as dt
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select, update
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
from duban.services.compose import SHEETS_A_MAIL
from models import Delivery, DeliveryStatus, Notice, NoticeRecipient, Party, PartyKind

SENDING_FOR = dt.timedelta(minutes=5)
#: Waiting times between attempts that were refused for now; after the last one a person has to look.
BACK_OFF = tuple(dt.timedelta(minutes=m) for m in (5, 15, 60, 240, 480, 960))
INTERRUPTED = "发送过程中断,无法确认对方是否收到;请核实后处理"


@dataclass(slots=True)
class Delivered:
    """What one pass over the outbox did. `waiting` are queued for a later attempt."""

    sent: int = 0
    waiting: int = 0
    failed: int = 0
    unknown: int = 0
    problem: str | None = None


def deliver(
    database: Database,
    transport: Transport,
    *,
    clock: Callable[[], dt.datetime],
    progress: Callable[[int], None] = lambda _: None,
) -> Delivered:
    """Sends what is queued and due now, over one connection; returns counts. Several may run at once."""
    done = Delivered()
    sweep(database, clock(), repeatable=transport.repeatable)
    claimant = f"{socket.gethostname()}:{os.getpid()}"
    if not _any_due(database, clock()):
        return done
    try:
        with transport.open() as mailing:
            while (delivery := _claim(database, claimant, clock())) is not None:
                _send(database, mailing, delivery, clock, done)
                progress(done.sent)
    except TransportUnavailable as error:
        done.problem = f"{error.message} {error.remedy}"
    return done


def sweep(database: Database, now: dt.datetime, *, repeatable: bool) -> int:
    """Whatever was being sent when its deadline passed: queued again where a repeat cannot double it, else unknown."""
    values: dict[str, object] = (
        {"status": DeliveryStatus.QUEUED, "sending_until": None, "claimed_by": None}
        if repeatable
        else {"status": DeliveryStatus.UNKNOWN, "sending_until": None, "error": INTERRUPTED}
    )
    with database.write() as session:
        swept = session.execute(
            update(Delivery)
            .where(Delivery.status == DeliveryStatus.SENDING, Delivery.sending_until < now)
            .values(**values)
            .returning(Delivery.id)
        )
        return len(swept.all())


def _due(now: dt.datetime) -> tuple[object, ...]:
    return (Delivery.status == DeliveryStatus.QUEUED, Delivery.not_before <= now)


def _any_due(database: Database, now: dt.datetime) -> bool:
    with database.read() as session:
        return session.scalars(select(Delivery.id).where(*_due(now)).limit(1)).first() is not None  # type: ignore[arg-type]


def _claim(database: Database, claimant: str, now: dt.datetime) -> Delivery | None:
    """The next mail, marked as being sent until a deadline; committed before anything leaves."""
    with database.write() as session:
        delivery = session.scalars(
            select(Delivery).where(*_due(now)).order_by(Delivery.id).limit(1).with_for_update(skip_locked=True)  # type: ignore[arg-type]
        ).first()
        if delivery is None:
            return None
        delivery.status = DeliveryStatus.SENDING
        delivery.sending_until = now + SENDING_FOR
        delivery.claimed_by = claimant
        delivery.attempts += 1
        return delivery


def _send(
    database: Database, mailing: Mailing, delivery: Delivery, clock: Callable[[], dt.datetime], done: Delivered
) -> None:
    with database.read() as session:
        outgoing = outgoing_of(session, delivery)
    try:
        mailing.send(outgoing)
    except TemporaryRefusal as error:
        _settle_later(database, delivery, error.reason, clock(), done)
        if isinstance(error, TransportUnavailable):
            raise
    except PermanentRefusal as error:
        _settle(database, delivery, DeliveryStatus.FAILED, clock(), error.reason)
        done.failed += 1
    except OutcomeUnknown as error:
        _settle(database, delivery, DeliveryStatus.UNKNOWN, clock(), error.reason)
        done.unknown += 1
    else:
        _settle(database, delivery, DeliveryStatus.SENT, clock(), None)
        done.sent += 1


def outgoing_of(session: Session, delivery: Delivery) -> Outgoing:
    """The mail as it leaves: its stored text, with the sheets of the notices that it carries."""
    sheets = session.execute(
        select(Notice.kind, Notice.context, Notice.sheet)
        .where(
            Notice.id.in_(select(NoticeRecipient.notice_id).where(NoticeRecipient.delivery_id == delivery.id)),
            Notice.sheet.is_not(None),
        )
        .order_by(Notice.id)
        .limit(SHEETS_A_MAIL)
    ).tuples()
    return Outgoing(
        message_id=delivery.message_id,
        date=delivery.created_at,
        to_name=delivery.name,
        to_address=delivery.address,
        subject=delivery.subject,
        text=delivery.text,
        html=delivery.html,
        attachments=tuple(
            Attachment(sheet_file_name(context, kind), DOCX, data) for kind, context, data in sheets if data
        ),
    )


def _settle(
    database: Database, delivery: Delivery, status: DeliveryStatus, now: dt.datetime, error: str | None
) -> None:
    with database.write() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.id == delivery.id, Delivery.status == DeliveryStatus.SENDING)
            .values(
                status=status,
                sending_until=None,
                error=error,
                sent_at=now if status is DeliveryStatus.SENT else None,
            )
        )
        if status is DeliveryStatus.FAILED:
            _answer_for(session, delivery)


def _settle_later(database: Database, delivery: Delivery, error: str, now: dt.datetime, done: Delivered) -> None:
    """Refused for now: waits longer each time, and fails for good after the last attempt."""
    if delivery.attempts > len(BACK_OFF):
        _settle(database, delivery, DeliveryStatus.FAILED, now, error)
        done.failed += 1
        return
    with database.write() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.id == delivery.id, Delivery.status == DeliveryStatus.SENDING)
            .values(
                status=DeliveryStatus.QUEUED,
                sending_until=None,
                error=error,
                not_before=now + BACK_OFF[delivery.attempts - 1],
            )
        )
    done.waiting += 1


def _answer_for(session: Session, delivery: Delivery) -> None:
    """A mail that can never arrive is not silence: the supervision office gets its notices, and hears for whom."""
    rows = session.execute(
        select(NoticeRecipient, Party, Notice.plan_id)
        .join(Party, Party.id == NoticeRecipient.party_id)
        .join(Notice, Notice.id == NoticeRecipient.notice_id)
        .where(NoticeRecipient.delivery_id == delivery.id)
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
