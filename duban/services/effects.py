"""What a transition brings with it: measures and regulations that come along, and the clocks that begin or end."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from duban.domain.actors import Actor
from duban.domain.lifecycle import Action, State, Transition
from duban.errors import InTheFuture, NotFound
from duban.services import clocks
from duban.services.closing_notices import tell_closed, tell_returned
from duban.services.rules import business_date, rules_of
from models import Item, Measure, Milestone, MilestoneKind, Progress, Regulation, RegulationStatus

if TYPE_CHECKING:
    from duban.services.transitions import MoveDetails


def bring_in(session: Session, item: Item, action: Action, details: MoveDetails, actor: Actor, today: dt.date) -> None:
    """Enters what the action brings, before its guards look; a refusal rolls it back with everything else."""
    if action is Action.DRAFT_MEASURE and details.measures:
        _add_measures(session, item, details.measures, actor)
    if action is Action.ISSUE_REGULATION:
        for regulation_id, instrument in details.regulations.items():
            regulation = session.get(Regulation, regulation_id)
            if regulation is None or regulation.item_id != item.id:
                raise NotFound(what="regulation of this item", key=regulation_id)
            if instrument.issued_on is not None and instrument.issued_on > today:
                raise InTheFuture(what=f"制度《{regulation.title}》", on=instrument.issued_on)
            regulation.document_number = instrument.document_number or regulation.document_number
            regulation.issued_on = instrument.issued_on or regulation.issued_on
    session.flush()


def carry_out(
    session: Session,
    item: Item,
    transition: Transition,
    details: MoveDetails,
    actor: Actor,
    now: dt.datetime,
    reason: str,
) -> None:
    """Ends or begins the clocks that the new state asks for, and queues its notices, in the same transaction."""
    match transition.action:
        case Action.CLOSE:
            clocks.complete(session, item, now)
            clocks.start_re_inspection(session, item, rules_of(session, item.plan_id), business_date(now))
            tell_closed(session, item, transition.action, reason, now)
        case Action.WITHDRAW | Action.MERGE:
            clocks.cancel(session, item, now)
            tell_closed(session, item, transition.action, reason, now)
        case Action.REOPEN:
            clocks.complete(session, item, now)  # the re-inspection has found what it looked for
            _reopen(session, item, details)
        case Action.RETURN_MEASURE:
            tell_returned(session, item, "整改措施", reason, actor, now)
        case Action.ISSUE_REGULATION:
            _issued(session, item, actor, now)
        case _:
            pass
    if transition.target is State.ONGOING:
        clocks.arm(session, item, rules_of(session, item.plan_id), business_date(now))
    clocks.show_next_due(session, item)


def _add_measures(session: Session, item: Item, texts: tuple[str, ...], actor: Actor) -> None:
    last = session.scalar(select(func.max(Measure.position)).where(Measure.item_id == item.id)) or 0
    session.add_all(
        Measure(item_id=item.id, position=last + n, text=text.strip(), progress=Progress.OPEN, reported_by=actor.name)
        for n, text in enumerate(texts, start=1)
        if text.strip()
    )


def _issued(session: Session, item: Item, actor: Actor, now: dt.datetime) -> None:
    """Promised regulations are issued now, and the milestones that asked for them are done."""
    session.execute(
        update(Regulation)
        .where(Regulation.item_id == item.id, Regulation.status == RegulationStatus.PLANNED)
        .values(status=RegulationStatus.ISSUED)
    )
    asked = session.scalars(
        select(Milestone).where(
            Milestone.item_id == item.id, Milestone.kind == MilestoneKind.ISSUE_REGULATION, ~Milestone.done
        )
    )
    for milestone in asked:
        milestone.done, milestone.done_on, milestone.reported_by = True, business_date(now), actor.name
        clocks.complete(session, item, now, milestone_id=milestone.id)
    session.flush()


def _reopen(session: Session, item: Item, details: MoveDetails) -> None:
    """A relapse gets a limit of its own: without one it would have no clock, and slip in silence."""
    if details.due_on is None:
        return
    rules = rules_of(session, item.plan_id)
    last = session.scalar(select(func.max(Milestone.position)).where(Milestone.item_id == item.id)) or 0
    session.add(
        Milestone(
            item_id=item.id,
            position=last + 1,
            text=f"重新整改(第{item.cycle}轮)",
            kind=MilestoneKind.COMPLETE,
            due_on=details.due_on,
            rolled_due_on=rules.calendar.roll(details.due_on),
        )
    )
    session.flush()
