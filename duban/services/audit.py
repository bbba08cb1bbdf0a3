"""Verifying the ledger's event log: with itself, with its anchors, with the rows, and with what was seen elsewhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters import guards
from duban.adapters.database import Database
from duban.adapters.evidence_folder import EvidenceFolder
from duban.adapters.migrations import upgrade
from duban.services.audit_log import Anchored, LogWalk, Mark, Verified, sealed
from duban.services.sign_in import log_access
from models import Anchor, Event, Evidence, Item


def verify(database: Database, *, evidence: EvidenceFolder | None = None, marks: Iterable[Mark] = ()) -> Verified:
    """Reads the whole log and compares it with itself, with its anchors, and with what stands in the ledger.

    With the folder of evidence files, with these too; with marks (what a witness or an earlier export saw), whether
    everything that they saw is still there.
    """
    found = Verified()
    log = LogWalk(found, marks)
    with database.read() as session:
        anchors = iter(anchors_of(session))
        anchor = next(anchors, None)
        for event in events_of(session):
            while anchor is not None and anchor.last_event_id < event.id:
                log.check(anchor)
                anchor = next(anchors, None)
            log.take(sealed(event), event.hash)
        while anchor is not None:
            log.check(anchor)
            anchor = next(anchors, None)
        log.end()
        _compare_rows(session, log)
        _compare_evidence(session, log, evidence)
        gone = guards.missing(session.connection())
    found.defects += [
        f"guard {name}: somebody took it away or changed it; `duban db upgrade` puts it back" for name in gone
    ]
    return found


def events_of(session: Session) -> Iterable[Event]:
    """Every event in the order of the log, a batch at a time."""
    return session.scalars(select(Event).order_by(Event.id).execution_options(yield_per=1000))


def anchors_of(session: Session) -> list[Anchored]:
    """Every anchor in the order of the log."""
    rows = session.scalars(select(Anchor).order_by(Anchor.last_event_id, Anchor.id))
    return [Anchored(row.as_of, row.last_event_id, row.events, row.hash) for row in rows]


def _compare_rows(session: Session, log: LogWalk) -> None:
    """An item whose row and log disagree was changed by a hand that left no event."""
    rows = session.execute(select(Item.id, Item.state, Item.version).order_by(Item.id)).tuples()
    there = {item_id: (state.value, version) for item_id, state, version in rows}
    for item_id, (state, version) in there.items():
        head = log.heads.get(item_id)
        if head is None:
            log.found.defects.append(f"item {item_id}: it has no event at all")
            continue
        if head.state != state:
            log.found.defects.append(f"item {item_id}: it stands at {state}, its log ends at {head.state}")
        if (head.version or 1) != version:
            log.found.defects.append(f"item {item_id}: it is version {version}, its log ends at {head.version or 1}")
    gone = sorted(log.heads.keys() - there.keys())
    log.found.defects += [f"item {item_id}: the log tells of it, and it is gone" for item_id in gone]


def _compare_evidence(session: Session, log: LogWalk, folder: EvidenceFolder | None) -> None:
    """Every file that was handed in is still named as it was, no other is, and each lies in the folder unchanged."""
    rows = session.execute(select(Evidence.item_id, Evidence.sha256, Evidence.filename, Evidence.size)).tuples()
    there = {(item_id, sha256): (filename, size) for item_id, sha256, filename, size in rows}
    for key in sorted(log.files.keys() | there.keys()):
        if log.files.get(key) != there.get(key):
            log.found.defects.append(f"item {key[0]}: the log has the file {log.files.get(key)}, now {there.get(key)}")
        fault = folder.fault(key[1]) if folder is not None else None
        if fault is not None:
            log.found.defects.append(f"item {key[0]}: the file {key[1]} {fault}")
    log.found.files = len(there)


def upgrade_ledger(database: Database, *, actor: str, now: dt.datetime) -> list[str]:
    """Migrates the ledger; returns the guards that somebody had taken away, which are put back and logged."""
    put_back = upgrade(database)
    if put_back:
        names = ", ".join(put_back)
        log_access(
            database, actor=actor, action="guards put back", outcome="done", address="cli", now=now, detail=names
        )
    return put_back
