"""Signing in at the office's identity provider: which account a person there has here, and the way there and back.

Nobody gets an account or a right by signing in there: an administrator links an existing account, by the person's
address or by their subject. A verified address finds the account once; from then on the subject does, so that an
address that is given to somebody else later opens nothing.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from duban.adapters.database import Database
from duban.adapters.oidc import Begun, Client, Person, ProviderRefused
from duban.adapters.oidc_logout import SignedOut
from duban.domain.parties import usable
from duban.errors import DubanError
from duban.services.accounts import NameTaken, digest, user_named
from duban.services.sign_in import LockedOut, PageSession, log_access, open_session
from duban.settings import Settings
from models import PendingSignIn, Token, User

#: So long a person may take at the provider.
PATIENCE = dt.timedelta(minutes=10)
#: The provider's clock and ours do not agree to the second.
SLACK = dt.timedelta(minutes=1)
CALLBACK = "/sign-in/oidc/callback"
ACTION = "sign_in_oidc"


class UnknownPerson(DubanError):
    """{who} has signed in at the identity provider, and has no account here.

    Ask an administrator to link one: `duban user link NAME {option}`.
    """

    code = "unknown_person"
    status = 403


class BadAddress(DubanError):
    """No server takes the address {address}.

    Give one like name@example.org, without blanks, full-width characters or an empty part.
    """

    code = "bad_address"
    status = 422
    exit_code = 2


@dataclass(frozen=True, slots=True)
class Resumed:
    """A sign-in that came back to the browser that began it."""

    nonce: str
    verifier: str
    target: str


def client_of(settings: Settings) -> Client | None:
    """What the settings say about the provider; None where the office has none."""
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    secret = settings.oidc_client_secret
    return Client(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=secret.get_secret_value() if secret is not None else None,
        scope=settings.oidc_scope,
        redirect_uri=settings.public_url.rstrip("/") + CALLBACK,
    )


def keep(database: Database, begun: Begun, *, target: str, now: dt.datetime) -> str:
    """Remembers a sign-in on its way; returns what the browser that began it has to bring back."""
    browser = secrets.token_urlsafe(32)
    with database.write() as session:
        session.execute(delete(PendingSignIn).where(PendingSignIn.expires_at <= now))
        session.add(
            PendingSignIn(
                state_hash=digest(begun.state),
                browser_hash=digest(browser),
                nonce=begun.nonce,
                verifier=begun.verifier,
                target=target[:500],
                expires_at=now + PATIENCE,
            )
        )
    return browser


def resume(database: Database, *, state: str, browser: str, now: dt.datetime) -> Resumed:
    """Takes a sign-in that has come back, once. Raises ProviderRefused for any other state, browser or hour."""
    with database.write() as session:
        taken = session.execute(
            delete(PendingSignIn)
            .where(
                PendingSignIn.state_hash == digest(state),
                PendingSignIn.browser_hash == digest(browser),
                PendingSignIn.expires_at > now,
            )
            .returning(PendingSignIn.nonce, PendingSignIn.verifier, PendingSignIn.target)
        ).one_or_none()
    if taken is None:
        raise ProviderRefused(reason="it was not begun in this browser, has been used already, or took too long")
    return Resumed(*taken)


def sign_in_as(database: Database, person: Person, *, address: str, now: dt.datetime) -> PageSession:
    """A page session for the account of a person whom the provider vouches for.

    Raises UnknownPerson, LeftOffice, or LockedOut while too many wrong passwords lock the account; every attempt is
    logged.
    """
    name, locked = _account(database, person)
    if name is None:
        option = f"--mail {person.mail}" if person.mail else f"--subject {person.subject}"
        refused = UnknownPerson(who=person.shown, option=option)
        _log(database, person.shown, refused.code, address, now, f"{person.issuer} {person.subject}")
        raise refused
    if locked is not None and locked > now:
        _log(database, name, LockedOut.code, address, now, person.shown)
        raise LockedOut(until=f"{locked:%Y-%m-%d %H:%M} UTC")
    return open_session(database, name, address, now, door=ACTION, provider_session=person.session)


def _account(database: Database, person: Person) -> tuple[str | None, dt.datetime | None]:
    """The active account of a person, bound to their subject from now on; its name and until when it is locked."""
    external = external_id(person.issuer, person.subject)
    with database.write() as session:
        user = session.scalar(select(User).where(User.external_id == external, User.active))
        if user is None and person.mail is not None:
            user = session.scalar(select(User).where(User.mail == person.mail, User.external_id.is_(None), User.active))
            if user is not None:
                user.external_id = external
        return (None, None) if user is None else (user.name, user.locked_until)


def link(database: Database, *, name: str, mail: str | None = None, external: str | None = None) -> None:
    """Links an account to a person at the provider, by their address or by issuer|subject; neither: unlinks it.

    A new link replaces the one before, so that an address finds its person anew. Raises NotFound,
    NameTaken, BadAddress.
    """
    if mail and not usable(mail.strip()):
        raise BadAddress(address=mail.strip())
    try:
        with database.write() as session:
            user = user_named(session, name)
            user.mail, user.external_id = mail.strip().lower() if mail else None, external
    except IntegrityError:
        raise NameTaken(name=mail or str(external)) from None


def end_sessions(database: Database, ended: SignedOut, *, address: str, now: dt.datetime) -> int:
    """Ends the page sessions that came out of a session at the provider which is over; returns how many. Logged.

    Those that were opened after it ended stay, so that nobody ends later ones with an old token; and so do sessions
    that were opened with a password.
    """
    query = (
        select(Token)
        .join(Token.user)
        .where(
            Token.purpose == "session",
            Token.name == ACTION,
            Token.revoked_at.is_(None),
            Token.created_at <= ended.at + SLACK,
        )
    )
    if ended.session is not None:
        query = query.where(Token.provider_session == ended.session)
    if ended.subject is not None:
        query = query.where(User.external_id == external_id(ended.issuer, ended.subject))
    with database.write() as session:
        tokens = session.scalars(query).all()
        names = sorted({token.user.name for token in tokens})
        for token in tokens:
            token.revoked_at = now
    for name in names or ["-"]:
        detail = f"{len(tokens)} sessions: {ended.subject or '-'} {ended.session or 'all'}"
        log_access(
            database, actor=name, action="sign_out_oidc", outcome="done", address=address, now=now, detail=detail
        )
    return len(tokens)


def external_id(issuer: str, subject: str) -> str:
    """How an account keeps its person at the provider."""
    return f"{issuer}|{subject}"


def log_refused(database: Database, error: DubanError, *, address: str, now: dt.datetime) -> None:
    """Writes a sign-in that came to nothing before anybody was known."""
    _log(database, "-", error.code, address, now, error.message)


def _log(database: Database, actor: str, outcome: str, address: str, now: dt.datetime, detail: str) -> None:
    log_access(database, actor=actor, action=ACTION, outcome=outcome, address=address, now=now, detail=detail)
