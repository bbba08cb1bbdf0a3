"""Health, readiness and figures: what supervises duban itself."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from duban.adapters.database import ping
from duban.api.context import OFFICE, Ctx
from duban.api.problems import documented
from duban.api.routing import only
from duban.services.queries.operations import figures, last_night

router = APIRouter(tags=["operations"])

#: A night is due every day; past this age somebody has to look.
NIGHT_MAY_BE_OLD = dt.timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class Health:
    """The process answers."""

    status: Literal["ok"]


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the ledger answers, and the age of the last successful night (null before the first one)."""

    status: Literal["ready", "not_ready"]
    ledger: bool
    last_night: dt.date | None
    last_night_age_seconds: float | None
    night_is_late: bool


@router.get("/healthz", summary="The process answers")
def get_health() -> Health:
    """Says nothing of the ledger: see /readyz."""
    return Health("ok")


@router.get(
    "/readyz",
    summary="The ledger answers, and how old the last night is",
    responses={503: {"description": "The ledger does not answer.", "model": Readiness}},
)
def get_readiness(context: Ctx, response: Response) -> Readiness:
    """`night_is_late` after 26 hours; it does not make the API unready, since people can still work."""
    try:
        ping(context.database)
        night = last_night(context.database, successful=True, until=context.as_of())
    except SQLAlchemyError:
        response.status_code = 503
        return Readiness("not_ready", False, None, None, True)
    age = context.now() - night.finished_at if night is not None and night.finished_at is not None else None
    return Readiness(
        "ready",
        True,
        night.as_of if night is not None else None,
        age.total_seconds() if age is not None else None,
        age is None or age > NIGHT_MAY_BE_OLD,
    )


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **documented(401, 403)},
    dependencies=[only("read the figures", *OFFICE)],
)
def get_metrics(context: Ctx) -> Response:
    """The office's; Prometheus sends a token too (`authorization` in its scrape settings): counts are data."""
    states, found = figures(context.database, as_of=context.as_of(), now=context.now())
    return Response(context.metrics.exposition(states, found), media_type=CONTENT_TYPE_LATEST)
