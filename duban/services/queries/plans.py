"""Plans with their counts, their documents, and the doubts about their reading."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.lifecycle import State
from duban.errors import DubanError, NotFound
from duban.services.queries.item import view
from duban.services.queries.lights import STANDING, Standing
from duban.services.queries.past import lighting_on
from duban.services.queries.scope import Scope, visible
from duban.services.queries.shapes import AnomalyView, PlanView
from models import Anomaly, Document, Item, Plan


class PlanVoided(DubanError):
    """The plan {title} was taken back by {by}: {reason}.

    It was registered by mistake. Register the right document; the plan stays in the ledger for whoever audits it.
    """

    code = "plan_voided"
    status = 404


def list_plans(database: Database, *, scope: Scope, as_of: dt.date) -> tuple[PlanView, ...]:
    """Every plan, newest first, with counts of the items that the scope may see."""
    with database.read() as session:
        standing = select(Plan).where(Plan.voided_at.is_(None))
        plans = session.scalars(standing.order_by(Plan.registered_at.desc(), Plan.id.desc())).all()
        return _plan_views(session, list(plans), scope, as_of)


def one_plan(database: Database, *, plan: str, scope: Scope, as_of: dt.date) -> PlanView:
    """A plan by id or code. Raises NotFound."""
    with database.read() as session:
        return _plan_views(session, [find_plan(session, plan)], scope, as_of)[0]


def find_plan(session: Session, plan: str) -> Plan:
    """The plan of an id or a code; a code that looks like a number wins. Raises NotFound, PlanVoided."""
    found = session.scalar(select(Plan).where(Plan.code == plan))
    if found is None and plan.isascii() and plan.isdigit() and len(plan) < 19:
        found = session.get(Plan, int(plan))
    if found is None:
        raise NotFound(what="plan", key=plan)
    if found.voided_at is not None:
        raise PlanVoided(title=found.title, by=found.voided_by, reason=found.voided_reason)
    return found


def locked_plan(session: Session, plan: str) -> Plan:
    """`find_plan`, held until the transaction ends: what is done about one plan is done one after the other."""
    found = find_plan(session, plan)
    session.refresh(found, with_for_update=True)
    return find_plan(session, str(found.code))  # somebody may have taken it back while this waited


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


def document_of(database: Database, *, plan_id: int, document_id: int) -> tuple[str, bytes]:
    """A plan's document as it was received: name and bytes. Raises NotFound."""
    with database.read() as session:
        document = session.get(Document, document_id)
        if document is None or document.plan_id != plan_id:
            raise NotFound(what="document", key=document_id)
        return document.filename, document.content


def _plan_views(session: Session, plans: list[Plan], scope: Scope, as_of: dt.date) -> tuple[PlanView, ...]:
    ids = [p.id for p in plans]
    states: dict[int, Counter[str]] = defaultdict(Counter)
    lights: dict[int, Counter[str]] = defaultdict(Counter)
    quarantined: Counter[int] = Counter()
    outcomes: dict[int, Counter[str]] = defaultdict(Counter)
    for item, light in slim(session, scope, as_of, ids):
        if item.quarantined:
            quarantined[item.plan_id] += 1
            continue
        states[item.plan_id][item.state.value] += 1
        if item.state is not State.CLOSED:
            lights[item.plan_id][light] += 1
        elif item.outcome is not None:
            outcomes[item.plan_id][item.outcome.value] += 1
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
            outcomes=dict(outcomes[p.id]),
        )
        for p in plans
    )


def slim(session: Session, scope: Scope, as_of: dt.date, plan_ids: list[int]) -> list[tuple[Standing, str]]:
    """Every item that the scope may see as it stood on the day, with its light: what counts are made of."""
    among = and_(Item.plan_id.in_(plan_ids), ~Item.dropped)
    lighting = lighting_on(session, as_of)
    rows = session.execute(select(*STANDING).where(among, visible(scope))).tuples()
    items = lighting.there(Standing(*row) for row in rows)
    lights = lighting.of(items, among)
    return [(item, lights[item.id].colour.value) for item in items]
