"""A plan as it stood on an earlier day: its items' states, limits, pauses and requests, read back from what was kept.

Events say what happened when; a clock keeps its successor and its end, a pause its two days, a request its decision.
What came after the day is left aside. Parties, titles and rules are those of today.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from duban.domain.events import PROGRESS
from duban.domain.lifecycle import TRANSITIONS, State
from duban.domain.lights import Light
from duban.domain.policy_model import ClockKind
from duban.domain.schedule import Comparator, gap_points, target_progress
from duban.services.queries.lights import Lighting, Standing, _Limit
from duban.services.rules import business_date
from duban.services.targets import TargetStanding, share_by_item, standings
from models import Clock, ClockPause, ClockState, Event, Extension, Item, Measure, Progress, Target

_MOVES = {t.event: t.target for t in TRANSITIONS.values()}
#: Of clocks that were called off it is not known whether they had run by the day; all others say when they ended.
_RAN = tuple(state for state in ClockState if state is not ClockState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Then:
    """An item on the day. `closed_on`: when it was struck off, if it was; `progress_on`: its last progress by then."""

    state: State
    due_on: dt.date | None
    quarantined: bool
    closed_on: dt.date | None
    progress_on: dt.date | None
    reopened_since: int


@dataclass(frozen=True, slots=True)
class _Ran:
    """A clock that ran on the day, with the dates that it had then."""

    item_id: int
    kind: ClockKind
    started_on: dt.date
    due_on: dt.date
    paused_on: dt.date | None
    counted: bool


@dataclass(frozen=True, slots=True)
class Past:
    """What was different on the day; items that came into the ledger later are not among `items`.

    Where nothing has happened `since`, the rows themselves say how it stands.
    """

    as_of: dt.date
    since: bool
    registered: bool  # whether the plan was in the ledger on the day
    items: Mapping[int, Then]
    clocks: Sequence[_Ran]
    reached: Mapping[tuple[int, int], tuple[Decimal, dt.date] | None]  # by item and the target's position


@dataclass(frozen=True, slots=True)
class Logged:
    """What an event says of the past: its kind, its facts and its day."""

    type: str
    payload: dict[str, Any]
    on: dt.date


Log = Mapping[int, list[Logged]]


def past_of(session: Session, plan_id: int, as_of: dt.date, log: Log | None = None) -> Past:
    """The plan as it stood on a day; `log` is what `log_of` gives, for whoever asks for several days."""
    log = log_of(session, plan_id) if log is None else log
    since = any(e.on > as_of for entries in log.values() for e in entries)
    began = min((entries[0].on for entries in log.values()), default=as_of)
    rows = session.execute(
        select(Item.id, Item.state, Item.due_on, Item.quarantined).where(Item.plan_id == plan_id)
    ).tuples()
    items = {item_id: (state, due_on, doubtful) for item_id, state, due_on, doubtful in rows}
    clocks = _clocks(session, plan_id, as_of, log)
    due = _due(clocks)
    return Past(
        as_of=as_of,
        since=since,
        registered=began <= as_of,
        items={
            item_id: _then(items[item_id], entries, due.get(item_id), as_of)
            for item_id, entries in log.items()
            if not since
            or entries[0].on <= as_of
            or began > as_of  # a plan that was entered later stands from its beginning
        },
        clocks=clocks,
        reached=_reached(log, as_of),
    )


def log_of(session: Session, plan_id: int) -> Log:
    """The events of each item of a plan, in their order."""
    rows = session.execute(
        select(Event.item_id, Event.type, Event.payload, Event.occurred_at)
        .join(Item, Item.id == Event.item_id)
        .where(Item.plan_id == plan_id)
        .order_by(Event.item_id, Event.seq)
    ).tuples()
    found: dict[int, list[Logged]] = defaultdict(list)
    for item_id, kind, payload, at in rows:
        found[item_id].append(Logged(kind, payload, business_date(at)))
    return found


def _then(
    now: tuple[State, dt.date | None, bool], entries: list[Logged], due_on: dt.date | None, as_of: dt.date
) -> Then:
    state, present_due, quarantined = now
    by_then = [e for e in entries if e.on <= as_of]
    later = [e for e in entries if e.on > as_of]
    moves = [(_state_after(e), e.on) for e in by_then or entries[:1]]
    known = [(after, on) for after, on in moves if after is not None]
    if later and known:
        state = known[-1][0]
    decided = [e.type for e in later if e.type in ("item.resolved", "item.resolution_undone")]
    return Then(
        state=state,
        due_on=due_on if later and state is not State.CLOSED else present_due,
        quarantined=decided[0] == "item.resolved" if decided else quarantined,
        closed_on=known[-1][1] if state is State.CLOSED and known else None,
        progress_on=next((e.on for e in reversed(by_then) if e.type in PROGRESS), None),
        reopened_since=sum(e.type == "item.reopened" for e in later),
    )


def _state_after(event: Logged) -> State | None:
    """The state that an event left behind, where it is one that moves an item."""
    if event.type == "item.assigned" and event.payload.get("state"):
        return State(event.payload["state"])
    return _MOVES.get(event.type)


def _clocks(session: Session, plan_id: int, as_of: dt.date, log: Log) -> list[_Ran]:
    """The limits and check-ins that ran on the day."""
    clocks = session.scalars(
        select(Clock).where(
            Clock.plan_id == plan_id,
            Clock.kind.in_((ClockKind.LIMIT, ClockKind.CHECK_IN)),
            Clock.state.in_(_RAN),
        )
    ).all()
    born = {c.superseded_by_id: business_date(c.ended_at) for c in clocks if c.superseded_by_id and c.ended_at}
    first: dict[int, dt.date] = {}
    for clock in clocks:
        first[clock.item_id] = min(first.get(clock.item_id, clock.started_on), clock.started_on)
    paused = _paused(session, plan_id, as_of)
    moved = _moved(log, as_of)
    return [
        _Ran(c.item_id, c.kind, c.started_on, moved.get(c.id, c.due_on), paused.get(c.id), c.counted)
        for c in clocks
        if (born.get(c.id, c.started_on) <= as_of or (c.id not in born and c.started_on == first[c.item_id]))
        and (c.ended_at is None or business_date(c.ended_at) > as_of)
    ]


def _paused(session: Session, plan_id: int, as_of: dt.date) -> dict[int, dt.date]:
    rows = session.execute(
        select(ClockPause.clock_id, ClockPause.paused_on)
        .join(Clock, Clock.id == ClockPause.clock_id)
        .where(
            Clock.plan_id == plan_id,
            ClockPause.paused_on <= as_of,
            ClockPause.resumed_on.is_(None) | (ClockPause.resumed_on > as_of),
        )
    ).tuples()
    return dict(rows.all())


def _moved(log: Log, as_of: dt.date) -> dict[int, dt.date]:
    """The date that a clock had before it was moved in its place, after the day, for the first time."""
    found: dict[int, dt.date] = {}
    for entries in log.values():
        for event in entries:
            before = event.payload.get("before")
            if event.on > as_of and event.type in ("clock.resumed", "clock.reprojected") and isinstance(before, str):
                found.setdefault(int(event.payload["clock"]), dt.date.fromisoformat(before))
    return found


def _due(clocks: Iterable[_Ran]) -> dict[int, dt.date]:
    """Each item's nearest limit."""
    found: dict[int, dt.date] = {}
    for clock in clocks:
        if clock.kind is ClockKind.LIMIT:
            found[clock.item_id] = min(found.get(clock.item_id, clock.due_on), clock.due_on)
    return found


def _reached(log: Log, as_of: dt.date) -> dict[tuple[int, int], tuple[Decimal, dt.date] | None]:
    """What targets had reached by the day, for those that were reported on since; None where nothing was known."""
    found: dict[tuple[int, int], tuple[Decimal, dt.date] | None] = {}
    for item_id, entries in log.items():
        reports = [e for e in entries if e.type == "target.reported"]
        for position in {e.payload["target"] for e in reports if e.on > as_of}:
            known = [e.payload for e in reports if e.payload["target"] == position and e.on <= as_of]
            found[item_id, position] = (
                (Decimal(known[-1]["reached"]), dt.date.fromisoformat(known[-1]["reached_on"])) if known else None
            )
    return found


# -- lights ------------------------------------------------------------------------------------------------------


class PastLighting(Lighting):
    """Lights as they shone on an earlier day, by the rules of today."""

    def __init__(self, session: Session, past: Past) -> None:
        super().__init__(session, past.as_of)
        self._past = past

    def of(self, items: Iterable[Standing], among: ColumnElement[bool]) -> dict[int, Light]:
        """The light of each item on the day."""
        then = self._past.items
        stood = [
            dataclasses.replace(s, state=then[s.id].state, due_on=then[s.id].due_on, quarantined=then[s.id].quarantined)
            if s.id in then
            else s
            for s in items
        ]
        return super().of(stood, among)

    def _clocks(self, _among: ColumnElement[bool]) -> tuple[dict[int, _Limit], dict[int, dt.date]]:
        limits: dict[int, _Limit] = {}
        check_ins: dict[int, dt.date] = {}
        for clock in sorted(self._past.clocks, key=lambda c: c.due_on, reverse=True):
            if clock.kind is ClockKind.LIMIT:
                limits[clock.item_id] = _Limit(clock.started_on, clock.paused_on, clock.counted)
            else:
                check_ins[clock.item_id] = clock.due_on
        return limits, check_ins

    def _extensions(self, among: ColumnElement[bool]) -> dict[int, dt.date]:
        rows = self._session.scalars(select(Extension).join(Item, Item.id == Extension.item_id).where(among))
        return {
            e.item_id: e.asked_until_on
            for e in rows
            if business_date(e.asked_at) <= self._as_of
            and (e.decided_at is None or business_date(e.decided_at) > self._as_of)
        }

    def _progress(self, among: ColumnElement[bool]) -> dict[int, Fraction]:
        rows = self._session.execute(
            select(Measure.item_id, Measure.progress, Measure.done_on, Measure.reported_by)
            .join(Item, Item.id == Measure.item_id)
            .where(among)
        ).tuples()
        found: dict[int, list[bool]] = defaultdict(list)
        reported: set[int] = set()
        for item_id, progress, done_on, by in rows:
            found[item_id].append(progress is Progress.DONE and done_on is not None and done_on <= self._as_of)
            if by is not None:
                reported.add(item_id)
        measured = {i: Fraction(sum(done), len(done)) for i, done in found.items() if i in reported}
        return measured | share_by_item(targets_then(self._session, among, self._past))


def targets_then(session: Session, among: ColumnElement[bool], past: Past) -> tuple[TargetStanding, ...]:
    """The targets with what they had reached by the day."""
    found = standings(session, among, past.as_of)
    if not past.reached:
        return found
    rows = session.execute(
        select(Target.id, Target.item_id, Target.position).where(Target.id.in_([t.target_id for t in found]))
    )
    keys = {target_id: (item_id, position) for target_id, item_id, position in rows.tuples()}
    changed = {t.target_id: keys[t.target_id] for t in found if keys[t.target_id] in past.reached}
    return tuple(_target_then(t, past.reached[changed[t.target_id]]) if t.target_id in changed else t for t in found)


def _target_then(target: TargetStanding, known: tuple[Decimal, dt.date] | None) -> TargetStanding:
    reached, on = known or (None, None)
    share = target_progress(cast("Comparator", target.comparator), target.value, reached, target.baseline)
    lag = gap_points(target.schedule, share or Fraction(0)) if target.schedule is not None else None
    return dataclasses.replace(target, reached=reached, reached_on=on, share=share, lag=lag, evidence=None)


def measures_then(session: Session, ids: Sequence[int], as_of: dt.date) -> dict[int, int]:
    """How many measures of each item were done by the day."""
    rows = session.execute(
        select(Measure.item_id, func.count())
        .where(Measure.item_id.in_(ids), Measure.progress == Progress.DONE, Measure.done_on <= as_of)
        .group_by(Measure.item_id)
    ).tuples()
    return dict(rows.all())
