"""What holds for every route that changes something, walked over the OpenAPI document."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from models import Document, IdempotencyKey, Party, Token

from .conftest import OFFICE, PEOPLE, ROOT, Site

#: What a viewer may do: his own keys and views, and receipts for whom he acts.
OWN = {
    ("POST", "/api/v1/tokens"),
    ("DELETE", "/api/v1/tokens/{token_id}"),
    ("POST", "/api/v1/views"),
    ("DELETE", "/api/v1/views/{view_id}"),
    ("POST", "/api/v1/notices/{notice_id}/acknowledge"),
}


def changing(client: httpx.Client) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, address and description of every operation that changes something."""
    paths = client.get("/openapi.json").json()["paths"]
    found = [
        (method.upper(), path, operation)
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method in ("post", "put", "patch", "delete")
    ]
    assert len(found) > 45
    return found


def at(path: str) -> str:
    """With 1 for every part, but for a token: 1 is the caller's own."""
    return re.sub(r"\{\w+\}", "1", path.replace("{token_id}", "997"))


BROKEN = {"content": b'{"reason": ', "headers": {"Content-Type": "application/json"}}


@pytest.mark.parametrize("sent", [{}, {"json": {}}, BROKEN], ids=["nothing", "an empty body", "a broken body"])
def test_whoever_may_not_is_told_so_whatever_they_sent(site: Site, sent: dict[str, Any]) -> None:
    stranger, viewer = site.client(), site.client("viewer")
    for method, path, _ in changing(viewer):
        assert stranger.request(method, at(path), params={"x": "1"}, **sent).status_code == 401, (method, path)
        answer = viewer.request(method, at(path), **sent)
        assert (answer.status_code == 403) == ((method, path) not in OWN), (method, path, answer.text)


@pytest.mark.parametrize("person", ["unit", "lead"])
def test_who_acts_on_other_items_hears_that_before_a_wrong_field(site: Site, person: str) -> None:
    other = site.item("6").id
    client = site.client(person)
    for method, path, _ in changing(client):
        if "{item_id}" in path:
            sent = at(path.replace("{item_id}", str(other)))
            assert client.request(method, sent, **BROKEN).status_code == 403, (method, path)


def test_every_post_takes_a_key_and_every_change_a_precondition(site: Site) -> None:
    admin = site.client("admin")
    for method, path, operation in changing(admin):
        if method == "POST":
            headers = [p["name"].lower() for p in operation.get("parameters", []) if p["in"] == "header"]
            assert headers.count("idempotency-key") == 1, path
        assert "412" in operation["responses"], path
        answer = admin.request(method, at(path), json={}, headers={"If-Match": '"977"'})
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed"), (method, path, answer.text)


def test_an_item_tells_its_tag_and_a_change_holds_it_against_it(site: Site) -> None:
    client, item = site.client("supervisor"), site.item("3")
    tag = client.get(f"/api/v1/items/{item.id}").headers["etag"]
    assert tag == f'"{item.version}"'
    clock = client.get(f"/api/v1/items/{item.id}").json()["clocks"][0]["id"]
    address, body = f"/api/v1/items/{item.id}/clocks/{clock}/pause", {"reason": "等待批复"}
    versioned = body | {"expected_version": item.version}
    stale = client.post(address, json=versioned, headers={"If-Match": f'"{item.version + 1}"'})
    assert stale.status_code == 412
    assert site.item("3").version == item.version
    assert client.post(address, json=versioned, headers={"If-Match": f'"0", {tag}'}).status_code == 200
    assert client.get(f"/api/v1/items/{item.id}").headers["etag"] != tag


def test_a_key_makes_one_token_and_its_secret_is_kept_nowhere(site_on_both: Site) -> None:
    site, key = site_on_both, {"Idempotency-Key": "k1"}
    client = site.client("unit")
    first = client.post("/api/v1/tokens", json={"name": "mine"}, headers=key)
    again = client.post("/api/v1/tokens", json={"name": "mine"}, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["token"].startswith("duban_")
    assert again.json() == first.json() | {"token": None}
    assert again.headers["idempotency-replayed"] == "true"
    with site.database.read() as session:
        assert session.scalar(select(func.count()).where(Token.name == "mine")) == 1
        (kept,) = session.scalars(select(IdempotencyKey)).all()
        assert first.json()["token"] not in str(kept.body)
    other = client.post("/api/v1/tokens", json={"name": "other"}, headers=key)
    assert other.json()["code"] == "idempotency_key_reused"


def test_an_upload_with_a_key_is_done_once_and_another_file_is_another_request(site_on_both: Site) -> None:
    site, key = site_on_both, {"Idempotency-Key": "k2"}
    client = site.client("supervisor")
    plan = (ROOT / "examples" / "plan.md").read_bytes()
    edition = plan + "\n补充说明:本方案自印发之日起施行。\n".encode()

    def send(content: bytes) -> httpx.Response:
        return client.post("/api/v1/plans/1/editions", files={"file": ("plan.md", content)}, headers=key)

    first, again = send(edition), send(edition)
    assert (first.status_code, again.status_code) == (201, 201), first.text
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    with site.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Document)) == 2
    assert send(plan).json()["code"] == "idempotency_key_reused"


def test_a_refusal_frees_the_key_on_a_route_that_took_none(site: Site) -> None:
    client, item = site.client("supervisor"), site.item("3")
    clock = client.get(f"/api/v1/items/{item.id}").json()["clocks"][0]["id"]
    address, key = f"/api/v1/items/{item.id}/clocks/{clock}/pause", {"Idempotency-Key": "k3"}
    stale = {"reason": "等待批复", "expected_version": item.version + 7}
    assert client.post(address, json=stale, headers=key).status_code == 409
    right = stale | {"expected_version": item.version}
    assert client.post(address, json=right, headers=key).status_code == 200
    assert client.post(address, json=right, headers=key).headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("address", ["/api/v1/plans/1/parties", "/api/v1/notices?limit=200"])
@pytest.mark.parametrize("person", ["viewer", "unit", "lead"])
def test_nobody_but_the_office_reads_the_addresses_of_others(site_on_both: Site, address: str, person: str) -> None:
    from duban.services.assignments import assign_items

    site = site_on_both
    assign_items(site.database, plan="1", actor=OFFICE, now=site.clock())
    assert "@example.org" in site.client("supervisor").get(address).text
    seen = set(re.findall(r"[\w.-]+@example\.org", site.client(person).get(address).text))
    with site.database.read() as session:
        names = PEOPLE[person][1]
        own = set(session.scalars(select(Party.email).where(Party.name.in_(names), Party.email.is_not(None))))
    assert seen <= own, seen
    assert person != "viewer" or not seen


def test_a_name_that_nobody_has_is_answered_as_one_that_somebody_has(site_on_both: Site) -> None:
    site = site_on_both

    def tries(name: str) -> list[int]:
        client = site.client()
        csrf = client.get("/sign-in").text.split('name="csrf" value="')[1].split('"')[0]
        form = {"name": name, "password": "wrong password", "csrf": csrf}
        return [client.post("/sign-in", data=form).status_code for _ in range(7)]

    assert tries("viewer") == tries("nobody of this name") == [401] * 5 + [429] * 2
    site.clock.advance(minutes=16)
    assert tries("viewer") == tries("nobody of this name") == [401] + [429] * 6


def test_the_figures_are_the_offices_own(site: Site) -> None:
    assert site.client().get("/metrics").status_code == 401
    for person, status in (("viewer", 403), ("unit", 403), ("lead", 403), ("supervisor", 200), ("admin", 200)):
        assert site.client(person).get("/metrics").status_code == status


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("transitions", {"action": "start", "occurred_at": "1990-01-01T00:00:00+08:00"}),
        ("measures", {"progress": "done", "done_on": "1990-01-01"}),
        ("milestones", {"done_on": "2025-12-31"}),
    ],
)
def test_nothing_is_done_before_the_plan_was_there(site_on_both: Site, address: str, body: dict[str, Any]) -> None:
    client, item = site_on_both.client("unit"), site_on_both.item("3")
    at_item = f"/api/v1/items/{item.id}"
    parts = client.get(at_item).json()
    below = f"/{parts[address][0]['id']}" if address != "transitions" else ""
    sent = body | {"expected_version": item.version}
    answer = client.post(f"{at_item}/{address}{below}", json=sent)
    assert (answer.status_code, answer.json()["code"]) == (422, "before_the_item"), answer.text
    assert site_on_both.item("3").version == item.version


@pytest.mark.parametrize("person", ["viewer", "unit", "lead"])
@pytest.mark.parametrize("below", ["/plans", "/items", "/notices", "/proposals", "/calls", "/self-checks"])
def test_a_list_that_is_cut_to_what_one_may_see_opens_for_everybody_signed_in(
    site: Site, person: str, below: str
) -> None:
    answer = site.client(person).get(f"/api/v1{below}")
    assert answer.status_code == 200, answer.text
