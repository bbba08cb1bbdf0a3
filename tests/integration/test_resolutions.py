"""Decisions about doubted copies: two at once wait for each other, nothing stays in quarantine that was taken out."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.reading.model import Anomaly as Doubt
from duban.reading.model import AnomalyCode, Place
from duban.services.checks import check
from duban.services.resolutions import Edit, ResolutionRefused, Resolved, resolve, undo
from models import Clock, Item, Measure, ResolutionAction

from .ledger import NOW, World, a_world, an_item, due

DUE = dt.date(2026, 9, 30)
OFFICE = Actor("督查员", "supervisor", source="cli")


def two_copies(database: Database, pairs: int = 1) -> World:
    """Numbers from 22 on, each printed twice; each copy has a part of its own."""
    copies, doubts = [], []
    for n in range(pairs):
        for copy in range(2):
            number = str(22 + n)
            item = an_item(number, children=[an_item(f"{number}.1", **due(DUE))], **due(DUE))
            item.place = Place(100 * n + 40 * copy + 1, 100 * n + 40 * copy + 30)
            line = item.place.line
            doubts.append(
                Doubt(AnomalyCode.CONFLICTING_COPIES, "两处不一", line, number=number, blocks=True, item_line=line)
            )
            copies.append(item)
    return a_world(database, *copies, doubts=doubts)


def rows(world: World) -> dict[tuple[str, int], Item]:
    return {(i.number, i.copy): i for i in world.all(Item)}


def decide(world: World, item: Item, action: ResolutionAction, edit: Edit | None = None) -> Resolved:
    return resolve(
        world.database, item_id=item.id, action=action, actor=OFFICE, reason="核对", now=NOW, edit=edit or Edit()
    )


def test_what_is_taken_out_leaves_the_quarantine_with_its_parts_and_comes_back_as_it_was(database: Database) -> None:
    world = two_copies(database)
    first = rows(world)["22", 1]
    done = decide(world, first, ResolutionAction.KEEP)
    after = rows(world)
    assert {key: (i.quarantined, i.dropped) for key, i in after.items()} == {
        ("22", 1): (False, False),
        ("22.1", 1): (False, False),
        ("22", 2): (False, True),
        ("22.1", 2): (False, True),
    }
    assert {c.item_id for c in world.all(Clock)} == {after["22", 1].id, after["22.1", 1].id}
    undo(database, resolution_id=done.resolution_id, actor=OFFICE, now=NOW)
    assert all(i.quarantined and not i.dropped for i in world.all(Item))
    assert [d.code for d in check(database, now=NOW) if d.count] == []


def test_dropping_a_copy_drops_its_parts_and_lets_the_other_copy_wait(database: Database) -> None:
    world = two_copies(database)
    decide(world, rows(world)["22", 2], ResolutionAction.DROP)
    after = rows(world)
    assert after["22.1", 2].dropped
    assert not after["22.1", 2].quarantined
    assert after["22", 1].quarantined, "a person still decides about the one that is left"
    assert world.all(Clock) == []


def test_merging_takes_over_the_parts_that_only_the_other_copy_has(database: Database) -> None:
    whole, cut = an_item("7", children=[an_item("7.1", **due(DUE))], **due(DUE)), an_item("7", **due(DUE))
    whole.place, cut.place = Place(10, 20), Place(1, 5)
    doubts = [
        Doubt(AnomalyCode.DUPLICATE_NUMBER, "残缺", p.line, number="7", blocks=True, item_line=p.line)
        for p in (cut.place, whole.place)
    ]
    world = a_world(database, cut, whole, doubts=doubts)
    kept, other = rows(world)["7", 1], rows(world)["7", 2]
    done = decide(world, kept, ResolutionAction.MERGE)
    part = rows(world)["7.1", 1]
    assert (part.parent_id, part.dropped, part.quarantined) == (kept.id, False, False)
    undo(database, resolution_id=done.resolution_id, actor=OFFICE, now=NOW)
    part = rows(world)["7.1", 1]
    assert (part.parent_id, part.quarantined) == (other.id, True)


def test_two_who_resolve_two_copies_at_once_do_not_lock_each_other_out(postgres_database: Database) -> None:
    world = two_copies(postgres_database, pairs=8)
    items = rows(world)
    for n in range(8):
        pair = [items[str(22 + n), 2], items[str(22 + n), 1]]
        barrier = threading.Barrier(2)

        def one(item: Item, barrier: threading.Barrier = barrier) -> object:
            barrier.wait(20)
            try:
                return decide(world, item, ResolutionAction.KEEP)
            except ResolutionRefused as refused:
                return refused

        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(one, pair))
        assert sorted(type(d).__name__ for d in done) == ["ResolutionRefused", "Resolved"], done
    with postgres_database.read() as session:
        left = session.scalars(select(Item.number).where(~Item.dropped, Item.parent_id.is_(None))).all()
    assert sorted(left) == [str(22 + n) for n in range(8)], "exactly one copy of each number is left"


def test_an_edit_touches_only_the_field_that_was_wrong_and_can_clear_one(database: Database) -> None:
    doubt = Doubt(AnomalyCode.REPEATED_FIELD, "目标重复", 1, number="1", field="goal", blocks=True, item_line=10)
    item = an_item("1", measures=["甲", "乙"], goal="多余的目标", **due(DUE))
    world = a_world(database, item, doubts=[doubt])
    before = [m.id for m in world.all(Measure)]
    decide(world, rows(world)["1", 1], ResolutionAction.EDIT, Edit(goal=""))
    assert rows(world)["1", 1].goal is None
    assert [m.id for m in world.all(Measure)] == before
    assert len(world.all(Clock)) == 1
