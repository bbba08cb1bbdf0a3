"""Papers of month and quarter: drawn for any day in every format, and those that were issued."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import Query, Response
from fastapi.responses import JSONResponse

from duban.api.bodies import LARGEST, Id
from duban.api.context import AsOf, Caller, Context, Ctx, Who
from duban.api.items import Search
from duban.api.plans import PlanKey
from duban.api.problems import RoleForbidden, documented
from duban.api.routing import router_of
from duban.domain.policy_model import Every
from duban.reports.paper import Paper
from duban.services.paper_shelf import (
    MEDIA_TYPES,
    Issued,
    PaperFormat,
    draw_paper,
    issued_file,
    issued_paper,
    issued_papers,
    paper_file,
)

router = router_of(tags=["papers"], responses=documented(401, 403, 404, 422, 429))
Kind = Literal["progress", "exposure", "ranking", "check", "agenda"]
Cadence = Annotated[Every, Query(description="With `agenda`: which review.")]
_FILES: dict[int | str, dict[str, Any]] = {200: {"content": {MEDIA_TYPES[f].split(";")[0]: {} for f in PaperFormat}}}


def whole_plan(caller: Caller) -> None:
    """Papers count everything of a plan: only for those who see everything. Raises RoleForbidden."""
    if not caller.scope.everything:
        raise RoleForbidden(
            actor=caller.identity.name,
            role=caller.identity.role.value,
            action="look at papers on a whole plan",
            who="督查室 supervisor, 管理员 admin, 只读 viewer（不限单位）",
        )


def drawn(context: Context, plan: str, kind: str, as_of: Any, cadence: Every) -> Paper:
    """The paper, with links to this site."""
    url = context.settings.public_url.rstrip("/")
    return draw_paper(context.database, plan=plan, kind=kind, as_of=as_of, public_url=url, cadence=cadence)


def as_file(paper: Paper, wanted: PaperFormat) -> Response:
    """The paper as a download."""
    return _download(*paper_file(paper, wanted), wanted)


@router.get("/plans/{plan}/papers/{kind}", summary="A paper on a plan as of a day")
def get_paper(
    *, plan: PlanKey, kind: Kind, context: Ctx, caller: Who, as_of: AsOf, cadence: Cadence = Every.WEEKLY
) -> dict[str, Any]:
    """Its words and tables as plain values; a past day is read as it stood on that day."""
    whole_plan(caller)
    return drawn(context, plan, kind, as_of, cadence).as_data()


@router.get(
    "/plans/{plan}/papers/{kind}/{form}",
    summary="A paper as a Word file, a workbook or one HTML file",
    response_class=Response,
    responses=_FILES,
)
def get_paper_file(
    *,
    plan: PlanKey,
    kind: Kind,
    form: PaperFormat,
    context: Ctx,
    caller: Who,
    as_of: AsOf,
    cadence: Cadence = Every.WEEKLY,
) -> Response:
    """The same paper gives the same bytes."""
    whole_plan(caller)
    return as_file(drawn(context, plan, kind, as_of, cadence), form)


@router.get("/papers", summary="Papers that were issued, the newest first")
def get_issued(
    *,
    context: Ctx,
    caller: Who,
    plan: Search | None = None,
    before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> tuple[Issued, ...]:
    """Of all plans, or of one; `before` is the id to go on below."""
    whole_plan(caller)
    return issued_papers(context.database, plan=plan or None, before=before, limit=limit)


@router.get("/papers/{paper_id}", summary="A paper as it was issued")
def get_issued_paper(paper_id: Id, context: Ctx, caller: Who) -> JSONResponse:
    """Its words and tables as they stood when it was issued."""
    whole_plan(caller)
    return JSONResponse(issued_paper(context.database, paper_id)[1])


@router.get(
    "/papers/{paper_id}/docx", summary="The Word file as it was issued", response_class=Response, responses=_FILES
)
def get_issued_file(paper_id: Id, context: Ctx, caller: Who) -> Response:
    """The bytes that were mailed."""
    whole_plan(caller)
    return issued_download(context, paper_id, PaperFormat.DOCX)


@router.get(
    "/papers/{paper_id}/sources",
    summary="The rows behind its figures as a Word file, as they were when it was issued",
    response_class=Response,
    responses=_FILES,
)
def get_issued_sources(paper_id: Id, context: Ctx, caller: Who) -> Response:
    """A table for each figure."""
    whole_plan(caller)
    return issued_download(context, paper_id, PaperFormat.SOURCES)


def issued_download(context: Context, paper_id: int, wanted: PaperFormat) -> Response:
    """An issued paper or its sources, as a download."""
    return _download(*issued_file(context.database, paper_id, wanted), wanted)


def _download(name: str, content: bytes, form: PaperFormat) -> Response:
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    return Response(content, media_type=MEDIA_TYPES[form], headers={"Content-Disposition": disposition})
