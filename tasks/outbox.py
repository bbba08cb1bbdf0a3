"""The outbox between two nights: what was put off by a server that was away for a while."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from duban.services.tools import night_tools, send_waiting
from tasks.ledger import database, settings


@task(task_run_name="发送待发邮件", cache_policy=NO_CACHE, persist_result=False)
def deliver_waiting() -> dict[str, Any]:
    """Sends what waits and is due; gives the counts."""
    return asdict(send_waiting(night_tools(settings(), database())))
