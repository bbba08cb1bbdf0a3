"""An earlier day is read back whole: whatever happens afterwards, its board, lists and items say what stood on it."""

from __future__ import annotations

import datetime as dt

import pytest

from duban.adapters.database import Database
from duban.domain.lifecycle import Action, Outcome, State
from duban.services.corrections import correct
from duban.services.extensions import ask, decide
from duban.services.item_fields import Edit
from duban.services.queries.board import board
from duban.services.queries.item import one_item
from duban.services.queries.items import ItemFilter, list_items
from duban.services.queries.plans import one_plan
from duban.services.queries.scope import WHOLE
from duban.services.transitions import MoveDetails
from models import Clock, ClockKind

from .ledger import CLERK, NOW, REGISTERED, TODAY, UNIT, World, a_world, an_item, due

THEN = dt.date(2026, 7, 8)  # some days before what is done to the items
LATE, LATER, AHEAD = dt.date(2026, 6, 30), dt.date(2026, 7, 3), dt.date(2026, 9, 30)


def a_plan(database: Database) -> World:
    """Entered in May: 1 to 4 late on THEN, 5 ahead, 6 long-term; 7 is another's."""
    items = [an_item(str(n), **due(LATE if n < 4 else LATER)) for n in range(1, 5)]
    items += [an_item("5", **due(AHEAD)), an_item("6", long_term=True), an_item("7", responsible_units=["区教育局"], **due(AHEAD))]  # fmt: skip  # noqa: E501
    return a_world(database, *items, entered=dt.datetime.combine(REGISTERED, dt.time(2), dt.UTC))


def everything_happens(world: World) -> None:
    """One item of each kind ends, moves or changes hands, on TODAY."""
    world.move(Action.WITHDRAW, "1")
    world.move(Action.MERGE, "2", details=MoveDetails(merge_into=world.ids["5"]))
    world.ready_to_close("3")
    world.move(Action.CLOSE, "3")
    (clock,) = [c for c in world.of(Clock, "5") if c.kind is ClockKind.LIMIT and c.due_on == AHEAD]
    asked = ask(
        world.database,
        clock_id=clock.id,
        until_on=dt.date(2026, 10, 30),
        reason="材料未到",
        progress="过半",
        actor=UNIT,
        expected_version=None,
        now=NOW,
    )
    decide(world.database, extension_id=asked, granted=True, actor=CLERK, now=NOW)
    handed = Edit(responsible_units=("区教育局",))
    correct(world.database, item_id=world.ids["4"], edit=handed, reason="原文为区教育局", actor=CLERK, now=NOW)


def seen(world: World, as_of: dt.date) -> dict[str, object]:
    """What board, plan, lists and items say of a day."""
    found = board(world.database, scope=WHOLE, as_of=as_of)
    plan = one_plan(world.database, plan=world.plan.code, scope=WHOLE, as_of=as_of)
    lists = {
        name: [row.number for row in list_items(world.database, scope=WHOLE, as_of=as_of, where=where).items]
        for name, where in {
            "red": ItemFilter(light="red"),
            "overdue": ItemFilter(overdue=True),
            "ahead": ItemFilter(due_from=as_of, due_to=dt.date(2026, 12, 31)),
            "ongoing": ItemFilter(states=(State.ONGOING,)),
            "housing": ItemFilter(unit="区住建局"),
            "schools": ItemFilter(unit="区教育局"),
            **{outcome.value: ItemFilter(outcome=outcome) for outcome in Outcome},
        }.items()
    }
    items = {
        n: one_item(world.database, item_id=i, scope=WHOLE, actor=CLERK, as_of=as_of).row for n, i in world.ids.items()
    }
    return {
        "board": (found.lights, found.closed, found.withdrawn, found.merged, [b.name for b in found.behind]),
        "plan": (plan.states, plan.lights, plan.outcomes),
        "lists": lists,
        "items": {
            n: (r.state, r.light, r.due_on, r.days_left, r.overdue, r.outcome, r.names("responsible"), r.measures_done)
            for n, r in items.items()
        },
    }


def test_nothing_that_is_done_today_changes_what_an_earlier_day_says(database: Database) -> None:
    world = a_plan(database)
    before = seen(world, THEN)
    assert before["lists"]["overdue"] == ["1", "2", "3", "4"]  # type: ignore[index]
    assert seen(world, TODAY)["lists"]["overdue"] == ["1", "2", "3", "4"]  # type: ignore[index]

    everything_happens(world)

    assert seen(world, THEN) == before
    now = seen(world, TODAY)
    assert now["board"][1:4] == (1, 1, 1)  # type: ignore[index]
    assert now["lists"]["overdue"] == ["4", "5"], "what 2 missed goes on in 5"  # type: ignore[index]
    assert now["lists"]["schools"] == ["4", "7"]  # type: ignore[index]


@pytest.mark.parametrize("as_of", [THEN, TODAY])
def test_the_board_counts_what_its_lists_hold(database: Database, as_of: dt.date) -> None:
    world = a_plan(database)
    everything_happens(world)
    found = board(world.database, scope=WHOLE, as_of=as_of)
    for light, count in found.lights.items():
        assert list_items(database, scope=WHOLE, as_of=as_of, where=ItemFilter(light=light)).total == count, light
    for outcome, count in (
        (Outcome.RECTIFIED, found.closed),
        (Outcome.WITHDRAWN, found.withdrawn),
        (Outcome.MERGED, found.merged),
    ):
        assert list_items(database, scope=WHOLE, as_of=as_of, where=ItemFilter(outcome=outcome)).total == count
    for line in found.plans:
        for state, cell in line.cells.items():
            where = ItemFilter(plan=line.code, states=(State(state),))
            assert list_items(database, scope=WHOLE, as_of=as_of, where=where).total == sum(cell.values())


def test_an_item_whose_dated_parts_are_done_is_counted_and_listed_under_the_same_light(database: Database) -> None:
    world = a_world(database, an_item("1", **due(AHEAD)), an_item("2", **due(AHEAD)))
    world.finish_work("1")
    found = board(world.database, scope=WHOLE, as_of=TODAY)
    assert found.lights == {"green": 2}
    assert list_items(database, scope=WHOLE, as_of=TODAY, where=ItemFilter(light="green")).total == 2


@pytest.mark.parametrize("sort", ["position", "due", "updated"])
def test_a_list_of_a_past_day_goes_on_page_after_page(database: Database, sort: str) -> None:
    world = a_plan(database)
    everything_happens(world)
    found, cursor = [], None
    while True:
        page = list_items(database, scope=WHOLE, as_of=THEN, where=ItemFilter(), sort=sort, cursor=cursor, limit=2)
        assert page.total == 7
        found += [row.number for row in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert sorted(found) == ["1", "2", "3", "4", "5", "6", "7"]
    if sort == "due":
        assert found[:4] == ["1", "2", "3", "4"]


def test_on_a_day_that_is_past_nothing_can_be_done(database: Database) -> None:
    world = a_plan(database)
    everything_happens(world)
    assert one_item(database, item_id=world.ids["4"], scope=WHOLE, actor=CLERK, as_of=TODAY).actions
    assert not one_item(database, item_id=world.ids["4"], scope=WHOLE, actor=CLERK, as_of=THEN).actions
