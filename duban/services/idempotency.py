"""Answers already given: the same key with the same request gets the same answer, whatever happened in between.

A key is claimed before the work and settled after it. A claim whose process died is free again after a minute; the
version that the request names keeps the work itself from being done twice.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from duban.adapters.database import Database
from duban.errors import DubanError
from models import IdempotencyKey

KEPT = dt.timedelta(days=1)
ABANDONED = dt.timedelta(minutes=1)
_CLAIMED = 0


class KeyReused(DubanError):
    """The Idempotency-Key {key} was used for another request.

    Use a new key for each new request; repeat a request unchanged to get its answer again.
    """

    code = "idempotency_key_reused"
    status = 422


class StillAtWork(DubanError):
    """The request with Idempotency-Key {key} is still being answered.

    Repeat it after a few seconds.
    """

    code = "idempotency_in_progress"
    status = 409


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: the HTTP status and the JSON body."""

    status: int
    body: dict[str, Any]


def claim(database: Database, *, actor: str, key: str, request_hash: str, now: dt.datetime) -> Answer | None:
    """Takes a key for the work that follows (None), or gives the answer that the same request got before.

    Raises KeyReused or StillAtWork.
    """
    try:
        with database.write() as session:
            session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now - KEPT))
            known = session.get(IdempotencyKey, (actor, key), with_for_update=True)
            if known is None:
                session.add(
                    IdempotencyKey(
                        actor=actor, key=key, request_hash=request_hash, status=_CLAIMED, body={}, created_at=now
                    )
                )
                return None
            if known.request_hash != request_hash:
                raise KeyReused(key=key)
            if known.status != _CLAIMED:
                return Answer(known.status, known.body)
            if now - known.created_at < ABANDONED:
                raise StillAtWork(key=key)
            known.created_at = now
            return None
    except IntegrityError:
        raise StillAtWork(key=key) from None


def settle(database: Database, *, actor: str, key: str, answer: Answer) -> None:
    """Keeps the answer for whoever asks again."""
    with database.write() as session:
        known = session.get(IdempotencyKey, (actor, key))
        if known is not None:
            known.status, known.body = answer.status, answer.body


def give_up(database: Database, *, actor: str, key: str) -> None:
    """Frees a key whose request was refused: nothing was done, so the corrected request may use it."""
    with database.write() as session:
        session.execute(
            delete(IdempotencyKey).where(
                IdempotencyKey.actor == actor, IdempotencyKey.key == key, IdempotencyKey.status == _CLAIMED
            )
        )
