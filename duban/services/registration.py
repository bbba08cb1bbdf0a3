"""Registering a document: reading → plan, parties, items, clocks, events, and a signal for each item's flow run."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database, one_at_a_time
from duban.domain.actors import Actor
from duban.errors import DubanError
from duban.reading.directory import Entry
from duban.reading.model import Anomaly as Doubt
from duban.reading.model import AnomalyCode, Reading
from duban.services import clocks
from duban.services.directory_log import log_changes
from duban.services.directory_words import words_of
from duban.services.event_log import Happening, append_all
from duban.services.item_rows import ItemWriter
from duban.services.parties import PartyBook, unknown_detail
from duban.services.plan_code import plan_code
from duban.services.rules import calendar_in_force, rules_from
from models import Anomaly, Document, Item, Plan, Signal


class EditionStands(DubanError):
    """Plan {code} already stands with another edition of this document ({title}).

    `duban register FILE --plan {code}` shows what changed and applies what you accept; `--code OTHER` registers it as a
    plan of its own.
    """

    code = "edition_stands"
    status = 409


class CodeTaken(DubanError):
    """The plan code {code} is taken by {title}.

    Give another one with --code.
    """

    code = "code_taken"
    status = 409


@dataclass(frozen=True, slots=True)
class Received:
    """A document as it came in, with its reading."""

    filename: str
    content: bytes
    reading: Reading

    @property
    def sha256(self) -> str:
        """Hash of the bytes."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class OfficeRules:
    """What the registering office adds: its rules, and the address that answers for everybody without one."""

    policy_name: str
    policy_text: str
    office_name: str
    office_email: str


def unseen(_what: str, _done: int, _all: int) -> None:
    """The progress of what nobody looks at."""


@dataclass(frozen=True, slots=True)
class Intake:
    """How the office takes a document over: by its rules, from which business day, with which directory, as what.

    `progress` is called with what is being done ("items", "clocks"), how many are done, and of how many.
    """

    rules: OfficeRules
    actor: Actor
    as_of: dt.date
    now: dt.datetime
    directory: Sequence[Entry] = ()
    directory_file: str = ""
    directory_ignored: Sequence[str] = ()  # what the directory's file says and is not taken over (`Sheet.ignored`)
    code: str | None = None
    progress: Callable[[str, int, int], None] = unseen


@dataclass(frozen=True, slots=True)
class Registered:
    """What now stands in the ledger. `created` is false where the same bytes were registered before.

    `directory_ignored` is what the directory's file says and was not taken over, a sentence each.
    """

    plan_id: int
    code: str
    title: str
    created: bool
    items: int
    quarantined: int
    states: dict[str, int]
    anomalies: dict[str, int] = field(default_factory=dict)
    clocks: int = 0
    kind: str = ""
    directory_ignored: tuple[str, ...] = ()


@dataclass(slots=True)
class Entered:
    """A plan with the rows that were entered for it just now; none where it stood before."""

    plan: Plan
    rows: list[Item]
    created: bool


def register(database: Database, received: Received, intake: Intake) -> Registered:
    """Enters a document's items, whole or not at all; the same bytes again change nothing.

    Raises EditionStands where a plan of the same title stands with other content, and CodeTaken where the code is
    another plan's.
    """
    with database.write() as session:
        done = enter_within(session, received, intake)
        summary = summary_of(session, done.plan, created=done.created)
        return replace(summary, directory_ignored=tuple(intake.directory_ignored))


def enter_within(session: Session, received: Received, intake: Intake) -> Entered:
    """`register` inside a transaction that the caller commits, or rolls back after a look."""
    rules_from(intake.rules.policy_text)  # a wrong policy is refused before anything is written
    one_at_a_time(session, "registration")  # the same document twice at once is one plan
    standing = _standing(session, received)
    if standing is not None:
        return Entered(standing, [], created=False)
    plan = _new_plan(session, received, intake)
    document = store_document(session, plan, received, 1, intake.actor, intake.now)
    book = _book(session, plan, intake)
    in_force = rules_from(intake.rules.policy_text, calendar_in_force(session))
    writer = ItemWriter(session, plan, book, in_force, intake.now, intake.progress)
    rows = writer.write(received.reading)
    for item in rows:
        item.document_id = document.id
    doubts = [*received.reading.anomalies, *_unknown_parties(book, bool(intake.directory), writer)]
    _quarantine(session, plan, document, doubts, writer)
    clocks.arm_new(session, rows, in_force, intake.as_of, intake.progress)
    happenings = [_assigned(item, document, intake, writer.so_far.get(item.position, "")) for item in rows]
    append_all(session, happenings, intake.now)
    session.add_all(Signal(item_id=item.id, created_at=intake.now) for item in rows)
    session.flush()
    return Entered(plan, rows, created=True)


def _book(session: Session, plan: Plan, intake: Intake) -> PartyBook:
    """The plan's directory, as it was given; its log begins with it."""
    book = PartyBook(session, plan)
    book.add_directory(list(intake.directory))
    book.ensure_office(intake.rules.office_name, intake.rules.office_email)
    after = words_of(session, plan)
    log_changes(session, plan, {}, after, actor=intake.actor, now=intake.now, filename=intake.directory_file)
    return book


def summary_of(session: Session, plan: Plan, *, created: bool) -> Registered:
    """Counts of what stands in the ledger for a plan."""
    items = session.execute(
        select(Item.state, Item.quarantined, func.count())
        .where(Item.plan_id == plan.id, ~Item.dropped)
        .group_by(Item.state, Item.quarantined)
    ).all()
    states: Counter[str] = Counter()
    for state, _, count in items:
        states[state.value] += count
    codes = session.execute(
        select(Anomaly.code, func.count())
        .where(Anomaly.plan_id == plan.id, Anomaly.resolved_at.is_(None))
        .group_by(Anomaly.code)
    ).tuples()
    return Registered(
        plan_id=plan.id,
        code=plan.code,
        title=plan.title,
        created=created,
        items=sum(states.values()),
        quarantined=sum(count for _, quarantined, count in items if quarantined),
        states=dict(states),
        anomalies=dict(codes.all()),
        clocks=clocks.count_open(session, plan.id),
        kind=plan.kind,
    )


def _standing(session: Session, received: Received) -> Plan | None:
    """The plan that these bytes were registered as; raises EditionStands for other bytes of the same document."""
    same = session.scalars(
        select(Plan)
        .join(Document, Document.plan_id == Plan.id)
        .where(Document.sha256 == received.sha256, Plan.voided_at.is_(None))
    ).first()
    if same is not None:
        return same
    reading = received.reading
    edition = session.scalars(
        select(Plan).where(
            Plan.title == reading.title[:500],
            Plan.kind == reading.kind.value,
            Plan.year.is_not_distinct_from(reading.year),
            Plan.voided_at.is_(None),
        )
    ).first()
    if edition is not None:
        raise EditionStands(code=edition.code, title=edition.title)
    return None


def _new_plan(session: Session, received: Received, intake: Intake) -> Plan:
    code, rules = intake.code, intake.rules
    taken = set(session.scalars(select(Plan.code)))
    if code is not None and code in taken:
        title = session.scalars(select(Plan.title).where(Plan.code == code)).one()
        raise CodeTaken(code=code, title=title)
    reading = received.reading
    plan = Plan(
        code=code or plan_code(reading, received.filename, taken),
        kind=reading.kind.value,
        title=reading.title[:500] or received.filename[:500],
        issuer=reading.issuer[:200] if reading.issuer else None,
        reference=reading.reference[:100] if reading.reference else None,
        issued_on=reading.issued_on,
        year=reading.year,
        policy=rules.policy_text,
        policy_name=rules.policy_name,
        registered_on=intake.as_of,
        registered_at=intake.now,
    )
    session.add(plan)
    session.flush()
    return plan


def store_document(
    session: Session, plan: Plan, received: Received, edition: int | None, actor: Actor, now: dt.datetime
) -> Document:
    """Keeps a document as it came in: as one edition of its plan, or (None) as a report on it."""
    document = Document(
        plan_id=plan.id,
        edition=edition,
        filename=received.filename[-255:],
        sha256=received.sha256,
        size=len(received.content),
        content=received.content,
        received_at=now,
        received_by=actor.name,
    )
    session.add(document)
    session.flush()
    return document


def _unknown_parties(book: PartyBook, has_directory: bool, writer: ItemWriter) -> list[Doubt]:
    """A name that the directory does not have. Without any directory nobody is known, and one list says so better."""
    if not has_directory:
        return []
    return [
        Doubt(
            AnomalyCode.UNKNOWN_PARTY,
            unknown_detail(book, name),
            line=row.source_line or 0,
            number=row.number,
            item_line=row.source_line,
        )
        for name, row in writer.first_named.items()
        if name in book.unknown
    ]


def _quarantine(session: Session, plan: Plan, document: Document, doubts: list[Doubt], writer: ItemWriter) -> None:
    """Stores each doubt at its item, and quarantines the items with a blocking one, with all that hang on them."""
    blocked: set[int] = set()
    for doubt in doubts:
        item = writer.find(doubt.number, doubt.item_line)
        session.add(
            Anomaly(
                plan_id=plan.id,
                document_id=document.id,
                item_id=item.id if item else None,
                code=doubt.code.value,
                number=doubt.number,
                field=doubt.field,
                detail=doubt.detail,
                line=doubt.line,
                blocks=doubt.blocks and item is not None,
            )
        )
        if doubt.blocks and item is not None:
            blocked.add(item.id)
    for item in writer.rows:  # parents come before their children
        if item.id in blocked or item.parent_id in blocked:
            blocked.add(item.id)
            item.quarantined = True
    session.flush()


def _assigned(item: Item, document: Document, intake: Intake, so_far: str) -> Happening:
    """The first event of an item; what was done before, in the document's words, stands in it."""
    payload = {
        "number": item.number,
        "state": item.state.value,
        "document": document.sha256,
        "line": item.source_line,
        "quarantined": item.quarantined,
    } | ({"so_far": so_far} if so_far else {})
    return Happening(item.id, "item.assigned", intake.actor, intake.now, payload=payload)
