"""Refusals as `application/problem+json` (RFC 9457): a stable code, what is wrong, and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from duban.errors import DubanError

MEDIA_TYPE = "application/problem+json"


class NotSignedIn(DubanError):
    """Nobody is signed in.

    Send `Authorization: Bearer <token>` with a token that an administrator made (`duban token create`).
    """

    code = "not_signed_in"
    status = 401


class RoleForbidden(DubanError):
    """{actor} has the role {role} and may not {action}.

    It may be done by: {who}.
    """

    code = "role_forbidden"
    status = 403


class TooLarge(DubanError):
    """The request is larger than {limit}.

    Send less at a time: at most 20 MB for a file, 1 MB for anything else.
    """

    code = "too_large"
    status = 413


class TooManyRequests(DubanError):
    """There are too many requests from here.

    Wait {seconds} seconds and go on more slowly.
    """

    code = "too_many_requests"
    status = 429


class Invalid(DubanError):
    """The request is not valid: {problems}.

    Correct the fields named above; the API docs give an example of each.
    """

    code = "invalid_request"
    status = 422


class NoSuchPage(DubanError):
    """There is nothing at {path}.

    See the API docs for the addresses there are.
    """

    code = "no_such_address"
    status = 404


class WrongMethod(DubanError):
    """{method} is not possible at {path}.

    See the API docs for the methods of each address.
    """

    code = "method_not_allowed"
    status = 405


class Broken(DubanError):
    """Something went wrong inside duban.

    Try again; if it happens again, give the administrator the time and the address of the request.
    """

    code = "internal_error"
    status = 500


class Problem(BaseModel):
    """Why a request was refused. `code` is stable; `present` comes with `stale_version`, `gaps` with `guard_failed`."""

    type: str = Field(examples=["/docs/errors#stale_version"])
    title: str = Field(examples=["Stale version"])
    status: int = Field(examples=[409])
    code: str = Field(examples=["stale_version"])
    detail: str = Field(
        examples=["The item has changed since you saw it: you gave version 3, it is now version 4 in state ongoing."]
    )
    remedy: str = Field(examples=["Look at the item again, and repeat the action with the present version."])
    present: dict[str, Any] | None = Field(None, examples=[{"version": 4, "state": "ongoing"}])
    gaps: list[str] | None = Field(None, examples=[["尚未上传佐证材料", "尚未核查"]])


_WORDS = {
    401: "Nobody is signed in, or the token is wrong, expired or revoked.",
    403: "Signed in, but this is not yours to see or to do.",
    404: "There is no such thing.",
    409: "It has changed since you saw it, or its state does not allow this. The present state is in `present`.",
    412: "`If-Match` names another version than the present one.",
    413: "Too large.",
    416: "The file has no such part.",
    422: "Understood, but a value or a condition is wrong; the answer names each.",
    503: "A part that this needs does not answer: the virus scanner, or the folder that files are kept in.",
    429: "Too many requests; `Retry-After` says how long to wait.",
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route: each refusal that it may give, as problem+json."""
    return {
        status: {
            "description": _WORDS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def problem_body(error: DubanError) -> dict[str, Any]:
    """An error as the members of a problem."""
    body: dict[str, Any] = {
        "type": f"/docs/errors#{error.code}",
        "title": error.code.replace("_", " ").capitalize(),
        "status": error.status,
        "code": error.code,
        "detail": error.message,
        "remedy": error.remedy,
    }
    if error.code == "stale_version":
        body["present"] = {"version": error.fields["present"], "state": error.fields["state"]}
    if error.code == "guard_failed":
        body["gaps"] = str(error.fields["gaps"]).split(";")
    return body


def problem(error: DubanError) -> JSONResponse:
    """The answer to an error."""
    headers = {"Cache-Control": "no-store"}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="duban"'
    if error.status == 429:
        headers["Retry-After"] = str(error.fields.get("seconds", 60))
    return JSONResponse(problem_body(error), error.status, headers, media_type=MEDIA_TYPE)


def from_validation(errors: Iterable[dict[str, Any]]) -> Invalid:
    """Our refusal out of pydantic's: each field with what is wrong with it, at most twenty."""
    found = []
    for error in list(errors)[:20]:
        place = ".".join(str(part) for part in error.get("loc", ()) if part != "body") or "body"
        found.append(f"{place}: {error.get('msg', 'not valid')}")
    return Invalid(problems="; ".join(found)[:2000])


def from_http(request: Request, error: HTTPException) -> DubanError:
    """Our refusal out of the framework's own."""
    if error.status_code == 404:
        return NoSuchPage(path=request.url.path)
    if error.status_code == 405:
        return WrongMethod(method=request.method, path=request.url.path)
    if error.status_code == 413:
        return TooLarge(limit="allowed")
    return Invalid(problems=str(error.detail))


def install(app: FastAPI, on_refusal: Callable[[Request, DubanError], None]) -> None:
    """Makes every error of the app a problem; `on_refusal` hears of each refusal."""

    def refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, DubanError)  # noqa: S101 -- the handler is registered for this class only
        on_refusal(request, error)
        return problem(error)

    def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        ours = from_validation(error.errors())
        on_refusal(request, ours)
        return problem(ours)

    def http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101
        ours = from_http(request, error)
        on_refusal(request, ours)
        answer = problem(ours)
        answer.headers.update(error.headers or {})
        return answer

    def broken(request: Request, _error: Exception) -> JSONResponse:
        ours = Broken()
        on_refusal(request, ours)
        return problem(ours)

    app.add_exception_handler(DubanError, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, broken)
