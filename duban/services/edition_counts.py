"""How much of an edition nobody has decided about: counted when it is received and decided about, and kept.

Holding ten thousand items against a document takes seconds, so a page that only says how many does not do it again.
What is kept names the ledger that it was counted on; one that has changed since is counted anew where that is quick.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.services.edition_difference import difference_of
from duban.services.edition_model import Difference
from duban.services.queries.plans import find_plan
from models import DirectoryChange, Document, DocumentDecision, Item, Plan

#: Up to so many items a count that is out of date is made anew at once.
QUICK = 1000


@dataclass(frozen=True, slots=True)
class EditionRow:
    """One edition of a plan as it was received; `pending` counts the differences that nobody has decided about.

    `outdated`: the ledger has changed since they were counted; the difference itself is always as of now.
    """

    edition: int
    document_id: int
    filename: str
    received_by: str
    received_at: dt.datetime
    pending: int
    outdated: bool = False


def editions_of(database: Database, plan: str) -> tuple[EditionRow, ...]:
    """All editions of a plan, the newest first; what is pending is told for the newest. Raises NotFound."""
    with database.read() as session:
        found = find_plan(session, plan)
        query = select(Document).where(Document.plan_id == found.id, Document.edition.is_not(None))
        documents = session.scalars(query.order_by(Document.edition.desc())).all()
        rows = []
        for place, d in enumerate(documents):
            pending, outdated = 0, False
            if place == 0 and len(documents) > 1:
                pending, outdated = _pending(session, found, d)
            rows.append(EditionRow(d.edition or 0, d.id, d.filename, d.received_by, d.received_at, pending, outdated))
        return tuple(rows)


def count_pending(session: Session, plan: Plan, document: Document, diff: Difference) -> None:
    """Keeps the count of a difference that was just made, with what the ledger looked like."""
    session.flush()
    mark = mark_of(session, plan)
    document.pending, document.pending_mark = sum(c.pending for c in diff.changes), mark
    session.flush()


def mark_of(session: Session, plan: Plan) -> str:
    """Changes with whatever an edition is held against: the items, the directory, and what was decided."""
    items = session.execute(
        select(func.count(), func.sum(Item.version)).where(Item.plan_id == plan.id, ~Item.dropped)
    ).one()
    documents = select(Document.id).where(Document.plan_id == plan.id)
    decided = session.execute(
        select(func.count(), func.max(DocumentDecision.id)).where(DocumentDecision.document_id.in_(documents))
    ).one()
    directory = session.scalar(select(func.max(DirectoryChange.id)).where(DirectoryChange.plan_id == plan.id))
    told = [items[0], items[1], decided[0], decided[1], directory]
    return ".".join(str(int(n or 0)) for n in told)[:64]


def _pending(session: Session, plan: Plan, document: Document) -> tuple[int, bool]:
    """How many differences are pending, and whether that was counted on another ledger than this."""
    if document.pending is not None and document.pending_mark == mark_of(session, plan):
        return document.pending, False
    many = select(func.count()).where(Item.plan_id == plan.id, ~Item.dropped)
    if document.pending is not None and (session.scalar(many) or 0) > QUICK:
        return document.pending, True
    return sum(c.pending for c in difference_of(session, plan, document).changes), False
