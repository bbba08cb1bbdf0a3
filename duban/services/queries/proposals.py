"""Sheets that wait for an approval, and what became of those that did: for whoever is asked, and for the office."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.services.proposal_facts import APPROVERS_ZH
from duban.services.queries.scope import OVERSEERS, Scope, own_parties, visible_notices
from models import Approval, Item, Notice, NoticeRecipient, Party, PartyKind, Plan, UserRole


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A sheet that needs an approval. `outcome` is null while it waits; `may_decide` says whether the reader can.

    `talk_at`, `talk_place` and `talk_speaker` come with the approval of a summons, `promised` with the record of the
    talk.
    """

    notice_id: int
    kind: str
    plan_code: str
    item_id: int
    item_number: str
    item_title: str
    proposed_on: dt.date
    approver: str
    approver_zh: str
    outcome: str | None
    decided_at: dt.datetime | None
    decided_by: str | None
    reason: str
    talk_at: dt.datetime | None
    talk_place: str | None
    talk_speaker: str | None
    promised: str | None
    promised_on: dt.date | None
    recorded_at: dt.datetime | None
    recorded_by: str | None
    may_decide: bool


def list_proposals(database: Database, *, scope: Scope, waiting: bool = True) -> tuple[ProposalView, ...]:
    """Those that the reader may see, the oldest first; only those that wait, unless told otherwise."""
    with database.read() as session:
        return _views(session, scope, Approval.outcome.is_(None) if waiting else Approval.id > 0)


def waiting_for(session: Session, scope: Scope) -> tuple[ProposalView, ...]:
    """Those that wait for this reader's decision."""
    return tuple(one for one in _views(session, scope, Approval.outcome.is_(None)) if one.may_decide)


def proposal_of(database: Database, *, notice_id: int, scope: Scope) -> ProposalView | None:
    """What is known of a notice's approval; None where it needs none, or may not be seen."""
    with database.read() as session:
        return next(iter(_views(session, scope, Approval.notice_id == notice_id)), None)


def _views(session: Session, scope: Scope, where: ColumnElement[bool]) -> tuple[ProposalView, ...]:
    rows = session.execute(
        select(Approval, Notice, Plan.code, Item.number, Item.title)
        .join(Notice, Notice.id == Approval.notice_id)
        .join(Plan, Plan.id == Notice.plan_id)
        .join(Item, Item.id == Notice.item_id)
        .where(where, visible_notices(scope))
        .order_by(Approval.id)
    ).tuples()
    asked = _asked(session, scope)
    return tuple(
        ProposalView(
            notice_id=notice.id,
            kind=notice.kind,
            plan_code=code,
            item_id=notice.item_id or 0,
            item_number=number,
            item_title=title,
            proposed_on=dt.date.fromisoformat(notice.context["as_of"]) if approval.outcome is None else notice.as_of,
            approver=approval.approver,
            approver_zh=APPROVERS_ZH[approval.approver],
            outcome=approval.outcome.value if approval.outcome is not None else None,
            decided_at=approval.decided_at,
            decided_by=approval.decided_by,
            reason=approval.reason,
            talk_at=approval.talk_at,
            talk_place=approval.talk_place,
            talk_speaker=approval.talk_speaker,
            promised=approval.promised,
            promised_on=approval.promised_on,
            recorded_at=approval.recorded_at,
            recorded_by=approval.recorded_by,
            may_decide=approval.outcome is None and _may(approval, asked, scope),
        )
        for approval, notice, code, number, title in rows
    )


def _may(approval: Approval, asked: set[int], scope: Scope) -> bool:
    if scope.role is UserRole.ADMIN:
        return True
    if approval.approver == "supervision_office":
        return scope.role in OVERSEERS
    return approval.memo_id in asked


def _asked(session: Session, scope: Scope) -> set[int]:
    """The 呈批件 that are addressed to the reader, or to the office that stands in."""
    mine = NoticeRecipient.party_id.in_(
        select(Party.id).where(Party.kind == PartyKind.OFFICE) if scope.role in OVERSEERS else own_parties(scope)
    )
    query = select(NoticeRecipient.notice_id).where(
        NoticeRecipient.role == "to", mine, NoticeRecipient.notice_id.in_(select(Approval.memo_id))
    )
    return set(session.scalars(query))
