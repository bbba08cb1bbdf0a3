"""A second edition of a plan: kept as it came, held against the ledger, and only what a person accepts is applied.

What nobody has decided stays pending under the edition. Progress, evidence and history of an item stay; a changed limit
supersedes its clock, with the rungs that it fired.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.errors import DubanError, Forbidden, NotFound
from duban.reading.model import Reading
from duban.services.edition_changes import Applying, accept_change, make_way
from duban.services.edition_counts import EditionRow, count_pending, editions_of
from duban.services.edition_decisions import (
    EditionReason,
    EditionRefused,
    Wanted,
    check_reasons,
    choose,
    note,
    open_again,
    reason_for,
)
from duban.services.edition_difference import difference, difference_of, reading_of
from duban.services.edition_model import ChangeKind, Difference, FieldChange, ItemChange
from duban.services.event_log import lock_items
from duban.services.queries.plans import find_plan, locked_plan
from duban.services.registration import Received, store_document
from models import Document, DocumentDecision, Item, Plan

__all__ = [
    "ChangeKind",
    "Edition",
    "EditionReason",
    "EditionRefused",
    "EditionRow",
    "FieldChange",
    "ItemChange",
    "apply",
    "compare",
    "decide",
    "discard",
    "editions_of",
    "receive",
    "stored",
]


class EditionKnown(DubanError):
    """This document is edition {edition} of plan {code} already.

    Nothing was changed. What is still open of it: `duban register FILE --plan {code}`, or the plan's page.
    """

    code = "edition_known"
    status = 409


class EditionMoved(DubanError):
    """The difference of edition {edition} has changed since you saw it.

    Look at it again, and decide about what it says now.
    """

    code = "edition_moved"
    status = 409


@dataclass(frozen=True, slots=True)
class Edition:
    """The difference between a plan and an edition. `edition` is its number, the next one before it is stored.

    `unchanged` are number, title and id of items that say the same; `kept` counts what a person has set right and the
    edition repeats as it was read before. `digest` goes back with a decision: a later difference is answered with 409.
    """

    plan_id: int
    code: str
    edition: int
    document_id: int | None
    changes: tuple[ItemChange, ...]
    applied: tuple[str, ...]
    unchanged: int
    kept: int
    digest: str

    @property
    def pending(self) -> tuple[ItemChange, ...]:
        """What a person still owes a decision about."""
        return tuple(c for c in self.changes if c.pending)


def compare(database: Database, plan: str, received: Received) -> Edition:
    """What a document would change about a plan; nothing is written. Raises NotFound, EditionKnown."""
    with database.read() as session:
        found = find_plan(session, plan)
        known = _known(session, found, received)
        if known is not None:
            raise EditionKnown(edition=known.edition, code=found.code)
        diff = difference(session, found, _read(found, received), None)
        return _edition(found, _last(session, found) + 1, None, diff)


def receive(database: Database, plan: str, received: Received, *, actor: Actor, now: dt.datetime) -> Edition:
    """Keeps a document as the plan's next edition; nothing of it is applied. The same bytes again are the same edition.

    Raises NotFound, Forbidden.
    """
    _office_only(actor)
    with database.write() as session:
        found = locked_plan(session, plan)
        document = _known(session, found, received)
        report = select(Document.id).where(Document.plan_id == found.id, Document.sha256 == received.sha256)
        if document is None and session.scalars(report).first() is not None:
            raise EditionRefused(edition=_last(session, found) + 1, reason="这份文件已作为进展通报收下，不是新一版方案")
        if document is None:
            document = store_document(session, found, received, _last(session, found) + 1, actor, now)
        diff = difference(session, found, _read(found, received), document)
        count_pending(session, found, document, diff)
        return _edition(found, document.edition or 1, document.id, diff)


def stored(database: Database, plan: str, edition: int) -> Edition:
    """An edition as it stands against the ledger now. Raises NotFound."""
    with database.read() as session:
        found = find_plan(session, plan)
        document = _document(session, found, edition)
        return _edition(found, edition, document.id, difference_of(session, found, document))


def decide(
    database: Database,
    plan: str,
    edition: int,
    *,
    accept: Collection[str] | None = (),
    decline: Collection[str] = (),
    reopen: Collection[str] = (),
    reasons: Mapping[str, str] | None = None,
    actor: Actor,
    now: dt.datetime,
    digest: str | None = None,
) -> Edition:
    """Takes over the accepted changes, notes the declined ones, and opens declined ones again: whole or not at all.

    Keys are `key` for an item as a whole and `key::field` for one field; `accept=None` accepts all that can be.
    `reasons` holds a reason by key, or under "" for all. Raises NotFound, Forbidden, EditionMoved, EditionReason,
    EditionRefused where a key is none, and what withdrawing an item refuses.
    """
    _office_only(actor)
    with database.write() as session:
        found = locked_plan(session, plan)
        document = _document(session, found, edition)
        if edition != _last(session, found):
            raise EditionRefused(edition=edition, reason="已有更新的一版，请在最新一版上办理")
        open_again(session, document, reopen)
        diff = difference_of(session, found, document)
        if digest is not None and digest != diff.digest():
            raise EditionMoved(edition=edition)
        wanted = choose(diff, edition, accept)
        unwanted = choose(diff, edition, decline)
        given = dict(reasons or {})
        check_reasons(wanted, given)
        _lock(session, found, wanted)
        applying = Applying(session, found, document, diff, actor, now)
        make_way(session, [(c.item_id, fields) for c, fields in wanted if c.item_id is not None])
        wanted.sort(key=lambda one: one[0].kind is ChangeKind.ADDED)  # new ones find their numbers free
        applied = []
        for change, fields in wanted:
            reason = reason_for(given, change.key)
            item_id = accept_change(applying, change, fields, reason)
            note(session, document, change, fields, True, reason, actor, now, item_id)
            applied.append(change.key)
        for change, fields in unwanted:
            note(session, document, change, fields, False, reason_for(given, change.key), actor, now, change.item_id)
        session.flush()
        session.expire_all()
        after = difference_of(session, found, document)
        count_pending(session, found, document, after)
        return _edition(found, edition, document.id, after, tuple(applied))


def apply(
    database: Database,
    plan: str,
    received: Received,
    *,
    accepted: Collection[str] | None,
    actor: Actor,
    now: dt.datetime,
    reason: str = "",
) -> Edition:
    """`receive` and `decide` at once: the document is kept, the accepted changes (None: all that can be) applied.

    Raises what the two raise, and EditionKnown where nothing of a known document is open any more.
    """
    kept = receive(database, plan, received, actor=actor, now=now)
    if not kept.changes:
        raise EditionKnown(edition=kept.edition, code=kept.code)
    return decide(
        database, plan, kept.edition, accept=accepted, reasons={"": reason} if reason else None, actor=actor, now=now
    )


def discard(database: Database, plan: str, edition: int, *, actor: Actor) -> None:
    """Takes back an edition of which nothing was accepted: it was the wrong file. Raises EditionRefused otherwise."""
    _office_only(actor)
    with database.write() as session:
        found = locked_plan(session, plan)
        document = _document(session, found, edition)
        decisions = session.scalars(select(DocumentDecision).where(DocumentDecision.document_id == document.id)).all()
        if edition == 1 or edition != _last(session, found):
            raise EditionRefused(edition=edition, reason="只能撤下最新的一版，第一版不能撤下")
        if any(d.accepted for d in decisions):
            raise EditionRefused(edition=edition, reason="已采用过其中的内容，不能撤下；其余各处可以选“不采用”")
        for decision in decisions:
            session.delete(decision)
        session.flush()
        session.delete(document)


def _read(plan: Plan, received: Received) -> Reading:
    """The reading as the plan's own family: an edition is of its kind, whatever it looks most like."""
    if received.reading.kind.value == plan.kind:
        return received.reading
    return reading_of(received.sha256, received.content, received.filename, plan.kind)


def _office_only(actor: Actor) -> None:
    if actor.role not in ("supervisor", "admin"):
        raise Forbidden(actor=actor.name, action="登记新版方案", who="督查室")


def _lock(session: Session, plan: Plan, wanted: Wanted) -> None:
    """Locks what is changed, in the order of the ids; an item put in moves the places of all behind it."""
    if any(c.kind is ChangeKind.ADDED for c, _ in wanted):
        lock_items(session, set(session.scalars(select(Item.id).where(Item.plan_id == plan.id))))
    else:
        lock_items(session, {c.item_id for c, _ in wanted if c.item_id is not None})


def _known(session: Session, plan: Plan, received: Received) -> Document | None:
    return session.scalars(
        select(Document).where(
            Document.plan_id == plan.id, Document.sha256 == received.sha256, Document.edition.is_not(None)
        )
    ).first()


def _document(session: Session, plan: Plan, edition: int) -> Document:
    found = session.scalars(
        select(Document).where(Document.plan_id == plan.id, Document.edition == edition)
    ).one_or_none()
    if found is None:
        raise NotFound(what="edition", key=f"{plan.code}/{edition}")
    return found


def _last(session: Session, plan: Plan) -> int:
    return session.scalar(select(func.max(Document.edition)).where(Document.plan_id == plan.id)) or 0


def _edition(
    plan: Plan, edition: int, document_id: int | None, diff: Difference, applied: tuple[str, ...] = ()
) -> Edition:
    return Edition(
        plan.id,
        plan.code,
        edition,
        document_id,
        tuple(diff.changes),
        applied,
        len(diff.unchanged),
        diff.kept,
        diff.digest(),
    )
