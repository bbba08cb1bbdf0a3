"""What the holder of a signed link may see and do: acknowledge one notice, report progress on its item; nothing else.

The link names the party and the notice, or the item of a weekly summary; here it is checked that the party still is
one of its recipients. A reminder of a receipt (签收提醒) stands for the sheets that it reminds of.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import State, state_zh
from duban.errors import DubanError, Quarantined, TransitionRefused
from duban.notices.errors import LinkRefused
from duban.notices.links import Claim, Purpose
from duban.services.acknowledge import Named, give_receipt, of_one
from duban.services.item_changes import record
from duban.services.night_facts import PlanFacts, batch_facts, parties_of, plan_facts
from duban.services.notice_facts import item_context, shown_items
from duban.services.proposals import Decided, Talk, decide_proposal
from duban.services.rules import business_date
from models import Approval, Clock, ClockKind, Event, Item, Notice, NoticeRecipient, Party, PartyKind, RungFired

REPORTED = "progress.reported"
LONGEST_REPORT = 2000
REMINDER = "acknowledge"  # the kind of a notice that reminds of a receipt
WEEKLY = "weekly"
PROPOSAL = "propose"  # the kind of a 呈批件
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
class OwnReceipt:
    """One receipt that the holder may give: for whom, until when it is owed (None: it is not asked for), and whether.

    `excused_why` says why it is owed no more.
    """

    name: str
    owed_by: dt.date | None
    acknowledged_at: dt.datetime | None
    acknowledged_by: str | None
    excused_why: str | None

    @property
    def open(self) -> bool:
        """Whether it can still be given."""
        return self.acknowledged_at is None and self.excused_why is None


@dataclass(frozen=True, slots=True)
class LinkPage:
    """A notice in brief, as its recipient sees it by link. `for_names` are those in whose place the party has it.

    `receipts` are given each by itself: one's own, and those of whom one stands in for.
    """

    party: str
    is_unit: bool
    for_names: tuple[str, ...]
    kind: str
    context: dict[str, Any]
    state_zh: str | None
    closed: bool
    reportable: bool
    receipts: tuple[OwnReceipt, ...]
    withdrawn_reason: str | None
    reports: tuple[OwnReport, ...]
    proposal: Put | None = None


@dataclass(frozen=True, slots=True)
class Put:
    """What a 呈批件 puts to its reader, and what was decided: `outcome` is None while it waits."""

    kind: str
    outcome: str | None
    decided_by: str | None
    decided_at: dt.datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Held:
    """What a link opened: its holder, their copies of the notice (none for an item of a summary), and its item."""

    party: Party
    notice: Notice | None
    copies: tuple[NoticeRecipient, ...]
    item: Item | None

    @property
    def said(self) -> dict[str, Any]:
        """What a report is recorded with, by which the holder finds it again."""
        return ({"notice": self.notice.id} if self.notice else {}) | {"party": self.party.name}


def look_by_link(database: Database, claim: Claim, now: dt.datetime) -> LinkPage:
    """What the link shows; nothing is changed. Raises LinkRefused."""
    with database.read() as session:
        held = _held(session, claim, now)
        notice, item = held.notice, held.item
        return LinkPage(
            party=held.party.name,
            is_unit=held.party.kind is not PartyKind.PERSON,
            for_names=tuple(c.for_name for c in held.copies if c.for_name),
            kind=notice.kind if notice else WEEKLY,
            context=notice.context if notice else _summary(session, held, business_date(now)),
            state_zh=state_zh(item.state, item.outcome) if item is not None else None,
            closed=item is not None and item.state is State.CLOSED,
            reportable=item is not None and _refusal(item) is None,
            receipts=_own_receipts(session, held),
            withdrawn_reason=notice.withdrawn_reason if notice else None,
            reports=_own_reports(session, held),
            proposal=_put(session, held),
        )


def acknowledge_by_link(database: Database, claim: Claim, now: dt.datetime, name: str | None = None) -> int:
    """Records one receipt of this party: its own, or with `name` that of one in whose place it has the notice.

    Returns how many copies lacked it. Raises LinkRefused, NoticeWithdrawn or WhoseReceipt.
    """
    with database.write() as session:
        _lock(session, claim)
        held = _held(session, claim, now)
        if held.notice is None:
            raise LinkRefused(reason="it reports on an item, and there is no notice to acknowledge")
        _still_in_force(held.notice)
        sheet, copies = _receivable(session, held)
        _still_in_force(sheet)
        mine = {copy: meant for copy, meant in copies.items() if name in (None, "", meant)}
        if not mine:
            raise LinkRefused(reason="its notice is not addressed to its holder")
        return give_receipt(session, sheet, of_one(mine, (held.party.name,)), _actor(held.party), now)


def decide_by_link(
    database: Database, claim: Claim, *, approved: bool, reason: str, talk: Talk | None, now: dt.datetime
) -> Decided:
    """批示: lets the sheet go that this 呈批件 puts to its reader, or refuses it.

    Raises LinkRefused, Forbidden or ProposalRefused.
    """
    with database.read() as session:
        held = _held(session, claim, now)
        approval = _approval(session, held)
        if approval is None:
            raise LinkRefused(reason="its notice is not one to decide on")
        notice_id, actor = approval.notice_id, _actor(held.party)
    return decide_proposal(
        database, notice_id=notice_id, approved=approved, actor=actor, now=now, reason=reason, talk=talk
    )


def _approval(session: Session, held: _Held) -> Approval | None:
    if held.notice is None or held.notice.kind != PROPOSAL:
        return None
    return session.scalars(select(Approval).where(Approval.memo_id == held.notice.id)).first()


def _put(session: Session, held: _Held) -> Put | None:
    approval = _approval(session, held)
    if approval is None:
        return None
    return Put(
        kind=session.get_one(Notice, approval.notice_id).kind,
        outcome=approval.outcome.value if approval.outcome is not None else None,
        decided_by=approval.decided_by,
        decided_at=approval.decided_at,
        reason=approval.reason,
    )


def _lock(session: Session, claim: Claim) -> None:
    """Keeps others from answering the same sheets meanwhile; always in the order of their ids."""
    if claim.purpose is Purpose.ANSWER:
        item = select(Notice.item_id).where(Notice.id == claim.about_id).scalar_subquery()
        sheets = and_(Notice.item_id == item, Notice.acknowledge_by.is_not(None))
        wanted = select(Notice.id).where(or_(Notice.id == claim.about_id, sheets)).order_by(Notice.id)
        session.scalars(wanted.with_for_update()).all()


def report_by_link(database: Database, claim: Claim, *, text: str, now: dt.datetime) -> bool:
    """Records what this party reports on the item; False where it had said the same just before.

    Raises LinkRefused, NoticeWithdrawn, NothingReported, Quarantined, or TransitionRefused where the item is closed.
    """
    text = text.strip()
    if not text or len(text) > LONGEST_REPORT:
        raise NothingReported(most=LONGEST_REPORT)
    with database.write() as session:
        held = _held(session, claim, now)
        if held.notice is not None:
            _still_in_force(held.notice)
        if held.item is None:
            raise LinkRefused(reason="its notice is about no item")
        item = session.get_one(Item, held.item.id, with_for_update=True, populate_existing=True)
        refusal = _refusal(item)
        if refusal is not None:
            raise refusal
        if [r.text for r in _own_reports(session, held)[:1]] == [text]:
            return False  # the button pressed twice
        record(session, item, _actor(held.party), now, event=REPORTED, reason=text, payload=held.said)
        return True


def _held(session: Session, claim: Claim, now: dt.datetime) -> _Held:
    """What the link opens, for a holder who still is in office and one of its recipients. Raises LinkRefused."""
    party = session.get(Party, claim.party_id)
    if party is None:
        raise LinkRefused(reason="its holder is not in the directory")
    held = _of_notice(session, party, claim) if claim.purpose is Purpose.ANSWER else _of_item(session, party, claim)
    if party.valid_to is not None and party.valid_to < business_date(now):
        raise LinkRefused(reason="its holder is no longer in office")
    return held


def _of_notice(session: Session, party: Party, claim: Claim) -> _Held:
    copies = session.scalars(
        select(NoticeRecipient)
        .where(NoticeRecipient.notice_id == claim.about_id, NoticeRecipient.party_id == party.id)
        .order_by(NoticeRecipient.role.desc(), NoticeRecipient.id)
    ).all()
    notice = session.get(Notice, claim.about_id)
    if not copies or notice is None:
        raise LinkRefused(reason="its notice is not addressed to its holder")
    item = session.get(Item, notice.item_id) if notice.item_id is not None else None
    return _Held(party, notice, tuple(copies), item)


def _of_item(session: Session, party: Party, claim: Claim) -> _Held:
    item = session.get(Item, claim.about_id)
    if item is None or item.plan_id != party.plan_id or party.id not in concerned(session, item):
        raise LinkRefused(reason="its item does not concern its holder")
    return _Held(party, None, (), item)


def concerned(session: Session, item: Item, plan: PlanFacts | None = None) -> set[int]:
    """Whom a weekly summary tells of an item: its units and lead officials, the plan head, the supervision office."""
    plan = plan or plan_facts(session, item.plan_id)
    parties = parties_of(batch_facts(session, [], [item.id]), plan, item)
    overseers = {p for p in (plan.plan_head, plan.office_id) if p is not None}
    return overseers | {int(key) for key in (*parties.units, *parties.lead_officials)}


def _receivable(session: Session, held: _Held) -> tuple[Notice, Named]:
    """The sheet that the holder acknowledges by this link, with whom each copy is meant for.

    That is the notice itself, or the sheet of which it reminds: there the copy of whoever owes the receipt.
    """
    assert held.notice is not None  # noqa: S101 -- the caller looked
    found = {c: c.for_name or held.party.name for c in held.copies}
    if held.notice.kind != REMINDER:
        return held.notice, found
    row = session.execute(
        select(Notice, NoticeRecipient, Party.name)
        .join(NoticeRecipient, NoticeRecipient.notice_id == Notice.id)
        .join(Clock, Clock.recipient_id == NoticeRecipient.id)
        .join(RungFired, RungFired.clock_id == Clock.id)
        .join(Party, Party.id == NoticeRecipient.party_id)
        .where(RungFired.notice_id == held.notice.id)
    ).first()
    if row is None or all(c.role != "to" for c in held.copies):
        return held.notice, found
    sheet, copy, name = row
    return sheet, {copy: copy.for_name or name}


def _own_receipts(session: Session, held: _Held) -> tuple[OwnReceipt, ...]:
    """Each receipt that the holder may give, with the day until which its clock runs."""
    if held.notice is None or held.notice.kind == PROPOSAL:  # what is put to somebody is decided
        return ()
    _, copies = _receivable(session, held)
    due = select(Clock.recipient_id, Clock.due_on).where(
        Clock.recipient_id.in_([c.id for c in copies]), Clock.kind == ClockKind.ACKNOWLEDGE
    )
    days = dict(session.execute(due.order_by(Clock.id)).tuples().all())
    return tuple(
        OwnReceipt(name, days.get(c.id), c.acknowledged_at, c.acknowledged_by, c.excused_why)
        for c, name in copies.items()
    )


def _summary(session: Session, held: _Held, as_of: dt.date) -> dict[str, Any]:
    """An item of a weekly summary with the facts that a notice would say."""
    item = held.item
    if item is None:
        raise LinkRefused(reason="its item does not concern its holder")
    plan = plan_facts(session, item.plan_id)
    parties = parties_of(batch_facts(session, [], [item.id]), plan, item)
    party = plan.parties[plan.office_id]
    return {
        "plan": {"title": plan.title, "short": plan.code, "issuer": plan.issuer},
        "item": item_context(item, shown_items(session, [item], as_of)[item.id], parties, plan, as_of),
        "sheet": None,
        "as_of": as_of.isoformat(),
        "office": {"name": party.name, "letterhead": None, "phone": None, "email": party.email},
    }


def _still_in_force(notice: Notice) -> None:
    if notice.withdrawn_at is not None:
        raise NoticeWithdrawn(reason=notice.withdrawn_reason)


def _refusal(item: Item) -> DubanError | None:
    if item.state is State.CLOSED:
        return TransitionRefused(action="报告进展", state="已销号 closed", possible="重新启动 reopen")
    if item.quarantined or item.dropped:
        return Quarantined(codes="see its doubts")
    return None


def _own_reports(session: Session, held: _Held) -> tuple[OwnReport, ...]:
    """What the holder reported by this link before, the newest first."""
    if held.item is None:
        return ()
    events = session.scalars(
        select(Event).where(Event.item_id == held.item.id, Event.type == REPORTED).order_by(Event.seq.desc())
    )
    return tuple(OwnReport(e.occurred_at, e.reason) for e in events if held.said == _said(e))


def _said(event: Event) -> dict[str, Any]:
    return {key: event.payload[key] for key in ("notice", "party") if key in event.payload}


def _actor(party: Party) -> Actor:
    return Actor(party.name[:100], _ROLES.get(party.kind, "unit"), frozenset({party.name}), source="link")
