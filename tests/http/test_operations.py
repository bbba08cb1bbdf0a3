"""What supervises duban, what limits its clients, the stream of events, and the document that describes it all."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from docs import answers
from duban.api import examples
from duban.api.buckets import Limiter
from duban.api.limits import MAX_BODY
from duban.services.night import WouldSend
from duban.services.policy_changes import PolicyChange
from duban.services.queries.re_inspections import ReInspections
from duban.services.queries.shapes import ItemPage
from duban.services.queries.spread import CallView, SelfChecks
from duban.services.saved_views import ViewEntry
from duban.services.transitions import Moved

from .conftest import ROOT, Holder, Site, serve


def test_readiness_tells_the_age_of_the_last_successful_night(site_on_both: Site) -> None:
    from models import Night, NightState

    client = site_on_both.client()
    before = client.get("/readyz").json()
    assert before == {
        "status": "ready",
        "ledger": True,
        "last_night": None,
        "last_night_age_seconds": None,
        "night_is_late": True,
    }
    import datetime as dt

    now = site_on_both.clock()
    with site_on_both.database.write() as session:
        session.add(
            Night(
                as_of=dt.date(2026, 7, 12),
                state=NightState.COMPLETED,
                started_at=now - dt.timedelta(hours=2),
                finished_at=now - dt.timedelta(hours=1),
                counts={},
            )
        )
        session.add(
            Night(as_of=dt.date(2026, 7, 13), state=NightState.FAILED, started_at=now, finished_at=now, counts={})
        )
    after = client.get("/readyz").json()
    assert (after["last_night"], after["last_night_age_seconds"], after["night_is_late"]) == ("2026-07-12", 3600, False)
    site_on_both.clock.advance(hours=26)
    assert client.get("/readyz").json()["night_is_late"]


def test_a_ledger_that_does_not_answer_is_503_and_the_process_stays_healthy(
    site: Site, server: tuple[str, Holder]
) -> None:
    from duban.adapters.database import Database

    _, holder = server
    state = holder.site.state
    state.context = dataclasses.replace(state.context, database=Database("postgresql://nobody@127.0.0.1:1/none"))
    client = site.client()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ledger"]) == (503, False)
    assert client.get("/healthz").status_code == 200


def test_metrics_count_requests_by_route_and_show_the_ledger(site: Site) -> None:
    client = site.client("supervisor")
    client.get(f"/api/v1/items/{site.item('3').id}")
    text = client.get("/metrics").text
    assert re.search(r'duban_http_requests_total\{method="GET",route="/api/v1/items/\{item_id\}",status="200"\}', text)
    assert re.search(r'duban_items\{state="measure_drafted"\} \d+', text)
    assert re.search(r'duban_ledger\{figure="items_overdue"\} [1-9]', text)
    assert re.search(r'duban_ledger\{figure="items_quarantined"\} 2', text)


def test_a_bucket_fills_steadily_and_says_how_long_to_wait() -> None:
    clock = [0.0]
    limiter = Limiter(per_minute=60, burst=3, clock=lambda: clock[0])
    assert [limiter.take("a") for _ in range(4)] == [0, 0, 0, 1]
    assert limiter.take("b") == 0
    clock[0] = 1.0
    assert [limiter.take("a"), limiter.take("a")] == [0, 1]


def test_a_client_that_asks_too_often_gets_429_and_health_still_answers(
    server: tuple[str, Holder], seeded: Any, tmp_path: Any
) -> None:
    site = serve(server, seeded, tmp_path, requests_a_minute=5)
    client = site.client("supervisor")
    answers = [client.get("/api/v1/me") for _ in range(7)]
    assert [a.status_code for a in answers].count(200) >= 5
    last = answers[-1]
    assert (last.status_code, last.json()["code"]) == (429, "too_many_requests")
    assert int(last.headers["retry-after"]) >= 1
    assert client.get("/healthz").status_code == 200
    client.close()


def test_a_body_that_is_too_large_is_413_however_it_is_sent(site: Site) -> None:
    client = site.client("supervisor")
    path = f"/api/v1/items/{site.item('3').id}/transitions"
    declared = client.post(path, content=b"x" * (MAX_BODY + 1), headers={"Content-Type": "application/json"})
    assert (declared.status_code, declared.json()["code"]) == (413, "too_large")

    def pieces() -> Any:
        for _ in range(12):
            yield b" " * 100_000

    chunked = client.post(path, content=pieces(), headers={"Content-Type": "application/json"})
    assert (chunked.status_code, chunked.json()["code"]) == (413, "too_large")


def test_evidence_over_twenty_megabytes_is_refused(site: Site) -> None:
    item = site.item("3")
    big = b"%PDF-" + b"0" * (20 * 1024 * 1024)
    answer = site.client("unit").post(
        f"/api/v1/items/{item.id}/evidence",
        data={"expected_version": item.version},
        files={"file": ("a.pdf", big)},
    )
    assert answer.status_code in (413, 422)
    assert answer.json()["code"] in ("too_large", "evidence_refused")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 200_000, b'{"a":' * 150_000, b"9" * 100_000],
    ids=["empty", "cut", "list", "null", "string", "not utf-8", "deep list", "deep object", "long number"],
)
def test_a_body_that_is_no_request_is_422_and_never_500(site: Site, content: bytes) -> None:
    path = f"/api/v1/items/{site.item('3').id}/transitions"
    answer = site.client("supervisor").post(path, content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text


def test_what_is_not_there_and_wrong_methods_are_problems_too(site: Site) -> None:
    client = site.client("supervisor")
    missing = client.get("/api/v1/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "no_such_address")
    method = client.put("/api/v1/items")
    assert (method.status_code, method.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in method.headers["allow"]


def test_the_document_is_openapi_3_1_and_names_every_refusal(site: Site) -> None:
    spec = site.client().get("/openapi.json").json()
    assert spec["openapi"].startswith("3.1")
    assert "Problem" in spec["components"]["schemas"]
    assert "HTTPValidationError" not in json.dumps(spec)
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], path
            assert operation.get("description"), path
            responses = operation["responses"]
            if path.startswith("/api/"):
                assert "401" in responses, path
            if "{" in path and path.startswith("/api/v1/items/{"):
                assert {"403", "404", "422"} <= set(responses), (path, method)
            if method == "post" and path.startswith("/api/v1/items/"):
                assert {"409", "413"} <= set(responses), path
            for status, response in responses.items():
                if status.startswith("4"):
                    assert list(response["content"]) == ["application/problem+json"], (path, status)


def test_every_answer_is_shown_by_an_example_as_the_api_gives_it() -> None:
    """Where this fails after a change of a route: `make docs`; a shape that is new gets a line in docs/answers.py."""
    captured = answers.capture()
    assert sorted(captured) == sorted(examples.answers())
    with answers.example_site() as (walk, _, _):
        spec = walk.document
    for name, example in examples.answers().items():
        assert spec["components"]["schemas"][name]["examples"] == [example], name
        shape = {"$ref": f"#/components/schemas/{name}", "components": spec["components"]}
        Draft202012Validator(shape).validate(example)
        assert "duban_" not in json.dumps(example).replace("duban_\\u2026", ""), name


def test_the_examples_are_what_the_shapes_read() -> None:
    from pydantic import TypeAdapter

    TypeAdapter(ItemPage).validate_python(examples.ITEM_PAGE)
    TypeAdapter(Moved).validate_python(examples.MOVED)
    TypeAdapter(SelfChecks).validate_python(examples.SELF_CHECKS)
    TypeAdapter(tuple[CallView, ...]).validate_python(examples.CALLS)
    TypeAdapter(ReInspections).validate_python(examples.RE_INSPECTIONS)
    TypeAdapter(ViewEntry).validate_python(examples.VIEW)
    TypeAdapter(PolicyChange).validate_python(examples.POLICY_CHANGE)
    TypeAdapter(WouldSend).validate_python(examples.WOULD_SEND)


def test_every_refusal_has_words_in_chinese_and_a_line_in_the_docs(site: Site) -> None:
    from duban.web.docs import catalogue

    page = site.client().get("/docs/errors").text
    for error in catalogue():
        assert f'id="{error["code"]}"' in page


def next_message(lines: Iterator[str]) -> dict[str, str]:
    """The next message of a stream; comments and the greeting are passed over."""
    message: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            message[name] = value
        elif "data" in message:
            return message
        else:
            message = {}
    raise AssertionError("the stream ended")


def test_the_stream_tells_what_happens_and_goes_on_after_the_last_event(site_on_both: Site) -> None:
    client, office = site_on_both.client("unit"), site_on_both.client("supervisor")
    item, other = site_on_both.item("3"), site_on_both.item("6")
    with client.stream("GET", "/api/v1/events/stream") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == "retry: 3000"  # the stream is open
        for one in (other, item):
            body = {"action": "start", "expected_version": one.version}
            assert office.post(f"/api/v1/items/{one.id}/transitions", json=body).status_code == 200
        message = next_message(lines)
    event = json.loads(message["data"])
    assert (event["item_id"], event["type"]) == (item.id, "item.started")  # not the other unit's item
    assert message["event"] == "item.started"
    before = {"Last-Event-ID": str(int(message["id"]) - 1)}
    with client.stream("GET", "/api/v1/events/stream", headers=before) as answer:
        assert next_message(answer.iter_lines()) == message


def test_the_typed_client_reads_and_moves(site: Site) -> None:
    from duban.api.client import Client, Refused

    with Client(site.url, site.token("supervisor")) as duban:
        rows = list(duban.items(limit=5))
        assert len(rows) == 19
        item = duban.item(site.item("3").id)
        assert item.row.names("lead_official") == ["陆知衡"]
        moved = duban.move(item.row.id, "start", version=item.row.version, reason="启动")
        assert moved.state == "ongoing"
        with pytest.raises(Refused) as refused:
            duban.move(item.row.id, "start", version=item.row.version)
        assert (refused.value.status, refused.value.code) == (409, "stale_version")
        assert refused.value.problem["present"]["version"] == moved.version
        assert duban.history(item.row.id)[-1].type == "item.started"
        assert duban.explain(item.row.id).light in ("red", "yellow", "green", "none")
        assert duban.plans()[0].quarantined == 2
        assert duban.ranking("1")
        assert duban.parties("1")
        kept = duban.hand_in(item.row.id, "a.pdf", b"%PDF-1.4", version=moved.version)
        assert kept.size == 8
        assert duban.notices().notices == ()


def test_a_plan_is_uploaded_once_and_read_at_once(site: Site) -> None:
    from duban.api.client import Client, Refused

    text = (
        "云浦区作风建设问题整改方案\n\n整改事项(1):会议过多。\n整改目标:精简会议。\n整改措施:制定会议计划。\n"
        "牵头领导:王一\n责任部门:区委办公室\n整改时限:2026年10月底前完成。\n\n"
        "整改事项(2):调研不深。\n整改目标:深入调研。\n整改措施:每月调研。\n牵头领导:李二\n责任部门:区委研究室\n"
        "整改时限:长期坚持。\n"
    ).encode()
    with Client(site.url, site.token("supervisor")) as duban:
        first = duban.upload_plan("云浦.txt", text)
        assert first.created
        assert first.items == 2
        again = duban.upload_plan("云浦.txt", text)
        assert (again.created, again.plan_id) == (False, first.plan_id)
        assert duban.release(str(first.plan_id))
        assert not duban.release(str(first.plan_id))
        with pytest.raises(Refused) as refused:
            duban.upload_plan("x.txt", b"nothing that looks like a plan")
        assert (refused.value.status, refused.value.code) == (422, "unreadable")


def test_every_address_of_the_guide_is_in_the_document(site: Site) -> None:
    guide = (ROOT / "docs" / "guide" / "api.md").read_text(encoding="utf-8")
    patterns = [re.sub(r"\{\w+\}", "[^/]+", path) + "$" for path in site.client().get("/openapi.json").json()["paths"]]
    addresses = re.findall(r"\$DUBAN(/[\w/-]+)", guide) + re.findall(r"`GET (/[\w/-]+)(?![\w/{-])", guide)
    assert len(addresses) > 20
    for address in addresses:
        path = address if not address.startswith("/items") else f"/api/v1{address}"
        assert any(re.match(pattern, path) for pattern in patterns), address
    bodies = re.findall(r"transitions \\\n  --json '(\{.*?\})'", guide, re.DOTALL)
    from duban.api.bodies import BulkIn, MoveIn

    assert [(("transitions" in b and BulkIn) or MoveIn).model_validate_json(b) for b in bodies]
