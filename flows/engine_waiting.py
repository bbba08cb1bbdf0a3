"""How an engine waits for signals: told by the ledger where it tells, asking it now and then where it does not."""

from __future__ import annotations

import asyncio
import logging

from duban.services.bell import Bell, NotHeard

log = logging.getLogger("duban.engine")


class Waiting:
    """The engine's sleep between two looks into the outbox, until `stop`."""

    def __init__(self, bell: Bell, stop: asyncio.Event) -> None:
        self._bell = bell
        self._stop = stop
        self._woken = asyncio.Event()
        self._again = True  # something may wait that the bell rang for, and that was not all taken
        self._said: str | None = None

    @property
    def is_told(self) -> bool:
        """Whether the ledger tells of signals."""
        return self._bell.fileno() is not None

    def look_again(self) -> None:
        """Has the engine look into the outbox, though nothing was told."""
        self._again = True
        self._woken.set()

    async def anything(self) -> bool:
        """Whether there may be something in the outbox since it was asked last."""
        if self._bell.deaf:
            await self._listen()
        again, self._again = self._again, False
        return self._bell.rings() or again

    async def until_something_happens(self) -> None:
        """Returns when the ledger has told something, somebody asked for a look, or it is time to ask."""
        loop, told = asyncio.get_running_loop(), self._bell.fileno()
        if told is not None:
            loop.add_reader(told, self._woken.set)
        waits = [asyncio.ensure_future(event.wait()) for event in (self._stop, self._woken)]
        try:
            await asyncio.wait(waits, timeout=self._bell.pause, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            if told is not None:
                loop.remove_reader(told)
            self._woken.clear()

    def close(self) -> None:
        """Gives the bell's connection back."""
        self._bell.close()

    async def _listen(self) -> None:
        """Opens the bell's ear; says once what stands in the way, and when it is gone."""
        said: str | None = None
        try:
            await asyncio.to_thread(self._bell.listen)
        except NotHeard as error:
            said = error.message
        if said != self._said:
            log.info("%s", said or "PostgreSQL is heard again")
        self._said = said
