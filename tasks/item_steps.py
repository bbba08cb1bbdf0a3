"""What an item's run does, one task run a thing done, named in words: its timeline is what a clerk reads."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from duban.errors import DubanError
from duban.services import form_replies
from tasks.ledger import database, now, settings


@task(name="step", task_run_name="{words}", cache_policy=NO_CACHE, persist_result=False)
async def show_step(words: str, detail: str) -> None:
    """Puts one event of the ledger onto the timeline."""
    get_run_logger().info("%s%s", words, f":{detail}" if detail else "")


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
