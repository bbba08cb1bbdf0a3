"""The ledger's invariants that no constraint can hold: each is counted, with the first places where it is broken."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from duban.adapters import guards
from duban.adapters.database import Database
from duban.adapters.evidence_folder import EvidenceFolder
from duban.adapters.workdays import official_calendar
from duban.domain.lifecycle import State
from duban.services import audit
from duban.services.evidence_files import orphans
from models import (
    Anomaly,
    Clock,
    ClockKind,
    ClockState,
    Delivery,
    DeliveryStatus,
    Document,
    Evidence,
    Item,
    ItemParty,
    Milestone,
    Night,
    NightState,
    Notice,
    NoticeRecipient,
    NoticeSeries,
    Party,
    PartyKind,
    Plan,
    RungFired,
    RungOutcome,
)

OPEN = (ClockState.ARMED, ClockState.RUNNING, ClockState.PAUSED)
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Found:
    """One invariant: its stable code, what must hold, how often it does not, and the first places."""

    code: str
    holds: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Look:
    """What every invariant is looked at with."""

    session: Session
    now: dt.datetime
    evidence: EvidenceFolder | None  # None: nobody said where the files lie

    def rows(self, query: Select[Any]) -> Iterator[Any]:
        """The rows of a query, a batch at a time."""
        return iter(self.session.execute(query.execution_options(yield_per=1000)))


def check(database: Database, *, now: dt.datetime, evidence: EvidenceFolder | None = None) -> list[Found]:
    """Looks at every invariant; the ledger is sound where every count is 0. Reads only.

    With the folder of evidence files, at these too.
    """
    found = []
    with database.read() as session:
        look = _Look(session, now, evidence)
        for code, (holds, places) in INVARIANTS.items():
            broken = list(places(look))
            found.append(Found(code, holds, len(broken), tuple(broken[:EXAMPLES])))
    log = audit.verify(database)
    holds = "every event is sealed onto the one before it, every anchor still fits, every item stands as its log says"
    return [*found, Found("event_chain_broken", holds, len(log.defects), tuple(log.defects[:EXAMPLES]))]


# -- clocks ------------------------------------------------------------------------------------------------------


def _open_clock_on_closed_item(look: _Look) -> Iterator[str]:
    # The re-inspection of a closed item is the one thing that still runs.
    query = (
        select(Clock.id, Clock.kind, Item.id)
        .join(Item, Item.id == Clock.item_id)
        .where(Clock.state.in_(OPEN), Clock.kind != ClockKind.RE_INSPECT, Item.state == State.CLOSED)
        .order_by(Clock.id)
    )
    for clock, kind, item in look.rows(query):
        yield f"clock {clock} ({kind.value}) of item {item}"


def _clock_on_quarantined_item(look: _Look) -> Iterator[str]:
    query = (
        select(Clock.id, Item.id)
        .join(Item, Item.id == Clock.item_id)
        .where(Clock.state.in_(OPEN), or_(Item.quarantined, Item.dropped))
        .order_by(Clock.id)
    )
    for clock, item in look.rows(query):
        yield f"clock {clock} of item {item}"


def _clock_of_done_milestone(look: _Look) -> Iterator[str]:
    query = (
        select(Clock.id, Milestone.id)
        .join(Milestone, Milestone.id == Clock.milestone_id)
        .where(Clock.state.in_(OPEN), Milestone.done)
        .order_by(Clock.id)
    )
    for clock, milestone in look.rows(query):
        yield f"clock {clock} of milestone {milestone}"


def _milestone_without_clock(look: _Look) -> Iterator[str]:
    clock = exists().where(Clock.milestone_id == Milestone.id, Clock.kind == ClockKind.LIMIT, Clock.state.in_(OPEN))
    query = (
        select(Milestone.id, Item.id)
        .join(Item, Item.id == Milestone.item_id)
        .where(
            ~Milestone.done,
            Milestone.due_on.is_not(None),
            Item.state != State.CLOSED,
            ~Item.quarantined,
            ~Item.dropped,
            ~clock,
        )
        .order_by(Milestone.id)
    )
    for milestone, item in look.rows(query):
        yield f"milestone {milestone} of item {item}"


def _due_date_out_of_line(look: _Look) -> Iterator[str]:
    earliest = (
        select(func.min(Milestone.rolled_due_on))
        .where(Milestone.item_id == Item.id, ~Milestone.done)
        .correlate(Item)
        .scalar_subquery()
    )
    query = (
        select(Item.id, Item.due_on, earliest)
        .where(Item.state != State.CLOSED, Item.due_on.is_distinct_from(earliest))
        .order_by(Item.id)
    )
    for item, shown, due in look.rows(query):
        yield f"item {item} shows {shown}, its earliest open part is due {due}"


def _clock_date_out_of_line(look: _Look) -> Iterator[str]:
    query = (
        select(Clock.id, Clock.due_on, Milestone.rolled_due_on)
        .join(Milestone, Milestone.id == Clock.milestone_id)
        .where(
            Clock.kind == ClockKind.LIMIT, Clock.state.in_(OPEN), Clock.due_on.is_distinct_from(Milestone.rolled_due_on)
        )
        .order_by(Clock.id)
    )
    for clock, runs_to, due in look.rows(query):
        yield f"clock {clock} runs to {runs_to}, its milestone is due {due}"


def _clock_passed_over(look: _Look) -> Iterator[str]:
    night = _last_night(look, NightState.COMPLETED)
    if night is None:
        return
    query = (
        select(Clock.id, Clock.next_rung_on)
        .join(Plan, Plan.id == Clock.plan_id)
        .where(Clock.next_rung_on <= night.as_of, Clock.started_on <= night.as_of, Plan.released_at < night.started_at)
        .order_by(Clock.id)
    )
    for clock, on in look.rows(query):
        yield f"clock {clock} was to be looked at on {on}; the night of {night.as_of} did not"


def _last_night(look: _Look, *states: NightState) -> Night | None:
    query = select(Night).where(Night.state.in_(states)).order_by(Night.as_of.desc())
    # A night of some plans only (one that was caught up by itself) says nothing of the others.
    return next((night for night in look.session.scalars(query) if not night.counts.get("only")), None)


# -- rungs, notices, deliveries ----------------------------------------------------------------------------------


def _rung_without_notice_or_reason(look: _Look) -> Iterator[str]:
    reader = exists().where(NoticeRecipient.notice_id == RungFired.notice_id)
    silent = (RungFired.outcome == RungOutcome.NOTICED) & or_(RungFired.notice_id.is_(None), ~reader)
    unexplained = (RungFired.outcome == RungOutcome.SUPPRESSED) & (func.trim(func.coalesce(RungFired.reason, "")) == "")
    for fired, rung in look.rows(
        select(RungFired.id, RungFired.rung).where(or_(silent, unexplained)).order_by(RungFired.id)
    ):
        yield f"rung {fired} ({rung})"


def _notice_without_reader(look: _Look) -> Iterator[str]:
    reader = exists().where(NoticeRecipient.notice_id == Notice.id)
    for notice, kind in look.rows(select(Notice.id, Notice.kind).where(~reader).order_by(Notice.id)):
        yield f"notice {notice} ({kind})"


def _numbering_gap(look: _Look) -> Iterator[str]:
    query = (
        select(
            Notice.series,
            Notice.year,
            func.count(),
            func.min(Notice.number),
            func.max(Notice.number),
            NoticeSeries.last,
        )
        .outerjoin(NoticeSeries, (NoticeSeries.series == Notice.series) & (NoticeSeries.year == Notice.year))
        .where(Notice.series.is_not(None))
        .group_by(Notice.series, Notice.year, NoticeSeries.last)
        .order_by(Notice.series, Notice.year)
    )
    for series, year, count, first, last, counter in look.rows(query):
        if first != 1 or last != count or counter != last:
            yield f"{series}〔{year}〕: {count} notices numbered {first} to {last}, the counter stands at {counter}"


def _notice_left_behind(look: _Look) -> Iterator[str]:
    """What a night that sends should have taken along: written before it began, released, not withdrawn."""
    calendar = official_calendar()
    nights = look.session.scalars(
        select(Night).where(Night.finished_at.is_not(None)).order_by(Night.started_at.desc()).limit(60)
    )
    night = next((n for n in nights if calendar.is_workday(n.as_of)), None)
    if night is None:
        return
    query = (
        select(NoticeRecipient.id, NoticeRecipient.notice_id, NoticeRecipient.address)
        .join(Notice, Notice.id == NoticeRecipient.notice_id)
        .join(Plan, Plan.id == Notice.plan_id)
        .where(
            NoticeRecipient.delivery_id.is_(None),
            Notice.withdrawn_at.is_(None),
            Notice.created_at < night.started_at,
            Plan.released_at < night.started_at,
        )
        .order_by(NoticeRecipient.id)
    )
    answered = _answering(look)
    for recipient, notice, address in look.rows(query):
        if recipient not in answered:
            yield f"copy {recipient} of notice {notice} to {address} is in no mail"


def _answering(look: _Look) -> set[int]:
    """Copies for the office in place of somebody whose mail failed while it was sent: the next night takes them."""
    failed = (
        select(NoticeRecipient.notice_id)
        .join(Delivery, Delivery.id == NoticeRecipient.delivery_id)
        .where(Delivery.status == DeliveryStatus.FAILED)
    )
    query = (
        select(NoticeRecipient.id)
        .join(Party, Party.id == NoticeRecipient.party_id)
        .where(
            NoticeRecipient.delivery_id.is_(None),
            NoticeRecipient.for_party_id.is_not(None),
            Party.kind == PartyKind.OFFICE,
            NoticeRecipient.notice_id.in_(failed),
        )
    )
    return set(look.session.scalars(query))


def _delivery_stuck(look: _Look) -> Iterator[str]:
    query = (
        select(Delivery.id, Delivery.sending_until)
        .where(Delivery.status == DeliveryStatus.SENDING, Delivery.sending_until < look.now)
        .order_by(Delivery.id)
    )
    for delivery, until in look.rows(query):
        yield f"delivery {delivery} should have ended by {until:%Y-%m-%d %H:%M}"


def _delivery_astray(look: _Look) -> Iterator[str]:
    query = (
        select(NoticeRecipient.id, NoticeRecipient.address, Delivery.id, Delivery.address)
        .join(Delivery, Delivery.id == NoticeRecipient.delivery_id)
        .where(NoticeRecipient.address != Delivery.address)
        .order_by(NoticeRecipient.id)
    )
    for copy, meant, delivery, went in look.rows(query):
        yield f"copy {copy} is for {meant}, delivery {delivery} goes to {went}"


def _delivery_of_nothing(look: _Look) -> Iterator[str]:
    copy = exists().where(NoticeRecipient.delivery_id == Delivery.id)
    for (delivery,) in look.rows(select(Delivery.id).where(~copy, Delivery.kind != "weekly").order_by(Delivery.id)):
        yield f"delivery {delivery}"


# -- plans, parties, quarantine, documents -----------------------------------------------------------------------


def _plan_without_office(look: _Look) -> Iterator[str]:
    office = exists().where(
        Party.plan_id == Plan.id, Party.kind == PartyKind.OFFICE, Party.email.is_not(None), Party.email != ""
    )
    for plan, code in look.rows(select(Plan.id, Plan.code).where(~office).order_by(Plan.id)):
        yield f"plan {plan} ({code})"


def _row_of_another_plan(look: _Look) -> Iterator[str]:
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


def _quarantine_without_doubt(look: _Look) -> Iterator[str]:
    """A quarantined item has an open blocking doubt, or hangs on one that has; else nobody will ever let it out."""
    blocked = set(look.session.scalars(select(Anomaly.item_id).where(Anomaly.blocks, Anomaly.resolved_at.is_(None))))
    for item, parent in look.rows(
        select(Item.id, Item.parent_id).where(Item.quarantined, ~Item.dropped).order_by(Item.id)
    ):
        if item not in blocked and parent not in blocked:
            yield f"item {item}"
        else:
            blocked.add(item)


def _doubt_without_quarantine(look: _Look) -> Iterator[str]:
    query = (
        select(Anomaly.id, Item.id)
        .join(Item, Item.id == Anomaly.item_id)
        .where(Anomaly.blocks, Anomaly.resolved_at.is_(None), ~Item.quarantined, ~Item.dropped)
        .order_by(Anomaly.id)
    )
    for anomaly, item in look.rows(query):
        yield f"doubt {anomaly} of item {item}"


def _document_changed(look: _Look) -> Iterator[str]:
    query = select(Document.id, Document.sha256, Document.size, Document.content).order_by(Document.id)
    for document, digest, size, content in look.session.execute(query.execution_options(yield_per=1)):
        if len(content) != size or hashlib.sha256(content).hexdigest() != digest:
            yield f"document {document}"


def _evidence_damaged(look: _Look) -> Iterator[str]:
    if look.evidence is None:
        return
    query = select(Evidence.id, Evidence.item_id, Evidence.sha256, Evidence.filename).order_by(Evidence.id)
    for evidence, item, sha256, filename in look.rows(query):
        fault = look.evidence.fault(sha256)
        if fault is not None:
            yield f"evidence {evidence} of item {item} ({filename}): {look.evidence.path(sha256)} {fault}"


def _evidence_orphan(look: _Look) -> Iterator[str]:
    if look.evidence is not None:
        named = frozenset(look.session.scalars(select(Evidence.sha256)))
        yield from (str(path) for path in orphans(look.evidence, named, now=look.now))


def _guard_missing(look: _Look) -> Iterator[str]:
    yield from guards.missing(look.session.connection())


INVARIANTS: dict[str, tuple[str, Callable[[_Look], Iterator[str]]]] = {
    "open_clock_on_closed_item": ("no clock but a re-inspection runs on a closed item", _open_clock_on_closed_item),
    "clock_on_quarantined_item": ("no clock runs on an item that is in doubt or dropped", _clock_on_quarantined_item),
    "clock_of_done_milestone": ("a milestone that is done has no running clock", _clock_of_done_milestone),
    "milestone_without_clock": ("every dated part of an open item has its clock", _milestone_without_clock),
    "due_date_out_of_line": ("an item shows its earliest open limit", _due_date_out_of_line),
    "clock_date_out_of_line": ("a clock runs to its milestone's date", _clock_date_out_of_line),
    "clock_passed_over": ("no night passes over a clock that is due", _clock_passed_over),
    "rung_without_notice_or_reason": (
        "a rung that fired has a notice with a reader, or the reason why not",
        _rung_without_notice_or_reason,
    ),
    "notice_without_reader": ("every notice has somebody who reads it", _notice_without_reader),
    "numbering_gap": ("numbers of a series and year run from 1 without a gap", _numbering_gap),
    "notice_left_behind": ("a night takes every notice along that was written before it", _notice_left_behind),
    "delivery_stuck": ("nothing is being sent past its deadline", _delivery_stuck),
    "delivery_astray": ("a mail goes to the address of every copy that it carries", _delivery_astray),
    "delivery_of_nothing": ("every mail carries a notice", _delivery_of_nothing),
    "plan_without_office": ("every plan has a supervision office with an address", _plan_without_office),
    "row_of_another_plan": ("what belongs to an item belongs to its plan", _row_of_another_plan),
    "quarantine_without_doubt": (
        "an item in quarantine has a doubt that a person can resolve",
        _quarantine_without_doubt,
    ),
    "doubt_without_quarantine": ("an item with an open blocking doubt is in quarantine", _doubt_without_quarantine),
    "document_changed": ("documents are kept as they were received", _document_changed),
    "guard_missing": (
        "every table that matters refuses hands other than duban's (`duban db upgrade` puts guards back)",
        _guard_missing,
    ),
    "evidence_damaged": ("every evidence file is there as it was handed in", _evidence_damaged),
    "evidence_orphan": ("every evidence file is named by a row (`duban evidence orphans`)", _evidence_orphan),
}
