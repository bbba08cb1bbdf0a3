"""The rules that clocks run by: a plan's policy, the office's calendar, and the first night's release."""

from __future__ import annotations

from dataclasses import dataclass

from duban.api.bodies import RulesIn
from duban.api.context import OFFICE, AsOf, Ctx, Who
from duban.api.examples import POLICY_CHANGE, WOULD_SEND, answer
from duban.api.plans import PlanKey
from duban.api.problems import documented
from duban.api.routing import only, router_of
from duban.services import calendars, policy_changes
from duban.services.assignments import assign_items
from duban.services.calendars import CalendarChange, CalendarInForce
from duban.services.night import WouldSend, preview
from duban.services.policy_changes import PolicyChange
from duban.services.queries.plans import one_plan
from duban.services.queries.rules import PolicyView, policy_of

router = router_of(tags=["rules"], responses=documented(401, 403, 404, 409, 413, 422, 429))


@dataclass(frozen=True, slots=True)
class Assigned:
    """How many assignment notices (交办通知) were written; 0 where every open item had one."""

    written: int


@router.get("/plans/{plan}/policy", summary="The rules that a plan runs on")
def get_policy(plan: PlanKey, context: Ctx, caller: Who, as_of: AsOf) -> PolicyView:
    """Rungs, lights, cadences and all other numbers, each with the source that it comes from."""
    found = one_plan(context.database, plan=plan, scope=caller.scope, as_of=as_of)
    return policy_of(context.database, plan=found.code)


@router.post(
    "/plans/{plan}/policy/preview",
    summary="What another policy would change",
    responses=answer(POLICY_CHANGE),
    dependencies=[only("preview a policy", *OFFICE)],
)
def post_policy_preview(plan: PlanKey, body: RulesIn, context: Ctx, caller: Who, as_of: AsOf) -> PolicyChange:
    """Rule by rule, light by light and clock by clock, as of a night; nothing is written. The office only."""
    found = one_plan(context.database, plan=plan, scope=caller.scope, as_of=as_of)
    return policy_changes.preview(
        context.database, plan=found.code, text=body.text, filename=body.filename, as_of=as_of
    )


@router.post(
    "/plans/{plan}/policy",
    summary="Apply a policy",
    responses=answer(POLICY_CHANGE),
    dependencies=[only("apply a policy", *OFFICE)],
)
def post_policy(*, plan: PlanKey, body: RulesIn, context: Ctx, caller: Who, as_of: AsOf) -> PolicyChange:
    """Running clocks are decided anew, what was fired stays fired; the policy that was replaced is kept."""
    found = one_plan(context.database, plan=plan, scope=caller.scope, as_of=as_of)

    return policy_changes.apply(
        context.database,
        plan=found.code,
        text=body.text,
        filename=body.filename,
        actor=caller.actor,
        now=context.now(),
        seen=body.seen or None,
    )


@router.get("/calendar", summary="The calendar in force")
def get_calendar(context: Ctx, _caller: Who) -> CalendarInForce:
    """Where the working days come from, how far they are known, and the office's own days."""
    return calendars.in_force(context.database)


@router.post(
    "/calendar/preview", summary="What another calendar would move", dependencies=[only("preview a calendar", *OFFICE)]
)
def post_calendar_preview(body: RulesIn, context: Ctx) -> CalendarChange:
    """Every open clock whose date would move, and why; nothing is written. The office only."""
    return calendars.preview(context.database, body.text, body.filename)


@router.post("/calendar", summary="Apply a calendar", dependencies=[only("apply a calendar", *OFFICE)])
def post_calendar(body: RulesIn, context: Ctx, caller: Who) -> CalendarChange:
    """Open clocks are projected afresh, each move with its event; rungs that were fired stay fired. The office only."""

    return calendars.apply(
        context.database,
        body.text,
        body.filename,
        actor=caller.actor,
        now=context.now(),
        seen=body.seen if "seen" in body.model_fields_set else None,
    )


@router.get(
    "/plans/{plan}/first-night",
    summary="What the plan's next night would send",
    responses=answer([WOULD_SEND]),
    dependencies=[only("preview a night", *OFFICE)],
)
def get_first_night(plan: PlanKey, context: Ctx, caller: Who, as_of: AsOf) -> list[WouldSend]:
    """Released or not; nothing is written. Look at it before `POST /plans/{plan}/release`. The office only."""
    found = one_plan(context.database, plan=plan, scope=caller.scope, as_of=as_of)
    return preview(context.database, as_of, [found.id])


@router.post(
    "/plans/{plan}/assignments",
    summary="Write the assignment notices (交办通知)",
    dependencies=[only("write assignment notices", *OFFICE)],
)
def post_assignments(plan: PlanKey, context: Ctx, caller: Who, as_of: AsOf) -> Assigned:
    """For each open item that has none; receipts are owed from today, or from the release. Safe to repeat."""
    found = one_plan(context.database, plan=plan, scope=caller.scope, as_of=as_of)
    return Assigned(assign_items(context.database, plan=found.code, actor=caller.actor, now=context.now()))
