"""Limits on what one client may send: the size of a body, and how many requests in a while."""

from __future__ import annotations

import hashlib
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from duban.api.buckets import Limiter
from duban.api.problems import TooLarge, TooManyRequests, problem
from duban.api.refusals import Kind, RefusalLog
from duban.errors import DubanError

MAX_BODY = 1024 * 1024
MAX_UPLOAD = 21 * 1024 * 1024  # a file of 20 MB and the form around it
_REMEMBERED = 10_000
#: Requests that one client may make at once; a minute, `create_app` says.
REQUESTS_AT_ONCE = 1000
#: Wrong keys and passwords from one address: steadily a minute, and at once.
FAILURES_A_MINUTE = 30
FAILURES_AT_ONCE = 60


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
            answer = await run_in_threadpool(refused, Request(scope), TooLarge(limit=_megabytes(most)))
            await answer(scope, receive, send)
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


class Allowances:
    """What clients have left, whose key is whose, and what of their refusals is written down."""

    def __init__(self, per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.requests = Limiter(per_minute, min(REQUESTS_AT_ONCE, max(1, int(per_minute))), clock)
        self.failures = Limiter(FAILURES_A_MINUTE if per_minute > 0 else 0, FAILURES_AT_ONCE, clock)
        self.told = Limiter(1, 1, clock)  # of too many requests one line a minute and client says enough
        self.refusals = RefusalLog(clock)
        self._users: OrderedDict[str, str] = OrderedDict()

    @property
    def shared(self) -> dict[str, Limiter]:
        """The buckets that all processes over one ledger share, by name."""
        return {"requests": self.requests, "failures": self.failures}

    def user_of(self, key: str) -> str | None:
        """Whose key this is, if it has opened something here."""
        return self._users.get(key)

    def remember(self, key: str, user: str) -> None:
        """A key has opened something."""
        self._users[key] = user
        self._users.move_to_end(key)
        while len(self._users) > _REMEMBERED:
            self._users.popitem(last=False)

    def forget(self, key: str) -> None:
        """A key opens nothing any more."""
        self._users.pop(key, None)


class RateLimit:
    """Refuses a client that asks too often: a user by their name, whatever keys they show; everybody else by address.

    A key (token or session) counts as its user's once it has opened something; until then, and for ever if it is
    wrong, its requests count against the address that they come from. An address that shows too many wrong keys or
    passwords waits, and those of its users whose key is known do not.
    """

    def __init__(self, app: ASGIApp, cookie: str = "duban_session") -> None:
        self.app = app
        self.cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets health and metrics through, whatever the load."""
        if scope["type"] != "http" or scope["path"] in ("/healthz", "/readyz", "/metrics"):
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        left: Allowances = request.app.state.context.allowances
        key, address = key_of(request, self.cookie), f"address {network_of(request)}"
        user = left.user_of(key)
        client = f"user {user}" if user is not None else address
        wait = left.requests.take(client) or (left.failures.wait(address) if user is None else 0)
        if wait:
            await (await _refusal(request, left, client, wait))(scope, receive, send)
            return
        state, status = scope.setdefault("state", {}), 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            if status == 401 and (key or scope["method"] == "POST"):  # a wrong key, or a wrong password
                left.failures.take(address)
                left.forget(key)
            elif key and "actor" in state:
                left.remember(key, str(state["actor"]))


def key_of(request: Request, cookie: str = "duban_session") -> str:
    """A digest of what a request opens doors with; "" where it brings nothing."""
    shown = request.headers.get("authorization") or request.cookies.get(cookie) or ""
    return hashlib.sha256(shown.encode()).hexdigest() if shown else ""


async def _refusal(request: Request, left: Allowances, client: str, wait: int) -> Response:
    """A page or a problem, as the app answers refusals; logged by it, once a minute and client."""
    error = TooManyRequests(seconds=wait)
    request.state.silent = bool(left.told.take(client))
    if request.state.silent:
        what, _, name = client.partition(" ")
        left.refusals.leave_out(Kind(name if what == "user" else "-", network_of(request), error.code))
        if request.url.path.startswith("/api/"):
            return problem(error)
    return await run_in_threadpool(refused, request, error)


def refused(request: Request, error: DubanError) -> Response:
    """What the app answers to an error that is raised before it: a page or a problem, and a line in the log."""
    answer: Response = request.app.exception_handlers[DubanError](request, error)
    return answer


def network_of(request: Request) -> str:
    """Where a request comes from: an IPv4 address, or the /64 of an IPv6 one, all of which one machine can use."""
    host = request.client.host if request.client else "unknown"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return host if address.version == 4 else str(ipaddress.ip_network(f"{host.split('%')[0]}/64", strict=False))


def _megabytes(size: int) -> str:
    return f"{size // (1024 * 1024)} MB"
