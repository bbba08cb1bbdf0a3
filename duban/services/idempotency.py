"""Answers already given: the same key with the same request gets the same answer, whatever happened in between.

The key, the work and the answer commit in one transaction. A process that dies leaves either all three, and the same
request gets its answer, or nothing at all, and the same request is done now. Who comes second with a key while the
first is at work waits for it, by the key's own unique row.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Executable, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.errors import DubanError
from models import Base, IdempotencyKey

KEPT = dt.timedelta(days=1)
#: One of so many requests with a key also clears away the keys that are no longer kept.
CLEARED_EVERY = 200

_KEYS = Base.metadata.tables["idempotency_key"]
_MINE = (_KEYS.c.actor == bindparam("whose")) & (_KEYS.c.key == bindparam("which"))
_KNOWN = select(_KEYS.c.request_hash, _KEYS.c.status, _KEYS.c.body).where(_MINE)
_ANSWERED = (
    update(_KEYS).where(_MINE).values(status=bindparam("status"), body=bindparam("body", type_=_KEYS.c.body.type))
)


class KeyReused(DubanError):
    """The Idempotency-Key {key} was used for another request.

    Use a new key for each new request; repeat a request unchanged to get its answer again.
    """

    code = "idempotency_key_reused"
    status = 422


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: the HTTP status and the JSON body; `again` where the key got it before."""

    status: int
    body: dict[str, Any]
    again: bool = False


def answer_once(
    database: Database, *, actor: str, key: str, request_hash: str, now: dt.datetime, work: Callable[[], Answer]
) -> Answer:
    """The answer that this key got before, or the one that `work` gives now, kept in the transaction of the work.

    Every unit of work that `work` begins on this database is part of it. What `work` raises undoes all of it and
    frees the key, so that the corrected request may use it. Raises KeyReused.
    """
    with database.whole() as session:
        if (known := _taken(session, actor, key, request_hash, now)) is not None:
            if known.request_hash != request_hash:
                raise KeyReused(key=key)
            return Answer(known.status, known.body, again=True)
        answer = work()
        values = {"whose": actor, "which": key, "status": answer.status, "body": answer.body}
        session.execute(_ANSWERED, values)
    if random.randrange(CLEARED_EVERY) == 0:  # noqa: S311 -- nothing secret hangs on it
        clear(database, now)
    return answer


def clear(database: Database, now: dt.datetime) -> None:
    """Forgets the keys of more than a day ago."""
    with database.write() as session:
        session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now - KEPT))


def _taken(session: Session, actor: str, key: str, request_hash: str, now: dt.datetime) -> Any:
    """None where the key is ours from here on, else what it was used for; waits for another who is at work with it."""
    row = {"actor": actor, "key": key, "request_hash": request_hash, "status": 0, "body": {}, "created_at": now}
    if session.execute(_take(session.get_bind().dialect.name), row).first() is not None:
        return None
    return session.execute(_KNOWN, {"whose": actor, "which": key}).one()


@cache
def _take(dialect: str) -> Executable:
    insert = sqlite_insert if dialect == "sqlite" else postgres_insert
    return insert(_KEYS).on_conflict_do_nothing().returning(_KEYS.c.key)
