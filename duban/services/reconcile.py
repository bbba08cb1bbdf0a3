"""Repairs every difference between the ledger and its runs, whoever or whatever made it; the ledger is never changed.

Missing, deleted, ended, overtaken, stuck, or waiting without the form that it asks for: each is mended and counted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy import ColumnElement, func, select

from duban.adapters.database import Database
from duban.adapters.prefect_api import NotDeployed, PrefectApi, PrefectUnreachable, RunState
from duban.domain.lifecycle import State
from duban.services import signals
from duban.services.jobs import mend_jobs
from duban.services.run_specs import DEPLOYMENT, Shown, form_key, mark_of, run_name, specs
from duban.services.runs import WAKE_AT_MOST, attach_runs, create_run, shows
from models import Item, Plan

BATCH = 200  # no more than a page of the server's
ENDED = frozenset({"FAILED", "CRASHED", "CANCELLED", "CANCELLING"})
WAITING = frozenset({"PAUSED"})
BUSY = frozenset({"RUNNING", "PENDING"})
STUCK_AFTER = dt.timedelta(seconds=60)  # a run takes a fraction of a second: past this its engine is gone

SAID_AT_MOST = 100

Progress = Callable[[int, int], None]

#: What is done about each fault, for whoever reads what reconcile did.
DONE_ABOUT = MappingProxyType(
    {
        "missing": "运行缺失,已重建",
        "ended": "运行被取消、失败或提前结束,已恢复",
        "behind": "运行落后于台账,已交引擎补上",
        "stuck": "运行中断,已交引擎接续",
        "wrong": "运行状态与台账不符,已改正",
        "unresumable": "运行缺表单,已补上",
    }
)


class Fault(StrEnum):
    """What can be wrong with an item's run."""

    MISSING = "missing"  # never created, or deleted
    ENDED = "ended"  # failed, crashed, cancelled or completed while its item goes on
    BEHIND = "behind"  # shows an older version than the ledger: the engine is asked to go on
    STUCK = "stuck"  # its engine died while it ran: the engine is asked to go on
    WRONG = "wrong"  # waits under another state or version than any that the ledger had
    UNRESUMABLE = "unresumable"  # waits, but its form is not there


@dataclass(slots=True)
class Counts:
    """What was found and mended; `problem` says why nothing could be looked at."""

    checked: int = 0
    missing: int = 0
    ended: int = 0
    behind: int = 0
    stuck: int = 0
    wrong: int = 0
    unresumable: int = 0
    unknown: int = 0  # runs that belong to no item as it is now: left alone
    jobs: int = 0  # nights and the like that had lost their process
    problem: str = ""
    said: list[str] = field(default_factory=list)  # what was done to which run; the first ones of many

    @property
    def mended(self) -> int:
        """How many runs were repaired, or given to the engine to go on with."""
        runs = self.missing + self.ended + self.behind + self.stuck + self.wrong + self.unresumable
        return runs + self.jobs

    def as_dict(self) -> dict[str, int | str]:
        """Plain values, for artifacts and `--json`."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "said"} | {"mended": self.mended}

    def say(self, line: str) -> None:
        """Keeps a line of what was done, the first of many."""
        if len(self.said) < SAID_AT_MOST:
            self.said.append(line)


@dataclass(frozen=True, slots=True)
class _Row:
    """What the ledger says about one item's run."""

    item_id: int
    flow_run_id: str | None
    shown: Shown


def reconcile(
    database: Database,
    prefect: PrefectApi,
    *,
    now: dt.datetime,
    forms_since: dt.datetime | None = None,
    progress: Progress | None = None,
) -> Counts:
    """Compares every item with its run and mends what differs. A server that is away is said, not raised.

    Forms are asked for one by one, 4 ms each: `forms_since` leaves out those of runs that entered their state before,
    which an earlier look has seen. Doing it twice finds nothing the second time, but what the engine has still to do.
    A batch of items and its runs are held at a time, however many there are.
    """
    counts = Counts()
    try:
        deployment = prefect.deployment_id(DEPLOYMENT)
        waiting, total = prefect.count_runs(deployment, WAITING), _count(database)
        for rows, runs in _batches(database, prefect):
            faults = {row.item_id: _fault(prefect, row, runs, now, forms_since) for row in rows}
            _mend(database, prefect, deployment, faults, counts=counts, now=now)
            waiting -= sum(1 for run in runs.values() if run.type in WAITING)
            counts.checked += len(rows)
            if progress is not None:
                progress(counts.checked, total)
        counts.unknown = max(waiting, 0)
        _jobs(prefect, counts, now)
    except (PrefectUnreachable, NotDeployed) as error:
        counts.problem = error.message
    return counts


def mend_ended(database: Database, prefect: PrefectApi, *, now: dt.datetime) -> Counts:
    """The quick look between two full ones: runs that a person or a crash ended, or that an engine left running."""
    counts = Counts()
    deployment = prefect.deployment_id(DEPLOYMENT)
    _jobs(prefect, counts, now)
    suspects = {run.id: run for run in prefect.runs_in(deployment, ENDED | BUSY)}
    if not suspects:
        return counts
    rows = _rows(database, Item.flow_run_id.in_(sorted(suspects)))
    faults = {row.item_id: _fault(prefect, row, suspects, now, now) for row in rows}
    counts.checked = len(rows)
    _mend(database, prefect, deployment, faults, counts=counts, now=now)
    return counts


def _jobs(prefect: PrefectApi, counts: Counts, now: dt.datetime) -> None:
    for line in mend_jobs(prefect, now=now):
        counts.jobs += 1
        counts.say(line)


def _fault(
    prefect: PrefectApi, row: _Row, runs: dict[str, RunState], now: dt.datetime, forms_since: dt.datetime | None
) -> Fault | None:
    run = runs.get(row.flow_run_id or "")
    if run is None:
        return Fault.MISSING
    if shows(run, row.shown):
        return _form_fault(prefect, run, row.shown, forms_since)
    since = dt.datetime.fromisoformat(run.since) if run.since else now
    if run.type in BUSY or run.type == "SCHEDULED":
        return Fault.STUCK if now - since > STUCK_AFTER else None
    if run.type in ENDED or (run.type == "COMPLETED" and row.shown.state is not State.CLOSED):
        return Fault.ENDED
    mark = mark_of(run.key)
    if run.type == "PAUSED" and mark is not None and mark[0] < row.shown.version:
        return Fault.BEHIND
    return Fault.WRONG


def _form_fault(prefect: PrefectApi, run: RunState, shown: Shown, since: dt.datetime | None) -> Fault | None:
    if shown.state is State.CLOSED or (since is not None and dt.datetime.fromisoformat(run.since) < since):
        return None
    return None if prefect.has_form(run.id, form_key(shown.state)) else Fault.UNRESUMABLE


def _mend(
    database: Database,
    prefect: PrefectApi,
    deployment: str,
    faults: dict[int, Fault | None],
    *,
    counts: Counts,
    now: dt.datetime,
) -> None:
    for fault in filter(None, faults.values()):
        setattr(counts, fault.value, getattr(counts, fault.value) + 1)
    _tell(database, faults, counts)
    # The engine shows on the run's timeline what it missed; all else is set right from here, engine or none.
    signals.queue(database, [i for i, fault in faults.items() if fault in (Fault.BEHIND, Fault.STUCK)], now)
    outright = [i for i, fault in faults.items() if fault not in (None, Fault.BEHIND, Fault.STUCK)]
    if not outright:
        return
    if counts.missing <= WAKE_AT_MOST:
        signals.queue(database, [i for i, fault in faults.items() if fault is Fault.MISSING], now)
    with database.read() as session:
        todo = specs(session, outright)
    attach_runs(database, [(spec, create_run(prefect, deployment, spec)) for spec in todo])


def _tell(database: Database, faults: dict[int, Fault | None], counts: Counts) -> None:
    """Names the items whose runs were mended, the first of many."""
    found = [(item_id, fault) for item_id, fault in faults.items() if fault is not None]
    if not (found := found[: SAID_AT_MOST - len(counts.said)]):
        return
    with database.read() as session:
        query = select(Item.id, Plan.code, Item.number, Item.title).join(Plan, Plan.id == Item.plan_id)
        rows = session.execute(query.where(Item.id.in_([item_id for item_id, _ in found]))).tuples()
        names = {item_id: run_name(code, number, title) for item_id, code, number, title in rows}
    for item_id, fault in found:
        counts.say(f"{names[item_id]}:{DONE_ABOUT[fault]}")


def _batches(database: Database, prefect: PrefectApi) -> Iterator[tuple[list[_Row], dict[str, RunState]]]:
    """Items in the order of their ids, with their runs. What the ledger says is read again after the runs were: one
    that an engine advances meanwhile is behind at the most, never ahead; one that gets its run meanwhile is left out.
    """
    last = 0
    while rows := _rows(database, Item.id > last):
        runs = {run.id: run for run in prefect.runs_by_id([row.flow_run_id for row in rows if row.flow_run_id])}
        before = {row.item_id: row.flow_run_id for row in rows}
        again = _rows(database, Item.id.in_(before))
        yield [row for row in again if row.flow_run_id == before[row.item_id]], runs
        last = rows[-1].item_id


def _rows(database: Database, which: ColumnElement[bool]) -> list[_Row]:
    query = (
        select(Item.id, Item.flow_run_id, Item.state, Item.version, Item.outcome)
        .where(which, ~Item.quarantined, ~Item.dropped)
        .order_by(Item.id)
        .limit(BATCH)
    )
    with database.read() as session:
        return [
            _Row(row.id, row.flow_run_id, Shown(row.state, row.version, 0, row.outcome))
            for row in session.execute(query)
        ]


def _count(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).where(~Item.quarantined, ~Item.dropped)) or 0
