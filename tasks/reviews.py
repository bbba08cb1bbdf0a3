"""The papers of a period: drawn and kept, mailed to whom the policies name, and shown."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from duban.domain.policy_model import Every
from duban.services import periodicals, publications
from duban.services.paper_mails import queue_paper_mails
from duban.services.periodicals import PapersReport
from duban.services.rules import calendar_in_force
from duban.services.tools import night_tools, send_waiting
from duban.services.weekly import compose_weekly
from tasks.ledger import database, now, settings
from tasks.night import board, publish


@task(task_run_name="拟定材料 Draw papers {as_of}", cache_policy=NO_CACHE, persist_result=False)
def draw_papers(cadence: str, as_of: dt.date) -> PapersReport:
    """Draws and keeps what the policies ask for and is not there yet."""
    return periodicals.issue_papers(database(), Every(cadence), as_of=as_of, now=now(), public_url=board())


@task(task_run_name="预览材料 Preview papers {as_of}", cache_policy=NO_CACHE, persist_result=False)
def preview_papers(cadence: str, as_of: dt.date) -> PapersReport:
    """What would be drawn; nothing is kept."""
    return periodicals.preview_papers(database(), Every(cadence), as_of=as_of, public_url=board())


@task(task_run_name="待发邮件 Queue mails {as_of}", cache_policy=NO_CACHE, persist_result=False)
def queue_mails(cadence: str, as_of: dt.date) -> int:
    """Queues the mails of new papers, and on the policies' weekday everybody's weekly summary; gives how many."""
    tools = night_tools(settings(), database())
    queued = queue_paper_mails(
        database(),
        tools.renderer,
        Every(cadence),
        as_of=as_of,
        now=now(),
        domain=tools.domain,
        public_url=tools.office.public_url,
    )
    if cadence == Every.WEEKLY:
        queued += compose_weekly(
            database(),
            tools.renderer,
            as_of=as_of,
            now=now(),
            domain=tools.domain,
            public_url=tools.office.public_url,
            links=tools.links,
        )
    return queued


@task(task_run_name="发送邮件 Send mails {as_of}", cache_policy=NO_CACHE, persist_result=False)
def send_mails(as_of: dt.date) -> dict[str, Any]:
    """One pass over the outbox; on a rest day nothing leaves."""
    with database().read() as session:
        if not calendar_in_force(session).is_workday(as_of):
            return {}
    return asdict(send_waiting(night_tools(settings(), database())))


@task(task_run_name="发布材料 Publish {as_of}", cache_policy=NO_CACHE, persist_result=False)
def publish_papers(cadence: str, as_of: dt.date, report: PapersReport, mails: int) -> None:
    """Puts the papers before whoever looks at the Prefect UI."""
    publish(f"papers-{cadence}", f"{cadence} {as_of}", publications.papers_publication(report, mails))
