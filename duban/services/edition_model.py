"""What a later document says otherwise than the ledger, as plain values: items, fields, decisions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from duban.reading import model as read
from duban.services.item_rows import ROLES

#: Fields that decide who answers by when: whoever changes one says why.
WEIGHTY = frozenset({"time_limit", "lead_officials", "lead_units"})
SEPARATOR = "::"


class ChangeKind(StrEnum):
    """What a new edition does to an item."""

    ADDED = "added"
    CHANGED = "changed"
    MISSING = "missing"  # the new edition does not have it: accepting withdraws it, for a reason


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field as it stands and as the new edition has it; `accepted` is None until a person has decided."""

    field: str
    before: Any
    after: Any
    accepted: bool | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What changed about one item. `key` (or `key::field`) is what a person accepts or declines.

    `doubts` are those of the new reading; `barred` says why nothing can be taken over, "" where it can.
    """

    key: str
    kind: ChangeKind
    number: str
    title: str
    item_id: int | None
    fields: tuple[FieldChange, ...] = ()
    doubts: tuple[str, ...] = ()
    parts: int = 0
    barred: str = ""
    accepted: bool | None = None
    reason: str = ""
    line: int | None = None
    quarantined: bool = False  # it waits in 待核, and goes on waiting there whatever is taken over
    needs_reason: bool = False

    @property
    def pending(self) -> bool:
        """Whether a person still owes a decision."""
        if self.kind is ChangeKind.CHANGED:
            return any(f.accepted is None for f in self.fields)
        return self.accepted is None


@dataclass(slots=True)
class Difference:
    """All changes, the pairs that they come from, and how many items say the same; `kept` were set right by hand."""

    changes: list[ItemChange] = field(default_factory=list)
    unchanged: list[tuple[str, str, int]] = field(default_factory=list)
    kept: int = 0
    items: dict[str, read.Item] = field(default_factory=dict)
    parents: dict[str, int | None] = field(default_factory=dict)
    after: dict[str, int | None] = field(default_factory=dict)
    doubts: dict[str, tuple[read.Anomaly, ...]] = field(default_factory=dict)
    posts: dict[str, str] = field(default_factory=dict)  # printed beside people's names (`Reading.posts`)

    def digest(self) -> str:
        """Changes with whatever a person would decide about: a page that shows something else is out of date."""
        told = [(c.key, c.kind, [(f.field, f.before, f.after) for f in c.fields]) for c in self.changes if c.pending]
        return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def said_by(item: read.Item) -> dict[str, Any]:
    """The fields of a read item that an edition can change."""
    return {
        "number": item.number,
        "path": list(item.path),
        "title": item.title,
        "goal": item.goal,
        "measures": list(item.measures),
        "time_limit": item.time_limit,
        **{attribute: list(dict.fromkeys(getattr(item, attribute))) for attribute, _, _ in ROLES},
        "regulations": [r.title[:500] for r in item.regulations],
        "targets": [t.text for t in item.targets],
    }
