"""How soon the Prefect UI shows a transition, and what an engine costs that waits for one, with either ledger.

Under 2 s from the commit to the changed state, with the engine idle; under 2 % of a core at rest.
"""

from __future__ import annotations

import datetime as dt
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
from sqlalchemy import select

from benchmarks import places
from benchmarks.figures import Figure, at_most, skipped
from benchmarks.lifecycles import register_items
from benchmarks.prefect_place import Place, running, wait_until
from duban.domain.actors import Actor
from duban.domain.lifecycle import Action, State
from duban.services import runs, signals
from duban.services.run_specs import STATE_NAMES
from duban.services.transitions import MoveDetails, move
from models import Item

MOVED = 20
LEDGER = "bench_latency"
CLERK = Actor("督查员", "supervisor")


def run() -> list[Figure]:
    """A server and an engine for each database."""
    found = _with_ledger("SQLite", None)
    uri = places.postgres()
    if uri is None:
        return [*found, skipped("the same on PostgreSQL", "the PostgreSQL package is not installed")]
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {LEDGER} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {LEDGER}")
    found += _with_ledger("PostgreSQL", places.database_uri(uri, LEDGER))
    places.drop_postgres(uri, LEDGER)
    return found


def _with_ledger(name: str, ledger: str | None) -> list[Figure]:
    with running(ledger) as place:
        place.once("flows.deploy")
        now = dt.datetime.now(dt.UTC)
        plan = register_items(place.database, MOVED, now)
        runs.create_missing_runs(place.database, place.prefect, now=now, plan_id=plan)
        place.start("engine", "flows.engine")
        wait_until(lambda: "is up" in place.log("engine"), 120)
        time.sleep(3)  # its first look for runs to mend
        return [_to_the_ui(place, name), at_rest(place, f"engine at rest, {name}")]


def _to_the_ui(place: Place, name: str) -> Figure:
    """From the commit of a transition to the state that the Prefect UI shows, one after the other."""
    wait_until(lambda: signals.backlog(place.database) == 0, 300)
    with place.database.read() as session:
        rows = session.execute(select(Item.id, Item.flow_run_id).order_by(Item.id)).all()
    taken = []
    for item_id, run_id in rows:
        wait_until(lambda: signals.backlog(place.database) == 0, 60)
        time.sleep(0.4)  # nobody commits just after an engine has looked
        draft(place, [item_id])
        start = time.perf_counter()
        wait_until(lambda run_id=run_id: _shows_drafted(place, run_id), 60, every=0.02)  # type: ignore[misc]
        taken.append(time.perf_counter() - start)
    detail = f"of {len(taken)}, the slowest {max(taken):.2f} s"
    return at_most(f"from the commit to the Prefect UI, engine idle, {name}", statistics.median(taken), 2, " s", detail)


def draft(place: Place, ids: Sequence[int]) -> None:
    """Moves items from assigned to measure drafted."""
    for item_id in ids:
        move(
            place.database,
            item_id=item_id,
            action=Action.DRAFT_MEASURE,
            actor=CLERK,
            expected_version=None,
            now=dt.datetime.now(dt.UTC),
            details=MoveDetails(measures=("修订管理办法",)),
        )


def _shows_drafted(place: Place, run_id: str) -> bool:
    run = place.prefect.run(run_id)
    return run is not None and run.state == STATE_NAMES[State.MEASURE_DRAFTED] and run.type == "PAUSED"


def at_rest(place: Place, name: str) -> Figure:
    """Processor time of engine and server while nothing happens."""
    wait_until(lambda: signals.backlog(place.database) == 0, 300)
    time.sleep(2)
    seconds = 20.0
    before = {which: _cpu(place, which) for which in ("engine", "server")}
    time.sleep(seconds)
    spent = {which: (_cpu(place, which) - before[which]) / seconds * 100 for which in before}
    return at_most(name, spent["engine"], 2, " % of a core", f"the server takes {spent['server']:.1f} %")


def _cpu(place: Place, name: str) -> float:
    """Seconds of processor time of a process so far."""
    fields = Path(f"/proc/{place.processes[name].pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
