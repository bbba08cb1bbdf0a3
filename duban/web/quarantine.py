"""待核: each doubtful reading beside its source, settled by one key or click, and undone."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData
from starlette.responses import Response

from duban.api.bodies import LARGEST, Id
from duban.api.items import Search
from duban.api.problems import Invalid
from duban.services.queries.item import belongs
from duban.services.queries.plans import anomalies_of, list_plans, quarantine
from duban.services.resolutions import Edit, resolve, undo
from duban.web.session import Form, Visit, field, lines_field, number_field
from models import ResolutionAction

router = APIRouter(prefix="/quarantine")


#: What a decision says where nobody wrote a reason of their own: one key or one click is a decision with a reason.
USUAL = {
    ResolutionAction.KEEP: "已对照原文核实，读取无误",
    ResolutionAction.EDIT: "已对照原文更正",
    ResolutionAction.MERGE: "同一事项印了两份，已对照原文合并",
    ResolutionAction.DROP: "重复排印，已对照原文剔除",
}


@router.get("")
def get_quarantine(
    visit: Visit, plan: Search = "", done: Annotated[int | None, Query(ge=1, le=LARGEST)] = None
) -> Response:
    """Items that wait for a person first, then those that were settled; then doubts that belong to no item."""
    database, scope = visit.context.database, visit.caller.scope
    plans = list_plans(database, scope=scope, as_of=visit.as_of)
    chosen = [p for p in plans if not plan or plan in (p.code, str(p.id))]
    loose = [
        (p, [a for a in anomalies_of(database, plan=str(p.id), scope=scope, unresolved=True) if not a.blocks])
        for p in chosen
    ]
    doubtful = quarantine(database, scope=scope, as_of=visit.as_of, plan=plan or None)
    settled = next((r for d in doubtful for r in d.resolutions if r.id == done and r.undone_at is None), None)
    return visit.render(
        "quarantine.html",
        plans=plans,
        plan=plan,
        doubtful=doubtful,
        loose=[(p, found) for p, found in loose if found],
        usual={action.value: reason for action, reason in USUAL.items()},
        settled_now=settled,
        settled_item=next((d.row for d in doubtful if settled and d.row.id == settled.item_id), None),
        fields=FIELDS,
    )


#: The fields that can be set right: name, the role that fills it, whether a line is an entry.
FIELDS = (
    ("title", None, False),
    ("goal", None, False),
    ("measures", None, True),
    ("time_limit", None, False),
    ("lead_officials", "lead_official", True),
    ("lead_units", "lead_unit", True),
    ("responsible_units", "responsible", True),
    ("support_units", "support", True),
    ("supervising_units", "supervising", True),
)


@router.post("/{item_id}/resolve")
def post_resolution(item_id: Id, visit: Visit, form: Form) -> Response:
    """keep, merge, edit or drop. Only the fields that somebody changed are written; changed and kept is edited."""
    try:
        action = ResolutionAction(field(form, "action"))
    except ValueError:
        raise Invalid(problems="action: 请选择如何核定") from None
    edit = Edit()
    if action in (ResolutionAction.EDIT, ResolutionAction.KEEP):
        edit = _changed(form)
        if edit.given() and action is ResolutionAction.KEEP:
            action = ResolutionAction.EDIT
    done = resolve(
        visit.context.database,
        item_id=item_id,
        action=action,
        actor=visit.caller.actor,
        reason=field(form, "reason") or USUAL[action],
        now=visit.context.now(),
        edit=edit,
        expected_version=number_field(form, "expected_version"),
    )
    place = field(form, "next", most=18)
    anchor = f"#item-{place}" if place.isdigit() and int(place) not in done.dropped else "#done"
    plan = quote(field(form, "plan", most=100))
    return RedirectResponse(f"/quarantine?plan={plan}&done={done.resolution_id}{anchor}", 303)


def _changed(form: FormData) -> Edit:
    """The fields whose text is another than the page showed (`was-NAME`); a form without those names all its fields."""
    given: dict[str, Any] = {}
    for name, _, listed in FIELDS:
        if name not in form:
            continue
        now: Any = lines_field(form, name) if listed else field(form, name)
        if f"was-{name}" in form:
            was: Any = lines_field(form, f"was-{name}") if listed else field(form, f"was-{name}")
            if now == was:
                continue
        elif not now:
            continue
        given[name] = now
    return Edit(**given)


@router.post("/{item_id}/undo/{resolution_id}")
def post_undo(item_id: Id, resolution_id: Id, visit: Visit, form: Form) -> Response:
    """Takes a decision back, if the item has not moved on."""
    belongs(visit.context.database, item_id=item_id, resolution_id=resolution_id)
    undo(visit.context.database, resolution_id=resolution_id, actor=visit.caller.actor, now=visit.context.now())
    return RedirectResponse(f"/quarantine?plan={quote(field(form, 'plan', most=100))}#item-{item_id}", 303)
