"""签收: the recorded receipt of a notice, each recipient for themselves."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.policy_model import ClockKind
from duban.errors import Forbidden, NotFound
from duban.services.event_log import Happening, append
from models import Clock, ClockState, Notice, NoticeRecipient, Party, Signal


def acknowledge(
    database: Database,
    *,
    notice_id: int,
    actor: Actor,
    now: dt.datetime,
    on_behalf_of: str | None = None,
    note: str = "",
) -> int:
    """Records receipt for every copy of the notice that is this actor's to acknowledge; returns how many were new.

    A unit or lead official acknowledges for the parties that the account acts for; the supervision office what came
    to it in somebody's place, or, with `on_behalf_of`, what somebody acknowledged by phone or on paper. The last of
    the joint leads ends the clock that waits for it. Raises NotFound or Forbidden.
    """
    with database.write() as session:
        notice = session.get(Notice, notice_id, with_for_update=True)
        if notice is None:
            raise NotFound(what="notice", key=notice_id)
        mine = _copies_of(session, notice_id, actor, on_behalf_of)
        if not mine:
            raise Forbidden(actor=actor.name, action="签收", who="收件人本人,或督查室注明代谁签收")
        return give_receipt(session, notice, mine, actor, now, note)


def give_receipt(
    session: Session, notice: Notice, mine: list[NoticeRecipient], actor: Actor, now: dt.datetime, note: str = ""
) -> int:
    """Records receipt of those copies that lack it, in the caller's transaction; returns how many."""
    new = [c for c in mine if c.acknowledged_at is None]
    for copy in new:
        copy.acknowledged_at, copy.acknowledged_by = now, actor.name
    session.flush()
    if new and notice.item_id is not None:
        _record(session, notice, new, actor, now, note)
    return len(new)


def _copies_of(session: Session, notice_id: int, actor: Actor, on_behalf_of: str | None) -> list[NoticeRecipient]:
    rows = session.execute(
        select(NoticeRecipient, Party)
        .join(Party, Party.id == NoticeRecipient.party_id)
        .where(NoticeRecipient.notice_id == notice_id)
    ).tuples()
    office = actor.role in ("supervisor", "admin")
    found = []
    for copy, party in rows:
        meant = copy.for_name or party.name
        if office:
            wanted = meant == on_behalf_of if on_behalf_of else party.kind.value == "office"
        else:
            wanted = actor.acts_for({party.name, meant}, party.valid_to)
        if wanted:
            found.append(copy)
    return found


def _record(
    session: Session, notice: Notice, copies: list[NoticeRecipient], actor: Actor, now: dt.datetime, note: str
) -> None:
    payload = {"notice": notice.id, "kind": notice.kind, "number": notice.number, "copies": len(copies)}
    assert notice.item_id is not None  # noqa: S101 -- the caller looked
    append(session, Happening(notice.item_id, "notice.acknowledged", actor, now, note, payload), now)
    session.add(Signal(item_id=notice.item_id, created_at=now))
    if not _still_owed(session, notice.item_id):
        session.execute(
            update(Clock)
            .where(
                Clock.item_id == notice.item_id,
                Clock.kind == ClockKind.ACKNOWLEDGE,
                Clock.state.in_((ClockState.ARMED, ClockState.RUNNING, ClockState.PAUSED)),
            )
            .values(state=ClockState.COMPLETED, ended_at=now, next_rung_on=None, paused_on=None, remaining_days=None)
        )


def _still_owed(session: Session, item_id: int) -> bool:
    """Whether any addressee of a sheet that asks for receipt has not given it."""
    return (
        session.scalars(
            select(NoticeRecipient.id)
            .join(Notice, Notice.id == NoticeRecipient.notice_id)
            .where(
                Notice.item_id == item_id,
                Notice.acknowledge_by.is_not(None),
                Notice.withdrawn_at.is_(None),
                NoticeRecipient.role == "to",
                NoticeRecipient.acknowledged_at.is_(None),
            )
            .limit(1)
        ).first()
        is not None
    )
