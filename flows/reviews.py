"""每周碰、双周议、每月研: the material of each review, prepared at the beginning of its period."""

from __future__ import annotations

import datetime as dt
from types import MappingProxyType
from typing import Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed

from tasks.ledger import today
from tasks.reviews import prepare_review

NAMES = MappingProxyType({"weekly": "每周碰", "fortnightly": "双周议", "monthly": "每月研", "quarterly": "每季研"})


def review_name() -> str:
    """每周碰 2026-07-13: what the run list calls a review."""
    given = flow_run.parameters
    return f"{NAMES[given['cadence']]} {given.get('as_of') or today()}"


@flow(name="review", flow_run_name=review_name, persist_result=False)
def review(
    cadence: Literal["weekly", "fortnightly", "monthly", "quarterly"], as_of: dt.date | None = None
) -> State[Any]:
    """One cadence, for every plan whose policy holds it. The review's own day follows the plan's calendar."""
    if prepare_review(cadence, as_of or today()):
        return Completed(message="材料已备")
    return Completed(name="Skipped", message="本期没有方案安排这一例会")
