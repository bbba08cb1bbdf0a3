"""What a transition brings with it: measures and regulations that come along, and the clocks that begin or end."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Date, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from duban.domain.actors import Actor
from duban.domain.lifecycle import Action, Transition
from duban.errors import InTheFuture, NotFound
from duban.services import clocks
from duban.services.closing_notices import tell_closed, tell_returned
from duban.services.item_look import Look, MeasureSeen, RegulationSeen
from duban.services.merging import go_on_in
from duban.services.rules import business_date, rules_of
from models import Base, ClockKind, Item, Milestone, MilestoneKind, Progress, RegulationStatus

if TYPE_CHECKING:
    from duban.services.transitions import MoveDetails

_REGULATION, _MILESTONE = Base.metadata.tables["regulation"], Base.metadata.tables["milestone"]
_NEW_MEASURES = insert(Base.metadata.tables["measure"])
_ISSUED = (
    update(_REGULATION)
    .where(_REGULATION.c.id == bindparam("regulation_id", type_=BigInteger))
    .values(status=RegulationStatus.ISSUED, document_number=bindparam("number"), issued_on=bindparam("on", type_=Date))
)
_MILESTONE_DONE = (
    update(_MILESTONE)
    .where(_MILESTONE.c.id == bindparam("milestone_id", type_=BigInteger))
    .values(done=True, done_on=bindparam("on", type_=Date), reported_by=bindparam("actor"))
)


@dataclass(frozen=True, slots=True)
class Brought:
    """An item as it was read, and with what the action brings along."""

    before: Look
    look: Look


def bring_in(look: Look, action: Action, details: MoveDetails, actor: Actor, today: dt.date) -> Brought:
    """The item with what the action brings, as its guards are to see it; `carry_out` then writes it down.

    Raises NotFound for a regulation that is not the item's, InTheFuture for one issued after today.
    """
    if action is Action.DRAFT_MEASURE and details.measures:
        last = max((m.position for m in look.measures), default=0)
        added = tuple(
            MeasureSeen(last + n, text.strip(), Progress.OPEN, actor.name)
            for n, text in enumerate(details.measures, start=1)
            if text.strip()
        )
        return Brought(look, replace(look, measures=look.measures + added))
    if action is Action.ISSUE_REGULATION and details.regulations:
        return Brought(look, replace(look, regulations=_with_instruments(look, details, today)))
    return Brought(look, look)


def _with_instruments(look: Look, details: MoveDetails, today: dt.date) -> tuple[RegulationSeen, ...]:
    own = {r.id: r for r in look.regulations}
    for key, instrument in details.regulations.items():
        regulation = own.get(key)
        if regulation is None:
            raise NotFound(what="regulation of this item", key=key)
        if instrument.issued_on is not None and instrument.issued_on > today:
            raise InTheFuture(what=f"制度《{regulation.title}》", on=instrument.issued_on)
        own[key] = regulation._replace(
            document_number=instrument.document_number or regulation.document_number,
            issued_on=instrument.issued_on or regulation.issued_on,
        )
    return tuple(own.values())


def next_due(look: Look, action: Action) -> dt.date | None:
    """The earliest open dated part that the item has after the action: what the board sorts by."""
    done = MilestoneKind.ISSUE_REGULATION if action is Action.ISSUE_REGULATION else None
    left = (m.rolled_due_on for m in look.milestones if not m.done and m.kind is not done)
    return min((day for day in left if day is not None), default=None)


def carry_out(
    session: Session,
    item: Item,
    brought: Brought,
    transition: Transition,
    details: MoveDetails,
    actor: Actor,
    now: dt.datetime,
    reason: str,
) -> None:
    """Writes down what the action brings, ends or begins the clocks of the new state, and queues its notices.

    All of it in the caller's transaction.
    """
    match transition.action:
        case Action.DRAFT_MEASURE:
            _add_measures(session, item, brought)
        case Action.CLOSE:
            clocks.complete(session, item, now)
            clocks.start_re_inspection(session, item, rules_of(session, item.plan_id), business_date(now))
            tell_closed(session, item, transition.action, reason, now)
        case Action.WITHDRAW | Action.MERGE:
            if details.merge_into is not None:
                go_on_in(session, item, details.merge_into, actor, now, reason)
            clocks.cancel(session, item, now)
            tell_closed(session, item, transition.action, reason, now)
        case Action.REOPEN:
            clocks.complete(session, item, now)  # the re-inspection has found what it looked for
            _reopen(session, item, details)
            clocks.arm(session, item, rules_of(session, item.plan_id), business_date(now))
            clocks.show_next_due(session, item)
        case Action.RETURN_MEASURE:
            tell_returned(session, item, "整改措施", reason, actor, now)
        case Action.ISSUE_REGULATION:
            _issued(session, item, brought, actor, now)
        case Action.START | Action.SUSTAIN:
            _arm(session, item, brought.look, now)


def _arm(session: Session, item: Item, look: Look, now: dt.datetime) -> None:
    """`clocks.arm`, unless what was read of the item says that all of its clocks run."""
    wanted: set[tuple[ClockKind, int | None]] = {
        (ClockKind.LIMIT, m.id) for m in look.milestones if m.due_on and not m.done
    }
    if item.long_term and not wanted:
        wanted = {(ClockKind.CHECK_IN, None)}
    if not wanted <= look.running:
        clocks.arm(session, item, rules_of(session, item.plan_id), business_date(now))


def _add_measures(session: Session, item: Item, brought: Brought) -> None:
    rows = [
        {"item_id": item.id, "position": m.position, "text": m.text, "progress": m.progress}
        | {"reported_by": m.reported_by}
        for m in brought.look.measures[len(brought.before.measures) :]
    ]
    if rows:
        session.execute(_NEW_MEASURES, rows)


def _issued(session: Session, item: Item, brought: Brought, actor: Actor, now: dt.datetime) -> None:
    """Promised regulations are issued now, and the milestones that asked for them are done."""
    issued = [
        {"regulation_id": r.id, "number": r.document_number, "on": r.issued_on}
        for r, before in zip(brought.look.regulations, brought.before.regulations, strict=True)
        if r != before or r.status is RegulationStatus.PLANNED
    ]
    if issued:
        session.execute(_ISSUED, issued)
    asked = [m for m in brought.look.milestones if m.kind is MilestoneKind.ISSUE_REGULATION and not m.done]
    for milestone in asked:
        session.execute(_MILESTONE_DONE, {"milestone_id": milestone.id, "on": business_date(now), "actor": actor.name})
        clocks.complete(session, item, now, milestone_id=milestone.id)


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
