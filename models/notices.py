"""Notices, who gets them, and the outbox that delivers them."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.types import Key, values_of


class DeliveryStatus(StrEnum):
    """Where one sending stands; `unknown` waits for a person and is never resent by itself."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


#: Nothing more happens to these by itself.
SETTLED = (DeliveryStatus.SENT, DeliveryStatus.UNKNOWN, DeliveryStatus.FAILED, DeliveryStatus.SUPPRESSED)


class NoticeSeries(Base):
    """The counter of one series in one year; taken in the transaction that writes the notice, so it has no gap."""

    __tablename__ = "notice_series"
    __table_args__ = (CheckConstraint("last >= 0", name="last_positive"),)

    series: Mapped[str] = mapped_column(String(40), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class Notice(Base):
    """One matter, one notice: its facts, its number, and who gets it. How each copy read is kept on its delivery."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("cause"),
        UniqueConstraint("series", "year", "number"),
        CheckConstraint("(series IS NULL) = (number IS NULL)", name="numbered_in_series"),
        CheckConstraint("(series IS NULL) = (year IS NULL)", name="year_in_series"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_reason IS NULL)", name="withdrawn_has_reason"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    cause: Mapped[str] = mapped_column(String(200))  # what it was written for; unique, so it is written once
    as_of: Mapped[dt.date] = mapped_column(index=True)
    series: Mapped[str | None] = mapped_column(String(40))
    year: Mapped[int | None]
    number: Mapped[int | None]
    colour: Mapped[str] = mapped_column(String(8))
    context: Mapped[dict[str, Any]]  # what every copy says; the reader of a copy is added when it is rendered
    acknowledge_by: Mapped[dt.date | None]
    created_at: Mapped[dt.datetime]
    sheet: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)  # the .docx as sent
    withdrawn_at: Mapped[dt.datetime | None]
    withdrawn_reason: Mapped[str | None] = mapped_column(Text)
    withdrawn_by: Mapped[str | None] = mapped_column(String(100))

    recipients: Mapped[list[NoticeRecipient]] = relationship(back_populates="notice")


class NoticeRecipient(Base):
    """Who gets a notice, in whose place, and whether they have acknowledged it (签收)."""

    __tablename__ = "notice_recipient"
    __table_args__ = (
        UniqueConstraint("notice_id", "party_id", "for_name"),
        CheckConstraint("role IN ('to', 'cc')", name="role"),
        CheckConstraint("(acknowledged_at IS NULL) = (acknowledged_by IS NULL)", name="acknowledged_has_actor"),
        CheckConstraint("(excused_at IS NULL) = (excused_why IS NULL)", name="excused_has_reason"),
        CheckConstraint("excused_at IS NULL OR acknowledged_at IS NULL", name="excused_before_receipt"),
        Index(
            "ix_notice_recipient_unassembled",
            "address",
            sqlite_where=sql("delivery_id IS NULL"),
            postgresql_where=sql("delivery_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"), index=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    for_party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)  # whom it is meant for
    for_name: Mapped[str] = mapped_column(String(200), default="", server_default="")  # that one's name; "" for oneself
    role: Mapped[str] = mapped_column(String(2))
    address: Mapped[str] = mapped_column(String(254))
    why: Mapped[str | None] = mapped_column(String(200))  # why it goes to another than the one it is meant for
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"), index=True)
    acknowledged_at: Mapped[dt.datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(String(100))
    excused_at: Mapped[dt.datetime | None]  # since when no receipt is owed any more, though none was given
    excused_why: Mapped[str | None] = mapped_column(String(200))

    notice: Mapped[Notice] = relationship(back_populates="recipients")


class ApprovalOutcome(StrEnum):
    """What became of a sheet that waited: it left, somebody refused it, or what it said held no longer."""

    APPROVED = "approved"
    REFUSED = "refused"
    LAPSED = "lapsed"


class Approval(Base):
    """A sheet of the ladder that leaves only when its approver lets it go; until then it has neither number nor reader.

    A summons gets its time, place and speaker with the approval, and the record of the talk when it was held.
    """

    __tablename__ = "approval"
    __table_args__ = (
        UniqueConstraint("notice_id"),
        CheckConstraint("approver IN ('plan_head', 'supervision_office')", name="approver"),
        CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name="decided_has_instant"),
        CheckConstraint("(outcome IS NULL) = (decided_by IS NULL)", name="decided_has_actor"),
        CheckConstraint("outcome NOT IN ('refused', 'lapsed') OR reason <> ''", name="says_why"),
        CheckConstraint("(talk_at IS NULL) = (talk_place IS NULL)", name="talk_has_place"),
        CheckConstraint("(talk_at IS NULL) = (talk_speaker IS NULL)", name="talk_has_speaker"),
        CheckConstraint("talk_at IS NULL OR outcome = 'approved'", name="talk_approved"),
        CheckConstraint("(recorded_at IS NULL) = (promised IS NULL)", name="record_has_promise"),
        CheckConstraint("(recorded_at IS NULL) = (recorded_by IS NULL)", name="record_has_actor"),
        CheckConstraint("recorded_at IS NULL OR talk_at IS NOT NULL", name="record_of_talk"),
        CheckConstraint("promised_on IS NULL OR promised IS NOT NULL", name="promised_what"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"))  # the sheet that waits
    memo_id: Mapped[int | None] = mapped_column(ForeignKey("notice.id"), index=True)  # the 呈批件 that asks for it
    clock_id: Mapped[int] = mapped_column(ForeignKey("clock.id"), index=True)  # whose rung it is
    due_on: Mapped[dt.date]  # that clock's limit when it was proposed: moved since, the proposal lapses
    approver: Mapped[str] = mapped_column(String(32))
    outcome: Mapped[ApprovalOutcome | None] = mapped_column(values_of(ApprovalOutcome, "outcome"))
    decided_at: Mapped[dt.datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    talk_at: Mapped[dt.datetime | None]
    talk_place: Mapped[str | None] = mapped_column(String(200))
    talk_speaker: Mapped[str | None] = mapped_column(String(100))
    promised: Mapped[str | None] = mapped_column(Text)  # what was said and promised in the talk
    promised_on: Mapped[dt.date | None]
    recorded_at: Mapped[dt.datetime | None]
    recorded_by: Mapped[str | None] = mapped_column(String(100))


class Delivery(Base):
    """One sending over one channel to one address, rendered as it goes out: the outbox.

    It carries one notice, or as a digest all that one person gets in one night.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("message_id"),
        CheckConstraint("(status = 'sending') = (sending_until IS NOT NULL)", name="sending_has_deadline"),
        CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name="sent_has_instant"),
        CheckConstraint("status NOT IN ('failed', 'unknown', 'suppressed') OR error IS NOT NULL", name="says_why"),
        CheckConstraint("attempts >= 0", name="attempts_positive"),
        Index(
            "ix_delivery_open",
            "not_before",
            "id",
            sqlite_where=sql("status IN ('queued', 'sending')"),
            postgresql_where=sql("status IN ('queued', 'sending')"),
        ),
        Index(
            "ix_delivery_sent",  # what left lately, read without the mails themselves
            "sent_at",
            "address",
            sqlite_where=sql("sent_at IS NOT NULL"),
            postgresql_where=sql("sent_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))  # the kind of its notice, or digest
    channel: Mapped[str] = mapped_column(String(16), default="mail", server_default="mail")
    address: Mapped[str] = mapped_column(String(254), index=True)
    name: Mapped[str] = mapped_column(String(200))
    as_of: Mapped[dt.date] = mapped_column(index=True)
    message_id: Mapped[str] = mapped_column(String(200))
    context: Mapped[dict[str, Any]]
    subject: Mapped[str] = mapped_column(String(500))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    template: Mapped[str] = mapped_column(String(100))
    template_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[DeliveryStatus] = mapped_column(values_of(DeliveryStatus, "status"))
    attempts: Mapped[int] = mapped_column(default=0, server_default=sql("0"))
    not_before: Mapped[dt.datetime]
    sending_until: Mapped[dt.datetime | None]
    claimed_by: Mapped[str | None] = mapped_column(String(100))
    sent_at: Mapped[dt.datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    settled_by: Mapped[str | None] = mapped_column(String(100))  # the person who decided about an unknown or failed one
    created_at: Mapped[dt.datetime]

    recipients: Mapped[list[NoticeRecipient]] = relationship()
