"""What units report: measures, milestones, regulations, evidence, and the steps towards striking an item off."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, File, Form, Response, UploadFile
from fastapi.responses import JSONResponse
from starlette.datastructures import UploadFile as StoredUpload

from duban.api.bodies import ClosingIn, Id, MeasureIn, MilestoneIn, Reason, RegulationIn, Version
from duban.api.changes import Recorded, record_once, recorded
from duban.api.context import Caller, Context, Ctx, Who
from duban.api.once import IdempotencyKey
from duban.api.problems import documented
from duban.services.closing import take_step
from duban.services.evidence_files import evidence_content
from duban.services.progress import (
    MAX_EVIDENCE_BYTES,
    hand_in_evidence,
    report_measure,
    report_milestone,
    report_regulation,
)
from duban.services.queries.item import belongs
from duban.services.tools import evidence_store

router = APIRouter(
    prefix="/items/{item_id}", tags=["progress"], responses=documented(401, 403, 404, 409, 413, 422, 429)
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that was kept, by its hash."""

    item_id: int
    evidence_id: int
    filename: str
    size: int
    version: int


@router.post("/measures/{measure_id}", summary="Report how far a measure is", response_model=Recorded)
def post_measure(
    *, item_id: Id, measure_id: Id, body: MeasureIn, context: Ctx, caller: Who, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """open 未完成, mostly_done 基本完成 (never closes an item), done 已完成."""
    belongs(context.database, item_id=item_id, measure_id=measure_id)
    change = partial(
        report_measure, measure_id=measure_id, progress=body.progress, done_on=body.done_on, reason=body.reason
    )
    return record_once(context, caller, idempotency_key, (item_id, f"measures/{measure_id}", body), change)


@router.post("/milestones/{milestone_id}", summary="Report that a milestone is done", response_model=Recorded)
def post_milestone(
    *,
    item_id: Id,
    milestone_id: Id,
    body: MilestoneIn,
    context: Ctx,
    caller: Who,
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Its clock ends with it, in the same transaction."""
    belongs(context.database, item_id=item_id, milestone_id=milestone_id)
    change = partial(report_milestone, milestone_id=milestone_id, done_on=body.done_on, reason=body.reason)
    return record_once(context, caller, idempotency_key, (item_id, f"milestones/{milestone_id}", body), change)


@router.post("/regulations/{regulation_id}", summary="Record a regulation's 文号 and date", response_model=Recorded)
def post_regulation(
    *,
    item_id: Id,
    regulation_id: Id,
    body: RegulationIn,
    context: Ctx,
    caller: Who,
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """With both it counts as issued."""
    belongs(context.database, item_id=item_id, regulation_id=regulation_id)
    change = partial(
        report_regulation,
        regulation_id=regulation_id,
        document_number=body.document_number,
        issued_on=body.issued_on,
    )
    return record_once(context, caller, idempotency_key, (item_id, f"regulations/{regulation_id}", body), change)


@router.post(
    "/evidence", summary="Hand in a file that proves what was done", status_code=201, responses=documented(503)
)
def post_evidence(
    *,
    item_id: Id,
    context: Ctx,
    caller: Who,
    file: Annotated[UploadFile, File(description="PDF, JPEG, PNG, Word, Excel or text; at most 20 MB.")],
    expected_version: Annotated[Version, Form()],
    note: Annotated[Reason, Form()] = "",
) -> Kept:
    """Kept by its SHA-256. The same file a second time is refused with 422 `evidence_refused`, one that the office's
    virus scanner does not like with `evidence_infected`."""
    return keep_evidence(
        context=context, caller=caller, item_id=item_id, file=file, expected_version=expected_version, note=note
    )


@router.get(
    "/evidence/{evidence_id}",
    summary="A file that was handed in",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}},
)
def get_evidence(item_id: Id, evidence_id: Id, context: Ctx, caller: Who) -> Response:
    """Always as a download: what somebody uploaded is never shown as a page of ours."""
    return download(context, caller, item_id, evidence_id)


@router.post("/closing", summary="Take a step towards 销号", response_model=Recorded)
def post_closing(
    *, item_id: Id, body: ClosingIn, context: Ctx, caller: Who, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """申请销号 (unit) → 签字 (each lead official) → 核查 (who neither did nor asked for it) → 公示; then `close`."""
    change = partial(
        take_step,
        item_id=item_id,
        step=body.step,
        on_behalf_of=body.on_behalf_of,
        note=body.note,
        ends_on=body.ends_on,
    )
    return record_once(context, caller, idempotency_key, (item_id, "closing", body), change)


def keep_evidence(
    *, context: Context, caller: Caller, item_id: int, file: StoredUpload, expected_version: int, note: str
) -> Kept:
    """Reads, checks and keeps an uploaded file. Raises EvidenceRefused and what `hand_in_evidence` raises."""
    content = file.file.read(MAX_EVIDENCE_BYTES + 1)
    filename = (file.filename or "").replace("\\", "/").rsplit("/", 1)[-1].replace("\x00", "")[-255:] or "file"
    evidence_id = hand_in_evidence(
        context.database,
        item_id=item_id,
        filename=filename,
        content=content,
        note=note,
        actor=caller.actor,
        expected_version=expected_version,
        now=context.now(),
        store=evidence_store(context.settings),
    )
    return Kept(item_id, evidence_id, filename, len(content), recorded(context, item_id).version)


def download(context: Context, caller: Caller, item_id: int, evidence_id: int) -> Response:
    """A file as an attachment. Raises NotFound, OutOfScope."""
    from urllib.parse import quote

    found = evidence_content(
        context.database,
        item_id=item_id,
        evidence_id=evidence_id,
        scope=caller.scope,
        folder=evidence_store(context.settings).folder,
    )
    return Response(
        found.content,
        media_type=found.media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.filename)}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox",
        },
    )
