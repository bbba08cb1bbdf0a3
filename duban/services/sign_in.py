"""Signing in to the pages, and the log of sign-ins and refusals.

So many wrong passwords in a row lock an account, whoever tries; the log keeps who tried from where.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass

from sqlalchemy import select, update

from duban.adapters.database import Database
from duban.errors import DubanError
from duban.services.accounts import BadCredentials, LeftOffice, check_in_office, digest, password_matches, user_named
from duban.services.request_counts import absent_name
from models import AccessLog, Token, User

#: So many wrong passwords in a row lock an account for so long, whoever tries.
MOST_ATTEMPTS = 5
LOCK = dt.timedelta(minutes=15)
SESSION_LIFE = dt.timedelta(hours=12)


class LockedOut(DubanError):
    """The account is locked after too many wrong passwords, until {until}.

    Wait until then, or ask an administrator to set a new password.
    """

    code = "locked_out"
    status = 429


@dataclass(frozen=True, slots=True)
class PageSession:
    """A fresh page session: the cookie's value, shown once."""

    secret: str
    csrf: str
    expires_at: dt.datetime


def sign_in(database: Database, *, name: str, password: str, address: str, now: dt.datetime) -> PageSession:
    """A page session for the right password. Raises BadCredentials, LockedOut or LeftOffice.

    Every attempt is logged.

    The attempt is counted in its own transaction before the password is looked at: tries in parallel cannot slip
    past the limit, and no transaction is open while Argon2 works.
    """
    with database.write() as session:
        user = session.scalar(select(User).where(User.name == name))
        stored = user.password_hash if user is not None and user.active else None
        if user is None:
            locked = absent_name(session, digest(name), most=MOST_ATTEMPTS, lock=LOCK, now=now)
        else:
            locked = user.locked_until
        if locked is not None and locked > now:
            session.add(_line(actor=name, action="sign_in", outcome="locked_out", address=address, now=now))
        elif user is not None:
            user.failed_attempts += 1
            user.locked_until = now + LOCK if user.failed_attempts >= MOST_ATTEMPTS else None
    if locked is not None and locked > now:
        raise LockedOut(until=f"{locked:%Y-%m-%d %H:%M} UTC")
    if not password_matches(stored, password):
        log_access(database, actor=name, action="sign_in", outcome="bad_credentials", address=address, now=now)
        raise BadCredentials
    return open_session(database, name, address, now)


def open_session(
    database: Database,
    name: str,
    address: str,
    now: dt.datetime,
    *,
    door: str = "sign_in",
    provider_session: str | None = None,
) -> PageSession:
    """A fresh page session for somebody who has just proved who they are; `door` is how.

    Logged. Raises NotFound, or LeftOffice where everybody whom the account acts for has left office.
    """
    try:
        check_in_office(database, name=name, now=now)
    except LeftOffice as refused:
        log_access(database, actor=name, action=door, outcome=refused.code, address=address, now=now)
        raise
    opened = PageSession(secrets.token_urlsafe(32), secrets.token_urlsafe(24), now + SESSION_LIFE)
    with database.write() as session:
        user = user_named(session, name)
        user.failed_attempts, user.locked_until = 0, None
        session.add(
            Token(
                user_id=user.id,
                name=door,
                purpose="session",
                hash=digest(opened.secret),
                csrf=opened.csrf,
                created_at=now,
                expires_at=opened.expires_at,
                last_used_at=now,
                provider_session=provider_session,
            )
        )
        session.add(_line(actor=name, action=door, outcome="done", address=address, now=now))
    return opened


def sign_out(database: Database, *, secret: str, now: dt.datetime) -> str | None:
    """Ends one page session, and returns the door that it came in by; one that is already over stays so."""
    with database.write() as session:
        door: str | None = session.execute(
            update(Token)
            .where(Token.hash == digest(secret), Token.purpose == "session", Token.revoked_at.is_(None))
            .values(revoked_at=now)
            .returning(Token.name)
        ).scalar_one_or_none()
    return door


def log_access(
    database: Database, *, actor: str, action: str, outcome: str, address: str, now: dt.datetime, detail: str = ""
) -> None:
    """Writes one line of the access log: who tried what from where, and what came of it."""
    with database.write() as session:
        session.add(_line(actor=actor, action=action, outcome=outcome, address=address, now=now, detail=detail))


def _line(*, actor: str, action: str, outcome: str, address: str, now: dt.datetime, detail: str = "") -> AccessLog:
    return AccessLog(
        at=now,
        actor=_legible(actor)[:100],
        action=_legible(action)[:100],
        outcome=outcome[:40],
        address=address[:64],
        detail=_legible(detail)[:2000],
    )


def _legible(text: str) -> str:
    """What both databases can hold, on one line: nobody writes lines of their own into the log."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
