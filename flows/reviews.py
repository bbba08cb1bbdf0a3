"""每周碰、双周议、每月研, and 月检查、月曝光、月排名: the papers of each period, drawn, kept, mailed and shown."""

from __future__ import annotations

import datetime as dt
from types import MappingProxyType
from typing import Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from tasks.ledger import today
from tasks.reviews import draw_papers, preview_papers, publish_papers, queue_mails, send_mails

NAMES = MappingProxyType(
    {
        "weekly": "每周材料",
        "fortnightly": "双周材料",
        "monthly": "每月材料",
        "quarterly": "每季材料",
        "half_yearly": "半年材料",
    }
)


def review_name() -> str:
    """每月材料 2026-08-03: what the run list calls a run."""
    given = flow_run.parameters
    trial = "(预览)" if given.get("dry_run") else ""
    return f"{NAMES[given['cadence']]} {given.get('as_of') or today()}{trial}"


@flow(name="review", flow_run_name=review_name, persist_result=False)
def review(
    cadence: Literal["weekly", "fortnightly", "monthly", "quarterly", "half_yearly"],
    as_of: dt.date | None = None,
    dry_run: bool = False,
) -> State[Any]:
    """The papers of one cadence, for every released plan whose policy asks for them.

    It runs every morning and ends as skipped where nothing is new: a day that was missed is made good by the next one,
    and running it twice draws and mails nothing twice. With `dry_run` it shows what it would draw, and keeps nothing.
    """
    day = as_of or today()
    if dry_run:
        shown = preview_papers(cadence, day)
        publish_papers(cadence, day, shown, 0)
        return Completed(name="Preview", message=f"将出材料 {shown.drawn} 份,未存档、未发送")
    report = draw_papers(cadence, day)
    mails = queue_mails(cadence, day)
    sent = send_mails(day) if mails else {}
    if report.papers or report.failures:
        publish_papers(cadence, day, report, mails)
    problems = [*report.failures, sent.get("problem") or ""]
    if any(problems):
        return Failed(message=";".join(p for p in problems if p))
    if not report.drawn and not mails:
        return Completed(name="Skipped", message="本期没有新的材料")
    return Completed(message=f"新出材料 {report.drawn} 份,邮件 {mails} 封")
