"""One night in a process of its own, that stops where it is told to and waits to be killed.

    python -m tests.integration.night_worker DATABASE_URL TRANSPORT DAY STOP

STOP is `decide` (a batch is claimed, others are not), `claimed` (all are, nothing is written), `compose` (mails are
queued, none is sent), `accepted` (the server has the first mail, the ledger does not know), `deliver` (the first mail
is sent and settled), or `never`. It prints `here` when it has come there.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from duban.adapters.database import Database
from duban.adapters.mail import Mailbox, Transport, transport_from_url
from duban.notices.rendering import Renderer
from duban.services.night import NightTools, run_night
from duban.services.notice_rows import Office
from duban.settings import ROOT


def wait_for_the_end() -> None:
    print("here", flush=True)
    time.sleep(600)


class StopsAfterSending:
    """A real transport whose first accepted mail is the last thing that the process sees."""

    def __init__(self, inner: Transport) -> None:
        self.inner = inner
        self.repeatable = inner.repeatable

    @contextmanager
    def open(self) -> Iterator[Any]:
        with self.inner.open() as session:
            self.session = session
            yield self

    def send(self, outgoing: Any) -> None:
        self.session.send(outgoing)
        wait_for_the_end()


def main(url: str, transport_url: str, day: str, stop: str) -> None:
    transport: Any = transport_from_url(transport_url, Mailbox("督查室", "duban@example.org"))
    if stop == "accepted":
        transport = StopsAfterSending(transport)
    as_of = dt.date.fromisoformat(day)
    start = dt.datetime.combine(as_of, dt.time(1, 0), dt.timezone(dt.timedelta(hours=8))).astimezone(dt.UTC)
    begun = time.monotonic()

    def clock() -> dt.datetime:
        return start + dt.timedelta(seconds=time.monotonic() - begun)

    def progress(phase: str, done: int, of: int) -> None:
        last = phase == "decide" and done == of
        if phase == stop or (stop == "claimed" and last):
            wait_for_the_end()

    tools = NightTools(
        Database(url),
        transport,
        Renderer(ROOT / "templates" / "notices"),
        Office("ducha@example.org", "http://127.0.0.1:8300"),
        clock,
        batch=2,
    )
    run_night(tools, as_of, progress)


if __name__ == "__main__":
    main(*sys.argv[1:])
