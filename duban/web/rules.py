"""督办规则、放假安排、放行: what is in force, what a change would do, and the button that applies what was shown."""

from __future__ import annotations

from contextlib import suppress

from fastapi import APIRouter
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from duban.adapters.workdays import CalendarFileInvalid, own_days_text
from duban.api.bodies import Id
from duban.api.context import OFFICE
from duban.api.problems import Invalid
from duban.domain.calendar_edit import with_day, without_day
from duban.domain.policies import PolicyInvalid, load_policy
from duban.domain.policy_edit import numbers, with_numbers
from duban.services import calendars, policy_changes
from duban.services.assignments import assign_items, would_assign
from duban.services.night import preview
from duban.services.publishing import Publication, publish
from duban.services.queries.plans import list_plans, one_plan
from duban.services.queries.rules import PolicyView, policy_of
from duban.services.release import release
from duban.web.rule_words import number_zh
from duban.web.session import Form, Visit, Visitor, date_field, field

router = APIRouter()
MOST_TEXT = 150_000


@router.get("/rules")
def get_rules(visit: Visit) -> Response:
    """Plans with the policy that each runs on, the calendar, and what waits for its release."""
    database, scope = visit.context.database, visit.caller.scope
    plans = list_plans(database, scope=scope, as_of=visit.as_of)
    titles = {plan.id: policy_of(database, plan=plan.code).title for plan in plans}
    return visit.render("rules.html", plans=plans, titles=titles, calendar=calendars.in_force(database))


@router.get("/plans/{plan_id}/policy")
def get_policy(plan_id: Id, visit: Visit, done: str = "") -> Response:
    """Every rung and number with its source; to the office, the form that changes them."""
    plan = one_plan(visit.context.database, plan=str(plan_id), scope=visit.caller.scope, as_of=visit.as_of)
    policy = policy_of(visit.context.database, plan=plan.code)
    return visit.render(
        "policy.html",
        plan=plan,
        policy=policy,
        numbers=[(n, number_zh(n.name, policy.rungs)) for n in numbers(policy.text)],
        shipped=list(_shipped(visit).items()),
        done=bool(done),
    )


@router.post("/plans/{plan_id}/policy/preview")
def post_policy_preview(plan_id: Id, visit: Visit, form: Form) -> Response:
    """What the change would do, with the button that applies exactly this text."""
    visit.caller.require("变更督办规则", *OFFICE)
    plan = one_plan(visit.context.database, plan=str(plan_id), scope=visit.caller.scope, as_of=visit.as_of)
    policy = policy_of(visit.context.database, plan=plan.code)
    text, filename = _new_policy(visit, form, policy)
    change = policy_changes.preview(
        visit.context.database, plan=plan.code, text=text, filename=filename, as_of=visit.as_of
    )
    return visit.render(
        "policy_preview.html",
        plan=plan,
        change=change,
        text=text,
        filename=filename,
        seen=policy.sha256,
        words_of={n.name: number_zh(n.name, policy.rungs) for n in numbers(text)},
    )


@router.post("/plans/{plan_id}/policy")
def post_policy(plan_id: Id, visit: Visit, form: Form) -> Response:
    """Applies what the preview showed. Raises RulesChanged where something else is in force by now."""
    policy_changes.apply(
        visit.context.database,
        plan=str(plan_id),
        text=_text(form),
        filename=field(form, "filename", most=100) or "policy.toml",
        actor=visit.caller.actor,
        now=visit.context.now(),
        seen=field(form, "seen", most=64),
    )
    return RedirectResponse(f"/plans/{plan_id}/policy?done=1", 303)


def _new_policy(visit: Visitor, form: FormData, policy: PolicyView) -> tuple[str, str]:
    """The text that the form asks for: numbers changed, a policy that ships, or a file; with its name."""
    match field(form, "how"):
        case "numbers":
            source = field(form, "source", most=300).replace("\n", " ")
            if not source:
                raise Invalid(problems="source: 请写明改动的依据（文件名、文号或会议）")
            changes = {n.name: _whole(form, n.name) for n in numbers(policy.text)}
            return with_numbers(policy.text, changes, source), f"{policy.name}.toml"
        case "shipped":
            wanted = field(form, "shipped", most=100)
            if wanted not in _shipped(visit):
                raise Invalid(problems="shipped: 请选择一套规则")
            path = visit.context.settings.policy.parent / f"{wanted}.toml"
            return load_policy(path).text, path.name
        case "file":
            return _file(form)
        case _:
            raise Invalid(problems="how: 请选择怎样变更")


def _whole(form: FormData, name: str) -> int:
    text = field(form, name, most=6)
    if not text.removeprefix("-").isdecimal() or not text.isascii():
        raise Invalid(problems=f"{name}: 须为整数")
    return int(text)


def _shipped(visit: Visitor) -> dict[str, str]:
    """The policies beside the one that the settings name, with their titles; one that cannot be read is left out."""
    found = {}
    for path in sorted(visit.context.settings.policy.parent.glob("*.toml")):
        with suppress(PolicyInvalid):
            found[path.stem] = load_policy(path).title
    return found


@router.get("/calendar")
def get_calendar(visit: Visit, done: str = "") -> Response:
    """Where the working days come from, how far they are known, and the office's own days."""
    settings = visit.context.settings
    found, waits = calendars.in_force(visit.context.database), False
    with suppress(CalendarFileInvalid):  # a file that cannot be read does not hide what is in force
        waits = settings.calendar is not None and calendars.differs(
            visit.context.database, own_days_text(settings.calendar)
        )
    return visit.render("calendar.html", calendar=found, waits=waits, done=bool(done))


@router.post("/calendar/preview")
def post_calendar_preview(visit: Visit, form: Form) -> Response:
    """Which open clocks the change would move, with the button that applies exactly this text."""
    visit.caller.require("变更放假安排", *OFFICE)
    now = calendars.in_force(visit.context.database)
    text, filename = _new_calendar(visit, form, now.text)
    change = calendars.preview(visit.context.database, text, filename)
    return visit.render(
        "calendar_preview.html",
        change=change,
        text=text,
        filename=filename,
        seen=now.sha256 or "",
    )


@router.post("/calendar")
def post_calendar(visit: Visit, form: Form) -> Response:
    """Applies what the preview showed. Raises RulesChanged where something else is in force by now."""
    calendars.apply(
        visit.context.database,
        _text(form),
        field(form, "filename", most=100) or "calendar.toml",
        actor=visit.caller.actor,
        now=visit.context.now(),
        seen=field(form, "seen", most=64),
    )
    return RedirectResponse("/calendar?done=1", 303)


def _new_calendar(visit: Visitor, form: FormData, text: str) -> tuple[str, str]:
    """The text that the form asks for: a day entered or taken out, the office's file, or one that is sent along."""
    how, on = field(form, "how"), date_field(form, "on")
    if how in ("add", "remove") and on is None:
        raise Invalid(problems="on: 请填写日期")
    if how == "add" and on is not None:
        note = field(form, "note", most=100).replace("\n", " ")
        if not note:
            raise Invalid(problems="note: 请写明原因")
        return with_day(text, on, note, working=field(form, "working") == "yes"), "calendar.toml"
    if how == "remove" and on is not None:
        return without_day(text, on), "calendar.toml"
    if how == "settings" and visit.context.settings.calendar is not None:
        return own_days_text(visit.context.settings.calendar), visit.context.settings.calendar.name
    if how == "file":
        return _file(form)
    raise Invalid(problems="how: 请选择怎样变更")


def _file(form: FormData) -> tuple[str, str]:
    value = form.get("file")
    if not isinstance(value, UploadFile) or not value.filename:
        raise Invalid(problems="file: 请选择文件")
    content = value.file.read(MOST_TEXT + 1)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(problems="file: 须为UTF-8编码的TOML文件") from None
    if len(content) > MOST_TEXT or "\x00" in text:
        raise Invalid(problems="file: 文件太大或不是文本")
    return text.replace("\r\n", "\n"), value.filename.replace("\\", "/").rsplit("/", 1)[-1][-100:]


def _text(form: FormData) -> str:
    """The whole text of the preview as it was shown: empty where the office keeps no days of its own any more."""
    value = form.get("text")
    if not isinstance(value, str) or len(value) > MOST_TEXT or "\x00" in value:
        raise Invalid(problems="text: 请重新预览")
    return value.replace("\r\n", "\n").strip() + "\n"


@router.get("/plans/{plan_id}/publication")
def get_publication(plan_id: Id, visit: Visit) -> Response:
    """What the public page shows and what it does not, before it is opened or shut."""
    return visit.render("publication.html", found=_publish(visit, plan_id, True, dry_run=True), plan_id=plan_id)


@router.post("/plans/{plan_id}/publication")
def post_publication(plan_id: Id, visit: Visit, form: Form) -> Response:
    """Opens the public page, or shuts it."""
    _publish(visit, plan_id, field(form, "action", most=20) == "publish", dry_run=False)
    return RedirectResponse(f"/plans/{plan_id}/publication", 303)


def _publish(visit: Visitor, plan_id: int, published: bool, *, dry_run: bool) -> Publication:
    return publish(
        visit.context.database,
        plan=str(plan_id),
        published=published,
        actor=visit.caller.actor,
        now=visit.context.now(),
        dry_run=dry_run,
    )


@router.get("/plans/{plan_id}/release")
def get_release(plan_id: Id, visit: Visit, done: str = "", written: str = "") -> Response:
    """What the plan's next night would send to whom, before it is let go."""
    visit.caller.require("放行", *OFFICE)
    plan = one_plan(visit.context.database, plan=str(plan_id), scope=visit.caller.scope, as_of=visit.as_of)
    would = preview(visit.context.database, visit.as_of, [plan.id])
    assigned = would_assign(visit.context.database, plan.id, visit.as_of)
    kinds: dict[str, int] = {}
    for one in would:
        kinds[one.kind] = kinds.get(one.kind, 0) + 1
    readers = {name for one in would for name in one.readers}
    return visit.render(
        "release.html",
        plan=plan,
        would=would,
        total=len(would),
        kinds=kinds,
        readers=len(readers),
        done=bool(done),
        written=written if written.isdecimal() else "",
        assigned=assigned,
        unassigned=len(assigned),
    )


@router.post("/plans/{plan_id}/release")
def post_release(plan_id: Id, visit: Visit, form: Form) -> Response:
    """Lets a plan's notices go; where it is ticked, writes the assignment notices too."""
    release(visit.context.database, plan=plan_id, actor=visit.caller.actor, now=visit.context.now())
    written = f"&written={_assigned(visit, plan_id)}" if field(form, "assign") == "yes" else ""
    return RedirectResponse(f"/plans/{plan_id}/release?done=1{written}", 303)


@router.post("/plans/{plan_id}/assign")
def post_assign(plan_id: Id, visit: Visit, _form: Form) -> Response:
    """Writes the assignment notices that are still to be written: what a later edition added has none."""
    return RedirectResponse(f"/plans/{plan_id}/release?written={_assigned(visit, plan_id)}", 303)


def _assigned(visit: Visit, plan_id: int) -> int:
    return assign_items(visit.context.database, plan=str(plan_id), actor=visit.caller.actor, now=visit.context.now())
