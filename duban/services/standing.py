"""A plan's items as they stood on a day: what the papers count, read back from what was kept (`queries/past.py`)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.full_width import full_width
from duban.domain.lifecycle import Outcome, State
from duban.domain.policy_model import Colour
from duban.services.clock_values import KEYS_A_STATEMENT
from duban.services.night_facts import PlanFacts, plan_facts
from duban.services.plan_lookup import plan_id_of
from duban.services.proposal_facts import UNAPPROVED
from duban.services.queries.items import rows_for
from duban.services.queries.lights import Lighting
from duban.services.queries.past import Past, PastLighting, Then, past_of, targets_then
from duban.services.queries.shapes import ItemRow
from duban.services.targets import TargetStanding
from models import (
    Clock,
    Item,
    Measure,
    Notice,
    Origin,
    Progress,
    Regulation,
    RegulationStatus,
    RungFired,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """One item on the day. `part` is the document's heading over it; `closed_on` the day it was struck off by then."""

    row: ItemRow
    part: str
    origin: Origin
    state: State
    closed_on: dt.date | None
    progress_on: dt.date | None  # the last day of any progress by then; None where there was none
    relapses: int

    @property
    def open(self) -> bool:
        """Still to be struck off."""
        return self.state is not State.CLOSED

    @property
    def struck_off(self) -> bool:
        """销号: rectified and verified; withdrawn (撤销) and merged (合并) are not."""
        return self.row.outcome is Outcome.RECTIFIED

    @property
    def withdrawn(self) -> bool:
        """撤销."""
        return self.row.outcome is Outcome.WITHDRAWN

    @property
    def merged(self) -> bool:
        """合并: it goes on in another item."""
        return self.row.outcome is Outcome.MERGED

    @property
    def red(self) -> bool:
        """Open, with a red light."""
        return self.open and self.row.light == Colour.RED

    @property
    def of_plan(self) -> bool:
        """An item of the plan itself, and no self-check or call that came of one."""
        return self.origin is Origin.DOCUMENT

    @property
    def units(self) -> list[str]:
        """The lead and responsible units, as named."""
        return self.row.names("lead_unit", "responsible")


@dataclass(frozen=True, slots=True)
class Part:
    """A measure or a regulation with its item, and whether it was done by the day."""

    item_id: int
    text: str
    done: bool
    done_on: dt.date | None


@dataclass(frozen=True, slots=True)
class Exposed:
    """A rung that listed an item for the month's exposure (月曝光)."""

    item_id: int
    title: str
    fired_on: dt.date
    label: str | None


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """A plan on a day: its items in the order of the document, those in quarantine apart."""

    facts: PlanFacts
    as_of: dt.date
    items: tuple[Standing, ...]
    doubtful: tuple[Standing, ...]
    measures: tuple[Part, ...]
    regulations: tuple[Part, ...]
    targets: tuple[TargetStanding, ...]
    past: Past


def plan_standing(database: Database, *, plan: str, as_of: dt.date) -> PlanStanding:
    """Everything that a paper on a plan counts, as of a day. Raises NotFound."""
    plan_id = plan_id_of(database, plan)
    with database.read() as session:
        past = past_of(session, plan_id, as_of)
        found = _items(session, plan_id, past)
        return PlanStanding(
            facts=plan_facts(session, plan_id),
            as_of=as_of,
            items=tuple(s for s in found if not s.row.quarantined),
            doubtful=tuple(s for s in found if s.row.quarantined),
            measures=_measures(session, plan_id, as_of),
            regulations=_regulations(session, plan_id, as_of),
            targets=targets_then(session, Item.plan_id == plan_id, as_of, past.reached),
            past=past,
        )


def exposed(database: Database, *, plan: str, first_on: dt.date, last_on: dt.date) -> tuple[Exposed, ...]:
    """The rungs with exposure that were sent within these days, in the order of their sending."""
    plan_id = plan_id_of(database, plan)
    with database.read() as session:
        facts = plan_facts(session, plan_id)
        titles = {rung.key: rung.title for rung in facts.rules.policy.rungs if rung.exposure}
        rows = session.execute(
            select(RungFired, Clock.item_id, Notice)
            .join(Clock, Clock.id == RungFired.clock_id)
            .join(Notice, Notice.id == RungFired.notice_id)
            .join(Item, Item.id == Clock.item_id)
            .where(
                Clock.plan_id == plan_id,
                Notice.as_of >= first_on,
                Notice.as_of <= last_on,
                Notice.id.not_in(UNAPPROVED),
                ~RungFired.carried_over,
                Notice.withdrawn_at.is_(None),
                ~Item.dropped,
            )
            .order_by(Notice.as_of, RungFired.id)
        ).tuples()
        return tuple(
            Exposed(item_id, titles[key], notice.as_of, _label(notice))
            for fired, item_id, notice in rows
            if (key := fired.rung.partition("#")[0]) in titles
        )


def _label(notice: Notice) -> str | None:
    return f"{notice.series}〔{notice.year}〕{notice.number}号" if notice.number is not None else None


def _items(session: Session, plan_id: int, past: Past) -> list[Standing]:
    """The items of the plan on the day; those that came later are left out."""
    items = session.scalars(
        select(Item).where(Item.plan_id == plan_id, ~Item.dropped).order_by(Item.position, Item.id)
    ).all()
    items = [item for item in items if item.id in past.items]
    lighting = PastLighting(session, past.as_of, {plan_id: past}) if past.since else Lighting(session, past.as_of)
    rows: dict[int, ItemRow] = {}
    for start in range(0, len(items), KEYS_A_STATEMENT):
        ids = [item.id for item in items[start : start + KEYS_A_STATEMENT]]
        for row in rows_for(session, lighting, Item.id.in_(ids), limit=len(ids)):
            rows[row.id] = replace(row, title=full_width(row.title))
    return [_standing(item, rows[item.id], past.items[item.id]) for item in items]


def _standing(item: Item, row: ItemRow, then: Then) -> Standing:
    return Standing(
        row=row,
        part=full_width(item.path[0]) if item.path else "",
        origin=item.origin,
        state=then.state,
        closed_on=then.closed_on,
        progress_on=then.progress_on,
        relapses=max(item.relapses - then.reopened_since, 0),
    )


def _measures(session: Session, plan_id: int, as_of: dt.date) -> tuple[Part, ...]:
    rows = session.execute(
        select(Measure.item_id, Measure.text, Measure.progress, Measure.done_on)
        .join(Item, Item.id == Measure.item_id)
        .where(Item.plan_id == plan_id, ~Item.dropped, ~Item.quarantined)
        .order_by(Item.position, Measure.position)
    ).tuples()
    return tuple(
        Part(item_id, full_width(text), progress is Progress.DONE and done_on is not None and done_on <= as_of, done_on)
        for item_id, text, progress, done_on in rows
    )


def _regulations(session: Session, plan_id: int, as_of: dt.date) -> tuple[Part, ...]:
    rows = session.execute(
        select(Regulation.item_id, Regulation.title, Regulation.status, Regulation.issued_on)
        .join(Item, Item.id == Regulation.item_id)
        .where(Item.plan_id == plan_id, ~Item.dropped, ~Item.quarantined)
        .order_by(Item.position, Regulation.position)
    ).tuples()
    return tuple(
        Part(item_id, full_width(title), status is RegulationStatus.ISSUED and (on is None or on <= as_of), on)
        for item_id, title, status, on in rows
    )
