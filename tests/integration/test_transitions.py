"""Moving items on a real ledger: the table, its guards, who may, stale versions, what commits together."""

from __future__ import annotations

import datetime as dt

import pytest

from duban.adapters.database import Database
from duban.domain.lifecycle import State
from duban.errors import (
    DubanError,
    Forbidden,
    GuardFailed,
    InTheFuture,
    NotFound,
    Quarantined,
    StaleVersion,
    TransitionRefused,
)
from duban.reading.model import Anomaly as Doubt
from duban.reading.model import AnomalyCode
from duban.services.progress import report_regulation
from duban.services.transitions import Instrument, MoveDetails
from models import (
    Clock,
    ClockState,
    Measure,
    Milestone,
    Progress,
    Regulation,
    RegulationStatus,
    Signal,
)

from .ledger import (
    CLERK,
    LEAD,
    NOW,
    OTHER_LEAD,
    OTHER_UNIT,
    UNIT,
    VIEWER,
    a_world,
    an_item,
    due,
    promised,
)

#: The published table: (state, action) → state reached. All other pairs are refused.
TABLE = {
    ("assigned", "draft_measure"): "measure_drafted",
    ("assigned", "withdraw"): "closed",
    ("assigned", "merge"): "closed",
    ("measure_drafted", "return_measure"): "assigned",
    ("measure_drafted", "issue_regulation"): "regulation_issued",
    ("measure_drafted", "start"): "ongoing",
    ("measure_drafted", "withdraw"): "closed",
    ("measure_drafted", "merge"): "closed",
    ("regulation_issued", "sustain"): "ongoing",
    ("regulation_issued", "close"): "closed",
    ("regulation_issued", "withdraw"): "closed",
    ("regulation_issued", "merge"): "closed",
    ("ongoing", "close"): "closed",
    ("ongoing", "withdraw"): "closed",
    ("ongoing", "merge"): "closed",
    ("closed", "reopen"): "ongoing",
}
STATES = ("assigned", "measure_drafted", "regulation_issued", "ongoing", "closed")
ACTIONS = (
    "draft_measure",
    "return_measure",
    "issue_regulation",
    "start",
    "sustain",
    "close",
    "withdraw",
    "merge",
    "reopen",
)
BY_HAND = {
    "draft_measure": {"unit", "clerk"},
    "return_measure": {"lead", "clerk"},
    "issue_regulation": {"unit", "clerk"},
    "start": {"unit", "clerk"},
    "sustain": {"unit", "clerk"},
    "close": {"clerk"},
    "withdraw": {"clerk"},
    "merge": {"clerk"},
    "reopen": {"clerk"},
}
PEOPLE = {
    "unit": UNIT,
    "lead": LEAD,
    "clerk": CLERK,
    "other unit": OTHER_UNIT,
    "other lead": OTHER_LEAD,
    "viewer": VIEWER,
}
DUE = dt.date(2026, 9, 30)


def test_each_of_the_forty_five_pairs_does_what_the_table_says_and_nothing_else(database: Database) -> None:
    pairs = [(s, a) for s in STATES for a in ACTIONS]
    numbers = {pair: str(n) for n, pair in enumerate(pairs, start=1)}
    items = [an_item(numbers[s, a], State(s if s != "closed" else "ongoing"), measures=["一项措施"]) for s, a in pairs]
    world = a_world(database, *items, an_item("99"))
    found = {}
    for (state, action), number in numbers.items():
        if state == "closed":
            world.move("withdraw", number)
        elif action == "close":
            world.ready_to_close(number)
        before = world.item(number)
        details = MoveDetails(
            merge_into=world.ids["99"] if action == "merge" else None, due_on=DUE if action == "reopen" else None
        )
        try:
            moved = world.move(action, number, version=before.version, details=details)
        except TransitionRefused:
            after = world.item(number)
            assert (after.state, after.version, after.updated_at) == (before.state, before.version, before.updated_at)
            continue
        assert (moved.before.value, moved.version) == (state, before.version + 1)
        found[state, action] = world.item(number).state.value
    assert found == TABLE


def test_every_relation_may_do_exactly_what_the_table_allows(database: Database) -> None:
    start = {"draft_measure": "assigned", "sustain": "regulation_issued", "close": "ongoing", "reopen": "ongoing"}
    names = [(a, p) for a in ACTIONS for p in PEOPLE]
    items = [
        an_item(str(n), State(start.get(a, "measure_drafted")), measures=["一项措施"])
        for n, (a, _) in enumerate(names, start=1)
    ]
    world = a_world(database, *items, an_item("99"))
    allowed: dict[str, set[str]] = {a: set() for a in ACTIONS}
    for n, (action, person) in enumerate(names, start=1):
        number = str(n)
        if action == "close":
            world.ready_to_close(number)
        if action == "reopen":
            world.move("withdraw", number)
        details = MoveDetails(merge_into=world.ids["99"], due_on=DUE)
        try:
            world.move(action, number, actor=PEOPLE[person], details=details)
        except Forbidden:
            continue
        allowed[action].add(person)
    assert allowed == BY_HAND


def test_a_transition_leaves_version_event_and_signal_behind_together(database: Database) -> None:
    world = a_world(database, an_item(state=State.MEASURE_DRAFTED))
    signals = world.count(Signal)
    moved = world.move(
        "start", actor=UNIT, version=1, reason="开工", details=MoveDetails(occurred_at=NOW - dt.timedelta(3))
    )
    first, second = world.events()
    assert (moved.state, moved.version, moved.event) == (State.ONGOING, 2, "item.started")
    assert (second.seq, second.type, second.actor, second.reason) == (2, "item.started", "住建局经办", "开工")
    assert (second.occurred_at, second.recorded_at) == (NOW - dt.timedelta(3), NOW)
    assert second.payload["from"] == "measure_drafted"
    assert second.payload["to"] == "ongoing"
    assert second.payload["version"] == 2
    assert second.previous_hash == first.hash
    assert world.count(Signal) == signals + 1


def test_a_refused_transition_leaves_nothing_behind_not_even_what_it_brought(database: Database) -> None:
    world = a_world(database, an_item(state=State.MEASURE_DRAFTED, **promised("甲办法", "乙办法")))
    signals = world.count(Signal)
    first, _second = world.of(Regulation)
    details = MoveDetails(regulations={first.id: Instrument("青府办〔2026〕1号", dt.date(2026, 7, 1))})
    with pytest.raises(GuardFailed, match="制度《乙办法》缺少文号或日期"):
        world.move("issue_regulation", details=details)
    assert world.of(Regulation)[0].document_number is None
    assert world.item().version == 1
    assert len(world.events()) == 1
    assert world.count(Signal) == signals


def test_a_stale_version_is_refused_with_the_present_one_and_its_state(database: Database) -> None:
    world = a_world(database, an_item(state=State.MEASURE_DRAFTED))
    world.move("start", version=1)
    with pytest.raises(StaleVersion) as refused:
        world.move("withdraw", version=1)
    assert refused.value.fields == {"expected": 1, "present": 2, "state": "ongoing"}
    assert world.item().state is State.ONGOING


def test_a_version_from_the_future_is_stale_too(database: Database) -> None:
    world = a_world(database)
    with pytest.raises(StaleVersion):
        world.move("withdraw", version=7)


def test_an_item_that_is_not_there_is_not_found(database: Database) -> None:
    world = a_world(database)
    world.ids["0"] = 10**6
    with pytest.raises(NotFound):
        world.move("withdraw", "0")


def test_an_item_in_quarantine_refuses_every_action_and_says_why(database: Database) -> None:
    doubt = Doubt(AnomalyCode.CONFLICTING_COPIES, "两处不一", line=10, number="1", blocks=True, item_line=10)
    world = a_world(database, an_item(state=State.MEASURE_DRAFTED), an_item("2"), doubts=[doubt])
    for action in ACTIONS:
        with pytest.raises((Quarantined, TransitionRefused)) as refused:
            world.move(action, details=MoveDetails(merge_into=world.ids["2"], due_on=DUE))
        assert isinstance(refused.value, Quarantined), action
        assert "conflicting_copies" in refused.value.message
    assert world.count(Clock, Clock.item_id == world.ids["1"]) == 0
    with pytest.raises(Quarantined):
        world.hand_in()


def test_measures_that_come_along_with_drafting_are_entered_in_order(database: Database) -> None:
    world = a_world(database, an_item(state=State.ASSIGNED))
    with pytest.raises(GuardFailed, match="至少要有一条整改措施"):
        world.move("draft_measure", actor=UNIT)
    with pytest.raises(GuardFailed, match="至少要有一条整改措施"):
        world.move("draft_measure", actor=UNIT, details=MoveDetails(measures=("  ", "")))
    world.move("draft_measure", actor=UNIT, details=MoveDetails(measures=("摸底", " ", "加装")))
    rows = world.of(Measure)
    assert [m.text for m in rows] == ["摸底", "加装"]
    assert {m.progress for m in rows} == {Progress.OPEN}


def test_a_returned_measure_needs_a_reason(database: Database) -> None:
    world = a_world(database, an_item(state=State.MEASURE_DRAFTED))
    with pytest.raises(GuardFailed, match="请填写理由"):
        world.move("return_measure", actor=LEAD, reason="  ")
    world.move("return_measure", actor=LEAD, reason="不够具体")
    assert world.item().state is State.ASSIGNED


def test_a_regulation_issued_with_a_number_or_a_date_moves_the_item(database: Database) -> None:
    world = a_world(
        database, an_item(state=State.MEASURE_DRAFTED, **(promised("甲办法", "乙办法") | due(DUE, "issue_regulation")))
    )
    first, second = world.of(Regulation)
    details = MoveDetails(
        regulations={
            first.id: Instrument("青府办〔2026〕1号", None),
            second.id: Instrument(None, dt.date(2026, 7, 1)),
        }
    )
    world.move("issue_regulation", actor=UNIT, details=details)
    assert {r.status for r in world.of(Regulation)} == {RegulationStatus.ISSUED}
    assert all(m.done for m in world.of(Milestone))
    assert {c.state for c in world.of(Clock)} == {ClockState.COMPLETED}


def test_a_regulation_of_another_item_cannot_be_issued_along(database: Database) -> None:
    world = a_world(
        database,
        an_item("1", State.MEASURE_DRAFTED, **promised("甲办法")),
        an_item("2", State.MEASURE_DRAFTED, **promised("乙办法")),
    )
    other = world.of(Regulation, "2")[0]
    with pytest.raises(NotFound):
        world.move("issue_regulation", details=MoveDetails(regulations={other.id: Instrument("1号")}))
    assert world.of(Regulation, "2")[0].document_number is None


def test_a_regulation_is_not_issued_on_a_day_that_has_not_come(database: Database) -> None:
    world = a_world(database, an_item(state=State.MEASURE_DRAFTED, **promised("甲办法")))
    row = world.of(Regulation)[0]
    with pytest.raises(DubanError) as refused:
        world.move(
            "issue_regulation", details=MoveDetails(regulations={row.id: Instrument("1号", dt.date(2027, 1, 1))})
        )
    assert refused.value.code in ("in_the_future", "guard_failed")
    assert world.item().state is State.MEASURE_DRAFTED


def test_what_happens_cannot_have_happened_after_it_was_recorded(database: Database) -> None:
    world = a_world(database, an_item(state=State.MEASURE_DRAFTED))
    with pytest.raises(InTheFuture):
        world.move("start", details=MoveDetails(occurred_at=NOW + dt.timedelta(days=1)))


def test_work_starts_only_when_no_regulation_is_promised_any_more(database: Database) -> None:
    world = a_world(database, an_item(state=State.MEASURE_DRAFTED, **promised("甲办法")))
    with pytest.raises(GuardFailed, match="制度《甲办法》尚未出台"):
        world.move("start", actor=UNIT)
    report_regulation(
        database,
        regulation_id=world.of(Regulation)[0].id,
        document_number="1号",
        issued_on=dt.date(2026, 7, 1),
        actor=UNIT,
        expected_version=None,
        now=NOW,
    )
    world.move("start", actor=UNIT)
    assert world.item().state is State.ONGOING
