"""`duban deploy`: makes the work pools and every deployment of prefect.yaml, where they are not as written.

The engine does this at its start. What a person changed in the Prefect UI since (a paused schedule) stays, until the
entry in prefect.yaml changes.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import sys
from pathlib import Path
from typing import Any, cast

import httpx
from prefect import Flow, get_client
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema
from ruamel.yaml import YAML

from duban import __version__
from duban.settings import ROOT
from flows.automations import add_automations
from flows.work_pools import ensure_pools

log = logging.getLogger("duban.engine")

TRIES = 5
DEFINITIONS = ROOT / "prefect.yaml"


def definitions(path: Path = DEFINITIONS) -> list[dict[str, Any]]:
    """The deployments as prefect.yaml has them."""
    return cast("list[dict[str, Any]]", YAML(typ="safe").load(path)["deployments"])


async def deploy_all(client: PrefectClient) -> list[str]:
    """Makes what is missing or was changed in prefect.yaml; gives the names of what it made."""
    await ensure_pools(client)
    return [name for entry in definitions() if (name := await _ensure_deployment(client, entry))]


async def deploy_when_server_answers(stop: asyncio.Event) -> None:
    """`deploy_all`, tried until it succeeds or `stop`: the engine may well start before its server."""
    said = ""
    while not stop.is_set():
        try:
            made = await deploy_all(get_client())
        except (httpx.HTTPError, PrefectHTTPStatusError, OSError) as error:
            if said != (said := str(error)):  # another reason than the last time
                log.warning("waiting for the Prefect server: %s", error)
            await asyncio.sleep(0.5)
        else:
            log.info("deployed: %s", ", ".join(made) or "nothing new")
            return


async def _ensure_deployment(client: PrefectClient, entry: dict[str, Any]) -> str | None:
    flow = cast("Flow[..., Any]", load_flow_from_entrypoint(entry["entrypoint"], use_placeholder_flow=False))
    name, version = f"{flow.name}/{entry['name']}", _version(entry)
    triggers = entry.get("triggers", [])
    try:
        there = await client.read_deployment_by_name(name)
        if there.version == version:
            return name if await add_automations(client, there.id, triggers) else None
    except ObjectNotFound:
        pass
    made = await client.create_deployment(
        flow_id=await client.create_flow_from_name(flow.name),
        name=entry["name"],
        version=version,
        entrypoint=entry["entrypoint"],
        description=entry.get("description"),
        tags=entry.get("tags", []),
        parameters=entry.get("parameters", {}),
        schedules=[_schedule(schedule) for schedule in entry.get("schedules", [])],
        work_pool_name=entry["work_pool"]["name"],
        parameter_openapi_schema=parameter_schema(flow).model_dump_for_openapi(),
        enforce_parameter_schema=True,
        pull_steps=[],
        job_variables=entry["work_pool"].get("job_variables", {}),
    )
    if triggers:
        await client.delete_resource_owned_automations(f"prefect.deployment.{made}")  # as they were written before
        await add_automations(client, made, triggers)
    return name


def _schedule(entry: dict[str, Any]) -> DeploymentScheduleCreate:
    cron = CronSchedule(cron=entry["cron"], timezone=entry["timezone"])
    return DeploymentScheduleCreate(schedule=cron, active=entry.get("active", True), slug=entry.get("slug"))


def _version(entry: dict[str, Any]) -> str:
    """Names what is deployed, so that the next start sees that it is there."""
    return f"{__version__}-{hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()[:12]}"


def main() -> int:
    """Makes what is missing, and says what it was."""
    return asyncio.run(_main())


async def _main() -> int:
    try:
        made = await _deploy_patiently(TRIES)
    except (httpx.HTTPError, PrefectHTTPStatusError, OSError) as error:
        sys.stderr.write(
            f"The Prefect server does not take it: {error}\n"
            "Start it, or correct DUBAN_PREFECT_API_URL, and repeat: what is made already stays.\n"
        )
        return 1
    sys.stdout.write("".join(f"deployed {name}\n" for name in made) or "Everything is deployed as written.\n")
    return 0


async def _deploy_patiently(tries: int) -> list[str]:
    """`deploy_all`; a server on SQLite that is busy says 503 and means: again. What was made before stays."""
    try:
        async with get_client() as client:
            return await deploy_all(client)
    except PrefectHTTPStatusError as error:
        if tries <= 1 or error.response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            raise
    return await _deploy_patiently(tries - 1)


if __name__ == "__main__":
    sys.exit(main())
