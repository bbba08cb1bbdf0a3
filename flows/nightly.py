"""The night, at 01:00 in the authority's time zone: decide, compose, deliver, reconcile, publish."""

from __future__ import annotations

import datetime as dt
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from tasks.ledger import now, today
from tasks.night import FORMS_OF_LATE, do_night, night_was_done, preview_night, publish_night, reconcile_runs


def night_name() -> str:
    """夜间督办 2026-07-13: what the run list calls a night."""
    trial = "(预览)" if flow_run.parameters.get("dry_run") else ""
    return f"夜间督办 {flow_run.parameters.get('as_of') or today()}{trial}"


@flow(name="nightly", flow_run_name=night_name, persist_result=False)
def nightly(as_of: dt.date | None = None, plan_ids: list[int] | None = None, dry_run: bool = False) -> State[Any]:
    """One night, of all plans or of some.

    Without a date it is today's, also for a run that is late: the first of them catches up for all. It ends failed if
    anything failed, after doing all the rest, or at once where the date is still to come; the ledger alone decides
    what is still to do, so that a night killed in the middle is repeated without harm. With `dry_run` it shows what it
    would send, and writes nothing.
    """
    day = as_of or today()
    if dry_run:
        return Completed(name="Preview", message=f"将发通知 {preview_night(day, plan_ids)} 份,未写入、未发送")
    # A run that goes on after its process ended may have ended between the night and its publication: it publishes.
    if as_of is None and flow_run.run_count <= 1 and night_was_done(day):
        return Completed(name="Skipped", message=f"{day} 的一夜已做完，本次无事可做")
    report = do_night(day, plan_ids)
    runs = reconcile_runs(forms_since=now() - FORMS_OF_LATE)
    publish_night(day, report, runs)
    if report.ok and not runs.problem:
        return Completed(message=f"通知 {report.claimed.notices} 份,邮件 {report.mails} 封")
    problems = [*report.failures, report.delivered.problem or "", runs.problem]
    return Failed(message=";".join(p for p in problems if p) or f"{report.delivered.failed} 封邮件发送失败")
