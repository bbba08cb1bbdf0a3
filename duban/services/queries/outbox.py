"""The outbox as the supervision office looks at it: what waits and until when, what needs a person, what was held back.

Mails are shown without the links in them: whoever reads another's mail gets no key to answer it with.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.errors import NotFound
from duban.notices.links import without_links
from models import Delivery, DeliveryStatus, Item, Notice, NoticeRecipient


class Standing(StrEnum):
    """How a mail stands, as a person asks for it."""

    WAITING = "waiting"  # due, and leaves with the next pass over the outbox
    THROTTLED = "throttled"  # put off to its time by the limits on mails an hour and a minute
    RETRYING = "retrying"  # refused for now, tried again at its time
    SENDING = "sending"
    UNKNOWN = "unknown"  # a person has to find out
    FAILED = "failed"  # a person has to look
    SETTLED = "settled"  # failed or given up, and a person has decided about it
    SENT = "sent"
    WITHDRAWN = "withdrawn"  # held back with the notice that was taken back


#: Mails that somebody has to decide about.
FOR_A_PERSON = (Standing.UNKNOWN, Standing.FAILED)


@dataclass(frozen=True, slots=True)
class Carried:
    """A notice in a mail."""

    notice_id: int
    kind: str
    reference: str | None
    item_id: int | None
    item_number: str | None
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class MailRow:
    """One mail: to whom, what it carries, how it stands. `not_before` is when it may leave, while it waits."""

    id: int
    standing: Standing
    kind: str
    channel: str
    name: str
    address: str
    subject: str
    as_of: dt.date
    attempts: int
    error: str | None
    not_before: dt.datetime | None
    sent_at: dt.datetime | None
    settled_by: str | None
    created_at: dt.datetime
    notices: tuple[Carried, ...]

    @property
    def resendable(self) -> bool:
        """Whether a person may send it again: no notice in it was taken back."""
        failed = self.standing in (Standing.UNKNOWN, Standing.FAILED, Standing.SETTLED)
        return failed and not any(n.withdrawn for n in self.notices)


@dataclass(frozen=True, slots=True)
class MailPage:
    """One page of mails, the newest first; `next` is the id to go on below, null at the end. `counts` are of all."""

    mails: tuple[MailRow, ...]
    counts: dict[str, int]
    next: int | None


@dataclass(frozen=True, slots=True)
class MailWhole:
    """A mail with its words."""

    row: MailRow
    text: str


@dataclass(frozen=True, slots=True)
class MailFilter:
    """Which mails: every condition given must hold. `q` is looked for in name, address and subject."""

    standings: tuple[Standing, ...] = ()
    q: str | None = None
    item: int | None = None
    notice: int | None = None
    kind: str | None = None


def outbox_page(
    database: Database, *, where: MailFilter, now: dt.datetime, before: int | None = None, limit: int = 50
) -> MailPage:
    """One page of the outbox, as it stands at `now`."""
    query = select(Delivery).order_by(Delivery.id.desc())
    if before is not None:
        query = query.where(Delivery.id < before)
    if where.standings:
        query = query.where(or_(*(_is(s, now) for s in where.standings)))
    if where.kind is not None:
        query = query.where(Delivery.kind == where.kind)
    if where.q:
        query = query.where(
            or_(*(c.icontains(where.q, autoescape=True) for c in (Delivery.name, Delivery.address, Delivery.subject)))
        )
    if where.item is not None or where.notice is not None:
        query = query.where(Delivery.id.in_(_carrying(where)))
    with database.read() as session:
        found = session.scalars(query.limit(limit + 1)).all()
        rows = _rows(session, found[:limit], now)
        return MailPage(rows, _counts(session, now), rows[-1].id if len(found) > limit else None)


def one_mail(database: Database, *, delivery_id: int, now: dt.datetime) -> MailWhole:
    """One mail with its words. Raises NotFound."""
    with database.read() as session:
        mail = session.get(Delivery, delivery_id)
        if mail is None:
            raise NotFound(what="mail", key=delivery_id)
        (row,) = _rows(session, [mail], now)
        return MailWhole(row, without_links(mail.text))


def _is(standing: Standing, now: dt.datetime) -> ColumnElement[bool]:
    queued, failed = Delivery.status == DeliveryStatus.QUEUED, Delivery.status == DeliveryStatus.FAILED
    later = and_(queued, Delivery.not_before > now)
    special = {
        Standing.WAITING: and_(queued, Delivery.not_before <= now),
        Standing.THROTTLED: and_(later, Delivery.error.is_(None)),
        Standing.RETRYING: and_(later, Delivery.error.is_not(None)),
        Standing.FAILED: and_(failed, Delivery.settled_by.is_(None)),
        Standing.SETTLED: and_(failed, Delivery.settled_by.is_not(None)),
        Standing.WITHDRAWN: Delivery.status == DeliveryStatus.SUPPRESSED,
    }
    return special[standing] if standing in special else Delivery.status == DeliveryStatus(standing.value)


def _standing(mail: Delivery, now: dt.datetime) -> Standing:
    match mail.status:
        case DeliveryStatus.QUEUED if mail.not_before <= now:
            return Standing.WAITING
        case DeliveryStatus.QUEUED:
            return Standing.THROTTLED if mail.error is None else Standing.RETRYING
        case DeliveryStatus.FAILED if mail.settled_by is not None:
            return Standing.SETTLED
        case DeliveryStatus.SUPPRESSED:
            return Standing.WITHDRAWN
    return Standing(mail.status.value)


def _counts(session: Session, now: dt.datetime) -> dict[str, int]:
    """How many mails stand how; those that were sent come from one statement with the others of their status."""
    by_status = dict(session.execute(select(Delivery.status, func.count()).group_by(Delivery.status)).tuples().all())
    found = {}
    for standing in Standing:
        if standing.value in set(DeliveryStatus) and standing is not Standing.FAILED:
            found[standing.value] = by_status.get(DeliveryStatus(standing.value), 0)
        elif standing is Standing.WITHDRAWN:
            found[standing.value] = by_status.get(DeliveryStatus.SUPPRESSED, 0)
        else:
            found[standing.value] = session.scalar(select(func.count(Delivery.id)).where(_is(standing, now))) or 0
    return found


def _carrying(where: MailFilter) -> Select[tuple[int | None]]:
    query = select(NoticeRecipient.delivery_id).where(NoticeRecipient.delivery_id.is_not(None))
    if where.notice is not None:
        query = query.where(NoticeRecipient.notice_id == where.notice)
    if where.item is not None:
        query = query.join(Notice, Notice.id == NoticeRecipient.notice_id).where(Notice.item_id == where.item)
    return query


def _rows(session: Session, mails: Iterable[Delivery], now: dt.datetime) -> tuple[MailRow, ...]:
    mails = list(mails)
    carried = _carried(session, [m.id for m in mails])
    return tuple(
        MailRow(
            id=m.id,
            standing=_standing(m, now),
            kind=m.kind,
            channel=m.channel,
            name=m.name,
            address=m.address,
            subject=m.subject,
            as_of=m.as_of,
            attempts=m.attempts,
            error=m.error,
            not_before=m.not_before if m.status is DeliveryStatus.QUEUED else None,
            sent_at=m.sent_at,
            settled_by=m.settled_by,
            created_at=m.created_at,
            notices=tuple(carried[m.id]),
        )
        for m in mails
    )


def _carried(session: Session, ids: list[int]) -> dict[int, list[Carried]]:
    rows = session.execute(
        select(NoticeRecipient.delivery_id, Notice, Item.number)
        .join(Notice, Notice.id == NoticeRecipient.notice_id)
        .outerjoin(Item, Item.id == Notice.item_id)
        .where(NoticeRecipient.delivery_id.in_(ids))
        .order_by(Notice.id)
    ).tuples()
    found: dict[int, list[Carried]] = defaultdict(list)
    for delivery_id, notice, item_number in rows:
        reference = f"{notice.series}〔{notice.year}〕{notice.number}号" if notice.number is not None else None
        carried = Carried(
            notice.id, notice.kind, reference, notice.item_id, item_number, notice.withdrawn_at is not None
        )
        if delivery_id is not None and carried not in found[delivery_id]:
            found[delivery_id].append(carried)
    return found
