"""One item with everything that belongs to it, its history, and what a person may do to it now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor, relations
from duban.domain.lifecycle import ACTION_ZH, TRANSITIONS, Outcome, Relation, State, gaps, possible_actions
from duban.errors import NotFound
from duban.services.item_facts import facts_of, standing_of
from duban.services.merging import merged_into
from duban.services.queries.items import rows_for
from duban.services.queries.lights import Lighting
from duban.services.queries.past import lighting_on
from duban.services.queries.scope import Scope, check_item
from duban.services.queries.shapes import (
    ActionView,
    AnomalyView,
    ClockView,
    ClosingView,
    EventView,
    EvidenceView,
    ExtensionView,
    ItemRow,
    ItemWhole,
    MeasureView,
    MilestoneView,
    RegulationView,
    RungView,
    TargetView,
)
from duban.services.rules import business_date
from models import (
    Anomaly,
    Clock,
    Closing,
    Event,
    Evidence,
    Extension,
    Item,
    Measure,
    Milestone,
    Party,
    Progress,
    Regulation,
    Resolution,
    RungFired,
    Target,
)

#: Said in place of a reason while the guards are only asked what is missing: a form has a field for it.
_ASSUMED = "…"
V = TypeVar("V")


def one_item(database: Database, *, item_id: int, scope: Scope, actor: Actor, as_of: dt.date) -> ItemWhole:
    """The item as it stands on `as_of`, with the actions open to `actor`. Raises NotFound, OutOfScope.

    Of a day that is past its log is read back: what was recorded by then. Nothing can be done on such a day.
    """
    with database.read() as session:
        item = check_item(session, item_id, scope)
        lighting = lighting_on(session, as_of)
        row = next(iter(rows_for(session, lighting, Item.id == item_id, limit=1)), None)
        if row is None:
            raise NotFound(what=f"item on {as_of}", key=item_id)
        parent = rows_for(session, lighting, Item.id == item.parent_id, limit=1) if item.parent_id else []
        below = (Item.parent_id == item_id) & ~Item.dropped
        number = session.scalar(select(func.count(Item.id)).where(below)) or 0
        children = rows_for(session, lighting, below, limit=number)
        whole = ItemWhole(
            row=row,
            path=tuple(item.path),
            goal=item.goal,
            time_limit=item.time_limit,
            category=item.category,
            cycle=item.cycle,
            relapses=item.relapses,
            closed_at=item.closed_at,
            merged_into_id=item.merged_into_id,
            merged=_merged(session, lighting, item_id),
            source_line=item.source_line,
            source_end_line=item.source_end_line,
            flow_run_id=item.flow_run_id,
            measures=_measures(session, item_id),
            milestones=_all(session, MilestoneView, Milestone, item_id, Milestone.position),
            regulations=_all(session, RegulationView, Regulation, item_id, Regulation.position),
            targets=_all(session, TargetView, Target, item_id, Target.position),
            anomalies=_all(session, AnomalyView, Anomaly, item_id, Anomaly.id),
            evidence=_all(session, EvidenceView, Evidence, item_id, Evidence.id),
            closing=_closing(session, item_id),
            clocks=_all(session, ClockView, Clock, item_id, Clock.id),
            rungs=_rungs(session, item_id),
            extensions=_all(session, ExtensionView, Extension, item_id, Extension.id),
            children=tuple(sorted(children, key=lambda r: r.id)),
            parent=parent[0] if parent else None,
            actions=() if lighting.back else _actions(session, item, actor),
        )
        return _by(whole, as_of) if lighting.back else whole


def _merged(session: Session, lighting: Lighting, item_id: int) -> tuple[ItemRow, ...]:
    """The items that go on in this one, and in those, the whole chain down; by number."""
    ids = session.scalars(merged_into(item_id)).all()
    rows = rows_for(session, lighting, Item.id.in_(ids), limit=len(ids)) if ids else []
    return tuple(sorted((r for r in rows if r.outcome is Outcome.MERGED), key=lambda row: row.id))


def _by(whole: ItemWhole, as_of: dt.date) -> ItemWhole:
    """What was recorded by a day that is past, of what carries its date."""
    ended = whole.row.outcome is not None
    return replace(
        whole,
        closed_at=whole.closed_at if ended else None,
        merged_into_id=whole.merged_into_id if ended else None,
        measures=tuple(_undone(m, as_of) for m in whole.measures),
        milestones=tuple(
            m if m.done_on is None or m.done_on <= as_of else replace(m, done=False, done_on=None, reported_by=None)
            for m in whole.milestones
        ),
        evidence=tuple(e for e in whole.evidence if business_date(e.uploaded_at) <= as_of),
        closing=tuple(c for c in whole.closing if business_date(c.done_at) <= as_of),
        rungs=tuple(r for r in whole.rungs if r.fired_on <= as_of),
        extensions=tuple(_undecided(e, as_of) for e in whole.extensions if business_date(e.asked_at) <= as_of),
    )


def _undone(measure: MeasureView, as_of: dt.date) -> MeasureView:
    if measure.done_on is None or measure.done_on <= as_of:
        return measure
    return replace(measure, progress=Progress.OPEN, done_on=None, reported_by=None)


def _undecided(asked: ExtensionView, as_of: dt.date) -> ExtensionView:
    if asked.decided_at is None or business_date(asked.decided_at) <= as_of:
        return asked
    return replace(asked, decided_by=None, decided_at=None, granted=None, granted_until_on=None, opinion="")


def history(
    database: Database, *, item_id: int, scope: Scope, after: int = 0, limit: int | None = 500
) -> tuple[EventView, ...]:
    """An item's events in order, after number `after`; all where `limit` is None. Raises NotFound, OutOfScope."""
    with database.read() as session:
        check_item(session, item_id, scope)
        rows = session.scalars(
            select(Event).where(Event.item_id == item_id, Event.seq > after).order_by(Event.seq).limit(limit)
        )
        return tuple(view(EventView, e) for e in rows)


def present_version(database: Database, item_id: int) -> tuple[int, str] | None:
    """The version and state of an item now: what a refusal for a stale version shows."""
    with database.read() as session:
        row = session.execute(select(Item.version, Item.state).where(Item.id == item_id)).one_or_none()
        return (row.version, row.state.value) if row is not None else None


def view(shape: type[V], row: object, **more: Any) -> V:
    """A row as its plain shape: the shape's fields, by name."""
    fields: Iterable[str] = shape.__dataclass_fields__  # type: ignore[attr-defined]
    return shape(**{f: more[f] if f in more else getattr(row, f) for f in fields})


def _all(session: Session, shape: type[V], table: Any, item_id: int, order: Any) -> tuple[V, ...]:
    return tuple(
        view(shape, row) for row in session.scalars(select(table).where(table.item_id == item_id).order_by(order))
    )


def _measures(session: Session, item_id: int) -> tuple[MeasureView, ...]:
    return _all(session, MeasureView, Measure, item_id, Measure.position)


def _closing(session: Session, item_id: int) -> tuple[ClosingView, ...]:
    rows = session.execute(
        select(Closing, Party.name)
        .outerjoin(Party, Party.id == Closing.party_id)
        .where(Closing.item_id == item_id)
        .order_by(Closing.id)
    ).tuples()
    return tuple(view(ClosingView, step, party=name) for step, name in rows)


def _rungs(session: Session, item_id: int) -> tuple[RungView, ...]:
    rows = session.scalars(
        select(RungFired)
        .join(Clock, Clock.id == RungFired.clock_id)
        .where(Clock.item_id == item_id, ~RungFired.carried_over)
        .order_by(RungFired.id)
    )
    return tuple(view(RungView, row) for row in rows)


def _actions(session: Session, item: Item, actor: Actor) -> tuple[ActionView, ...]:
    """What the table allows from here to this person, each with what still stands in its way."""
    if item.quarantined or item.dropped:
        return ()
    standing = standing_of(session, item)
    held = relations(actor, standing.units, standing.leads)
    facts = facts_of(session, item, standing, reason=_ASSUMED, merge_into=_ASSUMED)
    return tuple(
        ActionView(
            action=action,
            label=ACTION_ZH[action],
            target=TRANSITIONS[action].target,
            needs_reason=TRANSITIONS[action].needs_reason,
            gaps=tuple(gaps(action, facts)),
        )
        for action in possible_actions(item.state)
        if not held.isdisjoint(TRANSITIONS[action].by)
    )


def belongs(
    database: Database,
    *,
    item_id: int,
    measure_id: int | None = None,
    milestone_id: int | None = None,
    regulation_id: int | None = None,
    resolution_id: int | None = None,
    clock_id: int | None = None,
    extension_id: int | None = None,
    target_id: int | None = None,
) -> None:
    """Raises NotFound unless the part is one of this item's: an address must not name two different things."""
    wanted: tuple[
        tuple[str, type[Measure | Milestone | Regulation | Resolution | Clock | Extension | Target], int | None], ...
    ] = (
        ("measure", Measure, measure_id),
        ("milestone", Milestone, milestone_id),
        ("regulation", Regulation, regulation_id),
        ("resolution", Resolution, resolution_id),
        ("clock", Clock, clock_id),
        ("extension", Extension, extension_id),
        ("target", Target, target_id),
    )
    with database.read() as session:
        for what, table, key in wanted:
            if key is None:
                continue
            if session.scalar(select(table.id).where(table.id == key, table.item_id == item_id)) is None:
                raise NotFound(what=f"{what} of item {item_id}", key=key)


def may(database: Database, *, item_id: int, actor: Actor, what: Mapping[str, Collection[Relation]]) -> dict[str, bool]:
    """Of the things named, each done by these relations: which are this actor's to do on an open item."""
    with database.read() as session:
        item = session.get_one(Item, item_id)
        if item.quarantined or item.dropped or item.state is State.CLOSED:
            return dict.fromkeys(what, False)
        standing = standing_of(session, item)
        held = relations(actor, standing.units, standing.leads)
        return {name: not held.isdisjoint(by) for name, by in what.items()}
