"""Mails that come back: a delivery status notification fails the mail that it is about; automatic answers do nothing.

RFC 3464 says what such a report looks like, RFC 3834 what an automatic answer is. A report counts only for a mail of
ours, known by its Message-ID; its recipient's notices then go to the supervision office, which hears for whom.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from email import policy
from email.message import Message
from email.parser import BytesParser
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import SYSTEM
from duban.errors import DubanError, Unreadable
from duban.services.deliver import answer_for
from duban.services.event_log import Happening, append_all
from duban.services.sign_in import log_access
from models import Delivery, DeliveryStatus, Notice, NoticeRecipient

LARGEST = 25 * 1024 * 1024
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,190}>")
_BOUNCED = (DeliveryStatus.SENT, DeliveryStatus.UNKNOWN, DeliveryStatus.SENDING)


class NotOurMail(DubanError):
    """The report is about no mail that was sent from here: {message_id}.

    Give the report as it arrived, with the message or the headers that it returns.
    """

    code = "not_our_mail"
    status = 404


class Incoming(StrEnum):
    """What an incoming mail is, and what became of it."""

    FAILED = "failed"  # the mail did not arrive: its delivery failed now
    KNOWN = "known"  # its delivery had failed before
    DELAYED = "delayed"  # it may still arrive, or did: nothing changes
    AUTOMATIC = "automatic"  # an out-of-office answer or the like: nothing changes
    PERSONAL = "personal"  # somebody wrote: for a person to read


@dataclass(frozen=True, slots=True)
class Received:
    """One incoming mail: what it is, the delivery that it is about, and the reason in the words of the server."""

    incoming: Incoming
    delivery_id: int | None = None
    name: str | None = None
    reason: str = ""


def receive(database: Database, data: bytes, now: dt.datetime) -> Received:
    """Takes one mail as it arrived, and records what it is. Raises Unreadable, or NotOurMail for a report of another's.

    The same report again changes nothing.
    """
    message = _parsed(data)
    if message.get_content_type() == "multipart/report" and _status_part(message) is not None:
        received = _report(database, message, now)
    elif _is_automatic(message):
        received = Received(Incoming.AUTOMATIC, reason=_text(message["Subject"]))
    else:
        received = Received(Incoming.PERSONAL, reason=_text(message["Subject"]))
    log_access(
        database,
        actor=_text(message["From"]) or "-",
        action="mail.received",
        outcome=received.incoming.value,
        address="mail",
        now=now,
        detail=received.reason,
    )
    return received


def _parsed(data: bytes) -> Message:
    remedy = "Give one mail as a file (.eml), or on standard input with -."
    if not data.strip() or len(data) > LARGEST:
        raise Unreadable("it is empty" if not data.strip() else "it is larger than 25 MB", remedy)
    message = BytesParser(policy=policy.compat32).parsebytes(data)
    if not message.keys() or not (message["From"] or message["Received"] or message["Message-ID"]):
        raise Unreadable("it has no headers of a mail", remedy)
    return message


def _report(database: Database, message: Message, now: dt.datetime) -> Received:
    groups = _recipient_groups(message)
    failed = next((g for g in groups if _text(g["Action"]).lower() == "failed"), None)
    ids = _returned_ids(message)
    with database.write() as session:
        mail = session.scalars(
            select(Delivery).where(Delivery.message_id.in_(ids)).order_by(Delivery.id).with_for_update()
        ).first()
        if mail is None:
            raise NotOurMail(message_id=", ".join(ids) or "it names none")
        if failed is None:
            return Received(Incoming.DELAYED, mail.id, mail.name, _reason(groups[0]) if groups else "")
        if mail.status not in _BOUNCED:
            return Received(Incoming.KNOWN, mail.id, mail.name, mail.error or "")
        reason = f"退信:{_reason(failed)}"
        _fail(session, mail, reason, now)
        return Received(Incoming.FAILED, mail.id, mail.name, reason)


def _fail(session: Session, mail: Delivery, reason: str, now: dt.datetime) -> None:
    """The mail had left and came back: it failed after all, and the supervision office answers for its recipient."""
    mail.status, mail.error, mail.sending_until, mail.sent_at = DeliveryStatus.FAILED, reason, None, None
    session.flush()
    answer_for(session, mail.id)
    items = session.scalars(
        select(Notice.item_id)
        .join(NoticeRecipient, NoticeRecipient.notice_id == Notice.id)
        .where(NoticeRecipient.delivery_id == mail.id, Notice.item_id.is_not(None))
        .distinct()
        .order_by(Notice.item_id)
    ).all()
    payload = {"delivery": mail.id, "name": mail.name, "status": mail.status.value}
    append_all(
        session, [Happening(i, "delivery.bounced", SYSTEM, now, reason, payload) for i in items if i is not None], now
    )


def _status_part(message: Message) -> Message | None:
    return next((p for p in message.walk() if p.get_content_type() == "message/delivery-status"), None)


def _recipient_groups(message: Message) -> list[Message]:
    """The groups of fields of the report, one a recipient; the first group is about the message as a whole."""
    part = _status_part(message)
    payload = part.get_payload() if part is not None else None
    groups = [g for g in payload if isinstance(g, Message)] if isinstance(payload, list) else []
    return [g for g in groups if g["Action"]]


def _returned_ids(message: Message) -> list[str]:
    """The Message-IDs of what is returned: of the message or its headers that the report carries, in their order.

    Those that the report refers to itself come last: some servers return nothing.
    """
    found: list[str] = []
    for part in message.walk():
        if part.get_content_type() == "text/rfc822-headers":
            headers = part.get_payload(decode=True)
            if isinstance(headers, bytes):
                found += _ids(BytesParser(policy=policy.compat32).parsebytes(headers, headersonly=True)["Message-ID"])
        elif part.get_content_type() in ("message/rfc822", "message/global", "message/rfc822-headers"):
            inner = part.get_payload()
            returned = inner[0] if isinstance(inner, list) and inner else None
            found += _ids(returned["Message-ID"]) if isinstance(returned, Message) else []
    return list(dict.fromkeys([*found, *_ids(message["In-Reply-To"]), *_ids(message["References"])]))[:20]


def _ids(value: object) -> list[str]:
    return _MESSAGE_ID.findall(str(value)) if value is not None else []


def _reason(group: Message) -> str:
    """`550 5.1.1 no such user (ye@example.org)`, in one line."""
    said = _text(group["Diagnostic-Code"]).partition(";")[2] or _text(group["Diagnostic-Code"])
    status, who = _text(group["Status"]), _text(group["Final-Recipient"]).rpartition(";")[2].strip()
    words = " ".join(part for part in (said.strip() or status, f"({who})" if who else "") if part)
    return words[:500] or "the report gives no reason"


def _is_automatic(message: Message) -> bool:
    """RFC 3834, 5: anything but `no`; and the headers that others used before it."""
    if _text(message["Auto-Submitted"]).partition(";")[0].strip().lower() not in ("", "no"):
        return True
    older = ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress", "X-Autoresponse")
    precedence = _text(message["Precedence"]).lower()
    return any(message[name] for name in older) or precedence in ("auto_reply", "bulk", "junk", "list")


def _text(value: object) -> str:
    """A header in one line; its encoded words as they read."""
    from email.header import decode_header, make_header

    if value is None:
        return ""
    try:
        words = str(make_header(decode_header(str(value))))
    except (LookupError, UnicodeError, ValueError):
        words = str(value)
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:500]
