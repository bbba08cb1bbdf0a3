"""Plans, the documents they came from, and the parties that answer for their items."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.types import Key, values_of


class PartyKind(StrEnum):
    """Who a party is. Exactly one party of a plan is its supervision office: the rung that always resolves."""

    PERSON = "person"
    UNIT = "unit"
    COLLECTIVE = "collective"
    OFFICE = "office"


class Plan(Base):
    """One published document's items, under one issuing body, with one directory of parties and one policy."""

    __tablename__ = "plan"
    __table_args__ = (
        CheckConstraint("(released_at IS NULL) = (released_by IS NULL)", name="release_has_actor"),
        CheckConstraint("length(code) > 0", name="code_not_empty"),
        CheckConstraint("(voided_at IS NULL) = (voided_by IS NULL)", name="voided_has_actor"),
        CheckConstraint("(voided_at IS NULL) = (voided_reason IS NULL)", name="voided_has_reason"),
        CheckConstraint("voided_at IS NULL OR released_at IS NULL", name="voided_before_release"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    code: Mapped[str] = mapped_column(String(80), unique=True)  # short name, used in run names and on the board
    kind: Mapped[str] = mapped_column(String(32))
    title: Mapped[str] = mapped_column(String(500))
    issuer: Mapped[str | None] = mapped_column(String(200))
    reference: Mapped[str | None] = mapped_column(String(100))
    issued_on: Mapped[dt.date | None]
    year: Mapped[int | None]
    policy: Mapped[str] = mapped_column(Text)  # the policy's TOML as it stood: an edit never touches running clocks
    policy_name: Mapped[str] = mapped_column(String(80))
    registered_on: Mapped[dt.date]
    registered_at: Mapped[dt.datetime]
    released_at: Mapped[dt.datetime | None]
    released_by: Mapped[str | None] = mapped_column(String(100))
    published: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    voided_at: Mapped[dt.datetime | None]  # registered by mistake and taken back: it stays, and nothing lists it
    voided_by: Mapped[str | None] = mapped_column(String(100))
    voided_reason: Mapped[str | None] = mapped_column(Text)

    documents: Mapped[list[Document]] = relationship(back_populates="plan", order_by="Document.edition")


class Document(Base):
    """A document as it was received: the bytes, and their hash."""

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("plan_id", "edition"),
        UniqueConstraint("plan_id", "sha256"),
        CheckConstraint("size > 0", name="not_empty"),
        CheckConstraint("length(sha256) = 64", name="sha256_length"),
        CheckConstraint("(pending IS NULL) = (pending_mark IS NULL)", name="pending_has_mark"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    edition: Mapped[int | None]  # null: no edition of the plan, but a published report on what was done (整改进展情况)
    filename: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    received_at: Mapped[dt.datetime]
    received_by: Mapped[str] = mapped_column(String(100))
    # How many of its differences nobody had decided about, and what the ledger looked like then (`edition_counts`).
    pending: Mapped[int | None]
    pending_mark: Mapped[str | None] = mapped_column(String(64))

    plan: Mapped[Plan] = relationship(back_populates="documents")


class Upload(Base):
    """A file that somebody sent in and has not confirmed yet: what it would enter is shown first. Kept for a day."""

    __tablename__ = "upload"
    __table_args__ = (CheckConstraint("size > 0", name="not_empty"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    filename: Mapped[str] = mapped_column(String(255))
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    about: Mapped[dict[str, Any]]  # what else the form said: plan, kind, code, date, the upload of its directory
    received_at: Mapped[dt.datetime] = mapped_column(index=True)
    received_by: Mapped[str] = mapped_column(String(100))


class DocumentDecision(Base):
    """What a person decided about one difference that a later document makes: taken over, or not, and why.

    `key` names the item (or the reported problem) within the document, `field` the field; "" is the item as a whole.
    """

    __tablename__ = "document_decision"
    __table_args__ = (UniqueConstraint("document_id", "key", "field"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"), index=True)
    key: Mapped[str] = mapped_column(String(300))
    field: Mapped[str] = mapped_column(String(40), default="", server_default="")
    accepted: Mapped[bool]
    value: Mapped[dict[str, Any]]  # {"after": …}: what the document says, so that a later one is held against it
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    decided_by: Mapped[str] = mapped_column(String(100))
    decided_at: Mapped[dt.datetime]


class Party(Base):
    """A person, a unit, a collective, or the supervision office, within one plan's directory."""

    __tablename__ = "party"
    __table_args__ = (
        UniqueConstraint("plan_id", "name"),
        CheckConstraint("length(name) > 0", name="name_not_empty"),
        CheckConstraint("valid_from IS NULL OR valid_to IS NULL OR valid_from <= valid_to", name="valid_period"),
        CheckConstraint("email IS NULL OR email LIKE '%_@_%'", name="email_shape"),
        CheckConstraint("substitute_id IS NULL OR substitute_id <> id", name="not_own_substitute"),
        CheckConstraint("superior_id IS NULL OR superior_id <> id", name="not_own_superior"),
        CheckConstraint("successor_id IS NULL OR successor_id <> id", name="not_own_successor"),
        Index("ix_party_name", "name"),  # an account acts for names, in every plan: asked at each request
        Index(
            "uq_party_office",
            "plan_id",
            unique=True,
            sqlite_where=sql("kind = 'office'"),
            postgresql_where=sql("kind = 'office'"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[PartyKind] = mapped_column(values_of(PartyKind, "kind"))
    post: Mapped[str | None] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(254))
    superior_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    substitute_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    head_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)  # a unit's head (单位负责人)
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)  # goes on with all it had
    is_plan_head: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    known: Mapped[bool] = mapped_column(default=True, server_default=sql("true"))  # false: named in the text only
    valid_from: Mapped[dt.date | None]
    valid_to: Mapped[dt.date | None]

    aliases: Mapped[list[PartyAlias]] = relationship(back_populates="party", cascade="all, delete-orphan")


class PartyAlias(Base):
    """Another name of a party; one name means one party within a plan."""

    __tablename__ = "party_alias"
    __table_args__ = (UniqueConstraint("plan_id", "name"), Index("ix_party_alias_name", "name"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200))

    party: Mapped[Party] = relationship(back_populates="aliases")


class PartyMember(Base):
    """A collective party (各街镇) expands to named units, each of which owes its own report."""

    __tablename__ = "party_member"
    __table_args__ = (CheckConstraint("collective_id <> member_id", name="not_itself"),)

    collective_id: Mapped[int] = mapped_column(ForeignKey("party.id", ondelete="CASCADE"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("party.id", ondelete="CASCADE"), primary_key=True, index=True)


class DirectoryChange(Base):
    """What one directory changed about one party, by whom and from which file: rows are added, never altered."""

    __tablename__ = "directory_change"
    __table_args__ = (
        CheckConstraint("length(name) > 0", name="name_not_empty"),
        CheckConstraint("change IN ('new', 'changed', 'ended')", name="change"),
        Index("ix_directory_change_plan_name", "plan_id", "name"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    name: Mapped[str] = mapped_column(String(200))
    change: Mapped[str] = mapped_column(String(16))
    fields: Mapped[dict[str, Any]]  # column → {"before": …, "after": …}, in words
    filename: Mapped[str] = mapped_column(String(255), default="", server_default="")
    changed_by: Mapped[str] = mapped_column(String(100))
    changed_at: Mapped[dt.datetime]


class Absence(Base):
    """A span in which a party's substitute stands in (外出、请假); it does not cascade to the substitute's own."""

    __tablename__ = "absence"
    __table_args__ = (CheckConstraint("first_on <= last_on", name="span"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id", ondelete="CASCADE"), index=True)
    first_on: Mapped[dt.date]
    last_on: Mapped[dt.date]
    entered_by: Mapped[str] = mapped_column(String(100))
    entered_at: Mapped[dt.datetime]
    cancelled_at: Mapped[dt.datetime | None]


class PolicyEdition(Base):
    """A policy that a plan had before a person applied another one."""

    __tablename__ = "policy_edition"
    __table_args__ = (UniqueConstraint("plan_id", "edition"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    edition: Mapped[int]
    name: Mapped[str] = mapped_column(String(80))
    policy: Mapped[str] = mapped_column(Text)
    replaced_by: Mapped[str] = mapped_column(String(100))
    replaced_at: Mapped[dt.datetime]


class CalendarEdition(Base):
    """An office's own days as they were applied; the newest one is in force on every machine alike."""

    __tablename__ = "calendar_edition"
    __table_args__ = (CheckConstraint("length(sha256) = 64", name="sha256_length"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    filename: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[str] = mapped_column(Text)
    applied_by: Mapped[str] = mapped_column(String(100))
    applied_at: Mapped[dt.datetime]
