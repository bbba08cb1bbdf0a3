"""Jobs (nights, papers, looks) that lost their process: they stand in Prefect as if they still ran, and nobody comes.

A worker that is killed while it submits a job leaves it pending for good; a machine that goes down leaves it running.
Every job of ours may be done twice without harm, since the ledger decides what is still to do: it is started again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from duban.adapters.prefect_api import PrefectApi, RunState

JOB_POOL = "duban"
SUBMITTED_WITHIN = dt.timedelta(minutes=5)  # a worker with room takes seconds, and without room takes no run
SILENT_AFTER = dt.timedelta(minutes=10)  # a flow run says every three minutes that it is alive
UNDERWAY = frozenset({"PENDING", "RUNNING"})
AGAIN = "重新排队"
AT_MOST = 3  # starts of one run: what ends its process three times would do so again


def mend_jobs(prefect: PrefectApi, *, now: dt.datetime) -> list[str]:
    """Starts jobs again that lost their process, or ends them where that was tried; says what was done to which.

    Raises PrefectUnreachable, PrefectRefused.
    """
    return [_start_again(prefect, run, now) for run in prefect.runs_of_pool(JOB_POOL) if _is_lost(prefect, run, now)]


def hand_back(prefect: PrefectApi, run_ids: Iterable[str], *, now: dt.datetime) -> int:
    """Queues jobs again whose processes ended with an engine that was told to stop; how many.

    Raises PrefectUnreachable, PrefectRefused.
    """
    found = [run for run_id in run_ids if (run := prefect.run(run_id)) is not None and run.type in UNDERWAY]
    for run in found:
        prefect.set_state(run.id, _queued(f"引擎停止,{AGAIN}", now))
    return len(found)


def _is_lost(prefect: PrefectApi, run: RunState, now: dt.datetime) -> bool:
    since = now - dt.datetime.fromisoformat(run.since)
    if run.type == "PENDING":
        return since > SUBMITTED_WITHIN
    return since > SILENT_AFTER and not prefect.lived_since(run.id, now - SILENT_AFTER)


def _start_again(prefect: PrefectApi, run: RunState, now: dt.datetime) -> str:
    lost = "提交中断" if run.type == "PENDING" else "进程已不在"
    if run.starts >= AT_MOST:
        prefect.set_state(run.id, {"type": "CRASHED", "name": "Crashed", "message": f"{lost},已启动 {AT_MOST} 次"})
        return f"{run.name}:{lost},已启动 {AT_MOST} 次,不再重来"
    prefect.set_state(run.id, _queued(f"{lost},{AGAIN}", now))
    return f"{run.name}:{lost},已重新排队"


def _queued(message: str, now: dt.datetime) -> dict[str, Any]:
    details = {"scheduled_time": now.isoformat()}
    return {"type": "SCHEDULED", "name": "AwaitingRetry", "message": message, "state_details": details}
