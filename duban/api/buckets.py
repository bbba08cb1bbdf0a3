"""Buckets of requests: what each client may still ask, filled at a steady rate."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

_REMEMBERED = 10_000


class Limiter:
    """A bucket of requests for each client, filled at a steady rate.

    Each process has its own, and takes at once; what the others took is taken out of it whenever they tell
    (`taken_elsewhere`), so that together they give a client what one of them would, some seconds late.
    """

    def __init__(self, per_minute: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_minute / 60
        self._burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._untold: dict[str, int] = {}
        self._lock = threading.Lock()

    def wait(self, client: str) -> int:
        """The whole seconds until there is a request to take, 0 where there is one; takes none."""
        if self._rate <= 0:
            return 0
        now = self._clock()
        with self._lock:
            left, at = self._buckets.get(client, (float(self._burst), now))
        return self._seconds(min(self._burst, left + (now - at) * self._rate))

    def take(self, client: str) -> int:
        """Takes one request: 0, or the whole seconds to wait until there is one."""
        if self._rate <= 0:
            return 0
        now = self._clock()
        with self._lock:
            left, at = self._buckets.pop(client, (float(self._burst), now))
            left = min(self._burst, left + (now - at) * self._rate)
            if left >= 1:
                self._untold[client] = self._untold.get(client, 0) + 1
            self._buckets[client] = (left - 1 if left >= 1 else left, now)
            if len(self._buckets) > _REMEMBERED:
                self._buckets.popitem(last=False)
        return self._seconds(left)

    def _seconds(self, left: float) -> int:
        return 0 if left >= 1 else max(1, math.ceil((1 - left) / self._rate))

    def untold(self) -> dict[str, int]:
        """How many requests each client took here since this was last asked."""
        with self._lock:
            told, self._untold = self._untold, {}
        return told

    def tell_again(self, told: Mapping[str, int]) -> None:
        """What was asked for by `untold` and could not be passed on."""
        with self._lock:
            for client, number in told.items():
                self._untold[client] = self._untold.get(client, 0) + number

    def taken_elsewhere(self, taken: Mapping[str, int]) -> None:
        """Takes out what clients took in other processes; a bucket owes at most one filling."""
        now = self._clock()
        with self._lock:
            for client, number in taken.items():
                left, at = self._buckets.get(client, (float(self._burst), now))
                left = min(self._burst, left + (now - at) * self._rate - number)
                self._buckets[client] = (max(left, -float(self._burst)), now)
                self._buckets.move_to_end(client)
