"""What a serving process does beside its requests, every few seconds: nothing of it is in anybody's way."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from duban.api.context import Context
from duban.services.request_counts import SharedCounts
from duban.services.witness import Witness

SECONDS = 2.0
#: So often at the most the witness notes where the event log ends.
WITNESS_SECONDS = 30.0
_log = logging.getLogger("duban.upkeep")


class Upkeep:
    """Shares the counts of requests with other processes, writes down how many refusals a flood left out, and notes for
    the witness where the event log ends."""

    def __init__(self, context: Callable[[], Context]) -> None:
        self._context = context
        self._counts = SharedCounts()
        self._stop = threading.Event()
        self._looked_at = time.monotonic()

    def once(self) -> None:
        """One round. What cannot be written now is tried in the next one."""
        context = self._context()
        try:
            if context.allowances.refusals.is_due:
                context.allowances.refusals.tell(context.database, context.now())
            self._share(context)
            if time.monotonic() - self._looked_at >= WITNESS_SECONDS:
                self._looked_at = time.monotonic()
                Witness(context.settings.witness_folder).look(context.database, context.now())
        except OSError as error:
            _log.warning("the witness %s cannot be written: %s", context.settings.witness_folder, error)
        except SQLAlchemyError as error:
            _log.warning("upkeep waits for the ledger: %s", type(error).__name__)

    @property
    def is_alone(self) -> bool:
        """Whether no other process can serve this ledger: one worker, on a file of this machine."""
        context = self._context()
        return context.settings.workers == 1 and context.database.is_sqlite

    def _share(self, context: Context) -> None:
        shared = context.allowances.shared
        told = {name: limiter.untold() for name, limiter in shared.items()}
        taken = {f"{name} {client}": number for name, of in told.items() for client, number in of.items()}
        if self.is_alone or not taken:
            return  # at rest nobody waits here for what others took
        try:
            elsewhere = self._counts.exchange(context.database, taken, context.now())
        except SQLAlchemyError:
            for name, limiter in shared.items():
                limiter.tell_again(told[name])
            raise
        for name, limiter in shared.items():
            own = {c.removeprefix(f"{name} "): n for c, n in elsewhere.items() if c.startswith(f"{name} ")}
            limiter.taken_elsewhere(own)

    def run(self) -> None:
        """Rounds until it is told to stop, and a last one then."""
        while not self._stop.wait(SECONDS):
            self.once()
        self._looked_at -= WITNESS_SECONDS
        self.once()
        context = self._context()
        context.allowances.refusals.tell(context.database, context.now())

    def stop(self) -> None:
        """Ends `run` after the round that is on its way."""
        self._stop.set()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """The upkeep runs as long as the app serves."""
    upkeep = Upkeep(lambda: app.state.context)
    thread = threading.Thread(target=upkeep.run, name="upkeep", daemon=True)
    thread.start()
    try:
        yield
    finally:
        upkeep.stop()
        await run_in_threadpool(thread.join, 10)
