"""Applying what a new edition says about an item, field by field, without losing what was done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.reading import model as read
from duban.services import clocks
from duban.services.clock_changes import change_limit
from duban.services.item_rows import ROLES, milestone_row
from duban.services.parties import PartyBook
from duban.services.rules import Rules, business_date, rules_of
from models import Category, Clock, Item, ItemParty, Measure, Milestone, MilestoneKind, Progress


def apply_fields(
    session: Session, row: Item, item: read.Item, fields: Collection[str], book: PartyBook, now: dt.datetime
) -> None:
    """Takes these fields over from the new edition; the caller records the change."""
    if "title" in fields:
        row.title = item.title
    if "goal" in fields:
        row.goal = item.goal
    if "measures" in fields:
        _measures(session, row, item.measures)
    if "time_limit" in fields:
        _limit(session, row, item, now)
    for attribute, role, kind in ROLES:
        if attribute in fields:
            for old in session.scalars(select(ItemParty).where(ItemParty.item_id == row.id, ItemParty.role == role)):
                session.delete(old)
            session.flush()
            for position, name in enumerate(dict.fromkeys(getattr(item, attribute)), start=1):
                party = book.party(name, kind)
                session.add(ItemParty(item_id=row.id, role=role, party_id=party.id, position=position))
    session.flush()


def _measures(session: Session, row: Item, texts: Collection[str]) -> None:
    """New ones are added; one that is gone is taken out only if nobody has reported on it."""
    standing = session.scalars(select(Measure).where(Measure.item_id == row.id).order_by(Measure.position)).all()
    wanted = list(texts)
    for measure in standing:
        if measure.text in wanted:
            wanted.remove(measure.text)
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
    wanted = [part for part in item.milestones if not part.done]
    for milestone, part in zip(standing, wanted, strict=False):
        _move(session, row, milestone, part, rules, now)
    for milestone in standing[len(wanted) :]:
        clocks.complete(session, row, now, milestone_id=milestone.id)
        milestone.done, milestone.text = True, f"{milestone.text}(新版已取消)"
    last = session.scalar(select(func.max(Milestone.position)).where(Milestone.item_id == row.id)) or 0
    for position, part in enumerate(wanted[len(standing) :], start=last + 1):
        session.add(milestone_row(row.id, position, part, rules.calendar.roll))
    session.flush()
    clocks.arm(session, row, rules, business_date(now))
    clocks.show_next_due(session, row)


def _move(
    session: Session, row: Item, milestone: Milestone, part: read.Milestone, rules: Rules, now: dt.datetime
) -> None:
    milestone.text, milestone.kind = part.text, MilestoneKind(part.kind)
    if milestone.due_on == part.due_on:
        return
    clock = session.scalars(
        select(Clock).where(Clock.milestone_id == milestone.id, Clock.state.in_(clocks.OPEN))
    ).first()
    if clock is not None and part.due_on is not None:
        change_limit(session, clock, row, part.due_on, rules, now)
    elif clock is not None:
        clocks.complete(session, row, now, milestone_id=milestone.id)
    milestone.start_on, milestone.due_on = part.start_on, part.due_on
    milestone.rolled_due_on = rules.calendar.roll(part.due_on) if part.due_on else None
    milestone.confidence, milestone.alternative_due_on = part.confidence, part.alternative_due_on
    session.flush()
