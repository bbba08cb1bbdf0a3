"""The main job, end to end: a document registered, its flow runs made, a night run, and a summary printed."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from duban.cli.console import operator, shown_progress, today
from duban.domain.lifecycle import STATE_ZH, State

if TYPE_CHECKING:
    from duban.adapters.database import Database
    from duban.services.registration import Registered
    from duban.settings import Settings

Say = Callable[[str], None]
NIGHT = "nightly/nightly"
NIGHT_SECONDS = 300.0
ENDED = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})


def tour(
    settings: Settings, document: tuple[str, bytes], directory: Path | None, as_of: dt.date | None, say: Say
) -> None:
    """Registers the document as of its own day, makes its runs, and runs the night of `as_of` on it.

    Mails that go to a folder need no release: nobody gets one who should not. Everywhere else the first night stays a
    dry run until a person releases the plan.
    """
    from duban.services.release import release
    from duban.services.tools import night_tools, open_ledger, utc_now

    database = open_ledger(settings)
    try:
        done = _register(settings, database, document, directory, say)
        _make_runs(settings, database, done.plan_id, say)
        tools = night_tools(settings, database)
        if tools.transport.repeatable:
            release(database, plan=done.plan_id, actor=operator(), now=utc_now(), as_of=as_of)
        _run_night(settings, as_of or today(), done.plan_id, say)
    finally:
        database.dispose()


def _run_night(settings: Settings, day: dt.date, plan_id: int, say: Say) -> None:
    """As at 01:00: a run of the nightly deployment, which the Prefect UI shows with its timeline and its papers."""

    from duban.services.tools import prefect_server

    with prefect_server(settings) as prefect:
        run = prefect.create_run(
            prefect.deployment_id(NIGHT),
            {
                "parameters": {"as_of": day.isoformat(), "plan_ids": [plan_id]},
                "state": {"type": "SCHEDULED"},
                "idempotency_key": f"night-{day}-{plan_id}-{time.time_ns()}",
            },
        )
        say(f"Running the night of {day} …")
        began = time.monotonic()
        while (state := prefect.run(run.id)) is None or state.type not in ENDED:
            if time.monotonic() - began > NIGHT_SECONDS:
                say("  The night still runs; look at it in the Prefect UI.")
                return
            time.sleep(0.5)
    if state.type != "COMPLETED":
        say(f"  The night ended as {state.state}: its run in the Prefect UI says why, and {settings.data_dir / 'log'}")


def _register(
    settings: Settings, database: Database, document: tuple[str, bytes], directory: Path | None, say: Say
) -> Registered:
    from duban.cli.read import load
    from duban.reading.directory import NO_SHEET, read_sheet
    from duban.reading.reader import read_bytes
    from duban.services.registration import Intake, Received, register
    from duban.services.tools import office_rules, utc_now

    name, content = document
    reading = read_bytes(content, name)
    day = reading.issued_on or (dt.date(reading.year, 1, 1) if reading.year else today())
    if reading.issued_on is None:
        say(f"The document names no day of issue: registered as of {day}.")
    sheet = read_sheet(load(directory), directory.name) if directory else NO_SHEET
    for ignored in sheet.ignored:
        say(f"  ! {ignored}")
    return register(
        database,
        Received(name, content, reading),
        Intake(
            rules=office_rules(settings),
            actor=operator(),
            as_of=day,
            now=utc_now(),
            directory=sheet.entries,
            directory_ignored=sheet.ignored,
            directory_file=directory.name if directory else "",
            progress=shown_progress(),
        ),
    )


def _make_runs(settings: Settings, database: Database, plan_id: int, say: Say) -> None:
    from duban.services.runs import create_missing_runs
    from duban.services.tools import utc_now

    def progress(done: int, of: int) -> None:
        if of and (done == of or done % 100 == 0):
            say(f"  flow runs {done}/{of}")

    from duban.services.tools import prefect_server

    with prefect_server(settings) as prefect:
        create_missing_runs(database, prefect, now=utc_now(), plan_id=plan_id, progress=progress)


@dataclass(frozen=True, slots=True)
class Passwords:
    """Those that were made at this start, to be shown this once."""

    admin: str | None
    prefect: str | None


def summary(
    settings: Settings, document: tuple[str, bytes] | None, as_of: dt.date | None, made: Passwords, say: Say
) -> None:
    """What stands in the ledger, where the mails are, and the three addresses."""
    from duban.adapters.prefect_env import PASSWORD
    from duban.services.tools import open_ledger

    database = open_ledger(settings)
    try:
        say("")
        if document is not None:
            for line in plan_lines(settings, database, document[1]):
                say(line)
            say("")
    finally:
        database.dispose()
    if made.admin is not None:
        say(
            f"Sign in as admin with the password {made.admin} "
            "(shown this once; `duban user password admin` sets another)"
        )
    if made.prefect is not None:
        say(f"The Prefect UI asks for {made.prefect} (shown this once; it is kept in {settings.data_dir / PASSWORD})")
    prefect = settings.prefect_api_url.removesuffix("/api")
    seen_on = f"?as_of={as_of}" if as_of is not None and as_of != today() else ""
    say(f"Board: http://{settings.host}:{settings.port}/{seen_on}")
    say(f"Prefect UI: {prefect}/runs")
    say(f"API docs: http://{settings.host}:{settings.port}/docs")
    if settings.engine_port:
        say(f"Engine health: http://{settings.engine_host}:{settings.engine_port}/health")
    say("Ctrl-C ends all of it.")


def plan_lines(settings: Settings, database: Database, content: bytes) -> list[str]:
    """The counts of one plan, drawn from the ledger, so that a second run prints the same."""
    import hashlib

    from sqlalchemy import select

    from duban.services.plan_summary import plan_summary
    from duban.services.registration import summary_of
    from models import Document, Plan

    with database.read() as session:
        plan = session.scalars(
            select(Plan)
            .join(Document, Document.plan_id == Plan.id)
            .where(Document.sha256 == hashlib.sha256(content).hexdigest(), Plan.voided_at.is_(None))
        ).one()
        counts = summary_of(session, plan, created=False)
        night = plan_summary(session, plan)
    states = ", ".join(f"{STATE_ZH[State(s)]} {n}" for s, n in counts.states.items())
    rungs = ", ".join(f"{r} {n}" for r, n in night.rungs.items()) or "none"
    mails = ", ".join(f"{status} {n}" for status, n in night.mails.items()) or "none"
    lines = [
        f"Plan {plan.code}: {plan.title}",
        f"  items read {counts.items}: {states}",
        f"  in quarantine {counts.quarantined} (resolve them on the page 待核, or with: duban review {plan.code})",
        f"  rungs fired {sum(night.rungs.values())}: {rungs}",
        f"  mails: {mails} → {_where(settings)}",
    ]
    if night.answered_for:
        lines.append(f"  answered for by the supervision office, having no address of their own: {night.answered_for}")
    if plan.released_at is None:
        lines.append(f"  not released: nothing was sent; let it go with: duban release {plan.code}")
    elif plan.released_by == operator().name:
        lines.append("  released at once, since mails go to a folder and nobody can get one by mistake")
    return lines


def _where(settings: Settings) -> str:
    url = settings.transport_url
    return url.removeprefix("eml:") if url.startswith("eml:") else "the mail server"
