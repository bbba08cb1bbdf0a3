"""What the guards look at, gathered from the ledger."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from duban.domain.lifecycle import Facts, State
from duban.services.item_look import Look, Standing, look_at, standing_of
from duban.services.rules import rules_of
from models import ClosingStep, Item, MilestoneKind, Progress, RegulationStatus

__all__ = ["Standing", "facts_from", "facts_of", "publication_owed", "standing_of"]


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
    look = look_at(session, item)
    owed = publication_owed(session, item, look)
    return facts_from(look, standing, reason=reason, merge_into=merge_into, today=today, publication_owed=owed)


def facts_from(
    look: Look,
    standing: Standing,
    *,
    reason: str,
    merge_into: str | None,
    today: dt.date | None,
    publication_owed: int,
) -> Facts:
    """The same from what was read of the item before; `publication_owed` in days, as `publication_owed` gives it."""
    steps = look.steps
    signed = {s.party_id for s in steps if s.step is ClosingStep.SIGN}
    runs_until = (s.ends_on for s in steps if s.ends_on is not None and today is not None and s.ends_on >= today)
    return Facts(
        measures=len(look.measures),
        measures_open=tuple(m.text for m in look.measures if m.progress is not Progress.DONE),
        # Check-ins of a long-term tail come again and again: they are not what the closing waits for.
        milestones_open=tuple(m.text for m in look.milestones if not m.done and m.kind is not MilestoneKind.CHECK_IN),
        regulations_promised=tuple(r.title for r in look.regulations if r.status is RegulationStatus.PLANNED),
        regulations_unnumbered=tuple(
            r.title
            for r in look.regulations
            if r.status is RegulationStatus.PLANNED and not (r.document_number or r.issued_on)
        ),
        regulations_incomplete=tuple(
            r.title
            for r in look.regulations
            if r.status is RegulationStatus.ISSUED and not (r.document_number and r.issued_on)
        ),
        children_open=look.children_open,
        evidence=look.evidence,
        leads_unsigned=tuple(name for party_id, name in standing.lead_parties if party_id not in signed),
        verified_by=next((s.actor for s in steps if s.step is ClosingStep.VERIFY), None),
        worked_on_by=_worked_on(look),
        closing_requested=any(s.step is ClosingStep.REQUEST for s in steps),
        publication_ends_on=next((day.isoformat() for day in runs_until), None),
        publication_owed=publication_owed,
        reason=reason,
        merge_into=merge_into,
    )


def _worked_on(look: Look) -> frozenset[str]:
    """Who did or asked for what is to be verified by somebody else."""
    reported = [m.reported_by for m in look.measures] + [m.reported_by for m in look.milestones]
    asked = [s.actor for s in look.steps if s.step is ClosingStep.REQUEST]
    return frozenset(name for name in (*reported, *asked) if name)


def publication_owed(session: Session, item: Item, look: Look) -> int:
    """The days of 公示 that the plan's policy asks for, while nobody has begun it; asked only where a close is near."""
    published = any(s.step is ClosingStep.PUBLISH for s in look.steps)
    if item.state not in (State.REGULATION_ISSUED, State.ONGOING) or published:
        return 0
    return rules_of(session, item.plan_id).policy.publication_days
