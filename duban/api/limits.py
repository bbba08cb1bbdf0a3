"""Limits on what one client may send: the size of a body, and how many requests in a while."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from duban.api.problems import TooLarge, TooManyRequests, problem

MAX_BODY = 1024 * 1024
MAX_UPLOAD = 21 * 1024 * 1024  # a file of 20 MB and the form around it
_REMEMBERED = 10_000


class Limiter:
    """A bucket of requests for each client, filled at a steady rate. Each process has its own."""

    def __init__(self, per_minute: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_minute / 60
        self._burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, client: str) -> int:
        """Takes one request: 0, or the whole seconds to wait until there is one."""
        if self._rate <= 0:
            return 0
        now = self._clock()
        with self._lock:
            left, at = self._buckets.pop(client, (float(self._burst), now))
            left = min(self._burst, left + (now - at) * self._rate)
            allowed = left >= 1
            self._buckets[client] = (left - 1 if allowed else left, now)
            if len(self._buckets) > _REMEMBERED:
                self._buckets.popitem(last=False)
        return 0 if allowed else max(1, math.ceil((1 - left) / self._rate))


class BodyLimit:
    """Refuses a body that is too large: by its declared length at once, else as soon as it has grown too large."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Counts what comes in."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        most = MAX_UPLOAD if headers.get("content-type", "").startswith("multipart/") else MAX_BODY
        declared = headers.get("content-length", "0")
        if not declared.isdigit() or int(declared) > most:
            await problem(TooLarge(limit=_megabytes(most)))(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise HTTPException(413)  # the framework passes only its own refusal through a body
            return message

        await self.app(scope, counted, send)


class RateLimit:
    """Refuses a client that asks too often: by its token if it shows one, else by its address."""

    def __init__(self, app: ASGIApp, limiter: Limiter) -> None:
        self.app = app
        self.limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets health and metrics through, whatever the load."""
        if scope["type"] != "http" or scope["path"] in ("/healthz", "/readyz", "/metrics"):
            await self.app(scope, receive, send)
            return
        wait = self.limiter.take(_client(Request(scope)))
        if wait:
            await problem(TooManyRequests(seconds=wait))(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _client(request: Request) -> str:
    token = request.headers.get("authorization", "")
    if token:
        return hashlib.sha256(token.encode()).hexdigest()
    return request.client.host if request.client else "unknown"


def _megabytes(size: int) -> str:
    return f"{size // (1024 * 1024)} MB"
