"""Signing in at the office's identity provider: there, back, and out again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.responses import Response

from duban.adapters.oidc import Provider, ProviderRefused
from duban.adapters.oidc_logout import signed_out
from duban.api.context import address_of, context_of, log_refusal
from duban.api.problems import NoSuchPage
from duban.errors import DubanError
from duban.services.single_sign_on import (
    PATIENCE,
    UnknownPerson,
    client_of,
    end_sessions,
    keep,
    log_refused,
    resume,
    sign_in_as,
)
from duban.settings import Settings
from duban.web.session import own_address, set_cookie
from duban.web.words import refusal

router = APIRouter(prefix="/sign-in/oidc")
COOKIE = "duban_oidc"
PATH = "/sign-in/oidc"


def provider_of(settings: Settings) -> Provider | None:
    """The office's provider; None where it has none."""
    client = client_of(settings)
    return Provider(client) if client is not None else None


def _provider(request: Request) -> Provider:
    found: Provider | None = request.app.state.provider
    if found is None:
        raise NoSuchPage(path=request.url.path)
    return found


@router.get("")
def get_begin(request: Request, next: str = "/") -> Response:  # noqa: A002 -- the name that the address has
    """Sends the browser to the provider, with a cookie that only this browser brings back."""
    context, provider = context_of(request), _provider(request)
    try:
        begun = provider.begin()
    except DubanError as error:
        return _refused(request, error)
    browser = keep(context.database, begun, target=own_address(next), now=context.now())
    response = RedirectResponse(begun.url, 303)
    response.set_cookie(
        COOKIE,
        browser,
        max_age=int(PATIENCE.total_seconds()),
        httponly=True,
        samesite="lax",  # the provider leads back from another site
        secure=context.settings.public_url.startswith("https:"),
        path=PATH,
    )
    return response


@router.get("/callback")
def get_callback(
    request: Request,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
    error: Annotated[str, Query(max_length=200)] = "",
    iss: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """A session for whoever the provider vouches for, if an administrator has linked their account."""
    context, provider = context_of(request), _provider(request)
    now, address = context.now(), address_of(request)
    try:
        begun = resume(context.database, state=state, browser=request.cookies.get(COOKIE, ""), now=now)
        if error or not code:
            raise ProviderRefused(reason=error or "it answered without a code")
        person = provider.person(code=code, verifier=begun.verifier, nonce=begun.nonce, answering_issuer=iss, now=now)
    except DubanError as refused:
        log_refused(context.database, refused, address=address, now=now)
        return _refused(request, refused)
    try:
        opened = sign_in_as(context.database, person, address=address, now=now)
    except DubanError as refused:
        return _refused(request, refused)
    response = RedirectResponse(begun.target, 303)
    set_cookie(response, context, opened.secret, opened.expires_at)
    response.delete_cookie(COOKIE, path=PATH)
    return response


@router.post("/signed-out")
def post_signed_out(request: Request, logout_token: Annotated[str, Form(max_length=20_000)] = "") -> Response:
    """The provider itself says that somebody has signed out there: their sessions here end too.

    No browser comes here: the token that the provider signed is what counts. 400 where it is not taken.
    """
    context, provider = context_of(request), _provider(request)
    try:
        ended = signed_out(provider, logout_token, context.now())
    except DubanError as error:
        log_refusal(request, error)
        return JSONResponse({"error": "invalid_request", "error_description": error.message}, error.status)
    end_sessions(context.database, ended, address=address_of(request), now=context.now())
    return Response(status_code=200)


@router.get("/end")
def get_end(request: Request) -> Response:
    """Ends the session at the provider too, for those who leave a shared machine."""
    back_to = context_of(request).settings.public_url.rstrip("/") + "/sign-in"
    try:
        return RedirectResponse(_provider(request).end_address(back_to) or "/sign-in", 303)
    except DubanError as error:
        return _refused(request, error)


def _refused(request: Request, error: DubanError) -> Response:
    title, remedy = refusal(error)
    page: Response = request.app.state.pages.page(
        "sign_in_refused.html",
        error.status,
        title=title,
        remedy=remedy,
        who=error.fields.get("who") if isinstance(error, UnknownPerson) else None,
        option=error.fields.get("option", ""),
    )
    return page  # the cookie stays: a forged answer must not end the sign-in that is on its way
