"""The chat robot of the supervision office: repeats in its group what its mailbox gets, and never instead of it.

A group has more readers than the mailbox, so what is posted carries no link that answers for the office. An SMS gateway
gets one short line and nothing of the text.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from duban.adapters.chat import GATEWAYS, LONGEST_BYTES, ChatRobot, SmsGateway
from duban.adapters.database import Database
from duban.adapters.mail import Transport
from duban.errors import WrongSetting
from duban.notices.links import without_links
from duban.services.deliver import MAIL, ROBOT, Delivered, deliver
from models import Delivery, DeliveryStatus, NoticeRecipient, Party, PartyKind

log = logging.getLogger(__name__)


def robot_from_url(url: str) -> Transport:
    """The robot, or the SMS gateway, that the setting names. Raises WrongSetting."""
    scheme = urlsplit(url).scheme.lower()
    if scheme in GATEWAYS:
        return SmsGateway(url)
    if scheme not in LONGEST_BYTES:
        reason = "it names no robot that is known"
        remedy = f"Begin it with one of {', '.join(f'{known}://' for known in (*LONGEST_BYTES, *GATEWAYS))}."
        raise WrongSetting(name="DUBAN_ROBOT_URL", reason=reason, remedy=remedy)
    return ChatRobot(url)


def repeat_to_robot(
    database: Database, robot: Transport, *, as_of: dt.date, clock: Callable[[], dt.datetime]
) -> Delivered:
    """Posts what the supervision office's mailbox got in this night, once however often the night is run.

    Whatever goes wrong here is told in the result: the mails have left, and the night goes on.
    """
    try:
        with database.write() as session:
            _queue(session, as_of, clock())
        return deliver(database, robot, clock=clock, channel=ROBOT)
    except Exception as error:
        log.exception("the robot failed")
        return Delivered(problem=f"{type(error).__name__}: {error}")


def _queue(session: Session, as_of: dt.date, now: dt.datetime) -> None:
    of_the_office = (
        select(NoticeRecipient.delivery_id)
        .join(Party, Party.id == NoticeRecipient.party_id)
        .where(Party.kind == PartyKind.OFFICE, NoticeRecipient.delivery_id.is_not(None))
    )
    mails = session.scalars(
        select(Delivery)
        .where(Delivery.as_of == as_of, Delivery.channel == MAIL, Delivery.id.in_(of_the_office))
        .order_by(Delivery.id)
    ).all()
    wanted = {_id_of(mail): mail for mail in mails}
    there = set(session.scalars(select(Delivery.message_id).where(Delivery.message_id.in_(wanted))))
    rows = [_row(mail, message_id, now) for message_id, mail in wanted.items() if message_id not in there]
    if rows:
        session.execute(insert(Delivery), rows)


def _id_of(mail: Delivery) -> str:
    """The message's id, from that of the mail that it repeats: a second one is refused by its unique key."""
    return f"<robot.{mail.message_id.removeprefix('<')}"


def _row(mail: Delivery, message_id: str, now: dt.datetime) -> dict[str, object]:
    return {
        "kind": mail.kind,
        "channel": ROBOT,
        "address": ROBOT,
        "name": mail.name,
        "as_of": mail.as_of,
        "message_id": message_id,
        "context": {},
        "subject": mail.subject,
        "text": without_links(mail.text),
        "html": "",
        "template": mail.template,
        "template_hash": mail.template_hash,
        "status": DeliveryStatus.QUEUED,
        "not_before": now,
        "created_at": now,
    }
