"""The life of one item as one flow run: it wakes, does what the ledger says is pending, and waits again.

Replaying it from the top is harmless: what is pending is asked anew each time, and nothing is kept in the run.
"""

from __future__ import annotations

import asyncio
import json
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from prefect import flow, get_client
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.context import FlowRunContext
from prefect.exceptions import Pause, PrefectHTTPStatusError
from prefect.logging import get_run_logger
from prefect.states import Completed
from prefect.utilities.engine import propose_state

from duban.domain.lifecycle import State as ItemState
from duban.services import runs
from duban.services.run_specs import STATE_NAMES, Shown, form_key, form_schema, mark_of, state_body, version_replied_to
from tasks.item_steps import answer_form, show_step
from tasks.ledger import database, now, settings

CONFLICT = 409

#: The state in which this run waited until it was woken; None where somebody may have answered its form.
waited_in: ContextVar[State[Any] | None] = ContextVar("waited_in", default=None)

#: Nothing is ever written there. A flow that names no storage asks the server for one at the start of each run.
NOWHERE = Path("results")


@flow(name="item", persist_result=False, result_storage=NOWHERE)
async def item_life(item_id: int) -> State[Any]:
    """One item, from assigned to closed; ends as `Closed`, and suspends everywhere else."""
    if waited_in.get() is None:
        await answer_people(item_id)
    standing = await asyncio.to_thread(
        runs.standing, database(), item_id, after_event=last_event_shown(), zone=settings().zone
    )
    for step in standing.steps:
        show_step(this_run(), step)
    if standing.shown.state is ItemState.CLOSED:
        await asyncio.to_thread(runs.settle, database(), standing, now())
        return Completed(name=STATE_NAMES[standing.shown.state], message=state_body(standing.shown)["message"])
    suspended = await wait_at(standing.shown)
    await asyncio.to_thread(runs.settle, database(), standing, now())
    raise Pause(state=suspended)


async def answer_people(item_id: int) -> None:
    """Performs what people filled into this run's form, then removes it: it carries a person's token."""
    client, run_id = get_client(), this_run().id
    replies = await client.filter_flow_run_input(run_id, key_prefix="reply-", limit=20, exclude_keys=set())
    for reply in sorted(replies, key=lambda r: version_replied_to(r.key) or 0):
        value = json.loads(reply.value)
        await answer_form(item_id, str(value.get("action", "")), reply.key, value, return_state=True)  # type: ignore[misc]
        await client.delete_flow_run_input(run_id, reply.key)


def last_event_shown() -> int:
    """The last event on this run's timeline, from the keys under which it waited; 0 where it waited under none."""
    keys = this_run().empirical_policy.pause_keys or set()
    return max((mark[1] for key in keys if (mark := mark_of(key)) is not None), default=0)


async def wait_at(shown: Shown) -> State[Any]:
    """Suspends this run under the item's state, with the form of what is possible there. The form is kept first."""
    client, run_id = get_client(), this_run().id
    if form_asked_for(waited_in.get()) != form_key(shown.state):
        try:
            await client.create_flow_run_input(run_id, form_key(shown.state), form_schema(shown.state))
        except PrefectHTTPStatusError as error:
            if error.response.status_code != CONFLICT:
                raise
    state = await propose_state(client, State.model_validate(state_body(shown)), flow_run_id=run_id)
    if state.type != StateType.PAUSED:
        raise RuntimeError(f"the server would not let the run wait as {shown.state}: {state}")
    get_run_logger().info("等待办理:%s", state.message)
    return state


def form_asked_for(state: State[Any] | None) -> str | None:
    """The key of the form that a waiting state asks for: it was kept before the state was set."""
    keys = state.state_details.run_input_keyset if state is not None else None
    return keys.get("schema") if keys else None


def this_run() -> FlowRun:
    """The flow run that is being executed."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise RuntimeError("an item's life runs within a flow run")
    return context.flow_run
