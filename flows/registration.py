"""Registering a document: its items enter the ledger, and each gets its run."""

from __future__ import annotations

import datetime as dt

from prefect import flow
from prefect.artifacts import create_markdown_artifact

from tasks.documents import make_runs, register_document
from tasks.ledger import today


@flow(name="register", flow_run_name="登记 {path}", persist_result=False)
def register(path: str, directory: str | None = None, as_of: dt.date | None = None, code: str | None = None) -> None:
    """A published plan from a file that the worker can read. Nothing is sent before it is released."""
    done = register_document(path, directory, as_of or today(), code)
    made = make_runs(done.plan_id)
    create_markdown_artifact(
        f"# {done.code} {done.title}\n\n- 事项 {done.items},待核 {done.quarantined},时限 {done.clocks}\n"
        f"- 新建运行 {made}\n- 放行:`duban release {done.code}`",
        key="registered",
        description=done.code,
    )
