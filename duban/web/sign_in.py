"""Signing in and out."""

from __future__ import annotations

import hmac
import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from duban.api.context import address_of, context_of, log_refusal
from duban.errors import DubanError
from duban.services.sign_in import sign_in, sign_out
from duban.services.single_sign_on import ACTION as SINGLE_SIGN_ON
from duban.web.session import COOKIE, SIGN_IN_COOKIE, Csrf, check_origin, own_address, set_cookie
from duban.web.session import Form as PageForm
from duban.web.words import refusal

router = APIRouter()


@router.get("/sign-in")
def get_sign_in(request: Request, next: str = "/", left: str = "") -> Response:  # noqa: A002 -- the address's name
    """The form, with a token of its own against forms that other sites send; `left` after a sign-out."""
    return _form(request, own_address(next), left=bool(left))


@router.post("/sign-in")
def post_sign_in(
    request: Request,
    name: Annotated[str, Form(max_length=100)] = "",
    password: Annotated[str, Form(max_length=200)] = "",
    csrf: Annotated[str, Form(max_length=100)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",  # noqa: A002
) -> Response:
    """A session, or the form again with what was wrong."""
    check_origin(request)
    expected = request.cookies.get(SIGN_IN_COOKIE, "")
    if not expected or not hmac.compare_digest(expected.encode(), csrf.encode()):
        error = Csrf()
        log_refusal(request, error)
        return _form(request, own_address(next), error, name)
    context = context_of(request)
    try:
        opened = sign_in(
            context.database, name=name.strip(), password=password, address=address_of(request), now=context.now()
        )
    except DubanError as error:
        return _form(request, own_address(next), error, name)
    response = RedirectResponse(own_address(next), 303)
    set_cookie(response, context, opened.secret, opened.expires_at)
    response.delete_cookie(SIGN_IN_COOKIE, path="/sign-in")
    return response


@router.post("/sign-out")
def post_sign_out(request: Request, _form: PageForm) -> Response:
    """Ends the session."""
    context = context_of(request)
    door = sign_out(context.database, secret=request.cookies.get(COOKIE, ""), now=context.now())
    elsewhere = door == SINGLE_SIGN_ON and request.app.state.provider is not None
    response = RedirectResponse("/sign-in?left=1" if elsewhere else "/sign-in", 303)
    response.delete_cookie(COOKIE, path="/")
    return response


def _form(
    request: Request, target: str, error: DubanError | None = None, name: str = "", *, left: bool = False
) -> Response:
    token = request.cookies.get(SIGN_IN_COOKIE) or secrets.token_urlsafe(24)
    title, remedy = refusal(error) if error is not None else ("", "")
    page: Response = request.app.state.pages.page(
        "sign_in.html",
        error.status if error is not None else 200,
        csrf=token,
        target=target,
        name=name,
        title=title,
        remedy=remedy,
        single_sign_on=context_of(request).settings.oidc_label if request.app.state.provider is not None else None,
        left=left,
    )
    secure = context_of(request).settings.public_url.startswith("https:")
    page.set_cookie(SIGN_IN_COOKIE, token, httponly=True, samesite="strict", secure=secure, path="/sign-in")
    return page
