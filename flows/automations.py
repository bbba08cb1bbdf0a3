"""The automations of a deployment, from its `triggers` in prefect.yaml: made where they are missing, never twice.

One that a person paused in the Prefect UI stays paused; one that was deleted is made again at the next start.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.events import DeploymentTriggerTypes
from prefect.events.schemas.automations import Automation
from pydantic import TypeAdapter

_TRIGGER: TypeAdapter[DeploymentTriggerTypes] = TypeAdapter(DeploymentTriggerTypes)


async def add_automations(client: PrefectClient, deployment_id: UUID, triggers: list[dict[str, Any]]) -> list[str]:
    """Makes what is not there by its name; gives the names made. Engines that start at once make each only once."""
    if not triggers:
        return []
    there = {automation.name for automation in await _ours(client, deployment_id, triggers)}
    made = []
    for entry in triggers:
        if entry["name"] not in there:
            trigger = _TRIGGER.validate_python(entry)
            trigger.set_deployment_id(deployment_id)
            await client.create_automation(trigger.as_automation())
            made.append(entry["name"])
    if made:
        await _leave_one_each(client, await _ours(client, deployment_id, triggers))
    return made


async def _ours(client: PrefectClient, deployment_id: UUID, triggers: list[dict[str, Any]]) -> list[Automation]:
    """Those that start this deployment under a name of ours: the server does not say who owns an automation."""
    names = {entry["name"] for entry in triggers}
    found = await client.read_resource_related_automations(f"prefect.deployment.{deployment_id}")
    return [automation for automation in found if automation.name in names]


async def _leave_one_each(client: PrefectClient, automations: list[Automation]) -> None:
    """Whoever made one looks last for doubles, and leaves the one of the lowest id: of two at once, one stays."""
    kept: set[str] = set()
    for automation in sorted(automations, key=lambda a: str(a.id)):
        if automation.name in kept:
            await client.delete_automation(automation.id)
        kept.add(automation.name)
