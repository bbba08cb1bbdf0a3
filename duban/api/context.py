"""What every request needs: the ledger, the settings, the clock, and who is asking."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from fastapi import Depends, Query, Request, Security
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query as QueryInfo
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from duban.adapters.database import Database
from duban.api.bodies import Date
from duban.api.limits import Allowances, key_of
from duban.api.metrics import Metrics
from duban.api.problems import Invalid, NotSignedIn, RoleForbidden
from duban.api.refusals import Kind
from duban.domain.actors import Actor
from duban.errors import DubanError
from duban.services.accounts import Identity, identify
from duban.services.queries.scope import Scope
from duban.settings import Settings
from models import UserRole

T = TypeVar("T")

ROLE_ZH = {
    UserRole.VIEWER: "查看人员",
    UserRole.UNIT: "责任单位",
    UserRole.LEAD: "牵头领导",
    UserRole.SUPERVISOR: "督查室",
    UserRole.ADMIN: "系统管理员",
}
OFFICE = (UserRole.SUPERVISOR, UserRole.ADMIN)


#: Days that pages and API look at: what lies outside is a typing error, and far from any calendar.
EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(2099, 12, 31)


def utc_now() -> dt.datetime:
    """The system clock."""
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Context:
    """The parts of one running app."""

    settings: Settings
    database: Database
    now: Callable[[], dt.datetime]
    as_of: Callable[[], dt.date]
    allowances: Allowances
    metrics: Metrics = field(default_factory=Metrics)

    @property
    def prefect_ui(self) -> str:
        """Where the Prefect UI is, as the settings' API address tells."""
        parts = urlsplit(self.settings.prefect_api_url)
        return f"{parts.scheme}://{parts.netloc}{parts.path.removesuffix('/').removesuffix('/api')}"


def context_of(request: Request) -> Context:
    """The app's context."""
    found: Context = request.app.state.context
    return found


#: So many short pieces of work with the ledger at a time: more threads only take the processor from each other, and
#: those that wait here wait in order.
LANE = 8
_lane: RunVar[CapacityLimiter] = RunVar("duban-lane")


async def in_lane(work: Callable[[], T]) -> T:
    """Does short work with the ledger in a thread, when it is its turn."""
    try:
        lane = _lane.get()
    except LookupError:
        lane = CapacityLimiter(LANE)
        _lane.set(lane)
    return await to_thread.run_sync(work, limiter=lane)


def address_of(request: Request) -> str:
    """Where a request comes from; a reverse proxy's header counts only if the server was told to trust it."""
    return request.client.host if request.client else "unknown"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody signed in, and the door they came through."""

    identity: Identity
    source: str
    address: str

    @property
    def actor(self) -> Actor:
        """As the ledger records them."""
        return self.identity.actor(self.source)

    @property
    def scope(self) -> Scope:
        """What they may see."""
        return Scope(self.identity.role, self.identity.parties, self.identity.on)

    def require(self, action: str, *roles: UserRole) -> None:
        """Raises RoleForbidden unless the caller has one of the roles."""
        if self.identity.role not in roles:
            raise RoleForbidden(
                actor=self.identity.name,
                role=self.identity.role.value,
                action=action,
                who=", ".join(f"{ROLE_ZH[r]} {r.value}" for r in roles),
            )


bearer = HTTPBearer(auto_error=False, description="A token from `duban token create`, shown once.")


async def bearer_caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]
) -> Caller:
    """Who holds the token of this request. Raises NotSignedIn or BadToken."""
    context = context_of(request)
    if credentials is None:
        raise NotSignedIn
    asked = partial(identify, context.database, secret=credentials.credentials, purpose="api", now=context.now())
    identity = await in_lane(asked)
    request.state.actor = identity.name
    return Caller(identity, "api", address_of(request))


async def still_who(request: Request, caller: Caller) -> Caller:
    """Who the key of a long request belongs to by now, with the role and parties of today. Raises BadToken."""
    context = context_of(request)
    secret = request.headers.get("authorization", "").partition(" ")[2].strip()
    asked = partial(identify, context.database, secret=secret, purpose="api", now=context.now())
    return Caller(await in_lane(asked), caller.source, caller.address)


async def known_parameters(request: Request) -> None:
    """Refuses a query parameter that the address does not have: a misspelt filter must not be dropped in silence.

    Raises Invalid.
    """
    if request.url.query:
        parameters = get_flat_params(request.scope["route"].dependant)
        known = {p.alias for p in parameters if isinstance(p.field_info, QueryInfo)}
        unknown = sorted(set(request.query_params) - known)
        if unknown:
            takes = ", ".join(sorted(known)) or "none"
            raise Invalid(problems=f"{unknown[0][:50]!r} is no parameter of this address; it takes {takes}")


def log_refusal(request: Request, error: DubanError) -> None:
    """Writes into the access log who was turned away from what, from where and why; of a flood, how many.

    Who it was is known by their key even where the request was refused before anybody looked at it.
    """
    if getattr(request.state, "silent", False):  # it is counted already
        return
    context = context_of(request)
    left = context.allowances
    actor = getattr(request.state, "actor", None) or left.user_of(key_of(request)) or "-"
    left.refusals.write(
        context.database,
        Kind(actor, address_of(request), error.code),
        action=f"{request.method} {without_keys(request.url.path)}",
        why=without_keys(error.message),
        now=context.now(),
    )


#: The signed link of a mail opens something for whoever has it; an API token does; neither is written down.
_KEYS = re.compile(r"(/link/)[^/\s]+|(duban_)[A-Za-z0-9_-]{16,}")


def without_keys(text: str) -> str:
    """A text without the keys in it."""
    return _KEYS.sub(lambda found: f"{found[1] or found[2]}…", text)


async def day_asked_for(
    request: Request,
    as_of: Annotated[
        Date | None,
        Query(ge=EARLIEST, le=LATEST, description="Lights and days left on this date; today where left out."),
    ] = None,
) -> dt.date:
    """The date that lights are derived for."""
    return as_of or context_of(request).as_of()


async def _context_here(request: Request) -> Context:
    return context_of(request)  # without a thread of its own, as a plain function would get


Ctx = Annotated[Context, Depends(_context_here)]
Who = Annotated[Caller, Depends(bearer_caller)]
AsOf = Annotated[dt.date, Depends(day_asked_for)]
