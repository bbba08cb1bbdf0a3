"""The night as duban does it, ready to run."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

from duban.adapters.database import Database
from duban.adapters.mail import Mailbox, transport_from_url
from duban.notices.rendering import Renderer
from duban.services.night import NightTools, run_night
from duban.services.notice_rows import Office

OFFICE = "ducha@example.org"
PUBLIC_URL = "http://127.0.0.1:8300"
SENDER = Mailbox("督查室", "duban@example.org")


def prepare(url: str, smtp: str) -> Callable[[dt.date], dict[str, Any]]:
    """What is set up before the watch starts."""
    database = Database(url)
    tools = NightTools(
        database,
        transport_from_url(smtp, SENDER),
        Renderer(),
        Office(OFFICE, PUBLIC_URL),
        lambda: dt.datetime.now(dt.UTC),
    )

    def night(as_of: dt.date) -> dict[str, Any]:
        phases: dict[str, float] = {}
        start = time.perf_counter()

        def progress(phase: str, _done: int, _of: int) -> None:
            phases[phase] = time.perf_counter() - start

        report = run_night(tools, as_of, progress)
        phases["finish"] = time.perf_counter() - start
        return {
            "ok": report.ok,
            "clocks": report.claimed.clocks,
            "notices": report.claimed.notices,
            "mails": report.mails,
            "sent": report.delivered.sent,
            "until": {k: round(v, 2) for k, v in phases.items()},
        }

    return night
