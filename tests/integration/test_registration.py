"""Documents become ledgers on both databases: whole or not at all, once, and no doubt ever runs on a clock."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from duban.adapters.database import Database
from duban.domain.lifecycle import State
from duban.domain.limits import Milestone as Part
from duban.errors import DubanError
from duban.reading.directory import Entry
from duban.reading.model import Anomaly as Doubt
from duban.reading.model import AnomalyCode, Reading
from duban.reading.reader import read_bytes
from duban.services.checks import check
from duban.services.plan_code import plan_code
from duban.services.queries.items import ItemFilter, list_items
from duban.services.queries.scope import WHOLE
from duban.services.registration import CodeTaken, EditionStands, Intake, Received, Registered, register
from duban.services.release import release
from models import (
    Anomaly,
    Base,
    Clock,
    ClockKind,
    Document,
    Event,
    Item,
    Milestone,
    Party,
    PartyKind,
    Plan,
    Signal,
)

from .ledger import CLERK, DIRECTORY, NOW, POLICY, REGISTERED, a_night, a_reading, a_world, an_item, due, rules

DUE = dt.date(2026, 9, 30)


def enter(database: Database, reading: Reading, content: bytes = b"bytes", **more: object) -> Registered:
    given: dict[str, object] = {
        "rules": rules(),
        "actor": CLERK,
        "as_of": REGISTERED,
        "now": NOW,
        "directory": DIRECTORY,
    }
    return register(database, Received("方案.txt", content, reading), Intake(**(given | more)))  # type: ignore[arg-type]


def rows(database: Database) -> dict[str, int]:
    with database.read() as session:
        return {
            t.name: session.execute(select(func.count()).select_from(t)).scalar_one()
            for t in Base.metadata.sorted_tables
        }


def sound(database: Database) -> bool:
    return [f.code for f in check(database, now=NOW) if f.count] == []


def test_the_same_bytes_again_change_nothing(database: Database) -> None:
    reading = a_reading([an_item("1", **due(DUE)), an_item("2", long_term=True)])
    first = enter(database, reading)
    before = rows(database)
    again = enter(database, reading, directory=())
    assert (first.created, again.created) == (True, False)
    assert (again.plan_id, again.items, again.clocks) == (first.plan_id, first.items, first.clocks)
    assert rows(database) == before


def test_another_edition_of_a_document_is_refused_and_nothing_is_written(database: Database) -> None:
    enter(database, a_reading([an_item("1")]))
    before = rows(database)
    with pytest.raises(EditionStands):
        enter(database, a_reading([an_item("1"), an_item("2")]), content=b"other bytes")
    assert rows(database) == before


def test_a_plan_code_is_taken_once(database: Database) -> None:
    enter(database, a_reading([an_item("1")], "甲方案"), code="青河")
    with pytest.raises(CodeTaken):
        enter(database, a_reading([an_item("1")], "乙方案"), content=b"other bytes", code="青河")


def test_items_are_counted_within_their_plan(database: Database) -> None:
    first = enter(database, a_reading([an_item("1"), an_item("2")], "甲方案"))
    enter(database, a_reading([an_item("1")], "乙方案"), content=b"other bytes")
    for plan, count in ((str(first.plan_id), 2), (None, 3)):
        where = ItemFilter(plan=plan)
        assert list_items(database, scope=WHOLE, as_of=REGISTERED, where=where).total == count


@pytest.mark.parametrize("title", ["2025年柳河区民生实事任务清单", "柳河区2025年度重点任务分解"])
def test_a_plan_is_called_by_its_place_and_not_by_its_year(title: str) -> None:
    reading = a_reading([an_item("1")], title)
    reading.issuer, reading.year = None, 2025
    assert plan_code(reading, "清单.xlsx", ()) == "柳河2025"


def test_a_registration_that_fails_leaves_nothing_and_can_be_repeated(database: Database) -> None:
    torn = Doubt(AnomalyCode.CUT_TEXT, None, line=1, number="1")  # type: ignore[arg-type]  # the ledger refuses it, late
    reading = a_reading([an_item("1", **due(DUE)), an_item("2")], doubts=[torn])
    with pytest.raises(SQLAlchemyError):
        enter(database, reading)
    assert set(rows(database).values()) == {0}
    reading.anomalies.clear()
    assert enter(database, reading).created
    assert sound(database)


def test_a_wrong_policy_is_refused_before_anything_is_written(database: Database) -> None:
    with pytest.raises(DubanError) as refused:
        enter(database, a_reading([an_item("1")]), rules=rules(POLICY.replace("offset = 1\n", "offset = -99\n", 1)))
    assert refused.value.exit_code == 2
    assert set(rows(database).values()) == {0}


def test_each_item_enters_with_its_first_event_a_signal_and_its_bytes_kept(database: Database) -> None:
    world = a_world(database, an_item("1", children=[an_item("1.1"), an_item("1.2")]), an_item("2"))
    items = world.all(Item)
    assert [i.number for i in items] == ["1", "1.1", "1.2", "2"]
    assert [i.parent_id for i in items] == [None, items[0].id, items[0].id, None]
    assert [(e.item_id, e.seq, e.type) for e in world.all(Event)] == [(i.id, 1, "item.assigned") for i in items]
    assert {s.item_id for s in world.all(Signal)} == {i.id for i in items}
    with database.read() as session:
        document = session.scalars(select(Document)).one()
        assert len(document.content) == document.size
    assert sound(database)


def test_what_was_done_before_stands_in_the_first_event(database: Database) -> None:
    done, quiet = an_item("1"), an_item("2")
    done.progress = "已修订办法，完成培训。"
    enter(database, a_reading([done, quiet]))
    with database.read() as session:
        events = session.scalars(select(Event).where(Event.type == "item.assigned").order_by(Event.id)).all()
        assert [event.payload.get("so_far") for event in events] == ["已修订办法，完成培训。", None]


def test_both_copies_of_a_doubted_number_stand_in_quarantine_without_a_clock(database: Database) -> None:
    copies = [an_item("22", **due(DUE)), an_item("22", title="另一份", **due(DUE))]
    copies[1].place = type(copies[1].place)(900, 905)
    doubts = [
        Doubt(
            AnomalyCode.CONFLICTING_COPIES,
            "两处不一",
            line=c.place.line,
            number="22",
            blocks=True,
            item_line=c.place.line,
        )
        for c in copies
    ]
    world = a_world(database, *copies, an_item("23", **due(DUE)), doubts=doubts)
    assert [(i.number, i.copy, i.quarantined) for i in world.all(Item)] == [
        ("22", 1, True),
        ("22", 2, True),
        ("23", 1, False),
    ]
    assert {c.item_id for c in world.all(Clock)} == {world.ids["23"]}
    assert sound(database)


def test_a_child_of_an_item_in_quarantine_waits_with_it(database: Database) -> None:
    doubt = Doubt(AnomalyCode.MISSING_FIELD, "缺时限", line=10, number="1", field="limit", blocks=True, item_line=10)
    world = a_world(database, an_item("1", children=[an_item("1.1", **due(DUE))]), doubts=[doubt])
    assert all(i.quarantined for i in world.all(Item))
    assert world.count(Clock) == 0


def test_a_doubt_that_does_not_block_leaves_the_clock_running(database: Database) -> None:
    doubt = Doubt(AnomalyCode.AMBIGUOUS_LIMIT, "两种读法", line=10, number="1", item_line=10)
    world = a_world(database, an_item("1", **due(DUE)), doubts=[doubt])
    assert world.count(Clock) == 1
    assert [a.code for a in world.all(Anomaly)] == ["ambiguous_limit"]


def test_what_is_dated_is_limited_what_is_kept_up_is_checked_and_what_has_no_date_has_no_clock(
    database: Database,
) -> None:
    world = a_world(
        database,
        an_item("1", milestones=[Part("甲", due_on=dt.date(2026, 8, 29)), Part("乙", due_on=DUE)]),
        an_item("2", long_term=True),
        an_item("3", long_term=True, **due(DUE)),
        an_item("4"),
        an_item("5", milestones=[Part("已完成", done=True)], long_term=True),
        an_item("6", milestones=[Part("3年内", due_on=None)]),
    )
    kinds = {n: Counter(c.kind for c in world.of(Clock, n)) for n in "123456"}
    assert kinds == {
        "1": {ClockKind.LIMIT: 2},
        "2": {ClockKind.CHECK_IN: 1},
        "3": {ClockKind.LIMIT: 1},
        "4": {},
        "5": {ClockKind.CHECK_IN: 1},
        "6": {},
    }
    first = world.of(Clock, "1")[0]
    assert (first.nominal_due_on, first.due_on) == (dt.date(2026, 8, 29), dt.date(2026, 8, 31)), "a Saturday rolls"
    assert [m.rolled_due_on for m in world.of(Milestone, "1")] == [dt.date(2026, 8, 31), DUE]


def test_a_document_that_says_done_is_not_struck_off_by_itself(database: Database) -> None:
    world = a_world(database, an_item("1", status="done"))
    assert world.item().state is State.ONGOING
    assert world.item().reported_done is True


def test_who_is_not_in_the_directory_is_entered_without_an_address_and_said_so(database: Database) -> None:
    world = a_world(database, an_item("1", responsible_units=["区园林局", "住建局"]))
    party = world.all(Party, Party.name == "区园林局")[0]
    assert (party.kind, party.email, party.known) == (PartyKind.UNIT, None, False)
    assert world.count(Party, Party.name == "住建局") == 0, "an alias is the unit itself"
    doubts = world.all(Anomaly, Anomaly.code == "unknown_party")
    assert ["区园林局" in d.detail for d in doubts] == [True]
    assert world.item().quarantined is False


def test_an_office_of_the_directory_without_an_address_gets_the_one_of_the_settings(database: Database) -> None:
    world = a_world(database, directory=[Entry(2, "区委督查室", "office")])
    office = world.all(Party, Party.kind == PartyKind.OFFICE)
    assert [(p.name, p.email) for p in office] == [("区委督查室", "ducha@example.org")]


# -- a real document ---------------------------------------------------------------------------------------------

AS_OF = dt.date(2014, 12, 1)


@pytest.fixture
def jiading(documents: Path) -> Received:
    file = documents / "jiading-2014-rectification-plan.txt"
    data = file.read_bytes()
    return Received(file.name, data, read_bytes(data, file.name))


def enter_jiading(database: Database, jiading: Received) -> Registered:
    return register(database, jiading, Intake(rules=rules(), actor=CLERK, as_of=AS_OF, now=NOW))


def test_the_jiading_plan_becomes_a_ledger_of_its_thirty_nine_numbers(database: Database, jiading: Received) -> None:
    done = enter_jiading(database, jiading)
    with database.read() as session:
        items = session.scalars(select(Item).where(Item.parent_id.is_(None)).order_by(Item.position)).all()
        assert {i.number for i in items} == {str(n) for n in range(13, 52)}
        copies = Counter(i.number for i in items)
        doubled = {n for n, c in copies.items() if c > 1}
        assert doubled, "the document has doubled numbers"
        assert all(i.quarantined for i in items if i.number in doubled)
        clocks = session.scalars(select(Clock)).all()
        assert clocks
        quarantined = {i.id for i in session.scalars(select(Item).where(Item.quarantined))}
        assert quarantined.isdisjoint(c.item_id for c in clocks)
    assert done.items == sum(done.states.values())
    assert done.quarantined == len(quarantined) > 0
    assert sound(database)


def test_the_jiading_plan_registered_twice_is_one_plan(database: Database, jiading: Received) -> None:
    enter_jiading(database, jiading)
    before = rows(database)
    assert not enter_jiading(database, jiading).created
    assert rows(database) == before


def test_a_night_over_the_jiading_plan_sends_the_office_one_mail_for_everybody_without_address(
    database: Database, jiading: Received, tmp_path: Path
) -> None:
    done = enter_jiading(database, jiading)
    release(database, plan=done.plan_id, actor=CLERK, now=NOW, as_of=dt.date(2014, 9, 1))
    report = a_night(database, tmp_path, dt.date(2015, 1, 12))
    assert report.ok
    assert report.claimed.notices > 0
    assert len(list(tmp_path.glob("*.eml"))) == report.mails == 1
    assert sound(database)
    with database.read() as session:
        plan = session.get_one(Plan, done.plan_id)
        overdue = session.scalars(select(Item).where(Item.breached_on.is_not(None))).all()
    assert plan.year == 2014
    assert all(i.due_on and i.due_on < dt.date(2015, 1, 12) and not i.quarantined for i in overdue)
    again = a_night(database, tmp_path, dt.date(2015, 1, 12))
    assert (again.claimed.notices, again.mails) == (0, 0)
