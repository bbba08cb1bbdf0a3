"""The project's own Prefect worker type: it runs item flows in its process instead of starting one for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.abc
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

    from flows.engine_runs import ItemRuns

WORKER_TYPE = "duban-engine"


class EngineResult(BaseWorkerResult):
    """How an item run ended for the worker: the run's own state says the rest."""


class EngineWorker(BaseWorker[BaseJobConfiguration, BaseVariables, EngineResult]):
    """Picks up item runs that people resumed or retried in the Prefect UI."""

    type = WORKER_TYPE
    job_configuration = BaseJobConfiguration
    job_configuration_variables = BaseVariables
    _description = "Runs the items of duban in one process that stays up."
    _display_name = "duban engine"

    runs: ItemRuns

    async def run(
        self,
        flow_run: FlowRun,
        configuration: BaseJobConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> EngineResult:
        """Executes the run here; its failure is the run's state, not the worker's."""
        if task_status is not None:
            task_status.started(0)
        await self.runs.advance(flow_run)
        return EngineResult(identifier=self.name, status_code=0)
