"""Papers of month and quarter on a page: chosen, read, printed, taken away; and those that were issued."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import RedirectResponse
from markupsafe import Markup
from starlette.responses import Response

from duban.api.bodies import Id
from duban.api.items import Search
from duban.api.papers import Cadence, Kind, as_file, drawn, issued_download, whole_plan
from duban.domain.policy_model import Every
from duban.errors import NotFound
from duban.reports.page import fragment
from duban.services.paper_shelf import PAPERS_ZH, PaperFormat, issued_papers
from duban.services.queries.plans import list_plans
from duban.services.queries.shapes import PlanView
from duban.web.session import Visit, Visitor

router = APIRouter()

EVERY_ZH = {
    Every.WEEKLY: "每周碰",
    Every.FORTNIGHTLY: "双周议",
    Every.MONTHLY: "每月研",
    Every.QUARTERLY: "每季研",
}


@router.get("/reports")
def get_reports(
    visit: Visit,
    plan: Search = "",
    kind: Kind | Literal[""] = "",
    cadence: Cadence = Every.WEEKLY,
) -> Response:
    """Which paper, on which plan, for which day; and what was issued before."""
    whole_plan(visit.caller)
    plans, chosen = _plans(visit, plan)
    if kind and chosen is not None:
        day = f"&as_of={visit.as_of}" if visit.as_of_asked else ""
        return RedirectResponse(f"/reports/{chosen.id}/{kind}?cadence={cadence.value}{day}", 303)
    issued = issued_papers(visit.context.database, plan=str(chosen.id)) if chosen else ()
    return visit.render(
        "reports.html", plans=plans, plan=chosen, issued=issued, papers=PAPERS_ZH, every=EVERY_ZH, cadence=cadence
    )


@router.get("/reports/issued/{paper_id}")
def get_issued(paper_id: Id, visit: Visit) -> Response:
    """The Word file as it was issued."""
    whole_plan(visit.caller)
    return issued_download(visit.context, paper_id, PaperFormat.DOCX)


@router.get("/reports/issued/{paper_id}/sources")
def get_issued_sources(paper_id: Id, visit: Visit) -> Response:
    """The rows behind its figures as they were when it was issued."""
    whole_plan(visit.caller)
    return issued_download(visit.context, paper_id, PaperFormat.SOURCES)


@router.get("/reports/{plan_id}/{kind}")
def get_report(plan_id: Id, kind: Kind, visit: Visit, cadence: Cadence = Every.WEEKLY) -> Response:
    """The paper on the page; every figure leads to its rows below."""
    whole_plan(visit.caller)
    plans, chosen = _plans(visit, str(plan_id))
    if chosen is None:
        raise NotFound(what="plan", key=plan_id)
    paper = drawn(visit.context, str(plan_id), kind, visit.as_of, cadence)
    return visit.render(
        "report.html",
        plans=plans,
        plan=chosen,
        kind=kind,
        cadence=cadence,
        paper=paper,
        body=Markup(fragment(paper)),  # noqa: S704 -- the fragment escapes everything that it is given
        papers=PAPERS_ZH,
        every=EVERY_ZH,
        formats=(
            (PaperFormat.DOCX, "Word"),
            (PaperFormat.XLSX, "Excel"),
            (PaperFormat.HTML, "网页"),
            (PaperFormat.SOURCES, "数据来源（Word）"),
        ),
    )


@router.get("/reports/{plan_id}/{kind}/{form}")
def get_report_file(
    plan_id: Id, kind: Kind, form: PaperFormat, visit: Visit, cadence: Cadence = Every.WEEKLY
) -> Response:
    """The paper as a file."""
    whole_plan(visit.caller)
    return as_file(drawn(visit.context, str(plan_id), kind, visit.as_of, cadence), form)


def _plans(visit: Visitor, wanted: str) -> tuple[tuple[PlanView, ...], PlanView | None]:
    """All plans, and the one that is named; the newest where none is."""
    plans = list_plans(visit.context.database, scope=visit.caller.scope, as_of=visit.as_of)
    return plans, next((p for p in plans if wanted in (p.code, str(p.id))), plans[0] if plans and not wanted else None)
