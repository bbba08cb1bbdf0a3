"""Lights for lists: the ledger's facts handed to `duban.domain.lights`, for many items in a few statements."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from duban.domain.lifecycle import Outcome, State, state_zh
from duban.domain.lights import Light, LightFacts, light
from duban.domain.policy_model import ClockKind, Colour, LightRule
from duban.services.queries.shapes import ItemRow
from duban.services.rules import Rules, rules_of
from duban.services.targets import share_by_item, standings
from models import Clock, ClockState, Extension, Item, ItemParty, Measure, Party, Progress, Role

OPEN_CLOCKS = (ClockState.ARMED, ClockState.RUNNING, ClockState.PAUSED)
_DOUBTFUL = Light(Colour.NONE, ("待核，未计时",))
_REMOVED = Light(Colour.NONE, ("已剔除",))


def live() -> ColumnElement[bool]:
    """Items whose clocks run: open, read without doubt, not removed."""
    return and_(Item.state != State.CLOSED, ~Item.quarantined, ~Item.dropped)


def overdue(as_of: dt.date) -> ColumnElement[bool]:
    """Past the limit on a day; derived, never a state."""
    return and_(live(), Item.due_on < as_of)


@dataclass(frozen=True, slots=True)
class Standing:
    """What of an item's row its light hangs on."""

    id: int
    plan_id: int
    state: State
    due_on: dt.date | None
    first_due_on: dt.date | None
    long_term: bool
    quarantined: bool
    dropped: bool
    outcome: Outcome | None

    @classmethod
    def of(cls, item: Item) -> Standing:
        """What a whole row says of it."""
        return cls(*(getattr(item, name) for name in cls.__slots__))


#: The columns of a `Standing`, in its order: lists that need only counts read no more of an item.
STANDING = (
    Item.id,
    Item.plan_id,
    Item.state,
    Item.due_on,
    Item.first_due_on,
    Item.long_term,
    Item.quarantined,
    Item.dropped,
    Item.outcome,
)


@dataclass(frozen=True, slots=True)
class _Limit:
    """An item's nearest open limit."""

    started_on: dt.date
    paused_on: dt.date | None
    counted: bool


@lru_cache(maxsize=50_000)
def _lit(facts: LightFacts, as_of: dt.date, rules: Rules) -> Light:
    """`light`, judged once for all items of which the same is to be said: a plan has few dates, and many items."""
    return light(facts, as_of, rules.policy, rules.calendar)


class Lighting:
    """Lights on one day; each plan's rules are read once. `rules`: by plan, instead of those in force."""

    def __init__(self, session: Session, as_of: dt.date, rules: Mapping[int, Rules] | None = None) -> None:
        self._session = session
        self._as_of = as_of
        self._rules = dict(rules or {})

    def rules(self, plan_id: int) -> Rules:
        """The rules of a plan."""
        if plan_id not in self._rules:
            self._rules[plan_id] = rules_of(self._session, plan_id)
        return self._rules[plan_id]

    @property
    def back(self) -> bool:
        """Whether the day is read back from the log: then no condition on rows says what stood."""
        return False

    def there(self, items: Iterable[Standing]) -> list[Standing]:
        """The items that were in the ledger on the day, as they stood."""
        return list(items)

    def shown(self, rows: list[ItemRow]) -> list[ItemRow]:
        """Rows as they stood on the day."""
        return rows

    def named(self, items: Iterable[Standing], roles: Sequence[Role]) -> dict[int, set[str]]:
        """The names in these roles on each item, on the day."""
        wanted = {item.id for item in items}
        rows = self._session.execute(
            select(ItemParty.item_id, Party.name)
            .join(Party, Party.id == ItemParty.party_id)
            .where(ItemParty.role.in_(roles))
        ).tuples()
        found: dict[int, set[str]] = {item_id: set() for item_id in wanted}
        for item_id, name in rows:
            if item_id in wanted:
                found[item_id].add(name)
        return found

    def of(self, items: Iterable[Standing], among: ColumnElement[bool]) -> dict[int, Light]:
        """The light of each item, by id. `among` is a condition on `Item` that holds for all of them."""
        standing = list(items)
        by_gap = {s.plan_id for s in standing if self.rules(s.plan_id).policy.lights.rule is LightRule.SCHEDULE_GAP}
        limits, check_ins = self._clocks(among)
        asked = self._extensions(among)
        progress = self._progress(and_(among, Item.plan_id.in_(by_gap))) if by_gap else {}
        return {
            s.id: self._one(
                s,
                limit=limits.get(s.id),
                check_in_due_on=check_ins.get(s.id),
                progress=progress.get(s.id),
                extension_until=asked.get(s.id),
            )
            for s in standing
        }

    def _one(
        self,
        item: Standing,
        *,
        limit: _Limit | None,
        check_in_due_on: dt.date | None,
        progress: Fraction | None,
        extension_until: dt.date | None,
    ) -> Light:
        if item.quarantined or item.dropped:
            return _DOUBTFUL if item.quarantined else _REMOVED
        rules = self.rules(item.plan_id)
        movable = limit is not None and (limit.counted or rules.policy.fixed_dates_move)
        facts = LightFacts(
            due_on=item.due_on,
            started_on=limit.started_on if limit is not None else None,
            progress=progress,
            ended=state_zh(item.state, item.outcome) if item.state is State.CLOSED else None,
            paused_on=limit.paused_on if limit is not None and movable else None,
            extension_until=extension_until,
            first_due_on=item.first_due_on,
            check_in_due_on=check_in_due_on,
            long_term=item.long_term,
        )
        return _lit(facts, self._as_of, rules)

    def _clocks(self, among: ColumnElement[bool]) -> tuple[dict[int, _Limit], dict[int, dt.date]]:
        """Start and pause of each item's nearest open limit, and the day its open check-in is due."""
        rows = self._session.execute(
            select(Clock.item_id, Clock.kind, Clock.started_on, Clock.paused_on, Clock.counted, Clock.due_on)
            .join(Item, Item.id == Clock.item_id)
            .where(among, Clock.state.in_(OPEN_CLOCKS), Clock.kind.in_((ClockKind.LIMIT, ClockKind.CHECK_IN)))
            .order_by(Clock.due_on.desc())
        ).tuples()
        limits: dict[int, _Limit] = {}
        check_ins: dict[int, dt.date] = {}
        for item_id, kind, started_on, paused_on, counted, due_on in rows:
            if kind is ClockKind.LIMIT:
                limits[item_id] = _Limit(started_on, paused_on, counted)
            else:
                check_ins[item_id] = due_on
        return limits, check_ins

    def _extensions(self, among: ColumnElement[bool]) -> dict[int, dt.date]:
        """The date that a request asks for, where it waits for its decision."""
        rows = self._session.execute(
            select(Extension.item_id, Extension.asked_until_on)
            .join(Item, Item.id == Extension.item_id)
            .where(among, Extension.decided_at.is_(None))
        ).tuples()
        return dict(rows.all())

    def _progress(self, among: ColumnElement[bool]) -> dict[int, Fraction]:
        """The share of the targets reached, else of the measures done; items without any report are left out."""
        done = func.sum(case((Measure.progress == Progress.DONE, 1), else_=0))
        rows = self._session.execute(
            select(Measure.item_id, func.count(), done, func.count(Measure.reported_by))
            .join(Item, Item.id == Measure.item_id)
            .where(among)
            .group_by(Measure.item_id)
        ).tuples()
        measured = {item_id: Fraction(finished, total) for item_id, total, finished, reported in rows if reported}
        return measured | share_by_item(standings(self._session, among, self._as_of))
