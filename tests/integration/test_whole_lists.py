"""What a list counts is what it lists: nothing is cut in silence, and pages lead to the rest."""

from __future__ import annotations

import datetime as dt

from duban.adapters.database import Database
from duban.domain.policy_model import Every
from duban.reading.directory import Entry
from duban.reports.paper import Grid
from duban.services.month_papers import agenda_paper
from duban.services.new_items import spawn_self_checks
from duban.services.night import WouldSend
from duban.services.publications import preview_publication
from duban.services.queries.scope import WHOLE, Scope
from duban.services.queries.spread import list_self_checks, self_checks_of
from duban.services.queries.todo import todo
from models import UserRole

from .ledger import CLERK, DIRECTORY, NOW, TODAY, World, a_world, an_item, due

LATE, SOON = dt.date(2026, 7, 3), dt.date(2026, 7, 17)
UNIT_SCOPE = Scope(UserRole.UNIT, frozenset({"区住建局"}))


def many(database: Database, late: int, soon: int) -> World:
    items = [an_item(str(n), **due(LATE if n <= late else SOON)) for n in range(1, late + soon + 1)]
    return a_world(database, *items)


def walked(world: World, scope: Scope, pile: str) -> tuple[int, list[int]]:
    """How many a pile counts on every page, and the items of its pages, one after another."""
    listed: list[int] = []
    totals: set[int] = set()
    for page in range(1, 100):
        found = todo(world.database, scope=scope, as_of=TODAY, pile=pile, page=page)
        if not found.piles:
            break
        totals.add(found.piles[0].total)
        listed += [row.id for row in found.piles[0].items]
    (total,) = totals
    return total, listed


def test_each_pile_of_work_is_counted_whole_and_its_pages_list_every_item_once(database: Database) -> None:
    world = many(database, late=120, soon=60)
    for scope in (WHOLE, UNIT_SCOPE):
        first = todo(database, scope=scope, as_of=TODAY)
        assert [(p.key, p.total, len(p.items)) for p in first.piles] == [("overdue", 120, 50), ("soon", 60, 50)]
        seen: list[int] = []
        for pile in first.piles:
            total, listed = walked(world, scope, pile.key)
            assert total == pile.total == len(listed)
            assert listed[: len(pile.items)] == [row.id for row in pile.items]
            seen += listed
        assert sorted(seen) == sorted(world.ids.values())


def test_self_checks_of_more_units_than_any_page_held_are_all_counted(database: Database) -> None:
    units = [Entry(100 + n, f"第{n}小学", "unit") for n in range(510)]
    world = a_world(database, an_item("1"), directory=(*DIRECTORY, *units))
    spawn_self_checks(
        database,
        item_id=world.ids["1"],
        units=[u.name for u in units],
        due_on=SOON,
        goal="",
        actor=CLERK,
        expected_version=None,
        now=NOW,
    )
    found = self_checks_of(database, item_id=world.ids["1"], scope=WHOLE, as_of=TODAY)
    assert (found.asked, len(found.checks)) == (510, 510)
    (rolled,) = list_self_checks(database, scope=WHOLE, as_of=TODAY)
    assert rolled.asked == 510


def test_a_paper_lists_every_item_that_it_counts(database: Database) -> None:
    world = many(database, late=5, soon=210)
    paper = agenda_paper(
        database, plan=world.plan.code, cadence=Every.WEEKLY, as_of=TODAY, public_url="http://127.0.0.1:8300"
    )
    grids = {block.key: len(block.rows) for block in paper.blocks if isinstance(block, Grid)}
    assert 210 in grids.values()


def test_a_table_that_is_cut_says_how_many_rows_there_are(database: Database) -> None:
    world = many(database, late=5, soon=210)
    would = [
        WouldSend(world.plan.code, item_id, number, "事项", "remind_3", "remind", SOON, ("区住建局",))
        for number, item_id in world.ids.items()
    ]
    title, rows = preview_publication(would, TODAY).tables["notices"]
    assert (title, len(rows)) == ("将发通知（共215行，列前200行）", 200)
    title, rows = preview_publication(would[:7], TODAY).tables["notices"]
    assert (title, len(rows)) == ("将发通知", 7)
