"""Making the two work pools on a server that lacks them, with templates that leave nothing to a run.

Prefect's own template lets every run name the command, the environment and the folder of its process: whoever may make
a run could execute what he likes. Ours has no variables at all, and the server refuses a run that brings any.
"""

from __future__ import annotations

from typing import Any

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.workers.process import ProcessWorker

from flows.engine_worker import EngineWorker
from flows.pools import ITEM_POOL, JOB_COMMAND, JOB_POOL

#: For both pools; an engine runs items in its own process, and passes over the command.
TEMPLATE: dict[str, Any] = {
    "job_configuration": {"command": JOB_COMMAND},
    "variables": {"type": "object", "properties": {}, "additionalProperties": False},
}


async def ensure_pools(client: PrefectClient) -> None:
    """Makes each pool that is missing, and puts back a template that was opened; several engines may do so at once."""
    await _ensure_pool(client, ITEM_POOL, EngineWorker.type)
    await _ensure_pool(client, JOB_POOL, ProcessWorker.type)


async def _ensure_pool(client: PrefectClient, name: str, kind: str) -> None:
    try:
        there = await client.read_work_pool(name)
    except ObjectNotFound:
        try:
            await client.create_work_pool(WorkPoolCreate(name=name, type=kind, base_job_template=TEMPLATE))
        except ObjectAlreadyExists:
            return  # another engine was quicker
    else:
        if there.base_job_template != TEMPLATE:
            await client.update_work_pool(name, WorkPoolUpdate(base_job_template=TEMPLATE))
