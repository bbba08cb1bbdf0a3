"""Plans with their counts, and the quarantine (待核): each doubt beside the source text that it is about."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.lifecycle import State
from duban.errors import NotFound
from duban.services.queries.item import view
from duban.services.queries.items import rows_for
from duban.services.queries.lights import STANDING, Lighting, Standing
from duban.services.queries.scope import Scope, visible
from duban.services.queries.shapes import AnomalyView, ItemRow, MilestoneView, PlanView
from models import Anomaly, Document, Item, Measure, Milestone, Plan, Resolution, ResolutionAction

#: Lines of the source shown around what a doubt points at.
AROUND = 2
MOST_LINES = 60


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of the document as printed; `within` the item's own lines, `doubted` where a doubt points at."""

    number: int
    text: str
    within: bool
    doubted: bool


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
    """An item in quarantine (or once there): its reading, its doubts, its source, and its copies."""

    row: ItemRow
    goal: str | None
    time_limit: str | None
    measures: tuple[str, ...]
    milestones: tuple[MilestoneView, ...]
    anomalies: tuple[AnomalyView, ...]
    source: tuple[SourceLine, ...]
    copies: tuple[ItemRow, ...]
    resolutions: tuple[ResolutionView, ...]


def list_plans(database: Database, *, scope: Scope, as_of: dt.date) -> tuple[PlanView, ...]:
    """Every plan, newest first, with counts of the items that the scope may see."""
    with database.read() as session:
        plans = session.scalars(select(Plan).order_by(Plan.registered_at.desc(), Plan.id.desc())).all()
        return _plan_views(session, list(plans), scope, as_of)


def one_plan(database: Database, *, plan: str, scope: Scope, as_of: dt.date) -> PlanView:
    """A plan by id or code. Raises NotFound."""
    with database.read() as session:
        return _plan_views(session, [find_plan(session, plan)], scope, as_of)[0]


def find_plan(session: Session, plan: str) -> Plan:
    """The plan of an id or a code; a code that looks like a number wins. Raises NotFound."""
    found = session.scalar(select(Plan).where(Plan.code == plan))
    if found is None and plan.isascii() and plan.isdigit() and len(plan) < 19:
        found = session.get(Plan, int(plan))
    if found is None:
        raise NotFound(what="plan", key=plan)
    return found


def anomalies_of(database: Database, *, plan: str, scope: Scope, unresolved: bool | None) -> tuple[AnomalyView, ...]:
    """The doubts about a plan's reading, in the order of the document. Raises NotFound."""
    with database.read() as session:
        found = find_plan(session, plan)
        query = select(Anomaly).where(Anomaly.plan_id == found.id).order_by(Anomaly.line, Anomaly.id)
        if not scope.everything:
            query = query.where(Anomaly.item_id.in_(select(Item.id).where(visible(scope))))
        if unresolved is not None:
            query = query.where(Anomaly.resolved_at.is_(None) if unresolved else Anomaly.resolved_at.is_not(None))
        return tuple(view(AnomalyView, row) for row in session.scalars(query))


def quarantine(
    database: Database, *, scope: Scope, as_of: dt.date, plan: str | None = None, limit: int = 100
) -> tuple[Doubtful, ...]:
    """Items that wait for a person, then those that a person settled, each with its source. Raises NotFound."""
    with database.read() as session:
        settled = select(Resolution.item_id)
        condition = visible(scope) & or_(and_(Item.quarantined, ~Item.dropped), Item.id.in_(settled))
        if plan is not None:
            condition &= Item.plan_id == find_plan(session, plan).id
        rows = rows_for(session, Lighting(session, as_of), condition, limit=limit)
        rows.sort(key=lambda r: (not r.quarantined or r.dropped, r.plan.id, r.id))
        return tuple(_doubtful(session, row, as_of) for row in rows)


def _doubtful(session: Session, row: ItemRow, as_of: dt.date) -> Doubtful:
    item = session.get_one(Item, row.id)
    anomalies = session.scalars(select(Anomaly).where(Anomaly.item_id == row.id).order_by(Anomaly.line)).all()
    copies = rows_for(
        session,
        Lighting(session, as_of),
        (Item.plan_id == item.plan_id)
        & (Item.number == item.number)
        & (Item.path_key == item.path_key)
        & (Item.id != item.id),
        limit=10,
    )
    resolutions = session.scalars(select(Resolution).where(Resolution.item_id == row.id).order_by(Resolution.id.desc()))
    measures = session.scalars(select(Measure.text).where(Measure.item_id == row.id).order_by(Measure.position))
    milestones = session.scalars(select(Milestone).where(Milestone.item_id == row.id).order_by(Milestone.position))
    return Doubtful(
        row=row,
        goal=item.goal,
        time_limit=item.time_limit,
        measures=tuple(measures),
        milestones=tuple(view(MilestoneView, m) for m in milestones),
        anomalies=tuple(view(AnomalyView, a) for a in anomalies),
        source=source_of(session, item, {a.line for a in anomalies}),
        copies=tuple(copies),
        resolutions=tuple(view(ResolutionView, r) for r in resolutions),
    )


def source_of(session: Session, item: Item, doubted: set[int]) -> tuple[SourceLine, ...]:
    """The printed lines that an item was read from, and a few around them; empty where its place is not known."""
    if item.source_line is None:
        return ()
    query = select(Document).where(Document.plan_id == item.plan_id, Document.edition.is_not(None))
    if item.document_id is not None:
        query = select(Document).where(Document.id == item.document_id)
    document = session.scalars(query.order_by(Document.edition)).first()
    if document is None:
        return ()
    first, last = item.source_line, item.source_end_line or item.source_line
    lines = _lines(document.sha256, document.content, document.filename)
    shown = [(n, text) for n, text in lines if first - AROUND <= n <= last + AROUND][:MOST_LINES]
    return tuple(SourceLine(n, text, first <= n <= last, n in doubted) for n, text in shown)


def document_of(database: Database, *, plan_id: int, document_id: int) -> tuple[str, bytes]:
    """A plan's document as it was received: name and bytes. Raises NotFound."""
    with database.read() as session:
        document = session.get(Document, document_id)
        if document is None or document.plan_id != plan_id:
            raise NotFound(what="document", key=document_id)
        return document.filename, document.content


@lru_cache(maxsize=8)
def _lines(_sha256: str, content: bytes, filename: str) -> tuple[tuple[int, str], ...]:
    from duban.reading.text import text_layer

    return tuple((line.number, line.original) for line in text_layer(content, filename).lines)


def _plan_views(session: Session, plans: list[Plan], scope: Scope, as_of: dt.date) -> tuple[PlanView, ...]:
    ids = [p.id for p in plans]
    states: dict[int, Counter[str]] = defaultdict(Counter)
    lights: dict[int, Counter[str]] = defaultdict(Counter)
    quarantined: Counter[int] = Counter()
    for plan_id, state, light, doubtful in slim(session, scope, as_of, ids):
        if doubtful:
            quarantined[plan_id] += 1
            continue
        states[plan_id][state.value] += 1
        if state is not State.CLOSED:
            lights[plan_id][light] += 1
    doubts = select(Anomaly.plan_id, func.count()).where(Anomaly.plan_id.in_(ids), Anomaly.resolved_at.is_(None))
    open_doubts = dict(session.execute(doubts.group_by(Anomaly.plan_id)).tuples().all())
    return tuple(
        view(
            PlanView,
            p,
            items=states[p.id].total() + quarantined[p.id],
            quarantined=quarantined[p.id],
            open_anomalies=open_doubts.get(p.id, 0),
            states=dict(states[p.id]),
            lights=dict(lights[p.id]),
        )
        for p in plans
    )


def slim(session: Session, scope: Scope, as_of: dt.date, plan_ids: list[int]) -> list[tuple[int, State, str, bool]]:
    """Plan, state, light and quarantine of every item that the scope may see: what counts are made of."""
    among = and_(Item.plan_id.in_(plan_ids), ~Item.dropped)
    items = [Standing(*row) for row in session.execute(select(*STANDING).where(among, visible(scope))).tuples()]
    lights = Lighting(session, as_of).of(items, among)
    return [(i.plan_id, i.state, lights[i.id].colour.value, i.quarantined) for i in items]
