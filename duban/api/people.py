"""Who one is, one's tokens, and the users."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Response

from duban.api.bodies import LARGEST, Id, Instant, TokenIn, UserIn
from duban.api.context import Caller, Ctx, Who
from duban.api.items import Search
from duban.api.problems import documented
from duban.api.routing import anybody, only, router_of
from duban.services.accounts import (
    Account,
    TokenEntry,
    create_user,
    issue_token,
    list_tokens,
    list_users,
    revoke_token,
)
from duban.services.queries.access import AccessFilter, AccessPage, access_page
from models import UserRole

router = router_of(tags=["people"], responses=documented(401, 403, 422, 429))


@dataclass(frozen=True, slots=True)
class Me:
    """Who the token belongs to."""

    name: str
    role: UserRole
    parties: list[str]


@dataclass(frozen=True, slots=True)
class FreshToken:
    """A new token: it is shown here once and kept nowhere."""

    token: str
    name: str
    user: str


@dataclass(frozen=True, slots=True)
class FreshUser:
    """A new user."""

    id: int
    name: str


@router.get("/me", summary="Who this token belongs to")
def get_me(caller: Who) -> Me:
    """Role and parties, which decide what may be seen and done."""
    return Me(caller.identity.name, caller.identity.role, sorted(caller.identity.parties))


@router.get("/tokens", summary="Tokens, never their value")
def get_tokens(context: Ctx, caller: Who) -> list[TokenEntry]:
    """One's own; an administrator sees all."""
    return list_tokens(context.database, user=_owner(caller))


@router.post(
    "/tokens", summary="A new token, shown once", status_code=201, responses=documented(404), dependencies=[anybody]
)
def post_token(body: TokenIn, context: Ctx, caller: Who) -> FreshToken:
    """For oneself; an administrator may make one for anybody."""
    user = body.user or caller.identity.name
    if user != caller.identity.name:
        caller.require("make tokens for others", UserRole.ADMIN)
    life = dt.timedelta(days=body.days)
    token = issue_token(context.database, user=user, name=body.name, now=context.now(), life=life)
    return FreshToken(token, body.name, user)


@router.delete(
    "/tokens/{token_id}", summary="Revoke a token", status_code=204, responses=documented(404), dependencies=[anybody]
)
def delete_token(token_id: Id, context: Ctx, caller: Who) -> Response:
    """It stops at once."""
    revoke_token(context.database, token_id=token_id, now=context.now(), owner=_owner(caller))
    return Response(status_code=204)


@router.get("/users", summary="Users with role and parties", dependencies=[only("list users", UserRole.ADMIN)])
def get_users(context: Ctx) -> list[Account]:
    """Administrators only."""
    return list_users(context.database)


@router.post(
    "/users",
    summary="A new user",
    status_code=201,
    responses=documented(409),
    dependencies=[only("make users", UserRole.ADMIN)],
)
def post_user(body: UserIn, context: Ctx) -> FreshUser:
    """Administrators only. Without a password the user signs in by token only."""
    user_id = create_user(
        context.database,
        name=body.name,
        role=body.role,
        parties=body.parties,
        password=body.password,
        now=context.now(),
    )
    return FreshUser(user_id, body.name)


@router.get(
    "/access-log",
    summary="Sign-ins and refusals, the newest first",
    dependencies=[only("read the access log", UserRole.ADMIN)],
)
def get_access_log(
    *,
    context: Ctx,
    actor: Search | None = None,
    address: Search | None = None,
    outcome: Search | None = None,
    since: Annotated[Instant | None, Query(description="Not before this instant.")] = None,
    before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AccessPage:
    """Administrators only: who tried what from where, what came of it (`done`, or a refusal's code), and why."""
    where = AccessFilter(actor, address, outcome, since)
    return access_page(context.database, where=where, before=before, limit=limit)


def _owner(caller: Caller) -> str | None:
    return None if caller.identity.role is UserRole.ADMIN else caller.identity.name
