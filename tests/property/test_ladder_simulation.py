"""Simulated nights against a plain model: nothing fires twice, nothing is missed, whatever happens in between.

The model walks the calendar day by day and knows only the rules in words. The night is simulated as the ledger runs it:
it looks at a clock only when `next_rung_on` has come, and stores what the decision says.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duban.adapters.workdays import official_calendar
from duban.domain.clocks import Clock, ClockKind, arm_counted, pause, resume, start, supersede
from duban.domain.counting import Unit
from duban.domain.ladder import due_rungs
from duban.domain.policies import load_policy
from duban.domain.policy_model import Carry

CALENDAR = official_calendar()
POLICIES = Path(__file__).parents[2] / "policies"
POLICY = replace(load_policy(POLICIES / "default.toml"), fixed_dates_move=True, carry=Carry.ALL)
INSPECTION = load_policy(POLICIES / "inspection.toml")
OFFSETS = {rung.key: rung.offset for rung in POLICY.ladder()}
ONE = dt.timedelta(days=1)


def walk(on: dt.date, count: int) -> dt.date:
    """The count-th working day after (or before) a day, found by walking."""
    step = ONE if count > 0 else -ONE
    while count:
        on += step
        if CALENDAR.is_workday(on):
            count -= 1 if count > 0 else -1
    return on


@dataclass
class Model:
    """What must happen, in the plainest words."""

    due: dt.date
    paused_on: dt.date | None = None
    left: list[dt.date] = field(default_factory=list)  # working days not consumed when it stopped
    late: list[dt.date] = field(default_factory=list)  # or those past the limit by then
    acknowledged: tuple[dt.date, str] | None = None
    sent: dict[str, dt.date] = field(default_factory=dict)

    def night(self, today: dt.date) -> list[str]:
        if self.paused_on or not CALENDAR.is_workday(today):
            return []
        going = []
        for key, offset in OFFSETS.items():
            if key not in self.sent and walk(self.due, offset) <= today and not self.held(offset, today):
                self.sent[key] = today
                going.append(key)
        return going

    def held(self, offset: int, today: dt.date) -> bool:
        if self.acknowledged is None:
            return False
        on, rung = self.acknowledged
        return on <= today <= walk(on, POLICY.hold_days) and offset > OFFSETS[rung]

    def pause(self, today: dt.date) -> None:
        self.paused_on = today
        self.left = [d for d in self.span(today, self.due) if CALENDAR.is_workday(d)]
        self.late = [d for d in self.span(self.due, today) if CALENDAR.is_workday(d)]

    def resume(self, today: dt.date) -> None:
        while not CALENDAR.is_workday(today):
            today -= ONE
        self.due = walk(today, len(self.left) - len(self.late))
        self.paused_on = None

    @staticmethod
    def span(after: dt.date, through: dt.date) -> list[dt.date]:
        return [after + ONE * n for n in range(1, (through - after).days + 1)]


@dataclass
class Ledger:
    """The same clock as the product keeps it."""

    clock: Clock
    next_on: dt.date | None
    acknowledged: tuple[dt.date, str] | None = None

    def night(self, today: dt.date) -> list[str]:
        if self.next_on is None or self.next_on > today:
            return []
        on, rung = self.acknowledged or (None, None)
        decision = due_rungs(
            self.clock.due_on,
            self.clock.fired,
            today,
            POLICY,
            CALENDAR,
            acknowledged_on=on,
            acknowledged_rung=rung,
            paused=self.clock.paused,
        )
        assert decision.next_rung_on is None or decision.next_rung_on > today
        going = [due.key for due in decision.rungs_to_fire]
        self.clock = replace(self.clock, fired=self.clock.fired | set(going))
        self.next_on = decision.next_rung_on
        return going

    def pause(self, today: dt.date) -> None:
        self.clock = pause(self.clock, today, reason="停工", actor="督查室", calendar=CALENDAR)
        self.next_on = None

    def resume(self, today: dt.date) -> None:
        self.clock = resume(self.clock, today, CALENDAR)
        self.next_on = today

    def change(self, nominal: dt.date, today: dt.date) -> None:
        self.clock = supersede(self.clock, nominal, today, POLICY, CALENDAR)[1]
        self.next_on = None if self.clock.paused else today


def simulate(seed: int, nights: int) -> None:
    """One clock through so many nights of a troubled office, then through quiet ones until the ladder is done."""
    chance = random.Random(seed)
    today = dt.date(2025, 1, 2) + ONE * chance.randrange(300)
    clock = start(arm_counted(ClockKind.LIMIT, chance.randrange(1, 60), Unit.WORKDAYS, today, CALENDAR), today)
    ledger, model = Ledger(clock, today), Model(clock.due_on)
    sent: Counter[str] = Counter()
    for night in range(nights + 400):
        today += ONE
        if night < nights:
            trouble(chance, ledger, model, today)
        elif model.paused_on:
            ledger.resume(today)
            model.resume(today)
        assert ledger.clock.due_on == model.due or model.paused_on, (seed, today)
        if night >= nights or chance.random() > 0.3:  # else nobody was there that night
            fired = ledger.night(today)
            sent.update(fired)
            assert fired == model.night(today), (seed, today)
            assert ledger.night(today) == [], "the same night again sends nothing"
        if night >= nights and ledger.next_on is None:
            break
    assert sent == Counter(OFFSETS.keys()), (seed, "each rung once, none missing")


def trouble(chance: random.Random, ledger: Ledger, model: Model, today: dt.date) -> None:
    """What people do in the daytime, the same to both."""
    dice = chance.random()
    if model.paused_on:
        if dice < 0.2:
            ledger.resume(today)
            model.resume(today)
    elif dice < 0.03:
        ledger.pause(today)
        model.pause(today)
    elif dice < 0.05:
        nominal = today + ONE * chance.randrange(-20, 60)
        ledger.change(nominal, today)
        model.due = walk(nominal - ONE, 1)
    elif dice < 0.12 and model.sent:
        receipt = (today, chance.choice(list(model.sent)))
        ledger.acknowledged = model.acknowledged = receipt


def test_over_random_nights_each_rung_fires_once_and_none_is_missed() -> None:
    for seed in range(30):
        simulate(seed, nights=70)


@pytest.mark.slow
def test_over_many_thousand_random_nights_each_rung_fires_once_and_none_is_missed() -> None:
    for seed in range(1000, 4000):
        simulate(seed, nights=90)


@settings(max_examples=40, deadline=None, database=None)
@given(
    due=st.integers(0, 250).map(lambda n: dt.date(2026, 1, 5) + ONE * n),
    gaps=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    term=st.sampled_from(["short", "middle", "long"]),
)
def test_with_repeats_and_any_nights_missed_every_key_is_dealt_with_once(
    due: dt.date, gaps: list[int], term: str
) -> None:
    dealt: Counter[str] = Counter()
    today = due - ONE * 120
    for gap in [*gaps, 500]:
        today = CALENDAR.roll(today + ONE * gap)
        decision = due_rungs(due, dealt.keys(), today, INSPECTION, CALENDAR, term=term)
        sent = [one.rung.key for one in decision.rungs_to_fire]
        assert len(sent) == len(set(sent)), "one night says a thing once, however many repeats were missed"
        assert [one.due_on for one in decision.rungs_to_fire] == sorted(one.due_on for one in decision.rungs_to_fire)
        dealt.update(one.key for one in (*decision.rungs_to_fire, *decision.passed))
    expected = {r.occurrence_key(n + 1) for r in INSPECTION.ladder(term=term) for n in range(r.repeat_cap + 1)}
    assert dealt == Counter(expected)
