"""Clocks, the rungs that they fired, and the nights that fired them."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from duban.domain.clocks import ClockState
from duban.domain.counting import Unit
from duban.domain.policy_model import ClockKind
from models.base import Base
from models.types import Key, values_of

OPEN_CLOCK = "state IN ('armed', 'running', 'paused')"


class RungOutcome(StrEnum):
    """What became of a rung: a notice, or the recorded reason why none."""

    NOTICED = "noticed"
    SUPPRESSED = "suppressed"


class NightState(StrEnum):
    """How a night ended."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class Clock(Base):
    """A deadline that runs. Overdue is derived from `due_on`; only the first breach is stored."""

    __tablename__ = "clock"
    __table_args__ = (
        CheckConstraint("(state = 'paused') = (paused_on IS NOT NULL)", name="paused_has_date"),
        CheckConstraint(
            "(state IN ('completed', 'cancelled', 'superseded')) = (ended_at IS NOT NULL)", name="ended_has_instant"
        ),
        CheckConstraint("(state = 'superseded') = (superseded_by_id IS NOT NULL)", name="superseded_by_clock"),
        CheckConstraint("due_on >= nominal_due_on OR kind <> 'limit'", name="rolls_forward"),
        CheckConstraint(f"next_rung_on IS NULL OR {OPEN_CLOCK}", name="only_open_clocks_fire"),
        CheckConstraint("superseded_by_id IS NULL OR superseded_by_id <> id", name="not_superseded_by_itself"),
        CheckConstraint("(amount IS NULL) = (unit IS NULL)", name="amount_has_unit"),
        CheckConstraint("amount IS NULL OR (counted AND amount > 0)", name="counted_has_amount"),
        CheckConstraint("(kind = 'acknowledge') = (recipient_id IS NOT NULL)", name="receipt_of_a_copy"),
        # One open clock for each milestone, one for each receipt, and one of a kind for the item as a whole.
        Index(
            "uq_clock_open_milestone",
            "item_id",
            "kind",
            "milestone_id",
            unique=True,
            sqlite_where=sql(f"{OPEN_CLOCK} AND milestone_id IS NOT NULL"),
            postgresql_where=sql(f"{OPEN_CLOCK} AND milestone_id IS NOT NULL"),
        ),
        Index(
            "uq_clock_open_item",
            "item_id",
            "kind",
            unique=True,
            sqlite_where=sql(f"{OPEN_CLOCK} AND milestone_id IS NULL AND recipient_id IS NULL"),
            postgresql_where=sql(f"{OPEN_CLOCK} AND milestone_id IS NULL AND recipient_id IS NULL"),
        ),
        Index(
            "uq_clock_open_recipient",
            "recipient_id",
            "kind",
            unique=True,
            sqlite_where=sql(OPEN_CLOCK),
            postgresql_where=sql(OPEN_CLOCK),
        ),
        Index("ix_clock_next_rung_on_id", "next_rung_on", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), index=True)
    milestone_id: Mapped[int | None] = mapped_column(ForeignKey("milestone.id"), index=True)
    recipient_id: Mapped[int | None] = mapped_column(ForeignKey("notice_recipient.id"), index=True)  # whose receipt
    kind: Mapped[ClockKind] = mapped_column(values_of(ClockKind, "kind"))
    state: Mapped[ClockState] = mapped_column(values_of(ClockState, "state"))
    cycle: Mapped[int] = mapped_column(default=1, server_default=sql("1"))
    started_on: Mapped[dt.date]
    armed_on: Mapped[dt.date]  # its rungs that were due by then were nobody's to miss: only the highest of them fires
    nominal_due_on: Mapped[dt.date]  # as printed, or as counted
    due_on: Mapped[dt.date]  # rolled to a working day
    counted: Mapped[bool] = mapped_column(
        default=False, server_default=sql("false")
    )  # a counted limit, not a fixed date
    amount: Mapped[int | None]  # so many units were counted from the day after `started_on`
    unit: Mapped[Unit | None] = mapped_column(values_of(Unit, "unit"))
    remaining_days: Mapped[int | None]  # unconsumed working days, while paused
    paused_on: Mapped[dt.date | None]
    pause_reason: Mapped[str | None] = mapped_column(Text)
    next_rung_on: Mapped[dt.date | None]
    breached_on: Mapped[dt.date | None]
    acknowledged_on: Mapped[dt.date | None]
    superseded_by_id: Mapped[int | None] = mapped_column(ForeignKey("clock.id"), index=True)
    ended_at: Mapped[dt.datetime | None]
    policy: Mapped[str | None] = mapped_column(Text)  # set where this clock keeps rules that its plan has since changed


class ClockPause(Base):
    """One pause of a clock, kept after it ended, so that its date can be explained day by day."""

    __tablename__ = "clock_pause"
    __table_args__ = (
        CheckConstraint("resumed_on IS NULL OR resumed_on >= paused_on", name="resumed_after"),
        CheckConstraint("(resumed_on IS NULL) = (resumed_by IS NULL)", name="resumed_has_actor"),
        Index(
            "uq_clock_pause_lasting",
            "clock_id",
            unique=True,
            sqlite_where=sql("resumed_on IS NULL"),
            postgresql_where=sql("resumed_on IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    clock_id: Mapped[int] = mapped_column(ForeignKey("clock.id"), index=True)
    paused_on: Mapped[dt.date]
    reason: Mapped[str] = mapped_column(Text)
    paused_by: Mapped[str] = mapped_column(String(100))
    resumed_on: Mapped[dt.date | None]
    resumed_by: Mapped[str | None] = mapped_column(String(100))


class RungFired(Base):
    """One rung of one clock, fired once: the unique key is what keeps a notice from being sent twice."""

    __tablename__ = "rung_fired"
    __table_args__ = (
        UniqueConstraint("clock_id", "rung", "cycle"),
        CheckConstraint("(outcome = 'noticed') = (notice_id IS NOT NULL)", name="noticed_has_notice"),
        CheckConstraint("(outcome = 'suppressed') = (reason IS NOT NULL)", name="suppressed_has_reason"),
        CheckConstraint("fired_on >= due_on", name="not_before_due"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    clock_id: Mapped[int] = mapped_column(ForeignKey("clock.id"), index=True)
    rung: Mapped[str] = mapped_column(String(40))
    cycle: Mapped[int]
    due_on: Mapped[dt.date]
    fired_on: Mapped[dt.date] = mapped_column(index=True)
    fired_at: Mapped[dt.datetime]
    outcome: Mapped[RungOutcome] = mapped_column(values_of(RungOutcome, "outcome"))
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notice.id"), index=True)
    reason: Mapped[str | None] = mapped_column(Text)
    carried_over: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))  # from a superseded clock


class Night(Base):
    """One business date's nightly run: its age is what /readyz reports."""

    __tablename__ = "night"
    __table_args__ = (CheckConstraint("(state = 'running') = (finished_at IS NULL)", name="finished_has_instant"),)

    as_of: Mapped[dt.date] = mapped_column(primary_key=True)
    state: Mapped[NightState] = mapped_column(values_of(NightState, "state"))
    started_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime | None]
    counts: Mapped[dict[str, Any]]


class Snapshot(Base):
    """How many items stood where, on one day: what trends are drawn from."""

    __tablename__ = "snapshot"
    __table_args__ = (
        UniqueConstraint("as_of", "plan_id", "party_id", "state", "light"),
        CheckConstraint("items > 0", name="items_positive"),
        CheckConstraint("light IN ('green', 'yellow', 'red', 'none')", name="light"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    as_of: Mapped[dt.date] = mapped_column(index=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    party_id: Mapped[int] = mapped_column(default=0)  # 0: the whole plan
    state: Mapped[str] = mapped_column(String(32))
    light: Mapped[str] = mapped_column(String(8))
    items: Mapped[int]
