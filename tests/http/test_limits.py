"""What is turned away: too often, too large, too deep, out of date, not known; each with its problem and in the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from duban.adapters.database import Database
from duban.api.limits import FAILURES_AT_ONCE, MAX_BODY
from duban.services.accounts import issue_token
from models import AccessLog

from .conftest import Holder, Site, serve


@pytest.fixture
def narrow(server: tuple[str, Holder], seeded: Database, tmp_path: Any) -> Iterator[Site]:
    """A site that lets each client ask ten times, and then once every six seconds."""
    found = serve(server, seeded, tmp_path, requests_a_minute=10)
    yield found
    for client in found.clients:
        client.close()


def log(site: Site, outcome: str) -> list[tuple[str, str]]:
    with site.database.read() as session:
        query = select(AccessLog.actor, AccessLog.action).where(AccessLog.outcome == outcome).order_by(AccessLog.id)
        return list(session.execute(query).tuples())


def statuses(client: httpx.Client, times: int, **headers: str) -> list[int]:
    return [client.get("/api/v1/me", headers=headers).status_code for _ in range(times)]


def test_a_user_has_one_allowance_whatever_tokens_they_show_and_others_have_theirs(narrow: Site) -> None:
    unit, lead = narrow.client("unit"), narrow.client("lead")
    other = issue_token(narrow.database, user="unit", name="second", now=narrow.clock(), life=None)
    assert statuses(unit, 3) == statuses(lead, 3) == [200] * 3  # the first of each still counts for the address
    assert statuses(unit, 1, Authorization=f"Bearer {other}") == [200]
    assert statuses(unit, 8) == [200] * 8
    assert statuses(unit, 2, Authorization=f"Bearer {other}") == [429, 429]
    assert statuses(lead, 3) == [200] * 3
    assert log(narrow, "too_many_requests") == [("unit", "GET /api/v1/me")]  # once a minute, not once a request


def test_made_up_tokens_share_the_allowance_of_the_address_they_come_from(narrow: Site) -> None:
    client = narrow.client()
    found = [statuses(client, 1, Authorization=f"Bearer made-up-{n}")[0] for n in range(12)]
    assert found == [401] * 10 + [429] * 2
    answer = client.get("/api/v1/me", headers={"Authorization": "Bearer yet-another"})
    assert answer.json()["code"] == "too_many_requests"
    assert int(answer.headers["retry-after"]) >= 1
    page = client.get("/sign-in")
    assert (page.status_code, page.headers["content-type"]) == (429, "text/html; charset=utf-8")


def test_after_too_many_wrong_keys_an_address_waits_and_right_ones_go_on(
    server: tuple[str, Holder], seeded: Database, tmp_path: Any
) -> None:
    site = serve(server, seeded, tmp_path, requests_a_minute=6000)
    right, wrong = site.client("unit"), site.client()
    assert statuses(right, 1) == [200]
    found = statuses(wrong, FAILURES_AT_ONCE, Authorization="Bearer wrong")
    assert found == [401] * FAILURES_AT_ONCE
    while statuses(wrong, 1, Authorization="Bearer wrong") != [429]:  # some come back while a slow machine asks
        found.append(401)
        assert len(found) < 3 * FAILURES_AT_ONCE
    assert wrong.get("/sign-in").status_code == 429
    assert statuses(right, 2) == [200, 200]
    for client in site.clients:
        client.close()


def test_every_kind_of_bad_request_gets_its_documented_problem(site: Site) -> None:
    client, item = site.client("unit"), site.item("3")
    at = f"/api/v1/items/{item.id}/transitions"
    move = {"action": "start", "expected_version": item.version}
    deep = b"[" * 1_000_000
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"content": deep, "headers": {"Content-Type": "application/json"}}, 422, "invalid_request"),
        ({"content": b'{"a":' * 200_000, "headers": {"Content-Type": "application/json"}}, 422, "invalid_request"),
        ({"content": b"x" * (MAX_BODY + 1), "headers": {"Content-Type": "application/json"}}, 413, "too_large"),
        ({"content": b"\xff\xfe", "headers": {"Content-Type": "application/json"}}, 422, "invalid_request"),
        ({"content": b"{}", "headers": {"Content-Type": "text/plain"}}, 422, "invalid_request"),
        ({"json": move | {"action": "abolish"}}, 422, "invalid_request"),
        ({"json": move | {"expected_version": item.version + 5}}, 409, "stale_version"),
        ({"json": move | {"hidden": True}}, 422, "invalid_request"),
        ({"json": move, "params": {"as_off": "2026-07-13"}}, 422, "invalid_request"),
    ]
    for request, status, code in cases:
        answer = client.post(at, **request)
        assert (answer.status_code, answer.json()["code"]) == (status, code), str(request)[:100]
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["remedy"]
    other = site.client("other unit").post(at, json=move)
    assert (other.status_code, other.json()["code"]) in ((403, "forbidden"), (403, "out_of_scope"))
    assert ("unit", f"POST {at}") in log(site, "too_large") or ("-", f"POST {at}") in log(site, "too_large")
    assert ("other unit", f"POST {at}") in log(site, other.json()["code"])
    assert site.item("3").version == item.version
