"""What has been sent for a plan so far, in counts."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Clock, Delivery, Notice, NoticeRecipient, Plan, RungFired


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """`rungs` by key and `mails` by status; `answered_for` names whom the supervision office answers for, counted."""

    rungs: dict[str, int]
    mails: dict[str, int]
    answered_for: int


def plan_summary(session: Session, plan: Plan) -> PlanSummary:
    """Counts over all nights of one plan."""
    rungs = session.execute(
        select(RungFired.rung, func.count())
        .join(Clock, Clock.id == RungFired.clock_id)
        .where(Clock.plan_id == plan.id, RungFired.notice_id.is_not(None))
        .group_by(RungFired.rung)
        .order_by(RungFired.rung)
    ).tuples()
    mails = session.execute(
        select(Delivery.status, func.count(Delivery.id.distinct()))
        .join(NoticeRecipient, NoticeRecipient.delivery_id == Delivery.id)
        .join(Notice, Notice.id == NoticeRecipient.notice_id)
        .where(Notice.plan_id == plan.id)
        .group_by(Delivery.status)
    ).tuples()
    answered = session.scalar(
        select(func.count(NoticeRecipient.for_name.distinct()))
        .join(Notice, Notice.id == NoticeRecipient.notice_id)
        .where(Notice.plan_id == plan.id, NoticeRecipient.for_name != "")
    )
    return PlanSummary(dict(rungs.all()), {status.value: count for status, count in mails}, answered or 0)
