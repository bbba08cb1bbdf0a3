"""Ten thousand items registered with their runs, and what so many waiting runs cost an engine and the server at rest.

Plans of a thousand items each, with a part of as many bare create calls after each, so that both see the same machine
and the same growing server. Some ten to fifteen minutes.
"""

from __future__ import annotations

import datetime as dt
import time

from sqlalchemy import select

from benchmarks.figures import Figure, at_least, say
from benchmarks.latency import at_rest
from benchmarks.lifecycles import register_items
from benchmarks.prefect_place import Place, running, wait_until
from duban.services import runs, signals
from duban.services.run_specs import DEPLOYMENT, specs
from models import Item

PLANS = 10
ITEMS = 1000
BARE = 100


def run() -> list[Figure]:
    """One server, one ledger, one engine that has nothing to do."""
    with running() as place:
        place.once("flows.deploy")
        ours, bare = [], []
        for plan in range(PLANS):
            ours.append(_registered(place, f"青河{plan}"))
            bare.append(_bare(place) * ITEMS / BARE)
            say(f"  {(plan + 1) * ITEMS} items: {ours[-1]:.1f} s with their runs, bare {bare[-1]:.1f} s")
        now = dt.datetime.now(dt.UTC)
        with place.database.read() as session:
            ids = session.scalars(select(Item.id)).all()
        for start in range(0, len(ids), ITEMS):
            signals.settle_all(place.database, ids[start : start + ITEMS], now)
        place.start("engine", "flows.engine")
        wait_until(lambda: "is up" in place.log("engine"), 120)
        time.sleep(15)  # its first look for runs to mend
        detail = f"{PLANS * ITEMS / sum(ours):.0f} a second against {PLANS * ITEMS / sum(bare):.0f}"
        name = f"{PLANS * ITEMS} items registered with their runs"
        return [
            at_least(name, sum(bare) / sum(ours), 0.8, " of the bare create", detail),
            at_rest(place, f"engine at rest beside {PLANS * ITEMS} waiting runs"),
        ]


def _registered(place: Place, code: str) -> float:
    start = time.perf_counter()
    now = dt.datetime.now(dt.UTC)
    plan = register_items(place.database, ITEMS, now, code=code)
    runs.create_missing_runs(place.database, place.prefect, now=now, plan_id=plan)
    return time.perf_counter() - start


def _bare(place: Place) -> float:
    deployment = place.prefect.deployment_id(DEPLOYMENT)
    with place.database.read() as session:
        ids = session.scalars(select(Item.id).order_by(Item.id).limit(BARE)).all()
        bodies = [s.body | {"idempotency_key": f"bare-{time.time()}-{s.item_id}"} for s in specs(session, ids)]
    start = time.perf_counter()
    for body in bodies:
        place.prefect.create_run(deployment, body)
    return time.perf_counter() - start
