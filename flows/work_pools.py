"""Making the two work pools on a server that lacks them."""

from __future__ import annotations

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.workers.process import ProcessWorker

from flows.engine_worker import EngineWorker
from flows.pools import ITEM_POOL, JOB_POOL


async def ensure_pools(client: PrefectClient) -> None:
    """Makes each pool that is missing; several engines may do so at once."""
    await _ensure_pool(client, ITEM_POOL, EngineWorker)
    await _ensure_pool(client, JOB_POOL, ProcessWorker)


async def _ensure_pool(client: PrefectClient, name: str, worker: type[EngineWorker] | type[ProcessWorker]) -> None:
    try:
        await client.read_work_pool(name)
    except ObjectNotFound:
        pool = WorkPoolCreate(name=name, type=worker.type, base_job_template=worker.get_default_base_job_template())
        try:
            await client.create_work_pool(pool)
        except ObjectAlreadyExists:
            return  # another engine was quicker
