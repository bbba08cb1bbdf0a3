"""What happened and who may act: events, their anchors, signals to the engine, users and tokens."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.types import Key, values_of


class UserRole(StrEnum):
    """What a user or a token may do; party scope narrows `unit` and `lead`."""

    VIEWER = "viewer"
    UNIT = "unit"
    LEAD = "lead"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class Event(Base):
    """Append-only: triggers on both databases refuse update and delete. Hash-chained an item."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("item_id", "seq"),
        CheckConstraint("seq >= 1", name="seq_positive"),
        CheckConstraint("length(hash) = 64", name="hash_length"),
        CheckConstraint("(seq = 1) = (previous_hash = '')", name="first_has_no_previous"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    seq: Mapped[int]
    type: Mapped[str] = mapped_column(String(64), index=True)
    actor: Mapped[str] = mapped_column(String(100))
    source: Mapped[str] = mapped_column(String(16))  # api, cli, page, prefect, night, document
    occurred_at: Mapped[dt.datetime]
    recorded_at: Mapped[dt.datetime]
    reason: Mapped[str] = mapped_column(Text, default="")
    payload: Mapped[dict[str, Any]]
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class Anchor(Base):
    """A night's seal over all chains: how many events there were, and one hash over the head of every chain."""

    __tablename__ = "anchor"
    __table_args__ = (CheckConstraint("length(hash) = 64", name="hash_length"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    as_of: Mapped[dt.date] = mapped_column(index=True)
    anchored_at: Mapped[dt.datetime]
    last_event_id: Mapped[int]
    events: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))


class Signal(Base):
    """The outbox to the engine: an item whose run must look at the ledger again."""

    __tablename__ = "signal"
    __table_args__ = (
        Index(
            "ix_signal_open",
            "id",
            sqlite_where=sql("delivered_at IS NULL"),
            postgresql_where=sql("delivered_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), index=True)
    created_at: Mapped[dt.datetime]
    delivered_at: Mapped[dt.datetime | None]
    claimed_until: Mapped[dt.datetime | None]
    attempts: Mapped[int] = mapped_column(default=0, server_default=sql("0"))
    error: Mapped[str | None] = mapped_column(Text)


class IdempotencyKey(Base):
    """An answer already given: the same key with the same request gets it again, with another request is refused."""

    __tablename__ = "idempotency_key"

    actor: Mapped[str] = mapped_column(String(100), primary_key=True)
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    body: Mapped[dict[str, Any]]
    created_at: Mapped[dt.datetime] = mapped_column(index=True)


class User(Base):
    """Somebody who signs in."""

    __tablename__ = "user_account"
    __table_args__ = (
        CheckConstraint("length(name) > 0", name="name_not_empty"),
        CheckConstraint("failed_attempts >= 0", name="failed_attempts_positive"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    role: Mapped[UserRole] = mapped_column(values_of(UserRole, "role"))
    password_hash: Mapped[str | None] = mapped_column(String(200))  # Argon2; null: signs in elsewhere or by token only
    # Who they are at the office's identity provider: a verified address until they first sign in, then issuer|subject.
    mail: Mapped[str | None] = mapped_column(String(254), unique=True)
    external_id: Mapped[str | None] = mapped_column(String(600), unique=True)
    active: Mapped[bool] = mapped_column(default=True, server_default=sql("true"))
    failed_attempts: Mapped[int] = mapped_column(default=0, server_default=sql("0"))
    locked_until: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]

    scopes: Mapped[list[UserScope]] = relationship(cascade="all, delete-orphan")


class UserScope(Base):
    """The parties that a user acts for, by name: the same unit or person in every plan."""

    __tablename__ = "user_scope"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    party_name: Mapped[str] = mapped_column(String(200), primary_key=True)


class Token(Base):
    """A key to the API: only its hash is kept. A page session is one too (`purpose = session`)."""

    __tablename__ = "token"
    __table_args__ = (
        CheckConstraint("purpose IN ('api', 'session', 'link')", name="purpose"),
        CheckConstraint("length(hash) = 64", name="hash_length"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    purpose: Mapped[str] = mapped_column(String(16))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    csrf: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]
    last_used_at: Mapped[dt.datetime | None]
    # The session at the office's identity provider (`sid`) that a page session came out of: it can end this one.
    provider_session: Mapped[str | None] = mapped_column(String(255))

    user: Mapped[User] = relationship()


class SavedView(Base):
    """A user's own filters of the list of items, under a name: the address's query, as pairs."""

    __tablename__ = "saved_view"
    __table_args__ = (
        UniqueConstraint("user_id", "name"),
        CheckConstraint("length(name) > 0", name="name_not_empty"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(40))
    filters: Mapped[dict[str, Any]]
    created_at: Mapped[dt.datetime]


class PendingSignIn(Base):
    """A sign-in that is on its way through the identity provider: it is taken once, by the browser that began it."""

    __tablename__ = "pending_sign_in"
    __table_args__ = (CheckConstraint("length(state_hash) = 64", name="state_hash_length"),)

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    browser_hash: Mapped[str] = mapped_column(String(64))
    nonce: Mapped[str] = mapped_column(String(100))
    verifier: Mapped[str] = mapped_column(String(128))
    target: Mapped[str] = mapped_column(String(500))
    expires_at: Mapped[dt.datetime] = mapped_column(index=True)


class RequestCount(Base):
    """What a client has asked of all processes together, ever; each looks at how much it has grown."""

    __tablename__ = "request_count"

    client: Mapped[str] = mapped_column(String(200), primary_key=True)
    taken: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[dt.datetime] = mapped_column(index=True)


class AccessLog(Base):
    """Sign-ins and refusals: who, what, from where."""

    __tablename__ = "access_log"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(100))
    outcome: Mapped[str] = mapped_column(String(40))
    address: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(Text, default="")
