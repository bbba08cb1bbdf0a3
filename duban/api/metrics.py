"""Figures for Prometheus, in a registry of the app's own."""

from __future__ import annotations

import time
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFIX = "/api/v1"
#: Whatever else a client calls its method is counted under one name: names of its own would be series without end.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """Counters of this process, and gauges that are read from the ledger when somebody asks."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "duban_http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "duban_http_request_seconds", "Time to answer.", ("route",), buckets=_BUCKETS, registry=self.registry
        )
        self.items = Gauge("duban_items", "Items of the ledger by state.", ("state",), registry=self.registry)
        self.ledger = Gauge("duban_ledger", "Figures of the ledger, by name.", ("figure",), registry=self.registry)

    def exposition(self, states: Mapping[str, int], figures: Mapping[str, float]) -> bytes:
        """The text that Prometheus reads, with the ledger's figures as of now."""
        for state, count in states.items():
            self.items.labels(state).set(count)
        for name, value in figures.items():
            self.ledger.labels(name).set(value)
        return generate_latest(self.registry)


class Measured:
    """Counts and times every request by its route's pattern, never by its address."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Notes the status that was sent."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            if scope["path"].startswith(PREFIX + "/"):
                route = PREFIX + route
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self.metrics.requests.labels(method, route, str(status)).inc()
            self.metrics.seconds.labels(route).observe(time.perf_counter() - started)
