"""Applying what a new edition says about an item, field by field, without losing what was done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.domain.actors import Actor
from duban.domain.lifecycle import Action
from duban.errors import DubanError
from duban.services import clocks
from duban.services.edition_model import ChangeKind, Difference, FieldChange, ItemChange
from duban.services.event_log import Happening, append
from duban.services.field_changes import apply_fields
from duban.services.item_changes import record
from duban.services.item_rows import ItemWriter, put_behind
from duban.services.parties import PartyBook
from duban.services.rules import business_date, rules_of
from duban.services.transitions import move_within
from models import (
    Anomaly,
    Document,
    Item,
    Plan,
    Signal,
)


class EditionBarred(DubanError):
    """Item {number} takes nothing over from an edition: {reason}."""

    code = "edition_barred"
    status = 409


@dataclass
class Applying:
    """One decision being carried out."""

    session: Session
    plan: Plan
    document: Document
    diff: Difference
    actor: Actor
    now: dt.datetime
    book: PartyBook = field(init=False)
    placed: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.book = PartyBook(self.session, self.plan)
        self.book.posts = self.diff.posts


def accept_change(applying: Applying, change: ItemChange, fields: Collection[FieldChange], reason: str) -> int | None:
    """Applies one accepted change; returns the id of its item. Raises EditionBarred, or what a withdrawal refuses."""
    if change.barred:
        raise EditionBarred(number=change.number, reason=change.barred)
    if change.accepted is True:
        return change.item_id
    match change.kind:
        case ChangeKind.ADDED:
            return _add(applying, change)
        case ChangeKind.CHANGED:
            return _change(applying, change, fields, reason)
        case ChangeKind.MISSING:
            move_within(
                applying.session,
                item_id=change.item_id or 0,
                action=Action.WITHDRAW,
                actor=applying.actor,
                expected_version=None,
                now=applying.now,
                reason=reason,
            )
            return change.item_id


def _add(applying: Applying, change: ItemChange) -> int:
    """An item that the new edition puts in, with its parts, at its place; in quarantine where it is doubted."""
    session, plan, document, now = applying.session, applying.plan, applying.document, applying.now
    item = applying.diff.items[change.key]
    rules = rules_of(session, plan.id)
    writer = ItemWriter(session, plan, applying.book, rules, now)
    rows = writer.write_added(item, applying.diff.parents[change.key])
    after = applying.diff.after[change.key]
    at = session.scalar(select(Item.position).where(Item.id == after)) if after is not None else 0
    put_behind(session, plan.id, rows, at or 0)
    for row in rows:
        row.document_id = document.id
        row.quarantined = bool(change.doubts)
    top = rows[0]
    for doubt in applying.diff.doubts[change.key]:
        session.add(
            Anomaly(
                plan_id=plan.id,
                document_id=document.id,
                item_id=top.id,
                code=doubt.code.value,
                number=top.number,
                field=doubt.field,
                detail=doubt.detail,
                line=doubt.line,
                blocks=True,
            )
        )
    session.flush()
    for row in rows:
        clocks.arm(session, row, rules, business_date(now))
        payload = {
            "number": row.number,
            "state": row.state.value,
            "document": document.sha256,
            "edition": document.edition,
            "quarantined": row.quarantined,
        }
        append(session, Happening(row.id, "item.assigned", applying.actor, now, payload=payload), now)
        session.add(Signal(item_id=row.id, created_at=now))
    return top.id


def _change(applying: Applying, change: ItemChange, fields: Collection[FieldChange], reason: str) -> int:
    session, document = applying.session, applying.document
    item = applying.diff.items[change.key]
    row = session.get_one(Item, change.item_id, with_for_update=True)
    names = {c.field for c in fields if c.accepted is not True}
    apply_fields(session, row, item, names, applying.book, applying.now)
    if names >= {c.field for c in change.fields}:  # all of it: its lines are those of the new edition from now on
        row.document_id, row.source_line, row.source_end_line = document.id, item.place.line, item.place.end_line
    payload = {
        "edition": document.edition,
        "document": document.sha256,
        "fields": {c.field: {"before": c.before, "after": c.after} for c in fields if c.field in names},
    }
    text = f"第{document.edition}版" + (f"：{reason}" if reason else "")
    record(session, row, applying.actor, applying.now, event="item.edited", reason=text, payload=payload)
    return row.id


def make_way(session: Session, changes: Collection[tuple[int, Collection[FieldChange]]]) -> None:
    """Frees the numbers of all items that get another one, so that they may change places."""
    for item_id, fields in changes:
        if any(f.field == "number" for f in fields):
            session.get_one(Item, item_id).number = f"~{item_id}"
    session.flush()
