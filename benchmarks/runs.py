"""Item runs: created with their items, and advanced by one engine.

At least 0.8 of the bare rate of the create call; at least 0.5 of empty async flow runs one after the other, and 15
times the stock process runner's.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence

from sqlalchemy import func, select

from benchmarks.figures import Figure, at_least, in_turn
from benchmarks.latency import draft
from benchmarks.lifecycles import register_items
from benchmarks.prefect_place import Place, running, wait_until
from duban.services import runs, signals
from duban.services.run_specs import DEPLOYMENT, specs
from models import Item

CREATED = 60  # items a round; `runs-10k` takes the whole number once
ADVANCED = 30
ROUNDS = 5  # pairs taken in turn; the median of their ratios is the figure
WARM = 10
STOCK = 8  # twice what its worker starts at a time, so that it is not the first start alone that counts


def run() -> list[Figure]:
    """One server and one ledger for all of it."""
    with running() as place:
        place.once("flows.deploy")
        found = [_created(place)]
        found += _advanced(place)
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
    draft(place, ids)
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


def _behind(place: Place, ids: Sequence[int]) -> int:
    with place.database.read() as session:
        return session.scalar(select(func.count()).where(Item.id.in_(ids), Item.run_version < Item.version)) or 0
