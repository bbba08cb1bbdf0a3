"""Idempotency keys on requests that change something."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import Header
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from duban.api.context import Caller, Context
from duban.services.idempotency import Answer, KeyReused, answer_once

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=100,
        pattern=r"^[\x21-\x7e]+$",
        description="Any string of your own. The same request with the same key is done once.",
        examples=["3f0c9a52-7d0e-4c55-9a2e-2f5f7d1f5f10"],
    ),
]


def once(
    context: Context,
    caller: Caller,
    key: str | None,
    request: tuple[str, BaseModel],
    act: Callable[[], Any],
    *,
    status: int = 200,
) -> JSONResponse:
    """Does the work and answers with it as JSON, or with the answer that this key got before.

    `request` is what the key stands for: the address and the body. With a key, the work and its answer commit together;
    a refusal frees the key again.
    """
    if key is None:
        return JSONResponse(jsonable_encoder(act()), status)
    answer = answer_once(
        context.database,
        actor=caller.identity.name,
        key=key,
        request_hash=digest_of(request),
        now=context.now(),
        work=lambda: Answer(status, jsonable_encoder(act())),
    )
    return answered(answer.status, answer.body, again=answer.again)


def each_once(
    context: Context,
    caller: Caller,
    key: str,
    request: tuple[str, BaseModel],
    acts: Sequence[Callable[[], Any]],
) -> list[Answer]:
    """The parts of one request, each committed by itself with its own answer: after a crash it goes on where it was."""
    digest, now = digest_of(request), context.now()

    def one(number: int, act: Callable[[], Any]) -> Answer:
        own = hashlib.sha256(f"{key}#{number}".encode()).hexdigest()
        try:
            return answer_once(
                context.database,
                actor=caller.identity.name,
                key=own,
                request_hash=digest,
                now=now,
                work=lambda: Answer(200, jsonable_encoder(act())),
            )
        except KeyReused:
            raise KeyReused(key=key) from None

    return [one(number, act) for number, act in enumerate(acts)]


def digest_of(request: tuple[str, BaseModel]) -> str:
    """What a key stands for: the address and the body."""
    address, body = request
    return hashlib.sha256(json.dumps([address, body.model_dump(mode="json")], sort_keys=True).encode()).hexdigest()


def answered(status: int, body: dict[str, Any], *, again: bool) -> JSONResponse:
    """An answer as JSON, marked where it was given before."""
    return JSONResponse(body, status, {"Idempotency-Replayed": "true"} if again else None)
