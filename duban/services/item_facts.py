"""What the guards look at, gathered from the ledger."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.domain.lifecycle import Facts, State
from duban.services.rules import rules_of
from models import (
    Closing,
    ClosingStep,
    Evidence,
    Item,
    ItemParty,
    Measure,
    Milestone,
    MilestoneKind,
    Party,
    PartyAlias,
    PartyMember,
    Progress,
    Regulation,
    RegulationStatus,
    Role,
)

UNIT_ROLES = (Role.LEAD_UNIT, Role.RESPONSIBLE)


@dataclass(frozen=True, slots=True)
class Standing:
    """Who answers for an item: names, aliases and members of collectives; a child without its own has its parent's."""

    units: frozenset[str]
    leads: frozenset[str]
    lead_parties: tuple[tuple[int, str], ...]  # ids and names as printed, in order


def standing_of(session: Session, item: Item) -> Standing:
    """The parties of an item, or of the nearest parent that names them."""
    units = _parties(session, item, UNIT_ROLES)
    leads = _parties(session, item, (Role.LEAD_OFFICIAL,))
    return Standing(_all_names(session, units), _all_names(session, leads), tuple(leads))


def _parties(session: Session, item: Item, roles: tuple[Role, ...]) -> list[tuple[int, str]]:
    at: Item | None = item
    while at is not None:
        rows = session.execute(
            select(Party.id, Party.name)
            .join(ItemParty, ItemParty.party_id == Party.id)
            .where(ItemParty.item_id == at.id, ItemParty.role.in_(roles))
            .order_by(ItemParty.position)
        ).all()
        if rows:
            return [(row.id, row.name) for row in rows]
        at = session.get(Item, at.parent_id) if at.parent_id is not None else None
    return []


def _all_names(session: Session, parties: list[tuple[int, str]]) -> frozenset[str]:
    ids = [party_id for party_id, _ in parties]
    if not ids:
        return frozenset()
    names = {name for _, name in parties}
    names.update(session.scalars(select(PartyAlias.name).where(PartyAlias.party_id.in_(ids))))
    names.update(
        session.scalars(
            select(Party.name)
            .join(PartyMember, PartyMember.member_id == Party.id)
            .where(PartyMember.collective_id.in_(ids))
        )
    )
    return frozenset(names)


def facts_of(
    session: Session,
    item: Item,
    standing: Standing,
    *,
    reason: str,
    merge_into: str | None,
    today: dt.date | None = None,
) -> Facts:
    """Everything that `lifecycle.gaps` may ask about this item; `today` decides whether a publication still runs."""
    measures = session.scalars(select(Measure).where(Measure.item_id == item.id)).all()
    regulations = session.scalars(select(Regulation).where(Regulation.item_id == item.id)).all()
    steps = session.scalars(select(Closing).where(Closing.item_id == item.id, Closing.cycle == item.cycle)).all()
    signed = {s.party_id for s in steps if s.step is ClosingStep.SIGN}
    verified = next((s.actor for s in steps if s.step is ClosingStep.VERIFY), None)
    worked = {m.reported_by for m in measures if m.reported_by}
    worked |= {s.actor for s in steps if s.step is ClosingStep.REQUEST}
    worked |= set(
        session.scalars(
            select(Milestone.reported_by).where(Milestone.item_id == item.id, Milestone.reported_by.is_not(None))
        )
    )
    return Facts(
        measures=len(measures),
        measures_open=tuple(m.text for m in measures if m.progress is not Progress.DONE),
        milestones_open=_milestones_open(session, item),
        regulations_promised=tuple(r.title for r in regulations if r.status is RegulationStatus.PLANNED),
        regulations_unnumbered=tuple(
            r.title
            for r in regulations
            if r.status is RegulationStatus.PLANNED and not (r.document_number or r.issued_on)
        ),
        regulations_incomplete=tuple(
            r.title
            for r in regulations
            if r.status is RegulationStatus.ISSUED and not (r.document_number and r.issued_on)
        ),
        children_open=_children_open(session, item),
        evidence=session.scalar(select(func.count()).where(Evidence.item_id == item.id, Evidence.cycle == item.cycle))
        or 0,
        leads_unsigned=tuple(name for party_id, name in standing.lead_parties if party_id not in signed),
        verified_by=verified,
        worked_on_by=frozenset(worked),
        closing_requested=any(s.step is ClosingStep.REQUEST for s in steps),
        publication_ends_on=next(
            (
                s.ends_on.isoformat()
                for s in steps
                if s.ends_on is not None and today is not None and s.ends_on >= today
            ),
            None,
        ),
        publication_owed=_publication_owed(session, item, [s.step for s in steps]),
        reason=reason,
        merge_into=merge_into,
    )


def _publication_owed(session: Session, item: Item, steps: list[ClosingStep]) -> int:
    """The days of 公示 that the plan's policy asks for, while nobody has begun it; asked only where a close is near."""
    if item.state not in (State.REGULATION_ISSUED, State.ONGOING) or ClosingStep.PUBLISH in steps:
        return 0
    return rules_of(session, item.plan_id).policy.publication_days


def _milestones_open(session: Session, item: Item) -> tuple[str, ...]:
    # Check-ins of a long-term tail come again and again: they are not what the closing waits for.
    rows = session.scalars(
        select(Milestone.text).where(
            Milestone.item_id == item.id, ~Milestone.done, Milestone.kind != MilestoneKind.CHECK_IN
        )
    )
    return tuple(rows)


def _children_open(session: Session, item: Item) -> tuple[str, ...]:
    rows = session.scalars(
        select(Item.number).where(Item.parent_id == item.id, Item.state != State.CLOSED, ~Item.dropped)
    )
    return tuple(rows)
