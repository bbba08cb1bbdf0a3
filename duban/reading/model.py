"""What a reading is: the shapes that `duban read --json` prints and `register` stores.

A reading is data, never a promise: every doubt about it is an `Anomaly` with a place, and nothing in it is invented.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from duban.domain.limits import Limit, Milestone

__all__ = [
    "Anomaly",
    "AnomalyCode",
    "Item",
    "Kind",
    "Limit",
    "Milestone",
    "Place",
    "Reading",
    "Regulation",
    "Target",
    "as_json",
]


class Kind(StrEnum):
    """The document families that duban reads."""

    RECTIFICATION_PLAN = "rectification_plan"
    TASK_BREAKDOWN = "task_breakdown"
    WORK_REPORT = "work_report"
    PROGRESS_REPORT = "progress_report"
    POLICY_OPINION = "policy_opinion"


class AnomalyCode(StrEnum):
    """The lint's findings, as the reading rules name them."""

    DUPLICATE_NUMBER = "duplicate_number"
    CONFLICTING_COPIES = "conflicting_copies"
    MISSING_FIELD = "missing_field"
    REPEATED_FIELD = "repeated_field"
    ORPHAN_TEXT = "orphan_text"
    CUT_TEXT = "cut_text"
    SHARED_TEXT = "shared_text"
    AMBIGUOUS_LIMIT = "ambiguous_limit"
    NUMBER_GAP = "number_gap"
    OUT_OF_ORDER = "out_of_order"
    UNKNOWN_PARTY = "unknown_party"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in the source: 1-based lines of the text layer, and the page or sheet if there is one."""

    line: int
    end_line: int
    page: int | None = None
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class Regulation:
    """An instrument that a measure or a limit promises (`planned`) or has issued (`issued`)."""

    title: str
    status: str = "planned"
    document_number: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A number that is promised or reported: `comparator` is one of >=, <=, =, +%, -%, ->."""

    text: str
    name: str
    comparator: str
    value: Decimal
    unit: str
    due_on: dt.date | None = None
    baseline: Decimal | None = None  # the past figure it is compared with, in the same unit
    upper: Decimal | None = None  # the far end of a range


@dataclass(slots=True)
class Item:
    """One numbered entry as it stands in the document; children have the same shape. Nothing is inherited."""

    number: str
    place: Place
    path: list[str] = field(default_factory=list)
    title: str = ""
    goal: str | None = None
    measures: list[str] = field(default_factory=list)
    lead_officials: list[str] = field(default_factory=list)
    lead_units: list[str] = field(default_factory=list)
    responsible_units: list[str] = field(default_factory=list)
    support_units: list[str] = field(default_factory=list)
    supervising_units: list[str] = field(default_factory=list)
    time_limit: str | None = None
    milestones: list[Milestone] = field(default_factory=list)
    long_term: bool = False
    category: str | None = None
    regulations: list[Regulation] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    status: str | None = None  # done | open
    progress: str | None = None  # what was done so far, in the document's words, where it says so beside its measures
    state: str = "assigned"
    children: list[Item] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One doubt about the reading, with its place. A blocking one quarantines its item."""

    code: AnomalyCode
    detail: str
    line: int
    number: str | None = None
    field: str | None = None
    blocks: bool = False
    item_line: int | None = None  # source line of the item it belongs to: tells copies of one number apart


@dataclass(slots=True)
class Reading:
    """A document, read."""

    kind: Kind
    title: str
    issuer: str | None = None
    reference: str | None = None
    issued_on: dt.date | None = None
    year: int | None = None
    items: list[Item] = field(default_factory=list)
    figures: dict[str, int | float] = field(default_factory=dict)
    anomalies: list[Anomaly] = field(default_factory=list)
    posts: dict[str, str] = field(default_factory=dict)  # the post that is printed beside a lead official's name

    def walk(self) -> list[Item]:
        """Every item and child, in document order."""
        found: list[Item] = []
        stack = list(reversed(self.items))
        while stack:
            item = stack.pop()
            found.append(item)
            stack.extend(reversed(item.children))
        return found


def as_json(reading: Reading) -> dict[str, Any]:
    """The reading as plain JSON values: dates in ISO form, numbers as numbers, `place` as `source`."""
    return {
        "kind": str(reading.kind),
        "title": reading.title,
        "issuer": reading.issuer,
        "reference": reading.reference,
        "issued_on": _plain(reading.issued_on),
        "year": reading.year,
        "items": [_item(i) for i in reading.items],
        "figures": reading.figures,
        "anomalies": [_plain(a) for a in reading.anomalies],
    }


def _item(item: Item) -> dict[str, Any]:
    names = [f.name for f in dataclasses.fields(item) if f.name not in ("place", "children")]
    values = {name: _plain(getattr(item, name)) for name in names}
    return values | {"source": _plain(item.place), "children": [_item(c) for c in item.children]}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = (f.name for f in dataclasses.fields(value) if f.name != "eve")  # for the ledger's calendar only
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
