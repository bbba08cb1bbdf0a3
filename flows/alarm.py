"""What needs a person is mailed to the supervision office. Prefect automations start this flow, and each morning.

An automation says only that it is time to look. The flow looks at the ledger and at the server itself, so that an
engine that is back, or a night that was caught up by then, troubles nobody.
"""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from tasks.alarms import look_for_trouble

REASONS = {
    "look": "例行查看",
    "night-missing": "夜间督办没有按时完成",
    "night-failed": "夜间督办失败",
    "engine-gone": "引擎失联",
}


def alarm_name() -> str:
    """运行告警 引擎失联: what the run list calls it."""
    reason = str(flow_run.parameters.get("reason", "look"))
    return f"运行查看 {REASONS.get(reason, reason)}"


@flow(name="alarm", flow_run_name=alarm_name, persist_result=False)
def alarm(reason: str = "look") -> State[Any]:  # noqa: ARG001 -- it names the run
    """Looks whether the night was done and an engine is there; each trouble is mailed once a day."""
    raised = look_for_trouble()
    if raised.delivered.problem:
        return Failed(message=f"告警未能发出:{raised.delivered.problem}")
    if not raised.alarms:
        return Completed(name="Quiet", message="一切正常")
    return Completed(name="Alarmed", message=";".join(one.what for one in raised.alarms))
