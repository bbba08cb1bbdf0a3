"""The ladder of one clock: which rungs fire on a night, which are held, and when to look again.

Pure decisions: the ledger claims what is decided here under its unique key (clock, rung, cycle). Running a decision
again with its own result stored fires nothing more, so a night may be repeated, and nights may be missed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from duban.domain.calendar import Calendar
from duban.domain.policy_model import ClockKind, Policy, Rung
from duban.domain.schedule import term_of

REASON_BEFORE_START = "该日早于放行（起算）之日，只发其中最高一级"
REASON_NOT_NEAR = "该日早于放行（起算）之日，发出时已到期，不再作临近提醒"
REASON_OUTDONE = "该日早于放行（起算）之日，同夜另有更高梯级发出"
REASON_MERGED = "停运期间的重复提醒，并入本次发出"


@dataclass(frozen=True, slots=True)
class DueRung:
    """A rung, or one repeat of it, with the working day on which it is due.

    `key` is what the ledger stores as fired: the rung's own key, or `key#2`, `key#3` for its repeats.
    """

    rung: Rung
    due_on: dt.date
    occurrence: int = 1

    @property
    def key(self) -> str:
        """The key under which this firing is unique within clock and cycle."""
        return self.rung.occurrence_key(self.occurrence)


@dataclass(frozen=True, slots=True)
class PassedRung:
    """A rung that will not be sent, and why. The ledger stores it like a fired one, with the reason."""

    due: DueRung
    reason: str

    @property
    def key(self) -> str:
        """The key under which it counts as dealt with."""
        return self.due.key


@dataclass(frozen=True, slots=True)
class Decision:
    """What one night does to one clock.

    `rungs_to_fire` in the order of their dates. `held` are due but wait until after `held_until`, the last day of the
    hold. `passed` are not sent. `next_rung_on` is None when nothing is left, else always a working day after `as_of`.
    """

    rungs_to_fire: tuple[DueRung, ...] = ()
    next_rung_on: dt.date | None = None
    held: tuple[DueRung, ...] = ()
    held_until: dt.date | None = None
    passed: tuple[PassedRung, ...] = ()


def rung_dates(
    due_on: dt.date,
    policy: Policy,
    calendar: Calendar,
    kind: ClockKind = ClockKind.LIMIT,
    term: str | None = None,
) -> list[tuple[Rung, dt.date]]:
    """Each rung of the ladder with its working day, in order; repeats are left out.

    Offsets count working days from the due date, which rolls forward first if it is a rest day.
    """
    return [(due.rung, due.due_on) for due in _schedule(due_on, policy, calendar, kind, term) if due.occurrence == 1]


@lru_cache(maxsize=4096)
def _schedule(
    due_on: dt.date, policy: Policy, calendar: Calendar, kind: ClockKind, term: str | None
) -> tuple[DueRung, ...]:
    """Every firing that the ladder can ever have, by date; on one date the lower rung first.

    Cached: a night asks for the same few due dates again and again.
    """
    rolled = calendar.roll(due_on)
    found: list[DueRung] = []
    for rung in policy.ladder(kind, term):
        for repeat in range(rung.repeat_cap + 1):
            days = rung.offset + repeat * (rung.repeat_every or 0)
            found.append(DueRung(rung, calendar.add_workdays(rolled, days), repeat + 1))
    return tuple(sorted(found, key=lambda due: (due.due_on, due.rung.offset)))


def first_rung_on(
    due_on: dt.date, policy: Policy, calendar: Calendar, kind: ClockKind = ClockKind.LIMIT, term: str | None = None
) -> dt.date:
    """The date to store as `next_rung_on` of a clock that has just begun to run; it may lie in the past."""
    return _schedule(due_on, policy, calendar, kind, term)[0].due_on


def keys_ahead(
    due_on: dt.date,
    on: dt.date,
    policy: Policy,
    calendar: Calendar,
    *,
    kind: ClockKind = ClockKind.LIMIT,
    term: str | None = None,
) -> frozenset[str]:
    """The keys of the firings, repeats included, that come only after the day `on`."""
    return frozenset(due.key for due in _schedule(due_on, policy, calendar, kind, term) if due.due_on > on)


def due_rungs(
    due_on: dt.date | None,
    fired: Collection[str],
    as_of: dt.date,
    policy: Policy,
    calendar: Calendar,
    *,
    acknowledged_on: dt.date | None = None,
    acknowledged_rung: str | None = None,
    paused: bool = False,
    armed_on: dt.date | None = None,
    started_on: dt.date | None = None,
    kind: ClockKind = ClockKind.LIMIT,
    term: str | None = None,
) -> Decision:
    """Decide one night of one clock.

    `fired` holds the keys stored so far, fired, passed or carried over. After missed nights each skipped rung fires
    once, in order; skipped repeats of one rung are merged into one. On a rest day nothing fires and the clock goes on.
    A paused clock, or one without a date, fires nothing and asks for no look until it is resumed.

    `acknowledged_on`: the day on which everyone who owed it had acknowledged (see `all_acknowledged_on`); rungs higher
    than `acknowledged_rung` (else than the highest fired) are held for the policy's `hold_days` after it.
    `armed_on`: the first day on which this limit's rungs could go: the day of the release, of the registration, or on
    which somebody gave the limit. What had fallen due by then was nobody's to miss: only the highest of it fires, dated
    the night that sends it, and the rest is passed. `started_on`, from which a counted limit runs, gives the limit's
    `term` where the policy has terms and `term` is left out.
    """
    if due_on is None or paused:
        return Decision()
    term = term or _term(policy, started_on, due_on, kind)
    open_rungs = [due for due in _schedule(due_on, policy, calendar, kind, term) if due.key not in fired]
    open_rungs, passed = _since(armed_on, open_rungs, as_of, calendar.roll(due_on), calendar)
    hold = _Hold.of(acknowledged_on, [acknowledged_rung] if acknowledged_rung else fired, as_of, policy, calendar)
    due_now = [due for due in open_rungs if due.due_on <= as_of]
    held = [due for due in due_now if hold.holds(due)]
    fire: list[DueRung] = []
    if calendar.is_workday(as_of):
        fire, merged = _merge_repeats(due for due in due_now if not hold.holds(due))
        passed += merged
    settled = {due.key for due in fire} | {one.key for one in passed}
    rest = [due for due in open_rungs if due.key not in settled]
    next_on = min((_look_on(due, hold, as_of, calendar) for due in rest), default=None)
    return Decision(tuple(fire), next_on, tuple(held), hold.until if held else None, tuple(passed))


def _since(
    armed_on: dt.date | None, open_rungs: list[DueRung], as_of: dt.date, due_on: dt.date, calendar: Calendar
) -> tuple[list[DueRung], list[PassedRung]]:
    """What is left of the open rungs where those due by `armed_on` count as one, the highest; and what is passed."""
    before = [due for due in open_rungs if armed_on is not None and due.due_on <= armed_on]
    if not before:
        return open_rungs, []
    top = max(before, key=lambda due: (due.rung.offset, -due.occurrence))
    passed = [PassedRung(due, REASON_BEFORE_START) for due in before if due is not top]
    rest = [due for due in open_rungs if due not in before]
    if not calendar.is_workday(as_of):
        return [top, *rest], passed
    if any(due.due_on <= as_of and due.rung.offset > top.rung.offset for due in rest):
        return rest, [*passed, PassedRung(top, REASON_OUTDONE)]
    if top.rung.offset <= 0 and due_on < as_of:
        return rest, [*passed, PassedRung(top, REASON_NOT_NEAR)]
    return [replace(top, due_on=max(top.due_on, as_of)), *rest], passed


def _term(policy: Policy, started_on: dt.date | None, due_on: dt.date, kind: ClockKind) -> str | None:
    if not policy.terms or started_on is None or kind is not ClockKind.LIMIT:
        return None
    found = term_of(policy, started_on, due_on)
    return found.key if found else None


@dataclass(frozen=True, slots=True)
class _Hold:
    """What an acknowledgement holds back: the rungs above an offset, through `until`; nothing where that is None."""

    until: dt.date | None = None
    above: int = 0

    @classmethod
    def of(
        cls, acknowledged_on: dt.date | None, below: Collection[str], as_of: dt.date, policy: Policy, calendar: Calendar
    ) -> _Hold:
        if acknowledged_on is None or acknowledged_on > as_of or not policy.hold_days:
            return cls()
        until = calendar.add_workdays(acknowledged_on, policy.hold_days)
        if as_of > until:
            return cls()
        offsets = [rung.offset for rung in map(policy.rung, below) if rung is not None]
        return cls(until, max(offsets, default=-(10**6)))

    def holds(self, due: DueRung) -> bool:
        return self.until is not None and due.rung.held and due.rung.offset > self.above


def _look_on(due: DueRung, hold: _Hold, as_of: dt.date, calendar: Calendar) -> dt.date:
    """The first working day after `as_of` on which this rung can fire."""
    earliest = max(due.due_on, calendar.add_workdays(as_of, 1))
    if hold.until is not None and hold.holds(due):
        earliest = max(earliest, calendar.add_workdays(hold.until, 1))
    return earliest


def _merge_repeats(due: Iterable[DueRung]) -> tuple[list[DueRung], list[PassedRung]]:
    """Of each rung let the earliest open firing go; its later ones that are due as well would say the same again."""
    fire: list[DueRung] = []
    merged: list[PassedRung] = []
    seen: set[str] = set()
    for one in due:
        if one.rung.key in seen:
            merged.append(PassedRung(one, REASON_MERGED))
        else:
            seen.add(one.rung.key)
            fire.append(one)
    return fire, merged


def all_acknowledged_on(receipts: Iterable[dt.date | None]) -> dt.date | None:
    """The day on which the last of the joint leads acknowledged; None while one of them has not, or none owes it.

    Joint leads acknowledge each for themselves: one receipt does not hold the ladder for the others.
    """
    dates = list(receipts)
    known = [day for day in dates if day is not None]
    return max(known) if known and len(known) == len(dates) else None
