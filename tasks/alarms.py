"""Looking for what needs a person."""

from __future__ import annotations

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from duban.services.alarms import Raised, look_and_tell
from duban.services.tools import night_tools
from tasks.ledger import database, now, prefect, settings


@task(task_run_name="查看运行情况 Look", cache_policy=NO_CACHE, persist_result=False)
def look_for_trouble() -> Raised:
    """One look at ledger and server; what is wrong is mailed, and shown as an artifact."""
    tools = night_tools(settings(), database())
    raised = look_and_tell(tools, prefect(), now=now(), zone=settings().zone, night_by=settings().night_by)
    if raised.alarms:
        lines = [f"## {alarm.what}\n\n" + "\n".join(f"- {line}" for line in alarm.said) for alarm in raised.alarms]
        create_markdown_artifact("\n\n".join(["# 运行告警", *lines]), key="alarm", description="需要人工处理")
    return raised
