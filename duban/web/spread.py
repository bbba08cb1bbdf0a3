"""举一反三, 吹哨 and 回头看 as pages: what was asked of whom, who has answered, and the forms for it."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData
from starlette.responses import Response

from duban.api.bodies import Id
from duban.api.changes import ItemChange, perform
from duban.api.items import Search
from duban.api.problems import Invalid
from duban.services.answers import answer_call, report_self_check
from duban.services.new_items import call, spawn_self_checks
from duban.services.queries.choices import own_choices, unit_choices
from duban.services.queries.plans import list_plans
from duban.services.queries.re_inspections import list_re_inspections
from duban.services.queries.spread import list_calls, list_self_checks, self_checks_of
from duban.services.re_inspection import re_inspect
from duban.web.choosing import chosen_plan
from duban.web.session import Form, Visit, Visitor, date_field, field, list_field, number_field
from models import PartyKind, UserRole

router = APIRouter()
CALLERS = (UserRole.UNIT, UserRole.SUPERVISOR, UserRole.ADMIN)


@router.get("/self-checks")
def get_self_checks(visit: Visit, plan: Search = "") -> Response:
    """Every item that sibling units check themselves for."""
    database, scope = visit.context.database, visit.caller.scope
    return visit.render(
        "self_checks.html",
        plans=list_plans(database, scope=scope, as_of=visit.as_of),
        plan=plan,
        rolled=list_self_checks(database, scope=scope, as_of=visit.as_of, plan=plan or None),
    )


@router.get("/items/{item_id}/self-checks")
def get_self_checks_of(item_id: Id, visit: Visit, done: str = "") -> Response:
    """One item's self-checks, and the list of units to tick."""
    database, scope = visit.context.database, visit.caller.scope
    rolled = self_checks_of(database, item_id=item_id, scope=scope, as_of=visit.as_of)
    return visit.render(
        "self_checks_of.html",
        rolled=rolled,
        row=rolled.of,
        choices=unit_choices(database, plan_id=rolled.of.plan.id, item_id=item_id),
        done=done,
    )


@router.post("/items/{item_id}/self-checks")
def post_self_checks(item_id: Id, visit: Visit, form: Form) -> Response:
    """Spawns a self-check in each unit that was ticked."""
    units = list_field(form, "units")
    due_on = date_field(form, "due_on")
    if not units:
        raise Invalid(problems="units: 请勾选至少一个单位")
    if due_on is None:
        raise Invalid(problems="due_on: 请填写完成时限")
    change = partial(spawn_self_checks, item_id=item_id, units=units, due_on=due_on, goal=field(form, "goal"))
    made = perform(visit.context, visit.caller, number_field(form, "expected_version"), change)
    return RedirectResponse(f"/items/{item_id}/self-checks?done={len(made)}", 303)


@router.post("/items/{item_id}/self-check-report")
def post_self_check_report(item_id: Id, visit: Visit, form: Form) -> Response:
    """What the unit found with itself."""
    text = field(form, "found", most=4)
    if not (text.isascii() and text.isdigit()):
        raise Invalid(problems="found: 请填写发现的问题数，没有发现的填0")
    change = partial(report_self_check, item_id=item_id, found=int(text), text=field(form, "text"))
    return _on_item(visit, form, item_id, change)


@router.get("/calls")
def get_calls(visit: Visit, plan: Search = "", done: str = "") -> Response:
    """Calls, who has reported, and the form of a new one for who may call."""
    database, scope = visit.context.database, visit.caller.scope
    plans = list_plans(database, scope=scope, as_of=visit.as_of)
    chosen = chosen_plan(plans, plan)
    may_call = visit.caller.identity.role in CALLERS and chosen is not None
    return visit.render(
        "calls.html",
        plans=plans,
        plan=chosen,
        calls=list_calls(database, scope=scope, as_of=visit.as_of, plan=str(chosen.id)) if chosen else (),
        callers=own_choices(database, plan_id=chosen.id, scope=scope, kinds=(PartyKind.UNIT,))
        if may_call and chosen
        else (),
        choices=unit_choices(database, plan_id=chosen.id) if may_call and chosen else (),
        done=done,
    )


@router.post("/calls")
def post_call(visit: Visit, form: Form) -> Response:
    """A unit calls others."""
    due_on = date_field(form, "due_on")
    if due_on is None:
        raise Invalid(problems="due_on: 请填写完成时限")
    plan = number_field(form, "plan")
    call(
        visit.context.database,
        plan=str(plan),
        caller=field(form, "caller", most=200),
        called=list_field(form, "units"),
        title=field(form, "title", most=500),
        due_on=due_on,
        goal=field(form, "goal"),
        actor=visit.caller.actor,
        now=visit.context.now(),
    )
    return RedirectResponse(f"/calls?plan={plan}&done=1", 303)


@router.post("/items/{item_id}/call-answer")
def post_call_answer(item_id: Id, visit: Visit, form: Form) -> Response:
    """报到."""
    unit = field(form, "unit", most=200) or None
    return _on_item(visit, form, item_id, partial(answer_call, item_id=item_id, text=field(form, "text"), unit=unit))


@router.get("/re-inspections")
def get_re_inspections(visit: Visit, plan: Search = "") -> Response:
    """What is to be looked at again, the earliest first, and what was found."""
    database, scope = visit.context.database, visit.caller.scope
    return visit.render(
        "re_inspections.html",
        plans=list_plans(database, scope=scope, as_of=visit.as_of),
        plan=plan,
        owed=list_re_inspections(database, scope=scope, as_of=visit.as_of, plan=plan or None),
    )


@router.post("/items/{item_id}/re-inspection")
def post_re_inspection(item_id: Id, visit: Visit, form: Form) -> Response:
    """What a re-inspection found."""
    found = field(form, "passed", most=5)
    if found not in ("yes", "no"):
        raise Invalid(problems="passed: 请选择回头看的结果")
    change = partial(
        re_inspect,
        item_id=item_id,
        passed=found == "yes",
        note=field(form, "note"),
        due_on=date_field(form, "due_on") if found == "no" else None,
        again_on=date_field(form, "again_on") if found == "yes" else None,
    )
    return _on_item(visit, form, item_id, change)


def _on_item(visit: Visitor, form: FormData, item_id: int, change: ItemChange[object]) -> Response:
    perform(visit.context, visit.caller, number_field(form, "expected_version"), change)
    return RedirectResponse(f"/items/{item_id}?done=1", 303)
