"""The shapes of what is read: frozen, plain, and the same for pages, API and command line.

Dates end in `_on`, instants in `_at` (UTC). Lights are derived for the date that was asked for, never stored.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from duban.domain.lifecycle import Action, Outcome, State, state_zh
from models import (
    Category,
    ClockKind,
    ClockState,
    ClosingStep,
    MilestoneKind,
    PartyKind,
    Progress,
    RegulationStatus,
    Role,
)


@dataclass(frozen=True, slots=True)
class PlanRef:
    """A plan, as its items name it."""

    id: int
    code: str
    title: str


@dataclass(frozen=True, slots=True)
class ItemParty:
    """A party in its role on an item."""

    id: int
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item as lists show it. `days_left` counts working days to the limit; negative: days past it."""

    id: int
    plan: PlanRef
    parent_id: int | None
    number: str
    copy: int
    title: str
    state: State
    version: int
    light: str
    light_reasons: tuple[str, ...]
    marks: tuple[str, ...]
    due_on: dt.date | None
    days_left: int | None
    overdue: bool
    first_due_on: dt.date | None
    breached_on: dt.date | None
    long_term: bool
    quarantined: bool
    dropped: bool
    reported_done: bool
    outcome: Outcome | None
    updated_at: dt.datetime
    parties: tuple[ItemParty, ...] = ()
    measures: int = 0
    measures_done: int = 0

    @property
    def state_zh(self) -> str:
        """The state in words; what was withdrawn or merged is called so, never 已销号."""
        return state_zh(self.state, self.outcome)

    def names(self, *roles: str) -> list[str]:
        """The names of the parties in these roles, in order."""
        return [p.name for p in self.parties if p.role.value in roles]


@dataclass(frozen=True, slots=True)
class ItemPage:
    """One page of items, of `total` in the list; `next` is the cursor of the following page, null at the end."""

    items: tuple[ItemRow, ...]
    next: str | None
    as_of: dt.date
    total: int


@dataclass(frozen=True, slots=True)
class MeasureView:
    """A measure and how far it is (未完成 / 基本完成 / 已完成)."""

    id: int
    position: int
    text: str
    progress: Progress
    done_on: dt.date | None
    reported_by: str | None


@dataclass(frozen=True, slots=True)
class MilestoneView:
    """A dated part of the limit: as printed (`due_on`), and rolled to a working day."""

    id: int
    position: int
    text: str
    kind: MilestoneKind
    start_on: dt.date | None
    due_on: dt.date | None
    rolled_due_on: dt.date | None
    alternative_due_on: dt.date | None
    confidence: str
    done: bool
    done_on: dt.date | None
    reported_by: str | None


@dataclass(frozen=True, slots=True)
class RegulationView:
    """A promised or issued instrument."""

    id: int
    position: int
    title: str
    status: RegulationStatus
    document_number: str | None
    issued_on: dt.date | None


@dataclass(frozen=True, slots=True)
class TargetView:
    """A number that is promised, and where it stands."""

    id: int
    text: str
    name: str
    comparator: str
    value: float
    unit: str
    due_on: dt.date | None
    reached: float | None
    reached_on: dt.date | None
    upper: float | None = None
    baseline: float | None = None


@dataclass(frozen=True, slots=True)
class AnomalyView:
    """A doubt about the reading, with its line in the source."""

    id: int
    code: str
    number: str | None
    field: str | None
    detail: str
    line: int
    blocks: bool
    resolved_at: dt.datetime | None
    item_id: int | None


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """A file that proves what was done, by its hash."""

    id: int
    cycle: int
    filename: str
    media_type: str
    sha256: str
    size: int
    note: str
    uploaded_by: str
    uploaded_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ClosingView:
    """One recorded step towards striking the item off (销号)."""

    id: int
    cycle: int
    step: ClosingStep
    actor: str
    party: str | None
    note: str
    ends_on: dt.date | None
    done_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ClockView:
    """A deadline that runs, or ran."""

    id: int
    kind: ClockKind
    state: ClockState
    milestone_id: int | None
    started_on: dt.date
    nominal_due_on: dt.date
    due_on: dt.date
    next_rung_on: dt.date | None
    paused_on: dt.date | None
    pause_reason: str | None
    breached_on: dt.date | None
    acknowledged_on: dt.date | None


@dataclass(frozen=True, slots=True)
class ExtensionView:
    """A request for a later limit (延期), and what somebody else decided; `granted` null while it waits."""

    id: int
    clock_id: int
    cycle: int
    ordinal: int
    due_on: dt.date
    asked_until_on: dt.date
    reason: str
    progress: str
    asked_by: str
    asked_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None
    granted: bool | None
    granted_until_on: dt.date | None
    opinion: str


@dataclass(frozen=True, slots=True)
class RungView:
    """A rung of the ladder that fired, and the notice that came of it or the reason why none did."""

    clock_id: int
    rung: str
    due_on: dt.date
    fired_on: dt.date
    outcome: str
    notice_id: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class ActionView:
    """An action that this person may take now; `gaps` names what still stands in its way."""

    action: Action
    label: str
    target: State
    needs_reason: bool
    gaps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ItemWhole:
    """One item with everything that belongs to it."""

    row: ItemRow
    path: tuple[str, ...]
    goal: str | None
    time_limit: str | None
    category: Category | None
    cycle: int
    relapses: int
    closed_at: dt.datetime | None
    merged_into_id: int | None
    merged: tuple[ItemRow, ...]
    source_line: int | None
    source_end_line: int | None
    flow_run_id: str | None
    measures: tuple[MeasureView, ...]
    milestones: tuple[MilestoneView, ...]
    regulations: tuple[RegulationView, ...]
    targets: tuple[TargetView, ...]
    anomalies: tuple[AnomalyView, ...]
    evidence: tuple[EvidenceView, ...]
    closing: tuple[ClosingView, ...]
    clocks: tuple[ClockView, ...]
    rungs: tuple[RungView, ...]
    extensions: tuple[ExtensionView, ...]
    children: tuple[ItemRow, ...]
    parent: ItemRow | None
    actions: tuple[ActionView, ...]


@dataclass(frozen=True, slots=True)
class EventView:
    """One entry of an item's history; `hash` seals it and everything before."""

    id: int
    item_id: int
    seq: int
    type: str
    actor: str
    source: str
    occurred_at: dt.datetime
    recorded_at: dt.datetime
    reason: str
    payload: dict[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class PartyView:
    """A party of a plan's directory, and how many open items it answers for."""

    id: int
    plan: PlanRef
    name: str
    kind: PartyKind
    post: str | None
    email: str | None
    known: bool
    is_plan_head: bool
    aliases: tuple[str, ...]
    open_items: int
    overdue_items: int
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    superior: str | None = None
    substitute: str | None = None
    head: str | None = None
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan with its counts."""

    id: int
    code: str
    kind: str
    title: str
    issuer: str | None
    reference: str | None
    issued_on: dt.date | None
    year: int | None
    policy_name: str
    registered_on: dt.date
    released_at: dt.datetime | None
    released_by: str | None
    published: bool
    items: int
    quarantined: int
    open_anomalies: int
    states: dict[str, int] = field(default_factory=dict)
    lights: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)  # of the closed: rectified (已销号), withdrawn, merged
