"""The office's own days: previewed against every open clock, then applied, each moved clock with its event."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database, one_at_a_time
from duban.adapters.workdays import calendar_from_text
from duban.domain.actors import Actor
from duban.domain.calendar import Calendar
from duban.domain.lifecycle import RELATION_ZH, Relation
from duban.domain.policy_model import ClockKind
from duban.domain.projection import DueChange, reproject
from duban.errors import Forbidden
from duban.services import clocks as item_clocks
from duban.services.clock_changes import show_on_milestone
from duban.services.clock_values import KEYS_A_STATEMENT, look_again, pure_clocks
from duban.services.event_log import lock_items
from duban.services.item_changes import record
from duban.services.rules import Rules, RulesChanged, business_date, calendar_in_force, rules_from
from models import CalendarEdition, Clock, Item, Milestone, Plan


@dataclass(frozen=True, slots=True)
class ClockMove:
    """One open clock whose date the new calendar moves; `remaining_*` are working days left of a paused one."""

    clock_id: int
    item_id: int
    plan: str
    number: str
    title: str
    kind: ClockKind
    before: dt.date
    after: dt.date
    remaining_before: int | None
    remaining_after: int | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CalendarChange:
    """What a calendar does, or did: clocks looked at, those that move, and how many are looked at another day."""

    filename: str
    source: str
    known_through: dt.date
    clocks: int
    moves: tuple[ClockMove, ...]
    looked_again: int
    applied: bool


@dataclass(frozen=True, slots=True)
class CalendarInForce:
    """The calendar that open clocks are counted on, where it comes from, and how far it reaches."""

    source: str
    known_from: dt.date
    known_through: dt.date
    own_days: tuple[tuple[dt.date, bool, str], ...]
    filename: str | None
    sha256: str | None
    applied_by: str | None
    applied_at: dt.datetime | None
    text: str = ""


def in_force(database: Database) -> CalendarInForce:
    """The calendar in force, with who applied it and when."""
    with database.read() as session:
        calendar = calendar_in_force(session)
        edition = _newest(session)
    return CalendarInForce(
        source=calendar.source,
        known_from=calendar.known_from,
        known_through=calendar.known_through,
        own_days=tuple((day.on, day.working, day.note) for day in calendar.own_days),
        filename=edition.filename if edition else None,
        sha256=edition.sha256 if edition else None,
        applied_by=edition.applied_by if edition else None,
        applied_at=edition.applied_at if edition else None,
        text=edition.content if edition else "",
    )


def differs(database: Database, text: str) -> bool:
    """Whether this text is another one than the calendar in force."""
    with database.read() as session:
        edition = _newest(session)
    return edition is None or edition.sha256 != _hash(text)


def preview(database: Database, text: str, filename: str) -> CalendarChange:
    """What a calendar file would move, nothing written. Raises CalendarFileInvalid with the line."""
    new = calendar_from_text(text, filename)
    with database.read() as session:
        old = calendar_in_force(session)
        clocks, moves = 0, []
        for part in _open_clocks(session):
            clocks += len(part)
            moves += [move for _, _, move in _moves(session, part, old, new)]
    return CalendarChange(filename, new.source, new.known_through, clocks, tuple(moves), 0, applied=False)


def apply(
    database: Database, text: str, filename: str, *, actor: Actor, now: dt.datetime, seen: str | None = None
) -> CalendarChange:
    """Puts a calendar in force: every open clock is projected afresh, whole or not at all; each move is an event.

    Rungs that were fired stay fired. `seen` is the SHA-256 of the text that a preview compared with, "" where none was
    applied yet. Raises CalendarFileInvalid, RulesChanged, or Forbidden for anybody but the supervision office.
    """
    new = calendar_from_text(text, filename)
    if actor.role not in ("supervisor", "admin"):
        raise Forbidden(actor=actor.name, action="变更放假安排,", who=RELATION_ZH[Relation.SUPERVISION])
    with database.write() as session:
        # No registration arms clocks on the old days while the open ones move to the new ones.
        for work in ("registration", "calendar"):
            one_at_a_time(session, work)
        newest = _newest(session)
        if seen is not None and seen != (newest.sha256 if newest else ""):
            raise RulesChanged
        old = calendar_in_force(session)
        clocks, looked, moves = 0, 0, []
        for found in _open_clocks(session):
            part = locked(session, found)
            clocks += len(part)
            for clock, item, move in _moves(session, part, old, new):
                _apply_move(session, clock, item, move, actor, now)
                moves.append(move)
            looked += look_again(session, part, _rules(session, part, new), business_date(now))
        _roll_waiting(session, new)
        session.add(
            CalendarEdition(
                filename=filename[-255:], sha256=_hash(text), content=text, applied_by=actor.name, applied_at=now
            )
        )
        session.flush()
    return CalendarChange(filename, new.source, new.known_through, clocks, tuple(moves), looked, applied=True)


def apply_first(database: Database, text: str, filename: str, *, actor: Actor, now: dt.datetime) -> bool:
    """Puts the office's calendar in force where no clock runs yet, so that there is nothing to preview.

    Returns whether the text is in force now; where it is not, a person has to apply it.
    """
    if not differs(database, text):
        return True
    with database.read() as session:
        running = session.scalar(select(func.count()).where(Clock.state.in_(item_clocks.OPEN)))
    if running:
        return False
    apply(database, text, filename, actor=actor, now=now)
    return True


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _newest(session: Session) -> CalendarEdition | None:
    return session.scalars(select(CalendarEdition).order_by(CalendarEdition.id.desc()).limit(1)).first()


def _open_clocks(session: Session) -> Iterator[list[Clock]]:
    """Every open clock, so many at a time, in the order of their ids."""
    last = 0
    while True:
        part = list(
            session.scalars(
                select(Clock)
                .where(Clock.id > last, Clock.state.in_(item_clocks.OPEN))
                .order_by(Clock.id)
                .limit(KEYS_A_STATEMENT)
            )
        )
        if not part:
            return
        last = part[-1].id
        yield part


def locked(session: Session, part: list[Clock]) -> list[Clock]:
    """The same clocks, as they stand once nobody else can change them: items before clocks, as everywhere."""
    lock_items(session, {clock.item_id for clock in part})
    return list(
        session.scalars(
            select(Clock)
            .where(Clock.id.in_([clock.id for clock in part]), Clock.state.in_(item_clocks.OPEN))
            .order_by(Clock.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def _rules(session: Session, clocks: list[Clock], calendar: Calendar) -> dict[int, Rules]:
    policies = select(Plan.id, Plan.policy).where(Plan.id.in_({clock.plan_id for clock in clocks}))
    return {plan_id: rules_from(text, calendar) for plan_id, text in session.execute(policies).tuples()}


def _moves(
    session: Session, part: list[Clock], old: Calendar, new: Calendar
) -> Iterator[tuple[Clock, Item, ClockMove]]:
    by_id = {clock.id: clock for clock in part}
    rules = _rules(session, part, old)
    values = pure_clocks(session, part, rules)
    counted = {key: item_clocks.counted_from_period(v, rules[by_id[key].plan_id]) for key, v in values.items()}
    changes = reproject(counted, old, new)
    items = {
        item.id: (item, code)
        for item, code in session.execute(
            select(Item, Plan.code)
            .join(Plan, Plan.id == Item.plan_id)
            .where(Item.id.in_({by_id[change.key].item_id for change in changes}))
        ).tuples()
    }
    for change in changes:
        clock = by_id[change.key]
        item, code = items[clock.item_id]
        yield clock, item, _move(clock, item, code, change)


def _move(clock: Clock, item: Item, code: str, change: DueChange[int]) -> ClockMove:
    return ClockMove(
        clock_id=clock.id,
        item_id=item.id,
        plan=code,
        number=item.number,
        title=item.title,
        kind=clock.kind,
        before=change.before,
        after=change.after,
        remaining_before=change.remaining_before,
        remaining_after=change.remaining_after,
        reasons=change.reasons,
    )


def _apply_move(session: Session, clock: Clock, item: Item, move: ClockMove, actor: Actor, now: dt.datetime) -> None:
    clock.due_on = move.after
    if clock.counted or clock.nominal_due_on > move.after:
        clock.nominal_due_on = move.after
    if clock.remaining_days is not None and move.remaining_after is not None:
        clock.remaining_days = move.remaining_after
    session.flush()
    if clock.milestone_id is not None:
        show_on_milestone(session, clock)
        item_clocks.show_next_due(session, item)
    payload = {
        "clock": clock.id,
        "before": move.before.isoformat(),
        "due_on": move.after.isoformat(),
        "remaining": move.remaining_after,
        "days": list(move.reasons),
    }
    record(session, item, actor, now, event="clock.reprojected", reason="放假安排变更,重新核定到期日", payload=payload)


def _roll_waiting(session: Session, calendar: Calendar) -> None:
    """Dated parts that no clock runs for yet (in quarantine, or not begun) are rolled by the new days too."""
    running = select(Clock.milestone_id).where(Clock.state.in_(item_clocks.OPEN), Clock.milestone_id.is_not(None))
    waiting = session.scalars(
        select(Milestone).where(~Milestone.done, Milestone.due_on.is_not(None), Milestone.id.not_in(running))
    )
    for milestone in waiting:
        rolled = calendar.roll(milestone.due_on) if milestone.due_on else None
        if rolled != milestone.rolled_due_on:
            milestone.rolled_due_on = rolled
            item_clocks.show_next_due(session, session.get_one(Item, milestone.item_id))
    session.flush()
