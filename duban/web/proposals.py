"""Deciding on a sheet that waits for its approval, and recording a talk, from the notice's page."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData
from starlette.responses import Response

from duban.api.bodies import Id
from duban.api.problems import Invalid
from duban.services.proposals import Talk, decide_proposal, record_talk
from duban.services.queries.notices import one_notice
from duban.services.rules import AUTHORITY_ZONE
from duban.web.session import Form, Visit, date_field, field

router = APIRouter()


def talk_field(form: FormData) -> Talk | None:
    """Time, place and speaker as a form gives them; None where no day is given. Raises Invalid."""
    on, time = date_field(form, "talk_on"), field(form, "talk_time", most=5)
    if on is None:
        return None
    try:
        at = dt.datetime.combine(on, dt.time.fromisoformat(time), AUTHORITY_ZONE)
    except ValueError:
        raise Invalid(problems="talk_time: 请填写约谈时间") from None
    return Talk(at.astimezone(dt.UTC), field(form, "talk_place", most=200), field(form, "talk_speaker", most=100))


def approved_field(form: FormData) -> bool:
    """同意 or 不同意. Raises Invalid for neither."""
    chosen = field(form, "approved", most=3)
    if chosen not in ("yes", "no"):
        raise Invalid(problems="approved: 请选择同意或不同意")
    return chosen == "yes"


@router.post("/notices/{notice_id}/decision")
def post_decision(notice_id: Id, visit: Visit, form: Form) -> Response:
    """同意 or 不同意."""
    one_notice(visit.context.database, notice_id=notice_id, scope=visit.caller.scope)
    decided = decide_proposal(
        visit.context.database,
        notice_id=notice_id,
        approved=approved_field(form),
        actor=visit.caller.actor,
        now=visit.context.now(),
        reason=field(form, "reason"),
        talk=talk_field(form),
    )
    return RedirectResponse(f"/notices/{notice_id}?done={decided.outcome.value}", 303)


@router.post("/notices/{notice_id}/talk")
def post_talk(notice_id: Id, visit: Visit, form: Form) -> Response:
    """约谈记录."""
    one_notice(visit.context.database, notice_id=notice_id, scope=visit.caller.scope)
    record_talk(
        visit.context.database,
        notice_id=notice_id,
        promised=field(form, "promised"),
        promised_on=date_field(form, "promised_on"),
        actor=visit.caller.actor,
        now=visit.context.now(),
    )
    return RedirectResponse(f"/notices/{notice_id}?done=recorded", 303)
