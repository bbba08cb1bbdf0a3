"""A mail server that fails as real ones do, and deaths at any commit or send, all from one seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.adapters.mail import OutcomeUnknown, Outgoing, PermanentRefusal, Receipt, TemporaryRefusal


class Killed(BaseException):
    """The process is gone: nothing of ours runs any more, and what was not committed never was."""


class Deaths:
    """Kills the process at the n-th commit from now, before it is done; a dead process reaches nothing any more."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.dead = False

    def die(self) -> NoReturn:
        """No `finally` and no handler of the dead process reaches the ledger: each meets death again."""
        self.dead = True
        raise Killed

    def revive(self) -> None:
        """Another process starts where the ledger stands."""
        self.left, self.dead = None, False

    def at_begin(self) -> None:
        if self.dead:
            raise Killed

    def at_commit(self) -> None:
        self.at_begin()
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.die()


class Mortal(Database):
    """The same ledger, for a process that may die."""

    def __init__(self, database: Database, deaths: Deaths) -> None:
        self.url, self.is_sqlite, self.engine = database.url, database.is_sqlite, database.engine
        self.deaths = deaths

    @contextmanager
    def read(self) -> Iterator[Session]:
        self.deaths.at_begin()
        with super().read() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        self.deaths.at_begin()
        with super().write() as session:
            yield session
            self.deaths.at_commit()


class Server:
    """Accepts mails, and remembers each; it refuses, hangs up or outlives us with the chances given."""

    repeatable = False

    def __init__(self, dice: random.Random, deaths: Deaths, never_refused: str) -> None:
        self.dice, self.deaths, self.never_refused = dice, deaths, never_refused
        self.accepted: Counter[str] = Counter()
        self.troubled = True

    @contextmanager
    def open(self) -> Iterator[Server]:
        yield self

    def send(self, outgoing: Outgoing) -> Receipt:
        luck = self.dice.random() if self.troubled else 1.0
        if luck < 0.10:
            raise TemporaryRefusal("451 try again later")
        if luck < 0.13 and outgoing.to_address != self.never_refused:
            raise PermanentRefusal("550 no such user")
        if luck < 0.16:
            raise OutcomeUnknown("the connection was lost before the answer, and before the text")
        if luck < 0.18:
            self.deaths.die()
        self.accepted[outgoing.message_id] += 1
        if luck < 0.21:
            raise OutcomeUnknown("the connection was lost before the answer")
        if luck < 0.23:
            self.deaths.die()
        return Receipt(outgoing.message_id, "250 OK")
