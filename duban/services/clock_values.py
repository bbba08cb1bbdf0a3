"""Stored clocks as the domain's values, with their pauses and what they fired; and when the night must look again."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.domain import clocks as pure
from duban.domain.ladder import due_rungs
from duban.domain.policy_model import ClockKind, Policy
from duban.domain.schedule import term_of
from duban.services.rules import Rules
from models import Clock, ClockPause, ClockState, RungFired

#: Statements name at most so many keys, which both databases take.
KEYS_A_STATEMENT = 500


def term_key(policy: Policy, kind: ClockKind, started_on: dt.date, due_on: dt.date | None) -> str | None:
    """The key of a limit's term by its length; of an item without any date the last, open one; None without terms."""
    if not policy.terms or kind not in (ClockKind.LIMIT, ClockKind.CHECK_IN):
        return None
    found = term_of(policy, started_on, due_on if kind is ClockKind.LIMIT else None)
    return found.key if found else None


def pure_clock(session: Session, clock: Clock, rules: Rules) -> pure.Clock:
    """One stored clock as the domain's value, with its pauses and the rungs of its cycle."""
    return pure_clocks(session, [clock], {clock.plan_id: rules})[clock.id]


def pure_clocks(session: Session, clocks: Sequence[Clock], rules: Mapping[int, Rules]) -> dict[int, pure.Clock]:
    """Stored clocks as the domain's values, by id; `rules` by plan id."""
    ids = [clock.id for clock in clocks]
    pauses, fired = _pauses(session, ids), _fired(session, ids)
    return {c.id: _value(c, rules[c.plan_id], pauses[c.id], fired[(c.id, c.cycle)]) for c in clocks}


def look_again(session: Session, clocks: Sequence[Clock], rules: Mapping[int, Rules], today: dt.date) -> int:
    """Decides anew when the night must look at these clocks: at once where a rung is due already.

    Returns for how many the day changed. What was fired stays fired: the keys are the ledger's.
    """
    changed = 0
    values = pure_clocks(session, clocks, rules)
    for clock in clocks:
        next_on = next_look(values[clock.id], rules[clock.plan_id], today)
        changed += next_on != clock.next_rung_on
        clock.next_rung_on = next_on
    session.flush()
    return changed


def next_look(clock: pure.Clock, rules: Rules, today: dt.date) -> dt.date | None:
    """The day of the next night that has something to decide about a clock; None where none has."""
    if not clock.open or clock.paused:
        return None
    decision = due_rungs(
        clock.due_on,
        clock.fired,
        today - dt.timedelta(days=1),
        rules.policy,
        rules.calendar,
        armed_on=clock.armed_on,
        kind=clock.kind,
        term=clock.term,
    )
    due_now = bool(decision.rungs_to_fire or decision.held or decision.passed)
    return today if due_now else decision.next_rung_on


def chunks(keys: Iterable[int]) -> Iterator[list[int]]:
    """The keys in order, as many at a time as a statement may name."""
    ordered = sorted(keys)
    for start in range(0, len(ordered), KEYS_A_STATEMENT):
        yield ordered[start : start + KEYS_A_STATEMENT]


def _value(clock: Clock, rules: Rules, pauses: tuple[pure.Pause, ...], fired: frozenset[str]) -> pure.Clock:
    kind, term = clock.kind, None
    if kind is ClockKind.LIMIT:
        term = term_key(rules.policy, kind, clock.started_on, clock.due_on)
    if clock.state is ClockState.PAUSED and not (pauses and pauses[-1].resumed_on is None) and clock.paused_on:
        pauses = (*pauses, pure.Pause(clock.paused_on, None, clock.pause_reason or "", ""))
    return pure.Clock(
        kind=kind,
        state=clock.state,
        started_on=clock.started_on,
        armed_on=clock.armed_on,
        nominal_on=clock.nominal_due_on,
        due_on=clock.due_on,
        counted=clock.counted,
        movable=clock.counted or rules.policy.fixed_dates_move,
        amount=clock.amount,
        unit=clock.unit,
        remaining=clock.remaining_days if clock.counted or rules.policy.fixed_dates_move else None,
        pauses=pauses,
        fired=fired,
        breached_on=clock.breached_on,
        cycle=clock.cycle,
        term=term,
    )


def _pauses(session: Session, clock_ids: Iterable[int]) -> dict[int, tuple[pure.Pause, ...]]:
    found: dict[int, tuple[pure.Pause, ...]] = defaultdict(tuple)
    for part in chunks(clock_ids):
        rows = session.scalars(select(ClockPause).where(ClockPause.clock_id.in_(part)).order_by(ClockPause.id))
        for row in rows:
            found[row.clock_id] += (pure.Pause(row.paused_on, row.resumed_on, row.reason, row.paused_by),)
    return found


def _fired(session: Session, clock_ids: Iterable[int]) -> dict[tuple[int, int], frozenset[str]]:
    found: dict[tuple[int, int], set[str]] = defaultdict(set)
    for part in chunks(clock_ids):
        rows = session.execute(
            select(RungFired.clock_id, RungFired.cycle, RungFired.rung).where(RungFired.clock_id.in_(part))
        )
        for clock_id, cycle, rung in rows:
            found[(clock_id, cycle)].add(rung)
    return defaultdict(frozenset, {key: frozenset(rungs) for key, rungs in found.items()})
