"""A plan's own page, and registering one: what a document would enter is shown before anything is written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import UploadFile
from starlette.responses import Response

from duban.api.bodies import LARGEST, Id
from duban.api.context import OFFICE
from duban.api.problems import Invalid
from duban.api.uploads import content_of, name_of
from duban.reading.directory import NO_SHEET, read_sheet
from duban.reading.model import Kind, Reading
from duban.reading.reader import read_bytes
from duban.reading.several import Part, SeveralPlans, parts_of
from duban.services import progress_reports
from duban.services.editions import editions_of, receive
from duban.services.queries.plans import document_of, list_plans, one_plan
from duban.services.queries.source import source_page
from duban.services.registration import EditionStands, Intake, Received, register, unseen
from duban.services.registration_preview import preview
from duban.services.tools import office_rules
from duban.services.uploads import Kept, forget, keep, kept
from duban.services.voiding import void, voided_plans
from duban.web.long_work import LARGE, Progress, main_part, on_to, with_progress
from duban.web.session import Form, Visit, Visitor, date_field, field, file_field

router = APIRouter(prefix="/plans")
#: Of a long document the preview lists so many items, and as many of those in doubt.
MOST_SHOWN = 300


@router.get("/new")
def get_new(visit: Visit, voided: Literal["", "1"] = "") -> Response:
    """The form: a document, its directory, the day from which the office follows it; and what was taken back."""
    visit.caller.require("登记方案", *OFFICE)
    gone = voided_plans(visit.context.database)
    return visit.render("plan_new.html", kinds=list(Kind), gone=gone, just_voided=bool(voided))


@router.post("/new")
def post_new(visit: Visit, form: Form) -> Response:
    """Keeps what was sent, and leads to what it would enter."""
    visit.caller.require("登记方案", *OFFICE)
    file = file_field(form, "file")
    content, filename = content_of(file), name_of(file)
    about: dict[str, Any] = {
        "kind": field(form, "kind", most=40),
        "code": field(form, "code", most=80),
        "as_of": (date_field(form, "from_on") or visit.as_of).isoformat(),
    }
    _kind(about["kind"])
    actor, now = visit.caller.actor, visit.context.now()
    directory = form.get("directory")
    if isinstance(directory, UploadFile) and directory.filename:
        list_content = content_of(directory)
        read_sheet(list_content, name_of(directory, "directory.csv"))  # wrong rows are told at once
        name = name_of(directory, "directory.csv")
        about["directory"] = keep(visit.context.database, name, list_content, {}, actor=actor, now=now)
    try:
        _read(content, filename, _kind(about["kind"]))  # what cannot be read is told at once
    except SeveralPlans as several:
        return _which(visit, parts_of(content, filename, several), about)
    upload = keep(visit.context.database, filename, content, about, actor=actor, now=now)
    return RedirectResponse(f"/plans/new/{upload}", 303)


def _which(visit: Visitor, parts: Sequence[Part], about: Mapping[str, Any]) -> Response:
    """Several plans in one file: each is kept for itself, and the clerk says which is meant."""
    database, actor, now = visit.context.database, visit.caller.actor, visit.context.now()
    found = [(part, keep(database, part.filename, part.content, about, actor=actor, now=now)) for part in parts]
    return visit.render("plan_several.html", found=found)


@router.get("/new/{upload_id}")
def get_preview(upload_id: Id, visit: Visit) -> Response:
    """What would be entered, or where it belongs instead: another edition, or a report on a plan that stands."""
    visit.caller.require("登记方案", *OFFICE)
    upload = kept(visit.context.database, upload_id, actor=visit.caller.actor)
    received = _received(upload)
    if len(received.reading.walk()) <= LARGE:
        return _preview(visit, upload, received)
    title = f"正在核对“{upload.filename}”"

    def work(progress: Progress) -> str:
        page = _preview(visit, upload, received, progress)
        return main_part(bytes(page.body).decode())

    return with_progress(visit, title, "/plans/new", work)


def _preview(visit: Visitor, upload: Kept, received: Received, progress: Progress | None = None) -> HTMLResponse:
    """What a kept upload would enter, as a page."""
    plans = list_plans(visit.context.database, scope=visit.caller.scope, as_of=visit.as_of)
    shown, stands = None, None
    try:
        shown = preview(visit.context.database, received, _intake(visit, upload, progress))
    except EditionStands as refused:
        stands = next((p for p in plans if p.code == refused.fields["code"]), None)
    is_report = received.reading.kind is Kind.PROGRESS_REPORT
    others = [p for p in plans if p.kind != received.reading.kind.value] if is_report else []
    items = shown.items if shown is not None else ()
    doubted = [i for i in items if i.quarantined]
    listed = items if len(items) <= MOST_SHOWN else (*items[:MOST_SHOWN], *doubted[:MOST_SHOWN])
    return visit.render(
        "plan_preview.html",
        upload=upload,
        reading=received.reading,
        shown=shown,
        listed=listed,
        stands=stands,
        others=others,
        plans=plans,
    )


@router.post("/new/{upload_id}")
def post_registration(upload_id: Id, visit: Visit, form: Form) -> Response:
    """Enters the previewed document: as a plan, or as an edition of one, or as a report on one."""
    visit.caller.require("登记方案", *OFFICE)
    database, actor, now = visit.context.database, visit.caller.actor, visit.context.now()
    upload = kept(database, upload_id, actor=actor)
    action = field(form, "action", most=20)
    if action == "discard":
        _forget(visit, upload)
        return RedirectResponse("/plans/new", 303)
    if action == "edition":
        plan = field(form, "plan", most=100)
        kept_edition = receive(database, plan, _received(upload), actor=actor, now=now)
        _forget(visit, upload)
        return RedirectResponse(f"/plans/{kept_edition.plan_id}/editions/{kept_edition.edition}", 303)
    if action == "report":
        plan = field(form, "plan", most=100)
        if not plan:
            raise Invalid(problems="plan: 请选择这份通报所报告的方案")
        report = Received(
            upload.filename, upload.content, read_bytes(upload.content, upload.filename, Kind.PROGRESS_REPORT)
        )
        done = progress_reports.receive(database, plan, report, actor=actor, now=now)
        _forget(visit, upload)
        found = one_plan(database, plan=plan, scope=visit.caller.scope, as_of=visit.as_of)
        return RedirectResponse(f"/plans/{found.id}/reports/{done.document_id}", 303)
    received = _received(upload)

    def enter(progress: Progress | None = None) -> str:
        registered = register(database, received, _intake(visit, upload, progress))
        _forget(visit, upload)
        return f"/plans/{registered.plan_id}?new={'1' if registered.created else '0'}"

    if len(received.reading.walk()) <= LARGE:
        return RedirectResponse(enter(), 303)
    title = f"正在登记“{upload.filename}”"
    return with_progress(visit, title, f"/plans/new/{upload_id}", lambda progress: on_to(enter(progress)))


@router.get("/{plan_id}")
def get_plan(plan_id: Id, visit: Visit, new: Annotated[str, Query(max_length=1)] = "") -> Response:
    """Everything about one plan: its counts, its documents, and what the office does with it."""
    plan = one_plan(visit.context.database, plan=str(plan_id), scope=visit.caller.scope, as_of=visit.as_of)
    office = visit.caller.identity.role in OFFICE
    return visit.render(
        "plan.html",
        plan=plan,
        new=new,
        editions=editions_of(visit.context.database, str(plan_id)) if office else (),
        reports=progress_reports.reports_on(visit.context.database, str(plan_id)) if office else (),
    )


@router.post("/{plan_id}/void")
def post_void(plan_id: Id, visit: Visit, form: Form) -> Response:
    """Takes a plan back that was registered by mistake."""
    visit.caller.require("作废方案", *OFFICE)
    if field(form, "sure", most=3) != "yes":
        raise Invalid(problems="sure: 请勾选确认")
    reason = field(form, "reason")
    void(visit.context.database, plan=str(plan_id), reason=reason, actor=visit.caller.actor, now=visit.context.now())
    return RedirectResponse("/plans/new?voided=1", 303)


@router.get("/{plan_id}/documents/{document_id}")
def get_document(plan_id: Id, document_id: Id, visit: Visit) -> Response:
    """A document as it was received, as a download."""
    visit.caller.require("下载原文件", *OFFICE)
    filename, content = document_of(visit.context.database, plan_id=plan_id, document_id=document_id)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(filename)}"}
    return Response(content, media_type="application/octet-stream", headers=headers)


@router.get("/{plan_id}/documents/{document_id}/source")
def get_source(
    plan_id: Id,
    document_id: Id,
    visit: Visit,
    line: Annotated[int, Query(ge=1, le=LARGEST)] = 1,
    end: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
) -> Response:
    """The lines of a document as they were read, around the one that is asked for."""
    visit.caller.require("查看原文", *OFFICE)
    return visit.render(
        "source.html",
        plan=one_plan(visit.context.database, plan=str(plan_id), scope=visit.caller.scope, as_of=visit.as_of),
        found=source_page(visit.context.database, plan_id=plan_id, document_id=document_id, line=line, end=end),
        document_id=document_id,
        at=line,
    )


def _kind(text: str) -> Kind | None:
    try:
        return Kind(text) if text else None
    except ValueError:
        raise Invalid(problems="kind: 请从列表中选择文件类型") from None


def _received(upload: Kept) -> Received:
    reading = _read(upload.content, upload.filename, _kind(upload.about.get("kind", "")))
    return Received(upload.filename, upload.content, reading)


@lru_cache(maxsize=4)
def _read(content: bytes, filename: str, kind: Kind | None) -> Reading:
    """A document is looked at, and then entered: it is read once for both."""
    return read_bytes(content, filename, kind)


def _intake(visit: Visitor, upload: Kept, progress: Progress | None = None) -> Intake:
    """How the kept upload is to be taken over."""
    sheet, listed = NO_SHEET, ""
    if upload.about.get("directory"):
        directory = kept(visit.context.database, upload.about["directory"], actor=visit.caller.actor)
        sheet, listed = read_sheet(directory.content, directory.filename), directory.filename
    return Intake(
        rules=office_rules(visit.context.settings),
        actor=visit.caller.actor,
        as_of=dt.date.fromisoformat(upload.about["as_of"]),
        now=visit.context.now(),
        directory=sheet.entries,
        directory_ignored=sheet.ignored,
        directory_file=listed,
        code=upload.about.get("code") or None,
        progress=progress or unseen,
    )


def _forget(visit: Visitor, upload: Kept) -> None:
    ids = [upload.id] + ([upload.about["directory"]] if upload.about.get("directory") else [])
    forget(visit.context.database, *ids)
