"""Registering a document, and making the runs of its items."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from duban.domain.actors import Actor
from duban.reading.directory import NO_SHEET, read_sheet
from duban.reading.reader import read_bytes
from duban.services import runs
from duban.services.registration import Intake, Received, Registered, register
from duban.services.tools import office_rules
from tasks.ledger import database, now, prefect, settings

REGISTRAR = Actor("督办系统", "supervisor", source="prefect")


@task(task_run_name="登记 {path}", cache_policy=NO_CACHE, persist_result=False)
def register_document(path: str, directory: str | None, as_of: dt.date, code: str | None) -> Registered:
    """Reads a document and enters it whole or not at all; the same file again changes nothing."""
    file = Path(path)
    content = file.read_bytes()
    sheet = read_sheet(Path(directory).read_bytes(), Path(directory).name) if directory else NO_SHEET
    return register(
        database(),
        Received(file.name, content, read_bytes(content, file.name)),
        Intake(
            rules=office_rules(settings()),
            actor=REGISTRAR,
            as_of=as_of,
            now=now(),
            directory=sheet.entries,
            directory_ignored=sheet.ignored,
            code=code,
        ),
    )


@task(task_run_name="建立运行", cache_policy=NO_CACHE, persist_result=False)
def make_runs(plan_id: int) -> int:
    """The flow run of every item of a plan, suspended where the item stands."""
    logger = get_run_logger()

    def progress(done: int, of: int) -> None:
        logger.info("运行 %s / %s", done, of)

    return runs.create_missing_runs(database(), prefect(), now=now(), plan_id=plan_id, progress=progress)
