"""The papers of each period: drawn once by the plans' policies, kept in the ledger, and never drawn a second time.

A review's agenda is drawn on the day of the review (or the first day after it that somebody looks, within its period).
月检查、月曝光、月排名 and the quarter's report are drawn for the period that has just ended.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.policy_model import Every, PaperKind, Target
from duban.domain.schedule import period, review_day
from duban.reports.paper import Paper
from duban.services.month_papers import agenda_paper, check_paper, exposure_paper, ranking_paper
from duban.services.night_facts import PlanFacts, plan_facts
from duban.services.paper_files import sources_file, word_file
from duban.services.papers import progress_paper
from duban.services.rules import come
from models import IssuedPaper, Plan

log = logging.getLogger(__name__)

_DRAW: MappingProxyType[PaperKind, Callable[..., Paper]] = MappingProxyType(
    {
        PaperKind.CHECK: check_paper,
        PaperKind.EXPOSURE: exposure_paper,
        PaperKind.RANKING: ranking_paper,
        PaperKind.PROGRESS: progress_paper,
    }
)


@dataclass(frozen=True, slots=True)
class Due:
    """One paper that a plan's policy asks for: its kind and period, the day that it stands for, and who gets it."""

    plan: PlanFacts
    kind: str
    every: Every
    first: dt.date
    last: dt.date
    stands_for: dt.date
    occasion: str
    to: tuple[Target, ...]
    paper: PaperKind | None  # None: the agenda of a review

    @property
    def key(self) -> tuple[int, str, dt.date]:
        """What is there once: plan, kind, and the first day of the period."""
        return self.plan.id, self.kind, self.first


@dataclass(frozen=True, slots=True)
class PaperView:
    """A paper as a run shows it; `new` where this run drew it."""

    plan: str
    kind: str
    title: str
    period_on: dt.date
    period_to: dt.date
    data: dict[str, Any]
    new: bool


@dataclass(slots=True)
class PapersReport:
    """What a run over one cadence did. `failures` names each paper that could not be drawn, with the reason."""

    cadence: Every
    as_of: dt.date
    papers: list[PaperView] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    unreleased: list[str] = field(default_factory=list)

    @property
    def drawn(self) -> int:
        """How many papers are new."""
        return sum(paper.new for paper in self.papers)


def papers_due(database: Database, cadence: Every, as_of: dt.date) -> list[Due]:
    """Every paper of this cadence that a released plan's policy asks for on a day, drawn already or not."""
    with database.read() as session:
        plans = session.execute(
            select(Plan.id, Plan.registered_on).where(Plan.released_at.is_not(None)).order_by(Plan.id)
        ).all()
        return [due for plan_id, since in plans for due in _due(plan_facts(session, plan_id), since, cadence, as_of)]


def issue_papers(
    database: Database, cadence: Every, *, as_of: dt.date, now: dt.datetime, public_url: str
) -> PapersReport:
    """Draws and keeps what is due and not there yet; the report shows both. One failing paper stops no other.

    Raises DayToCome.
    """
    report = PapersReport(cadence, come(as_of, now), unreleased=_unreleased(database))
    for due in papers_due(database, cadence, as_of):
        try:
            kept = _kept(database, due)
            report.papers.append(kept or _issue(database, due, as_of, now, public_url))
        except Exception as error:
            log.exception("%s of %s cannot be drawn", due.kind, due.plan.code)
            report.failures.append(f"{due.plan.code} {due.kind}: {type(error).__name__}: {error}")
    return report


def preview_papers(database: Database, cadence: Every, *, as_of: dt.date, public_url: str) -> PapersReport:
    """What `issue_papers` would draw on a day; nothing is kept."""
    report = PapersReport(cadence, as_of, unreleased=_unreleased(database))
    for due in papers_due(database, cadence, as_of):
        report.papers.append(_kept(database, due) or _view(due, _draw(database, due, as_of, public_url)))
    return report


def _due(plan: PlanFacts, since: dt.date, cadence: Every, as_of: dt.date) -> Iterator[Due]:
    policy, calendar = plan.rules.policy, plan.rules.calendar
    for review in policy.reviews:
        if review.every is cadence:
            first, last = period(cadence, as_of)
            day = review_day(review, as_of, calendar)
            if since <= day <= as_of:
                yield Due(plan, f"agenda-{cadence}", cadence, first, last, as_of, review.title, review.to, None)
    for rule in policy.papers:
        if rule.every is cadence:
            first, last = period(cadence, period(cadence, as_of)[0] - dt.timedelta(days=1))
            if since <= last:
                occasion = period_zh(cadence, first)
                yield Due(plan, f"{rule.key}-{cadence}", cadence, first, last, last, occasion, rule.to, rule.key)


def period_zh(every: Every, first: dt.date) -> str:
    """2026年7月、2026年第3季度、2026年上半年: a period by its first day."""
    if every is Every.QUARTERLY:
        return f"{first.year}年第{(first.month + 2) // 3}季度"
    if every is Every.HALF_YEARLY:
        return f"{first.year}年{'上' if first.month == 1 else '下'}半年"
    return f"{first.year}年{first.month}月"


def _kept(database: Database, due: Due) -> PaperView | None:
    """The paper as it was issued, if it was."""
    with database.read() as session:
        row = _row_of(session, due)
        if row is None:
            return None
        return PaperView(due.plan.code, row.kind, row.title, row.period_on, row.period_to, row.data, new=False)


def _row_of(session: Session, due: Due) -> IssuedPaper | None:
    return session.scalar(
        select(IssuedPaper).where(
            IssuedPaper.plan_id == due.plan.id, IssuedPaper.kind == due.kind, IssuedPaper.period_on == due.first
        )
    )


def _issue(database: Database, due: Due, as_of: dt.date, now: dt.datetime, public_url: str) -> PaperView:
    paper = _draw(database, due, as_of, public_url)
    row = IssuedPaper(
        plan_id=due.plan.id,
        kind=due.kind,
        cadence=due.every.value,
        period_on=due.first,
        period_to=due.last,
        as_of=due.stands_for,
        dated_on=as_of,
        title=paper.title[:300],
        data=paper.as_data(),
        word=word_file(paper),
        sources=sources_file(paper),
        issued_at=now,
    )
    try:
        with database.write() as session:
            session.add(row)
    except IntegrityError:
        kept = _kept(database, due)  # another run was quicker: its paper stands
        if kept is None:
            raise
        return kept
    return _view(due, paper)


def _draw(database: Database, due: Due, as_of: dt.date, public_url: str) -> Paper:
    plan = str(due.plan.id)
    if due.paper is None:
        return agenda_paper(
            database, plan=plan, as_of=as_of, public_url=public_url, cadence=due.every.value, dated_on=as_of
        )
    return _DRAW[due.paper](database, plan=plan, as_of=due.stands_for, public_url=public_url, dated_on=as_of)


def _view(due: Due, paper: Paper) -> PaperView:
    return PaperView(due.plan.code, due.kind, paper.title, due.first, due.last, paper.as_data(), new=True)


def _unreleased(database: Database) -> list[str]:
    """Plans that a person has still to release: nothing is issued on them."""
    with database.read() as session:
        return list(
            session.scalars(
                select(Plan.code).where(Plan.released_at.is_(None), Plan.voided_at.is_(None)).order_by(Plan.id)
            )
        )
