"""Limits that move: extensions (延期), and clocks that are paused and resumed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pydantic import Field

from duban.api.bodies import LARGEST, Body, CountIn, Date, DecisionIn, ExtensionIn, Id, PauseIn, Reason
from duban.api.changes import Recorded, perform, record, recorded
from duban.api.context import OFFICE, Ctx, Who
from duban.api.problems import documented
from duban.api.routing import only, router_of
from duban.services.clock_changes import pause_clock, resume_clock
from duban.services.counted_limits import correct_anchor, start_counted
from duban.services.extensions import ask, decide
from duban.services.queries.item import belongs

router = router_of(prefix="/items/{item_id}", tags=["limits"], responses=documented(401, 403, 404, 409, 413, 422, 429))


@dataclass(frozen=True, slots=True)
class Asked:
    """The request, and the item after it."""

    extension_id: int
    item_id: int
    version: int


@router.post("/extensions", summary="Ask for a later limit")
def post_extension(item_id: Id, body: ExtensionIn, context: Ctx, caller: Who) -> Asked:
    """Before 17:00 on the last day, with reason and progress. The clock goes on until somebody else decides."""
    belongs(context.database, item_id=item_id, clock_id=body.clock_id)

    change = partial(ask, clock_id=body.clock_id, until_on=body.until_on, reason=body.reason, progress=body.progress)

    extension_id = perform(context, caller, body.expected_version, change)
    return Asked(extension_id, item_id, recorded(context, item_id).version)


@router.post("/extensions/{extension_id}/decision", summary="Grant or refuse it")
def post_decision(
    *,
    item_id: Id,
    extension_id: Id,
    body: DecisionIn,
    context: Ctx,
    caller: Who,
) -> Recorded:
    """By somebody else than who asked: the first by the office, the second by the plan's head."""
    belongs(context.database, item_id=item_id, extension_id=extension_id)

    decide(
        context.database,
        extension_id=extension_id,
        granted=body.granted,
        actor=caller.actor,
        now=context.now(),
        until_on=body.until_on,
        opinion=body.opinion,
    )
    return recorded(context, item_id)


@router.post(
    "/limits", summary="Count a relative limit from its day (起算)", dependencies=[only("count a limit", *OFFICE)]
)
def post_limit(item_id: Id, body: CountIn, context: Ctx, caller: Who) -> Recorded:
    """The office only, for a part without a date: its clock starts, and reminders whose day is over are not sent."""
    if body.milestone_id is not None:
        belongs(context.database, item_id=item_id, milestone_id=body.milestone_id)
    change = partial(
        start_counted,
        item_id=item_id,
        amount=body.amount,
        unit=body.unit,
        from_on=body.from_on,
        milestone_id=body.milestone_id,
        reason=body.reason,
    )
    return record(context, caller, item_id, body, change)


class RecountIn(Body):
    """The day that a counted limit really counts from, and why it was wrong."""

    from_on: Date
    reason: Reason
    expected_version: int = Field(ge=1, le=LARGEST)


@router.post("/clocks/{clock_id}/recount", summary="Correct the day that a limit counts from")
def post_recount(item_id: Id, clock_id: Id, body: RecountIn, context: Ctx, caller: Who) -> Recorded:
    """The office only: a new clock supersedes it, with the rungs that were fired and still hold."""
    belongs(context.database, item_id=item_id, clock_id=clock_id)
    change = partial(correct_anchor, clock_id=clock_id, from_on=body.from_on, reason=body.reason)
    perform(context, caller, body.expected_version, change)
    return recorded(context, item_id)


@router.post("/clocks/{clock_id}/pause", summary="Stop a clock", dependencies=[only("stop a clock", *OFFICE)])
def post_pause(item_id: Id, clock_id: Id, body: PauseIn, context: Ctx, caller: Who) -> Recorded:
    """The office only, with a reason. A fixed date does not move unless the plan's rules say so."""
    belongs(context.database, item_id=item_id, clock_id=clock_id)
    perform(context, caller, body.expected_version, partial(pause_clock, clock_id=clock_id, reason=body.reason))
    return recorded(context, item_id)


@router.post(
    "/clocks/{clock_id}/resume", summary="Let a clock run on", dependencies=[only("let a clock run on", *OFFICE)]
)
def post_resume(item_id: Id, clock_id: Id, body: PauseIn, context: Ctx, caller: Who) -> Recorded:
    """The unconsumed working days count from the day after."""
    belongs(context.database, item_id=item_id, clock_id=clock_id)
    perform(context, caller, body.expected_version, partial(resume_clock, clock_id=clock_id, reason=body.reason))
    return recorded(context, item_id)
