"""How fast mails may leave: a pure policy that delays and never drops.

Mail servers of offices refuse floods, and a person who gets ten mails in a minute reads none. The policy says for each
queued delivery from when on it may be sent; whoever delivers asks again when that time has come.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from duban.errors import DubanError

#: Waits between attempts that were refused for now; after the last one a person has to look. Servers that greylist ask
#: for 5 minutes; RFC 5321, 4.5.4.1, for 30 and more between later tries, and for not giving up within the day.
BACK_OFF = tuple(dt.timedelta(minutes=m) for m in (5, 15, 60, 240, 480, 960))


class ImpossibleRate(DubanError):
    """A rate of {count} in {seconds} seconds lets nothing through.

    Give a count of at least 1 and a period of at least 1 second.
    """

    code = "impossible_rate"
    status = 422


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` sendings in any window of `per`."""

    count: int
    per: dt.timedelta

    def __post_init__(self) -> None:
        if self.count < 1 or self.per < dt.timedelta(seconds=1):
            raise ImpossibleRate(count=self.count, seconds=self.per.total_seconds())


@dataclass(frozen=True, slots=True)
class Throttle:
    """The limits for one address and for everything together. None is no limit."""

    per_recipient: Rate | None = None
    total: Rate | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """A sending that happened, or is planned, at `at` (aware)."""

    address: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queued delivery: its key, its address, and the earliest time it asked for, if any (a retry's back-off)."""

    key: int | str
    address: str
    not_before: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """From when on a delivery may be sent."""

    key: int | str
    not_before: dt.datetime


def schedule(queue: Sequence[Waiting], recent: Iterable[Sending], throttle: Throttle, now: dt.datetime) -> list[Slot]:
    """A slot for every delivery of the queue, in its order; none is left out and none earlier than `now`.

    `recent` are the sendings of at least the last window, in any order. Time is played forward: of the deliveries that
    are ready, whoever stands first gets the next slot, and one that its own recipient's limit holds back holds up
    nobody else. O(n log n) without a limit per recipient, and a step more for each time it holds one back.
    """
    past = sorted((s for s in recent if s.at <= now), key=lambda s: s.at)
    total = [s.at for s in past]
    own: dict[str, list[dt.datetime]] = defaultdict(list)
    for sending in past:
        own[_same(sending.address)].append(sending.at)
    ready = [(max(now, w.not_before or now), index) for index, w in enumerate(queue)]
    heapify(ready)
    slots: dict[int, Slot] = {}
    while ready:
        at, index = heappop(ready)
        mine = own[_same(queue[index].address)]
        free = _free(mine, throttle.per_recipient, at)
        if free > at:
            heappush(ready, (free, index))
            continue
        at = _free(total, throttle.total, at)
        total.append(at)
        mine.append(at)
        slots[index] = Slot(queue[index].key, at)
    return [slots[index] for index in range(len(queue))]


def back_off(attempt: int) -> dt.timedelta | None:
    """How long to wait after the `attempt`-th temporary refusal (from 1); None when it was the last one."""
    return BACK_OFF[max(attempt, 1) - 1] if attempt <= len(BACK_OFF) else None


def _free(taken: list[dt.datetime], rate: Rate | None, at: dt.datetime) -> dt.datetime:
    """The earliest time from `at` on at which the rate allows one more; `taken` is sorted, nothing in it is later."""
    if rate is None or len(taken) < rate.count:
        return at
    return max(at, taken[-rate.count] + rate.per)


def _same(address: str) -> str:
    """Mailboxes that a server is free to tell apart and no office does: upper and lower case are one."""
    return address.strip().lower()
