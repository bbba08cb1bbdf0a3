"""Requests that nobody would send, to API (on PostgreSQL; test_schemathesis is on SQLite) and pages: no 500."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from .conftest import Site

#: Requests of each kind; by hand more of them, and other seeds: `FUZZ_ROUNDS=50 FUZZ_SEED=7`.
ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "2"))
SEEDS = [int(os.environ.get("FUZZ_SEED", "1"))]
STRINGS = [
    "", " ", "0", "-1", "1", "3", "x", "中文", "\U0001f600", "%", "'", '"', "<b>", "../..", "a" * 5000, "true", "null",
    "2026-02-30", "0001-01-01", "9999-12-31", "2026-07-13", "2026-07-13T00:00:00Z", "NaN", "1e309", "\u200b", "\r\n",
]  # fmt: skip
NUMBERS: list[Any] = [0, 1, -1, 2, 17, 2**31, 2**63 - 1, 2**63, 10**30, 1.5, -0.0, 1e308]
OTHERS: list[Any] = [None, True, False, [], {}, [[]], {"a": {}}, [None], ["x"] * 300]


def value(chance: random.Random, spec: dict[str, Any], schema: dict[str, Any], depth: int = 0) -> Any:
    """A value that mostly has the schema's shape, with something odd in it now and then."""
    while "$ref" in schema:
        schema = spec["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    if depth > 4 or chance.random() < 0.12:
        return chance.choice([*STRINGS, *NUMBERS, *OTHERS])
    if "anyOf" in schema:
        return value(chance, spec, chance.choice(schema["anyOf"]), depth + 1)
    if "enum" in schema:
        return chance.choice(schema["enum"])
    match schema.get("type"):
        case "object":
            properties = schema.get("properties", {})
            required = set(schema.get("required", []))
            return {
                name: value(chance, spec, part, depth + 1)
                for name, part in properties.items()
                if name in required or chance.random() < 0.5
            }
        case "array":
            return [value(chance, spec, schema.get("items", {}), depth + 1) for _ in range(chance.randint(0, 3))]
        case "integer":
            return chance.choice([1, 2, 3, 1, 2, *NUMBERS[:7]])
        case "boolean":
            return chance.choice([True, False])
        case "string" if schema.get("format") == "date":
            return chance.choice(["2026-09-30", "2026-07-01", "2027-01-04", "0001-01-01", "9999-12-31", "1999-12-31"])
        case _:
            return chance.choice(STRINGS)


def requests(chance: random.Random, spec: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    """The parts of one request to an operation."""
    operation = spec["paths"][path][method]
    address, query, headers = path, {}, {}
    for parameter in operation.get("parameters", []):
        odd = value(chance, spec, parameter["schema"])
        text = str(odd).lower() if isinstance(odd, bool) else str(odd)
        if parameter["in"] == "path":
            from urllib.parse import quote

            address = address.replace("{" + parameter["name"] + "}", quote(text[:100] or "1", safe=""))
        elif parameter["in"] == "query" and chance.random() < 0.4:
            query[parameter["name"]] = text[:300]
        elif parameter["in"] == "header" and chance.random() < 0.3 and text.isascii() and text.isprintable():
            headers[parameter["name"]] = text.strip()[:200]
    found: dict[str, Any] = {"url": address, "params": query, "headers": headers}
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        found["json"] = value(chance, spec, content["application/json"]["schema"])
    elif "multipart/form-data" in content:
        found["files"] = {
            "file": (chance.choice(["a.pdf", "a.txt", "计划.md", "x"]), chance.choice([b"", b"%PDF-", b"\x00", b"1"]))
        }
        found["data"] = {"expected_version": chance.choice(["1", "2", "x", ""]), "note": chance.choice(STRINGS)}
    return found


@pytest.mark.parametrize("site_on_both", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.parametrize("seed", SEEDS)
def test_odd_requests_get_only_documented_answers(site_on_both: Site, seed: int) -> None:
    spec = site_on_both.client().get("/openapi.json").json()
    chance = random.Random(seed)
    client = site_on_both.client("admin")
    for path, methods in spec["paths"].items():
        if path.endswith("/stream"):
            continue
        for method, operation in methods.items():
            for _ in range(ROUNDS):
                if path == "/api/v1/tokens/{token_id}":
                    continue  # would revoke our own
                parts = requests(chance, spec, path, method)
                try:
                    answer = client.request(method.upper(), **parts)
                except UnicodeEncodeError:
                    continue  # a client cannot even send it
                documented = set(operation["responses"]) | {"404", "405", "429"}
                assert answer.status_code < 500, (method, parts, answer.text)
                assert str(answer.status_code) in documented or answer.status_code == 307, (method, parts, answer.text)
                if answer.status_code >= 400:
                    assert answer.headers["content-type"] == "application/problem+json", parts


PAGE_FIELDS = (
    "plan",
    "state",
    "light",
    "unit",
    "lead",
    "q",
    "overdue",
    "sort",
    "cursor",
    "as_of",
    "kind",
    "before",
    "next",
    "done",
)


@pytest.mark.parametrize("seed", SEEDS)
def test_odd_addresses_of_pages_get_a_page(site: Site, seed: int) -> None:
    chance = random.Random(seed)
    client = site.signed_in("supervisor")
    item = site.item("3").id
    for path in (
        "/",
        "/my",
        "/items",
        f"/items/{item}",
        "/quarantine",
        "/notices",
        "/ranking",
        "/account",
        "/sign-in",
        "/docs",
        "/calls",
        "/self-checks",
        "/re-inspections",
        "/absences",
        "/rules",
        "/plans/1/release",
    ):
        for _ in range(ROUNDS):
            query = {name: chance.choice(STRINGS)[:300] for name in chance.sample(PAGE_FIELDS, 4)}
            answer = client.get(path, params=query)
            assert answer.status_code < 500, (path, query)
            assert answer.status_code in (200, 303, 404, 422), (path, query, answer.status_code)


@pytest.mark.parametrize("seed", SEEDS)
def test_odd_forms_are_refused_with_a_page(site: Site, seed: int) -> None:
    chance = random.Random(seed)
    client = site.signed_in("admin")
    item = site.item("3")
    csrf = client.get("/my").text.split('name="csrf" value="')[1].split('"')[0]
    at = f"/items/{item.id}"
    names = (
        "action", "expected_version", "reason", "measures", "progress", "done_on", "step", "ends_on", "item", "name",
        "role", "password", "until_on", "clock_id", "granted", "merge_into", "due_on", "time_limit", "change", "old",
        "new", "again", "units", "found", "text", "unit", "caller", "title", "goal", "plan", "passed", "again_on",
        "party", "first_on", "last_on", "how", "source", "on", "working", "seen", "filename", "filters",
    )  # fmt: skip
    paths = (
        f"{at}/transitions", f"{at}/measures/1", f"{at}/milestones/1", f"{at}/regulations/1", f"{at}/closing",
        f"{at}/evidence", f"{at}/extensions", f"{at}/clocks/1/pause", "/items/bulk", f"/quarantine/{item.id}/resolve",
        "/notices/1/acknowledge", "/account/users", "/account/users/change", "/account/tokens/9/revoke",
        f"{at}/self-checks", f"{at}/self-check-report", f"{at}/call-answer", f"{at}/re-inspection", "/calls",
        "/absences", "/absences/1/cancel", "/views", "/views/1/delete", "/plans/1/policy/preview", "/plans/1/policy",
        "/calendar/preview", "/calendar", "/plans/2/release",
    )  # fmt: skip
    for path in paths:
        for _ in range(ROUNDS):
            form = {
                name: chance.choice([*STRINGS, "start", "done", "request", "keep", "yes", "numbers", "add"])
                for name in names
            }
            answer = client.post(path, data=form | {"csrf": csrf})
            assert answer.status_code < 500, (path, form, answer.text[:500])
