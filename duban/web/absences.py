"""外出与代办: who is away, who stands in, and what that does to notices."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from duban.api.bodies import Id
from duban.api.items import Search
from duban.api.problems import Invalid
from duban.services.absences import cancel, enter, list_absences
from duban.services.queries.choices import own_choices
from duban.services.queries.plans import list_plans
from duban.web.choosing import chosen_plan
from duban.web.session import Form, Visit, date_field, field, number_field
from models import UserRole

router = APIRouter(prefix="/absences")
#: Past absences stay on the page so long: what a notice went to somebody else for can be looked up.
PAST = dt.timedelta(days=60)
MAY_ENTER = (UserRole.UNIT, UserRole.LEAD, UserRole.SUPERVISOR, UserRole.ADMIN)


@router.get("")
def get_absences(visit: Visit, plan: Search = "", done: str = "") -> Response:
    """Who is away now and soon, and those of the last weeks."""
    database, scope = visit.context.database, visit.caller.scope
    plans = list_plans(database, scope=scope, as_of=visit.as_of)
    chosen = chosen_plan(plans, plan)
    may = visit.caller.identity.role in MAY_ENTER and chosen is not None
    own = own_choices(database, plan_id=chosen.id, scope=scope) if may and chosen else ()
    return visit.render(
        "absences.html",
        plans=plans,
        plan=chosen,
        absences=list_absences(database, plan=chosen.code, since=visit.as_of - PAST) if chosen else (),
        choices=own,
        own={choice.name for choice in own},
        done=done,
    )


@router.post("")
def post_absence(visit: Visit, form: Form) -> Response:
    """Enters one."""
    first_on, last_on = date_field(form, "first_on"), date_field(form, "last_on")
    if first_on is None or last_on is None:
        raise Invalid(problems="first_on、last_on: 请填写首日和末日")
    plan = number_field(form, "plan")
    enter(
        visit.context.database,
        plan=str(plan),
        party=field(form, "party", most=200),
        first_on=first_on,
        last_on=last_on,
        actor=visit.caller.actor,
        now=visit.context.now(),
    )
    return RedirectResponse(f"/absences?plan={plan}&done=entered", 303)


@router.post("/{absence_id}/cancel")
def post_cancellation(absence_id: Id, visit: Visit, form: Form) -> Response:
    """Takes one back; it stays on record."""
    plan = number_field(form, "plan")
    cancel(visit.context.database, absence_id=absence_id, actor=visit.caller.actor, now=visit.context.now())
    return RedirectResponse(f"/absences?plan={plan}&done=cancelled", 303)
