"""The night's units of work: each one service call, with what it did as plain data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

from prefect import task
from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE

from duban.services import publications, reconcile
from duban.services.night import NightReport, preview, run_night
from duban.services.publications import Publication
from duban.services.queries.operations import last_night
from duban.services.tools import night_tools
from tasks.ledger import database, now, prefect, settings

PHASES = ("decide", "compose", "deliver")
FORMS_OF_LATE = dt.timedelta(days=2)  # forms of runs that waited longer were looked at by an earlier night


@task(task_run_name="是否还要做 Needed? {as_of}", cache_policy=NO_CACHE, persist_result=False)
def night_was_done(as_of: dt.date) -> bool:
    """Whether the whole night of this date was done: whatever is late after downtime was then caught up with it."""
    last = last_night(database(), successful=True, until=as_of)
    return last is not None and last.as_of == as_of


@task(task_run_name="判定、拟文、发送 Decide, compose, deliver {as_of}", cache_policy=NO_CACHE, persist_result=False)
def do_night(as_of: dt.date, plan_ids: list[int] | None = None) -> NightReport:
    """Decides, composes and delivers, with a progress artifact while it works."""
    return run_night(night_tools(settings(), database()), as_of, shown_progress(), plan_ids)


@task(task_run_name="预览 Preview {as_of}", cache_policy=NO_CACHE, persist_result=False)
def preview_night(as_of: dt.date, plan_ids: list[int] | None = None) -> int:
    """What the night would send, released or not, as a table; nothing is written. Gives how many notices."""
    would = preview(database(), as_of, plan_ids)
    publish("night-preview", f"夜间督办预览 {as_of}", publications.preview_publication(would, as_of))
    return len(would)


@task(task_run_name="核对运行 Reconcile", cache_policy=NO_CACHE, persist_result=False)
def reconcile_runs(forms_since: dt.datetime | None = None) -> reconcile.Counts:
    """Brings every flow run into line with the ledger; a server that is away is told in the counts."""
    return reconcile.reconcile(database(), prefect(), now=now(), forms_since=forms_since)


@task(task_run_name="发布 Publish {as_of}", cache_policy=NO_CACHE, persist_result=False)
def publish_night(as_of: dt.date, report: NightReport, runs: reconcile.Counts) -> None:
    """Puts the summary, the tables and the links before whoever looks at the Prefect UI."""
    found = publications.night_publication(database(), report, runs, public_url=board())
    publish("night", f"夜间督办 {as_of}", found)


def publish(key: str, description: str, found: Publication) -> None:
    """Artifacts of a publication, under this key."""
    create_markdown_artifact(found.markdown, key=f"{key}-summary", description=description)
    for name, (title, rows) in found.tables.items():
        create_table_artifact(table=rows, key=f"{key}-{name}", description=title)
    create_link_artifact(link=board(), key="board", link_text="挂图作战", description="督办看板")


def board() -> str:
    """The address of the board."""
    return settings().public_url.rstrip("/")


def shown_progress() -> Callable[[str, int, int], None]:
    """A progress artifact that runs from 0 to 100 over the phases of a night."""
    artifact: Any = create_progress_artifact(0.0, key="night-progress", description="夜间督办进度")
    shown = [0.0]

    def show(phase: str, done: int, of: int) -> None:
        share = (PHASES.index(phase) if phase in PHASES else 0) + (done / of if of else 1.0)
        percent = round(min(100.0, share / len(PHASES) * 100), 1)
        if percent >= shown[0] + 1:
            shown[0] = percent
            update_progress_artifact(UUID(str(artifact)), progress=percent)

    return show
