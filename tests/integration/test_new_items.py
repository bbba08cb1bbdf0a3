"""举一反三 and 吹哨: items that no document brought, with clocks, ladder and gate like any other."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from duban.adapters.database import Database
from duban.domain.lifecycle import Action
from duban.errors import Forbidden, GuardFailed, NotFound
from duban.reading.directory import Entry
from duban.services.new_items import NewItemRefused, call, spawn_self_checks
from duban.services.release import release
from models import Clock, ClockKind, Delivery, Item, Notice, NoticeRecipient, Origin, Party
from tests.integration.ledger import CLERK, DIRECTORY, NOW, OTHER_UNIT, UNIT, World, a_night, a_world, an_item

STREETS = (
    *DIRECTORY,
    Entry(10, "城东街道", "unit", superior="韩望舒", email="chengdong@example.org"),
    Entry(11, "城西街道", "unit", superior="韩望舒", email="chengxi@example.org"),
    Entry(12, "各街道", "collective", members=["城东街道", "城西街道"]),
)
LIMIT = dt.date(2026, 8, 14)


def spawn(world: World, *units: str, actor: object = CLERK) -> list[int]:
    return spawn_self_checks(
        world.database,
        item_id=world.ids["1"],
        units=units,
        due_on=LIMIT,
        actor=actor,  # type: ignore[arg-type]
        expected_version=None,
        now=NOW,
    )


def a_call(world: World, *called: str, caller: str = "城东街道", actor: object = CLERK, **fields: object) -> int:
    given: dict[str, object] = {"title": "路面塌陷", "due_on": dt.date(2026, 7, 17), "now": NOW, "actor": actor}
    return call(world.database, plan=world.plan.code, caller=caller, called=called, **(given | fields))  # type: ignore[arg-type]


def readers(world: World, item_id: int, kind: str) -> dict[str, str]:
    names = {p.id: p.name for p in world.all(Party)}
    notices = [n.id for n in world.all(Notice) if n.item_id == item_id and n.kind == kind]
    return {names[r.party_id]: r.role for r in world.all(NoticeRecipient) if r.notice_id in notices}


def test_each_sibling_unit_checks_itself_under_the_item(database: Database) -> None:
    world = a_world(database, an_item("1"), directory=STREETS)
    made = spawn(world, "各街道", "区教育局", "区住建局")
    items = [i for i in world.all(Item) if i.id in made]
    assert [i.number for i in items] == ["1-自查1", "1-自查2", "1-自查3"], "区住建局 answers for the item itself"
    assert {i.origin for i in items} == {Origin.SELF_CHECK}
    assert {i.parent_id for i in items} == {world.ids["1"]}
    clocks = [c for c in world.all(Clock) if c.item_id in made]
    assert sorted(c.kind for c in clocks) == [ClockKind.ACKNOWLEDGE] * 3 + [ClockKind.LIMIT] * 3
    assert readers(world, made[0], "assign") == {"城东街道": "to", "韩望舒": "cc"}
    assert world.events()[-1].type == "item.self_checks_spawned"
    with pytest.raises(NewItemRefused):
        spawn(world, "城西街道")


def test_the_item_waits_for_its_self_checks(database: Database) -> None:
    world = a_world(database, an_item("1"), directory=STREETS)
    (made,) = spawn(world, "区教育局")
    world.ready_to_close("1")
    with pytest.raises(GuardFailed, match="子事项1-自查1尚未销号"):
        world.move(Action.CLOSE, "1")
    world.ids["check"] = made
    world.move(Action.WITHDRAW, "check")
    world.move(Action.CLOSE, "1")


def test_self_checks_are_the_offices_to_order_with_a_limit_to_come_and_known_units(database: Database) -> None:
    world = a_world(database, an_item("1"), directory=STREETS)
    with pytest.raises(Forbidden):
        spawn(world, "区教育局", actor=UNIT)
    with pytest.raises(NotFound):
        spawn(world, "无此单位")
    with pytest.raises(NewItemRefused, match="已经过去"):
        spawn_self_checks(
            database,
            item_id=world.ids["1"],
            units=["区教育局"],
            due_on=dt.date(2026, 7, 10),
            actor=CLERK,
            expected_version=None,
            now=NOW,
        )
    assert world.count(Item) == 1


def test_a_call_escalates_upward_from_the_called_and_never_from_the_caller(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item("9"), directory=STREETS)
    called = a_call(world, "区教育局")
    assert readers(world, called, "assign") == {"区教育局": "to", "沈予安": "cc"}
    for day in (14, 20, 27):
        a_night(database, tmp_path, dt.date(2026, 7, day))
    urged = readers(world, called, "urge")
    assert urged["区教育局"] == "to"
    assert urged["沈予安"] == "cc", "the called unit's own superior"
    assert readers(world, called, "supervise") == {"区教育局": "to", "沈予安": "to"} | {
        n: r for n, r in readers(world, called, "supervise").items() if r == "cc"
    }
    everybody = {n for kind in ("assign", "remind", "urge", "supervise") for n in readers(world, called, kind)}
    assert everybody.isdisjoint({"城东街道", "韩望舒"}), "neither the caller nor who stands above it is pressed"


def test_the_called_unit_may_report_and_others_may_not(database: Database) -> None:
    world = a_world(database, an_item("9"), directory=STREETS)
    world.ids["call"] = a_call(world, "区教育局")
    with pytest.raises(Forbidden):
        world.hand_in("call")
    from duban.services.transitions import MoveDetails

    world.move("draft_measure", "call", actor=OTHER_UNIT, details=MoveDetails(measures=("当日到场",)))
    assert world.item("call").number == "吹哨1"


def test_only_the_caller_or_the_office_calls_and_nobody_calls_themselves(database: Database) -> None:
    world = a_world(database, an_item("9"), directory=STREETS)
    with pytest.raises(Forbidden):
        a_call(world, "区教育局", actor=UNIT)
    with pytest.raises(NewItemRefused):
        a_call(world, "城东街道")
    assert a_call(world, "城东街道", caller="区住建局", actor=UNIT)


def test_in_a_plan_that_nobody_released_a_new_item_is_told_only_after_the_release(
    database: Database, tmp_path: Path
) -> None:
    world = a_world(database, an_item("1"), directory=STREETS, released=False)
    (made,) = spawn(world, "区教育局")
    a_night(database, tmp_path, dt.date(2026, 7, 14))
    assert world.count(Delivery) == 0
    assert not world.all(Clock, Clock.kind == ClockKind.ACKNOWLEDGE), "nobody owes a receipt for what was not sent"
    later = NOW + dt.timedelta(days=7)
    release(database, plan=world.plan.code, actor=CLERK, now=later)
    (receipt,) = world.all(Clock, Clock.kind == ClockKind.ACKNOWLEDGE)
    (told,) = world.all(Notice, Notice.item_id == made, Notice.kind == "assign")
    assert (receipt.item_id, receipt.started_on, receipt.due_on) == (made, dt.date(2026, 7, 20), dt.date(2026, 7, 22))
    assert told.acknowledge_by == receipt.due_on
    assert told.context["acknowledge"]["by_on"] == "2026-07-22", "the sheet names the day that the clock runs to"
    a_night(database, tmp_path, dt.date(2026, 7, 21))
    assert world.count(Delivery) > 0


def test_a_release_at_the_same_moment_leaves_no_new_item_without_its_receipt(database: Database) -> None:
    world = a_world(database, an_item("1"), directory=STREETS, released=False)

    def calls(_: int) -> list[int]:
        return [a_call(world, "区教育局") for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        making = [pool.submit(calls, n) for n in range(3)]
        releasing = pool.submit(release, database, plan=world.plan.code, actor=CLERK, now=NOW)
        spawning = pool.submit(spawn, world, "各街道")
        made = [item for one in making for item in one.result(timeout=60)] + spawning.result(timeout=60)
        assert releasing.result(timeout=60)
    receipts = [c.item_id for c in world.all(Clock, Clock.kind == ClockKind.ACKNOWLEDGE)]
    assert sorted(receipts) == sorted(made)
