"""撤销 and 合并 are not 销号: what was missed goes on, and no problem ends unseen with the item that took it over."""

from __future__ import annotations

import datetime as dt

import pytest

from duban.adapters.database import Database
from duban.domain.lifecycle import Action, Outcome, State
from duban.errors import GuardFailed
from duban.services.papers import progress_paper
from duban.services.queries.board import board
from duban.services.queries.items import ItemFilter, list_items
from duban.services.queries.scope import WHOLE
from duban.services.transitions import MoveDetails
from models import Clock, ClockState

from .ledger import TODAY, World, a_world, an_item, due

MISSED, AHEAD = dt.date(2026, 6, 30), dt.date(2026, 9, 30)


def merged(database: Database) -> World:
    """1 (missed) and 2 (ahead) go on in 3; 4 is struck off, 5 goes on."""
    world = a_world(
        database,
        an_item("1", **due(MISSED)),
        an_item("2", **due(AHEAD)),
        *(an_item(n, **due(AHEAD)) for n in ("3", "4", "5")),
    )
    for number in ("1", "2"):
        world.move(Action.MERGE, number, details=MoveDetails(merge_into=world.ids["3"]))
    world.ready_to_close("4")
    world.move(Action.CLOSE, "4")
    return world


def test_a_limit_that_was_missed_runs_on_in_the_item_that_takes_over_and_what_was_sent_stays_sent(
    database: Database,
) -> None:
    world = merged(database)
    target = world.item("3")
    assert target.due_on == MISSED
    (old,) = world.of(Clock, "1")
    assert old.state is ClockState.SUPERSEDED
    running = [c for c in world.of(Clock, "3") if c.state is ClockState.RUNNING]
    assert sorted(c.due_on for c in running) == [MISSED, AHEAD]
    assert old.superseded_by_id in {c.id for c in running}
    told = [e.payload for e in world.events("3") if e.type == "item.took_over"]
    assert [(p["number"], p["missed"]) for p in told] == [("1", [MISSED.isoformat()]), ("2", [])]
    (row,) = list_items(database, scope=WHOLE, as_of=TODAY, where=ItemFilter(overdue=True)).items
    assert (row.number, row.light) == ("3", "red")


def test_withdrawing_what_took_others_over_is_refused_until_each_is_named(database: Database) -> None:
    world = merged(database)
    for named in ((), (world.ids["1"],)):
        with pytest.raises(GuardFailed, match="第2项已并入本事项"):
            world.move(Action.WITHDRAW, "3", details=MoveDetails(with_merged=named))
    world.move(Action.WITHDRAW, "3", details=MoveDetails(with_merged=(world.ids["1"], world.ids["2"])))
    assert world.item("3").outcome is Outcome.WITHDRAWN
    assert world.events("3")[-1].payload["with_merged"] == [world.ids["1"], world.ids["2"]]


def test_a_chain_of_mergers_is_named_whole(database: Database) -> None:
    world = merged(database)
    world.move(Action.MERGE, "3", details=MoveDetails(merge_into=world.ids["5"]))
    with pytest.raises(GuardFailed, match="第1项、第2项、第3项已并入本事项"):
        world.move(Action.WITHDRAW, "5")


def test_board_and_report_count_only_what_was_struck_off_and_name_the_others(database: Database) -> None:
    world = merged(database)
    world.move(Action.WITHDRAW, "5")
    found = board(database, scope=WHOLE, as_of=TODAY)
    assert (found.closed, found.withdrawn, found.merged) == (1, 1, 2)
    paper = progress_paper(database, plan=world.plan.code, as_of=TODAY, public_url="x")
    assert "共列事项5项，撤销1项，合并2项，已销号1项，占应销号事项的50%" in "".join(paper.as_data()["text"])
    closed = list_items(database, scope=WHOLE, as_of=TODAY, where=ItemFilter(states=(State.CLOSED,)))
    assert {row.number: row.state_zh for row in closed.items} == {
        "1": "已合并", "2": "已合并", "4": "已销号", "5": "已撤销",
    }  # fmt: skip
