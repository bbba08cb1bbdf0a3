"""Executing item runs in a process that stays up, and delivering the ledger's signals to them.

Where the time of a run goes, and what is done about it: a client with its TLS context is made once for all runs (they
find it in their context, and so does Prefect's look for its default storage at the start of each run, with a blocking
client of its own); a run is executed as one that knows no deployment, so that no thread with an event loop and a
socket of its own watches for somebody suspending it, which our runs do themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
from prefect import get_client
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import Abort, ObjectNotFound, Pause, PrefectHTTPStatusError
from prefect.flow_engine import run_flow_async
from sqlalchemy.exc import SQLAlchemyError

from duban.adapters.prefect_api import NotDeployed
from duban.errors import DubanError
from duban.services import reconcile, run_specs, runs, signals
from duban.services.bell import bell_of
from flows.engine_waiting import Waiting
from flows.item import item_life, waited_in
from tasks.ledger import database, now, prefect

AWAY = 2.0  # seconds to wait after the ledger or the server did not answer
MEND_EVERY = 60.0
TAKE_OVER = dt.timedelta(seconds=12)  # a run that goes on longer than this has lost its engine

log = logging.getLogger("duban.engine")

PASSING = (httpx.HTTPError, PrefectHTTPStatusError, SQLAlchemyError, DubanError, OSError)


class ItemRuns:
    """Advances item runs, at most `concurrency` at a time and never two of the same item."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._busy: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: Waiting | None = None
        self.advanced = 0
        self.looked_at: dt.datetime | None = None  # the last look into the outbox that succeeded
        self.last_error: str | None = None
        self.undeployed = asyncio.Event()  # the server has lost our deployments: somebody wiped or restored it

    @property
    def is_told(self) -> bool:
        """Whether the ledger tells of signals, so that none has to be asked for."""
        return self._waiting is not None and self._waiting.is_told

    @property
    def running(self) -> int:
        """How many runs are on their way at this moment."""
        return len(self._tasks)

    async def advance(self, run: FlowRun) -> State[Any] | None:
        """Executes a run until it waits or ends; None where the server would not have it."""
        unwatched = run.model_copy(update={"deployment_id": None})
        waited_in.set(run.state if run.state is not None and run.state.is_paused() else None)
        try:
            state = await run_flow_async(item_life, flow_run=unwatched, parameters=run.parameters, return_type="state")
        except Pause as pause:
            state = pause.state
        except Abort as abort:
            log.warning("run %s was not executed: %s", run.name, abort)
            return None
        self.advanced += 1
        return state if isinstance(state, State) else None

    async def deliver_forever(self, stop: asyncio.Event) -> None:
        """Delivers signals until `stop`, then waits for the runs that are on their way."""
        self._waiting = waiting = Waiting(bell_of(database()), stop)
        while not stop.is_set():
            try:
                if await self._look(waiting):
                    continue
            except PASSING as error:
                log.warning("the ledger does not answer: %s", error)
                self.last_error = f"{now().isoformat()} {type(error).__name__}: {error}"[:500]
                waiting.look_again()
                await _sleep(stop, AWAY)
            else:
                await waiting.until_something_happens()
        waiting.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=15)

    async def _look(self, waiting: Waiting) -> bool:
        """Takes what waits, as much as there is room for; whether to look again at once."""
        free = self._concurrency - len(self._tasks)
        if free <= 0:
            waiting.look_again()
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            return True
        taken = await self._claim(free) if await waiting.anything() else []
        for claim in taken:
            self._start(claim)
        if taken:
            waiting.look_again()
        return bool(taken)

    async def _claim(self, limit: int) -> list[signals.Claim]:
        taken = await asyncio.to_thread(
            signals.claim, database(), now=now(), limit=limit, exclude=frozenset(self._busy)
        )
        self.looked_at = now()
        return taken

    def _start(self, claim: signals.Claim) -> None:
        self._busy.add(claim.item_id)
        task = asyncio.create_task(self._deliver(claim), name=f"item {claim.item_id}")
        self._tasks.add(task)

        def done(finished: asyncio.Task[None]) -> None:
            self._tasks.discard(finished)
            self._busy.discard(claim.item_id)
            if self._waiting is not None:
                self._waiting.look_again()  # the item may have been signalled again while it was left out

        task.add_done_callback(done)

    async def _deliver(self, claim: signals.Claim) -> None:
        """Brings one item's run to what the ledger says, or puts the signal off with the reason why not."""
        try:
            problem = await self._bring_up(claim)
        except NotDeployed as error:
            self.undeployed.set()
            problem = error.message
        except PASSING as error:
            problem = f"{type(error).__name__}: {error}"
        except Exception as error:  # a fault in one item's run must not stop the others'
            log.exception("item %s", claim.item_id)
            problem = f"{type(error).__name__}: {error}"
        if problem is None:
            return
        self.last_error = f"{now().isoformat()} item {claim.item_id}: {problem}"[:500]
        log.warning("item %s: %s; tried %s times, goes on later", claim.item_id, problem, claim.attempts)
        with contextlib.suppress(SQLAlchemyError):  # the claim then runs out by itself
            await asyncio.to_thread(
                signals.postpone, database(), item_id=claim.item_id, now=now(), attempts=claim.attempts, error=problem
            )

    async def _bring_up(self, claim: signals.Claim) -> str | None:
        """None where it is done, else what stands in the way."""
        if claim.asleep:
            await asyncio.to_thread(signals.lay_down, database(), claim.item_id, claim.last_signal, now())
            return None
        run = await read_run(claim.flow_run_id)
        if run is None or run.state is None or run.state.is_final() or run.state.is_cancelling():
            run = await read_run(await asyncio.to_thread(set_right, claim.item_id))
        if run is None or run.state is None or run.state.is_final():
            await asyncio.to_thread(signals.lay_down, database(), claim.item_id, claim.last_signal, now())
            return None
        if run.state.is_running() and now() - run.state.timestamp < TAKE_OVER:
            return "the run is being executed by another engine"
        state = await self.advance(run)
        if state is not None and (state.is_paused() or state.is_completed()):
            return None
        return f"the run ended as {state}"


async def read_run(run_id: str | None) -> FlowRun | None:
    """A run of the server, or None where it has none."""
    if run_id is None:
        return None
    try:
        return await get_client().read_flow_run(UUID(run_id))
    except ObjectNotFound:
        return None


def set_right(item_id: int) -> str | None:
    """Makes an item's run, or puts it back, as the ledger says: for a run that is missing or was ended. Its id."""
    api = prefect()
    deployment = api.deployment_id(run_specs.DEPLOYMENT)
    with database().read() as session:
        specs = run_specs.specs(session, [item_id])
    made = [(spec, runs.create_run(api, deployment, spec)) for spec in specs]
    runs.attach_runs(database(), made)
    return made[0][1] if made else None


async def mend_forever(
    stop: asyncio.Event, undeployed: asyncio.Event, deploy: Callable[[PrefectClient], Awaitable[list[str]]]
) -> None:
    """Every minute: runs that were ended by hand or by a crash stand again, and stuck ones go on.

    A server that was wiped, or restored from before our deployments, gets all of them again, and every item its run.
    """
    while not stop.is_set():
        try:
            undeployed.clear()
            counts = await asyncio.to_thread(reconcile.mend_ended, database(), prefect(), now=now())
            if counts.mended:
                log.info("mended %s runs: %s", counts.mended, "; ".join(counts.said))
        except NotDeployed:
            await _put_back(stop, deploy)
        except PASSING as error:
            log.warning("could not look for runs to mend: %s", error)
        await _first(stop, undeployed, MEND_EVERY)


async def _put_back(stop: asyncio.Event, deploy: Callable[[PrefectClient], Awaitable[list[str]]]) -> None:
    """Makes the deployments that the server has lost, and the runs of all items, and says how many.

    Until all of it is done: a next look would find the first deployment, and take the others for made.
    """
    log.warning("the Prefect server has lost our deployments: they are made again")
    while not stop.is_set():
        try:
            made = await deploy(get_client())
            counts = await asyncio.to_thread(reconcile.reconcile, database(), prefect(), now=now())
            problem = counts.problem
        except PASSING as error:
            problem = str(error)
        if not problem:
            log.warning("deployed: %s; runs: %s", ", ".join(made), counts.as_dict())
            return
        log.warning("could not put back all that the server has lost: %s", problem)
        await _sleep(stop, AWAY)


async def _first(stop: asyncio.Event, other: asyncio.Event, seconds: float) -> None:
    """Sleeps until one of the two happens, or the time is over."""
    waits = {asyncio.create_task(stop.wait()), asyncio.create_task(other.wait())}
    _, left = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()


async def supervised(name: str, work: Any, stop: asyncio.Event) -> None:
    """Runs `work()` again whenever it ends or breaks, until `stop`: a server that is away is no reason to end."""
    while not stop.is_set():
        running: asyncio.Task[Any] = asyncio.create_task(_as_coroutine(work()), name=name)
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if stop.is_set():
            running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            try:
                await running
            except Exception as error:
                log.warning("%s stopped (%s: %s) and starts again", name, type(error).__name__, error)
        await _sleep(stop, AWAY)


async def _as_coroutine(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    """Sleeps, but no longer than until `stop`."""
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
