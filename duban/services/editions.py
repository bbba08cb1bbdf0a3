"""A second edition of a plan: what changed, item by item, and only what a person accepts is applied.

Progress, evidence and history of an item stay; a changed limit supersedes its clock, with the rungs that it fired.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import State
from duban.errors import DubanError, Forbidden, NotFound
from duban.reading import model as read
from duban.services import clocks
from duban.services.edition_changes import apply_fields
from duban.services.event_log import Happening, append
from duban.services.item_changes import record
from duban.services.item_rows import ROLES, ItemWriter
from duban.services.parties import PartyBook
from duban.services.registration import Received, store_document
from duban.services.rules import business_date, rules_of
from models import Document, Item, ItemParty, Measure, Party, Plan, Signal


class EditionKnown(DubanError):
    """This document is edition {edition} of plan {code} already.

    Nothing was changed.
    """

    code = "edition_known"
    status = 409


class ChangeKind(StrEnum):
    """What a new edition does to an item."""

    ADDED = "added"
    CHANGED = "changed"
    MISSING = "missing"  # the new edition does not have it: a person withdraws it, nothing does so by itself
    DOUBTED = "doubted"  # the new reading is in doubt: settle it in the document, or edit the item


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field as it stands and as the new edition has it."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What changed about one item; `key` is what a person accepts it by."""

    key: str
    kind: ChangeKind
    number: str
    title: str
    item_id: int | None
    fields: tuple[FieldChange, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(slots=True)
class Edition:
    """The difference between a plan and a new document, and what was applied of it."""

    plan_id: int
    code: str
    edition: int
    changes: list[ItemChange] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)
    unchanged: int = 0


def compare(database: Database, plan: str, received: Received) -> Edition:
    """What a document would change about a plan; nothing is written. Raises NotFound, EditionKnown."""
    with database.read() as session:
        found = _plan(session, plan)
        return _difference(session, found, received)


def apply(
    database: Database,
    plan: str,
    received: Received,
    *,
    accepted: Collection[str] | None,
    actor: Actor,
    now: dt.datetime,
) -> Edition:
    """Applies the accepted changes (by key; None: all that can be) and keeps the document as the plan's next edition.

    Missing and doubted items are never touched. Raises NotFound, EditionKnown, Forbidden.
    """
    if actor.role not in ("supervisor", "admin"):
        raise Forbidden(actor=actor.name, action="登记新版方案,更新", who="督查室")
    with database.write() as session:
        found = _plan(session, plan)
        edition = _difference(session, found, received)
        document = store_document(session, found, received, edition.edition, actor, now)
        book = PartyBook(session, found)
        items = dict(_keyed(received.reading))
        for change in edition.changes:
            if change.kind not in (ChangeKind.ADDED, ChangeKind.CHANGED):
                continue
            if accepted is not None and change.key not in accepted:
                continue
            if change.kind is ChangeKind.ADDED:
                _add(session, found, book, items[change.key], document, actor, now)
            else:
                _change(session, change, items[change.key], book, document, actor, now)
            edition.applied.append(change.key)
        session.flush()
        return edition


def _plan(session: Session, code: str) -> Plan:
    found = session.scalars(select(Plan).where(Plan.code == code)).first()
    if found is None:
        raise NotFound(what="plan", key=code)
    return found


def _difference(session: Session, plan: Plan, received: Received) -> Edition:
    known = session.scalars(
        select(Document).where(Document.plan_id == plan.id, Document.sha256 == received.sha256)
    ).first()
    if known is not None:
        raise EditionKnown(edition=known.edition, code=plan.code)
    last = session.scalar(select(func.max(Document.edition)).where(Document.plan_id == plan.id)) or 0
    edition = Edition(plan.id, plan.code, last + 1)
    rows = _rows(session, plan)
    doubts = _doubts(received.reading)
    for key, item in _keyed(received.reading):
        row = rows.pop(key, None)
        change = _compared(session, key, item, row, doubts.get(id(item), ()))
        if change is None:
            edition.unchanged += 1
        else:
            edition.changes.append(change)
    edition.changes += [
        ItemChange(key, ChangeKind.MISSING, row.number, row.title, row.id)
        for key, row in rows.items()
        if row.state is not State.CLOSED
    ]
    return edition


def _keyed(reading: read.Reading) -> list[tuple[str, read.Item]]:
    """Items under the key that rows have too: the number, with its heading where the number restarts, and its copy."""
    paths: dict[str, set[tuple[str, ...]]] = {}
    for item in reading.walk():
        paths.setdefault(item.number, set()).add(tuple(item.path))
    seen: Counter[str] = Counter()
    found = []
    for item in reading.walk():
        base = item.number if len(paths[item.number]) == 1 else "/".join([*item.path, item.number])
        seen[base] += 1
        found.append((base if seen[base] == 1 else f"{base}#{seen[base]}", item))
    return found


def _rows(session: Session, plan: Plan) -> dict[str, Item]:
    rows = session.scalars(select(Item).where(Item.plan_id == plan.id, ~Item.dropped).order_by(Item.position)).all()
    paths: dict[str, set[tuple[str, ...]]] = {}
    for row in rows:
        paths.setdefault(row.number, set()).add(tuple(row.path))
    seen: Counter[str] = Counter()
    found = {}
    for row in rows:
        base = row.number if len(paths[row.number]) == 1 else "/".join([*row.path, row.number])
        seen[base] += 1
        found[base if seen[base] == 1 else f"{base}#{seen[base]}"] = row
    return found


def _doubts(reading: read.Reading) -> dict[int, tuple[str, ...]]:
    """Blocking doubts by the identity of the item that they are about."""
    found: dict[int, tuple[str, ...]] = {}
    items = reading.walk()
    for anomaly in reading.anomalies:
        if not anomaly.blocks:
            continue
        for item in items:
            if item.number == anomaly.number and anomaly.item_line in (None, item.place.line):
                found[id(item)] = (*found.get(id(item), ()), f"{anomaly.code}: {anomaly.detail}")
    return found


def _compared(
    session: Session, key: str, item: read.Item, row: Item | None, doubts: Sequence[str]
) -> ItemChange | None:
    title = item.title or item.goal or item.number
    if doubts:
        return ItemChange(key, ChangeKind.DOUBTED, item.number, title, row.id if row else None, doubts=tuple(doubts))
    if row is None:
        return ItemChange(key, ChangeKind.ADDED, item.number, title, None)
    fields = tuple(_field_changes(session, item, row))
    return ItemChange(key, ChangeKind.CHANGED, item.number, title, row.id, fields) if fields else None


def _field_changes(session: Session, item: read.Item, row: Item) -> list[FieldChange]:
    measures = list(session.scalars(select(Measure.text).where(Measure.item_id == row.id).order_by(Measure.position)))
    pairs: list[tuple[str, Any, Any]] = [
        ("title", row.title, item.title or row.title),
        ("goal", row.goal, item.goal),
        ("time_limit", row.time_limit, item.time_limit),
        ("measures", measures, list(item.measures)),
    ]
    for attribute, role, _ in ROLES:
        names = session.scalars(
            select(Party.name)
            .join(ItemParty, ItemParty.party_id == Party.id)
            .where(ItemParty.item_id == row.id, ItemParty.role == role)
            .order_by(ItemParty.position)
        )
        pairs.append((attribute, list(names), list(dict.fromkeys(getattr(item, attribute)))))
    return [FieldChange(name, before, after) for name, before, after in pairs if before != after]


def _add(
    session: Session,
    plan: Plan,
    book: PartyBook,
    item: read.Item,
    document: Document,
    actor: Actor,
    now: dt.datetime,
) -> None:
    rules = rules_of(session, plan.id)
    writer = ItemWriter(session, plan, book, clocks.roll_with(rules), now)
    alone = read.Reading(kind=read.Kind(plan.kind), title=plan.title, items=[item])
    for row in writer.write(alone):
        row.position += session.scalar(select(func.max(Item.position)).where(Item.plan_id == plan.id)) or 0
        clocks.arm(session, row, rules, business_date(now))
        payload = {
            "number": row.number,
            "state": row.state.value,
            "document": document.sha256,
            "edition": document.edition,
        }
        append(session, Happening(row.id, "item.assigned", actor, now, payload=payload), now)
        session.add(Signal(item_id=row.id, created_at=now))


def _change(
    session: Session,
    change: ItemChange,
    item: read.Item,
    book: PartyBook,
    document: Document,
    actor: Actor,
    now: dt.datetime,
) -> None:
    row = session.get_one(Item, change.item_id, with_for_update=True)
    apply_fields(session, row, item, {c.field for c in change.fields}, book, now)
    payload = {
        "edition": document.edition,
        "document": document.sha256,
        "fields": {c.field: {"before": c.before, "after": c.after} for c in change.fields},
    }
    record(session, row, actor, now, event="item.edited", reason=f"第{document.edition}版", payload=payload)
