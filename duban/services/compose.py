"""Composing: the notices of a night become mails, one to each person, rendered with no session open.

A person with one notice gets that notice; one with more gets a digest that carries them, their sheets attached.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.adapters.mail_message import message_id_for
from duban.notices.context import SHEET_KINDS, Missed
from duban.notices.digest import Part, digest_context
from duban.notices.rendering import Rendered, Renderer
from duban.notices.sheet import render_sheet_docx
from duban.services.link_keys import LinkMaker
from duban.services.night_facts import KEYS_A_STATEMENT
from models import Clock, ClockKind, Delivery, DeliveryStatus, Notice, NoticeRecipient, Party, PartyKind, Plan

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
    context: dict[str, Any]  # with its reader, and with the reader's own link
    asked: dict[str, Any] | None  # until when receipt is asked for, as the sheet says it to everybody
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
    links: LinkMaker | None = None,
    progress: Callable[[int], None] = lambda _: None,
    failed: Callable[[str], None] = lambda _: None,
) -> int:
    """Queues the mails of every notice that has none yet; returns how many. Safe to repeat, and after a kill.

    With `links`, each reader gets a link of their own to answer each notice; without, one to the pages.
    A notice that cannot be written is told to `failed`, stays as it is, and does not stop the others. What belongs to
    a plan that nobody has released waits.
    """
    queued = 0
    with database.read() as session:
        addresses = _addresses(session)
    for start in range(0, len(addresses), ADDRESSES_A_BATCH):
        part = addresses[start : start + ADDRESSES_A_BATCH]
        with database.read() as session:
            copies = _copies(session, part, public_url, links, now)
        written = _written(renderer, copies, as_of, public_url, failed)
        with database.write() as session:
            queued += _store(session, written, as_of, now, domain)
        progress(queued)
    return queued


def _addresses(session: Session) -> list[str]:
    return list(
        session.scalars(
            select(NoticeRecipient.address)
            .join(Notice, Notice.id == NoticeRecipient.notice_id)
            .join(Plan, Plan.id == Notice.plan_id)
            .where(NoticeRecipient.delivery_id.is_(None), NoticeRecipient.excused_at.is_(None))
            .where(Notice.withdrawn_at.is_(None), Plan.released_at.is_not(None))
            .distinct()
            .order_by(NoticeRecipient.address)
        )
    )


#: Until when the receipt of a copy is owed: who took the item over has a date of his own.
_RECEIPT = (
    select(func.max(Clock.due_on))
    .where(Clock.recipient_id == NoticeRecipient.id, Clock.kind == ClockKind.ACKNOWLEDGE)
    .correlate(NoticeRecipient)
    .scalar_subquery()
)
#: Every copy of some addresses that waits for a mail, with what its reader is told.
_COPIES = (
    select(
        NoticeRecipient.address,
        NoticeRecipient.id,
        NoticeRecipient.role,
        NoticeRecipient.for_name,
        NoticeRecipient.why,
        NoticeRecipient.party_id,
        Party.name,
        Party.post,
        Party.kind.label("party_kind"),
        Notice.id.label("notice_id"),
        Notice.kind,
        Notice.number,
        Notice.context,
        Notice.sheet.is_not(None).label("sheet_ready"),
        _RECEIPT.label("receipt_by"),
    )
    .join(Notice, Notice.id == NoticeRecipient.notice_id)
    .join(Party, Party.id == NoticeRecipient.party_id)
    .join(Plan, Plan.id == Notice.plan_id)
    .where(
        NoticeRecipient.address.in_(bindparam("addresses", expanding=True)),
        NoticeRecipient.delivery_id.is_(None),
        NoticeRecipient.excused_at.is_(None),
        Notice.withdrawn_at.is_(None),
        Plan.released_at.is_not(None),
    )
    .order_by(NoticeRecipient.address, Notice.id, NoticeRecipient.id)
)


def _copies(
    session: Session, addresses: list[str], public_url: str, links: LinkMaker | None, now: dt.datetime
) -> dict[str, list[Copy]]:
    """Every copy that waits for a mail, by address, in the order in which its rung was due."""
    found: dict[str, list[Copy]] = defaultdict(list)
    for row in session.connection().execute(_COPIES, {"addresses": addresses}):
        reader = {
            "name": row.name,
            "post": row.post,
            "is_unit": row.party_kind is not PartyKind.PERSON,
            "address_as": row.role,
            "on_behalf_of": row.for_name or None,
            "why": row.why,
        }
        asked = row.context.get("acknowledge")
        url = links.url(row.party_id, row.notice_id, now) if links else None
        context = row.context | {"recipient": reader, "item": _linked(row.context.get("item"), public_url), "link": url}
        if asked:  # whoever gets a copy for information is asked for nothing
            by_on = row.receipt_by.isoformat() if row.receipt_by else asked["by_on"]
            context["acknowledge"] = {"by_on": by_on, "url": url or f"{public_url}/my"} if row.role == "to" else None
        has_sheet = row.number is not None and row.kind in SHEET_KINDS
        found[row.address].append(
            Copy(row.id, row.notice_id, row.kind, context, asked, reader, has_sheet, row.sheet_ready)
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
    day, url = as_of.isoformat(), f"{public_url}/my"
    digest = digest_context(person, first.context["office"], day, parts, url=url, missed=_missed(copies))  # type: ignore[arg-type]
    context = dict(digest)
    return Mail("digest", context, renderer.render("digest", context))


def _missed(copies: list[Copy]) -> Missed | None:
    """The nights without which something in the digest would have come earlier."""
    found: list[Missed] = [c.context["missed"] for c in copies if c.context.get("missed")]
    return max(found, key=lambda missed: missed["nights"], default=None)


def _sheets(renderer: Renderer, copies: list[Copy], made: set[int]) -> Iterator[tuple[int, bytes]]:
    """The sheet of each numbered notice, made once: all its readers get the same bytes."""
    for copy in copies:
        if copy.has_sheet and not copy.sheet_ready and copy.notice_id not in made:
            made.add(copy.notice_id)
            yield copy.notice_id, render_sheet_docx(_for_all(copy), copy.kind, renderer)


def _for_all(copy: Copy) -> dict[str, Any]:
    """What a sheet says: nothing that is one reader's own, for all readers get the same."""
    return copy.context | {"acknowledge": copy.asked, "link": None}


_NOTICE, _COPY = cast("Table", Notice.__table__), cast("Table", NoticeRecipient.__table__)
_KEEP = (
    update(_NOTICE)
    .where(_NOTICE.c.id == bindparam("notice"), _NOTICE.c.sheet.is_(None))
    .values(sheet=bindparam("data"))
)
_TIE = update(_COPY).where(_COPY.c.id == bindparam("copy")).values(delivery_id=bindparam("delivery"))


def _store(session: Session, letters: Sequence[Letter], as_of: dt.date, now: dt.datetime, domain: str) -> int:
    """Writes these mails with their sheets, and ties their copies to them; gives how many.

    A mail of which another process was quicker to take a copy is left to that process.
    """
    sheets = [{"notice": n, "data": data} for letter in letters for n, data in letter.sheets.items()]
    if sheets:
        session.connection().execute(_KEEP, sheets)
    free = _free(session, [c.id for letter in letters for c in letter.copies])
    ours = [letter for letter in letters if free.issuperset(c.id for c in letter.copies)]
    if not ours:
        return 0
    statement = insert(Delivery).returning(Delivery.id, sort_by_parameter_order=True)
    ids = session.scalars(statement, [_row(letter, as_of, now, domain) for letter in ours]).all()
    ties = [
        {"copy": c.id, "delivery": delivery_id}
        for delivery_id, letter in zip(ids, ours, strict=True)
        for c in letter.copies
    ]
    session.connection().execute(_TIE, ties)
    return len(ours)


def _free(session: Session, ids: list[int]) -> set[int]:
    """Those copies that still wait, kept from others until this transaction ends; always in the order of the ids."""
    found: set[int] = set()
    ordered = sorted(ids)
    for start in range(0, len(ordered), KEYS_A_STATEMENT):
        part = ordered[start : start + KEYS_A_STATEMENT]
        found.update(
            session.scalars(
                select(NoticeRecipient.id)
                .where(NoticeRecipient.id.in_(part), NoticeRecipient.delivery_id.is_(None))
                .order_by(NoticeRecipient.id)
                .with_for_update()
            )
        )
    return found


def _row(letter: Letter, as_of: dt.date, now: dt.datetime, domain: str) -> dict[str, Any]:
    mail = letter.mail
    ids = sorted(c.id for c in letter.copies)
    key = hashlib.sha256(f"{letter.address}:{ids}".encode()).hexdigest()
    return {
        "kind": mail.kind,
        "channel": "mail",
        "address": letter.address,
        "name": letter.copies[0].reader["name"],
        "as_of": as_of,
        "message_id": message_id_for(key, domain),
        "context": mail.context,
        "subject": mail.rendered.subject[:500],
        "text": mail.rendered.text,
        "html": mail.rendered.html,
        "template": mail.rendered.template,
        "template_hash": mail.rendered.template_hash,
        "status": DeliveryStatus.QUEUED,
        "not_before": now,
        "created_at": now,
    }
