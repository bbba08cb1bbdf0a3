"""Items and what belongs to one: measures, milestones, regulations, targets, roles, anomalies, evidence, closing."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from duban.domain.lifecycle import Outcome, State
from models.base import Base
from models.plans import Party, Plan
from models.types import Key, values_of


class Category(StrEnum):
    """即知即改 · 限期整改 · 长期推进."""

    IMMEDIATE = "immediate"
    BY_DEADLINE = "by_deadline"
    LONG_TERM = "long_term"


class Role(StrEnum):
    """What a party is on an item."""

    LEAD_OFFICIAL = "lead_official"
    LEAD_UNIT = "lead_unit"
    RESPONSIBLE = "responsible"
    SUPPORT = "support"
    SUPERVISING = "supervising"
    CALLER = "caller"  # 吹哨: the lower unit that called
    CALLED = "called"  # 报到: the unit that was called, and must report


class Origin(StrEnum):
    """Which door an item came in by: a document, a 举一反三 self-check of another item, or a call (吹哨)."""

    DOCUMENT = "document"
    SELF_CHECK = "self_check"
    CALL = "call"


class Progress(StrEnum):
    """未完成 / 基本完成 / 已完成. 基本完成 never closes."""

    OPEN = "open"
    MOSTLY_DONE = "mostly_done"
    DONE = "done"


class MilestoneKind(StrEnum):
    """What a dated part of a limit asks for."""

    ISSUE_REGULATION = "issue_regulation"
    COMPLETE = "complete"
    START = "start"
    CHECK_IN = "check_in"


class RegulationStatus(StrEnum):
    """Whether an instrument is promised or issued."""

    PLANNED = "planned"
    ISSUED = "issued"


class ResolutionAction(StrEnum):
    """How a person settled a doubt about the reading."""

    KEEP = "keep"
    MERGE = "merge"
    EDIT = "edit"
    DROP = "drop"
    SPLIT = "split"  # read as one, and two: what follows becomes an item of its own
    JOIN = "join"  # read as two, and one: it goes on in another item


class ClosingStep(StrEnum):
    """申请销号 → 签字 → 核查 → 公示."""

    REQUEST = "request"
    SIGN = "sign"
    VERIFY = "verify"
    PUBLISH = "publish"


class Item(Base):
    """One numbered entry of a plan. `version` counts its changes; only `services.transitions` writes `state`."""

    __tablename__ = "item"
    __table_args__ = (
        # A number printed twice is two rows until a person decides; `copy` tells them apart.
        UniqueConstraint("plan_id", "path_key", "number", "copy"),
        CheckConstraint("version >= 1", name="version_positive"),
        CheckConstraint("cycle >= 1", name="cycle_positive"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_has_instant"),
        CheckConstraint("(state = 'closed') = (outcome IS NOT NULL)", name="closed_has_outcome"),
        CheckConstraint("merged_into_id IS NULL OR outcome = 'merged'", name="merged_has_outcome"),
        CheckConstraint("merged_into_id IS NULL OR merged_into_id <> id", name="not_merged_into_itself"),
        CheckConstraint("parent_id IS NULL OR parent_id <> id", name="not_own_parent"),
        CheckConstraint("run_version <= version", name="run_not_ahead"),
        # All that a night counts by, so that it need not look at the rows.
        Index("ix_item_plan_state_due", "plan_id", "state", "due_on", "dropped"),
        Index(
            "ix_item_behind",
            "id",
            sqlite_where=sql("run_version < version"),
            postgresql_where=sql("run_version < version"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"), index=True)
    number: Mapped[str] = mapped_column(String(40))
    copy: Mapped[int] = mapped_column(default=1, server_default=sql("1"))
    position: Mapped[int]
    path: Mapped[list[Any]]
    path_key: Mapped[str] = mapped_column(
        String(64), default="", server_default=""
    )  # hash of path where numbers restart
    title: Mapped[str] = mapped_column(Text)
    origin: Mapped[Origin] = mapped_column(
        values_of(Origin, "origin"), default=Origin.DOCUMENT, server_default=Origin.DOCUMENT.value
    )
    goal: Mapped[str | None] = mapped_column(Text)
    time_limit: Mapped[str | None] = mapped_column(Text)
    long_term: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    category: Mapped[Category | None] = mapped_column(values_of(Category, "category"))
    reported_done: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))  # 「已完成整改」
    state: Mapped[State] = mapped_column(values_of(State, "state"))
    version: Mapped[int] = mapped_column(default=1, server_default=sql("1"))
    cycle: Mapped[int] = mapped_column(default=1, server_default=sql("1"))
    relapses: Mapped[int] = mapped_column(default=0, server_default=sql("0"))
    outcome: Mapped[Outcome | None] = mapped_column(values_of(Outcome, "outcome"))
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"), index=True)
    closed_at: Mapped[dt.datetime | None]
    quarantined: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    dropped: Mapped[bool] = mapped_column(
        default=False, server_default=sql("false")
    )  # 剔除: a copy that a person removed
    due_on: Mapped[dt.date | None] = mapped_column(index=True)  # earliest open rolled date: what the board sorts by
    first_due_on: Mapped[dt.date | None]  # the first limit stays visible
    breached_on: Mapped[dt.date | None]  # the first breach, recorded for good
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))  # the edition that its lines are of
    source_line: Mapped[int | None]
    source_end_line: Mapped[int | None]
    flow_run_id: Mapped[str | None] = mapped_column(String(36), index=True)
    run_version: Mapped[int] = mapped_column(default=0, server_default=sql("0"))  # the version that its run shows
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]

    plan: Mapped[Plan] = relationship()
    children: Mapped[list[Item]] = relationship(
        foreign_keys=[parent_id], order_by="Item.position", remote_side=[parent_id], viewonly=True
    )
    measures: Mapped[list[Measure]] = relationship(order_by="Measure.position")
    milestones: Mapped[list[Milestone]] = relationship(order_by="Milestone.position")
    regulations: Mapped[list[Regulation]] = relationship(order_by="Regulation.position")
    targets: Mapped[list[Target]] = relationship(order_by="Target.position")
    roles: Mapped[list[ItemParty]] = relationship(order_by="ItemParty.position")
    anomalies: Mapped[list[Anomaly]] = relationship(order_by="Anomaly.id")


class Measure(Base):
    """One action of an item, with its own progress."""

    __tablename__ = "measure"
    __table_args__ = (
        UniqueConstraint("item_id", "position"),
        CheckConstraint("(progress = 'done') = (done_on IS NOT NULL)", name="done_has_date"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), index=True)
    position: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    progress: Mapped[Progress] = mapped_column(values_of(Progress, "progress"), default=Progress.OPEN)
    done_on: Mapped[dt.date | None]
    reported_by: Mapped[str | None] = mapped_column(String(100))


class Milestone(Base):
    """A dated part of a limit. `due_on` as printed, `rolled_due_on` the working day it rolls to: both are kept."""

    __tablename__ = "milestone"
    __table_args__ = (
        UniqueConstraint("item_id", "position"),
        CheckConstraint("(due_on IS NULL) = (rolled_due_on IS NULL)", name="rolled_with_due"),
        CheckConstraint("rolled_due_on IS NULL OR rolled_due_on >= due_on", name="rolls_forward"),
        CheckConstraint("start_on IS NULL OR due_on IS NULL OR start_on <= due_on", name="starts_before_due"),
        CheckConstraint("done OR done_on IS NULL", name="done_date_only_if_done"),
        CheckConstraint("confidence IN ('sure', 'ambiguous')", name="confidence"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), index=True)
    position: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    kind: Mapped[MilestoneKind] = mapped_column(values_of(MilestoneKind, "kind"))
    start_on: Mapped[dt.date | None]
    due_on: Mapped[dt.date | None]
    rolled_due_on: Mapped[dt.date | None]
    alternative_due_on: Mapped[dt.date | None]
    confidence: Mapped[str] = mapped_column(String(16), default="sure", server_default="sure")
    done: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    done_on: Mapped[dt.date | None]  # unknown where the document itself says 已完成
    reported_by: Mapped[str | None] = mapped_column(String(100))


class Regulation(Base):
    """An instrument that a measure promises or has issued: 《title》, 文号, date."""

    __tablename__ = "regulation"
    __table_args__ = (UniqueConstraint("item_id", "position"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), index=True)
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(500))
    status: Mapped[RegulationStatus] = mapped_column(values_of(RegulationStatus, "status"))
    document_number: Mapped[str | None] = mapped_column(String(100))
    issued_on: Mapped[dt.date | None]


class Target(Base):
    """A number that an item promises, and where it stands."""

    __tablename__ = "target"
    __table_args__ = (
        UniqueConstraint("item_id", "position"),
        CheckConstraint("comparator IN ('>=', '<=', '=', '+%', '-%', '->')", name="comparator"),
        CheckConstraint("(reached IS NULL) = (reached_on IS NULL)", name="reached_has_date"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), index=True)
    position: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(String(300))
    comparator: Mapped[str] = mapped_column(String(2))
    value: Mapped[Decimal] = mapped_column(Numeric(20, 4))
    upper: Mapped[Decimal | None] = mapped_column(Numeric(20, 4))
    baseline: Mapped[Decimal | None] = mapped_column(Numeric(20, 4))
    unit: Mapped[str] = mapped_column(String(40))
    due_on: Mapped[dt.date | None]
    reached: Mapped[Decimal | None] = mapped_column(Numeric(20, 4))
    reached_on: Mapped[dt.date | None]
    reported_by: Mapped[str | None] = mapped_column(String(100))
    evidence_id: Mapped[int | None] = mapped_column(ForeignKey("evidence.id"))


class ItemParty(Base):
    """A party's role on an item, in the order of the text."""

    __tablename__ = "item_party"
    __table_args__ = (Index("ix_item_party_party_role", "party_id", "role"),)

    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(values_of(Role, "role"), primary_key=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), primary_key=True)
    position: Mapped[int]

    party: Mapped[Party] = relationship()


class Anomaly(Base):
    """A doubt about the reading. `item_id` is null where it belongs to no item (orphan text)."""

    __tablename__ = "anomaly"
    __table_args__ = (
        # Without a resolution where a newer directory settled it: the item's history says who entered that.
        CheckConstraint("resolution_id IS NULL OR resolved_at IS NOT NULL", name="resolved_by_resolution"),
        Index(
            "ix_anomaly_blocking",
            "item_id",
            sqlite_where=sql("blocks AND resolved_at IS NULL"),
            postgresql_where=sql("blocks AND resolved_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"), index=True)
    code: Mapped[str] = mapped_column(String(40))
    number: Mapped[str | None] = mapped_column(String(40))
    field: Mapped[str | None] = mapped_column(String(40))
    detail: Mapped[str] = mapped_column(Text)
    line: Mapped[int]
    blocks: Mapped[bool]
    resolution_id: Mapped[int | None] = mapped_column(ForeignKey("resolution.id"))
    resolved_at: Mapped[dt.datetime | None]


class Resolution(Base):
    """A person's decision about an item's doubts; undone ones stay, with who undid them. `before` restores the item."""

    __tablename__ = "resolution"
    __table_args__ = (CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone_has_actor"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), index=True)
    action: Mapped[ResolutionAction] = mapped_column(values_of(ResolutionAction, "action"))
    actor: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(Text)
    resolved_at: Mapped[dt.datetime]
    before: Mapped[dict[str, Any]]
    undone_at: Mapped[dt.datetime | None]
    undone_by: Mapped[str | None] = mapped_column(String(100))


class Evidence(Base):
    """A file that proves what was done (佐证材料); it lies in the evidence folder by its hash."""

    __tablename__ = "evidence"
    __table_args__ = (
        UniqueConstraint("item_id", "sha256"),
        CheckConstraint("size > 0", name="not_empty"),
        CheckConstraint("length(sha256) = 64", name="sha256_length"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), index=True)
    cycle: Mapped[int]
    filename: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(100))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int]
    note: Mapped[str] = mapped_column(Text, default="")
    uploaded_by: Mapped[str] = mapped_column(String(100))
    uploaded_at: Mapped[dt.datetime]


class Closing(Base):
    """One recorded step towards striking an item off; who did it can be held against who verifies."""

    __tablename__ = "closing"
    __table_args__ = (UniqueConstraint("item_id", "cycle", "step", "actor", "party_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), index=True)
    cycle: Mapped[int]
    step: Mapped[ClosingStep] = mapped_column(values_of(ClosingStep, "step"))
    actor: Mapped[str] = mapped_column(String(100))
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    note: Mapped[str] = mapped_column(Text, default="")
    ends_on: Mapped[dt.date | None]  # the last day of a publication
    done_at: Mapped[dt.datetime]


class Extension(Base):
    """A request for a later limit, and what somebody else decided. A pending one does not stop the clock."""

    __tablename__ = "extension"
    __table_args__ = (
        UniqueConstraint("item_id", "cycle", "ordinal"),
        CheckConstraint("ordinal >= 1", name="ordinal_positive"),
        CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name="decided_has_actor"),
        CheckConstraint("(decided_at IS NULL) = (granted IS NULL)", name="decided_has_outcome"),
        CheckConstraint("decided_by IS NULL OR decided_by <> asked_by", name="decided_by_another"),
        CheckConstraint("(granted IS NOT NULL AND granted) = (granted_until_on IS NOT NULL)", name="granted_has_date"),
        CheckConstraint("asked_until_on > due_on", name="asks_for_later"),
        Index(
            "uq_extension_pending",
            "clock_id",
            unique=True,
            sqlite_where=sql("decided_at IS NULL"),
            postgresql_where=sql("decided_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), index=True)
    clock_id: Mapped[int] = mapped_column(ForeignKey("clock.id"), index=True)  # the clock whose limit is to move
    cycle: Mapped[int]
    ordinal: Mapped[int]  # first, second, …: later ones are decided higher up
    due_on: Mapped[dt.date]  # the limit when it was asked
    asked_until_on: Mapped[dt.date]
    reason: Mapped[str] = mapped_column(Text)
    progress: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(String(100))
    asked_at: Mapped[dt.datetime]
    decided_by: Mapped[str | None] = mapped_column(String(100))
    decided_at: Mapped[dt.datetime | None]
    granted: Mapped[bool | None]
    granted_until_on: Mapped[dt.date | None]
    opinion: Mapped[str] = mapped_column(Text, default="", server_default="")
