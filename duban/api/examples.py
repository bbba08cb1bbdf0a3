"""Examples of answers, as the API docs show them; a test reads each with the shape that it stands for."""

from __future__ import annotations

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
}
MOVED: dict[str, Any] = {
    "item_id": 17,
    "before": "assigned",
    "state": "measure_drafted",
    "version": 2,
    "event": "item.measure_drafted",
}


def answer(example: Any, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route: an example of what it answers."""
    return {status: {"content": {"application/json": {"example": example}}}}
