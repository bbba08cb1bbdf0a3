"""Item runs: created with their items, advanced by one engine, and how soon the Prefect UI shows a transition.

At least 0.8 of the bare rate of the create call; at least 0.5 of empty async flow runs one after the other, and 15
times the stock process runner's; under 2 s from the commit to the changed state, with the engine idle.
"""

from __future__ import annotations

import datetime as dt
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.figures import Figure, at_least, at_most, in_turn
from benchmarks.lifecycles import register_items
from benchmarks.prefect_place import Place, running, wait_until
from duban.domain.actors import Actor
from duban.domain.lifecycle import Action, State
from duban.services import runs, signals
from duban.services.run_specs import DEPLOYMENT, STATE_NAMES, specs
from duban.services.transitions import MoveDetails, move
from models import Item

CREATED = 60  # items a round; `runs-10k` takes the whole number once
ADVANCED = 30
ROUNDS = 5  # pairs taken in turn; the median of their ratios is the figure
WARM = 10
STOCK = 4
CLERK = Actor("督查员", "supervisor")


def run() -> list[Figure]:
    """One server and one ledger for all of it."""
    with running() as place:
        place.once("flows.deploy")
        found = [_created(place)]
        found += _advanced(place)
        found.append(_latency(place))
        found.append(at_rest(place, "engine at rest"))
        return found


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _created(place: Place) -> Figure:
    """Registering with runs beside as many bare create calls with the same bodies."""
    deployment = place.prefect.deployment_id(DEPLOYMENT)
    batch = iter(range(100))

    def registering() -> float:
        start = time.perf_counter()
        plan = register_items(place.database, CREATED, _now(), code=f"青河{next(batch)}")
        runs.create_missing_runs(place.database, place.prefect, now=_now(), plan_id=plan)
        return time.perf_counter() - start

    def bare() -> float:
        with place.database.read() as session:
            ids = session.scalars(select(Item.id).order_by(Item.id).limit(CREATED)).all()
            bodies = [
                spec.body | {"idempotency_key": f"bare-{time.time()}-{spec.item_id}"} for spec in specs(session, ids)
            ]
        start = time.perf_counter()
        for body in bodies:
            place.prefect.create_run(deployment, body)
        return time.perf_counter() - start

    registering()  # warm, and what `bare` takes its bodies from
    rounds = in_turn({"registering": registering, "bare": bare}, 3)
    detail = f"{CREATED / rounds.best('registering'):.0f} a second against {CREATED / rounds.best('bare'):.0f}"
    return at_least(
        "items registered with their runs", rounds.ratio("bare", "registering"), 0.8, " of the bare create", detail
    )


def _advanced(place: Place) -> list[Figure]:
    """Runs that an engine brings to a new state, beside empty runs in one process, and beside the stock runner."""
    with place.database.read() as session:
        ids = list(session.scalars(select(Item.id).order_by(Item.id).limit(WARM + ADVANCED * ROUNDS)))
    _move(place, ids)
    signals.settle_all(place.database, ids, _now())
    place.start("engine", "flows.engine")
    wait_until(lambda: "is up" in place.log("engine"), 120)
    time.sleep(3)  # its first look for runs to mend
    parts = iter([ids[:WARM], *(ids[n : n + ADVANCED] for n in range(WARM, len(ids), ADVANCED))])

    def engine() -> float:
        part = next(parts)
        start = time.perf_counter()
        signals.queue(place.database, part, _now())
        wait_until(lambda: _behind(place, part) == 0, 300)
        return time.perf_counter() - start

    def empty() -> float:
        return float(place.once("benchmarks.bench_flows", "sequence", str(ADVANCED)))

    engine()  # warm
    rounds = in_turn({"engine": engine, "empty": empty}, ROUNDS)
    rate = ADVANCED / rounds.best("engine")
    stock = STOCK / float(place.once("benchmarks.bench_flows", "stock", str(STOCK), seconds=600))
    detail = f"{rate:.1f} a second against {ADVANCED / rounds.best('empty'):.1f}"
    return [
        at_least(
            "item runs advanced by one engine", rounds.ratio("empty", "engine"), 0.5, " of empty flow runs", detail
        ),
        at_least(
            "item runs beside the stock process runner", rate / stock, 15, "x its rate", f"it runs {stock:.2f} a second"
        ),
    ]


def _move(place: Place, ids: Sequence[int]) -> None:
    for item_id in ids:
        move(
            place.database,
            item_id=item_id,
            action=Action.DRAFT_MEASURE,
            actor=CLERK,
            expected_version=None,
            now=_now(),
            details=MoveDetails(measures=("修订管理办法",)),
        )


def _behind(place: Place, ids: Sequence[int]) -> int:
    with place.database.read() as session:
        return session.scalar(select(func.count()).where(Item.id.in_(ids), Item.run_version < Item.version)) or 0


def _latency(place: Place) -> Figure:
    """From the commit of a transition to the state that the Prefect UI shows."""
    with place.database.read() as session:
        rows = session.execute(
            select(Item.id, Item.flow_run_id)
            .where(Item.version == 1, Item.flow_run_id.is_not(None))
            .order_by(Item.id.desc())
        ).all()
    wait_until(lambda: signals.backlog(place.database) == 0, 300)
    taken = []
    for item_id, run_id in rows[:10]:
        _move(place, [item_id])
        start = time.perf_counter()
        wait_until(lambda run_id=run_id: _shows_drafted(place, run_id), 60, every=0.02)  # type: ignore[misc]
        taken.append(time.perf_counter() - start)
    return at_most("from the commit to the Prefect UI, engine idle", statistics.median(taken), 2, " s")


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
