"""The API docs, drawn from the OpenAPI document: no script, nothing from elsewhere. And the list of refusals."""

from __future__ import annotations

import inspect
import json
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from duban.errors import DubanError
from duban.web.words import REFUSAL_ZH

router = APIRouter(prefix="/docs")


@router.get("")
def get_docs(request: Request) -> Response:
    """Every operation with its parameters, body, answers, and a curl line."""
    spec = request.app.openapi()
    groups: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in spec["tags"]}
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            groups[operation["tags"][0]].append(_operation(spec, path, method, operation))
    page: Response = request.app.state.pages.page("docs.html", spec=spec, groups=groups)
    return page


@router.get("/errors")
def get_errors(request: Request) -> Response:
    """Every code that a refusal may carry: what is wrong, and what would be right."""
    page: Response = request.app.state.pages.page("errors.html", errors=catalogue())
    return page


def catalogue() -> list[dict[str, Any]]:
    """Every error class with a code of its own, by status and code."""
    found: dict[str, dict[str, Any]] = {}
    waiting = [DubanError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        first, _, rest = inspect.cleandoc(kind.__doc__ or "").partition("\n")
        words = REFUSAL_ZH.get(kind.code, ("", ""))
        found.setdefault(
            kind.code,
            {"code": kind.code, "status": kind.status, "message": first, "remedy": rest.strip(), "title_zh": words[0]},
        )
    return sorted(found.values(), key=lambda e: (e["status"], e["code"]))


def _operation(spec: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {})
    media = next(iter(body), "")
    schema = _resolved(spec, body[media]["schema"]) if media else {}
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation.get("summary", ""),
        "description": operation.get("description", ""),
        "parameters": operation.get("parameters", []),
        "media": media,
        "fields": _fields(spec, schema),
        "responses": operation["responses"],
        "example": _example(operation),
        "curl": _curl(path, method, media, schema),
    }


def _resolved(spec: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = spec["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def _fields(spec: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "required": name in required,
            "kind": _kind(spec, field),
            "description": field.get("description", ""),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _kind(spec: dict[str, Any], schema: dict[str, Any]) -> str:
    """A schema in a word or two: its values, where there are few."""
    schema = _resolved(spec, schema)
    if "enum" in schema:
        return " | ".join(str(v) for v in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(_kind(spec, s) for s in schema["anyOf"])
    if schema.get("type") == "array":
        return f"[{_kind(spec, schema.get('items', {}))}]"
    return str(schema.get("format") or schema.get("title" if schema.get("type") == "object" else "type") or "any")


def _example(operation: dict[str, Any]) -> str:
    for status in ("200", "201"):
        content = operation["responses"].get(status, {}).get("content", {}).get("application/json", {})
        if "example" in content:
            return json.dumps(content["example"], ensure_ascii=False, indent=2)
    return ""


def _curl(path: str, method: str, media: str, schema: dict[str, Any]) -> str:
    parts = [] if path in ("/healthz", "/readyz") else ['-H "Authorization: Bearer $TOKEN"']
    if method != "get":
        parts.insert(0, f"-X {method.upper()}")
    if media == "application/json":
        examples = schema.get("examples") or [{}]
        sample = examples[0] or dict.fromkeys(schema.get("required", []), "…")
        parts.append(f"--json '{json.dumps(sample, ensure_ascii=False)}'")
    elif media:
        parts += [
            f"-F {name}={'@file.pdf' if name in ('file', 'directory') else '…'}" for name in schema.get("required", [])
        ]
    return " ".join(["curl", *parts, f"$DUBAN{path}"])
