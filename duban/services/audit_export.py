"""The event log for an inspector: exported with its anchors and files, and verified without the ledger.

An export of one plan shows the other plans' part in an anchor by the heads of their chains alone, so that its anchors
can be reckoned again too.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.adapters.evidence_folder import EvidenceFolder
from duban.domain.events import Sealed
from duban.errors import DubanError
from duban.services.audit import anchors_of, events_of
from duban.services.audit_log import FIELDS, Anchored, LogWalk, Mark, Verified, sealed
from duban.services.evidence_files import EvidenceGone
from duban.services.plan_lookup import plan_id_of
from models import Evidence, Item, Plan

FORMAT = "duban-audit-2"


class ExportUnreadable(DubanError):
    """{file} is no export of an event log: {reason}.

    Give a file that `duban audit export` wrote, unchanged.
    """

    code = "export_unreadable"
    status = 422
    exit_code = 2


def export(database: Database, plan: str | None = None) -> Iterator[dict[str, Any]]:
    """The log as plain values: a head, then every event of the plan (or of all) with the anchors in their places.

    Raises NotFound for a plan that is not there.
    """
    plan_id = plan_id_of(database, plan) if plan is not None else None
    with database.read() as session:
        yield {"format": FORMAT, "plan": plan, "hash": "sha256", "fields": list(FIELDS)}
        names = _names(session, plan_id)
        anchors = iter(anchors_of(session))
        anchor = next(anchors, None)
        others: dict[int, tuple[int, str]] = {}
        left_out = 0
        for event in events_of(session):
            while anchor is not None and anchor.last_event_id < event.id:
                yield _anchor(anchor, others, left_out)
                others, left_out, anchor = {}, 0, next(anchors, None)
            if event.item_id in names:
                code, number = names[event.item_id]
                yield {"event": _plain(sealed(event)), "hash": event.hash, "plan": code, "number": number}
            else:
                others[event.item_id] = (event.seq, event.hash)
                left_out += 1
        while anchor is not None:
            yield _anchor(anchor, others, left_out)
            others, left_out, anchor = {}, 0, next(anchors, None)


def _names(session: Session, plan_id: int | None) -> dict[int, tuple[str, str]]:
    query = select(Item.id, Plan.code, Item.number).join(Plan, Plan.id == Item.plan_id)
    if plan_id is not None:
        query = query.where(Plan.id == plan_id)
    return {item_id: (code, number) for item_id, code, number in session.execute(query).tuples()}


def _anchor(anchor: Anchored, others: Mapping[int, tuple[int, str]], left_out: int) -> dict[str, Any]:
    return {
        "anchor": anchor.as_of.isoformat(),
        "events": anchor.events,
        "last_event_id": anchor.last_event_id,
        "hash": anchor.hash,
        "others": [[item_id, seq, seal] for item_id, (seq, seal) in sorted(others.items())],
        "other_events": left_out,
    }


def verify_export(
    lines: Iterable[str], filename: str, *, evidence: EvidenceFolder | None = None, marks: Iterable[Mark] = ()
) -> Verified:
    """Verifies the chains and anchors of an exported log, without the ledger, and the files that came with it.

    With marks, whether everything that they saw is in it (of an export of one plan: its own items and the anchors).
    Raises ExportUnreadable.
    """
    found = Verified()
    log = LogWalk(found, marks)
    for row in _rows(lines, filename):
        if isinstance(row, Anchored):
            log.check(row)
        else:
            log.take(*row)
    log.end()
    found.files = len(log.files)
    if evidence is not None:
        faults = ((key, evidence.fault(key[1])) for key in sorted(log.files))
        found.defects += [f"item {key[0]}: the file {key[1]} {fault}" for key, fault in faults if fault]
    return found


def marks_of(lines: Iterable[str], filename: str) -> Iterator[Mark]:
    """What an export saw: each event and each anchor. Raises ExportUnreadable."""
    for row in _rows(lines, filename):
        if isinstance(row, Anchored):
            yield Mark(0, row.last_event_id, row.hash, None, filename)
        else:
            event, seal = row
            yield Mark(event.item_id, event.seq, seal, event.recorded_at, filename)


def _rows(lines: Iterable[str], filename: str) -> Iterator[Anchored | tuple[Sealed, str]]:
    events = 0
    for n, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            if n == 1:
                _check_format(row, filename)
            elif "event" in row:
                events += 1
                yield _sealed_of(row["event"]), str(row["hash"])
            elif "anchor" in row:
                yield _anchored(row)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ExportUnreadable(file=filename, reason=f"line {n}: {error}") from None
    if not events:
        raise ExportUnreadable(file=filename, reason="it holds no event")


def _check_format(row: Mapping[str, Any], filename: str) -> None:
    if row.get("format") != FORMAT:
        raise ExportUnreadable(file=filename, reason=f"it does not begin with the format {FORMAT}")


def _anchored(row: Mapping[str, Any]) -> Anchored:
    return Anchored(
        as_of=dt.date.fromisoformat(row["anchor"]),
        last_event_id=int(row["last_event_id"]),
        events=int(row["events"]),
        hash=str(row["hash"]),
        others={int(item_id): (int(seq), str(seal)) for item_id, seq, seal in row["others"]},
        other_events=int(row["other_events"]),
    )


def _plain(event: Sealed) -> dict[str, Any]:
    values = {name: getattr(event, name) for name in FIELDS}
    return values | {"occurred_at": _instant(event.occurred_at), "recorded_at": _instant(event.recorded_at)}


def _sealed_of(values: Mapping[str, Any]) -> Sealed:
    instants = {name: dt.datetime.fromisoformat(values[name]) for name in ("occurred_at", "recorded_at")}
    return Sealed(**({name: values[name] for name in FIELDS} | instants))


def _instant(value: dt.datetime) -> str:
    return value.astimezone(dt.UTC).isoformat(timespec="microseconds")


def export_files(database: Database, folder: EvidenceFolder, target: EvidenceFolder, plan: str | None = None) -> int:
    """Copies the evidence files of a plan (or of all) beside an exported log; returns how many.

    Raises NotFound for a plan that is not there, EvidenceGone for a file that is missing or has changed.
    """
    plan_id = plan_id_of(database, plan) if plan is not None else None
    query = select(Evidence.sha256, Evidence.filename).join(Item, Item.id == Evidence.item_id)
    if plan_id is not None:
        query = query.where(Item.plan_id == plan_id)
    with database.read() as session:
        files = dict(session.execute(query).tuples().all())
    for sha256, filename in files.items():
        if not target.copy_from(folder, sha256):
            raise EvidenceGone(filename=filename, fault=folder.fault(sha256))
    return len(files)
