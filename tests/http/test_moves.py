"""Transitions over HTTP: versions, refusals, idempotency keys, bulk, and the history that they leave."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from .conftest import Site

PROBLEM = "application/problem+json"


def path(item_id: int) -> str:
    return f"/api/v1/items/{item_id}/transitions"


def start(site: Site) -> tuple[int, dict[str, Any]]:
    """An item that may be started, and the body that starts it."""
    item = site.in_state("measure_drafted", number="3")
    return item.id, {"action": "start", "expected_version": item.version, "reason": "已启动"}


def test_a_transition_moves_the_item_and_stands_in_its_history(site_on_both: Site) -> None:
    client = site_on_both.client("unit")
    item_id, body = start(site_on_both)
    answer = client.post(path(item_id), json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "item_id": item_id,
        "before": "measure_drafted",
        "state": "ongoing",
        "version": body["expected_version"] + 1,
        "event": "item.started",
    }
    shown = client.get(f"/api/v1/items/{item_id}").json()["row"]
    assert (shown["state"], shown["version"]) == ("ongoing", body["expected_version"] + 1)
    last = client.get(f"/api/v1/items/{item_id}/history").json()[-1]
    assert (last["type"], last["actor"], last["source"], last["reason"]) == ("item.started", "unit", "api", "已启动")


def test_a_stale_version_is_409_with_the_present_state(site_on_both: Site) -> None:
    client = site_on_both.client("unit")
    item_id, body = start(site_on_both)
    assert client.post(path(item_id), json=body).status_code == 200
    answer = client.post(path(item_id), json=body)
    assert answer.status_code == 409
    assert answer.headers["content-type"] == PROBLEM
    problem = answer.json()
    assert problem["code"] == "stale_version"
    assert problem["present"] == {"version": body["expected_version"] + 1, "state": "ongoing"}
    assert problem["remedy"]


def test_two_writers_with_the_same_version_one_wins_and_one_gets_409(site_on_both: Site) -> None:
    item_id, body = start(site_on_both)
    clients = [site_on_both.client("unit"), site_on_both.client("supervisor")]
    answers: list[httpx.Response] = []
    threads = [threading.Thread(target=lambda c=c: answers.append(c.post(path(item_id), json=body))) for c in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(a.status_code for a in answers) == [200, 409]
    history = clients[0].get(f"/api/v1/items/{item_id}/history").json()
    assert [e["type"] for e in history].count("item.started") == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"action": "sustain"}, 409, "transition_refused"),
        ({"action": "reopen", "reason": "x"}, 409, "transition_refused"),
        ({"action": "withdraw"}, 422, "guard_failed"),
        ({"action": "merge", "reason": "x"}, 422, "guard_failed"),
        ({"action": "fly"}, 422, "invalid_request"),
        ({}, 422, "invalid_request"),
        ({"action": "start", "expected_version": None}, 422, "invalid_request"),
        ({"action": "start", "expected_version": -1}, 422, "invalid_request"),
        ({"action": "start", "extra": 1}, 422, "invalid_request"),
        ({"action": "start", "reason": "\u0000"}, 422, "invalid_request"),
        ({"action": "start", "occurred_at": "2026-07-01T00:00:00"}, 422, "invalid_request"),
        ({"action": "merge", "reason": "x", "merge_into": 10**30}, 422, "invalid_request"),
    ],
)
def test_every_refusal_has_its_status_and_code(site: Site, body: dict[str, Any], status: int, code: str) -> None:
    item_id, right = start(site)
    answer = site.client("supervisor").post(path(item_id), json={"expected_version": right["expected_version"]} | body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == PROBLEM


def test_a_closing_that_is_not_ready_names_each_gap(site: Site) -> None:
    item = site.in_state("ongoing")
    answer = site.client("supervisor").post(path(item.id), json={"action": "close", "expected_version": item.version})
    assert answer.status_code == 422
    gaps = answer.json()["gaps"]
    assert "尚未上传佐证材料" in gaps
    assert any("申请销号" in gap for gap in gaps)


def test_an_item_in_quarantine_does_not_move(site: Site) -> None:
    item = site.item("12")
    assert item.quarantined
    answer = site.client("supervisor").post(path(item.id), json={"action": "start", "expected_version": item.version})
    assert (answer.status_code, answer.json()["code"]) == (409, "quarantined")


def test_an_item_that_does_not_exist_is_404(site: Site) -> None:
    answer = site.client("supervisor").post(path(987654), json={"action": "start", "expected_version": 1})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert site.client("supervisor").get("/api/v1/items/0").status_code == 422
    assert site.client("supervisor").get(f"/api/v1/items/{2**63}").status_code == 422


def test_the_same_key_and_request_gets_the_same_answer_and_is_done_once(site_on_both: Site) -> None:
    client = site_on_both.client("unit")
    item_id, body = start(site_on_both)
    key = {"Idempotency-Key": "key-1"}
    first = client.post(path(item_id), json=body, headers=key)
    second = client.post(path(item_id), json=body, headers=key)
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert site_on_both.item("3").version == body["expected_version"] + 1


def test_the_same_key_with_another_request_is_refused(site: Site) -> None:
    client = site.client("unit")
    item_id, body = start(site)
    key = {"Idempotency-Key": "key-1"}
    client.post(path(item_id), json=body, headers=key)
    other = client.post(path(item_id), json=body | {"reason": "another"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_keys_of_two_people_have_nothing_to_do_with_each_other(site: Site) -> None:
    item_id, body = start(site)
    key = {"Idempotency-Key": "key-1"}
    assert site.client("unit").post(path(item_id), json=body, headers=key).status_code == 200
    assert site.client("supervisor").post(path(item_id), json=body, headers=key).status_code == 409


def test_a_refusal_frees_its_key_for_the_corrected_request(site: Site) -> None:
    client = site.client("unit")
    item_id, body = start(site)
    key = {"Idempotency-Key": "key-1"}
    assert client.post(path(item_id), json=body | {"expected_version": 99}, headers=key).status_code == 409
    assert client.post(path(item_id), json=body, headers=key).status_code == 200


def test_many_with_a_key_that_died_half_way_go_on_where_they_stopped(site_on_both: Site) -> None:
    """What was committed before the crash keeps its answer, what was not is done by the same request again."""
    item_id, body = start(site_on_both)
    supervisor = site_on_both.client("supervisor")
    whole = {
        "transitions": [{"item_id": item_id} | body, {"item_id": 999999, "action": "start", "expected_version": 1}]
    }
    key = {"Idempotency-Key": "key-1"}
    first = supervisor.post("/api/v1/items/transitions", json=whole, headers=key)
    assert [r["done"] for r in first.json()["results"]] == [True, False]
    forget_last_answer(site_on_both)  # as a kill before the second one's commit leaves it
    second = supervisor.post("/api/v1/items/transitions", json=whole, headers=key)
    assert second.json() == first.json()
    assert "idempotency-replayed" not in second.headers
    third = supervisor.post("/api/v1/items/transitions", json=whole, headers=key)
    assert (third.json(), third.headers["idempotency-replayed"]) == (first.json(), "true")
    assert site_on_both.item("3").version == body["expected_version"] + 1
    other = supervisor.post("/api/v1/items/transitions", json={"transitions": whole["transitions"][:1]}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def forget_last_answer(site: Site) -> None:
    from models import IdempotencyKey

    with site.database.write() as session:
        kept = session.scalars(select(IdempotencyKey)).all()
        session.delete(next(k for k in kept if not k.body["done"]))


def test_many_transitions_get_a_result_each_and_one_refused_stops_none(site: Site) -> None:
    item_id, body = start(site)
    doubted = site.item("12")
    answer = site.client("supervisor").post(
        "/api/v1/items/transitions",
        json={
            "transitions": [
                {"item_id": 999999, "action": "start", "expected_version": 1},
                {"item_id": doubted.id, "action": "start", "expected_version": doubted.version},
                {"item_id": item_id} | body,
            ]
        },
    )
    assert answer.status_code == 200
    result = answer.json()
    assert (result["done"], result["refused"]) == (1, 2)
    assert [r["problem"] and r["problem"]["code"] for r in result["results"]] == ["not_found", "quarantined", None]
    assert result["results"][2]["moved"]["state"] == "ongoing"


def test_a_dry_run_of_many_says_what_would_become_of_each_and_does_nothing(site_on_both: Site) -> None:
    client, item = site_on_both.client("supervisor"), site_on_both.item("3")
    first = {"item_id": item.id, "action": "start", "expected_version": item.version}
    body = {
        "transitions": [
            first,
            first,
            first | {"expected_version": item.version + 1, "action": "withdraw", "reason": "x"},
        ]
    }
    shown = client.post("/api/v1/items/transitions", json=body | {"dry_run": True}).json()
    assert (shown["done"], shown["refused"]) == (2, 1)  # the third follows on the first
    assert shown["results"][1]["problem"]["code"] == "stale_version"
    assert site_on_both.item("3").version == item.version
    history = client.get(f"/api/v1/items/{item.id}/history").json()
    assert "item.started" not in [e["type"] for e in history]
    assert client.post("/api/v1/items/transitions", json=body).json() == shown


def test_a_thousand_at_once_have_a_result_each_and_one_more_is_refused(site: Site) -> None:
    client, item = site.client("supervisor"), site.item("3")
    one = {"item_id": item.id, "action": "start", "expected_version": item.version}
    many = [one | {"item_id": 900_000 + n} for n in range(999)] + [one]
    answer = client.post("/api/v1/items/transitions", json={"transitions": many}, timeout=60).json()
    assert (answer["done"], answer["refused"], len(answer["results"])) == (1, 999, 1000)
    assert answer["results"][-1]["moved"]["state"] == "ongoing"
    over = client.post("/api/v1/items/transitions", json={"transitions": [*many, one]})
    assert (over.status_code, over.json()["code"]) == (422, "invalid_request")


def test_a_refused_transition_of_many_is_in_the_access_log(site: Site) -> None:
    from models import AccessLog

    other = site.item("6")
    site.client("unit").post(
        "/api/v1/items/transitions",
        json={"transitions": [{"item_id": other.id, "action": "start", "expected_version": other.version}]},
    )
    with site.database.read() as session:
        assert "forbidden" in session.scalars(select(AccessLog.outcome)).all()


def test_the_actions_shown_are_the_ones_that_work(site: Site) -> None:
    for person in ("unit", "lead", "supervisor", "viewer"):
        client = site.client(person)
        item = site.item("3")
        shown = client.get(f"/api/v1/items/{item.id}").json()["actions"]
        names = {a["action"] for a in shown}
        for action in ("draft_measure", "return_measure", "start", "close", "withdraw", "reopen", "sustain"):
            answer = client.post(
                path(item.id), json={"action": action, "expected_version": item.version + 9, "reason": "x"}
            )
            open_to = answer.status_code == 409 and answer.json()["code"] == "stale_version"
            assert open_to or action not in names, (person, action, answer.text)
