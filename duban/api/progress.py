"""What units report: measures, milestones, regulations, evidence, and the steps towards striking an item off."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import File, Form, Response, UploadFile
from starlette.datastructures import UploadFile as StoredUpload

from duban.api.bodies import ClosingIn, Id, MeasureIn, MilestoneIn, Reason, RegulationIn, Version
from duban.api.changes import Recorded, record, recorded
from duban.api.context import Caller, Context, Ctx, Who
from duban.api.downloads import Range, evidence_file
from duban.api.problems import documented
from duban.api.routing import router_of
from duban.services.closing import take_step
from duban.services.progress import (
    MAX_EVIDENCE_BYTES,
    hand_in_evidence,
    report_measure,
    report_milestone,
    report_regulation,
)
from duban.services.queries.item import belongs
from duban.services.tools import evidence_store

router = router_of(
    prefix="/items/{item_id}", tags=["progress"], responses=documented(401, 403, 404, 409, 413, 422, 429)
)


_FILE = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
_FILES: dict[int | str, dict[str, Any]] = {
    200: _FILE | {"description": "The file."},
    206: _FILE | {"description": "The part of it that `Range` asks for."},
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that was kept, by its hash."""

    item_id: int
    evidence_id: int
    filename: str
    size: int
    version: int


@router.post("/measures/{measure_id}", summary="Report how far a measure is")
def post_measure(*, item_id: Id, measure_id: Id, body: MeasureIn, context: Ctx, caller: Who) -> Recorded:
    """open 未完成, mostly_done 基本完成 (never closes an item), done 已完成."""
    belongs(context.database, item_id=item_id, measure_id=measure_id)
    change = partial(
        report_measure, measure_id=measure_id, progress=body.progress, done_on=body.done_on, reason=body.reason
    )
    return record(context, caller, item_id, body, change)


@router.post("/milestones/{milestone_id}", summary="Report that a milestone is done")
def post_milestone(
    *,
    item_id: Id,
    milestone_id: Id,
    body: MilestoneIn,
    context: Ctx,
    caller: Who,
) -> Recorded:
    """Its clock ends with it, in the same transaction."""
    belongs(context.database, item_id=item_id, milestone_id=milestone_id)
    change = partial(report_milestone, milestone_id=milestone_id, done_on=body.done_on, reason=body.reason)
    return record(context, caller, item_id, body, change)


@router.post("/regulations/{regulation_id}", summary="Record a regulation's 文号 and date")
def post_regulation(
    *,
    item_id: Id,
    regulation_id: Id,
    body: RegulationIn,
    context: Ctx,
    caller: Who,
) -> Recorded:
    """With both it counts as issued."""
    belongs(context.database, item_id=item_id, regulation_id=regulation_id)
    change = partial(
        report_regulation,
        regulation_id=regulation_id,
        document_number=body.document_number,
        issued_on=body.issued_on,
    )
    return record(context, caller, item_id, body, change)


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
    responses=_FILES | documented(416),
)
def get_evidence(item_id: Id, evidence_id: Id, context: Ctx, caller: Who, part: Range = None) -> Response:
    """Always as a download: what somebody uploaded is never shown as a page of ours."""
    return evidence_file(context, caller, item_id, evidence_id, part)


@router.post("/closing", summary="Take a step towards 销号")
def post_closing(*, item_id: Id, body: ClosingIn, context: Ctx, caller: Who) -> Recorded:
    """申请销号 (unit) → 签字 (each lead official) → 核查 (who neither did nor asked for it) → 公示; then `close`."""
    change = partial(
        take_step,
        item_id=item_id,
        step=body.step,
        on_behalf_of=body.on_behalf_of,
        note=body.note,
        ends_on=body.ends_on,
    )
    return record(context, caller, item_id, body, change)


def keep_evidence(
    *, context: Context, caller: Caller, item_id: int, file: StoredUpload, expected_version: int, note: str
) -> Kept:
    """Reads, checks and keeps an uploaded file. Raises EvidenceRefused and what `hand_in_evidence` raises."""
    content = file.file.read(MAX_EVIDENCE_BYTES + 1)
    filename = (file.filename or "").replace("\\", "/").rsplit("/", 1)[-1]
    filename = "".join(c for c in filename if c.isprintable())[-255:] or "file"  # nothing that turns a name around
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
