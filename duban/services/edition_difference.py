"""What a later document says otherwise than the ledger: item by item, field by field, held against what it said before.

Items are paired by what they say and not by their number alone: an item put in between moves every number behind it.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.domain.lifecycle import State
from duban.reading import model as read
from duban.reading.reader import read_bytes
from duban.services.edition_model import WEIGHTY, ChangeKind, Difference, FieldChange, ItemChange, said_by
from duban.services.edition_pairs import pair
from duban.services.item_rows import ROLES
from duban.services.parties import PartyBook
from models import (
    Document,
    DocumentDecision,
    Item,
    ItemParty,
    Measure,
    Party,
    Plan,
    Regulation,
    Resolution,
    ResolutionAction,
    Target,
)


@lru_cache(maxsize=8)
def reading_of(_sha256: str, content: bytes, filename: str, kind: str) -> read.Reading:
    """A stored document, read as its plan's family: the same bytes always read the same."""
    return read_bytes(content, filename, read.Kind(kind))


def difference_of(session: Session, plan: Plan, document: Document) -> Difference:
    """A stored edition held against the ledger; the first one makes no difference."""
    if document.edition == 1:
        return Difference()
    reading = reading_of(document.sha256, document.content, document.filename, plan.kind)
    return difference(session, plan, reading, document)


def difference(session: Session, plan: Plan, reading: read.Reading, document: Document | None) -> Difference:
    """Holds a reading against the ledger; `document` is the stored edition that it is of, None before it is stored."""
    rows = session.scalars(select(Item).where(Item.plan_id == plan.id).order_by(Item.position, Item.id)).all()
    live = [r for r in rows if not r.dropped]
    keyed = _keyed(reading)
    pairs = pair(keyed, live)
    look = _Look(session, plan, live, reading.posts)
    decided = _decided(session, document)
    doubts = _doubts(reading)
    gone = {(r.number, r.title) for r in rows if r.dropped}
    found = Difference(items=dict(keyed), doubts={key: doubts.get(id(item), ()) for key, item in keyed})
    found.posts = reading.posts
    _place(found, reading, keyed, pairs)
    nested = {id(c) for key, item in keyed if key not in pairs for c in _below(item)}
    for key, item in keyed:
        row = pairs.get(key)
        title = item.title or item.goal or item.number
        if row is None:
            if id(item) in nested:  # it comes and goes with the added item above it
                continue
            if (item.number, title) in gone:  # a copy that a person took out before
                found.kept += 1
                continue
            accepted, reason = decided.get((key, ""), (None, ""))
            found.changes.append(
                ItemChange(
                    key,
                    ChangeKind.ADDED,
                    item.number,
                    title,
                    None,
                    _new_fields(item),
                    tuple(d.detail for d in found.doubts[key]),
                    parts=sum(1 for _ in _below(item)),
                    accepted=accepted,
                    reason=reason,
                    line=item.place.line,
                )
            )
            continue
        fields, kept = look.fields(item, row, key, decided)
        found.kept += kept
        if not fields:
            found.unchanged.append((item.number, row.title, row.id))
            continue
        found.changes.append(
            ItemChange(
                key,
                ChangeKind.CHANGED,
                item.number,
                title,
                row.id,
                tuple(fields),
                tuple(d.detail for d in found.doubts[key]),
                barred=_barred(row),
                line=item.place.line,
                quarantined=row.quarantined,
                needs_reason=any(f.field in WEIGHTY for f in fields),
            )
        )
    # What a person parted off from an item stands in the document within that item.
    met = {r.id for r in pairs.values()} | _split_off(session, plan)
    for row in live:
        if row.id in met or row.state is State.CLOSED or row.document_id is None:
            continue
        key = f"missing:{row.id}"
        accepted, reason = decided.get((key, ""), (None, ""))
        found.changes.append(
            ItemChange(
                key,
                ChangeKind.MISSING,
                row.number,
                row.title,
                row.id,
                barred="本事项还在待核，请先在待核页核定" if row.quarantined else "",
                quarantined=row.quarantined,
                accepted=accepted,
                reason=reason,
                needs_reason=True,
            )
        )
    return found


def _place(
    found: Difference, reading: read.Reading, keyed: Sequence[tuple[str, read.Item]], pairs: Mapping[str, Item]
) -> None:
    """For each item of the reading, the row that it hangs on, and the row that it stands behind."""
    key_of = {id(item): key for key, item in keyed}
    above: dict[str, int | None] = {}
    stack: list[tuple[read.Item, int | None]] = [(i, None) for i in reading.items]
    while stack:
        item, parent = stack.pop()
        key = key_of[id(item)]
        above[key] = parent
        row = pairs.get(key)
        stack += [(c, row.id if row is not None else None) for c in item.children]
    last: int | None = None
    for key, _ in keyed:
        found.parents[key], found.after[key] = above[key], last
        if key in pairs:
            last = pairs[key].id


def _split_off(session: Session, plan: Plan) -> set[int]:
    """The items that a person made of a part of another one."""
    query = select(Resolution.before).join(Item, Item.id == Resolution.item_id).where(Item.plan_id == plan.id)
    split = query.where(Resolution.action == ResolutionAction.SPLIT, Resolution.undone_at.is_(None))
    return {before["made"] for before in session.scalars(split)}


def _below(item: read.Item) -> list[read.Item]:
    return [d for c in item.children for d in (c, *_below(c))]


def _barred(row: Item) -> str:
    return "本事项已销号，不再改动；确需修改的，先在事项页重新启动" if row.state is State.CLOSED else ""


def _keyed(reading: read.Reading) -> list[tuple[str, read.Item]]:
    """Items under a key of their own: the number, with its heading where the number restarts, and its copy."""
    paths: dict[str, set[tuple[str, ...]]] = {}
    for item in reading.walk():
        paths.setdefault(item.number, set()).add(tuple(item.path))
    seen: Counter[str] = Counter()
    found = []
    for item in reading.walk():
        base = item.number if len(paths[item.number]) == 1 else "/".join([*item.path, item.number])
        if len(base) > 200:
            base = f"{item.number[:40]}@{hashlib.sha256(base.encode()).hexdigest()[:16]}"
        seen[base] += 1
        found.append((base if seen[base] == 1 else f"{base}#{seen[base]}", item))
    return found


def _doubts(reading: read.Reading) -> dict[int, tuple[read.Anomaly, ...]]:
    """Blocking doubts by the identity of the item that they are about."""
    found: dict[int, tuple[read.Anomaly, ...]] = {}
    by_number: dict[str, list[read.Item]] = defaultdict(list)
    for item in reading.walk():
        by_number[item.number].append(item)
    for anomaly in reading.anomalies:
        for item in by_number[anomaly.number or ""] if anomaly.blocks else ():
            if anomaly.item_line in (None, item.place.line):
                found[id(item)] = (*found.get(id(item), ()), anomaly)
    return found


def _decided(session: Session, document: Document | None) -> dict[tuple[str, str], tuple[bool | None, str]]:
    if document is None:
        return {}
    rows = session.scalars(select(DocumentDecision).where(DocumentDecision.document_id == document.id))
    return {(r.key, r.field): (r.accepted, r.reason) for r in rows}


def _new_fields(item: read.Item) -> tuple[FieldChange, ...]:
    """What an added item says, for the page: nothing stands beside it."""
    return tuple(FieldChange(name, None, value) for name, value in said_by(item).items() if value)


class _Look:
    """The ledger's side of the difference: everything of a plan's items, fetched at once."""

    def __init__(self, session: Session, plan: Plan, rows: Sequence[Item], posts: Mapping[str, str]) -> None:
        self._session = session
        self._book = PartyBook(session, plan)
        self._book.posts = posts
        self._kind = plan.kind
        self._documents: dict[int, dict[tuple[str, int], read.Item]] = {}
        mine = select(Item.id).where(Item.plan_id == plan.id)
        self._texts: dict[str, dict[int, list[str]]] = {}
        for name, table, column in (
            ("measures", Measure, Measure.text),
            ("regulations", Regulation, Regulation.title),
            ("targets", Target, Target.text),
        ):
            texts: dict[int, list[str]] = defaultdict(list)
            query = select(table.item_id, column).where(table.item_id.in_(mine)).order_by(table.item_id, table.position)
            for item_id, text in session.execute(query).tuples():
                texts[item_id].append(text)
            self._texts[name] = texts
        self._names: dict[tuple[int, str], list[str]] = defaultdict(list)
        named = select(ItemParty.item_id, ItemParty.role, Party.name).join(Party, Party.id == ItemParty.party_id)
        named = named.where(ItemParty.item_id.in_(mine)).order_by(ItemParty.item_id, ItemParty.position)
        for item_id, role, name in session.execute(named).tuples():
            self._names[item_id, role.value].append(name)
        self._settled: dict[tuple[int, str], Any] = {}
        decisions = select(DocumentDecision).where(DocumentDecision.item_id.in_(mine)).order_by(DocumentDecision.id)
        for one in session.scalars(decisions):
            if one.item_id is not None:
                self._settled[one.item_id, one.field] = one.value.get("after")

    def stands(self, row: Item) -> dict[str, Any]:
        """An item's fields as the ledger has them."""
        return {
            "number": row.number,
            "path": list(row.path),
            "title": row.title,
            "goal": row.goal,
            "measures": self._texts["measures"][row.id],
            "time_limit": row.time_limit,
            **{attribute: self._names[row.id, role.value] for attribute, role, _ in ROLES},
            "regulations": self._texts["regulations"][row.id],
            "targets": self._texts["targets"][row.id],
        }

    def fields(
        self, item: read.Item, row: Item, key: str, decided: Mapping[tuple[str, str], tuple[bool | None, str]]
    ) -> tuple[list[FieldChange], int]:
        """The fields that differ, and how many differ only because a person set right what was read."""
        stands, origin = self.stands(row), self._origin(row)
        found, kept = [], 0
        for name, after in said_by(item).items():
            before = stands[name]
            if name == "title" and not after:
                continue
            if self._same(name, before, after):
                continue
            accepted, reason = decided.get((key, name), (None, ""))
            base = self._settled.get((row.id, name), origin.get(name, _NOTHING))
            if accepted is None and base is not _NOTHING and self._same(name, base, after):
                kept += 1
                continue
            found.append(FieldChange(name, before, after, accepted, reason))
        if all(f.accepted is True for f in found):  # taken over once, and changed by a person since
            return [], kept + len(found)
        return found, kept

    def _same(self, name: str, one: Any, other: Any) -> bool:
        if name.endswith(("_units", "_officials")):
            return [self._who(n) for n in one] == [self._who(n) for n in other]
        return one == other or (not one and not other)

    def _who(self, name: str) -> object:
        party = self._book.find(name)
        return party.id if party is not None else name

    def _origin(self, row: Item) -> dict[str, Any]:
        """What the document that the row was read from says, so that a person's correction is not undone."""
        if row.document_id is None or row.source_line is None:
            return {}
        if row.document_id not in self._documents:
            document = self._session.get_one(Document, row.document_id)
            reading = reading_of(document.sha256, document.content, document.filename, self._kind)
            self._documents[row.document_id] = {(i.number, i.place.line): i for i in reading.walk()}
        item = self._documents[row.document_id].get((row.number, row.source_line))
        return said_by(item) if item is not None else {}


_NOTHING = object()
