"""Which sheets never left: nobody has approved them yet, or somebody refused, or what they said held no longer."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from duban.services.rules import business_date
from models import Approval, ApprovalOutcome, Notice, RungFired

#: The notices that wait for an approval or never got it, as their ids.
UNAPPROVED = select(Approval.notice_id).where(
    or_(Approval.outcome.is_(None), Approval.outcome != ApprovalOutcome.APPROVED)
)

APPROVERS_ZH = {"plan_head": "方案负责人", "supervision_office": "督查室"}


def fate_zh(approval: Approval) -> str:
    """What became of a sheet that did not leave, in words; what it waits for while it does."""
    if approval.outcome is None:
        return f"待{APPROVERS_ZH[approval.approver]}批准"
    decided = f"{approval.decided_by}于{business_date(approval.decided_at)}" if approval.decided_at else ""
    return f"{decided}不同意：{approval.reason}" if approval.outcome is ApprovalOutcome.REFUSED else approval.reason


def proposed(session: Session, rungs: Collection[RungFired]) -> dict[int, tuple[Approval, Notice]]:
    """Of these rungs those whose sheet needs an approval: it and the sheet, by the sheet's id."""
    ids = [r.notice_id for r in rungs if r.notice_id is not None]
    rows = session.execute(
        select(Approval, Notice).join(Notice, Notice.id == Approval.notice_id).where(Approval.notice_id.in_(ids))
    ).tuples()
    return {approval.notice_id: (approval, notice) for approval, notice in rows}
