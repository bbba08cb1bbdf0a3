"""Notices as they were sent: who got them, in whose place, what became of the sending, and who acknowledged."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Select, func, literal, or_, select
from sqlalchemy.orm import Session, undefer

from duban.adapters.database import Database
from duban.errors import NotFound
from duban.notices.links import without_links
from duban.services.item_look import OPEN_CLOCKS
from duban.services.queries.item import view
from duban.services.queries.scope import OVERSEERS, OutOfScope, Scope, own_parties, visible_notices
from models import Clock, ClockKind, Delivery, Item, Notice, NoticeRecipient, Party, PartyKind, Plan

#: A delivery of this kind carries several notices.
DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class RecipientView:
    """Who gets a notice; `own` where the reader acts for that party and may acknowledge.

    `address` and `error` are shown to the supervision office, and to the party itself.
    `acknowledge_by` is the last day for this one's receipt, null where none was asked; `excused_why` why none is owed.
    """

    id: int
    party_id: int
    name: str
    on_behalf_of: str | None
    role: str
    address: str | None
    why: str | None
    status: str | None
    error: str | None
    sent_at: dt.datetime | None
    acknowledged_at: dt.datetime | None
    acknowledged_by: str | None
    acknowledge_by: dt.date | None
    excused_why: str | None
    own: bool
    delivery_id: int | None
    readable: bool

    @property
    def owed(self) -> bool:
        """Whether this one's receipt is still owed."""
        return self.acknowledge_by is not None and self.acknowledged_at is None and self.excused_why is None


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice as lists show it."""

    id: int
    kind: str
    plan_id: int | None
    plan_code: str | None
    item_id: int | None
    item_number: str | None
    item_title: str | None
    reference: str | None
    colour: str | None
    subject: str | None
    as_of: dt.date
    acknowledge_by: dt.date | None
    created_at: dt.datetime
    has_sheet: bool
    withdrawn_at: dt.datetime | None
    withdrawn_reason: str | None
    recipients: tuple[RecipientView, ...]

    @property
    def own_open(self) -> int:
        """How many receipts of it the reader still owes."""
        return sum(r.own and r.owed for r in self.recipients)


@dataclass(frozen=True, slots=True)
class NoticePage:
    """One page of notices, the newest first, of `total`; `next` is the id to go on below, null at the end."""

    notices: tuple[NoticeRow, ...]
    next: int | None
    total: int


@dataclass(frozen=True, slots=True)
class CopyView:
    """How one reader's copy read, as it was sent; a digest carries several notices."""

    delivery_id: int
    name: str
    subject: str
    text: str
    html: str
    template: str
    template_hash: str
    sent_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class NoticeWhole:
    """A notice with each copy as it was sent; no copy yet where nothing was rendered."""

    row: NoticeRow
    copies: tuple[CopyView, ...]


@dataclass(frozen=True, slots=True)
class NoticeFilter:
    """Which notices: every condition given must hold."""

    plan: int | None = None
    item: int | None = None
    until: dt.date | None = None
    kind: str | None = None
    unacknowledged: bool = False
    mine: bool = False


def list_notices(
    database: Database, *, scope: Scope, where: NoticeFilter, before: int | None = None, limit: int = 50
) -> NoticePage:
    """One page of the notices that a scope may see."""
    query = select(Notice).where(visible_notices(scope))
    if where.plan is not None:
        query = query.where(Notice.plan_id == where.plan)
    if where.item is not None:
        query = query.where(Notice.item_id == where.item)
    if where.until is not None:
        query = query.where(Notice.as_of <= where.until)
    if where.kind is not None:
        query = query.where(Notice.kind == where.kind)
    if where.unacknowledged or where.mine:
        wanted = select(NoticeRecipient.notice_id)
        if where.unacknowledged:
            wanted = wanted.where(NoticeRecipient.id.in_(_owed()))
        if where.mine and not scope.everything:
            wanted = wanted.where(NoticeRecipient.party_id.in_(own_parties(scope)))
        query = query.where(Notice.id.in_(wanted))
    with database.read() as session:
        total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
        below = query.where(Notice.id < before) if before is not None else query
        found = session.scalars(below.order_by(Notice.id.desc()).limit(limit + 1)).all()
        rows = _rows(session, list(found[:limit]), scope)
        return NoticePage(tuple(rows), rows[-1].id if len(found) > limit else None, total)


def one_notice(database: Database, *, notice_id: int, scope: Scope) -> NoticeWhole:
    """One notice with its words. Raises NotFound, OutOfScope."""
    with database.read() as session:
        notice = check_notice(session, notice_id, scope)
        (row,) = _rows(session, [notice], scope)
        return NoticeWhole(row, _copies(session, row))


def sheet_of(database: Database, *, notice_id: int, scope: Scope) -> tuple[str, bytes]:
    """The .docx as sent, with a name for the file. Raises NotFound, OutOfScope."""
    with database.read() as session:
        check_notice(session, notice_id, scope)
        notice = session.scalar(select(Notice).where(Notice.id == notice_id).options(undefer(Notice.sheet)))
        if notice is None or notice.sheet is None:
            raise NotFound(what="sheet of notice", key=notice_id)
        return f"{_reference(notice) or notice.kind}-{notice.id}.docx", notice.sheet


def _copies(session: Session, row: NoticeRow) -> tuple[CopyView, ...]:
    """The copies that the reader may see: all of them to the office, else those of the reader's own parties.

    Whoever reads another's mail here does not get the key to answer it with.
    """
    seen = {r.delivery_id for r in row.recipients if r.delivery_id is not None and r.readable}
    sent = session.scalars(select(Delivery).where(Delivery.id.in_(seen)).order_by(Delivery.id))
    return tuple(
        view(CopyView, d, delivery_id=d.id, text=without_links(d.text), html=without_links(d.html)) for d in sent
    )


def check_notice(session: Session, notice_id: int, scope: Scope) -> Notice:
    """The notice, if it exists and may be seen. Raises NotFound, OutOfScope."""
    notice = session.get(Notice, notice_id)
    if notice is None:
        raise NotFound(what="notice", key=notice_id)
    if session.scalar(select(Notice.id).where(Notice.id == notice_id, visible_notices(scope))) is None:
        raise OutOfScope(what=f"Notice {notice_id}", parties=scope.named())
    return notice


def _reference(notice: Notice) -> str | None:
    return f"{notice.series}〔{notice.year}〕{notice.number}号" if notice.series else None


def _rows(session: Session, notices: list[Notice], scope: Scope) -> list[NoticeRow]:
    plans = _named(session, {n.plan_id for n in notices})
    item_ids = {n.item_id for n in notices if n.item_id is not None}
    about = session.execute(select(Item.id, Item.number, Item.title).where(Item.id.in_(item_ids))).tuples()
    items = {item_id: (number, title) for item_id, number, title in about}
    subjects = _subjects(session, [n.id for n in notices])
    recipients = _recipients(session, [n.id for n in notices], scope)
    with_sheet = set(
        session.scalars(select(Notice.id).where(Notice.id.in_([n.id for n in notices]), Notice.sheet.is_not(None)))
    )
    return [
        NoticeRow(
            id=n.id,
            kind=n.kind,
            plan_id=n.plan_id,
            plan_code=plans.get(n.plan_id) if n.plan_id is not None else None,
            item_id=n.item_id,
            item_number=items.get(n.item_id, (None, None))[0] if n.item_id is not None else None,
            item_title=items.get(n.item_id, (None, None))[1] if n.item_id is not None else None,
            reference=_reference(n),
            colour=n.colour,
            subject=subjects.get(n.id),
            as_of=n.as_of,
            acknowledge_by=n.acknowledge_by,
            created_at=n.created_at,
            has_sheet=n.id in with_sheet,
            withdrawn_at=n.withdrawn_at,
            withdrawn_reason=n.withdrawn_reason,
            recipients=tuple(recipients.get(n.id, ())),
        )
        for n in notices
    ]


def _named(session: Session, ids: set[int | None]) -> dict[int, str]:
    wanted = [i for i in ids if i is not None]
    return dict(session.execute(select(Plan.id, Plan.code).where(Plan.id.in_(wanted))).tuples().all())


def _subjects(session: Session, ids: list[int]) -> dict[int, str]:
    """The subject of each notice's own mail; one that only went out within digests has none of its own."""
    rows = session.execute(
        select(NoticeRecipient.notice_id, Delivery.subject)
        .join(Delivery, Delivery.id == NoticeRecipient.delivery_id)
        .where(NoticeRecipient.notice_id.in_(ids), Delivery.kind != DIGEST)
        .order_by(Delivery.id)
    ).tuples()
    found: dict[int, str] = {}
    for notice_id, subject in rows:
        found.setdefault(notice_id, subject)
    return found


def _recipients(session: Session, ids: list[int], scope: Scope) -> dict[int, list[RecipientView]]:
    own = set(session.scalars(_own(scope)))
    receipt = (
        select(Clock.recipient_id, func.max(Clock.due_on).label("due_on"))
        .where(Clock.kind == ClockKind.ACKNOWLEDGE)
        .group_by(Clock.recipient_id)
        .subquery()
    )
    rows = session.execute(
        select(NoticeRecipient, Party.name, Delivery.status, Delivery.error, Delivery.sent_at, receipt.c.due_on)
        .join(Party, Party.id == NoticeRecipient.party_id)
        .outerjoin(Delivery, Delivery.id == NoticeRecipient.delivery_id)
        .outerjoin(receipt, receipt.c.recipient_id == NoticeRecipient.id)
        .where(NoticeRecipient.notice_id.in_(ids))
        .order_by(NoticeRecipient.role.desc(), NoticeRecipient.id)
    )
    found: dict[int, list[RecipientView]] = {}
    for r, name, status, error, sent_at, due_on in rows:
        mine = r.party_id in own or r.for_party_id in own
        shown = scope.sees_addresses or mine  # a server's refusal names the address too
        found.setdefault(r.notice_id, []).append(
            RecipientView(
                id=r.id,
                party_id=r.party_id,
                name=name,
                on_behalf_of=r.for_name or None,
                role=r.role,
                address=r.address if shown else None,
                why=r.why,
                status=status.value if status is not None else None,
                error=error if shown else None,
                sent_at=sent_at,
                acknowledged_at=r.acknowledged_at,
                acknowledged_by=r.acknowledged_by,
                acknowledge_by=due_on,
                excused_why=r.excused_why,
                own=mine,
                delivery_id=r.delivery_id,
                readable=scope.everything or mine,
            )
        )
    return found


def _owed() -> Select[tuple[int | None]]:
    """The copies whose receipt is owed: a clock runs for each. None runs for what waits for its plan's release."""
    return select(Clock.recipient_id).where(Clock.kind == ClockKind.ACKNOWLEDGE, Clock.state.in_(OPEN_CLOCKS))


def _own(scope: Scope) -> Select[tuple[int]]:
    """The parties that a scope acts for; the supervision office is its people's."""
    if scope.everything:
        return select(Party.id).where(Party.kind == PartyKind.OFFICE, literal(scope.role in OVERSEERS))
    return own_parties(scope)


def owed_receipts(session: Session, scope: Scope) -> tuple[NoticeRow, ...]:
    """Notices that wait for a receipt (签收) from the scope's parties; to the office, those that came to it."""
    own = _own(scope)
    mine = or_(NoticeRecipient.party_id.in_(own), NoticeRecipient.for_party_id.in_(own))
    first = (
        select(NoticeRecipient.notice_id, func.min(Clock.due_on).label("due_on"))
        .join(Clock, Clock.recipient_id == NoticeRecipient.id)
        .where(Clock.kind == ClockKind.ACKNOWLEDGE, Clock.state.in_(OPEN_CLOCKS), mine)
        .group_by(NoticeRecipient.notice_id)
        .subquery()
    )
    found = session.scalars(
        select(Notice).join(first, first.c.notice_id == Notice.id).order_by(first.c.due_on, Notice.id)
    ).all()
    return tuple(_rows(session, list(found), scope))
