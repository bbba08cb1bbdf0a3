"""The two work pools that one machine's engine serves: items in its own process, everything else in one each."""

from __future__ import annotations

from typing import Any

from prefect.client.schemas.objects import FlowRun
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker

from flows.engine_runs import ItemRuns
from flows.engine_worker import EngineWorker

ITEM_POOL = "duban-items"
JOB_POOL = "duban"
JOBS_AT_A_TIME = 2

#: A job is one process: without a command, Prefect would start another one first to look for a project whose packages
#: it should install. `python` is the worker's own.
JOB_COMMAND = "python -m flows.job"


class JobConfiguration(ProcessJobConfiguration):
    """A job of ours, whatever its pool's template says by now: our command and our folder."""

    def prepare_for_flow_run(self, *given: Any, **named: Any) -> None:
        """As Prefect has it, for the command of ours alone."""
        self.command, self.env, self.working_dir = JOB_COMMAND, {}, None
        super().prepare_for_flow_run(*given, **named)


def item_worker(name: str, runs: ItemRuns, limit: int) -> EngineWorker:
    """A worker for runs that people resume in the Prefect UI."""
    worker = EngineWorker(work_pool_name=ITEM_POOL, name=name, limit=limit, prefetch_seconds=0)
    worker.runs = runs
    return worker


def job_worker(name: str, in_hand: set[str]) -> ProcessWorker:
    """Prefect's stock worker for nights, reports and registrations. Further machines may serve the same pool.

    `in_hand` holds the ids of the runs whose processes are with it: those that are left when it was cancelled have lost
    theirs, and Prefect says so to nobody.
    """
    worker = ProcessWorker(work_pool_name=JOB_POOL, name=f"{name}-jobs", limit=JOBS_AT_A_TIME)
    worker.job_configuration = JobConfiguration
    stock = worker.run

    async def run(flow_run: FlowRun, *given: Any, **named: Any) -> Any:
        in_hand.add(str(flow_run.id))
        try:
            done = await stock(flow_run, *given, **named)
        except Exception:  # Prefect's to tell; a cancellation is none
            in_hand.discard(str(flow_run.id))
            raise
        in_hand.discard(str(flow_run.id))
        return done

    worker.run = run  # type: ignore[method-assign]
    return worker
