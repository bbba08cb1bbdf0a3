"""Idempotency keys: a request that changes something is done once a key, whatever route it takes.

`ActRoute` gives every POST its key; a route that looks after its own thread takes `MaybeKeyed` and calls `once`.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from starlette.datastructures import UploadFile

from duban.api.context import Context, Ctx, Who
from duban.services.idempotency import Answer, KeyReused, answer_once
from duban.services.link_keys import link_secrets

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

#: Fields of an answer that are shown once and never kept, whatever key it was asked for with.
NEVER_KEPT = frozenset({"token"})


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request with a key: whose it is, and what it stands for."""

    context: Context
    actor: str
    key: str
    digest: str

    def answer(self, work: Callable[[], Answer], *, key: str | None = None) -> Answer:
        """What the key got before, or what the work gives now; the two commit together, a refusal frees the key."""
        return answer_once(
            self.context.database,
            actor=self.actor,
            key=key or self.key,
            request_hash=self.digest,
            now=self.context.now(),
            work=work,
        )


async def keyed(request: Request, context: Ctx, caller: Who, idempotency_key: IdempotencyKey = None) -> Keyed | None:
    """The key of a request, with what it stands for: the address, and every byte that was sent."""
    if idempotency_key is None:
        return None
    # A password may be part of it: kept is nothing that could be guessed at.
    said = hmac.new(link_secrets(context.settings)[0], digestmod=hashlib.sha256)
    said.update(f"{request.url.path}?{request.url.query}".encode())
    if request.headers.get("content-type", "").startswith(("multipart/", "application/x-www-form-urlencoded")):
        for name, value in (await request.form()).multi_items():
            said.update(f"\0{name}\0".encode())
            said.update(await _whole(value) if isinstance(value, UploadFile) else str(value).encode())
    else:
        said.update(b"\0" + await request.body())
    return Keyed(context, caller.identity.name, idempotency_key, said.hexdigest())


async def _whole(file: UploadFile) -> bytes:
    """A file's name and bytes; it can then be read again."""
    await file.seek(0)
    content = await file.read()
    await file.seek(0)
    return f"{file.filename}\0".encode() + hashlib.sha256(content).digest()


MaybeKeyed = Annotated[Keyed | None, Depends(keyed)]


def once(key: Keyed | None, act: Callable[[], Any], *, status: int = 200) -> Any:
    """Does the work and gives what it gives; with a key its answer as JSON, or the one that this key got before."""
    if key is None:
        return act()
    fresh: list[dict[str, Any]] = []

    def work() -> Answer:
        fresh.append(jsonable_encoder(act()))
        return Answer(status, _kept(fresh[0]))

    answer = key.answer(work)
    return answered(answer.status, answer.body if answer.again else fresh[0], again=answer.again)


def _kept(body: Any) -> Any:
    """What is kept of an answer, to be given again."""
    if isinstance(body, dict) and not NEVER_KEPT.isdisjoint(body):
        return body | dict.fromkeys(NEVER_KEPT & set(body))
    return body


def each_once(key: Keyed, acts: Sequence[Callable[[], Any]]) -> list[Answer]:
    """The parts of one request, each committed by itself with its own answer: after a crash it goes on where it was."""

    def one(number: int, act: Callable[[], Any]) -> Answer:
        own = hashlib.sha256(f"{key.key}#{number}".encode()).hexdigest()
        try:
            return key.answer(lambda: Answer(200, jsonable_encoder(act())), key=own)
        except KeyReused:
            raise KeyReused(key=key.key) from None

    return [one(number, act) for number, act in enumerate(acts)]


def answered(status: int, body: Any, *, again: bool) -> Response:
    """An answer as JSON, marked where it was given before."""
    return JSONResponse(body, status, {"Idempotency-Replayed": "true"} if again else None)


def done_once(endpoint: Callable[..., Any], status: int) -> Callable[..., Any]:
    """The endpoint, done once a key. One that is a coroutine takes `MaybeKeyed` itself."""
    if getattr(endpoint, "is_done_once", False):  # a router that is included makes its routes anew
        return endpoint
    signature = inspect.signature(endpoint, eval_str=True)
    if inspect.iscoroutinefunction(endpoint):
        assert any(p.annotation == MaybeKeyed for p in signature.parameters.values()), endpoint  # noqa: S101
        return endpoint

    @functools.wraps(endpoint)
    def keyed_endpoint(*, duban_key: Keyed | None, **given: Any) -> Any:
        return once(duban_key, lambda: endpoint(**given), status=status)

    key = inspect.Parameter("duban_key", inspect.Parameter.KEYWORD_ONLY, annotation=MaybeKeyed)
    keyed_endpoint.__signature__ = signature.replace(parameters=[*signature.parameters.values(), key])  # type: ignore[attr-defined]
    keyed_endpoint.is_done_once = True  # type: ignore[attr-defined]
    return keyed_endpoint
