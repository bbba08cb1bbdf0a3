"""Fields of an item that is under way set to what a document says, without losing what was done."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.reading import model as read
from duban.reading.limit_dates import parts_by_seasons
from duban.services import clocks, takeovers
from duban.services.clock_changes import change_limit
from duban.services.item_rows import ROLES, milestone_row, regulation_row, target_row
from duban.services.parties import PartyBook
from duban.services.rules import Rules, business_date, rules_of
from models import (
    Category,
    Clock,
    ClockKind,
    Item,
    ItemParty,
    Measure,
    Milestone,
    MilestoneKind,
    Plan,
    Progress,
    Regulation,
    RegulationStatus,
    Target,
)

#: Two measures are one that was reworded from here on: what was reported on it stays.
REWORDED = 0.75


def apply_fields(
    session: Session, row: Item, item: read.Item, fields: Collection[str], book: PartyBook, now: dt.datetime
) -> None:
    """Takes these fields over from the new edition; the caller records the change."""
    _texts(session, row, item, fields)
    if "measures" in fields:
        _measures(session, row, item.measures)
    if "regulations" in fields:
        _regulations(session, row, item)
    if "targets" in fields:
        _targets(session, row, item)
    if "time_limit" in fields:
        _limit(session, row, item, now)
    if any(attribute in fields for attribute, _, _ in ROLES):
        _parties(session, row, item, fields, book, now)
    session.flush()


def _parties(
    session: Session, row: Item, item: read.Item, fields: Collection[str], book: PartyBook, now: dt.datetime
) -> None:
    """Who answers for the item; who takes it over gets its sheets."""
    before = takeovers.answering(session, row)
    for attribute, role, kind in ROLES:
        if attribute in fields:
            for old in session.scalars(select(ItemParty).where(ItemParty.item_id == row.id, ItemParty.role == role)):
                session.delete(old)
            session.flush()
            parties = dict.fromkeys(book.party(name, kind).id for name in getattr(item, attribute))
            for position, party_id in enumerate(parties, start=1):
                session.add(ItemParty(item_id=row.id, role=role, party_id=party_id, position=position))
    session.flush()
    takeovers.pass_on(session, before, now)


def _texts(session: Session, row: Item, item: read.Item, fields: Collection[str]) -> None:
    if "title" in fields:
        row.title = item.title
    if "goal" in fields:
        row.goal = item.goal
    if "path" in fields:
        row.path = list(item.path)
    if "number" in fields:
        _renumber(session, row, item.number)


def _renumber(session: Session, row: Item, number: str) -> None:
    """The item's new number; where another one still has it, this is its next copy until that one moves on."""
    taken = session.scalar(
        select(func.max(Item.copy)).where(
            Item.plan_id == row.plan_id, Item.path_key == row.path_key, Item.number == number[:40], Item.id != row.id
        )
    )
    row.number, row.copy = number[:40], (taken or 0) + 1
    session.flush()


def _regulations(session: Session, row: Item, item: read.Item) -> None:
    """New instruments are added; one that is gone is taken out only if nobody has entered its number or date."""
    standing = session.scalars(select(Regulation).where(Regulation.item_id == row.id)).all()
    wanted = {r.title[:500]: r for r in item.regulations}
    for one in standing:
        if one.title in wanted:
            del wanted[one.title]
        elif one.status is RegulationStatus.PLANNED and not one.document_number and not one.issued_on:
            session.delete(one)
    session.flush()
    last = session.scalar(select(func.max(Regulation.position)).where(Regulation.item_id == row.id)) or 0
    session.add_all(regulation_row(row.id, last + n, r) for n, r in enumerate(wanted.values(), start=1))
    session.flush()


def _targets(session: Session, row: Item, item: read.Item) -> None:
    """New targets are added; one that is gone is taken out only if nobody has reported on it."""
    standing = session.scalars(select(Target).where(Target.item_id == row.id)).all()
    wanted = {t.text: t for t in item.targets}
    for one in standing:
        if one.text in wanted:
            del wanted[one.text]
        elif one.reached is None:
            session.delete(one)
    session.flush()
    last = session.scalar(select(func.max(Target.position)).where(Target.item_id == row.id)) or 0
    session.add_all(target_row(row.id, last + n, t) for n, t in enumerate(wanted.values(), start=1))
    session.flush()


def _measures(session: Session, row: Item, texts: Collection[str]) -> None:
    """New ones are added, reworded ones keep what was reported; one that is gone goes only if nobody reported on it."""
    standing = session.scalars(select(Measure).where(Measure.item_id == row.id).order_by(Measure.position)).all()
    wanted = list(texts)
    left = []
    for measure in standing:
        if measure.text in wanted:
            wanted.remove(measure.text)
        else:
            left.append(measure)
    for measure in left:
        alike = difflib.get_close_matches(measure.text, wanted, n=1, cutoff=REWORDED)
        if alike:
            measure.text = alike[0]
            wanted.remove(alike[0])
        elif measure.progress is Progress.OPEN and measure.reported_by is None:
            session.delete(measure)
    session.flush()
    last = session.scalar(select(func.max(Measure.position)).where(Measure.item_id == row.id)) or 0
    session.add_all(
        Measure(item_id=row.id, position=last + n, text=text, progress=Progress.OPEN)
        for n, text in enumerate(wanted, start=1)
    )
    session.flush()


def _limit(session: Session, row: Item, item: read.Item, now: dt.datetime) -> None:
    """Open parts are matched in their order: a later or earlier date supersedes the clock, what is gone ends it."""
    rules = rules_of(session, row.plan_id)
    row.time_limit, row.long_term = item.time_limit, item.long_term
    row.category = Category(item.category) if item.category else None
    standing = list(
        session.scalars(
            select(Milestone).where(Milestone.item_id == row.id, ~Milestone.done).order_by(Milestone.position)
        )
    )
    plan = session.get_one(Plan, row.plan_id)
    seasons = rules.policy.named_seasons
    parts = parts_by_seasons(item, seasons, year=plan.year, issued_on=plan.issued_on)
    wanted = [part for part in parts if not part.done]
    for milestone, part in zip(standing, wanted, strict=False):
        _move(session, row, milestone, part, rules, now)
    for milestone in standing[len(wanted) :]:
        clocks.complete(session, row, now, milestone_id=milestone.id)
        milestone.done, milestone.text = True, f"{milestone.text}(新版已取消)"
    last = session.scalar(select(func.max(Milestone.position)).where(Milestone.item_id == row.id)) or 0
    for position, part in enumerate(wanted[len(standing) :], start=last + 1):
        session.add(milestone_row(row.id, position, part, rules.calendar))
    session.flush()
    if wanted and any(part.due_on for part in wanted):  # it reports by its dates from now on, not by the calendar
        clocks.complete(session, row, now, kind=ClockKind.CHECK_IN)
    clocks.arm(session, row, rules, business_date(now))
    clocks.show_next_due(session, row)
    if row.first_due_on is None:
        row.first_due_on = row.due_on


def _move(
    session: Session, row: Item, milestone: Milestone, part: read.Milestone, rules: Rules, now: dt.datetime
) -> None:
    milestone.text, milestone.kind = part.text, MilestoneKind(part.kind)
    due_on = part.last_day(rules.calendar)
    if milestone.due_on == due_on:
        return
    clock = session.scalars(
        select(Clock).where(Clock.milestone_id == milestone.id, Clock.state.in_(clocks.OPEN))
    ).first()
    if clock is not None and due_on is not None:
        change_limit(session, clock, row, due_on, rules, now)
    elif clock is not None:
        clocks.complete(session, row, now, milestone_id=milestone.id)
    milestone.start_on, milestone.due_on = part.start_on, due_on
    milestone.rolled_due_on = rules.calendar.roll(due_on) if due_on else None
    milestone.confidence, milestone.alternative_due_on = part.confidence, part.alternative_due_on
    session.flush()
