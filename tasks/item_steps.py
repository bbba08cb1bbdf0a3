"""What an item's run does, one task run a thing done, named in words: its timeline is what a clerk reads."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid5

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import FlowRun, State, TaskRun
from prefect.logging import get_run_logger
from prefect.logging.loggers import task_run_logger
from prefect.states import Completed, Failed
from prefect.utilities.engine import emit_task_run_state_change_event

from duban.errors import DubanError
from duban.services import form_replies
from duban.services.runs import Step
from tasks.ledger import database, now, settings


def show_step(run: FlowRun, step: Step) -> None:
    """Puts one event of the ledger onto the run's timeline, as a task run that is done.

    The thing is done already: there is nothing to start and nothing to wait for, so the server is told of one state
    and not of three, each of which it writes by itself. Its ids derive from the run and the event: shown again after
    a crash, it is still one.
    """
    at = now()
    shown = TaskRun(
        id=uuid5(run.id, f"step-{step.seq}"),
        name=step.words,
        flow_run_id=run.id,
        task_key="step",
        dynamic_key=str(step.seq),
        start_time=at,
        expected_start_time=at,
        end_time=at,
        run_count=1,
    )
    done: State[Any] = Completed(id=uuid5(run.id, f"step-{step.seq}-done"), timestamp=at, message=step.detail or None)
    emit_task_run_state_change_event(shown, None, done)
    task_run_logger(shown).info("%s%s", step.words, f":{step.detail}" if step.detail else "")


@task(name="reply", task_run_name="表单办理 Reply {action}", cache_policy=NO_CACHE, persist_result=False)
async def answer_form(item_id: int, action: str, reply_key: str, reply: dict[str, Any]) -> State[Any]:
    """Performs what a person asked for in the run's form; a refusal fails this task run alone, with its reason."""
    try:
        said = await asyncio.to_thread(
            form_replies.answer,
            database(),
            item_id=item_id,
            reply_key=reply_key,
            reply=reply,
            now=now(),
            zone=settings().zone,
        )
    except DubanError as refusal:
        reason = form_replies.in_words(refusal)
        get_run_logger().warning("未办理「%s」:%s", action, reason)
        return Failed(name="Refused", message=reason)
    get_run_logger().info("已办理:%s", said)
    return Completed(message=said)
