"""What holds for every route that changes something: who may at all, then what they sent, then once a key.

A route says who may use it with `only(…)`, or `anybody` signed in; one that says neither is for those who act on items.
Whoever may not is told so before anything that they sent is looked at: not by an invalid field, nor by a broken body.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.params import Depends as Dependency
from fastapi.routing import APIRoute

from duban.api.context import Caller, Who, bearer, bearer_caller, context_of, in_lane
from duban.api.once import done_once
from duban.api.problems import Invalid, documented
from duban.errors import DubanError
from duban.services.queries.item import present_version
from duban.services.queries.scope import check_item
from models import UserRole

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
ROLES = tuple(UserRole)


class PreconditionFailed(DubanError):
    """`If-Match` names {given}, and {present}.

    Look at the item again (`GET` tells its `ETag`), and repeat the request with that; nothing else has one.
    """

    code = "precondition_failed"
    status = 412


class Only:
    """Lets callers of these roles pass, and nobody else."""

    def __init__(self, action: str, *roles: UserRole) -> None:
        self.action = action
        self.roles = roles

    async def __call__(self, caller: Who) -> None:
        """Raises RoleForbidden."""
        self.check(caller)

    def check(self, caller: Caller) -> None:
        """Raises RoleForbidden."""
        caller.require(self.action, *self.roles)


def only(action: str, *roles: UserRole) -> Any:
    """A route's `dependencies=[…]` entry: these roles may do this."""
    return Depends(Only(action, *roles))


#: Whoever is signed in: for what is a person's own, or decided by whom they act for.
anybody: Any = only("do this", *ROLES)
_ACTING: Any = only("change items", UserRole.UNIT, UserRole.LEAD, UserRole.SUPERVISOR, UserRole.ADMIN)


async def if_match(request: Request, _caller: Who) -> None:
    """`If-Match`: the item of the address is as the caller saw it. Raises PreconditionFailed."""
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return
    item_id = request.path_params.get("item_id", "")
    present = None
    if _is_id(item_id):
        present = await in_lane(lambda: present_version(context_of(request).database, int(item_id)))
    tags = {tag.strip() for tag in given.split(",")}
    if present is None or etag(present[0]) not in tags:
        now = f"the item has {etag(present[0])}" if present is not None else "this address has no ETag"
        raise PreconditionFailed(given=given[:100], present=now)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) < 2**63


def etag(version: int) -> str:
    """An item's version as an entity tag."""
    return f'"{version}"'


class ActRoute(APIRoute):
    """A route of ours: see above."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        methods = set(given.get("methods") or {"GET"})
        if methods & CHANGING:
            own = list(given.get("dependencies") or ())
            if _guard_of(own) is None:
                own.append(_ACTING)
            if all(d.dependency is not if_match for d in own):
                own.append(Depends(if_match))
            given["dependencies"] = own
            given["responses"] = documented(412) | (given.get("responses") or {})
        if "POST" in methods:
            endpoint = done_once(endpoint, given.get("status_code") or 200)
        super().__init__(path, endpoint, **given)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's, but whoever may not do it at all hears that, and not what is wrong with their request."""
        handle = super().get_route_handler()

        async def authorised_first(request: Request) -> Response:
            try:
                return await handle(request)
            except (RequestValidationError, Invalid):
                await self._authorise(request)
                raise

        return authorised_first

    async def _authorise(self, request: Request) -> None:
        """Raises NotSignedIn, BadToken, RoleForbidden; OutOfScope or NotFound for an item of the address."""
        caller = await bearer_caller(request, await bearer(request))
        guard = _guard_of(self.dependencies)
        if guard is not None:
            guard.check(caller)
        item_id = request.path_params.get("item_id", "")
        if _is_id(item_id):
            database = context_of(request).database

            def seen() -> None:
                with database.read() as session:
                    check_item(session, int(item_id), caller.scope)

            await in_lane(seen)


def _guard_of(dependencies: list[Dependency]) -> Only | None:
    return next((d.dependency for d in dependencies if isinstance(d.dependency, Only)), None)


def router_of(**given: Any) -> APIRouter:
    """A router whose routes are ours."""
    return APIRouter(route_class=ActRoute, **given)
