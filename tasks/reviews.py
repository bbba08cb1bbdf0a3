"""Preparing a review: what is due in the period that begins, what is overdue, and who stands where."""

from __future__ import annotations

import datetime as dt

from prefect import task
from prefect.cache_policies import NO_CACHE

from duban.services import publications
from tasks.ledger import database
from tasks.night import board, publish


@task(task_run_name="准备 {cadence} {as_of}", cache_policy=NO_CACHE, persist_result=False)
def prepare_review(cadence: str, as_of: dt.date) -> bool:
    """Publishes the material of a review; false where no plan holds one now."""
    found = publications.review_publication(database(), cadence, as_of, public_url=board())
    if found is not None:
        publish(f"review-{cadence}", f"{cadence} {as_of}", found)
    return found is not None
