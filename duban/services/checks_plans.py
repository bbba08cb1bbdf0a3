"""Invariants of plans, parties, the quarantine, documents, evidence files and guards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from duban.adapters import guards
from duban.services.checks_look import Look
from duban.services.evidence_files import orphans
from models import Anomaly, Clock, Document, Evidence, Item, ItemParty, Notice, Party, PartyKind, Plan


def plan_without_office(look: Look) -> Iterator[str]:
    """Where it does not hold that every plan has a supervision office with an address."""
    office = exists().where(
        Party.plan_id == Plan.id, Party.kind == PartyKind.OFFICE, Party.email.is_not(None), Party.email != ""
    )
    for plan, code in look.rows(select(Plan.id, Plan.code).where(~office).order_by(Plan.id)):
        yield f"plan {plan} ({code})"


def row_of_another_plan(look: Look) -> Iterator[str]:
    """Where it does not hold that what belongs to an item belongs to its plan."""
    parent = aliased(Item)
    queries = {
        "clock": select(Clock.id).join(Item, Item.id == Clock.item_id).where(Item.plan_id != Clock.plan_id),
        "notice": select(Notice.id).join(Item, Item.id == Notice.item_id).where(Item.plan_id != Notice.plan_id),
        "role of party": select(Party.id)
        .join(ItemParty, ItemParty.party_id == Party.id)
        .join(Item, Item.id == ItemParty.item_id)
        .where(Item.plan_id != Party.plan_id),
        "child": select(Item.id).join(parent, parent.id == Item.parent_id).where(parent.plan_id != Item.plan_id),
    }
    for what, query in queries.items():
        for (key,) in look.rows(query):
            yield f"{what} {key}"


def quarantine_without_doubt(look: Look) -> Iterator[str]:
    """A quarantined item has an open blocking doubt, or hangs on one that has; else nobody will ever let it out."""
    blocked = set(look.session.scalars(select(Anomaly.item_id).where(Anomaly.blocks, Anomaly.resolved_at.is_(None))))
    for item, parent in look.rows(
        select(Item.id, Item.parent_id).where(Item.quarantined, ~Item.dropped).order_by(Item.id)
    ):
        if item not in blocked and parent not in blocked:
            yield f"item {item}"
        else:
            blocked.add(item)


def doubt_without_quarantine(look: Look) -> Iterator[str]:
    """Where it does not hold that an item with an open blocking doubt is in quarantine."""
    query = (
        select(Anomaly.id, Item.id)
        .join(Item, Item.id == Anomaly.item_id)
        .where(Anomaly.blocks, Anomaly.resolved_at.is_(None), ~Item.quarantined, ~Item.dropped)
        .order_by(Anomaly.id)
    )
    for anomaly, item in look.rows(query):
        yield f"doubt {anomaly} of item {item}"


def document_changed(look: Look) -> Iterator[str]:
    """Where it does not hold that documents are kept as they were received."""
    query = select(Document.id, Document.sha256, Document.size, Document.content).order_by(Document.id)
    for document, digest, size, content in look.session.execute(query.execution_options(yield_per=1)):
        if len(content) != size or hashlib.sha256(content).hexdigest() != digest:
            yield f"document {document}"


def evidence_damaged(look: Look) -> Iterator[str]:
    """Where it does not hold that every evidence file is there as it was handed in."""
    if look.evidence is None:
        return
    query = select(Evidence.id, Evidence.item_id, Evidence.sha256, Evidence.filename).order_by(Evidence.id)
    for evidence, item, sha256, filename in look.rows(query):
        fault = look.evidence.fault(sha256)
        if fault is not None:
            yield f"evidence {evidence} of item {item} ({filename}): {look.evidence.path(sha256)} {fault}"


def evidence_orphan(look: Look) -> Iterator[str]:
    """Where it does not hold that every evidence file is named by a row (`duban evidence orphans`)."""
    if look.evidence is not None:
        named = frozenset(look.session.scalars(select(Evidence.sha256)))
        yield from (str(path) for path in orphans(look.evidence, named, now=look.now))


def guard_missing(look: Look) -> Iterator[str]:
    """Where a table that matters does not refuse hands other than duban's."""
    yield from guards.missing(look.session.connection())
