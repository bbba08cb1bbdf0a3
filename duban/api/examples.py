"""Examples of answers, as the API docs show them; a test reads each with the shape that it stands for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ITEM_ROW: dict[str, Any] = {
    "id": 17,
    "plan": {"id": 1, "code": "云州2026", "title": "云州区整改方案"},
    "parent_id": None,
    "number": "4",
    "copy": 1,
    "title": "公务用车管理不严",
    "state": "measure_drafted",
    "version": 3,
    "light": "red",
    "light_reasons": ["2026-06-30到期，已逾期9个工作日"],
    "marks": [],
    "due_on": "2026-06-30",
    "days_left": -9,
    "overdue": True,
    "first_due_on": "2026-06-30",
    "breached_on": "2026-07-01",
    "long_term": False,
    "quarantined": False,
    "dropped": False,
    "reported_done": False,
    "outcome": None,
    "updated_at": "2026-07-01T02:15:00Z",
    "parties": [
        {"id": 5, "name": "李明", "role": "lead_official"},
        {"id": 9, "name": "区财政局", "role": "responsible"},
    ],
    "measures": 2,
    "measures_done": 1,
}
ITEM_PAGE: dict[str, Any] = {
    "items": [ITEM_ROW],
    "next": "WyJwb3NpdGlvbiIsIDEsIDE3LCAxN10",
    "as_of": "2026-07-13",
    "total": 214,
}
MOVED: dict[str, Any] = {
    "item_id": 17,
    "before": "assigned",
    "state": "measure_drafted",
    "version": 2,
    "event": "item.measure_drafted",
}
_CHECK: dict[str, Any] = ITEM_ROW | {
    "id": 31,
    "parent_id": 17,
    "number": "4-自查1",
    "title": "举一反三自查：公务用车管理不严",
}
SELF_CHECKS: dict[str, Any] = {
    "of": ITEM_ROW,
    "asked": 1,
    "reported": 1,
    "found": 2,
    "with_findings": 1,
    "overdue": 0,
    "closed": 0,
    "checks": [
        {
            "row": _CHECK,
            "unit": "临溪镇",
            "answer": {
                "unit": "临溪镇",
                "text": "2台公务用车未登记，已补登",
                "found": 2,
                "by": "临溪镇填报员",
                "at": "2026-07-20T03:00:00Z",
            },
        }
    ],
}
CALLS: list[dict[str, Any]] = [
    {
        "row": ITEM_ROW | {"id": 40, "number": "吹哨1", "title": "镇中路塌陷"},
        "goal": "到临溪镇现场报到，会同办理。",
        "caller": "临溪镇",
        "called": [{"name": "区交通局", "acknowledged_at": "2026-07-14T02:00:00Z", "answer": None}],
        "answered": 0,
        "escalation": [{"title": "催办通知书", "on": "2026-07-20", "readers": ["邓行之"]}],
    }
]
RE_INSPECTIONS: dict[str, Any] = {
    "due": [
        {
            "row": ITEM_ROW | {"state": "closed", "outcome": "rectified"},
            "due_on": "2027-01-11",
            "days_left": 124,
            "closed_at": "2026-07-13T02:00:00Z",
            "relapses": 0,
            "last": None,
        }
    ],
    "found": [
        {
            "item_id": 12,
            "number": "2",
            "title": "热线办理质量不高",
            "passed": True,
            "note": "抽查20件，均按时办结",
            "by": "王督查",
            "at": "2026-07-13T03:00:00Z",
        }
    ],
}
VIEW: dict[str, Any] = {
    "id": 3,
    "name": "我的红灯",
    "filters": {"light": "red", "sort": "due"},
    "path": "/items?light=red&sort=due",
}

POLICY_CHANGE: dict[str, Any] = {
    "plan": "云州2026",
    "before": "通用督办规则",
    "after": "通用督办规则",
    "rules": [{"key": "rung.urge_1.offset", "before": "1", "after": "2"}],
    "clocks": [
        {
            "clock_id": 3,
            "item_id": 17,
            "number": "4",
            "title": "公务用车管理不严",
            "kind": "limit",
            "due_on": "2026-07-10",
            "next_before": "2026-07-13",
            "next_after": "2026-07-14",
            "fires_before": ["urge_1"],
            "fires_after": [],
        }
    ],
    "running": 19,
    "applied": False,
    "lights": [],
    "effects": [
        {"rules": ["rung.urge_1.offset"], "text": "在办时钟的发文日按新规则重新计算，有变的逐个列出；已发出的不重发"}
    ],
}
WOULD_SEND: dict[str, Any] = {
    "plan": "云州2026",
    "item_id": 17,
    "number": "4",
    "title": "公务用车管理不严",
    "rung": "urge_1",
    "kind": "urge",
    "due_on": "2026-07-10",
    "readers": ["区财政局"],
}


def answers() -> dict[str, Any]:
    """An answer of each shape by the shape's name, as the API gave it over the example plan; long lists are cut."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("examples.json").read_text(encoding="utf-8"))
    return found


def answer(example: Any, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route: an example of what it answers."""
    return {status: {"content": {"application/json": {"example": example}}}}
