"""Nights with deaths, mail faults, missed nights, edits, pauses and changed calendars, against a plain model.

The short form runs with every suite; `DUBAN_SIMULATED_NIGHTS=1000` and `DUBAN_SIMULATION_SEED` run the long one.
"""

from __future__ import annotations

import datetime as dt
import os
import random
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from duban.adapters.database import Database
from duban.adapters.workdays import calendar_from_text, official_calendar
from duban.domain.policies import parse_policy
from duban.services import calendars
from duban.services.clock_changes import pause_clock, resume_clock
from duban.services.extensions import ExtensionRefused, ask, decide
from duban.services.night import run_night
from duban.services.outbox import Verdict, list_outbox, settle
from duban.services.progress import report_milestone
from duban.services.transitions import MoveDetails
from models import Clock, ClockKind, ClockState, Delivery, DeliveryStatus, Milestone, Notice, NoticeRecipient, RungFired
from tests.integration.ledger import CLERK, POLICY, UNIT, Watch, World, a_world, an_item, due, night_tools
from tests.simulation.faults import Deaths, Killed, Mortal, Server
from tests.simulation.model import DAY, Limit, Model

OFFICE = "ducha@example.org"
BEGIN = dt.date(2025, 1, 6)
MOVING = POLICY.replace("fixed_dates_move = false", "fixed_dates_move = true")
NUMBERS = [str(n) for n in range(1, 11)]


class Simulation:
    """One plan, one mail server, one seed; each step is a day: a night, then what people do by day."""

    def __init__(self, database: Database, seed: int) -> None:
        self.dice = random.Random(seed)
        self.database, self.today = database, BEGIN
        first = {n: BEGIN + DAY * self.dice.randint(20, 60) for n in NUMBERS}
        items = [an_item(n, **due(first[n])) for n in NUMBERS]
        self.world: World = a_world(database, *items, as_of=BEGIN, policy=MOVING)
        self.model = Model(official_calendar(), parse_policy(MOVING))
        for number, nominal in first.items():
            self.model.arm(number, 1, nominal, BEGIN)
        self.deaths = Deaths()
        self.server = Server(self.dice, self.deaths, OFFICE)
        self.happened: Counter[str] = Counter()
        self.own_days: dict[dt.date, str] = {}
        self.doings = (self.pause, self.resume, self.extend, self.finish, self.reopen, self.reopen, self.holiday)

    # -- a day -----------------------------------------------------------------------------------------------------

    def step(self) -> None:
        self.today += DAY
        if self.dice.random() < 0.12:
            self.happened["missed nights"] += 1
        else:
            self.night()
            self.compare()
        for _ in range(self.dice.randint(0, 2)):
            self.dice.choice(
                (self.pause, self.resume, self.extend, self.finish, self.reopen, self.reopen, self.holiday)
            )()
        if self.dice.random() < 0.5:
            self.look_at_the_outbox()

    def night(self) -> None:
        """Begun again until it gets through: each time it may die at any commit or send."""
        watch = Watch(self.today)
        for attempt in range(6):
            self.deaths.left = self.dice.randint(0, 25) if attempt < 5 and self.dice.random() < 0.3 else None
            tools = night_tools(Mortal(self.database, self.deaths), self.server, watch, batch=2)  # type: ignore[arg-type]
            try:
                report = run_night(tools, self.today)
            except Killed:
                self.happened["deaths"] += 1
                watch.later(minutes=self.dice.choice((1, 10)))
                continue
            finally:
                self.deaths.revive()
            assert report.failures == []
            break
        self.happened["nights"] += 1
        self.model.night(self.today)

    def noon(self) -> dt.datetime:
        return dt.datetime.combine(self.today, dt.time(12), dt.timezone(dt.timedelta(hours=8))).astimezone(dt.UTC)

    # -- what people do --------------------------------------------------------------------------------------------

    def running(self) -> Limit | None:
        found = [limit for limit in self.model.limits.values() if limit.paused_on is None]
        return self.dice.choice(found) if found else None

    def clock(self, number: str) -> Clock:
        (found,) = [
            c
            for c in self.world.of(Clock, number)
            if c.kind is ClockKind.LIMIT and c.state in (ClockState.RUNNING, ClockState.PAUSED)
        ]
        return found

    def pause(self) -> None:
        limit = self.running()
        if limit is None or (limit.spans and limit.spans[-1][1] > self.today):
            return
        pause_clock(
            self.database,
            clock_id=self.clock(limit.item).id,
            reason="等候",
            actor=CLERK,
            expected_version=None,
            now=self.noon(),
        )
        self.model.pause(limit.item, self.today)
        self.happened["pauses"] += 1

    def resume(self) -> None:
        paused = [limit for limit in self.model.limits.values() if limit.paused_on is not None]
        if not paused:
            return
        limit = self.dice.choice(paused)
        resume_clock(
            self.database,
            clock_id=self.clock(limit.item).id,
            actor=CLERK,
            expected_version=None,
            now=self.noon(),
        )
        self.model.resume(limit.item, self.today)
        self.happened["resumptions"] += 1

    def extend(self) -> None:
        limit = self.dice.choice(list(self.model.limits.values())) if self.model.limits else None
        if limit is None or limit.due_on <= self.today:
            return
        until = limit.due_on + DAY * self.dice.randint(3, 40)
        try:
            request = ask(
                self.database,
                clock_id=self.clock(limit.item).id,
                until_on=until,
                reason="客观原因",
                progress="过半",
                actor=UNIT,
                expected_version=None,
                now=self.noon(),
            )
        except ExtensionRefused:
            return  # the third one
        chief = CLERK if self._first_extension(request) else _plan_head()
        decide(self.database, extension_id=request, granted=True, actor=chief, now=self.noon())
        self.model.extend(limit.item, until, self.today)
        self.happened["extensions"] += 1

    def _first_extension(self, request: int) -> bool:
        from models import Extension

        return bool(self.world.all(Extension, Extension.id == request)[0].ordinal == 1)

    def finish(self) -> None:
        if not self.model.limits or self.dice.random() < 0.7:
            return
        number = self.dice.choice(list(self.model.limits))
        clock = self.clock(number)
        assert clock.milestone_id is not None
        report_milestone(
            self.database, milestone_id=clock.milestone_id, actor=UNIT, expected_version=None, now=self.noon()
        )
        self.model.end(number)
        self.happened["finished"] += 1

    def reopen(self) -> None:
        """Withdrawn and begun again with another limit: a new cycle, whose rungs are its own."""
        number = self.dice.choice(NUMBERS)
        if number in self.model.limits and self.dice.random() < 0.8:
            return
        limit = self.today + DAY * self.dice.randint(1, 60)
        self.world.move("withdraw", number, now=self.noon())
        self.world.move("reopen", number, now=self.noon(), details=MoveDetails(due_on=limit))
        self.model.end(number)
        self.model.arm(number, self.world.item(number).cycle, limit, self.today)
        for milestone in self.world.of(Milestone, number)[:-1]:
            if not milestone.done:
                self._settle_old_part(milestone.id)
        self.happened["reopened"] += 1

    def _settle_old_part(self, milestone_id: int) -> None:
        """A part of the cycle before is done with: only the new limit runs."""
        report_milestone(self.database, milestone_id=milestone_id, actor=UNIT, expected_version=None, now=self.noon())

    def holiday(self) -> None:
        """The office makes a working day of the next weeks a rest day, or a Saturday a working day."""
        if self.dice.random() < 0.7:
            return
        day = self.today + DAY * self.dice.randint(1, 40)
        self.own_days[day] = "false" if self.model.calendar.is_workday(day) else "true"
        text = "".join(
            f'[[day]]\non = {on}\nworking = {working}\nnote = "本单位"\n'
            for on, working in sorted(self.own_days.items())
        )
        calendars.apply(self.database, text, "own.toml", actor=CLERK, now=self.noon())
        self.model.apply_calendar(calendar_from_text(text, "own.toml"))
        self.happened["calendars"] += 1

    def look_at_the_outbox(self) -> None:
        """A person asks the reader of every mail of unknown fate."""
        for row in list_outbox(self.database, statuses=(DeliveryStatus.UNKNOWN,)):
            (mail,) = self.world.all(Delivery, Delivery.id == row.id)
            verdict = Verdict.ARRIVED if self.server.accepted[mail.message_id] else Verdict.RESEND
            settle(self.database, delivery_id=row.id, verdict=verdict, actor=CLERK, now=self.noon())
            self.happened[f"unknown mails {verdict.value}"] += 1

    # -- what must agree -------------------------------------------------------------------------------------------

    def compare(self) -> None:
        for limit in self.model.limits.values():
            clock = self.clock(limit.item)
            found = {r.rung for r in self.world.all(RungFired, RungFired.clock_id == clock.id)}
            assert (clock.due_on, found) == (limit.due_on, limit.settled), f"item {limit.item} on {self.today}: {limit}"
        assert max(self.server.accepted.values(), default=0) <= 1, "a mail was accepted twice"

    def fired(self) -> Counter[tuple[str, int, str]]:
        numbers = {item_id: number for number, item_id in self.world.ids.items()}
        with self.database.read() as session:
            rows = session.execute(
                select(Clock.item_id, RungFired.cycle, RungFired.rung)
                .join(Clock, Clock.id == RungFired.clock_id)
                .where(Clock.kind == ClockKind.LIMIT, ~RungFired.carried_over, RungFired.notice_id.is_not(None))
            ).tuples()
            return Counter((numbers[item_id], cycle, rung) for item_id, cycle, rung in rows)

    def finish_up(self) -> None:
        """The storm is over: quiet nights until nothing waits, then every copy of every notice is looked at."""
        self.server.troubled = False
        for _ in range(14):
            self.today += DAY
            self.night()
            self.look_at_the_outbox()
        self.compare()
        assert self.fired() == Counter(self.model.sent), "a rung was sent twice, or not at all"
        self._every_copy_arrived_once()

    def _every_copy_arrived_once(self) -> None:
        mails = {d.id: d for d in self.world.all(Delivery)}
        answered = {(r.notice_id, r.for_name) for r in self.world.all(NoticeRecipient) if r.address == OFFICE}
        names = {n.id: n for n in self.world.all(Notice)}
        for copy in self.world.all(NoticeRecipient):
            assert copy.delivery_id is not None, (
                f"notice {copy.notice_id} ({names[copy.notice_id].kind}) waits for ever"
            )
            mail = mails[copy.delivery_id]
            arrived = self.server.accepted[mail.message_id]
            if mail.status is DeliveryStatus.FAILED:
                assert arrived == 0
                assert any(notice == copy.notice_id for notice, _ in answered), "nobody answers for a refused mail"
            else:
                assert (mail.status, arrived) == (DeliveryStatus.SENT, 1), f"mail {mail.id} to {mail.address}"


def _plan_head() -> object:
    from duban.domain.actors import Actor

    return Actor("程远舟", "lead", frozenset({"程远舟"}))


def simulate(database: Database, seed: int, nights: int) -> Simulation:
    simulation = Simulation(database, seed)
    while simulation.happened["nights"] < nights:
        simulation.step()
    simulation.finish_up()
    return simulation


NIGHTS = int(os.environ.get("DUBAN_SIMULATED_NIGHTS", "60"))
SEED = int(os.environ.get("DUBAN_SIMULATION_SEED", "20260713"))


def test_nothing_is_sent_twice_and_nothing_is_missed_whatever_happens(sqlite_database: Database) -> None:
    simulation = simulate(sqlite_database, SEED, NIGHTS)
    for what in ("deaths", "missed nights", "pauses", "resumptions", "extensions", "reopened", "calendars", "finished"):
        assert simulation.happened[what], f"the simulation never saw {what}: {simulation.happened}"
    assert len(simulation.model.sent) > NIGHTS / 4


@pytest.mark.postgres
def test_it_holds_on_postgresql_too(postgres_database: Database) -> None:
    simulate(postgres_database, SEED + 1, NIGHTS // 4)


def test_the_plain_model_itself_notices_a_rung_that_was_left_out(sqlite_database: Database, tmp_path: Path) -> None:
    simulation = Simulation(sqlite_database, 1)
    simulation.model.limits["1"].settled.add("remind_3")
    with pytest.raises(AssertionError):
        run_days(simulation, 80)


def run_days(simulation: Simulation, days: int) -> None:
    for _ in range(days):
        simulation.today += DAY
        simulation.night()
        simulation.compare()
