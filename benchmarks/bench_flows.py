"""Empty flow runs, the peers of an item's: `python -m benchmarks.bench_flows sequence N` or `stock N`.

`sequence` runs an empty async flow N times one after the other in this process; `stock` lets a process worker run N
runs of it. Both print the seconds they took.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

from prefect import flow, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.context import AsyncClientContext, SyncClientContext
from prefect.workers.process import ProcessWorker

POOL = "bench-process"


@flow(name="empty", persist_result=False)
async def empty() -> None:
    """Does nothing."""


async def sequence(runs: int) -> float:
    """Seconds of `runs` runs, with clients made once as the engine has them; two before it, unmeasured."""
    with SyncClientContext():
        return await _sequence(runs)


async def _sequence(runs: int) -> float:
    async with AsyncClientContext():
        for _ in range(2):
            await empty()
        start = time.perf_counter()
        for _ in range(runs):
            await empty()
        return time.perf_counter() - start


async def stock(runs: int) -> float:
    """Seconds from the creation of `runs` scheduled runs to the last one's end, with a worker that is up."""
    async with get_client() as client:
        template = ProcessWorker.get_default_base_job_template()
        await client.create_work_pool(WorkPoolCreate(name=POOL, type="process", base_job_template=template))
        deployment = await client.create_deployment(
            flow_id=await client.create_flow_from_name("empty"),
            name="stock",
            entrypoint="benchmarks.bench_flows.empty",
            work_pool_name=POOL,
            pull_steps=[],
            job_variables={"command": "python -m prefect.engine"},
        )
        command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--limit", "4"]
        worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            await _finished(client, deployment, 1)
            return await _finished(client, deployment, runs)
        finally:
            worker.terminate()
            worker.wait(60)


async def _finished(client, deployment, runs: int) -> float:  # type: ignore[no-untyped-def]
    start = time.perf_counter()
    made = [(await client.create_flow_run_from_deployment(deployment)).id for _ in range(runs)]
    while made:
        state = (await client.read_flow_run(made[0])).state
        if state is not None and state.is_final():
            if not state.is_completed():
                raise RuntimeError(f"a run ended as {state}")
            made.pop(0)
        else:
            await asyncio.sleep(0.1)
    return time.perf_counter() - start


if __name__ == "__main__":
    work = {"sequence": sequence, "stock": stock}[sys.argv[1]]
    print(asyncio.run(work(int(sys.argv[2]))))
