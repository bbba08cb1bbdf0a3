"""Forms that change an item. Each carries the version that its page showed; a later one is answered with 409."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData
from starlette.responses import Response

from duban.adapters.database import Database
from duban.api.bodies import Id
from duban.api.changes import ItemChange, perform
from duban.api.context import log_refusal
from duban.api.problems import Invalid
from duban.api.progress import keep_evidence
from duban.domain.counting import Unit
from duban.domain.lifecycle import ACTION_ZH, Action
from duban.errors import DubanError
from duban.services.clock_changes import pause_clock, resume_clock
from duban.services.closing import take_step
from duban.services.counted_limits import start_counted
from duban.services.extensions import ask, decide
from duban.services.progress import report_check_in, report_measure, report_milestone, report_regulation
from duban.services.queries.choices import merge_target
from duban.services.queries.item import belongs
from duban.services.targets import report_target
from duban.services.transitions import Instrument, MoveDetails, move
from duban.web.session import (
    Form,
    Visit,
    Visitor,
    date_field,
    field,
    file_field,
    lines_field,
    list_field,
    number_field,
)
from duban.web.words import refusal
from models import ClosingStep, Progress

router = APIRouter(prefix="/items")
MOST_AT_ONCE = 200
MOST_AMOUNT = 3650


def _done(visit: Visitor, form: FormData, item_id: int, change: ItemChange[object], place: str = "") -> Response:
    """Does it on the version that the form's page showed, and leads back to the item."""
    perform(visit.context, visit.caller, number_field(form, "expected_version"), change)
    return _back(item_id, place)


def _back(item_id: int, place: str = "") -> Response:
    return RedirectResponse(f"/items/{item_id}?done=1{place}", 303)


def _action(form: FormData) -> Action:
    try:
        return Action(field(form, "action"))
    except ValueError:
        raise Invalid(problems="action: 请选择要办理的事") from None


@router.post("/{item_id}/transitions")
def post_transition(item_id: Id, visit: Visit, form: Form) -> Response:
    """A transition with what its form brings along."""
    action = _action(form)
    details = _details(visit.context.database, form, action, item_id)
    change = partial(move, item_id=item_id, action=action, reason=field(form, "reason"), details=details)
    return _done(visit, form, item_id, change)


def _details(database: Database, form: FormData, action: Action, item_id: int) -> MoveDetails:
    """What this action's form has; fields of another action's are not looked at."""
    match action:
        case Action.DRAFT_MEASURE:
            return MoveDetails(measures=lines_field(form, "measures"))
        case Action.ISSUE_REGULATION:
            ids = [int(k.removeprefix("number_")) for k in form if k.startswith("number_") and k[7:].isdigit()]
            issued = {i: Instrument(field(form, f"number_{i}") or None, date_field(form, f"issued_{i}")) for i in ids}
            return MoveDetails(regulations={i: v for i, v in issued.items() if v.document_number or v.issued_on})
        case Action.MERGE:
            return MoveDetails(merge_into=merge_target(database, item_id=item_id, said=field(form, "merge_into")))
        case Action.WITHDRAW:
            ticked = (one for one in list_field(form, "with_merged", most=1000) if one.isascii() and one.isdigit())
            return MoveDetails(with_merged=tuple(int(one) for one in ticked))
        case Action.REOPEN:
            return MoveDetails(due_on=date_field(form, "due_on"))
        case _:
            return MoveDetails()


@router.post("/{item_id}/measures/{measure_id}")
def post_measure(item_id: Id, measure_id: Id, visit: Visit, form: Form) -> Response:
    """How far a measure is."""
    belongs(visit.context.database, item_id=item_id, measure_id=measure_id)
    try:
        progress = Progress(field(form, "progress"))
    except ValueError:
        raise Invalid(problems="progress: 请选择进展") from None
    change = partial(
        report_measure,
        measure_id=measure_id,
        progress=progress,
        done_on=date_field(form, "done_on"),
        reason=field(form, "reason"),
    )
    return _done(visit, form, item_id, change, "#measures")


@router.post("/{item_id}/milestones/{milestone_id}")
def post_milestone(item_id: Id, milestone_id: Id, visit: Visit, form: Form) -> Response:
    """A milestone that is done."""
    belongs(visit.context.database, item_id=item_id, milestone_id=milestone_id)
    change = partial(
        report_milestone,
        milestone_id=milestone_id,
        done_on=date_field(form, "done_on"),
        reason=field(form, "reason"),
    )
    return _done(visit, form, item_id, change, "#milestones")


@router.post("/{item_id}/regulations/{regulation_id}")
def post_regulation(item_id: Id, regulation_id: Id, visit: Visit, form: Form) -> Response:
    """A regulation's document number and date."""
    belongs(visit.context.database, item_id=item_id, regulation_id=regulation_id)
    change = partial(
        report_regulation,
        regulation_id=regulation_id,
        document_number=field(form, "document_number", most=100) or None,
        issued_on=date_field(form, "issued_on"),
    )
    return _done(visit, form, item_id, change, "#regulations")


@router.post("/{item_id}/targets/{target_id}")
def post_target(item_id: Id, target_id: Id, visit: Visit, form: Form) -> Response:
    """What a target has reached."""
    belongs(visit.context.database, item_id=item_id, target_id=target_id)
    try:
        reached = Decimal(field(form, "reached", most=30))
    except InvalidOperation:
        raise Invalid(problems="reached: 须为数字") from None
    if not reached.is_finite() or abs(reached) >= 10**16:
        raise Invalid(problems="reached: 须为数字")
    change = partial(
        report_target,
        target_id=target_id,
        reached=reached,
        reached_on=date_field(form, "reached_on"),
    )
    return _done(visit, form, item_id, change, "#targets")


@router.post("/{item_id}/check-ins")
def post_check_in(item_id: Id, visit: Visit, form: Form) -> Response:
    """A long-term item's periodic report."""
    text = field(form, "text")
    if not text:
        raise Invalid(problems="text: 请填写报告内容")
    change = partial(
        report_check_in,
        item_id=item_id,
        text=text,
    )
    return _done(visit, form, item_id, change)


@router.post("/{item_id}/evidence")
def post_evidence(item_id: Id, visit: Visit, form: Form) -> Response:
    """A file that proves what was done."""
    keep_evidence(
        context=visit.context,
        caller=visit.caller,
        item_id=item_id,
        file=file_field(form, "file"),
        expected_version=number_field(form, "expected_version"),
        note=field(form, "note"),
    )
    return _back(item_id, "#evidence")


@router.post("/{item_id}/closing")
def post_closing(item_id: Id, visit: Visit, form: Form) -> Response:
    """A step towards 销号."""
    try:
        step = ClosingStep(field(form, "step"))
    except ValueError:
        raise Invalid(problems="step: 请选择步骤") from None
    ends_on: dt.date | None = date_field(form, "ends_on")
    change = partial(
        take_step,
        item_id=item_id,
        step=step,
        on_behalf_of=field(form, "on_behalf_of", most=200) or None,
        note=field(form, "note"),
        ends_on=ends_on,
    )
    return _done(visit, form, item_id, change, "#closing")


@router.post("/{item_id}/extensions")
def post_extension(item_id: Id, visit: Visit, form: Form) -> Response:
    """A request for a later limit."""
    clock_id, until_on = number_field(form, "clock_id"), date_field(form, "until_on")
    if until_on is None:
        raise Invalid(problems="until_on: 请填写延期至哪一天")
    belongs(visit.context.database, item_id=item_id, clock_id=clock_id)
    change = partial(
        ask,
        clock_id=clock_id,
        until_on=until_on,
        reason=field(form, "reason"),
        progress=field(form, "progress"),
    )
    return _done(visit, form, item_id, change, "#extensions")


@router.post("/{item_id}/extensions/{extension_id}/decision")
def post_decision(item_id: Id, extension_id: Id, visit: Visit, form: Form) -> Response:
    """What somebody else decides about it."""
    belongs(visit.context.database, item_id=item_id, extension_id=extension_id)
    decide(
        visit.context.database,
        extension_id=extension_id,
        granted=field(form, "granted") == "yes",
        actor=visit.caller.actor,
        now=visit.context.now(),
        until_on=date_field(form, "until_on"),
        opinion=field(form, "opinion"),
    )
    return _back(item_id, "#extensions")


@router.post("/{item_id}/limits")
def post_limit(item_id: Id, visit: Visit, form: Form) -> Response:
    """Counts a relative limit from the day of its event."""
    from_on, part = date_field(form, "from_on"), field(form, "milestone_id", most=18)
    if from_on is None:
        raise Invalid(problems="from_on: 请填写从哪一天起算")
    try:
        unit = Unit(field(form, "unit"))
    except ValueError:
        raise Invalid(problems="unit: 请选择单位") from None
    amount = number_field(form, "amount")
    if amount > MOST_AMOUNT:
        raise Invalid(problems=f"amount: 最多{MOST_AMOUNT}")
    milestone_id = number_field(form, "milestone_id") if part else None
    if milestone_id is not None:
        belongs(visit.context.database, item_id=item_id, milestone_id=milestone_id)
    change = partial(
        start_counted,
        item_id=item_id,
        amount=amount,
        unit=unit,
        from_on=from_on,
        milestone_id=milestone_id,
        reason=field(form, "reason"),
    )
    return _done(visit, form, item_id, change, "#milestones")


@router.post("/{item_id}/clocks/{clock_id}/{change}")
def post_clock_change(
    item_id: Id, clock_id: Id, change: Literal["pause", "resume"], visit: Visit, form: Form
) -> Response:
    """Stops a clock, or lets it run on."""
    belongs(visit.context.database, item_id=item_id, clock_id=clock_id)
    stop_or_go = pause_clock if change == "pause" else resume_clock
    return _done(
        visit, form, item_id, partial(stop_or_go, clock_id=clock_id, reason=field(form, "reason")), "#extensions"
    )


@router.post("/bulk")
def post_bulk(request: Request, visit: Visit, form: Form) -> Response:
    """The same action on many items, each with the version that the list showed; a result for each."""
    action = _action(form)
    chosen = [str(value) for value in form.getlist("item")][:MOST_AT_ONCE]
    results = [_one_of_many(request, visit, form, action, value) for value in chosen]
    return visit.render("bulk.html", results=results, action=ACTION_ZH[action])


def _one_of_many(request: Request, visit: Visit, form: FormData, action: Action, value: str) -> tuple[int, str, str]:
    """Item id, what is wrong ("" if it was done), and the remedy. `value` is id:version."""
    item_text, _, version_text = value.partition(":")
    if not (item_text.isdigit() and version_text.isdigit() and len(value) < 30):
        raise Invalid(problems="item: 请从列表中勾选")
    item_id = int(item_text)
    try:
        move(
            visit.context.database,
            item_id=item_id,
            action=action,
            actor=visit.caller.actor,
            expected_version=int(version_text),
            reason=field(form, "reason"),
            now=visit.context.now(),
        )
    except DubanError as error:
        log_refusal(request, error)
        title, remedy = refusal(error)
        detail = str(error.fields["gaps"]) if error.code == "guard_failed" else remedy
        return item_id, title, detail
    return item_id, "", ""
