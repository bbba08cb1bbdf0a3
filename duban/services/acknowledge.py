"""签收: the recorded receipt of a notice, each recipient for themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.errors import DubanError, Forbidden, NotFound
from duban.services import receipts
from duban.services.event_log import Happening, append
from models import Notice, NoticeRecipient, Party, PartyKind, Signal


class WhoseReceipt(DubanError):
    """The notice can be acknowledged for {names}: one receipt speaks for one of them.

    Say for whom (`on_behalf_of`), and give the others' receipts each by itself.
    """

    code = "whose_receipt"
    status = 422


def acknowledge(
    database: Database,
    *,
    notice_id: int,
    actor: Actor,
    now: dt.datetime,
    on_behalf_of: str | None = None,
    note: str = "",
) -> int:
    """Records the receipt of one party that the notice is meant for; returns how many copies lacked it.

    A unit or lead official acknowledges for the party that the account acts for, or with `on_behalf_of` for one in
    whose place it has the notice; the supervision office what came to it in somebody's place, or, with
    `on_behalf_of`, what somebody acknowledged by phone or on paper. It ends that party's duty and nobody else's.
    Raises NotFound, Forbidden or WhoseReceipt.
    """
    with database.write() as session:
        notice = session.get(Notice, notice_id, with_for_update=True)
        if notice is None:
            raise NotFound(what="notice", key=notice_id)
        mine = _copies_of(session, notice_id, actor, on_behalf_of)
        if not mine:
            raise Forbidden(actor=actor.name, action="签收", who="收件人本人,或督查室注明代谁签收")
        return give_receipt(session, notice, of_one(mine, actor.parties), actor, now, note)


def give_receipt(
    session: Session, notice: Notice, mine: list[NoticeRecipient], actor: Actor, now: dt.datetime, note: str = ""
) -> int:
    """Records receipt for whom these copies are meant, in the caller's transaction; returns how many lacked it."""
    new = receipts.give(session, notice.id, mine, actor.name, now)
    if new and notice.item_id is not None:
        _record(session, notice, new, actor, now, note)
    return len(new)


#: For each copy that somebody may acknowledge, the name of whom it is meant for.
Named = dict[NoticeRecipient, str]


def of_one(copies: Named, own: Collection[str]) -> list[NoticeRecipient]:
    """The copies of the one whose receipt this is: the only one that is open, or the actor's own before others'."""
    open_ = {name for copy, name in copies.items() if copy.acknowledged_at is None and copy.excused_at is None}
    names = open_ or set(copies.values())
    chosen = names & set(own) if len(names & set(own)) == 1 else names
    if len(chosen) > 1 and open_:
        raise WhoseReceipt(names="、".join(sorted(chosen)))
    return [copy for copy, name in copies.items() if name in chosen]


def _copies_of(session: Session, notice_id: int, actor: Actor, on_behalf_of: str | None) -> Named:
    rows = session.execute(
        select(NoticeRecipient, Party)
        .join(Party, Party.id == NoticeRecipient.party_id)
        .where(NoticeRecipient.notice_id == notice_id)
    ).tuples()
    office = actor.role in ("supervisor", "admin")
    found = {}
    for copy, party in rows:
        meant = copy.for_name or party.name
        if office:
            wanted = bool(on_behalf_of) or party.kind is PartyKind.OFFICE
        else:
            wanted = actor.acts_for({party.name, meant}, party.valid_to)
        if wanted and on_behalf_of in (None, "", meant):
            found[copy] = meant
    return found


def _record(
    session: Session, notice: Notice, copies: list[NoticeRecipient], actor: Actor, now: dt.datetime, note: str
) -> None:
    payload = {"notice": notice.id, "kind": notice.kind, "number": notice.number, "copies": len(copies)}
    assert notice.item_id is not None  # noqa: S101 -- the caller looked
    append(session, Happening(notice.item_id, "notice.acknowledged", actor, now, note, payload), now)
    session.add(Signal(item_id=notice.item_id, created_at=now))
