"""Between the nights, when a person asks for it: the outbox, and the runs against the ledger."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from tasks.night import reconcile_runs
from tasks.outbox import deliver_waiting


@flow(name="deliver", flow_run_name="发送待发邮件", persist_result=False)
def deliver() -> State[Any]:
    """Sends what waits in the outbox."""
    counts = deliver_waiting()
    said = ", ".join(f"{name} {value}" for name, value in counts.items() if name != "problem")
    return Failed(message=f"{counts['problem']};{said}") if counts["problem"] else Completed(message=said)


@flow(name="reconcile", flow_run_name="核对运行", persist_result=False)
def reconcile() -> State[Any]:
    """Repairs every difference between the ledger and its runs, and says what it did."""
    counts = reconcile_runs()
    for line in counts.said:
        get_run_logger().info(line)
    if counts.problem:
        return Failed(message=counts.problem)
    return Completed(message=f"核对 {counts.checked} 项,修复 {counts.mended}" + ("(逐项见日志)" if counts.said else ""))
