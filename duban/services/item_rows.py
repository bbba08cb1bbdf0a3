"""A reading's items as rows of the ledger, literally: nothing is inherited, moved or invented on the way."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from duban.domain.calendar import Calendar
from duban.domain.lifecycle import State
from duban.reading import model as read
from duban.reading.limit_dates import parts_by_seasons
from duban.services.parties import PartyBook
from duban.services.rules import Rules
from models import (
    Category,
    Item,
    ItemParty,
    Measure,
    Milestone,
    MilestoneKind,
    PartyKind,
    Plan,
    Progress,
    Regulation,
    RegulationStatus,
    Role,
    Target,
)

#: Which field of a reading names parties of which role, and what they are.
ROLES = (
    ("lead_officials", Role.LEAD_OFFICIAL, PartyKind.PERSON),
    ("lead_units", Role.LEAD_UNIT, PartyKind.UNIT),
    ("responsible_units", Role.RESPONSIBLE, PartyKind.UNIT),
    ("support_units", Role.SUPPORT, PartyKind.UNIT),
    ("supervising_units", Role.SUPERVISING, PartyKind.UNIT),
)


#: Items whose parts are written in one go.
TOGETHER = 200


class ItemWriter:
    """Writes the items of one reading, and remembers which row came from which place."""

    def __init__(
        self,
        session: Session,
        plan: Plan,
        book: PartyBook,
        rules: Rules,
        now: dt.datetime,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> None:
        self._session = session
        self._plan = plan
        self._book = book
        self._rules = rules
        self._now = now
        self._progress = progress
        self.rows: list[Item] = []
        self.so_far: dict[int, str] = {}  # what the document says was done, by the row's position
        self.first_named: dict[str, Item] = {}
        self._by_number: dict[str, list[Item]] = defaultdict(list)
        self._copies: Counter[tuple[str, str]] = Counter()
        self._restarting: set[str] = set()

    def write(self, reading: read.Reading) -> list[Item]:
        """All items and children, parents first; flushed, so that they have ids."""
        self._restarting = _restarting_numbers(reading)
        self._book.posts = reading.posts
        self._write([(item, None) for item in reading.items])
        return self.rows

    def write_added(self, item: read.Item, parent_id: int | None) -> list[Item]:
        """An item that a later edition puts in, with its parts; a number that stands already gets its next copy."""
        self._session.flush()
        standing = select(Item.path_key, Item.number, func.max(Item.copy)).where(Item.plan_id == self._plan.id)
        for key, number, copy in self._session.execute(standing.group_by(Item.path_key, Item.number)).tuples():
            self._copies[(key, number)] = copy
            if key:
                self._restarting.add(number)
        parent = self._session.get_one(Item, parent_id) if parent_id is not None else None
        self._write([(item, parent)])
        return self.rows

    def find(self, number: str | None, line: int | None) -> Item | None:
        """The row that a doubt is about: by its number, and by its line where a number stands more than once."""
        candidates = self._by_number.get(number or "", [])
        return next((row for row in candidates if row.source_line == line), candidates[0] if candidates else None)

    def _write(self, roots: Sequence[tuple[read.Item, Item | None]]) -> None:
        """Rows in the order of the document, and so their ids; many at once, as far as no parent waits for its own."""
        entered: list[tuple[read.Item, Item]] = []

        def lay(item: read.Item, parent: Item | None) -> None:
            row = self._row(item)
            if parent is not None:
                if parent.id is None:
                    self._session.flush()
                row.parent_id = parent.id
            self._session.add(row)
            entered.append((item, row))
            for child in item.children:
                lay(child, row)

        for item, parent in roots:
            lay(item, parent)
        self._session.flush()
        for place, (item, row) in enumerate(entered, start=1):
            self._add_parts(row, item)
            self._add_parties(row, item)
            if place % TOGETHER == 0 or place == len(entered):
                self._session.flush()
                if self._progress is not None:
                    self._progress("items", place, len(entered))

    def _row(self, item: read.Item) -> Item:
        key = _path_key(item.path) if item.number in self._restarting else ""
        self._copies[(key, item.number)] += 1
        row = Item(
            plan_id=self._plan.id,
            number=item.number[:40],
            copy=self._copies[(key, item.number)],
            position=len(self.rows) + 1,
            path=list(item.path),
            path_key=key,
            title=item.title or item.goal or (item.measures[0] if item.measures else item.number),
            goal=item.goal,
            time_limit=item.time_limit,
            long_term=item.long_term,
            category=Category(item.category) if item.category else None,
            reported_done=item.status == "done",
            state=State(item.state),
            source_line=item.place.line,
            source_end_line=item.place.end_line,
            created_at=self._now,
            updated_at=self._now,
        )
        self.rows.append(row)
        self.so_far[row.position] = item.progress or ""
        self._by_number[item.number].append(row)
        return row

    def _add_parts(self, row: Item, item: read.Item) -> None:
        done = self._plan.registered_on if item.status == "done" else None
        self._session.add_all(
            Measure(
                item_id=row.id,
                position=n,
                text=text,
                progress=Progress.DONE if done else Progress.OPEN,
                done_on=done,
            )
            for n, text in enumerate(item.measures, start=1)
        )
        plan, rules = self._plan, self._rules
        parts = parts_by_seasons(item, rules.policy.named_seasons, year=plan.year, issued_on=plan.issued_on)
        milestones = [milestone_row(row.id, n, part, rules.calendar) for n, part in enumerate(parts, start=1)]
        self._session.add_all(milestones)
        self._session.add_all(regulation_row(row.id, n, r) for n, r in enumerate(item.regulations, start=1))
        self._session.add_all(target_row(row.id, n, t) for n, t in enumerate(item.targets, start=1))
        open_dates = [m.rolled_due_on for m in milestones if m.rolled_due_on and not m.done]
        row.due_on = min(open_dates, default=None)
        row.first_due_on = max(open_dates, default=None)

    def _add_parties(self, row: Item, item: read.Item) -> None:
        entered: set[tuple[Role, int]] = set()  # two names of one party are one row
        for attribute, role, kind in ROLES:
            for position, name in enumerate(dict.fromkeys(getattr(item, attribute)), start=1):
                party = self._book.party(name, kind)
                self.first_named.setdefault(name, row)
                if (role, party.id) not in entered:
                    entered.add((role, party.id))
                    self._session.add(ItemParty(item_id=row.id, role=role, party_id=party.id, position=position))


def put_behind(session: Session, plan_id: int, rows: Sequence[Item], at: int) -> None:
    """Makes room for new rows behind the position `at` (0: before all), in the order of the document."""
    session.execute(
        update(Item)
        .where(Item.plan_id == plan_id, Item.position > at, Item.id.not_in([row.id for row in rows]))
        .values(position=Item.position + len(rows))
    )
    for place, row in enumerate(rows, start=1):
        row.position = at + place
    session.flush()


def milestone_row(item_id: int, position: int, part: read.Milestone, calendar: Calendar) -> Milestone:
    """A part of a limit as it is stored: its date as printed and rolled; a start after its end says nothing."""
    due_on = part.last_day(calendar)
    start_on = part.start_on if not (part.start_on and due_on and part.start_on > due_on) else None
    return Milestone(
        item_id=item_id,
        position=position,
        text=part.text,
        kind=MilestoneKind(part.kind),
        start_on=start_on,
        due_on=due_on,
        rolled_due_on=calendar.roll(due_on) if due_on else None,
        alternative_due_on=part.alternative_due_on,
        confidence=part.confidence,
        done=part.done,
    )


def regulation_row(item_id: int, position: int, regulation: read.Regulation) -> Regulation:
    """An instrument as it is stored."""
    return Regulation(
        item_id=item_id,
        position=position,
        title=regulation.title[:500],
        status=RegulationStatus(regulation.status),
        document_number=regulation.document_number,
    )


def target_row(item_id: int, position: int, target: read.Target) -> Target:
    """A target as it is stored."""
    return Target(
        item_id=item_id,
        position=position,
        text=target.text,
        name=target.name[:300],
        comparator=target.comparator,
        value=target.value,
        upper=target.upper,
        baseline=target.baseline,
        unit=target.unit[:40],
        due_on=target.due_on,
    )


def _restarting_numbers(reading: read.Reading) -> set[str]:
    """Numbers that stand under different headings without being doubted: their numbering restarts there."""
    doubted = {
        a.number
        for a in reading.anomalies
        if a.code in (read.AnomalyCode.DUPLICATE_NUMBER, read.AnomalyCode.CONFLICTING_COPIES)
    }
    paths: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for item in reading.walk():
        paths[item.number].add(tuple(item.path))
    return {number for number, seen in paths.items() if len(seen) > 1 and number not in doubted}


def _path_key(path: list[str]) -> str:
    return hashlib.sha256("\n".join(path).encode()).hexdigest()[:16]
