"""Items that were read as one and are two, or as two and are one; numbers and every field set right in place."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.reading.model import Anomaly as Doubt
from duban.reading.model import AnomalyCode, Place
from duban.services.checks import check
from duban.services.item_splits import join, split
from duban.services.resolutions import Edit, ResolutionRefused, resolve, undo
from models import Clock, ClockState, Item, ItemParty, Measure, Milestone, Party, Regulation, ResolutionAction, Target

from .ledger import NOW, World, a_world, an_item, due

DUE = dt.date(2026, 9, 30)
OFFICE = Actor("督查员", "supervisor", source="cli")


def in_doubt(database: Database) -> World:
    """Item 7 holds two problems and is in doubt; 8 is the rest of 7's text and is in doubt; 9 is sound."""
    items = [
        an_item("7", measures=["甲一", "甲二", "乙一"], responsible_units=["区水务局"], **due(DUE)),
        an_item("8", measures=["丙"], responsible_units=["区住建局"], **due(DUE)),
        an_item("9", measures=["丁"], responsible_units=["区教育局"], **due(DUE)),
    ]
    for n, item in enumerate(items):
        item.place = Place(10 * n + 1, 10 * n + 9)
    doubts = [
        Doubt(AnomalyCode.REPEATED_FIELD, "两处时限", 10 * n + 1, number=number, blocks=True, item_line=10 * n + 1)
        for n, number in enumerate(("7", "8"))
    ]
    return a_world(database, *items, doubts=doubts)


def by_number(world: World) -> dict[str, Item]:
    return {i.number: i for i in world.all(Item) if not i.dropped}


def measures(world: World, item: Item) -> list[str]:
    return [m.text for m in sorted(world.all(Measure), key=lambda m: m.position) if m.item_id == item.id]


def looks(world: World) -> list[object]:
    """Everything of the live items that a decision could leave behind."""
    with world.database.read() as session:
        names = select(ItemParty.item_id, ItemParty.role, Party.name).join(Party, Party.id == ItemParty.party_id)
        roles = sorted(session.execute(names).tuples())
        limits = sorted(session.execute(select(Milestone.item_id, Milestone.text, Milestone.due_on)).tuples())
        live = {i.id for i in world.all(Item) if not i.dropped}
        return [
            [(i.id, i.number, i.title, i.goal, i.quarantined, i.parent_id) for i in world.all(Item) if not i.dropped],
            sorted((m.item_id, m.position, m.text) for m in world.all(Measure) if m.item_id in live),
            [r for r in roles if r[0] in live],
            [m for m in limits if m[0] in live],
        ]


def sound(world: World) -> bool:
    return not [f for f in check(world.database, now=NOW) if f.count]


def test_an_item_is_split_in_place_and_both_wait_until_they_are_kept(database: Database) -> None:
    world = in_doubt(database)
    before = looks(world)
    seven = by_number(world)["7"]
    with pytest.raises(ResolutionRefused, match="已有第9项"):
        split(database, item_id=seven.id, number="9", title="", from_measure=3, actor=OFFICE, reason="两项", now=NOW)
    done = split(
        database, item_id=seven.id, number="7-2", title="乙", from_measure=3, actor=OFFICE, reason="两项", now=NOW
    )
    first, second = by_number(world)["7"], by_number(world)["7-2"]
    assert (measures(world, first), measures(world, second)) == (["甲一", "甲二"], ["乙一"])
    assert first.quarantined
    assert second.quarantined
    assert first.position < second.position
    assert second.position < by_number(world)["8"].position
    assert second.due_on == first.due_on
    assert second.source_line == first.source_line
    assert not [c for c in world.all(Clock) if c.item_id in (first.id, second.id)]
    assert sound(world)
    kept = resolve(database, item_id=second.id, action=ResolutionAction.KEEP, actor=OFFICE, reason="核对", now=NOW)
    with pytest.raises(ResolutionRefused, match="先撤回后一次"):
        undo(database, resolution_id=done.resolution_id, actor=OFFICE, now=NOW)
    undo(database, resolution_id=kept.resolution_id, actor=OFFICE, now=NOW)
    undo(database, resolution_id=done.resolution_id, actor=OFFICE, now=NOW)
    assert sound(world)
    # Its place in the document stays free; nothing else is other than before.
    assert looks(world) == before


def test_an_item_is_joined_into_another_one_and_comes_apart_again(database: Database) -> None:
    world = in_doubt(database)
    before = looks(world)
    items = by_number(world)
    done = join(database, item_id=items["8"].id, into="9", actor=OFFICE, reason="同一项", now=NOW)
    nine = by_number(world)["9"]
    assert "8" not in by_number(world)
    assert nine.quarantined
    assert measures(world, nine) == ["丁", "丙"]
    assert not [c for c in world.all(Clock) if c.item_id == nine.id and c.state is ClockState.RUNNING]
    assert sound(world)
    undo(database, resolution_id=done.resolution_id, actor=OFFICE, now=NOW)
    assert looks(world) == before
    assert [c.due_on for c in world.all(Clock) if c.item_id == nine.id and c.state is ClockState.RUNNING] == [DUE]
    assert sound(world)


def test_nothing_is_joined_into_an_item_that_somebody_was_told_about(database: Database) -> None:
    from duban.services.progress import report_measure
    from models import Progress

    world = in_doubt(database)
    items = by_number(world)
    measure = next(m for m in world.all(Measure) if m.item_id == items["9"].id)
    report_measure(
        database,
        measure_id=measure.id,
        progress=Progress.MOSTLY_DONE,
        actor=OFFICE,
        expected_version=None,
        now=NOW,
    )
    with pytest.raises(ResolutionRefused, match="已在办理"):
        join(database, item_id=items["8"].id, into="9", actor=OFFICE, reason="同一项", now=NOW)
    with pytest.raises(ResolutionRefused, match="没有第99项"):
        join(database, item_id=items["8"].id, into="99", actor=OFFICE, reason="同一项", now=NOW)


def test_every_field_is_set_right_in_place_and_an_undo_puts_all_of_them_back(database: Database) -> None:
    world = in_doubt(database)
    before = looks(world)
    eight = by_number(world)["8"]
    edit = Edit(
        number="10",
        title="新题",
        goal="目标",
        measures=("丙", "戊"),
        time_limit="2026年10月底前",
        responsible_units=("区住建局", "区水务局"),
        support_units=("区财政局",),
        regulations=("住房保障办法",),
        targets=("新增保障房300套",),
        reported_done=True,
    )
    done = resolve(
        database, item_id=eight.id, action=ResolutionAction.EDIT, actor=OFFICE, reason="更正", now=NOW, edit=edit
    )
    ten = by_number(world)["10"]
    assert (ten.title, ten.goal, ten.due_on, ten.reported_done) == ("新题", "目标", dt.date(2026, 11, 2), True)
    assert [r.title for r in world.all(Regulation)] == ["住房保障办法"]
    assert [int(t.value) for t in world.all(Target)] == [300]
    undo(database, resolution_id=done.resolution_id, actor=OFFICE, now=NOW)
    assert looks(world) == before
    assert not world.all(Regulation)
    assert not world.all(Target)
    assert sound(world)


def test_a_copy_under_a_number_of_its_own_is_an_item_of_its_own(database: Database) -> None:
    items = [an_item("22", **due(DUE)), an_item("22", **due(DUE))]
    items[0].place, items[1].place = Place(1, 5), Place(6, 9)
    doubts = [Doubt(AnomalyCode.DUPLICATE_NUMBER, "重复", p, number="22", blocks=True, item_line=p) for p in (1, 6)]
    world = a_world(database, *items, doubts=doubts)
    second = next(i for i in world.all(Item) if i.copy == 2)
    resolve(
        database,
        item_id=second.id,
        action=ResolutionAction.EDIT,
        actor=OFFICE,
        reason="编号印错",
        now=NOW,
        edit=Edit(number="23"),
    )
    live = by_number(world)
    assert sorted(live) == ["22", "23"]
    assert live["22"].quarantined
    assert not live["23"].quarantined
    assert sound(world)
