"""Several at once: one wins, the others are told; nothing is doubled, nothing has a gap, on both databases."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from duban.adapters.database import Database
from duban.adapters.mail import TransportUnavailable
from duban.domain.lifecycle import State
from duban.errors import DubanError, StaleVersion
from duban.reading.directory import Entry
from duban.services.deliver import deliver
from duban.services.notice_rows import take_numbers
from duban.services.registration import Intake, Received, register
from models import (
    Clock,
    Delivery,
    DeliveryStatus,
    Event,
    Item,
    Night,
    NightState,
    Notice,
    NoticeRecipient,
    NoticeSeries,
    Plan,
    RungFired,
)

from .chains import broken_chains
from .ledger import CLERK, DIRECTORY, NOW, REGISTERED, Watch, a_night, a_reading, a_world, an_item, due, rules

OVERDUE = dt.date(2026, 6, 30)
NIGHT = dt.date(2026, 7, 13)


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What `count` threads that start together return, or the error that each raised."""
    barrier = threading.Barrier(count)

    def one(n: int) -> Any:
        barrier.wait(20)
        try:
            return work(n)
        except Exception as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_of_two_who_move_an_item_at_once_one_wins_and_the_other_hears_it(database: Database) -> None:
    world = a_world(database, an_item(state=State.MEASURE_DRAFTED))
    done = at_once(2, lambda n: world.move("start" if n else "withdraw", version=1))
    assert sorted(type(d).__name__ for d in done) == ["Moved", "StaleVersion"], done
    refused = next(d for d in done if isinstance(d, StaleVersion))
    assert refused.fields["present"] == 2
    assert refused.fields["state"] == world.item().state.value
    assert [e.seq for e in world.events()] == [1, 2]


def test_many_who_report_on_one_item_at_once_leave_a_chain_without_a_gap(database: Database) -> None:
    world = a_world(database)
    done = at_once(8, lambda n: world.hand_in(content=f"第{n}份".encode()))
    assert [d for d in done if isinstance(d, Exception)] == []
    assert [e.seq for e in world.events()] == list(range(1, 10))
    assert world.item().version == 9
    assert broken_chains(database) == []


def test_two_nights_at_once_fire_every_rung_once_and_number_without_a_gap(database: Database, tmp_path: Path) -> None:
    items = [an_item(str(n), **due(OVERDUE)) for n in range(1, 31)]
    world = a_world(database, *items)
    done = at_once(2, lambda _: a_night(database, tmp_path / "mail", NIGHT, batch=4))
    assert [d for d in done if isinstance(d, Exception)] == []
    assert [f for d in done for f in d.failures] == []
    clocks = {c.id for c in world.all(Clock) if c.kind.value == "limit"}
    fired = Counter((r.clock_id, r.rung) for r in world.all(RungFired))
    assert set(fired.values()) == {1}
    assert {c for c, r in fired if r == "supervise_6"} == clocks
    numbers = Counter((n.series, n.year) for n in world.all(Notice) if n.series)
    for (series, year), count in numbers.items():
        taken = sorted(n.number for n in world.all(Notice) if (n.series, n.year) == (series, year))
        assert taken == list(range(1, count + 1))
        assert world.all(NoticeSeries, NoticeSeries.series == series)[0].last == count
    assert sum(d.claimed.notices for d in done) == world.count(Notice)
    assert broken_chains(database) == []
    assert world.count(NoticeRecipient, NoticeRecipient.delivery_id.is_(None)) == 0
    assert {d.status for d in world.all(Delivery)} == {DeliveryStatus.SENT}
    assert [n.state for n in world.all(Night)] == [NightState.COMPLETED]
    mails = Counter(d.address for d in world.all(Delivery))
    assert set(mails.values()) == {1}, "two nights at once are still one mail a person"


def test_a_night_and_people_who_move_the_same_items_do_not_trip_over_each_other(
    database: Database, tmp_path: Path
) -> None:
    numbers = [str(n) for n in range(1, 25)]
    world = a_world(database, *(an_item(n, **due(OVERDUE)) for n in numbers))

    def work(n: int) -> Any:
        if n == 0:
            return a_night(database, tmp_path / "mail", NIGHT, batch=6)
        for number in numbers[n - 1 :: 3]:
            world.hand_in(number)
        return None

    done = at_once(4, work)
    assert [d for d in done if isinstance(d, Exception)] == []
    assert done[0].failures == []
    assert broken_chains(database) == []
    assert world.count(RungFired, RungFired.rung == "supervise_6") == len(numbers)


def test_a_night_does_not_press_for_an_item_that_is_withdrawn_under_its_hands(
    database: Database, tmp_path: Path
) -> None:
    numbers = [str(n) for n in range(1, 25)]
    world = a_world(database, *(an_item(n, **due(OVERDUE)) for n in numbers))

    def work(n: int) -> Any:
        if n == 0:
            return a_night(database, tmp_path / "mail", NIGHT, batch=3)
        return [world.move("withdraw", number) for number in reversed(numbers)]

    done = at_once(2, work)
    assert [d for d in done if isinstance(d, Exception)] == []
    assert done[0].failures == []
    assert {i.state for i in world.all(Item)} == {State.CLOSED}
    for number in numbers:
        types = [e.type for e in world.events(number)]
        assert "rung.fired" not in types[types.index("item.withdrawn") :]
        assert all(c.ended_at is not None and c.next_rung_on is None for c in world.of(Clock, number))
    assert broken_chains(database) == []


def test_two_deliverers_at_once_send_each_mail_once(database: Database, tmp_path: Path) -> None:
    sent: list[str] = []

    class Counting:
        repeatable = False

        def open(self) -> Any:
            return self

        def __enter__(self) -> Counting:
            return self

        def __exit__(self, *_: object) -> None:
            return None

        def send(self, outgoing: Any) -> None:
            sent.append(outgoing.message_id)

    class Closed(Counting):
        def open(self) -> Any:
            raise TransportUnavailable("it is night there too")

    leads = [f"领导{n}" for n in range(20)]
    people = [Entry(20 + n, name, "person", email=f"l{n}@example.org") for n, name in enumerate(leads)]
    world = a_world(
        database,
        *(an_item(str(n), lead_officials=[leads[n]], **due(OVERDUE)) for n in range(20)),
        directory=[*DIRECTORY, *people],
    )
    watch = Watch(NIGHT)
    a_night(database, Closed(), NIGHT, watch)
    queued = world.count(Delivery, Delivery.status == DeliveryStatus.QUEUED)
    assert queued > 20
    done = at_once(3, lambda _: deliver(database, Counting(), clock=watch))
    assert [d for d in done if isinstance(d, Exception)] == []
    assert len(sent) == len(set(sent)) == queued == sum(d.sent for d in done)


def test_the_same_document_registered_twice_at_once_is_one_plan(database: Database) -> None:
    reading = a_reading([an_item("1", **due(OVERDUE)), an_item("2")], "青河区同时登记方案")

    def work(_: int) -> Any:
        return register(
            database,
            Received("方案.txt", b"same bytes", reading),
            Intake(rules=rules(), actor=CLERK, as_of=REGISTERED, now=NOW, directory=DIRECTORY),
        )

    done = at_once(4, work)
    assert [d for d in done if isinstance(d, Exception) and not isinstance(d, DubanError)] == []
    assert sorted(d.created for d in done) == [False, False, False, True]
    with database.read() as session:
        assert len(session.scalars(select(Plan)).all()) == 1
        assert len(session.scalars(select(Item)).all()) == 2
        assert len(session.scalars(select(Event)).all()) == 2


@pytest.mark.postgres
def test_a_thousand_numbers_taken_at_once_have_no_gap(postgres_database: Database) -> None:
    def take(n: int) -> list[int]:
        found = []
        for _ in range(62 + (n < 8)):
            with postgres_database.write() as session:
                found += list(take_numbers(session, Counter({"督办": 1}), 2026)["督办"])
        return found

    done = at_once(16, take)
    assert [d for d in done if isinstance(d, Exception)] == []
    assert sorted(number for one in done for number in one) == list(range(1, 1001))


@pytest.mark.postgres
def test_a_number_taken_in_a_transaction_that_fails_is_given_again(postgres_database: Database) -> None:
    def take(n: int) -> int:
        with postgres_database.write() as session:
            number: int = next(take_numbers(session, Counter({"督办": 1}), 2026)["督办"])
            return number + 0 // (n % 3)  # every third night fails after taking its number

    kept = sorted(n for n in at_once(12, take) if not isinstance(n, ZeroDivisionError))
    assert kept == list(range(1, 9))


def test_series_and_years_are_counted_apart(database: Database) -> None:
    with database.write() as session:
        first = take_numbers(session, Counter({"督办": 2, "催办": 1}), 2026)
        assert {s: list(n) for s, n in first.items()} == {"督办": [1, 2], "催办": [1]}
    with database.write() as session:
        assert list(take_numbers(session, Counter({"督办": 1}), 2026)["督办"]) == [3]
        assert list(take_numbers(session, Counter({"督办": 1}), 2027)["督办"]) == [1]
