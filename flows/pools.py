"""The two work pools that one machine's engine serves: items in its own process, everything else in one each."""

from __future__ import annotations

from prefect.workers.process import ProcessWorker

from flows.engine_runs import ItemRuns
from flows.engine_worker import EngineWorker

ITEM_POOL = "duban-items"
JOB_POOL = "duban"
JOBS_AT_A_TIME = 2


def item_worker(name: str, runs: ItemRuns, limit: int) -> EngineWorker:
    """A worker for runs that people resume in the Prefect UI."""
    worker = EngineWorker(work_pool_name=ITEM_POOL, name=name, limit=limit, prefetch_seconds=0)
    worker.runs = runs
    return worker


def job_worker(name: str) -> ProcessWorker:
    """Prefect's stock worker for nights, reports and registrations. Further machines may serve the same pool."""
    return ProcessWorker(work_pool_name=JOB_POOL, name=f"{name}-jobs", limit=JOBS_AT_A_TIME)
