"""举一反三 (self-checks in sibling units), 吹哨 (calls) and 回头看 (re-inspections)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import Query

from duban.api.bodies import CallAnswerIn, CallIn, Date, Id, ReInspectionIn, SelfCheckReportIn, SelfChecksIn
from duban.api.changes import Recorded, perform, record, recorded
from duban.api.context import OFFICE, AsOf, Ctx, Who
from duban.api.examples import CALLS, RE_INSPECTIONS, SELF_CHECKS, answer
from duban.api.items import Search
from duban.api.plans import PlanKey
from duban.api.problems import documented
from duban.api.routing import only, router_of
from duban.services.answers import answer_call, report_self_check
from duban.services.new_items import call, spawn_self_checks
from duban.services.queries.plans import one_plan
from duban.services.queries.re_inspections import ReInspections, list_re_inspections
from duban.services.queries.spread import CallView, SelfChecks, list_calls, list_self_checks, self_checks_of
from duban.services.re_inspection import re_inspect

router = router_of(tags=["spread"], responses=documented(401, 403, 404, 409, 413, 422, 429))
OfPlan = Annotated[Search | None, Query(description="A plan's id or code; every plan where left out.")]


@dataclass(frozen=True, slots=True)
class Spawned:
    """The self-checks that were made, and the item after it."""

    items: list[int]
    item_id: int
    version: int


@dataclass(frozen=True, slots=True)
class Called:
    """The item that a call made."""

    item_id: int


@router.get("/self-checks", summary="Self-checks, rolled up by item")
def get_self_checks(context: Ctx, caller: Who, as_of: AsOf, plan: OfPlan = None) -> tuple[SelfChecks, ...]:
    """Every item that other units check themselves for, the newest first."""
    return list_self_checks(context.database, scope=caller.scope, as_of=as_of, plan=plan or None)


@router.get("/items/{item_id}/self-checks", summary="An item's self-checks, rolled up", responses=answer(SELF_CHECKS))
def get_self_checks_of(item_id: Id, context: Ctx, caller: Who, as_of: AsOf) -> SelfChecks:
    """How many units were asked, how many have reported, and what they found."""
    return self_checks_of(context.database, item_id=item_id, scope=caller.scope, as_of=as_of)


@router.post(
    "/items/{item_id}/self-checks",
    summary="Let sibling units check themselves (举一反三)",
    status_code=201,
    dependencies=[only("let units check themselves", *OFFICE)],
)
def post_self_checks(item_id: Id, body: SelfChecksIn, context: Ctx, caller: Who) -> Spawned:
    """One child item a unit, with its own limit, clock and notice; the item waits for all of them. The office only."""
    change = partial(spawn_self_checks, item_id=item_id, units=body.units, due_on=body.due_on, goal=body.goal)

    made = perform(context, caller, body.expected_version, change)
    return Spawned(made, item_id, recorded(context, item_id).version)


@router.post("/items/{item_id}/self-check-report", summary="Report what a self-check found")
def post_self_check_report(item_id: Id, body: SelfCheckReportIn, context: Ctx, caller: Who) -> Recorded:
    """By the unit that was asked (or the office for it); 0 where nothing was found. The last report counts."""
    change = partial(report_self_check, item_id=item_id, found=body.found, text=body.text)
    return record(context, caller, item_id, body, change)


@router.get("/calls", summary="Calls (吹哨), with who has reported", responses=answer(CALLS))
def get_calls(context: Ctx, caller: Who, as_of: AsOf, plan: OfPlan = None) -> tuple[CallView, ...]:
    """Those that the caller may see: as calling unit, as called unit, or as the office; the newest first."""
    return list_calls(context.database, scope=caller.scope, as_of=as_of, plan=plan or None)


@router.post("/plans/{plan}/calls", summary="Call units (吹哨)", status_code=201)
def post_call(*, plan: PlanKey, body: CallIn, context: Ctx, caller: Who, as_of: AsOf) -> Called:
    """By the calling unit or the office. It escalates upward from the called units, never from the caller."""
    found = one_plan(context.database, plan=plan, scope=caller.scope, as_of=as_of)

    return Called(
        call(
            context.database,
            plan=found.code,
            caller=body.caller,
            called=body.called,
            title=body.title,
            due_on=body.due_on,
            goal=body.goal,
            actor=caller.actor,
            now=context.now(),
        )
    )


@router.post("/items/{item_id}/call-answer", summary="Report to the caller (报到)")
def post_call_answer(item_id: Id, body: CallAnswerIn, context: Ctx, caller: Who) -> Recorded:
    """Each called unit for itself, or the office for one of them. The item stays open until its gate closes it."""
    change = partial(answer_call, item_id=item_id, text=body.text, unit=body.unit)
    return record(context, caller, item_id, body, change)


@router.get("/re-inspections", summary="What is to be looked at again (回头看)", responses=answer(RE_INSPECTIONS))
def get_re_inspections(
    context: Ctx,
    caller: Who,
    as_of: AsOf,
    plan: OfPlan = None,
    until: Annotated[Date | None, Query(description="Only what is due by this day.")] = None,
) -> ReInspections:
    """Closed items with the day of their re-inspection, the earliest first; and what was found last."""
    return list_re_inspections(context.database, scope=caller.scope, as_of=as_of, plan=plan or None, until=until)


@router.post(
    "/items/{item_id}/re-inspection",
    summary="Record a re-inspection",
    dependencies=[only("record a re-inspection", *OFFICE)],
)
def post_re_inspection(item_id: Id, body: ReInspectionIn, context: Ctx, caller: Who) -> Recorded:
    """By the office, and nobody who worked on the item. A relapse (反弹) reopens it with the new limit `due_on`."""
    change = partial(
        re_inspect,
        item_id=item_id,
        passed=body.passed,
        note=body.note,
        due_on=body.due_on,
        again_on=body.again_on,
    )
    return record(context, caller, item_id, body, change)
