"""What the holder of a signed link may see and do: acknowledge one notice, report progress on its item; nothing else.

The link names the party and the notice; here it is checked that the party still is a recipient of it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import STATE_ZH, State
from duban.errors import DubanError, Quarantined, TransitionRefused
from duban.notices.errors import LinkRefused
from duban.services.acknowledge import give_receipt
from duban.services.item_changes import record
from duban.services.rules import business_date
from models import Event, Item, Notice, NoticeRecipient, Party, PartyKind

REPORTED = "progress.reported"
LONGEST_REPORT = 2000
_ROLES = {PartyKind.OFFICE: "supervisor", PartyKind.PERSON: "lead"}


class NothingReported(DubanError):
    """The report has no text, or is longer than {most} characters.

    Write in a few sentences what was done since the last report.
    """

    code = "nothing_reported"
    status = 422


class NoticeWithdrawn(DubanError):
    """The notice was withdrawn: {reason}.

    There is nothing to answer any more.
    """

    code = "notice_withdrawn"
    status = 409


@dataclass(frozen=True, slots=True)
class OwnReport:
    """What this party reported by its links before."""

    at: dt.datetime
    text: str


@dataclass(frozen=True, slots=True)
class LinkPage:
    """A notice in brief, as its recipient sees it by link. `for_names` are those in whose place the party has it."""

    party: str
    is_unit: bool
    for_names: tuple[str, ...]
    kind: str
    context: dict[str, Any]
    state_zh: str | None
    closed: bool
    reportable: bool
    acknowledge_by: dt.date | None
    acknowledged_at: dt.datetime | None
    acknowledged_by: str | None
    withdrawn_reason: str | None
    reports: tuple[OwnReport, ...]


def look_by_link(database: Database, *, party_id: int, notice_id: int, now: dt.datetime) -> LinkPage:
    """What the link shows; nothing is changed. Raises LinkRefused."""
    with database.read() as session:
        notice, party, copies = _addressed(session, party_id, notice_id, now)
        item = session.get(Item, notice.item_id) if notice.item_id is not None else None
        owed = next((c for c in copies if c.acknowledged_at is None), copies[0])
        return LinkPage(
            party=party.name,
            is_unit=party.kind is not PartyKind.PERSON,
            for_names=tuple(c.for_name for c in copies if c.for_name),
            kind=notice.kind,
            context=notice.context,
            state_zh=STATE_ZH[item.state] if item is not None else None,
            closed=item is not None and item.state is State.CLOSED,
            reportable=item is not None and _refusal(item) is None,
            acknowledge_by=notice.acknowledge_by,
            acknowledged_at=owed.acknowledged_at,
            acknowledged_by=owed.acknowledged_by,
            withdrawn_reason=notice.withdrawn_reason,
            reports=_own_reports(session, notice, party),
        )


def acknowledge_by_link(database: Database, *, party_id: int, notice_id: int, now: dt.datetime) -> int:
    """Records the receipt of this party, for itself and whom it stands in for; returns how many copies were new.

    Raises LinkRefused or NoticeWithdrawn.
    """
    with database.write() as session:
        session.get(Notice, notice_id, with_for_update=True)
        notice, party, copies = _addressed(session, party_id, notice_id, now)
        _still_in_force(notice)
        return give_receipt(session, notice, copies, _actor(party), now)


def report_by_link(database: Database, *, party_id: int, notice_id: int, text: str, now: dt.datetime) -> bool:
    """Records what this party reports on the notice's item; False where it had said the same just before.

    Raises LinkRefused, NoticeWithdrawn, NothingReported, Quarantined, or TransitionRefused where the item is closed.
    """
    text = text.strip()
    if not text or len(text) > LONGEST_REPORT:
        raise NothingReported(most=LONGEST_REPORT)
    with database.write() as session:
        notice, party, _ = _addressed(session, party_id, notice_id, now)
        _still_in_force(notice)
        item = session.get(Item, notice.item_id, with_for_update=True)
        if item is None:
            raise LinkRefused(reason="its notice is about no item")
        refusal = _refusal(item)
        if refusal is not None:
            raise refusal
        if [r.text for r in _own_reports(session, notice, party)[:1]] == [text]:
            return False  # the button pressed twice
        payload = {"notice": notice.id, "party": party.name}
        record(session, item, _actor(party), now, event=REPORTED, reason=text, payload=payload)
        return True


def _addressed(
    session: Session, party_id: int, notice_id: int, now: dt.datetime
) -> tuple[Notice, Party, list[NoticeRecipient]]:
    """The notice with the copies that were sent to this party to be answered. Raises LinkRefused."""
    rows = session.scalars(
        select(NoticeRecipient)
        .where(
            NoticeRecipient.notice_id == notice_id,
            NoticeRecipient.party_id == party_id,
            NoticeRecipient.role == "to",
        )
        .order_by(NoticeRecipient.id)
    ).all()
    notice, party = session.get(Notice, notice_id), session.get(Party, party_id)
    if not rows or notice is None or party is None:
        raise LinkRefused(reason="its notice is not addressed to its holder")
    if party.valid_to is not None and party.valid_to < business_date(now):
        raise LinkRefused(reason="its holder is no longer in office")
    return notice, party, list(rows)


def _still_in_force(notice: Notice) -> None:
    if notice.withdrawn_at is not None:
        raise NoticeWithdrawn(reason=notice.withdrawn_reason)


def _refusal(item: Item) -> DubanError | None:
    if item.state is State.CLOSED:
        return TransitionRefused(action="报告进展", state="已销号 closed", possible="重新启动 reopen")
    if item.quarantined or item.dropped:
        return Quarantined(codes="see its doubts")
    return None


def _own_reports(session: Session, notice: Notice, party: Party) -> tuple[OwnReport, ...]:
    """The newest first."""
    events = session.scalars(
        select(Event).where(Event.item_id == notice.item_id, Event.type == REPORTED).order_by(Event.seq.desc())
    )
    return tuple(
        OwnReport(e.occurred_at, e.reason)
        for e in events
        if e.payload.get("notice") == notice.id and e.payload.get("party") == party.name
    )


def _actor(party: Party) -> Actor:
    return Actor(party.name[:100], _ROLES.get(party.kind, "unit"), frozenset({party.name}), source="link")
