"""Several processes over one ledger give a client together what one of them would give."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from sqlalchemy import update

from duban.adapters.database import Database
from duban.api.buckets import Limiter
from duban.services.request_counts import SharedCounts
from models import RequestCount

NOW = dt.datetime(2026, 7, 13, 1, 0, tzinfo=dt.UTC)


class Worker:
    """A process with its bucket and its part in the counts, by a clock that all share."""

    clock: ClassVar[list[float]] = [0.0]

    def __init__(self, database: Database, per_minute: float = 60, burst: int = 10) -> None:
        self.database = database
        self.limiter = Limiter(per_minute, burst, lambda: self.clock[0])
        self.counts = SharedCounts()
        self.exchange()

    def exchange(self) -> None:
        now = NOW + dt.timedelta(seconds=self.clock[0])
        self.limiter.taken_elsewhere(self.counts.exchange(self.database, self.limiter.untold(), now))

    def takes(self, times: int, client: str = "a") -> int:
        return sum(self.limiter.take(client) == 0 for _ in range(times))


def workers(database: Database, number: int = 3) -> list[Worker]:
    Worker.clock = [0.0]
    return [Worker(database) for _ in range(number)]


def test_what_is_taken_in_one_process_is_missing_in_the_others(database: Database) -> None:
    one, two, three = workers(database)
    assert one.takes(10) == 10
    for worker in (one, two, three):
        worker.exchange()
    assert [w.takes(1) for w in (one, two, three)] == [0, 0, 0]
    assert two.takes(10, "b") == 10  # somebody else's bucket is full
    Worker.clock[0] = 3.0
    assert two.takes(10) == 3  # filled at the one rate


def test_over_a_while_all_together_give_what_one_would(database: Database) -> None:
    found = workers(database)
    allowed = 0
    for second in range(0, 120, 2):
        Worker.clock[0] = float(second)
        for worker in found:
            allowed += worker.takes(20)
        for worker in found:
            worker.exchange()
    # One alone: ten at once and sixty a minute. What three give too much before they tell, they take back.
    assert 120 <= allowed <= 120 + 10 * 4


def test_who_comes_late_or_sleeps_long_refuses_nobody_for_what_is_long_past(database: Database) -> None:
    one, two = workers(database, 2)
    for second in range(0, 600, 2):
        Worker.clock[0] = float(second)
        one.takes(2)
        one.exchange()
    late = Worker(database)
    assert late.takes(20) == 10
    assert two.takes(5) == 5
    two.exchange()  # ten minutes of the other's requests, which went at the rate that is allowed
    assert two.takes(20) == 5


def test_counts_of_clients_who_have_gone_are_taken_out(database: Database) -> None:
    one, two = workers(database, 2)
    assert one.takes(1, "gone") == 1
    one.exchange()
    with database.write() as session:
        session.execute(update(RequestCount).values(at=NOW - dt.timedelta(hours=2)))
    Worker(database)
    with database.read() as session:
        assert session.get(RequestCount, "gone") is None
    assert one.takes(3, "gone") == 3  # from the start again, and nobody is the worse for it
    one.exchange()
    two.exchange()
    assert two.takes(7, "gone") == 7
    assert two.takes(1, "gone") == 0
