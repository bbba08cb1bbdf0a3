"""Idempotency keys on requests that change something."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Header
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from duban.api.context import Caller, Context
from duban.services.idempotency import Answer, claim, give_up, settle

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

    `request` is what the key stands for: the address and the body. A refusal frees the key again.
    """
    if key is None:
        return JSONResponse(jsonable_encoder(act()), status)
    address, body = request
    digest = hashlib.sha256(json.dumps([address, body.model_dump(mode="json")], sort_keys=True).encode()).hexdigest()
    known = claim(context.database, actor=caller.identity.name, key=key, request_hash=digest, now=context.now())
    if known is not None:
        return JSONResponse(known.body, known.status, {"Idempotency-Replayed": "true"})
    try:
        answer = Answer(status, jsonable_encoder(act()))
    except BaseException:
        give_up(context.database, actor=caller.identity.name, key=key)
        raise
    settle(context.database, actor=caller.identity.name, key=key, answer=answer)
    return JSONResponse(answer.body, answer.status)
