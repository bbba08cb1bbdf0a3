"""更正: what was read wrong of an item under way, set right beside its source."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from duban.api.bodies import Id
from duban.api.context import OFFICE
from duban.errors import NotFound
from duban.services.corrections import correct
from duban.services.queries.parties import directory_names
from duban.services.queries.quarantine import one_doubtful
from duban.web.reading_form import ROLES, edited, shown
from duban.web.session import Form, Visit, field, number_field

router = APIRouter(prefix="/items/{item_id}/correct")


@router.get("")
def get_correction(item_id: Id, visit: Visit) -> Response:
    """The item's fields beside the lines that they were read from."""
    visit.caller.require("更正", *OFFICE)
    database = visit.context.database
    found = one_doubtful(database, scope=visit.caller.scope, as_of=visit.as_of, item_id=item_id)
    if found is None:
        raise NotFound(what="item", key=item_id)
    names = directory_names(database, plan_id=found.row.plan.id)
    return visit.render("correct.html", d=found, s=shown(found), roles=ROLES, names={found.row.plan.id: names})


@router.post("")
def post_correction(item_id: Id, visit: Visit, form: Form) -> Response:
    """Writes the fields that were changed, with the reason."""
    visit.caller.require("更正", *OFFICE)
    correct(
        visit.context.database,
        item_id=item_id,
        edit=edited(form),
        reason=field(form, "reason"),
        actor=visit.caller.actor,
        now=visit.context.now(),
        expected_version=number_field(form, "expected_version"),
    )
    return RedirectResponse(f"/items/{item_id}?done=1", 303)
