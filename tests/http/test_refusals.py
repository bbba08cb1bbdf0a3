"""Every refusal is on record: who, what, from where and why; no key of anybody's, and no flood of lines."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from duban.api.refusals import LINES_AT_ONCE, Kind, RefusalLog
from models import AccessLog

from .conftest import NOW, Site


def lines(site: Site) -> list[AccessLog]:
    with site.database.read() as session:
        return list(session.scalars(select(AccessLog).where(AccessLog.outcome != "done").order_by(AccessLog.id)))


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "path", "sent", "code", "why"),
    [
        ("GET", "/api/v1/items/999999", {}, "not_found", "999999"),
        ("GET", "/api/v1/nowhere", {}, "no_such_address", "/api/v1/nowhere"),
        ("GET", "/api/v1/items", {"params": {"ligth": "red"}}, "invalid_request", "ligth"),
        ("DELETE", "/api/v1/items", {}, "method_not_allowed", "DELETE"),
        ("POST", "/api/v1/items/{id}/transitions", {"content": b"{", "headers": JSON}, "invalid_request", "JSON"),
        ("POST", "/api/v1/items/{id}/transitions", {"json": {"action": "start"}}, "stale_version", "900"),
        ("POST", "/api/v1/items/{id}/transitions", {"json": {"action": "close"}}, "transition_refused", "close"),
        ("POST", "/api/v1/items/{id}/closing", {"json": {"step": "verify"}}, "closing_step_refused", "closing"),
    ],
)
def test_every_refusal_says_who_what_and_why(
    site_on_both: Site, method: str, path: str, sent: dict[str, Any], code: str, why: str
) -> None:
    client, item = site_on_both.client("supervisor"), site_on_both.item("3")
    assert client.get("/api/v1/me").is_success  # from here on the key is known, whatever the request looks like
    if "json" in sent:
        version = 900 if code == "stale_version" else item.version
        sent = {"json": sent["json"] | {"expected_version": version}}
    address = path.replace("{id}", str(item.id))
    assert client.request(method, address, **sent).json()["code"] == code
    line = lines(site_on_both)[-1]
    assert (line.actor, line.action, line.outcome) == ("supervisor", f"{method} {address}", code)
    assert line.address == "127.0.0.1"
    assert why in line.detail or code == "closing_step_refused"
    assert line.detail


def test_a_refused_page_and_form_are_on_record_too(site: Site) -> None:
    client = site.signed_in("unit")
    assert client.get("/items/999999").status_code == 404
    assert client.get("/items", params={"as_of": "yesterday"}).status_code == 422
    assert client.post("/views", data={"csrf": "wrong"}).status_code == 403
    site.client().post("/sign-in", data={"name": "unit", "password": "x", "csrf": "wrong"})
    assert [(line.actor, line.outcome) for line in lines(site)] == [
        ("unit", "not_found"),
        ("unit", "invalid_request"),
        ("unit", "csrf"),
        ("-", "csrf"),
    ]


def test_nothing_that_opens_a_door_is_written_down(site: Site) -> None:
    token = site.token("unit")
    client = site.client("unit")
    client.get(f"/api/v1/tokens/{token}")
    client.get(f"/api/v1/{token}")
    client.get(f"/api/v1/items?{token}=1")
    client.get("/link/abc.def-ghi.signature/more")
    client.post("/api/v1/users", json={"name": "x", "role": "unit", "password": "a password of somebody", "more": 1})
    written = "\n".join(f"{line.action} {line.detail}" for line in lines(site))
    assert len(lines(site)) == 5
    for secret in (token[6:], "signature", "a password"):
        assert secret not in written


def test_what_is_written_is_one_legible_line_whatever_was_asked_for(site_on_both: Site) -> None:
    client = site_on_both.client("unit")
    for path in ("/%00", "/a%0Ab", "/%1b[31m", "/" + "x" * 3000, "/api/v1/plans/%ed%a0%80", "/%E2%80%AE"):
        assert client.get(path).status_code == 404, path
    found = lines(site_on_both)
    assert len(found) == 6
    assert all((line.action + line.detail).isprintable() and len(line.action) <= 100 for line in found)


def test_a_flood_has_its_first_lines_and_then_a_count_and_hides_nothing_else(site: Site) -> None:
    client, other = site.client("unit"), site.client("lead")
    for n in range(LINES_AT_ONCE + 25):
        assert client.get(f"/api/v1/items/{900_000 + n}").status_code == 404
    assert client.get(f"/api/v1/items/{site.item('6').id}").status_code == 403
    assert other.get("/api/v1/items/900000").status_code == 404
    written = [(line.actor, line.outcome) for line in lines(site)]
    assert written.count(("unit", "not_found")) == LINES_AT_ONCE
    assert written[-2:] == [("unit", "out_of_scope"), ("lead", "not_found")]


def test_what_a_flood_left_out_is_counted_at_the_latest_after_a_minute(site: Site) -> None:
    clock = [0.0]
    log, kind = RefusalLog(lambda: clock[0]), Kind("unit", "127.0.0.1", "not_found")

    def refuse(times: int) -> None:
        for _ in range(times):
            log.write(site.database, kind, action="GET /x", why="there is no x", now=NOW)

    refuse(LINES_AT_ONCE + 7)
    clock[0] = 6.0  # one line more by now
    refuse(2)
    assert lines(site)[-1].detail == "there is no x (7 more like it before)"
    assert not log.is_due
    clock[0] = 61.0
    assert log.is_due
    log.tell(site.database, NOW)
    last = lines(site)[-1]
    assert (last.actor, last.outcome, last.detail) == ("unit", "not_found", "1 more like it")
    assert not log.is_due
