"""Papers as somebody asks for them: drawn anew for any day, in every format, and those that were issued before."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import select

from duban.adapters.database import Database
from duban.domain.policy_model import Every
from duban.errors import NotFound
from duban.reports.page import page
from duban.reports.paper import Paper
from duban.reports.workbook import workbook
from duban.services.month_papers import agenda_paper, check_paper, exposure_paper, ranking_paper
from duban.services.paper_files import sources_file, word_file
from duban.services.papers import progress_paper
from models import IssuedPaper, Plan

PAPERS_ZH = MappingProxyType(
    {
        "progress": "整改进展通报",
        "exposure": "曝光清单",
        "ranking": "单位排名",
        "check": "检查清单",
        "agenda": "例会议题",
    }
)
"""Every kind of paper, as an official reads it."""

_DRAW = MappingProxyType(
    {"progress": progress_paper, "exposure": exposure_paper, "ranking": ranking_paper, "check": check_paper}
)


class PaperFormat(StrEnum):
    """What a paper can be taken away as."""

    DOCX = "docx"
    XLSX = "xlsx"
    HTML = "html"
    SOURCES = "sources"  # the rows behind its figures, as a Word file


MEDIA_TYPES = MappingProxyType(
    {
        PaperFormat.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        PaperFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        PaperFormat.HTML: "text/html; charset=utf-8",
        PaperFormat.SOURCES: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    }
)


@dataclass(frozen=True, slots=True)
class Issued:
    """A paper that was issued for a period, as the ledger keeps it."""

    id: int
    plan_id: int
    plan_code: str
    kind: str
    period_on: dt.date
    period_to: dt.date
    as_of: dt.date
    title: str
    issued_at: dt.datetime
    mailed_at: dt.datetime | None


def draw_paper(
    database: Database, *, plan: str, kind: str, as_of: dt.date, public_url: str, cadence: Every = Every.WEEKLY
) -> Paper:
    """A paper on a plan as of a day; `cadence` says which review an agenda is for. Raises NotFound, NoSuchReview."""
    if kind == "agenda":
        return agenda_paper(database, plan=plan, as_of=as_of, public_url=public_url, cadence=cadence.value)
    if kind not in _DRAW:
        raise NotFound(what="kind of paper", key=kind)
    return _DRAW[kind](database, plan=plan, as_of=as_of, public_url=public_url)


def paper_file(paper: Paper, wanted: PaperFormat) -> tuple[str, bytes]:
    """A paper as a file: its name and its bytes."""
    if wanted is PaperFormat.SOURCES:
        return f"{paper.title}数据来源-{paper.as_of}.docx".replace("/", "／"), sources_file(paper)
    name = f"{paper.title}-{paper.as_of}.{wanted.value}".replace("/", "／")
    if wanted is PaperFormat.DOCX:
        return name, word_file(paper)
    if wanted is PaperFormat.XLSX:
        return name, workbook(paper)
    return name, page(paper).encode()


def issued_papers(
    database: Database, *, plan: str | None = None, before: int | None = None, limit: int = 50
) -> tuple[Issued, ...]:
    """The papers that were issued, the newest first; of one plan (by code or id) where it is named."""
    query = select(IssuedPaper, Plan.code).join(Plan, Plan.id == IssuedPaper.plan_id).order_by(IssuedPaper.id.desc())
    if plan is not None:
        query = query.where((Plan.code == plan) | (Plan.id == _number(plan)))
    if before is not None:
        query = query.where(IssuedPaper.id < before)
    with database.read() as session:
        return tuple(_issued(row, code) for row, code in session.execute(query.limit(limit)).tuples())


def issued_paper(database: Database, paper_id: int) -> tuple[Issued, dict[str, Any]]:
    """One paper as it was issued: its facts, and its words as plain values. Raises NotFound."""
    with database.read() as session:
        row = session.get(IssuedPaper, paper_id)
        if row is None:
            raise NotFound(what="paper", key=paper_id)
        return _issued(row, session.get_one(Plan, row.plan_id).code), row.data


def issued_file(database: Database, paper_id: int, wanted: PaperFormat) -> tuple[str, bytes]:
    """An issued paper (DOCX) or its sources (SOURCES) as they were on that day: name and bytes. Raises NotFound."""
    kept = {PaperFormat.DOCX: (IssuedPaper.word, ""), PaperFormat.SOURCES: (IssuedPaper.sources, "数据来源")}
    column, more = kept[wanted]
    with database.read() as session:
        row = session.execute(select(IssuedPaper.title, column).where(IssuedPaper.id == paper_id)).first()
        if row is None:
            raise NotFound(what="paper", key=paper_id)
        return f"{row[0]}{more}.docx", row[1]


def _issued(row: IssuedPaper, code: str) -> Issued:
    return Issued(
        id=row.id,
        plan_id=row.plan_id,
        plan_code=code,
        kind=row.kind,
        period_on=row.period_on,
        period_to=row.period_to,
        as_of=row.as_of,
        title=row.title,
        issued_at=row.issued_at,
        mailed_at=row.mailed_at,
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
