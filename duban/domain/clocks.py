"""Clocks: `armed → running ⇄ paused → completed | cancelled | superseded`. Pure functions over one frozen value.

Time is kept in whole working days: the day on which a clock is paused counts as used, and counting goes on the day
after it is resumed, so that what was not consumed is kept exactly and a clerk can count it again with a calendar.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from duban.domain.calendar import Calendar
from duban.domain.counting import Unit, counted_due, due_after, unconsumed
from duban.domain.ladder import keys_ahead
from duban.domain.policy_model import Carry, ClockKind, Policy
from duban.errors import DubanError

__all__ = ["Clock", "ClockKind", "ClockRefused", "ClockState", "Pause", "Unit"]


class ClockState(StrEnum):
    """armed → running ⇄ paused → completed | cancelled | superseded."""

    ARMED = "armed"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


#: Which states each action may leave from.
_FROM: Final = {
    "start": {ClockState.ARMED},
    "pause": {ClockState.RUNNING},
    "resume": {ClockState.PAUSED},
    "supersede": {ClockState.ARMED, ClockState.RUNNING, ClockState.PAUSED},
    "complete": {ClockState.ARMED, ClockState.RUNNING, ClockState.PAUSED},
    "cancel": {ClockState.ARMED, ClockState.RUNNING, ClockState.PAUSED},
}


class ClockRefused(DubanError):
    """The clock cannot {action}: {reason}.

    {remedy}
    """

    code = "clock_refused"
    status = 409


@dataclass(frozen=True, slots=True)
class Pause:
    """One pause: the day it began (used), the day it ended (None while it lasts), who asked for it and why."""

    paused_on: dt.date
    resumed_on: dt.date | None
    reason: str
    actor: str


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline that runs.

    `counted`: so many `amount` of `unit` from the day after `started_on`; else a fixed date. `nominal_on` is the day as
    printed or as counted, `due_on` the same rolled to a working day. `movable`: a pause moves it. `remaining` holds the
    unconsumed working days while paused, below zero when it was overdue already. `fired` are the ladder's keys;
    `armed_on` is the first day on which its rungs could go (see `duban.domain.ladder.due_rungs`).
    """

    kind: ClockKind
    state: ClockState
    started_on: dt.date
    nominal_on: dt.date
    due_on: dt.date
    counted: bool = False
    movable: bool = False
    amount: int | None = None
    unit: Unit | None = None
    remaining: int | None = None
    pauses: tuple[Pause, ...] = ()
    fired: frozenset[str] = frozenset()
    armed_on: dt.date | None = None
    breached_on: dt.date | None = None
    first_due_on: dt.date | None = None
    ended_on: dt.date | None = None
    outcome: str | None = None
    cycle: int = 1
    term: str | None = None

    @property
    def open(self) -> bool:
        """Whether the clock still waits for something."""
        return self.state in (ClockState.ARMED, ClockState.RUNNING, ClockState.PAUSED)

    @property
    def paused(self) -> bool:
        """Whether it stands still at the moment."""
        return self.state == ClockState.PAUSED

    @property
    def original_due_on(self) -> dt.date:
        """The first limit, which stays visible through every extension."""
        return self.first_due_on or self.due_on

    def overdue(self, as_of: dt.date) -> bool:
        """Derived: the due date has passed. A paused movable clock is overdue only if it was when it stopped."""
        if not self.open:
            return False
        return self.due_on < (self.pauses[-1].paused_on if self.paused and self.movable else as_of)

    def days_overdue(self, as_of: dt.date, calendar: Calendar) -> int:
        """Working days past the due date; 0 on it, negative before it. Frozen while a movable clock is paused."""
        if self.paused and self.movable and self.remaining is not None:
            return -self.remaining
        return calendar.workdays_between(self.due_on, as_of)


# -- arming ------------------------------------------------------------------------------------------------------


def arm(
    kind: ClockKind,
    nominal_on: dt.date,
    started_on: dt.date,
    calendar: Calendar,
    *,
    movable: bool = False,
    cycle: int = 1,
    term: str | None = None,
) -> Clock:
    """A clock for a fixed date, which rolls forward from a rest day. A pause moves it only if its rule says so."""
    due_on = calendar.roll(nominal_on)
    return Clock(
        kind,
        ClockState.ARMED,
        started_on,
        nominal_on,
        due_on,
        movable=movable,
        first_due_on=due_on,
        cycle=cycle,
        term=term,
    )


def arm_counted(
    kind: ClockKind,
    amount: int,
    unit: Unit,
    started_on: dt.date,
    calendar: Calendar,
    *,
    cycle: int = 1,
    term: str | None = None,
) -> Clock:
    """A clock that counts from the day after `started_on` (次日起). Refused unless the amount is positive."""
    if amount <= 0:
        raise ClockRefused(action="arm", reason=f"a limit of {amount} {unit} has no end", remedy="Count at least one.")
    nominal = counted_due(started_on, amount, unit, calendar)
    due_on = calendar.roll(nominal)
    return Clock(
        kind,
        ClockState.ARMED,
        started_on,
        nominal,
        due_on,
        counted=True,
        movable=True,
        amount=amount,
        unit=unit,
        first_due_on=due_on,
        cycle=cycle,
        term=term,
    )


# -- running -----------------------------------------------------------------------------------------------------


def start(clock: Clock, on: dt.date) -> Clock:
    """Let an armed clock run, from the day on which its item is assigned or its start date comes."""
    _require(clock, "start")
    if on < clock.started_on:
        remedy = f"Start it on {clock.started_on} or later."
        raise ClockRefused(action="start", reason=f"its time begins on {clock.started_on}, not {on}", remedy=remedy)
    return replace(clock, state=ClockState.RUNNING)


def pause(clock: Clock, on: dt.date, *, reason: str, actor: str, calendar: Calendar) -> Clock:
    """Stop the clock. The day itself counts as used; what is left in working days is kept exactly.

    `on` may not be before the clock's start or its last resumption, and a reason is owed.
    """
    _require(clock, "pause")
    since = clock.pauses[-1].resumed_on if clock.pauses else None
    earliest = max(clock.started_on, since or clock.started_on)
    if on < earliest:
        raise ClockRefused(action="pause", reason=f"{on} is before {earliest}", remedy=f"Pause on {earliest} or later.")
    if not reason.strip():
        raise ClockRefused(action="pause", reason="no reason is given", remedy="Say why the time stops.")
    return replace(
        clock,
        state=ClockState.PAUSED,
        remaining=unconsumed(clock.due_on, on, calendar) if clock.movable else None,
        pauses=(*clock.pauses, Pause(on, None, reason.strip(), actor)),
        breached_on=breach(clock, on),
    )


def resume(clock: Clock, on: dt.date, calendar: Calendar) -> Clock:
    """Let a paused clock run on: its unconsumed working days are added to the resume date, from the day after it.

    A fixed date stays where it was unless it is `movable`.
    """
    _require(clock, "resume")
    last = clock.pauses[-1]
    if on < last.paused_on:
        remedy = f"Resume on {last.paused_on} or later."
        raise ClockRefused(action="resume", reason=f"{on} is before the pause of {last.paused_on}", remedy=remedy)
    due_on = clock.due_on
    if clock.movable and clock.remaining is not None:
        due_on = due_after(on, clock.remaining, calendar)
    return replace(
        clock,
        state=ClockState.RUNNING,
        due_on=due_on,
        armed_on=on,
        remaining=None,
        pauses=(*clock.pauses[:-1], replace(last, resumed_on=on)),
    )


def supersede(
    clock: Clock,
    nominal_on: dt.date,
    on: dt.date,
    policy: Policy,
    calendar: Calendar,
    *,
    said: Collection[str] = (),
    outcome: str = "limit changed",
) -> tuple[Clock, Clock]:
    """A changed limit: the old clock ends, a new one runs to the new date with the fired rungs carried over.

    Under the policy's carry "reached", rungs whose date lies still ahead under the new limit may speak again; under
    "all" none does. `said` are keys that were fired for this very date before, when the limit was moved away from it:
    they stay fired. The new limit is a fixed date; a paused clock stays paused, and the breach of the old stays known.
    """
    _require(clock, "supersede")
    due_on = calendar.roll(nominal_on)
    movable = policy.fixed_dates_move
    lasting = clock.pauses[-1:] if clock.paused else ()
    new = replace(
        clock,
        nominal_on=nominal_on,
        due_on=due_on,
        counted=False,
        movable=movable,
        amount=None,
        unit=None,
        fired=carried(clock, due_on, on, policy, calendar) | frozenset(said),
        armed_on=on,
        breached_on=breach(clock, on),
        remaining=unconsumed(due_on, lasting[0].paused_on, calendar) if lasting and movable else None,
        pauses=lasting,
    )
    old = replace(clock, state=ClockState.SUPERSEDED, ended_on=on, outcome=outcome, breached_on=new.breached_on)
    return old, new


def carried(clock: Clock, due_on: dt.date, on: dt.date, policy: Policy, calendar: Calendar) -> frozenset[str]:
    """The fired keys that a clock to the new `due_on` takes over on the day `on`, so that nothing is sent twice."""
    if policy.carry == Carry.ALL:
        return clock.fired
    return clock.fired - keys_ahead(due_on, on, policy, calendar, kind=clock.kind, term=clock.term)


def complete(clock: Clock, on: dt.date, *, outcome: str = "done") -> Clock:
    """The clock's reason has ended: what it waited for was done (on time or not)."""
    _require(clock, "complete")
    return _ended(clock, ClockState.COMPLETED, on, outcome)


def cancel(clock: Clock, on: dt.date, *, outcome: str) -> Clock:
    """The clock's reason has gone: withdrawn, merged, or a relapse began a new cycle."""
    _require(clock, "cancel")
    return _ended(clock, ClockState.CANCELLED, on, outcome)


def breach(clock: Clock, on: dt.date) -> dt.date | None:
    """The first day on which the clock was overdue, if that has come by `on`: recorded once, and kept for good."""
    if clock.breached_on is not None or not clock.overdue(on):
        return clock.breached_on
    return clock.due_on + dt.timedelta(days=1)


def _ended(clock: Clock, state: ClockState, on: dt.date, outcome: str) -> Clock:
    return replace(clock, state=state, ended_on=on, outcome=outcome, remaining=None, breached_on=breach(clock, on))


def _require(clock: Clock, action: str) -> None:
    if clock.state not in _FROM[action]:
        allowed = "、".join(sorted(_FROM[action]))
        remedy = f"It can {action} only when it is {allowed}."
        raise ClockRefused(action=action, reason=f"it is {clock.state}", remedy=remedy)
