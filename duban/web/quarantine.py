"""待核: each doubtful reading beside its source, settled by one key or click, and undone."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData
from starlette.responses import Response

from duban.api.bodies import LARGEST, Id
from duban.api.items import Search
from duban.api.problems import Invalid
from duban.services.item_fields import NO_EDIT
from duban.services.item_splits import join, split
from duban.services.queries.item import belongs
from duban.services.queries.parties import directory_names
from duban.services.queries.plans import anomalies_of, list_plans
from duban.services.queries.quarantine import (
    Doubtful,
    ResolutionView,
    ReviewPage,
    item_of_resolution,
    one_doubtful,
    review_page,
)
from duban.services.resolutions import Resolved, resolve, undo
from duban.web.reading_form import ROLES, edited, shown
from duban.web.session import Form, Visit, Visitor, field, number_field
from models import ResolutionAction

router = APIRouter(prefix="/quarantine")


#: What a decision says where nobody wrote a reason of their own: one key or one click is a decision with a reason.
USUAL = {
    ResolutionAction.KEEP: "已对照原文核实，读取无误",
    ResolutionAction.EDIT: "已对照原文更正",
    ResolutionAction.MERGE: "同一事项印了两份，已对照原文合并",
    ResolutionAction.DROP: "重复排印，已对照原文剔除",
    ResolutionAction.SPLIT: "原文是两项，已对照原文拆分",
    ResolutionAction.JOIN: "原文是一项，已对照原文并入",
}
#: Doubts that belong to no item, shown at most: a long document has thousands, and none of them blocks.
MOST_LOOSE = 100


@router.get("")
def get_quarantine(
    visit: Visit,
    plan: Search = "",
    done: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    number: Search = "",
    show: Literal["", "settled"] = "",
) -> Response:
    """Items that wait for a person, a page at a time, or those that were settled; then doubts of no item."""
    database, scope = visit.context.database, visit.caller.scope
    plans = list_plans(database, scope=scope, as_of=visit.as_of)
    chosen = [p for p in plans if not plan or plan in (p.code, str(p.id))]
    found = review_page(
        database,
        scope=scope,
        as_of=visit.as_of,
        plan=plan or None,
        page=page,
        number=number,
        settled=show == "settled",
    )
    loose = [
        (p, [a for a in anomalies_of(database, plan=str(p.id), scope=scope, unresolved=True) if not a.blocks])
        for p in chosen
    ]
    decided = _decided(visit, done)
    return visit.render(
        "quarantine.html",
        plans=plans,
        plan=plan,
        show=show,
        number=number,
        missing=bool(number) and number.strip() not in {d.row.number for d in found.items},
        found=found,
        loose=[(p, of_plan) for p, of_plan in loose if of_plan] if found.page == 1 else [],
        most_loose=MOST_LOOSE,
        usual={action.value: reason for action, reason in USUAL.items()},
        decided=decided,
        names=_names(visit, found),
        roles=ROLES,
        shown=shown,
    )


def _decided(visit: Visitor, done: int | None) -> tuple[Doubtful, ResolutionView] | None:
    """The item and the decision that a person has just made, to be shown with its undo."""
    if done is None:
        return None
    database, scope = visit.context.database, visit.caller.scope
    item_id = item_of_resolution(database, resolution_id=done)
    item = one_doubtful(database, scope=scope, as_of=visit.as_of, item_id=item_id) if item_id else None
    made = next((r for r in item.resolutions if r.id == done and r.undone_at is None), None) if item else None
    return (item, made) if item and made else None


def _names(visit: Visitor, found: ReviewPage) -> dict[int, tuple[str, ...]]:
    """The names of each shown plan's directory, for whoever adds one."""
    plans = {d.row.plan.id for d in found.items}
    return {plan: directory_names(visit.context.database, plan_id=plan) for plan in plans}


@router.post("/{item_id}/resolve")
def post_resolution(item_id: Id, visit: Visit, form: Form) -> Response:
    """keep, merge, edit or drop. Only the fields that somebody changed are written; changed and kept is edited."""
    try:
        action = ResolutionAction(field(form, "action"))
    except ValueError:
        raise Invalid(problems="action: 请选择如何核定") from None
    edit = NO_EDIT
    if action in (ResolutionAction.EDIT, ResolutionAction.KEEP):
        edit = edited(form)
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
    return _back(form, done, f"item-{place}" if place.isdigit() and int(place) not in done.dropped else "done")


@router.post("/{item_id}/split")
def post_split(item_id: Id, visit: Visit, form: Form) -> Response:
    """Makes a second item of what follows; both wait to be kept."""
    at = field(form, "from_measure", most=6)
    done = split(
        visit.context.database,
        item_id=item_id,
        number=field(form, "new_number", most=40),
        title=field(form, "new_title"),
        from_measure=int(at) if at.isascii() and at.isdigit() else None,
        actor=visit.caller.actor,
        reason=field(form, "reason") or USUAL[ResolutionAction.SPLIT],
        now=visit.context.now(),
        expected_version=number_field(form, "expected_version"),
    )
    return _back(form, done, f"item-{item_id}")


@router.post("/{item_id}/join")
def post_join(item_id: Id, visit: Visit, form: Form) -> Response:
    """Appends an item to another one, which waits to be kept."""
    into = field(form, "into", most=40)
    done = join(
        visit.context.database,
        item_id=item_id,
        into=into,
        actor=visit.caller.actor,
        reason=field(form, "reason") or USUAL[ResolutionAction.JOIN],
        now=visit.context.now(),
        expected_version=number_field(form, "expected_version"),
    )
    return _back(form, done, "done", number=into)


@router.post("/{item_id}/undo/{resolution_id}")
def post_undo(item_id: Id, resolution_id: Id, visit: Visit, form: Form) -> Response:
    """Takes a decision back, if the item has not moved on."""
    belongs(visit.context.database, item_id=item_id, resolution_id=resolution_id)
    undo(visit.context.database, resolution_id=resolution_id, actor=visit.caller.actor, now=visit.context.now())
    return _back(form, None, f"item-{item_id}")


def _back(form: FormData, done: Resolved | None, anchor: str, *, number: str = "") -> RedirectResponse:
    """The page of the review that the form was sent from, at the item that comes next."""
    asked = {
        "plan": field(form, "plan", most=100),
        "page": field(form, "page", most=6) if not number else "",
        "number": number,
        "done": str(done.resolution_id) if done else "",
    }
    return RedirectResponse(f"/quarantine?{urlencode({k: v for k, v in asked.items() if v})}#{anchor}", 303)
