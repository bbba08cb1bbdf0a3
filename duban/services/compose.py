"""Composing: the notices of a night become mails, one to each person, rendered with no session open.

A person with one notice gets that notice; one with more gets a digest that carries them, their sheets attached.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.adapters.mail_message import message_id_for
from duban.notices.context import SHEET_KINDS
from duban.notices.digest import Part, digest_context
from duban.notices.rendering import Rendered, Renderer
from duban.notices.sheet import render_sheet_docx
from models import Delivery, DeliveryStatus, Notice, NoticeRecipient, Party, PartyKind, Plan

log = logging.getLogger(__name__)

#: Addresses whose mails one transaction writes.
ADDRESSES_A_BATCH = 50
#: Sheets that travel with one mail: beyond these a mail server refuses it for its size, and the list leads to them.
SHEETS_A_MAIL = 50


@dataclass(frozen=True, slots=True)
class Copy:
    """One reader's copy of one notice."""

    id: int
    notice_id: int
    kind: str
    context: dict[str, Any]  # with its reader
    reader: dict[str, Any]
    has_sheet: bool
    sheet_ready: bool


@dataclass(frozen=True, slots=True)
class Mail:
    """A rendered mail, ready to be queued."""

    kind: str
    context: dict[str, Any]
    rendered: Rendered


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail with the address and the copies that it carries, and the sheets that were made for it, by notice."""

    address: str
    copies: list[Copy]
    mail: Mail
    sheets: dict[int, bytes]


def compose(
    database: Database,
    renderer: Renderer,
    *,
    as_of: dt.date,
    now: dt.datetime,
    domain: str,
    public_url: str,
    progress: Callable[[int], None] = lambda _: None,
    failed: Callable[[str], None] = lambda _: None,
) -> int:
    """Queues the mails of every notice that has none yet; returns how many. Safe to repeat, and after a kill.

    A notice that cannot be written is told to `failed`, stays as it is, and does not stop the others. What belongs to
    a plan that nobody has released waits.
    """
    queued = 0
    with database.read() as session:
        addresses = _addresses(session)
    for start in range(0, len(addresses), ADDRESSES_A_BATCH):
        part = addresses[start : start + ADDRESSES_A_BATCH]
        with database.read() as session:
            copies = _copies(session, part, public_url)
        written = _written(renderer, copies, as_of, public_url, failed)
        with database.write() as session:
            for letter in written:
                _keep_sheets(session, letter.sheets)
                queued += _queue(session, letter, as_of, now, domain)
        progress(queued)
    return queued


def _addresses(session: Session) -> list[str]:
    return list(
        session.scalars(
            select(NoticeRecipient.address)
            .join(Notice, Notice.id == NoticeRecipient.notice_id)
            .join(Plan, Plan.id == Notice.plan_id)
            .where(NoticeRecipient.delivery_id.is_(None), Notice.withdrawn_at.is_(None), Plan.released_at.is_not(None))
            .distinct()
            .order_by(NoticeRecipient.address)
        )
    )


def _copies(session: Session, addresses: list[str], public_url: str) -> dict[str, list[Copy]]:
    """Every copy that waits for a mail, by address, in the order in which its rung was due."""
    rows = session.execute(
        select(NoticeRecipient, Notice, Party, Notice.sheet.is_not(None))
        .join(Notice, Notice.id == NoticeRecipient.notice_id)
        .join(Party, Party.id == NoticeRecipient.party_id)
        .join(Plan, Plan.id == Notice.plan_id)
        .where(
            NoticeRecipient.address.in_(addresses),
            NoticeRecipient.delivery_id.is_(None),
            Notice.withdrawn_at.is_(None),
            Plan.released_at.is_not(None),
        )
        .order_by(NoticeRecipient.address, Notice.id, NoticeRecipient.id)
    ).tuples()
    found: dict[str, list[Copy]] = defaultdict(list)
    for recipient, notice, party, sheet_ready in rows:
        reader = {
            "name": party.name,
            "post": party.post,
            "is_unit": party.kind is not PartyKind.PERSON,
            "address_as": recipient.role,
            "on_behalf_of": recipient.for_name or None,
            "why": recipient.why,
        }
        context = dict(notice.context) | {"recipient": reader, "item": _linked(notice.context.get("item"), public_url)}
        has_sheet = notice.number is not None and notice.kind in SHEET_KINDS
        found[recipient.address].append(
            Copy(recipient.id, notice.id, notice.kind, context, reader, has_sheet, sheet_ready)
        )
    return found


def _linked(item: dict[str, Any] | None, public_url: str) -> dict[str, Any] | None:
    """The item with a link that a reader of the mail can follow."""
    url = item.get("url") if item else None
    return item | {"url": f"{public_url}{url}"} if item and url and url.startswith("/") else item


def _written(
    renderer: Renderer,
    copies: dict[str, list[Copy]],
    as_of: dt.date,
    public_url: str,
    failed: Callable[[str], None],
) -> list[Letter]:
    """A letter for each address; where one cannot be written, one with those of its notices that can."""
    found: list[Letter] = []
    made: set[int] = set()
    for address, of_address in copies.items():
        try:
            letter = _letter(renderer, address, of_address, made, as_of, public_url)
        except Exception:
            log.exception("the mail to %s cannot be written; each of its notices is tried alone", address)
            good = [c for c in of_address if _writable(renderer, address, c, as_of, public_url, failed)]
            if not good:
                continue
            letter = _letter(renderer, address, good, made, as_of, public_url)
        made.update(letter.sheets)
        found.append(letter)
    return found


def _letter(
    renderer: Renderer, address: str, copies: list[Copy], made: set[int], as_of: dt.date, public_url: str
) -> Letter:
    return Letter(
        address, copies, _mail(renderer, copies, as_of, public_url), dict(_sheets(renderer, copies, set(made)))
    )


def _writable(
    renderer: Renderer, address: str, copy: Copy, as_of: dt.date, public_url: str, failed: Callable[[str], None]
) -> bool:
    try:
        _letter(renderer, address, [copy], set(), as_of, public_url)
    except Exception as error:
        failed(f"notice {copy.notice_id} to {address}: {type(error).__name__}: {error}")
        return False
    return True


def _mail(renderer: Renderer, copies: list[Copy], as_of: dt.date, public_url: str) -> Mail:
    if len(copies) == 1:
        only = copies[0]
        return Mail(only.kind, only.context, renderer.render(only.kind, only.context))
    first = copies[0]
    person = {key: first.reader[key] for key in ("name", "post", "is_unit")}
    attached = {c.id for c in [c for c in copies if c.has_sheet][:SHEETS_A_MAIL]}
    parts = [Part(c.kind, c.context, attached=c.id in attached) for c in copies]  # type: ignore[arg-type]
    context = dict(
        digest_context(person, first.context["office"], as_of.isoformat(), parts, url=f"{public_url}/my")  # type: ignore[arg-type]
    )
    return Mail("digest", context, renderer.render("digest", context))


def _sheets(renderer: Renderer, copies: list[Copy], made: set[int]) -> Iterator[tuple[int, bytes]]:
    """The sheet of each numbered notice, made once: all its readers get the same bytes."""
    for copy in copies:
        if copy.has_sheet and not copy.sheet_ready and copy.notice_id not in made:
            made.add(copy.notice_id)
            yield copy.notice_id, render_sheet_docx(copy.context, copy.kind, renderer)


def _keep_sheets(session: Session, sheets: dict[int, bytes]) -> None:
    for notice_id, data in sheets.items():
        session.execute(update(Notice).where(Notice.id == notice_id, Notice.sheet.is_(None)).values(sheet=data))


def _queue(session: Session, letter: Letter, as_of: dt.date, now: dt.datetime, domain: str) -> int:
    """Writes the mail and ties its copies to it; 0 where another process was quicker."""
    address, copies, mail = letter.address, letter.copies, letter.mail
    ids = sorted(c.id for c in copies)
    key = hashlib.sha256(f"{address}:{ids}".encode()).hexdigest()
    taken = session.scalars(
        select(NoticeRecipient.id)
        .where(NoticeRecipient.id.in_(ids), NoticeRecipient.delivery_id.is_(None))
        .with_for_update()
    ).all()
    if sorted(taken) != ids:
        return 0
    delivery_id = session.scalars(
        insert(Delivery)
        .values(
            kind=mail.kind,
            channel="mail",
            address=address,
            name=copies[0].reader["name"],
            as_of=as_of,
            message_id=message_id_for(key, domain),
            context=mail.context,
            subject=mail.rendered.subject[:500],
            text=mail.rendered.text,
            html=mail.rendered.html,
            template=mail.rendered.template,
            template_hash=mail.rendered.template_hash,
            status=DeliveryStatus.QUEUED,
            not_before=now,
            created_at=now,
        )
        .returning(Delivery.id)
    ).one()
    session.execute(update(NoticeRecipient).where(NoticeRecipient.id.in_(ids)).values(delivery_id=delivery_id))
    return 1
