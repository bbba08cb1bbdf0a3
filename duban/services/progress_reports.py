"""A published progress report (整改进展情况的通报) enters what was done into the plan that it reports on.

Its problems are matched to the plan's items by their words, and a person accepts each match: nothing is assumed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import State
from duban.errors import DubanError, Forbidden, NotFound
from duban.reading import model as read
from duban.services.edition_difference import reading_of
from duban.services.event_log import lock_items
from duban.services.item_changes import record
from duban.services.queries.plans import find_plan, locked_plan
from duban.services.registration import Received, store_document
from duban.services.report_matching import LEAST_ALIKE, Matcher, said_of
from models import Document, DocumentDecision, Item, Plan


class ReportIsEdition(DubanError):
    """This document is edition {edition} of plan {code}, and no report on it.

    Nothing was changed. Give the published report (整改进展情况的通报) instead.
    """

    code = "report_is_edition"
    status = 409


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item that a problem may be, and how alike both are, from 0 to 1."""

    item_id: int
    number: str
    title: str
    alike: float


@dataclass(frozen=True, slots=True)
class Match:
    """One reported problem beside the item that it seems to be; `alike` from 0 to 1. `item_id` None: none is alike.

    `entered` is True or False once a person has decided about it, and None before.
    """

    key: str
    reported: str
    item_id: int | None
    number: str | None
    title: str | None
    alike: float
    done: bool
    measures: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    entered: bool | None = None


@dataclass(slots=True)
class Reported:
    """What a report says of a plan, and what was entered of it. `document_id` once the report is kept."""

    code: str
    matches: list[Match] = field(default_factory=list)
    entered: list[str] = field(default_factory=list)
    document_id: int | None = None
    filename: str = ""

    @property
    def pending(self) -> list[Match]:
        """Problems that nobody has decided about."""
        return [m for m in self.matches if m.entered is None]


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report on a plan as it was received."""

    document_id: int
    filename: str
    received_by: str
    received_at: dt.datetime
    pending: int


def match(database: Database, plan: str, reading: read.Reading) -> Reported:
    """Proposes for each reported problem the open item that is most alike; nothing is written. Raises NotFound."""
    with database.read() as session:
        return _matched(session, find_plan(session, plan), reading, None)


def receive(database: Database, plan: str, received: Received, *, actor: Actor, now: dt.datetime) -> Reported:
    """Keeps a report with the plan that it reports on; nothing of it is entered. The same bytes again are the same one.

    Raises NotFound, Forbidden, ReportIsEdition.
    """
    _office_only(actor)
    with database.write() as session:
        found = locked_plan(session, plan)
        known = select(Document).where(Document.plan_id == found.id, Document.sha256 == received.sha256)
        document = session.scalars(known).first()
        if document is not None and document.edition is not None:
            raise ReportIsEdition(edition=document.edition, code=found.code)
        if document is None:
            document = store_document(session, found, received, None, actor, now)
        return _matched(session, found, received.reading, document)


def stored(database: Database, plan: str, document_id: int) -> Reported:
    """A kept report against the plan as it stands now. Raises NotFound."""
    with database.read() as session:
        found = find_plan(session, plan)
        document = _document(session, found, document_id)
        return _matched(session, found, _reading(document), document)


def enter(
    database: Database,
    plan: str,
    document_id: int,
    *,
    accepted: Mapping[str, int | None],
    declined: Collection[str] = (),
    actor: Actor,
    now: dt.datetime,
) -> Reported:
    """Enters the accepted problems: what was done goes into the item's history, 已完成整改 is noted; states stay.

    `accepted` maps a problem's key to the item that a person chose, None for the one proposed. What was entered once
    is not entered again. Striking off remains a person's decision. Raises NotFound, Forbidden.
    """
    _office_only(actor)
    with database.write() as session:
        found = locked_plan(session, plan)
        document = _document(session, found, document_id)
        reported = _matched(session, found, _reading(document), document)
        chosen = {m.key: accepted[m.key] or m.item_id for m in reported.matches if m.key in accepted and not m.entered}
        lock_items(session, {i for i in chosen.values() if i is not None})
        for one in reported.matches:
            item_id = chosen.get(one.key)
            if item_id is not None:
                _enter(session, found, document, one, item_id, actor, now)
                reported.entered.append(one.key)
            elif one.key in declined and one.entered is None:
                _note(session, document, one, None, actor, now)
        session.flush()
        after = _matched(session, found, _reading(document), document)
        after.entered = reported.entered
        return after


def reports_on(database: Database, plan: str) -> tuple[ReportRow, ...]:
    """The reports that were received on a plan, the newest first. Raises NotFound."""
    with database.read() as session:
        found = find_plan(session, plan)
        query = select(Document).where(Document.plan_id == found.id, Document.edition.is_(None))
        rows = session.scalars(query.order_by(Document.id.desc())).all()
        return tuple(
            ReportRow(d.id, d.filename, d.received_by, d.received_at, _count_pending(session, d)) for d in rows
        )


def _count_pending(session: Session, document: Document) -> int:
    """How many problems of a kept report nobody has decided about; its items are not looked for."""
    decided = select(DocumentDecision.key).where(DocumentDecision.document_id == document.id)
    return len({key for key, _ in _problems(_reading(document))} - set(session.scalars(decided)))


def _problems(reading: read.Reading) -> list[tuple[str, read.Item]]:
    """The problems of a report, each under its place as its key."""
    walked = enumerate(reading.walk(), start=1)
    return [(str(place), problem) for place, problem in walked if problem.title or problem.measures]


def _office_only(actor: Actor) -> None:
    if actor.role not in ("supervisor", "admin"):
        raise Forbidden(actor=actor.name, action="登记整改进展", who="督查室")


def _document(session: Session, plan: Plan, document_id: int) -> Document:
    found = session.get(Document, document_id)
    if found is None or found.plan_id != plan.id or found.edition is not None:
        raise NotFound(what="report", key=f"{plan.code}/{document_id}")
    return found


def _reading(document: Document) -> read.Reading:
    kind = read.Kind.PROGRESS_REPORT.value
    return reading_of(document.sha256, document.content, document.filename, kind)


def _enter(
    session: Session, plan: Plan, document: Document, one: Match, item_id: int, actor: Actor, now: dt.datetime
) -> None:
    item = session.get(Item, item_id, with_for_update=True)
    if item is None or item.plan_id != plan.id:
        raise NotFound(what="item", key=item_id)
    item.reported_done = item.reported_done or one.done
    payload = {"document": document.sha256, "file": document.filename, "problem": one.reported, "done": one.done}
    record(session, item, actor, now, event="progress.published", reason="\n".join(one.measures), payload=payload)
    _note(session, document, one, item, actor, now)


def _note(session: Session, document: Document, one: Match, item: Item | None, actor: Actor, now: dt.datetime) -> None:
    query = select(DocumentDecision).where(DocumentDecision.document_id == document.id, DocumentDecision.key == one.key)
    row = session.scalars(query).first() or DocumentDecision(document_id=document.id, key=one.key, field="")
    row.item_id, row.accepted, row.value = item.id if item is not None else None, item is not None, {"done": one.done}
    row.decided_by, row.decided_at = actor.name, now
    session.add(row)


def _matched(session: Session, plan: Plan, reading: read.Reading, document: Document | None) -> Reported:
    items = session.scalars(
        select(Item).where(Item.plan_id == plan.id, ~Item.dropped, ~Item.quarantined).order_by(Item.position)
    ).all()
    by_id = {item.id: item for item in items}
    matcher = Matcher([item for item in items if item.state is not State.CLOSED])
    decided: dict[str, DocumentDecision] = {}
    if document is not None:
        query = select(DocumentDecision).where(DocumentDecision.document_id == document.id)
        decided = {d.key: d for d in session.scalars(query)}
    reported = Reported(plan.code)
    if document is not None:
        reported.document_id, reported.filename = document.id, document.filename
    for key, problem in _problems(reading):
        reported.matches.append(_match(matcher, key, problem, decided.get(key), by_id))
    return reported


def _match(
    matcher: Matcher, key: str, problem: read.Item, decision: DocumentDecision | None, by_id: Mapping[int, Item]
) -> Match:
    """A problem with what it is most alike, or with the item that a person entered it into."""
    entered = by_id.get(decision.item_id or 0) if decision is not None and decision.accepted else None
    likely = matcher.likeliest(problem) if entered is None else []
    alike = likely[0][1] if likely else 0.0
    best = entered or (likely[0][0] if likely and alike >= LEAST_ALIKE else None)
    return Match(
        key=key,
        reported=said_of(problem),
        item_id=best.id if best else None,
        number=best.number if best else None,
        title=best.title if best else None,
        alike=round(alike, 2),
        done=problem.status == "done",
        measures=tuple(problem.measures),
        candidates=tuple(Candidate(i.id, i.number, i.title, round(share, 2)) for i, share in likely),
        entered=decision.accepted if decision is not None else None,
    )


def find_item(database: Database, plan: str, typed: str) -> tuple[Candidate, ...]:
    """The open items of a plan that a person may mean: of this number, else with these words; twelve at most."""
    words = typed.split("\u3000", 1)[0].strip()
    with database.read() as session:
        found = find_plan(session, plan)
        mine = select(Item).where(Item.plan_id == found.id, ~Item.dropped, ~Item.quarantined)
        rows = session.scalars(mine.where(Item.number == words).order_by(Item.position)).all() if words else []
        if not rows and words:
            like = Item.title.contains(words, autoescape=True) | Item.number.startswith(words, autoescape=True)
            rows = session.scalars(mine.where(like).order_by(Item.position).limit(12)).all()
        return tuple(Candidate(i.id, i.number, i.title, 1.0) for i in rows)
