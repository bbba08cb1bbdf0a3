"""What a person decides about mails: whether one of unknown fate arrived, goes out again, or is held back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import RELATION_ZH, Relation
from duban.errors import DubanError, Forbidden, NotFound
from duban.services import receipts
from duban.services.deliver import answer_for
from duban.services.event_log import Happening, append_all
from models import Delivery, DeliveryStatus, Notice, NoticeRecipient

WAITING = (DeliveryStatus.UNKNOWN, DeliveryStatus.FAILED)
#: Nothing of a notice may have left, or be leaving, when it is withdrawn.
LEFT = (DeliveryStatus.SENDING, DeliveryStatus.SENT, DeliveryStatus.UNKNOWN)


class Verdict(StrEnum):
    """What a person knows or wants of a mail."""

    RESEND = "resend"  # it goes out again
    ARRIVED = "arrived"  # it did arrive
    LOST = "lost"  # it did not, and is not sent again: the supervision office answers for it


class OutboxRefused(DubanError):
    """{verdict} is not possible for mail {delivery}: it is {status}.

    A mail of unknown fate can be resent, or recorded as arrived or lost; a failed one can be resent. What carries a
    notice that was withdrawn is not sent again.
    """

    code = "outbox_refused"
    status = 409


class WithdrawalRefused(DubanError):
    """Notice {notice} cannot be withdrawn: {reason}.

    Only a notice that has not been sent can be withdrawn; after that, write another one.
    """

    code = "withdrawal_refused"
    status = 409


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One mail: to whom, what it carries, and how it stands."""

    id: int
    status: DeliveryStatus
    kind: str
    name: str
    address: str
    subject: str
    as_of: dt.date
    attempts: int
    error: str | None
    settled_by: str | None
    notices: tuple[int, ...]


def list_outbox(
    database: Database, *, statuses: tuple[DeliveryStatus, ...] = WAITING, settled: bool = False
) -> tuple[OutboxRow, ...]:
    """The mails in these states, the oldest first; those that a person has decided about only with `settled`."""
    with database.read() as session:
        query = select(Delivery).where(Delivery.status.in_(statuses)).order_by(Delivery.id)
        rows = session.scalars(query if settled else query.where(Delivery.settled_by.is_(None))).all()
        return tuple(
            OutboxRow(
                id=row.id,
                status=row.status,
                kind=row.kind,
                name=row.name,
                address=row.address,
                subject=row.subject,
                as_of=row.as_of,
                attempts=row.attempts,
                error=row.error,
                settled_by=row.settled_by,
                notices=tuple(_notices(session, row.id)),
            )
            for row in rows
        )


def settle(
    database: Database, *, delivery_id: int, verdict: Verdict, actor: Actor, now: dt.datetime, note: str = ""
) -> DeliveryStatus:
    """Records what a person knows of a mail, or sends it again; returns its new status.

    Each item that the mail is about gets an event. Raises NotFound, Forbidden or OutboxRefused.
    """
    _check_office(actor, "处理发送")
    with database.write() as session:
        mail = session.get(Delivery, delivery_id, with_for_update=True)
        if mail is None:
            raise NotFound(what="mail", key=delivery_id)
        possible = WAITING if verdict is Verdict.RESEND else (DeliveryStatus.UNKNOWN,)
        if mail.status not in possible:
            raise OutboxRefused(verdict=verdict.value, delivery=delivery_id, status=mail.status.value)
        withdrawn = _withdrawn(session, delivery_id) if verdict is Verdict.RESEND else []
        if withdrawn:
            status = f"{mail.status.value}, and notice {withdrawn[0]} in it was withdrawn"
            raise OutboxRefused(verdict=verdict.value, delivery=delivery_id, status=status)
        mail.settled_by = actor.name
        if verdict is Verdict.RESEND:
            mail.status, mail.not_before, mail.attempts = DeliveryStatus.QUEUED, now, 0
            mail.settled_by = None  # what becomes of it now is open again
        elif verdict is Verdict.ARRIVED:
            mail.status, mail.sent_at = DeliveryStatus.SENT, now
        else:
            mail.status = DeliveryStatus.FAILED
            answer_for(session, mail.id)
        session.flush()
        _tell(session, mail, verdict, actor, now, note)
        return mail.status


def withdraw(database: Database, *, notice_id: int, reason: str, actor: Actor, now: dt.datetime) -> None:
    """Takes a notice back before it is sent; it stays on record, and its number is not given again.

    A mail that was to carry it with others goes out without it. Raises NotFound, Forbidden or WithdrawalRefused.
    """
    _check_office(actor, "撤回通知")
    with database.write() as session:
        notice = session.get(Notice, notice_id, with_for_update=True)
        if notice is None:
            raise NotFound(what="notice", key=notice_id)
        if notice.withdrawn_at is not None:
            raise WithdrawalRefused(notice=notice_id, reason=f"{notice.withdrawn_by}已于{notice.withdrawn_at:%F}撤回")
        if not reason.strip():
            raise WithdrawalRefused(notice=notice_id, reason="没有写明理由")
        _hold_back(session, notice_id)
        notice.withdrawn_at, notice.withdrawn_reason, notice.withdrawn_by = now, reason.strip(), actor.name
        session.flush()
        if notice.item_id is not None:
            receipts.forget(session, notice.id, now)
            payload = {"notice": notice.id, "kind": notice.kind, "number": notice.number}
            append_all(session, [Happening(notice.item_id, "notice.withdrawn", actor, now, reason, payload)], now)


def _hold_back(session: Session, notice_id: int) -> None:
    """Mails that were to carry the notice do not go; the other notices in them are put together anew."""
    carrying = select(NoticeRecipient.delivery_id).where(
        NoticeRecipient.notice_id == notice_id, NoticeRecipient.delivery_id.is_not(None)
    )
    mails = session.scalars(
        select(Delivery).where(Delivery.id.in_(carrying)).order_by(Delivery.id).with_for_update()
    ).all()
    gone = next((mail for mail in mails if mail.status in LEFT), None)
    if gone is not None:
        raise WithdrawalRefused(notice=notice_id, reason=f"致{gone.name}的邮件已经发出({gone.status.value})")
    for mail in mails:
        if mail.status is DeliveryStatus.QUEUED:
            mail.status, mail.error = DeliveryStatus.SUPPRESSED, f"通知{notice_id}已撤回"
            session.execute(
                update(NoticeRecipient)
                .where(NoticeRecipient.delivery_id == mail.id, NoticeRecipient.notice_id != notice_id)
                .values(delivery_id=None)
            )


def _notices(session: Session, delivery_id: int) -> list[int]:
    query = select(NoticeRecipient.notice_id).where(NoticeRecipient.delivery_id == delivery_id).distinct()
    return list(session.scalars(query.order_by(NoticeRecipient.notice_id)))


def _withdrawn(session: Session, delivery_id: int) -> list[int]:
    """The notices in a mail that were taken back after it had failed."""
    query = (
        select(Notice.id)
        .join(NoticeRecipient, NoticeRecipient.notice_id == Notice.id)
        .where(NoticeRecipient.delivery_id == delivery_id, Notice.withdrawn_at.is_not(None))
    )
    return list(session.scalars(query.order_by(Notice.id)))


def _tell(session: Session, mail: Delivery, verdict: Verdict, actor: Actor, now: dt.datetime, note: str) -> None:
    items = session.scalars(
        select(Notice.item_id)
        .join(NoticeRecipient, NoticeRecipient.notice_id == Notice.id)
        .where(NoticeRecipient.delivery_id == mail.id, Notice.item_id.is_not(None))
        .distinct()
        .order_by(Notice.item_id)
    ).all()
    payload = {"delivery": mail.id, "verdict": verdict.value, "name": mail.name, "status": mail.status.value}
    happenings = [Happening(i, "delivery.settled", actor, now, note, payload) for i in items if i is not None]
    append_all(session, happenings, now)


def _check_office(actor: Actor, action: str) -> None:
    if actor.role not in ("supervisor", "admin"):
        raise Forbidden(actor=actor.name, action=f"{action},", who=RELATION_ZH[Relation.SUPERVISION])
