"""The automations of a deployment, from its `triggers` in prefect.yaml: made where they are missing, never twice.

One that a person paused in the Prefect UI stays paused; one that was deleted is made again at the next start.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.events import DeploymentTriggerTypes
from pydantic import TypeAdapter

_TRIGGER: TypeAdapter[DeploymentTriggerTypes] = TypeAdapter(DeploymentTriggerTypes)


async def add_automations(client: PrefectClient, deployment_id: UUID, triggers: list[dict[str, Any]]) -> list[str]:
    """Makes what is not there by its name, and takes away what two engines made at once; gives the names made."""
    if not triggers:
        return []
    ours = {entry["name"] for entry in triggers}
    there: set[str] = set()
    # The server does not say who owns an automation: those that start this deployment under a name of ours are ours.
    for automation in await client.read_resource_related_automations(f"prefect.deployment.{deployment_id}"):
        if automation.name in there & ours:
            await client.delete_automation(automation.id)
        there.add(automation.name)
    made = []
    for entry in triggers:
        if entry["name"] not in there:
            trigger = _TRIGGER.validate_python(entry)
            trigger.set_deployment_id(deployment_id)
            await client.create_automation(trigger.as_automation())
            made.append(entry["name"])
    return made
