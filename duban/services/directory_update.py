"""A newer directory for a plan that stands: addresses, successors and aliases change, items keep their history."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import State
from duban.errors import Forbidden
from duban.reading.directory import Entry, Sheet, read_sheet
from duban.services.directory_log import COLUMNS, FieldChange, PartyChange, log_changes
from duban.services.directory_words import words_of
from duban.services.event_log import Happening, append_all
from duban.services.parties import PartyBook, unknown_detail, unknown_name
from duban.services.queries.plans import find_plan, locked_plan
from duban.services.rules import business_date
from models import Anomaly, Item, ItemParty, Party, PartyKind, Plan

MOST_ALIKE = 3


@dataclass(frozen=True, slots=True)
class PartyDifference:
    """One row of the file that changes something; `similar` names that stand and look like a new one."""

    row: int
    name: str
    change: PartyChange
    fields: tuple[FieldChange, ...]
    similar: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Orphaned:
    """Somebody whose last day is over and who still answers for open items: they can be handed over, all at once."""

    name: str
    items: int


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A name of the text that the directory lacks, with those of the directory that look like it: never assumed."""

    name: str
    similar: tuple[str, ...]
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DirectoryUpdated:
    """What a newer directory changed, or would change.

    `explained` are names of the text that are known now, `unknown` those that are not; `absent` stand in the ledger
    and not in the file: they stay as they are. `unknown_columns` and `left_out` are what the file says and nobody takes
    over (`Sheet`). `doubts_settled` counts the doubts about unknown names that are gone.
    """

    entered: int
    unchanged: int
    changes: tuple[PartyDifference, ...]
    explained: tuple[str, ...]
    unknown: tuple[UnknownName, ...]
    without_address: tuple[str, ...]
    orphaned: tuple[Orphaned, ...]
    absent: tuple[str, ...]
    unknown_columns: tuple[str, ...]
    left_out: tuple[str, ...]
    doubts_settled: int
    written: bool


def update_directory(
    database: Database,
    *,
    plan: str,
    entries: Sequence[Entry],
    actor: Actor,
    now: dt.datetime,
    dry_run: bool,
    unknown_columns: Sequence[str] = (),
    left_out: Sequence[str] = (),
    filename: str = "",
) -> DirectoryUpdated:
    """Enters a directory's rows into a plan, whole or not at all; a dry run writes nothing.

    Notices that are under way keep their addressee; the next night resolves anew. Raises NotFound, Forbidden.
    """
    if actor.role not in ("supervisor", "admin"):
        raise Forbidden(actor=actor.name, action="更新名录", who="督查室")
    with database.write() as session:
        found = locked_plan(session, plan)  # two directories at once queue
        before = words_of(session, found)
        book = PartyBook(session, found)
        explained = book.update(list(entries))
        after = words_of(session, found)
        changes = _changes(before, after, entries, business_date(now))
        log_changes(session, found, before, after, actor=actor, now=now, filename=filename)
        _tell(session, explained, actor, now)
        settled = _settle_unknown(session, found, book, now)
        _doubt_unknown(session, found, book)
        done = DirectoryUpdated(
            entered=len(entries),
            unchanged=len(entries) - len(changes),
            changes=changes,
            explained=tuple(explained),
            unknown=_unknown(session, found, book),
            without_address=_without_address(session, found),
            orphaned=_orphaned(session, found, business_date(now)),
            absent=_absent(before, entries),
            unknown_columns=tuple(unknown_columns),
            left_out=tuple(left_out),
            doubts_settled=settled,
            written=not dry_run,
        )
        if dry_run:
            session.rollback()
        return done


def read_for(database: Database, *, plan: str, content: bytes, filename: str) -> Sheet:
    """A directory file for a plan that stands: its rows may refer to whoever the plan's directory has.

    Raises NotFound, Unreadable, or DirectoryInvalid with every wrong row.
    """
    with database.read() as session:
        known = PartyBook(session, find_plan(session, plan)).listed()
    return read_sheet(content, filename, known)


def _changes(
    before: dict[str, dict[str, str]], after: dict[str, dict[str, str]], entries: Sequence[Entry], today: dt.date
) -> tuple[PartyDifference, ...]:
    found = []
    for entry in entries:
        now_words: dict[str, Any] = after[entry.name]
        was = before.get(entry.name)
        fields = tuple(
            FieldChange(c, (was or {}).get(c, ""), now_words[c])
            for c in COLUMNS
            if (was or {}).get(c, "") != now_words[c]
        )
        if was is None:
            alike = difflib.get_close_matches(entry.name, list(before), n=MOST_ALIKE, cutoff=0.6)
            found.append(PartyDifference(entry.row, entry.name, PartyChange.NEW, fields, tuple(alike)))
        elif fields:
            ended = entry.valid_to is not None and entry.valid_to < today and any(f.field == "valid_to" for f in fields)
            kind = PartyChange.ENDED if ended else PartyChange.CHANGED
            found.append(PartyDifference(entry.row, entry.name, kind, fields))
    return tuple(found)


def _absent(before: dict[str, dict[str, str]], entries: Sequence[Entry]) -> tuple[str, ...]:
    listed = {n for e in entries for n in (e.name, *e.aliases)}
    return tuple(n for n, words in before.items() if n not in listed and words["kind"] != "督查室")


def _tell(session: Session, explained: dict[str, Party], actor: Actor, now: dt.datetime) -> None:
    """Each item whose parties are known by now says so in its history."""
    touched = session.scalars(
        select(ItemParty.item_id).where(ItemParty.party_id.in_([p.id for p in explained.values()])).distinct()
    ).all()
    payload = {"names": list(explained)}
    append_all(session, [Happening(i, "item.directory_updated", actor, now, payload=payload) for i in touched], now)


def _settle_unknown(session: Session, plan: Plan, book: PartyBook, now: dt.datetime) -> int:
    """Doubts about names that the directory has by now are settled; returns how many."""
    known = book.listed()
    open_doubts = session.scalars(
        select(Anomaly).where(
            Anomaly.plan_id == plan.id, Anomaly.code == "unknown_party", Anomaly.resolved_at.is_(None)
        )
    ).all()
    settled = [a for a in open_doubts if unknown_name(a.detail) in known]
    for anomaly in settled:
        anomaly.resolved_at = now
    session.flush()
    return len(settled)


def _doubt_unknown(session: Session, plan: Plan, book: PartyBook) -> None:
    """A plan that was registered without a directory has its unknown names doubted from its first directory on."""
    said = {unknown_name(d) for d in session.scalars(_open_details(plan))}
    for party in _named(session, plan):
        if party.known or party.name in said:
            continue
        item = session.scalars(
            select(Item)
            .join(ItemParty, ItemParty.item_id == Item.id)
            .where(ItemParty.party_id == party.id, ~Item.dropped, Item.document_id.is_not(None))
            .order_by(Item.position)
        ).first()
        if item is None or item.document_id is None:
            continue
        session.add(
            Anomaly(
                plan_id=plan.id,
                document_id=item.document_id,
                item_id=item.id,
                code="unknown_party",
                number=item.number,
                detail=unknown_detail(book, party.name),
                line=item.source_line or 0,
                blocks=False,
            )
        )
    session.flush()


def _open_details(plan: Plan) -> Any:
    return select(Anomaly.detail).where(
        Anomaly.plan_id == plan.id, Anomaly.code == "unknown_party", Anomaly.resolved_at.is_(None)
    )


def _named(session: Session, plan: Plan) -> Sequence[Party]:
    """Parties that an item names, in the order in which they came in."""
    return session.scalars(
        select(Party)
        .join(ItemParty, ItemParty.party_id == Party.id)
        .join(Item, Item.id == ItemParty.item_id)
        .where(Party.plan_id == plan.id, Party.kind != PartyKind.OFFICE, ~Item.dropped)
        .distinct()
        .order_by(Party.id)
    ).all()


def _unknown(session: Session, plan: Plan, book: PartyBook) -> tuple[UnknownName, ...]:
    found = []
    for party in _named(session, plan):
        if party.known:
            continue
        on_it = select(ItemParty.item_id).where(ItemParty.party_id == party.id)
        numbers = session.scalars(
            select(Item.number).where(Item.id.in_(on_it), ~Item.dropped).order_by(Item.position)
        ).all()
        found.append(UnknownName(party.name, tuple(book.similar(party.name)), tuple(dict.fromkeys(numbers))))
    return tuple(found)


def _orphaned(session: Session, plan: Plan, today: dt.date) -> tuple[Orphaned, ...]:
    query = (
        select(Party.name, func.count(Item.id.distinct()))
        .join(ItemParty, ItemParty.party_id == Party.id)
        .join(Item, Item.id == ItemParty.item_id)
        .where(Party.plan_id == plan.id, Party.valid_to < today, ~Item.dropped, Item.state != State.CLOSED)
        .group_by(Party.id, Party.name)
        .order_by(Party.id)
    )
    return tuple(Orphaned(name, count) for name, count in session.execute(query).tuples())


def _without_address(session: Session, plan: Plan) -> tuple[str, ...]:
    return tuple(
        p.name for p in _named(session, plan) if p.known and not p.email and p.kind is not PartyKind.COLLECTIVE
    )
