"""What units report on an item: measures and milestones done, regulations issued, evidence handed in."""

from __future__ import annotations

import datetime as dt
import hashlib

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import Relation
from duban.errors import DubanError, InTheFuture, NotFound
from duban.services import clocks
from duban.services.act_days import check_act_day
from duban.services.evidence_files import EvidenceStore, check_type
from duban.services.item_changes import ANYBODY_ON_IT, open_item, record
from duban.services.rules import business_date, rules_of
from models import (
    Clock,
    ClockKind,
    ClockState,
    Evidence,
    Item,
    Measure,
    Milestone,
    Progress,
    Regulation,
    RegulationStatus,
)

BY_UNIT = (Relation.UNIT, Relation.SUPERVISION)
MAX_EVIDENCE_BYTES = 20 * 1024 * 1024


class AlreadyDone(DubanError):
    """{what} was already reported as done, as of {on}.

    Look at the item again; what was reported before stays as it is.
    """

    code = "already_done"
    status = 409


class EvidenceRefused(DubanError):
    """The file {filename} is refused: {reason}.

    Give a file of at most 20 MB that is not empty and was not handed in for this item before.
    """

    code = "evidence_refused"
    status = 422


def report_measure(
    database: Database,
    *,
    measure_id: int,
    progress: Progress,
    actor: Actor,
    expected_version: int | None,
    now: dt.datetime,
    done_on: dt.date | None = None,
    reason: str = "",
) -> int:
    """Records how far a measure is (未完成 / 基本完成 / 已完成); returns the item's new version."""
    with database.write() as session:
        measure = session.get(Measure, measure_id)
        if measure is None:
            raise NotFound(what="measure", key=measure_id)
        item, _ = open_item(
            session, measure.item_id, actor, action_zh="填报措施进展", by=BY_UNIT, expected_version=expected_version
        )
        done = _done_on(session, item, done_on, now, "整改措施") if progress is Progress.DONE else None
        measure.progress, measure.done_on = progress, done
        measure.reported_by = actor.name
        payload = {"measure": measure.position, "progress": progress.value, "done_on": _iso(measure.done_on)}
        return record(session, item, actor, now, event="measure.reported", reason=reason, payload=payload)


def report_milestone(
    database: Database,
    *,
    milestone_id: int,
    actor: Actor,
    expected_version: int | None,
    now: dt.datetime,
    done_on: dt.date | None = None,
    reason: str = "",
) -> int:
    """Records that a milestone is done: its clock ends with it. Returns the item's new version."""
    with database.write() as session:
        milestone = session.get(Milestone, milestone_id)
        if milestone is None:
            raise NotFound(what="milestone", key=milestone_id)
        item, _ = open_item(
            session, milestone.item_id, actor, action_zh="填报节点完成", by=BY_UNIT, expected_version=expected_version
        )
        if milestone.done:
            raise AlreadyDone(what=f"节点「{milestone.text}」", on=milestone.done_on or "登记之前")
        milestone.done, milestone.done_on = True, _done_on(session, item, done_on, now, "节点")
        milestone.reported_by = actor.name
        clocks.complete(session, item, now, milestone_id=milestone.id)
        clocks.arm(session, item, rules_of(session, item.plan_id), business_date(now))
        clocks.show_next_due(session, item)
        payload = {"milestone": milestone.position, "done_on": _iso(milestone.done_on)}
        return record(session, item, actor, now, event="milestone.done", reason=reason, payload=payload)


def report_regulation(
    database: Database,
    *,
    regulation_id: int,
    document_number: str | None,
    issued_on: dt.date | None,
    actor: Actor,
    expected_version: int | None,
    now: dt.datetime,
) -> int:
    """Records a regulation's document number (文号) and date; returns the item's new version."""
    with database.write() as session:
        regulation = session.get(Regulation, regulation_id)
        if regulation is None:
            raise NotFound(what="regulation", key=regulation_id)
        item, _ = open_item(
            session, regulation.item_id, actor, action_zh="登记制度", by=BY_UNIT, expected_version=expected_version
        )
        regulation.document_number = document_number or regulation.document_number
        regulation.issued_on = _not_to_come(issued_on, now, "制度") if issued_on else regulation.issued_on
        if regulation.document_number and regulation.issued_on:
            regulation.status = RegulationStatus.ISSUED
        payload = {
            "regulation": regulation.position,
            "document_number": regulation.document_number,
            "issued_on": _iso(regulation.issued_on),
        }
        return record(session, item, actor, now, event="regulation.reported", payload=payload)


def report_check_in(
    database: Database,
    *,
    item_id: int,
    text: str,
    actor: Actor,
    expected_version: int | None,
    now: dt.datetime,
) -> int:
    """Records a long-term item's periodic report: its check-in clock ends, the next period's begins.

    Returns the item's new version. Raises NotFound where the item owes no check-in now.
    """
    with database.write() as session:
        item, _ = open_item(
            session, item_id, actor, action_zh="长效期报告", by=BY_UNIT, expected_version=expected_version
        )
        clock = session.scalars(
            select(Clock).where(
                Clock.item_id == item.id, Clock.kind == ClockKind.CHECK_IN, Clock.state == ClockState.RUNNING
            )
        ).first()
        if clock is None:
            raise NotFound(what="check-in of item", key=item_id)
        following = clocks.next_check_in_clock(session, clock, rules_of(session, item.plan_id), business_date(now), now)
        payload = {"due_on": _iso(clock.due_on), "next_due_on": _iso(following.due_on)}
        return record(session, item, actor, now, event="check_in.reported", reason=text, payload=payload)


def hand_in_evidence(
    database: Database,
    *,
    item_id: int,
    filename: str,
    content: bytes,
    note: str,
    actor: Actor,
    expected_version: int | None,
    now: dt.datetime,
    store: EvidenceStore,
) -> int:
    """Keeps a file that proves what was done, by hash; returns its id.

    The file lies in its place before the row that names it commits: a crash between the two leaves a file that nobody
    names, never a row without its file. Raises EvidenceRefused, EvidenceType, EvidenceInfected, ScannerAway,
    EvidenceFolderUnusable.
    """
    if not content or len(content) > MAX_EVIDENCE_BYTES:
        raise EvidenceRefused(filename=filename, reason="it is empty" if not content else "it is larger than 20 MB")
    media_type, digest = check_type(filename, content), hashlib.sha256(content).hexdigest()

    def allowed(session: Session) -> Item:
        item, _ = open_item(
            session, item_id, actor, action_zh="上传佐证材料", by=ANYBODY_ON_IT, expected_version=expected_version
        )
        known = session.scalars(select(Evidence).where(Evidence.item_id == item_id, Evidence.sha256 == digest)).first()
        if known is not None and known.cycle == item.cycle:
            raise EvidenceRefused(filename=filename, reason=f"it was handed in before as {known.filename}")
        if known is not None:
            raise EvidenceRefused(filename=filename, reason="it is evidence of an earlier round, before the relapse")
        return item

    with database.read() as session:
        allowed(session)  # whoever may not hand it in fills no disk; asked again below, where it counts
    _, scanned = store.keep(filename, content)
    with database.write() as session:
        item = allowed(session)
        if not store.folder.path(digest).exists():  # swept up since, as an orphan
            store.keep(filename, content)
        evidence = Evidence(
            item_id=item_id,
            cycle=item.cycle,
            filename=filename[-255:],
            media_type=media_type,
            sha256=digest,
            size=len(content),
            note=note,
            uploaded_by=actor.name,
            uploaded_at=now,
        )
        session.add(evidence)
        session.flush()
        payload = {"filename": evidence.filename, "sha256": digest, "size": len(content), "scanned": scanned}
        record(session, item, actor, now, event="evidence.handed_in", reason=note, payload=payload)
        return evidence.id


def _done_on(session: Session, item: Item, given: dt.date | None, now: dt.datetime, what: str) -> dt.date:
    today = business_date(now)
    return check_act_day(session, item, given, today=today, what=what) if given is not None else today


def _not_to_come(given: dt.date, now: dt.datetime, what: str) -> dt.date:
    """The day of an instrument, which may well be older than the plan that names it."""
    if given > business_date(now):
        raise InTheFuture(what=what, on=given)
    return given


def _iso(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None
