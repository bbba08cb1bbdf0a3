"""What a change of the calendar or of a policy would do to clocks that run: previews, nothing is changed here."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from duban.domain.calendar import Calendar
from duban.domain.clocks import Clock
from duban.domain.counting import Unit, counted_due, due_after, unconsumed
from duban.domain.ladder import due_rungs
from duban.domain.policy_model import Policy

K = TypeVar("K")

_NOT_RULES = {"text", "sources", "rungs", "seasons", "terms", "reviews", "papers"}


# -- the calendar ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DueChange(Generic[K]):
    """A clock whose due date moves with the calendar: from, to, what is left while paused, and the days that differ."""

    key: K
    before: dt.date
    after: dt.date
    remaining_before: int | None
    remaining_after: int | None
    reasons: tuple[str, ...]


def project(clock: Clock, calendar: Calendar) -> tuple[dt.date, int | None]:
    """The due date, and the working days left while paused, counted afresh from the clock's own facts."""
    nominal = clock.nominal_on
    if clock.counted and clock.amount is not None and clock.unit is not None:
        nominal = counted_due(clock.started_on, clock.amount, clock.unit, calendar)
    due, remaining = calendar.roll(nominal), None
    for pause in clock.pauses if clock.movable else ():
        remaining = unconsumed(due, pause.paused_on, calendar)
        if pause.resumed_on is not None:
            due, remaining = due_after(pause.resumed_on, remaining, calendar), None
    return due, remaining


def reproject(clocks: Mapping[K, Clock], old: Calendar, new: Calendar) -> list[DueChange[K]]:
    """The open clocks whose dates the new calendar moves, with the days that moved them; the order is the mapping's.

    Rung dates move with the calendar too, even where the due date stays: decide each open clock again afterwards.
    """
    open_clocks = {key: _with_amount(clock, old) for key, clock in clocks.items() if clock.open}
    moved = [(key, clock, *project(clock, new)) for key, clock in open_clocks.items()]
    moved = [m for m in moved if (m[2], m[3]) != (m[1].due_on, m[1].remaining)]
    if not moved:
        return []
    first = min(clock.started_on for _, clock, _, _ in moved)
    last = max(max(clock.due_on, due) for _, clock, due, _ in moved)
    differing = _differences(old, new, first, last)
    return [
        DueChange(
            key,
            clock.due_on,
            due,
            clock.remaining,
            remaining,
            tuple(why for day, why in differing if clock.started_on < day <= max(clock.due_on, due)),
        )
        for key, clock, due, remaining in moved
    ]


def _with_amount(clock: Clock, calendar: Calendar) -> Clock:
    """A counted clock of which only the dates are known: so many working days as the old calendar counts."""
    if not clock.counted or clock.amount is not None:
        return clock
    amount = calendar.workdays_between(clock.started_on, clock.nominal_on)
    return dataclasses.replace(clock, amount=amount, unit=Unit.WORKDAYS)


def _differences(old: Calendar, new: Calendar, first: dt.date, last: dt.date) -> list[tuple[dt.date, str]]:
    days = (first + dt.timedelta(days=n) for n in range((last - first).days + 1))
    changed = (day for day in days if old.is_workday(day) != new.is_workday(day))
    return [(day, f"{day}由{old.note(day).reason}改为{new.note(day).reason}") for day in changed]


# -- the policy --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One rule that differs; None where it is not there."""

    key: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class ClockImpact(Generic[K]):
    """What a new policy does to one clock: when it is looked at next, and what would fire on the next night."""

    key: K
    next_before: dt.date | None
    next_after: dt.date | None
    fires_before: tuple[str, ...]
    fires_after: tuple[str, ...]


def policy_changes(old: Policy, new: Policy) -> list[RuleChange]:
    """Each rule that differs, named like its key in the file (`rung.urge_1.offset`, `lights.yellow_days`)."""
    before, after = _flat(old), _flat(new)
    keys = dict.fromkeys((*before, *after))
    return [RuleChange(k, before.get(k), after.get(k)) for k in keys if before.get(k) != after.get(k)]


def policy_impact(
    clocks: Mapping[K, Clock],
    old: Policy,
    new: Policy,
    calendar: Calendar,
    as_of: dt.date,
    acknowledged: Mapping[K, tuple[str, dt.date]] | None = None,
) -> list[ClockImpact[K]]:
    """The open clocks that a new policy would touch, decided for the night of `as_of` under both. Nothing is applied.

    Rungs are known by their key: one that was fired stays fired under the new policy, wherever its date moves.
    `acknowledged`: for a clock the rung whose receipts are complete, and since when: it holds the higher ones back.
    """
    receipts = acknowledged or {}
    found: list[ClockImpact[K]] = []
    for key, clock in clocks.items():
        if not clock.open or clock.paused:
            continue
        receipt = receipts.get(key)
        (before, now), (after, then) = (_decided(clock, policy, calendar, as_of, receipt) for policy in (old, new))
        if (before, now) != (after, then):
            found.append(ClockImpact(key, before, after, now, then))
    return found


def _decided(
    clock: Clock, policy: Policy, calendar: Calendar, as_of: dt.date, receipt: tuple[str, dt.date] | None
) -> tuple[dt.date | None, tuple[str, ...]]:
    rung, acknowledged_on = receipt or (None, None)
    decision = due_rungs(
        clock.due_on,
        clock.fired,
        as_of,
        policy,
        calendar,
        acknowledged_on=acknowledged_on,
        acknowledged_rung=rung,
        armed_on=clock.armed_on,
        started_on=clock.started_on,  # a policy has terms of its own
        kind=clock.kind,
    )
    return decision.next_rung_on, tuple(due.key for due in decision.rungs_to_fire)


def _flat(policy: Policy) -> dict[str, str]:
    rules: dict[str, str] = {}
    for field in dataclasses.fields(policy):
        if field.name not in _NOT_RULES:
            rules |= _rules(field.name, getattr(policy, field.name))
    named = (("rung", policy.rungs), ("term", policy.terms), ("review", policy.reviews))
    for table, entries in named:
        for entry in entries:
            rules |= _rules(f"{table}.{entry.key}", entry)
    for paper in policy.papers:
        rules |= _rules(f"paper.{paper.key}.{paper.every}", paper)
    for season in policy.seasons:
        rules |= _rules(f"season.{season.name}", season)
    return rules


def _rules(prefix: str, value: Any) -> dict[str, str]:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        found: dict[str, str] = {}
        for field in dataclasses.fields(value):
            if field.name not in ("source", "key"):
                found |= _rules(f"{prefix}.{field.name}", getattr(value, field.name))
        return found
    if isinstance(value, tuple):
        return {prefix: "、".join(str(v) for v in value) or "无"}
    return {} if value is None else {prefix: str(value)}
