"""A plan as it stood on an earlier day: its items' states, limits, pauses and requests, read back from what was kept.

Events say what happened when; a clock keeps its successor and its end, a pause its two days, a request its decision.
What came after the day is left aside: states and how items ended, limits, lights, and whose an item was. Titles, names
and rules are those of today.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from duban.domain.events import PROGRESS
from duban.domain.lifecycle import TRANSITIONS, Outcome, State
from duban.domain.lights import Light
from duban.domain.policy_model import ClockKind
from duban.domain.schedule import Comparator, gap_points, target_progress
from duban.services.item_rows import ROLES
from duban.services.queries.lights import Lighting, Standing, _Limit
from duban.services.queries.shapes import ItemParty, ItemRow
from duban.services.rules import Rules, business_date
from duban.services.targets import TargetStanding, share_by_item, standings
from models import Clock, ClockPause, Event, Extension, Item, Measure, Party, Progress, Role, Target

_MOVES = {t.event: t.target for t in TRANSITIONS.values()}
_ENDS = {
    "item.closed": Outcome.RECTIFIED,
    "item.withdrawn": Outcome.WITHDRAWN,
    "item.merged": Outcome.MERGED,
}


@dataclass(frozen=True, slots=True)
class Then:
    """An item on the day.

    `closed_on`: the day it ended, if it had, and `outcome` how; `progress_on`: its last progress by then.
    `parties`: who was named in a role that has been set anew since; a role that is not there stands as today.
    """

    state: State
    due_on: dt.date | None
    quarantined: bool
    closed_on: dt.date | None
    progress_on: dt.date | None
    reopened_since: int
    outcome: Outcome | None = None
    parties: Mapping[Role, tuple[str, ...]] = field(default_factory=dict)


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
        select(Item.id, Item.state, Item.due_on, Item.quarantined, Item.outcome).where(Item.plan_id == plan_id)
    ).tuples()
    items = {item_id: _Now(state, due_on, doubtful, ended) for item_id, state, due_on, doubtful, ended in rows}
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


@dataclass(frozen=True, slots=True)
class _Now:
    """What an item's row says today."""

    state: State
    due_on: dt.date | None
    quarantined: bool
    outcome: Outcome | None


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


def _then(now: _Now, entries: list[Logged], due_on: dt.date | None, as_of: dt.date) -> Then:
    by_then = [e for e in entries if e.on <= as_of]
    later = [e for e in entries if e.on > as_of]
    moves = [(_state_after(e), e) for e in by_then or entries[:1]]
    known = [(after, e) for after, e in moves if after is not None]
    state = known[-1][0] if later and known else now.state
    decided = [e.type for e in later if e.type in ("item.resolved", "item.resolution_undone")]
    ended = state is State.CLOSED
    return Then(
        state=state,
        due_on=_due_then(now, later, due_on, ended=ended),
        quarantined=decided[0] == "item.resolved" if decided else now.quarantined,
        closed_on=known[-1][1].on if ended and known else None,
        progress_on=next((e.on for e in reversed(by_then) if e.type in PROGRESS), None),
        reopened_since=sum(e.type == "item.reopened" for e in later),
        outcome=_ENDS.get(known[-1][1].type, now.outcome) if ended and known else now.outcome if ended else None,
        parties=_parties_before(later),
    )


def _due_then(now: _Now, later: list[Logged], due_on: dt.date | None, *, ended: bool) -> dt.date | None:
    if not later:
        return now.due_on
    if not ended:
        return due_on
    return now.due_on if now.state is State.CLOSED else None


def _parties_before(later: list[Logged]) -> dict[Role, tuple[str, ...]]:
    """Who was named in the roles that were set anew after the day: what the first change says was there before."""
    found: dict[Role, tuple[str, ...]] = {}
    for event in later:
        fields = event.payload.get("fields")
        if not isinstance(fields, dict):
            continue
        for attribute, role, _ in ROLES:
            change = fields.get(attribute)
            if isinstance(change, dict) and isinstance(change.get("before"), list):
                found.setdefault(role, tuple(change["before"]))
    return found


def _state_after(event: Logged) -> State | None:
    """The state that an event left behind, where it is one that moves an item."""
    if event.type == "item.assigned" and event.payload.get("state"):
        return State(event.payload["state"])
    return _MOVES.get(event.type)


def _clocks(session: Session, plan_id: int, as_of: dt.date, log: Log) -> list[_Ran]:
    """The limits and check-ins that ran on the day."""
    clocks = session.scalars(
        select(Clock).where(Clock.plan_id == plan_id, Clock.kind.in_((ClockKind.LIMIT, ClockKind.CHECK_IN)))
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


def lighting_on(session: Session, as_of: dt.date, rules: Mapping[int, Rules] | None = None) -> Lighting:
    """Lights on a day: of the rows as they stand where nothing was recorded after it, else read back.

    `rules`: by plan, instead of those in force.
    """
    last = session.scalar(select(Event.recorded_at).order_by(Event.id.desc()).limit(1))
    if last is None or business_date(last) <= as_of:
        return Lighting(session, as_of, rules)
    return PastLighting(session, as_of, rules=rules)


class PastLighting(Lighting):
    """Lights as they shone on an earlier day, by the rules of today; `pasts` are plans that were read back already."""

    def __init__(
        self,
        session: Session,
        as_of: dt.date,
        pasts: Mapping[int, Past] | None = None,
        rules: Mapping[int, Rules] | None = None,
    ) -> None:
        super().__init__(session, as_of, rules)
        self._pasts = dict(pasts or {})

    @property
    def back(self) -> bool:
        """Whether the day is read back."""
        return True

    def then(self, plan_id: int) -> Mapping[int, Then]:
        """A plan's items on the day."""
        return self._past(plan_id).items

    def _past(self, plan_id: int) -> Past:
        if plan_id not in self._pasts:
            self._pasts[plan_id] = past_of(self._session, plan_id, self._as_of)
        return self._pasts[plan_id]

    def there(self, items: Iterable[Standing]) -> list[Standing]:
        """The items that were in the ledger on the day, as they stood."""
        found = []
        for item in items:
            then = self.then(item.plan_id).get(item.id)
            if then is not None:
                found.append(
                    dataclasses.replace(
                        item,
                        state=then.state,
                        due_on=then.due_on,
                        quarantined=then.quarantined,
                        outcome=then.outcome,
                    )
                )
        return found

    def shown(self, rows: list[ItemRow]) -> list[ItemRow]:
        """Rows with what the day's log says of them."""
        done = measures_then(self._session, [row.id for row in rows], self._as_of)
        found = []
        for row in rows:
            then = self.then(row.plan.id).get(row.id)
            if then is None:
                continue
            before = row.breached_on is not None and row.breached_on <= self._as_of
            found.append(
                dataclasses.replace(
                    row,
                    state=then.state,
                    due_on=then.due_on,
                    quarantined=then.quarantined,
                    outcome=then.outcome,
                    breached_on=row.breached_on if before else None,
                    measures_done=done.get(row.id, 0),
                    parties=self._parties(row, then),
                )
            )
        return found

    def _parties(self, row: ItemRow, then: Then) -> tuple[ItemParty, ...]:
        if not then.parties:
            return row.parties
        names = {name for named in then.parties.values() for name in named}
        query = select(Party.name, Party.id).where(Party.plan_id == row.plan.id, Party.name.in_(names))
        ids = dict(self._session.execute(query).tuples().all())
        kept = [p for p in row.parties if p.role not in then.parties]
        was = [ItemParty(ids[n], n, role) for role, named in then.parties.items() for n in named if n in ids]
        order = list(Role)
        return tuple(sorted((*kept, *was), key=lambda p: order.index(p.role)))

    def named(self, items: Iterable[Standing], roles: Sequence[Role]) -> dict[int, set[str]]:
        """The names in these roles on each item, on the day: what was set anew since is left aside."""
        asked = list(items)
        changed = {i.id: before for i in asked if (before := self.then(i.plan_id)[i.id].parties)}
        found = super().named([i for i in asked if i.id not in changed], roles)
        for item in (i for i in asked if i.id in changed):
            before = changed[item.id]
            for role in roles:
                now = () if role in before else super().named([item], (role,))[item.id]
                found.setdefault(item.id, set()).update(before.get(role, now))
        return found

    def of(self, items: Iterable[Standing], among: ColumnElement[bool]) -> dict[int, Light]:
        """The light of each item on the day."""
        asked = list(items)
        for plan_id in {item.plan_id for item in asked}:
            self._past(plan_id)
        there = {item.id: item for item in self.there(asked)}
        return super().of([there.get(item.id, item) for item in asked], among)

    def _clocks(self, _among: ColumnElement[bool]) -> tuple[dict[int, _Limit], dict[int, dt.date]]:
        limits: dict[int, _Limit] = {}
        check_ins: dict[int, dt.date] = {}
        ran = [clock for past in self._pasts.values() for clock in past.clocks]
        for clock in sorted(ran, key=lambda c: c.due_on, reverse=True):
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
        reached = {key: known for past in self._pasts.values() for key, known in past.reached.items()}
        return measured | share_by_item(targets_then(self._session, among, self._as_of, reached))


def targets_then(
    session: Session,
    among: ColumnElement[bool],
    as_of: dt.date,
    reached: Mapping[tuple[int, int], tuple[Decimal, dt.date] | None],
) -> tuple[TargetStanding, ...]:
    """The targets with what they had reached by the day (`Past.reached`)."""
    found = standings(session, among, as_of)
    if not reached:
        return found
    rows = session.execute(
        select(Target.id, Target.item_id, Target.position).where(Target.id.in_([t.target_id for t in found]))
    )
    keys = {target_id: (item_id, position) for target_id, item_id, position in rows.tuples()}
    changed = {t.target_id: keys[t.target_id] for t in found if keys[t.target_id] in reached}
    return tuple(_target_then(t, reached[changed[t.target_id]]) if t.target_id in changed else t for t in found)


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
