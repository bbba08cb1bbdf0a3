"""Periodic reports of long-term items, the counters of numeric targets, and absences."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Annotated, Any

from fastapi import Query, Response

from duban.api.bodies import AbsenceIn, CheckInIn, Date, Id, TargetIn
from duban.api.changes import Recorded, record
from duban.api.context import AsOf, Ctx, Who
from duban.api.plans import PlanKey
from duban.api.problems import documented
from duban.api.routing import router_of
from duban.services.absences import AbsenceView, cancel, enter, list_absences
from duban.services.progress import report_check_in
from duban.services.queries.item import belongs
from duban.services.queries.plans import one_plan
from duban.services.queries.scope import items_in_scope
from duban.services.targets import TargetStanding, plan_targets, report_target


@dataclass(frozen=True, slots=True)
class TargetLine:
    """Where a target stands on a day. `share` (of the value) and `schedule` (of the time) are 0 to 1, null where they
    cannot be said; `lag` counts percentage points behind the schedule.
    """

    target_id: int
    item_id: int
    number: str
    name: str
    text: str
    comparator: str
    value: float
    unit: str
    baseline: float | None
    due_on: dt.date | None
    reached: float | None
    reached_on: dt.date | None
    reported_by: str | None
    evidence: str | None
    share: float | None
    schedule: float | None
    lag: float | None


router = router_of(tags=["progress"], responses=documented(401, 403, 404, 409, 413, 422, 429))


@router.post("/items/{item_id}/check-ins", summary="Hand in a long-term item's report")
def post_check_in(item_id: Id, body: CheckInIn, context: Ctx, caller: Who) -> Recorded:
    """Its check-in clock ends, and the next period's begins."""
    change = partial(report_check_in, item_id=item_id, text=body.text)
    return record(context, caller, item_id, body, change)


@router.post("/items/{item_id}/targets/{target_id}", summary="Report what a target has reached")
def post_target(item_id: Id, target_id: Id, body: TargetIn, context: Ctx, caller: Who) -> Recorded:
    """The latest value counts; a day before the last report's is refused."""
    belongs(context.database, item_id=item_id, target_id=target_id)
    change = partial(
        report_target,
        target_id=target_id,
        reached=body.reached,
        reached_on=body.reached_on,
        evidence_id=body.evidence_id,
        note=body.note,
    )
    return record(context, caller, item_id, body, change)


@router.get("/plans/{plan}/targets", summary="A plan's numeric targets and where they stand")
def get_targets(plan: PlanKey, context: Ctx, caller: Who, as_of: AsOf) -> tuple[TargetLine, ...]:
    """Of the items that the caller may see."""
    found = one_plan(context.database, plan=plan, scope=caller.scope, as_of=as_of)
    seen = items_in_scope(context.database, plan_id=found.id, scope=caller.scope)
    standings = plan_targets(context.database, plan=found.code, as_of=as_of)
    return tuple(_line(t) for t in standings if t.item_id in seen)


def _line(standing: TargetStanding) -> TargetLine:
    fields: dict[str, Any] = {name: getattr(standing, name) for name in TargetLine.__slots__}
    plain: dict[str, Any] = {n: float(v) if isinstance(v, (Decimal, Fraction)) else v for n, v in fields.items()}
    return TargetLine(**plain)


@router.get("/plans/{plan}/absences", summary="Who is away, and who stands in")
def get_absences(
    plan: PlanKey,
    context: Ctx,
    caller: Who,
    as_of: AsOf,
    since: Annotated[Date | None, Query(description="Absences that had not ended before this day.")] = None,
) -> tuple[AbsenceView, ...]:
    """From today on where no day is given."""
    found = one_plan(context.database, plan=plan, scope=caller.scope, as_of=as_of)
    return list_absences(context.database, plan=found.code, since=since or as_of)


@router.post("/plans/{plan}/absences", summary="Enter an absence", status_code=201)
def post_absence(*, plan: PlanKey, body: AbsenceIn, context: Ctx, caller: Who, as_of: AsOf) -> AbsenceView:
    """By the supervision office, or by whoever acts for the party itself."""
    found = one_plan(context.database, plan=plan, scope=caller.scope, as_of=as_of)

    absence_id = enter(
        context.database,
        plan=found.code,
        party=body.party,
        first_on=body.first_on,
        last_on=body.last_on,
        actor=caller.actor,
        now=context.now(),
    )
    everything = list_absences(context.database, plan=found.code, since=body.last_on)
    return next(a for a in everything if a.id == absence_id)


@router.delete("/absences/{absence_id}", summary="Take an absence back", status_code=204)
def delete_absence(absence_id: Id, context: Ctx, caller: Who) -> Response:
    """It stays on record."""
    cancel(context.database, absence_id=absence_id, actor=caller.actor, now=context.now())
    return Response(status_code=204)
