"""The site: the API and the pages as one ASGI app."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from duban.adapters.database import Database
from duban.api.app import create_app
from duban.api.context import utc_now
from duban.api.problems import Broken, from_http, from_validation
from duban.errors import DubanError
from duban.settings import Settings
from duban.web import (
    absences,
    account,
    actions,
    board,
    corrections,
    directory,
    docs,
    editions,
    items,
    links,
    mine,
    notices,
    oidc,
    outbox,
    plans,
    proposals,
    public,
    quarantine,
    reports,
    rules,
    sign_in,
    spread,
    templates,
    views,
)
from duban.web.refusals import refusal_page, sign_in_address
from duban.web.templating import STATIC, Pages

#: Nothing is loaded from elsewhere, nothing inline runs, nobody frames us.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
NOT_PAGES = ("/api/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/static/")


class SecurityHeaders:
    """Adds the headers that an answer does not set itself."""

    def __init__(self, app: ASGIApp, *, tls: bool) -> None:
        self.app = app
        self.headers = HEADERS | ({"strict-transport-security": "max-age=31536000"} if tls else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Looks at what is there before it adds."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message["headers"]}
                added = [(n.encode(), v.encode()) for n, v in self.headers.items() if n.encode() not in there]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


class KeptFiles(StaticFiles):
    """Static files, kept by browsers for a year: their addresses carry their hash."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """The file with its lifetime."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def create_site(
    settings: Settings,
    database: Database,
    *,
    now: Callable[[], dt.datetime] = utc_now,
    as_of: Callable[[], dt.date] | None = None,
    **limits: float,
) -> FastAPI:
    """API and pages on a ledger; the parameters are those of `create_app`."""
    app = create_app(settings, database, now=now, as_of=as_of, **limits)
    app.state.pages = Pages(settings.templates / "pages", settings.zone)
    app.state.links = links.Door(settings)
    app.state.provider = oidc.provider_of(settings)
    for module in (
        sign_in,
        oidc,
        board,
        mine,
        corrections,
        items,
        actions,
        spread,
        quarantine,
        plans,
        editions,
        directory,
        notices,
        proposals,
        outbox,
        reports,
        templates,
        absences,
        rules,
        views,
        account,
        docs,
        public,
        links,
    ):
        app.include_router(module.router, include_in_schema=False)
    app.mount("/static", KeptFiles(directory=STATIC), name="static")
    _answer_pages_with_pages(app)
    app.add_middleware(SecurityHeaders, tls=settings.public_url.startswith("https:"))
    return app


def _answer_pages_with_pages(app: FastAPI) -> None:
    """Refusals on pages become pages; the API keeps its problems."""
    for kind, handler in list(app.exception_handlers.items()):
        app.exception_handlers[kind] = _by_address(handler)


def _by_address(problem_handler: Callable[..., Any]) -> Callable[[Request, Exception], Response]:
    def handle(request: Request, error: Exception) -> Response:
        answer: Response = problem_handler(request, error)  # also writes the access log
        if request.url.path.startswith(NOT_PAGES):
            return answer
        refused = _as_ours(request, error)
        if refused.status == 401:
            return RedirectResponse(sign_in_address(request), 303)
        return refusal_page(request, refused)

    return handle


def _as_ours(request: Request, error: Exception) -> DubanError:
    match error:
        case DubanError():
            return error
        case RequestValidationError():
            return from_validation(error.errors())
        case HTTPException():
            return from_http(request, error)
        case _:
            return Broken()
