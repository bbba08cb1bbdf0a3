"""What clients have asked of all processes over one ledger: each adds its own part now and then, and reads the others'.

It costs two statements every few seconds and none in a request. What a process learns late, it learns whole.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache

from sqlalchemy import Executable, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from models import Base, RequestCount

#: A client that has asked for nothing for so long has its allowance back many times over.
KEPT = dt.timedelta(hours=1)
ABSENT_KEPT = dt.timedelta(days=30)
#: A process that nobody asked for so long begins anew.
REST = dt.timedelta(seconds=10)
#: One of so many exchanges takes such clients out, and reads all counts anew.
SWEPT_EVERY = 500
#: Clocks of several machines do not agree to the second.
APART = dt.timedelta(minutes=1)

#: Rows under this are wrong passwords under names that nobody has: see sign_in.py.
ABSENT = "sign-in "

_COUNTS = Base.metadata.tables["request_count"]


class SharedCounts:
    """One process's part in the counts, and what it knows of the others'."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._read_at: dt.datetime | None = None
        self._exchanges = 0

    def exchange(self, database: Database, taken: Mapping[str, int], now: dt.datetime) -> dict[str, int]:
        """Adds what was taken here; returns what each client took elsewhere since the last exchange.

        The first one, and the first after a rest, return nothing: what was taken by then is long past, and the bucket
        here may have filled since. Raises SQLAlchemyError; then nothing was added.
        """
        afresh = self._exchanges % SWEPT_EVERY == 0
        query = select(_COUNTS.c.client, _COUNTS.c.taken)
        with database.write() as session:
            if taken:
                rows = [{"client": c, "taken": n, "at": now} for c, n in sorted(taken.items())]
                session.execute(_add(session.get_bind().dialect.name), rows)
            if afresh:
                old = RequestCount.at < now - KEPT
                session.execute(delete(RequestCount).where(old, ~RequestCount.client.startswith(ABSENT)))
            elif self._read_at is not None:
                query = query.where(_COUNTS.c.at >= self._read_at - APART)
            totals = dict(session.execute(query).tuples().all())
        elsewhere = {c: total - self._known.get(c, 0) - taken.get(c, 0) for c, total in totals.items()}
        rested = self._read_at is None or now - self._read_at > REST
        self._read_at = now
        self._known = totals if afresh else self._known | totals
        self._exchanges += 1
        return {} if rested else {client: number for client, number in elsewhere.items() if number > 0}


def absent_name(session: Session, key: str, *, most: int, lock: dt.timedelta, now: dt.datetime) -> dt.datetime | None:
    """Counts a try under a name that nobody has; until when it is locked, None where the try is counted.

    As an account's own row counts it, so that nobody can tell the two apart.
    """
    client = f"{ABSENT}{key}"
    row = session.execute(select(_COUNTS.c.taken, _COUNTS.c.at).where(_COUNTS.c.client == client)).first()
    if row is not None and row.taken >= most and row.at + lock > now:
        locked: dt.datetime = row.at + lock
        return locked
    session.execute(_add(session.get_bind().dialect.name), [{"client": client, "taken": 1, "at": now}])
    session.execute(
        delete(RequestCount).where(RequestCount.client.startswith(ABSENT), RequestCount.at < now - ABSENT_KEPT)
    )
    return None


@cache
def _add(dialect: str) -> Executable:
    insert = sqlite_insert if dialect == "sqlite" else postgres_insert
    statement = insert(_COUNTS).values(client=bindparam("client"), taken=bindparam("taken"), at=bindparam("at"))
    grown = {"taken": _COUNTS.c.taken + statement.excluded.taken, "at": statement.excluded.at}
    return statement.on_conflict_do_update(index_elements=["client"], set_=grown)
