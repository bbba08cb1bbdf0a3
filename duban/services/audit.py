"""Verifying the event log: every chain from its first event, every anchor as it was set, every row against its log."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters import guards
from duban.adapters.database import Database
from duban.adapters.evidence_folder import EvidenceFolder
from duban.adapters.migrations import upgrade
from duban.domain.events import Sealed, anchor_hash, chain_hash
from duban.errors import DubanError
from duban.services.evidence_files import EvidenceGone
from duban.services.plan_lookup import plan_id_of
from duban.services.sign_in import log_access
from models import Anchor, Event, Evidence, Item, Plan

FORMAT = "duban-audit-1"
FIELDS = tuple(Sealed.__dataclass_fields__)


class ExportUnreadable(DubanError):
    """{file} is no export of an event log: {reason}.

    Give a file that `duban audit export` wrote, unchanged.
    """

    code = "export_unreadable"
    status = 422
    exit_code = 2


@dataclass(slots=True)
class Verified:
    """What was looked at, and every place where it does not hold, in the order of the log."""

    events: int = 0
    items: int = 0
    anchors: int = 0
    files: int = 0
    last_anchor_on: dt.date | None = None
    defects: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the log is whole and nobody changed it."""
        return not self.defects


@dataclass(slots=True)
class _Head:
    seq: int = 0
    hash: str = ""
    state: str | None = None
    version: int | None = None


class _Log:
    """The log read once in the order in which it was written."""

    def __init__(self, found: Verified) -> None:
        self.found = found
        self.heads: dict[int, _Head] = {}
        self.grown: set[int] = set()  # chains with events since the last anchor
        self.anchored = ""  # that anchor's hash
        self.files: dict[tuple[int, str], tuple[str, int]] = {}  # by item and SHA-256: name and size as handed in

    def take(self, event: Sealed, seal: str) -> None:
        """The next event: its number, what it is sealed onto, its own seal."""
        head = self.heads.setdefault(event.item_id, _Head())
        place = f"item {event.item_id}, event {event.seq} ({event.type})"
        if event.seq != head.seq + 1:
            self.found.defects.append(f"{place}: number {head.seq + 1} is missing before it")
        if event.previous_hash != head.hash:
            self.found.defects.append(f"{place}: it is not sealed onto the event before it")
        if chain_hash(event) != seal:
            self.found.defects.append(f"{place}: its content was changed after it was sealed")
        head.seq, head.hash = event.seq, seal
        head.state = event.payload.get("to") or event.payload.get("state") or head.state
        head.version = event.payload.get("version") or head.version
        self.grown.add(event.item_id)
        if event.type == "evidence.handed_in":
            payload = event.payload
            self.files[event.item_id, payload["sha256"]] = (payload["filename"], payload["size"])
        self.found.events += 1

    def check(self, anchor: Anchor) -> None:
        """Whether everything up to an anchor still gives the hash that was taken then."""
        heads = ((item_id, self.heads[item_id].seq, self.heads[item_id].hash) for item_id in sorted(self.grown))
        place = f"anchor {anchor.id} of {anchor.as_of}"
        if anchor.events != self.found.events:
            self.found.defects.append(f"{place}: it sealed {anchor.events} events, there are {self.found.events} now")
        elif anchor.hash != anchor_hash(heads, self.anchored):
            self.found.defects.append(f"{place}: the chains no longer end as they did then")
        self.grown, self.anchored = set(), anchor.hash
        self.found.anchors += 1
        self.found.last_anchor_on = anchor.as_of


def verify(database: Database, *, evidence: EvidenceFolder | None = None) -> Verified:
    """Reads the whole log and compares it with itself, with its anchors, and with what stands in the ledger.

    With the folder of evidence files, with these too.
    """
    found = Verified()
    log = _Log(found)
    with database.read() as session:
        anchors = iter(session.scalars(select(Anchor).order_by(Anchor.last_event_id, Anchor.id)).all())
        anchor = next(anchors, None)
        for event in _events(session):
            while anchor is not None and anchor.last_event_id < event.id:
                log.check(anchor)
                anchor = next(anchors, None)
            log.take(sealed(event), event.hash)
        while anchor is not None:
            log.check(anchor)
            anchor = next(anchors, None)
        _compare_rows(session, log)
        _compare_evidence(session, log, evidence)
        gone = guards.missing(session.connection())
    found.defects += [
        f"guard {name}: somebody took it away or changed it; `duban db upgrade` puts it back" for name in gone
    ]
    found.items = len(log.heads)
    return found


def sealed(event: Event) -> Sealed:
    """The part of an event that its hash covers."""
    return Sealed(**{name: getattr(event, name) for name in FIELDS})


def _events(session: Session) -> Iterable[Event]:
    return session.scalars(select(Event).order_by(Event.id).execution_options(yield_per=1000))


def _compare_rows(session: Session, log: _Log) -> None:
    """An item whose row and log disagree was changed by a hand that left no event."""
    for item_id, state, version in session.execute(
        select(Item.id, Item.state, Item.version).order_by(Item.id)
    ).tuples():
        head = log.heads.get(item_id)
        if head is None:
            log.found.defects.append(f"item {item_id}: it has no event at all")
            continue
        if head.state != state.value:
            log.found.defects.append(f"item {item_id}: it stands at {state.value}, its log ends at {head.state}")
        if (head.version or 1) != version:
            log.found.defects.append(f"item {item_id}: it is version {version}, its log ends at {head.version or 1}")


def _compare_evidence(session: Session, log: _Log, folder: EvidenceFolder | None) -> None:
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


# -- for an inspector --------------------------------------------------------------------------------------------


def export(database: Database, plan: str | None = None) -> Iterator[dict[str, Any]]:
    """The log as plain values, a head, then every event of the plan (or of all), then the anchors.

    Raises NotFound for a plan that is not there.
    """
    plan_id = plan_id_of(database, plan) if plan is not None else None
    with database.read() as session:
        yield {"format": FORMAT, "plan": plan, "hash": "sha256", "fields": list(FIELDS)}
        names = select(Item.id, Plan.code, Item.number).join(Plan, Plan.id == Item.plan_id)
        if plan_id is not None:
            names = names.where(Plan.id == plan_id)
        of = {item_id: (code, number) for item_id, code, number in session.execute(names).tuples()}
        for event in _events(session):
            if event.item_id in of:
                code, number = of[event.item_id]
                yield {"event": _plain(sealed(event)), "hash": event.hash, "plan": code, "number": number}
        for anchor in session.scalars(select(Anchor).order_by(Anchor.id)):
            yield {
                "anchor": anchor.as_of.isoformat(),
                "anchored_at": _instant(anchor.anchored_at),
                "events": anchor.events,
                "last_event_id": anchor.last_event_id,
                "hash": anchor.hash,
            }


def verify_export(lines: Iterable[str], filename: str, *, evidence: EvidenceFolder | None = None) -> Verified:
    """Verifies the chains of an exported log by themselves, without the ledger, and the files that came with it.

    Raises ExportUnreadable.
    """
    found = Verified()
    log = _Log(found)
    for n, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            if n == 1:
                _check_format(row, filename)
            elif "event" in row:
                log.take(_sealed_of(row["event"]), str(row["hash"]))
            elif "anchor" in row:
                found.anchors += 1
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ExportUnreadable(file=filename, reason=f"line {n}: {error}") from None
    if not found.events:
        raise ExportUnreadable(file=filename, reason="it holds no event")
    found.items = len(log.heads)
    found.files = len(log.files)
    if evidence is not None:
        faults = ((key, evidence.fault(key[1])) for key in sorted(log.files))
        found.defects += [f"item {key[0]}: the file {key[1]} {fault}" for key, fault in faults if fault]
    return found


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


def _check_format(row: Mapping[str, Any], filename: str) -> None:
    if row.get("format") != FORMAT:
        raise ExportUnreadable(file=filename, reason=f"it does not begin with the format {FORMAT}")


def _plain(event: Sealed) -> dict[str, Any]:
    values = {name: getattr(event, name) for name in FIELDS}
    return values | {"occurred_at": _instant(event.occurred_at), "recorded_at": _instant(event.recorded_at)}


def _sealed_of(values: Mapping[str, Any]) -> Sealed:
    instants = {name: dt.datetime.fromisoformat(values[name]) for name in ("occurred_at", "recorded_at")}
    return Sealed(**({name: values[name] for name in FIELDS} | instants))


def _instant(value: dt.datetime) -> str:
    return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
