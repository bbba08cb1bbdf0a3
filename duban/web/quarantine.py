"""待核: each doubtful reading beside its source, settled by one click with a reason, and undone."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from duban.api.bodies import Id
from duban.api.items import Search
from duban.api.problems import Invalid
from duban.services.queries.item import belongs
from duban.services.queries.plans import anomalies_of, list_plans, quarantine
from duban.services.resolutions import ROLE_OF, Edit, resolve, undo
from duban.web.session import Form, Visit, field, lines_field, number_field
from models import ResolutionAction

router = APIRouter(prefix="/quarantine")


@router.get("")
def get_quarantine(visit: Visit, plan: Search = "") -> Response:
    """Items that wait for a person first, then those that were settled; then doubts that belong to no item."""
    database, scope = visit.context.database, visit.caller.scope
    plans = list_plans(database, scope=scope, as_of=visit.as_of)
    chosen = [p for p in plans if not plan or plan in (p.code, str(p.id))]
    loose = [
        (p, [a for a in anomalies_of(database, plan=str(p.id), scope=scope, unresolved=True) if not a.blocks])
        for p in chosen
    ]
    return visit.render(
        "quarantine.html",
        plans=plans,
        plan=plan,
        doubtful=quarantine(database, scope=scope, as_of=visit.as_of, plan=plan or None),
        loose=[(p, found) for p, found in loose if found],
    )


@router.post("/{item_id}/resolve")
def post_resolution(item_id: Id, visit: Visit, form: Form) -> Response:
    """keep, merge, edit or drop; a reason is owed."""
    try:
        action = ResolutionAction(field(form, "action"))
    except ValueError:
        raise Invalid(problems="action: 请选择如何核定") from None
    reason = field(form, "reason")
    if not reason:
        raise Invalid(problems="reason: 请填写理由")
    edit = Edit()
    if action is ResolutionAction.EDIT:
        edit = Edit(
            title=field(form, "title") or None,
            goal=field(form, "goal") or None,
            measures=lines_field(form, "measures") or None,
            time_limit=field(form, "time_limit") or None,
            **{name: lines_field(form, name) or None for name in ROLE_OF},
        )
    resolve(
        visit.context.database,
        item_id=item_id,
        action=action,
        actor=visit.caller.actor,
        reason=reason,
        now=visit.context.now(),
        edit=edit,
        expected_version=number_field(form, "expected_version"),
    )
    return RedirectResponse(f"/quarantine?plan={field(form, 'plan', most=100)}#item-{item_id}", 303)


@router.post("/{item_id}/undo/{resolution_id}")
def post_undo(item_id: Id, resolution_id: Id, visit: Visit, form: Form) -> Response:
    """Takes a decision back, if the item has not moved on."""
    belongs(visit.context.database, item_id=item_id, resolution_id=resolution_id)
    undo(visit.context.database, resolution_id=resolution_id, actor=visit.caller.actor, now=visit.context.now())
    return RedirectResponse(f"/quarantine?plan={field(form, 'plan', most=100)}#item-{item_id}", 303)
