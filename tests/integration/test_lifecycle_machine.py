"""A machine that does to a real ledger whatever people and nights can do, in any order, and looks after each step.

`DUBAN_MACHINE_EXAMPLES=500 pytest tests/integration/test_lifecycle_machine.py` searches longer.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from duban.adapters.database import Database
from duban.adapters.mail import TransportUnavailable
from duban.domain.actors import Actor
from duban.domain.lifecycle import Action, State
from duban.errors import DubanError, Forbidden, GuardFailed, StaleVersion, TransitionRefused
from duban.services.acknowledge import acknowledge
from duban.services.checks import check
from duban.services.progress import report_measure, report_milestone, report_regulation
from duban.services.transitions import MoveDetails
from models import Clock, ClockKind, ClosingStep, Event, Item, Measure, Milestone, Notice, Progress, Regulation

from .chains import broken_chains, chains
from .ledger import CLERK, LEAD, UNIT, VERIFIER, Watch, World, a_night, a_world, an_item, due, promised

EXAMPLES = int(os.environ.get("DUBAN_MACHINE_EXAMPLES", "6"))

#: (state, action) → state reached, as published.
TABLE = {
    ("assigned", "draft_measure"): "measure_drafted",
    ("measure_drafted", "return_measure"): "assigned",
    ("measure_drafted", "issue_regulation"): "regulation_issued",
    ("measure_drafted", "start"): "ongoing",
    ("regulation_issued", "sustain"): "ongoing",
    ("regulation_issued", "close"): "closed",
    ("ongoing", "close"): "closed",
    ("closed", "reopen"): "ongoing",
    **{
        (s, a): "closed"
        for s in ("assigned", "measure_drafted", "regulation_issued", "ongoing")
        for a in ("withdraw", "merge")
    },
}
NUMBERS = ("1", "2", "3")
BOOKKEEPING = {"run_version", "flow_run_id"}  # what the engine writes about its own run


class Away:
    """No mail server at this hour: what the nights queue is looked at, not sent."""

    repeatable = False

    def open(self) -> Any:
        raise TransportUnavailable("away")


class Ledger(RuleBasedStateMachine):
    empty: ClassVar[Path]

    @initialize(state=st.sampled_from(["assigned", "measure_drafted", "ongoing"]))
    def register(self, state: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="duban-machine-"))
        shutil.copy(self.empty, self.folder / "ledger.db")
        self.database = Database(f"sqlite:///{self.folder / 'ledger.db'}")
        self.day = dt.date(2026, 6, 12)
        self.world: World = a_world(
            self.database,
            an_item("1", State(state), **(due(dt.date(2026, 6, 30)) | promised("甲办法"))),
            an_item("2", State.ONGOING, long_term=True, **due(dt.date(2026, 6, 22))),
            an_item("3", State.MEASURE_DRAFTED),
            as_of=self.day,
        )
        self.closed: dict[str, dict[str, Any]] = {}
        self.files = 0

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.dispose()
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def now(self) -> dt.datetime:
        return dt.datetime.combine(self.day, dt.time(2, 0), dt.UTC)

    # -- what people do ------------------------------------------------------------------------------------------

    @rule(
        number=st.sampled_from(NUMBERS),
        action=st.sampled_from(list(Action)),
        actor=st.sampled_from([UNIT, LEAD, CLERK, CLERK, CLERK]),
        stale=st.sampled_from([0, 0, 0, 0, 1, -1]),
        ahead=st.integers(-5, 40),
    )
    def move(self, number: str, action: Action, actor: Actor, stale: int, ahead: int) -> None:
        before = self.world.item(number)
        other = self.world.ids[NUMBERS[(NUMBERS.index(number) + 1) % 3]]
        details = MoveDetails(
            measures=("补充措施",) if action is Action.DRAFT_MEASURE else (),
            merge_into=other if action is Action.MERGE else None,
            due_on=self.day + dt.timedelta(days=ahead) if action is Action.REOPEN else None,
        )
        try:
            moved = self.world.move(
                action, number, actor=actor, version=before.version + stale, now=self.now, details=details
            )
        except StaleVersion:
            assert stale
        except TransitionRefused:
            assert (before.state.value, action.value) not in TABLE
        except GuardFailed:
            assert (before.state.value, action.value) in TABLE
        except Forbidden:
            assert actor is not CLERK
        else:
            assert not stale
            assert moved.state.value == TABLE[before.state.value, action.value]
            self.closed.pop(number, None)
            return
        after = self.world.item(number)
        assert (after.version, after.state) == (before.version, before.state), "a refusal changes nothing"

    @rule(number=st.sampled_from(NUMBERS), how_far=st.sampled_from(list(Progress)))
    def report_a_measure(self, number: str, how_far: Progress) -> None:
        for row in self.world.of(Measure, number)[:1]:
            self._try(
                report_measure,
                self.database,
                measure_id=row.id,
                progress=how_far,
                actor=UNIT,
                expected_version=None,
                now=self.now,
            )

    @rule(number=st.sampled_from(NUMBERS))
    def report_a_milestone(self, number: str) -> None:
        for row in [m for m in self.world.of(Milestone, number) if not m.done][:1]:
            self._try(
                report_milestone, self.database, milestone_id=row.id, actor=UNIT, expected_version=None, now=self.now
            )

    @rule(whole=st.booleans())
    def report_the_regulation(self, whole: bool) -> None:
        for row in self.world.of(Regulation, "1"):
            self._try(
                report_regulation,
                self.database,
                regulation_id=row.id,
                document_number="青府办〔2026〕3号",
                issued_on=self.day if whole else None,
                actor=UNIT,
                expected_version=None,
                now=self.now,
            )

    @rule(number=st.sampled_from(NUMBERS))
    def hand_in(self, number: str) -> None:
        self.files += 1
        self._try(self.world.hand_in, number, self.now, f"第{self.files}份".encode())

    @rule(
        number=st.sampled_from(NUMBERS),
        step=st.sampled_from(list(ClosingStep)),
        actor=st.sampled_from([UNIT, LEAD, VERIFIER]),
    )
    def take_a_closing_step(self, number: str, step: ClosingStep, actor: Actor) -> None:
        ends = {"ends_on": self.day} if step is ClosingStep.PUBLISH else {}
        self._try(self.world.step, step, number, actor=actor, now=self.now, **ends)

    @precondition(lambda self: any(i.state in (State.ONGOING, State.REGULATION_ISSUED) for i in self.world.all(Item)))
    @rule()
    def bring_an_item_to_its_closing(self) -> None:
        """All the work of one item at once: closings would hardly ever be reached by chance."""
        item = next(i for i in self.world.all(Item) if i.state in (State.ONGOING, State.REGULATION_ISSUED))
        if self.world.steps(item.number):
            return
        self.world.ready_to_close(item.number, self.now)
        self.world.move("close", item.number, now=self.now)

    @rule()
    def acknowledge_a_notice(self) -> None:
        for notice in [n for n in self.world.all(Notice) if n.acknowledge_by][-1:]:
            self._try(acknowledge, self.database, notice_id=notice.id, actor=LEAD, now=self.now)

    # -- what time does ------------------------------------------------------------------------------------------

    @rule(days=st.integers(1, 9))
    def a_night_comes(self, days: int) -> None:
        self.day += dt.timedelta(days=days)
        report = a_night(self.database, Away(), self.day, Watch(self.day))
        assert report.failures == []

    def _try(self, work: Callable[..., object], *given: Any, **named: Any) -> None:
        with suppress(DubanError):  # a refusal is an answer; anything else is a defect
            work(*given, **named)

    # -- what always holds ---------------------------------------------------------------------------------------

    @invariant()
    def every_chain_is_whole_and_tells_how_the_item_came_to_stand_where_it_stands(self) -> None:
        assert broken_chains(self.database) == []
        logs = chains(self.database)
        for item in self.world.all(Item):
            state, versions = None, [1]
            for event in logs[item.id]:
                if event.type == "item.assigned":
                    state = event.payload["state"]
                if "to" in event.payload:
                    assert event.payload["from"] == state
                    assert TABLE[event.payload["from"], event.payload["action"]] == event.payload["to"]
                    state = event.payload["to"]
                if event.payload.get("version"):
                    versions.append(event.payload["version"])
            assert state == item.state.value
            assert versions == list(range(1, item.version + 1))

    @invariant()
    def a_closed_item_never_changes_except_by_being_reopened(self) -> None:
        for item in self.world.all(Item):
            if item.state is not State.CLOSED:
                self.closed.pop(item.number, None)
                continue
            columns = [c.name for c in Item.__table__.columns if c.name not in BOOKKEEPING]
            row = {name: getattr(item, name) for name in columns}
            assert self.closed.setdefault(item.number, row) == row

    @invariant()
    def nothing_but_a_re_inspection_runs_on_a_closed_item(self) -> None:
        for item in self.world.all(Item):
            running = [c for c in self.world.of(Clock, item.number) if c.ended_at is None]
            if item.state is State.CLOSED:
                assert {c.kind for c in running} <= {ClockKind.RE_INSPECT}
            assert all(c.cycle == item.cycle for c in running)

    @invariant()
    def the_products_own_check_finds_no_defect(self) -> None:
        assert [(f.code, f.examples) for f in check(self.database, now=self.now) if f.count] == []

    @invariant()
    def events_are_only_ever_added(self) -> None:
        known = getattr(self, "known", {})
        present = {e.id: e.hash for e in self.world.all(Event)}
        assert known.items() <= present.items()
        self.known = present


@pytest.fixture
def machine(migrated_sqlite: Path) -> type[Ledger]:
    Ledger.empty = migrated_sqlite
    return Ledger


def test_whatever_people_and_nights_do_the_ledger_stays_sound(machine: type[Ledger]) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=16,
            deadline=None,
            derandomize="DUBAN_MACHINE_EXAMPLES" not in os.environ,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
