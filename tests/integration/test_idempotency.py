"""Answers already given: the work and its answer commit together, on both databases."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from duban.adapters.database import Database
from duban.domain.lifecycle import State
from duban.errors import StaleVersion
from duban.services.idempotency import Answer, KeyReused, answer_once, clear
from models import IdempotencyKey

from .ledger import NOW, World, a_world, an_item
from .test_concurrency import at_once


def ask(world: World, action: str = "start", *, version: int = 1, digest: str = "a" * 64, dies: bool = False) -> Answer:
    """Moves the world's item under one key; with `dies`, the process ends after the move and before its answer."""

    def work() -> Answer:
        moved = world.move(action, version=version)
        if dies:
            raise SystemExit("killed")
        return Answer(200, {"version": moved.version})

    return answer_once(world.database, actor="督查员", key="key-1", request_hash=digest, now=NOW, work=work)


def drafted(database: Database) -> World:
    return a_world(database, an_item(state=State.MEASURE_DRAFTED))


def test_a_process_that_dies_before_its_answer_leaves_nothing_and_the_same_key_is_done_then(database: Database) -> None:
    world = drafted(database)
    with pytest.raises(SystemExit):
        ask(world, dies=True)
    assert (world.item().state, [e.seq for e in world.events()]) == (State.MEASURE_DRAFTED, [1])
    assert ask(world) == Answer(200, {"version": 2})
    assert ask(world) == Answer(200, {"version": 2}, again=True)
    assert [e.seq for e in world.events()] == [1, 2]


def test_many_with_one_key_at_once_get_one_answer_and_it_is_done_once(database: Database) -> None:
    world = drafted(database)
    answers = at_once(6, lambda _: ask(world))
    assert [a.body for a in answers] == [{"version": 2}] * 6
    assert sorted(a.again for a in answers) == [False] + [True] * 5
    assert [e.seq for e in world.events()] == [1, 2]


def test_a_refusal_undoes_everything_and_frees_the_key(database: Database) -> None:
    world = drafted(database)
    with pytest.raises(StaleVersion):
        ask(world, version=7)
    assert ask(world, digest="b" * 64) == Answer(200, {"version": 2})  # the corrected request
    with pytest.raises(KeyReused):
        ask(world, digest="c" * 64)


def test_keys_are_forgotten_after_a_day(sqlite_database: Database) -> None:
    world = drafted(sqlite_database)
    ask(world)
    clear(sqlite_database, NOW + dt.timedelta(hours=23))
    assert ask(world).again
    clear(sqlite_database, NOW + dt.timedelta(hours=25))
    with sqlite_database.read() as session:
        assert session.scalars(select(IdempotencyKey)).all() == []
