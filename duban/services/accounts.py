"""People and their keys: users, passwords (Argon2) and tokens.

A token is 256 random bits; only its SHA-256 is kept, so it is shown once. Passwords are guessed, so they get Argon2
and a lock-out; tokens are not, so they get a fast hash. A page session is a token too, with a CSRF secret beside it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Date, Row, and_, bindparam, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.errors import DubanError, NotFound
from duban.services.rules import business_date
from models import Base, Token, User, UserRole, UserScope

if TYPE_CHECKING:
    from argon2 import PasswordHasher

TOKEN_LIFE = dt.timedelta(days=180)
LEAST_PASSWORD = 10
#: `last_used_at` is written at most so often: reading must not queue behind writers.
USED_EVERY = dt.timedelta(minutes=5)
ADMIN = "admin"


class BadCredentials(DubanError):
    """The name or the password is wrong.

    Check both and try again; after 5 wrong passwords the account is locked for 15 minutes.
    """

    code = "bad_credentials"
    status = 401


class BadToken(DubanError):
    """The token is {reason}.

    Send `Authorization: Bearer <token>` with a token that an administrator made (`duban token create`).
    """

    code = "bad_token"
    status = 401


class LeftOffice(DubanError):
    """The account {name} acts only for people or units whose last day (失效日期) is over.

    Ask an administrator to give the successor an account, or the supervision office to correct the directory.
    """

    code = "left_office"
    status = 403


class WeakPassword(DubanError):
    """The password is too short: it has {length} characters.

    Choose one of at least 10 characters.
    """

    code = "weak_password"
    status = 422


class NameTaken(DubanError):
    """There is already a user {name}.

    Choose another name, or change the one that exists.
    """

    code = "name_taken"
    status = 409


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request comes from: a user with a role and the party names it acts for, and the key it showed.

    `on` is the business date of the request: names of whoever has left office everywhere by then are not among them.
    """

    user_id: int
    name: str
    role: UserRole
    parties: frozenset[str]
    token_id: int
    on: dt.date
    csrf: str | None = None

    def actor(self, source: str) -> Actor:
        """The same person as the ledger records it; `source` is the door (api, page)."""
        return Actor(name=self.name, role=self.role.value, parties=self.parties, source=source, on=self.on)


@dataclass(frozen=True, slots=True)
class Account:
    """A user as lists show it."""

    id: int
    name: str
    role: UserRole
    parties: list[str]
    active: bool
    locked_until: dt.datetime | None
    created_at: dt.datetime
    mail: str | None  # by which the office's identity provider knows them
    linked: bool  # whether somebody there signs in to this account


@dataclass(frozen=True, slots=True)
class TokenEntry:
    """A token as lists show it: never the token itself."""

    id: int
    user: str
    name: str
    created_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None
    last_used_at: dt.datetime | None


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()  # RFC 9106's low-memory profile: 64 MiB, 3 passes


@lru_cache(maxsize=1)
def _nobody() -> str:
    """A hash to verify against where there is no such user, so that the answer takes as long."""
    return _hasher().hash(secrets.token_urlsafe(16))


def password_matches(stored: str | None, password: str) -> bool:
    """Whether a password fits its stored hash; as slow where there is none."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(stored or _nobody(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def digest(secret: str) -> str:
    """What is kept of a token: its SHA-256."""
    return hashlib.sha256(secret.encode()).hexdigest()


# -- users ------------------------------------------------------------------------------------------------------


def create_user(
    database: Database,
    *,
    name: str,
    role: UserRole,
    parties: Collection[str] = (),
    password: str | None = None,
    now: dt.datetime,
) -> int:
    """A new user, its id back. Without a password it signs in by token only. Raises NameTaken, WeakPassword."""
    hashed = _strong(password) if password is not None else None
    try:
        with database.write() as session:
            user = User(name=name, role=role, password_hash=hashed, created_at=now)
            user.scopes = [UserScope(party_name=p) for p in sorted(set(parties))]
            session.add(user)
            session.flush()
            return user.id
    except IntegrityError:
        raise NameTaken(name=name) from None


def ensure_first_admin(database: Database, now: dt.datetime) -> str | None:
    """On the first day makes `admin` with a random password and gives it back to be printed once; else None."""
    with database.read() as session:
        if session.scalar(select(func.count()).select_from(User).where(User.role == UserRole.ADMIN)):
            return None
    password = secrets.token_urlsafe(12)
    try:
        create_user(database, name=ADMIN, role=UserRole.ADMIN, password=password, now=now)
    except NameTaken:  # another process was first
        return None
    return password


def set_password(database: Database, *, name: str, password: str, now: dt.datetime) -> None:
    """Sets a password, unlocks the account and ends its page sessions. Raises NotFound, WeakPassword."""
    hashed = _strong(password)
    with database.write() as session:
        user = user_named(session, name)
        user.password_hash, user.failed_attempts, user.locked_until = hashed, 0, None
        revoke_sessions(session, user.id, now)


def change_password(database: Database, *, name: str, old: str, new: str, now: dt.datetime) -> None:
    """A user's own change of password. Raises BadCredentials where the old one is wrong, WeakPassword."""
    with database.read() as session:
        stored = user_named(session, name).password_hash
    if not password_matches(stored, old):
        raise BadCredentials
    set_password(database, name=name, password=new, now=now)


def set_scope(database: Database, *, name: str, role: UserRole, parties: Collection[str]) -> None:
    """Changes what a user may do and for whom; holds for its tokens from the next request on. Raises NotFound."""
    with database.write() as session:
        user = user_named(session, name)
        user.role = role
        user.scopes = [UserScope(party_name=p) for p in sorted(set(parties))]


def deactivate(database: Database, *, name: str, now: dt.datetime) -> None:
    """Shuts an account: its tokens and sessions stop at once. Raises NotFound."""
    with database.write() as session:
        user = user_named(session, name)
        user.active = False
        session.execute(
            update(Token).where(Token.user_id == user.id, Token.revoked_at.is_(None)).values(revoked_at=now)
        )


def list_users(database: Database) -> list[Account]:
    """Every user, by name."""
    with database.read() as session:
        users = session.scalars(select(User).options(selectinload(User.scopes)).order_by(User.name))
        return [
            Account(
                u.id,
                u.name,
                u.role,
                [s.party_name for s in u.scopes],
                u.active,
                u.locked_until,
                u.created_at,
                u.mail,
                u.external_id is not None,
            )
            for u in users
        ]


def _strong(password: str) -> str:
    if len(password) < LEAST_PASSWORD:
        raise WeakPassword(length=len(password))
    return _hasher().hash(password)


def user_named(session: Session, name: str) -> User:
    """The user of that name. Raises NotFound."""
    user = session.scalar(select(User).where(User.name == name).options(selectinload(User.scopes)))
    if user is None:
        raise NotFound(what="user", key=name)
    return user


# -- tokens -----------------------------------------------------------------------------------------------------


def issue_token(
    database: Database, *, user: str, name: str, now: dt.datetime, life: dt.timedelta | None = TOKEN_LIFE
) -> str:
    """A new API token for a user, in the clear: it is not kept and cannot be shown again. Raises NotFound."""
    secret = "duban_" + secrets.token_urlsafe(32)
    with database.write() as session:
        session.add(
            Token(
                user_id=user_named(session, user).id,
                name=name,
                purpose="api",
                hash=digest(secret),
                created_at=now,
                expires_at=now + life if life is not None else None,
            )
        )
    return secret


def revoke_token(database: Database, *, token_id: int, now: dt.datetime, owner: str | None = None) -> None:
    """Ends a token. With `owner`, only one of that user's own. Raises NotFound."""
    with database.write() as session:
        token = session.get(Token, token_id)
        if token is None or token.purpose != "api" or (owner is not None and token.user.name != owner):
            raise NotFound(what="token", key=token_id)
        token.revoked_at = token.revoked_at or now


def list_tokens(database: Database, *, user: str | None = None) -> list[TokenEntry]:
    """API tokens, newest first; of one user, or of all."""
    query = select(Token, User.name).join(Token.user).where(Token.purpose == "api").order_by(Token.id.desc())
    if user is not None:
        query = query.where(User.name == user)
    with database.read() as session:
        return [
            TokenEntry(t.id, n, t.name, t.created_at, t.expires_at, t.revoked_at, t.last_used_at)
            for t, n in session.execute(query)
        ]


def identify(database: Database, *, secret: str, purpose: str, now: dt.datetime) -> Identity:
    """Who a token (`api`) or a session cookie (`session`) belongs to. Raises BadToken."""
    # Asked of the ledger at each request: what was revoked, anywhere, is refused from the next one on.
    on = business_date(now)
    rows = database.look(_TOKEN, {"hash": digest(secret), "purpose": purpose, "on": on})
    reason = _refusal(rows, now) if rows else "unknown"
    if reason:
        raise BadToken(reason=reason)
    token = rows[0]
    scopes = frozenset(row.party_name for row in rows if row.party_name is not None and not row.left)
    identity = Identity(token.user_id, token.name, token.role, scopes, token.id, on, token.csrf)
    if token.last_used_at is None or now - token.last_used_at > USED_EVERY:
        with database.write() as session:
            session.execute(update(Token).where(Token.id == identity.token_id).values(last_used_at=now))
    return identity


_T = Base.metadata.tables
_SCOPE = _T["user_scope"].c


def _left_office() -> ColumnElement[bool]:
    """Whether every plan's directory that knows this name of a scope says that its last day is over on `:on`."""
    party, alias = _T["party"], _T["party_alias"]
    ended = and_(party.c.valid_to.is_not(None), party.c.valid_to < bindparam("on", type_=Date))
    by_alias = select(party.c.id).join_from(alias, party).where(alias.c.name == _SCOPE.party_name)
    by_name = select(party.c.id).where(party.c.name == _SCOPE.party_name)
    last = [exists(query.where(ended).correlate(_T["user_scope"])) for query in (by_name, by_alias)]
    holds = [exists(query.where(~ended).correlate(_T["user_scope"])) for query in (by_name, by_alias)]
    return and_(or_(*last), ~or_(*holds))


_TOKEN = (
    select(
        *(_T["token"].c[name] for name in ("id", "user_id", "csrf", "expires_at", "revoked_at", "last_used_at")),
        *(_T["user_account"].c[name] for name in ("name", "role", "active")),
        _SCOPE.party_name,
        _left_office().label("left"),
    )
    .select_from(
        _T["token"]
        .join(_T["user_account"])
        .outerjoin(_T["user_scope"], _T["user_scope"].c.user_id == _T["token"].c.user_id)
    )
    .where(_T["token"].c.hash == bindparam("hash"), _T["token"].c.purpose == bindparam("purpose"))
)


_ACCOUNT = (
    select(_T["user_account"].c.role, _SCOPE.party_name, _left_office().label("left"))
    .select_from(_T["user_account"].join(_T["user_scope"]))
    .where(_T["user_account"].c.name == bindparam("name"))
)


def _refusal(rows: Sequence[Row[Any]], now: dt.datetime) -> str | None:
    token = rows[0]
    if token.revoked_at is not None:
        return "revoked"
    if token.expires_at is not None and token.expires_at <= now:
        return "expired"
    if not token.active:
        return "of an account that is shut"
    return "of somebody who has left office (失效日期)" if _all_left(rows) else None


def _all_left(rows: Sequence[Row[Any]]) -> bool:
    """Whether nobody whom an account acts for is in office any more; the supervision office's own is never that."""
    return rows[0].role not in (UserRole.SUPERVISOR, UserRole.ADMIN) and all(
        row.party_name is not None and row.left for row in rows
    )


def check_in_office(database: Database, *, name: str, now: dt.datetime) -> None:
    """Raises LeftOffice where everybody whom the account acts for has left office; one that is not there passes."""
    rows = database.look(_ACCOUNT, {"name": name, "on": business_date(now)})
    if rows and _all_left(rows):
        raise LeftOffice(name=name)


def revoke_sessions(session: Session, user_id: int, now: dt.datetime) -> None:
    """Ends every page session of a user, in the caller's transaction."""
    session.execute(
        update(Token)
        .where(Token.user_id == user_id, Token.purpose == "session", Token.revoked_at.is_(None))
        .values(revoked_at=now)
    )
