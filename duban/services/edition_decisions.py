"""Decisions about an edition: which are meant, whether a reason is owed, and how it is kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.domain.actors import Actor
from duban.errors import DubanError
from duban.services.edition_model import SEPARATOR, WEIGHTY, ChangeKind, Difference, FieldChange, ItemChange
from models import Document, DocumentDecision

Wanted = list[tuple[ItemChange, tuple[FieldChange, ...]]]


class EditionReason(DubanError):
    """A reason is owed for: {items}.

    Whoever changes a limit or a lead, or takes an item out, says why; it goes into the item's history.
    """

    code = "edition_reason"
    status = 422


class EditionRefused(DubanError):
    """Edition {edition} cannot be treated like this: {reason}."""

    code = "edition_refused"
    status = 409


def choose(diff: Difference, edition: int, keys: Collection[str] | None) -> Wanted:
    """Changes with the fields that are meant; None: all that are pending, can be applied and take nothing out."""
    by_key = {c.key: c for c in diff.changes}
    if keys is None:
        whole = [c for c in diff.changes if c.pending and not c.barred and c.kind is not ChangeKind.MISSING]
        return [(c, tuple(f for f in c.fields if f.accepted is None)) for c in whole]
    wanted: dict[str, set[str]] = {}
    for token in keys:
        key, _, name = token.partition(SEPARATOR)
        if key not in by_key or (name and name not in {f.field for f in by_key[key].fields}):
            raise EditionRefused(edition=edition, reason=f"没有这一处改动：{token}")
        wanted.setdefault(key, set()).add(name)
    return [
        (by_key[key], tuple(f for f in by_key[key].fields if "" in names or f.field in names))
        for key, names in wanted.items()
    ]


def check_reasons(wanted: Wanted, given: Mapping[str, str]) -> None:
    """Raises EditionReason for each change of a weighty field, or withdrawal, that nobody has given a reason for."""
    owed = [
        f"第{c.number}项"
        for c, fields in wanted
        if not reason_for(given, c.key)
        and (c.kind is ChangeKind.MISSING or (c.kind is ChangeKind.CHANGED and {f.field for f in fields} & WEIGHTY))
    ]
    if owed:
        raise EditionReason(items="、".join(owed))


def reason_for(given: Mapping[str, str], key: str) -> str:
    """The reason that was given for this key, or for all."""
    return (given.get(key) or given.get("") or "").strip()


def open_again(session: Session, document: Document, keys: Collection[str]) -> None:
    """Forgets decisions not to take over: they are pending again."""
    for token in keys:
        key, _, name = token.partition(SEPARATOR)
        query = select(DocumentDecision).where(
            DocumentDecision.document_id == document.id, DocumentDecision.key == key, ~DocumentDecision.accepted
        )
        for decision in session.scalars(query.where(DocumentDecision.field == name) if name else query):
            session.delete(decision)
    session.flush()


def note(
    session: Session,
    document: Document,
    change: ItemChange,
    fields: Collection[FieldChange],
    accepted: bool,
    reason: str,
    actor: Actor,
    now: dt.datetime,
    item_id: int | None,
) -> None:
    """Keeps a decision: a line for each field, or one for an item that comes in or goes out."""
    lines = {f.field: f.after for f in fields} if change.kind is ChangeKind.CHANGED else {"": None}
    standing = {
        d.field: d
        for d in session.scalars(
            select(DocumentDecision).where(
                DocumentDecision.document_id == document.id, DocumentDecision.key == change.key
            )
        )
    }
    for name, after in lines.items():
        row = standing.get(name) or DocumentDecision(document_id=document.id, key=change.key, field=name)
        row.item_id, row.accepted, row.value, row.reason = item_id, accepted, {"after": after}, reason
        row.decided_by, row.decided_at = actor.name, now
        session.add(row)
