"""作废: a plan registered by mistake is taken back before its release: it stays in the ledger, with the reason.

Its items are struck off as withdrawn, their clocks end, their runs complete; nothing lists the plan any more, and its
code and its document are free to be registered again. After the release people were told: items are withdrawn then.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, null, select, update

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.errors import DubanError, Forbidden
from duban.services.event_log import Happening, append_all, lock_items
from duban.services.queries.plans import locked_plan
from duban.services.transitions import take_back_unreleased
from models import Anomaly, Clock, ClockState, Item, Notice, Plan, Signal

#: The longest code of a plan that the ledger keeps.
_LONGEST = 80
_MARK = "~作废"
_OPEN = (ClockState.ARMED, ClockState.RUNNING, ClockState.PAUSED)


class VoidRefused(DubanError):
    """Plan {code} cannot be taken back: {reason}.

    Before its release a plan is taken back as a whole, for a reason; afterwards its items are withdrawn one by one.
    """

    code = "void_refused"
    status = 409


@dataclass(frozen=True, slots=True)
class Voided:
    """A plan that was taken back: the code that it had, by whom, when and why, and how many items went with it."""

    plan_id: int
    code: str
    title: str
    items: int
    voided_by: str
    voided_at: dt.datetime
    reason: str


def void(database: Database, *, plan: str, reason: str, actor: Actor, now: dt.datetime) -> Voided:
    """Takes a plan back that was not released yet, whole or not at all. Raises NotFound, Forbidden, VoidRefused."""
    if actor.role not in ("supervisor", "admin"):
        raise Forbidden(actor=actor.name, action="作废方案", who="督查室")
    reason = reason.strip()
    with database.write() as session:
        found = locked_plan(session, plan)
        if found.released_at is not None:
            raise VoidRefused(code=found.code, reason="已经放行，通知可能已发出；不再督办的事项请逐项撤销")
        if not reason:
            raise VoidRefused(code=found.code, reason="请写明作废的理由")
        code = found.code
        ids = set(session.scalars(select(Item.id).where(Item.plan_id == found.id, ~Item.dropped)))
        lock_items(session, ids)
        versions = take_back_unreleased(session, found.id, now)
        session.execute(
            update(Clock)
            .where(Clock.plan_id == found.id, Clock.state.in_(_OPEN))
            .values(
                state=ClockState.CANCELLED,
                ended_at=now,
                **dict.fromkeys(("next_rung_on", "paused_on", "remaining_days", "pause_reason"), null()),
            )
        )
        session.execute(
            update(Notice)
            .where(Notice.plan_id == found.id, Notice.withdrawn_at.is_(None))
            .values(withdrawn_at=now, withdrawn_by=actor.name, withdrawn_reason=f"方案作废：{reason}")
        )
        mine = select(Item.id).where(Item.plan_id == found.id)
        session.execute(
            update(Anomaly).where(Anomaly.plan_id == found.id, Anomaly.resolved_at.is_(None)).values(resolved_at=now)
        )
        happenings = [
            Happening(i, "item.voided", actor, now, reason, {"plan": code, "state": "closed", "version": version})
            for i, version in versions.items()
        ]
        append_all(session, happenings, now)
        with_run = session.scalars(select(Item.id).where(Item.id.in_(mine), Item.flow_run_id.is_not(None)))
        session.add_all(Signal(item_id=i, created_at=now) for i in with_run)
        _set_aside(found, code, reason, actor, now)
        return Voided(found.id, code, found.title, len(versions), actor.name, now, reason)


def voided_plans(database: Database) -> tuple[Voided, ...]:
    """The plans that were taken back, the last one first."""
    with database.read() as session:
        items = select(func.count(Item.id)).where(Item.plan_id == Plan.id, Item.closed_at == Plan.voided_at)
        rows = session.execute(
            select(Plan, items.scalar_subquery()).where(Plan.voided_at.is_not(None)).order_by(Plan.voided_at.desc())
        ).tuples()
        return tuple(
            Voided(
                p.id,
                p.code.partition(_MARK)[0],
                p.title,
                count,
                p.voided_by or "",
                p.voided_at or p.registered_at,
                p.voided_reason or "",
            )
            for p, count in rows
        )


def _set_aside(plan: Plan, code: str, reason: str, actor: Actor, now: dt.datetime) -> None:
    """Marks the plan, and frees its code for the one that is registered in its place."""
    mark = f"{_MARK}{plan.id}"
    plan.code = code[: _LONGEST - len(mark)] + mark
    plan.voided_at, plan.voided_by, plan.voided_reason = now, actor.name, reason
    plan.published = False
