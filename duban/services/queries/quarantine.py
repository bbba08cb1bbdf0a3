"""The quarantine (待核): each doubted item beside the source text that it was read from, a page at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.services.queries.item import view
from duban.services.queries.items import rows_for
from duban.services.queries.lights import Lighting
from duban.services.queries.plans import find_plan
from duban.services.queries.scope import Scope, visible
from duban.services.queries.shapes import AnomalyView, ItemRow, MilestoneView
from duban.services.queries.source import SourceBook, SourceLine
from models import Anomaly, Item, Measure, Milestone, Plan, Regulation, Resolution, ResolutionAction, Target

#: Items on one page of the review.
PAGE = 20
_ORDER: tuple[Any, ...] = (Item.plan_id, Item.position, Item.copy, Item.id)


@dataclass(frozen=True, slots=True)
class ResolutionView:
    """A person's decision about doubts; an undone one stays, with who undid it."""

    id: int
    item_id: int
    action: ResolutionAction
    actor: str
    reason: str
    resolved_at: dt.datetime
    undone_at: dt.datetime | None
    undone_by: str | None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """An item in quarantine (or once there): its reading, its doubts, its source, and its copies.

    `before` is the number of the item that stands before it in the document: what it may have to be joined to.
    """

    row: ItemRow
    goal: str | None
    time_limit: str | None
    measures: tuple[str, ...]
    milestones: tuple[MilestoneView, ...]
    anomalies: tuple[AnomalyView, ...]
    source: tuple[SourceLine, ...]
    copies: tuple[ItemRow, ...]
    resolutions: tuple[ResolutionView, ...]
    regulations: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    document_id: int | None = None
    source_line: int | None = None
    source_end_line: int | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """One page of the review: items that wait, in the order of the document, and how far the review is."""

    items: tuple[Doubtful, ...]
    waiting: int
    settled: int
    page: int
    pages: int


def review_page(
    database: Database,
    *,
    scope: Scope,
    as_of: dt.date,
    plan: str | None = None,
    page: int = 1,
    number: str = "",
    settled: bool = False,
) -> ReviewPage:
    """A page of what waits (or, `settled`, of what was decided, the newest first); with a number the page of it.

    Raises NotFound.
    """
    with database.read() as session:
        among = visible(scope) & _of_plan(session, plan)
        waiting = _waiting(session, among)
        done = _settled(session, among)
        ids = done if settled else waiting
        if number:
            page = _page_of(session, ids, number) or page
        pages = max(-(-len(ids) // PAGE), 1)
        page = min(max(page, 1), pages)
        shown = ids[(page - 1) * PAGE : page * PAGE]
        return ReviewPage(_doubtful(session, shown, as_of), len(waiting), len(done), page, pages)


def quarantine(
    database: Database, *, scope: Scope, as_of: dt.date, plan: str | None = None, limit: int = 100, offset: int = 0
) -> tuple[Doubtful, ...]:
    """Items that wait for a person, then those that a person settled, each with its source. Raises NotFound."""
    with database.read() as session:
        among = visible(scope) & _of_plan(session, plan)
        ids = [*_waiting(session, among), *_settled(session, among)]
        return _doubtful(session, ids[offset : offset + limit], as_of)


def one_doubtful(database: Database, *, scope: Scope, as_of: dt.date, item_id: int) -> Doubtful | None:
    """One item in the same form, whether it is in doubt or not; None where the scope does not see it."""
    with database.read() as session:
        seen = session.scalars(select(Item.id).where(Item.id == item_id, visible(scope))).all()
        return next(iter(_doubtful(session, list(seen), as_of)), None)


def item_of_resolution(database: Database, *, resolution_id: int) -> int | None:
    """The item that a decision is about; None where there is no such decision."""
    with database.read() as session:
        row = session.get(Resolution, resolution_id)
        return row.item_id if row is not None else None


def _of_plan(session: Session, plan: str | None) -> ColumnElement[bool]:
    """The items of a plan; of every plan that was not taken back where none is named."""
    if plan is not None:
        return Item.plan_id == find_plan(session, plan).id
    return Item.plan_id.in_(select(Plan.id).where(Plan.voided_at.is_(None)))


def _waiting(session: Session, among: ColumnElement[bool]) -> list[int]:
    query = select(Item.id).where(among, Item.quarantined, ~Item.dropped)
    return list(session.scalars(query.order_by(*_ORDER)))


def _settled(session: Session, among: ColumnElement[bool]) -> list[int]:
    last = (
        select(Resolution.item_id, func.max(Resolution.id).label("last"))
        .where(Resolution.undone_at.is_(None))
        .group_by(Resolution.item_id)
        .subquery()
    )
    settled = or_(~Item.quarantined, Item.dropped)
    query = select(Item.id).join(last, last.c.item_id == Item.id).where(among, settled)
    return list(session.scalars(query.order_by(last.c.last.desc())))


def _page_of(session: Session, ids: Sequence[int], number: str) -> int | None:
    named = set(session.scalars(select(Item.id).where(Item.number == number.strip(), Item.quarantined)))
    return next((place // PAGE + 1 for place, item_id in enumerate(ids) if item_id in named), None)


def _doubtful(session: Session, ids: Sequence[int], as_of: dt.date) -> tuple[Doubtful, ...]:
    lighting = Lighting(session, as_of)
    rows = {r.id: r for r in rows_for(session, lighting, Item.id.in_(ids), limit=len(ids))}
    book = SourceBook(session)
    return tuple(_one(session, lighting, book, rows[item_id]) for item_id in ids if item_id in rows)


def _one(session: Session, lighting: Lighting, book: SourceBook, row: ItemRow) -> Doubtful:
    item = session.get_one(Item, row.id)
    anomalies = session.scalars(select(Anomaly).where(Anomaly.item_id == row.id).order_by(Anomaly.line)).all()
    same = and_(Item.plan_id == item.plan_id, Item.number == item.number, Item.path_key == item.path_key)
    copies = rows_for(session, lighting, same & (Item.id != item.id), limit=10)
    resolutions = session.scalars(select(Resolution).where(Resolution.item_id == row.id).order_by(Resolution.id.desc()))
    milestones = session.scalars(select(Milestone).where(Milestone.item_id == row.id).order_by(Milestone.position))

    def texts(column: Any, table: Any) -> tuple[str, ...]:
        return tuple(session.scalars(select(column).where(table.item_id == row.id).order_by(table.position)))

    earlier = select(Item.number).where(Item.plan_id == item.plan_id, Item.position < item.position, ~Item.dropped)
    return Doubtful(
        row=row,
        goal=item.goal,
        time_limit=item.time_limit,
        measures=texts(Measure.text, Measure),
        milestones=tuple(view(MilestoneView, m) for m in milestones),
        anomalies=tuple(view(AnomalyView, a) for a in anomalies),
        source=book.of_item(item, {a.line for a in anomalies}),
        copies=tuple(copies),
        resolutions=tuple(view(ResolutionView, r) for r in resolutions),
        regulations=texts(Regulation.title, Regulation),
        targets=texts(Target.text, Target),
        document_id=item.document_id,
        source_line=item.source_line,
        source_end_line=item.source_end_line,
        before=session.scalars(earlier.order_by(Item.position.desc()).limit(1)).first(),
    )
