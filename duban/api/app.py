"""The HTTP API as one ASGI app."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi

import duban
from duban.adapters.database import Database
from duban.api import (
    clocks,
    directory,
    editions,
    explain,
    items,
    moves,
    notices,
    operations,
    outbox,
    papers,
    people,
    plans,
    problems,
    progress,
    proposals,
    reports,
    review,
    rules,
    spread,
    stream,
    views,
)
from duban.api.context import Context, known_parameters, log_refusal, utc_now
from duban.api.examples import answers
from duban.api.limits import Allowances, BodyLimit, RateLimit
from duban.api.metrics import Measured
from duban.api.upkeep import lifespan
from duban.settings import Settings

#: Requests that one client may make steadily a minute.
REQUESTS_A_MINUTE = 6000
DESCRIPTION = """
Follows every rectification item of a government plan from the day it is assigned until it is struck off the ledger.

Sign in with `Authorization: Bearer <token>`. A refusal is `application/problem+json` with a stable `code`, what is
wrong (`detail`) and what would be right (`remedy`). Whatever changes an item takes the `expected_version` that you saw.
Requests that change something take an `Idempotency-Key`: repeat a request with its key and it is done once.
"""
TAGS = [
    {"name": "items", "description": "整改事项: what stands, what happened, why this date and this light."},
    {"name": "transitions", "description": "The transition table: who may move an item from where to where."},
    {"name": "progress", "description": "Measures, milestones, regulations, evidence, and the steps of 销号."},
    {"name": "review", "description": "The reading set right: doubts settled, items split, joined and corrected."},
    {"name": "limits", "description": "延期 and 暂停: limits that move."},
    {
        "name": "spread",
        "description": "举一反三、吹哨、回头看: sibling units, called units, closed items looked at again.",
    },
    {
        "name": "rules",
        "description": "督办规则、放假安排: policies and the calendar, previewed and applied; the release.",
    },
    {"name": "plans", "description": "方案: upload, release, doubts about the reading, ranking, parties."},
    {"name": "notices", "description": "督办单、催办通知书: who got what, and who acknowledged it."},
    {"name": "papers", "description": "月检查、月曝光、月排名、例会议题、进展通报: papers of month and quarter."},
    {"name": "events", "description": "What changes, as it changes."},
    {"name": "views", "description": "常用视图: one's own filters of the list of items."},
    {"name": "people", "description": "Users and tokens."},
    {"name": "operations", "description": "Health, readiness, figures."},
]


def create_app(
    settings: Settings,
    database: Database,
    *,
    now: Callable[[], dt.datetime] = utc_now,
    as_of: Callable[[], dt.date] | None = None,
    requests_a_minute: float = REQUESTS_A_MINUTE,
) -> FastAPI:
    """The API on a ledger.

    `now` is the clock; `as_of` the business date that lights are derived for, today in the settings' time zone where
    it is left out; `requests_a_minute` of one client, 0 for no limit.
    """
    today = as_of or (lambda: now().astimezone(settings.zone).date())
    app = FastAPI(
        title="duban 督办",
        version=duban.__version__,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        docs_url=None,  # FastAPI's own pages load scripts from a CDN; the site renders the docs itself
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.context = Context(settings, database, now, today, Allowances(requests_a_minute))
    problems.install(app, log_refusal)
    v1 = APIRouter(prefix="/api/v1", dependencies=[Depends(known_parameters)])
    for module in (
        items,
        moves,
        progress,
        review,
        reports,
        clocks,
        explain,
        spread,
        plans,
        editions,
        directory,
        rules,
        notices,
        proposals,
        outbox,
        papers,
        stream,
        views,
        people,
    ):
        v1.include_router(module.router)
    app.include_router(v1)
    app.include_router(operations.router)
    app.add_middleware(BodyLimit)
    app.add_middleware(RateLimit)
    app.add_middleware(Measured, metrics=app.state.context.metrics)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The framework's document with our problems in place of its own 422."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            tags=app.openapi_tags,
            routes=app.routes,
        )
        schemas = schema["components"]["schemas"]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        schemas["Problem"] = problems.Problem.model_json_schema()
        for name, example in answers().items():
            if name in schemas:
                schemas[name]["examples"] = [example]
        for path in schema["paths"].values():
            for operation in path.values():
                _document_invalid(operation)
        app.openapi_schema = schema
    return app.openapi_schema


def _document_invalid(operation: dict[str, Any]) -> None:
    responses = operation.get("responses", {})
    if "HTTPValidationError" in str(responses.get("422", "")):
        responses["422"] = problems.documented(422)[422]
