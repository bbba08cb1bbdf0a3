"""Reading items: filters, words, pages by cursor, lights, explanations."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from .conftest import AS_OF, Site


def numbers(site: Site, **params: Any) -> list[str]:
    answer = site.client("supervisor").get("/api/v1/items", params={"limit": 200} | params)
    assert answer.status_code == 200, answer.text
    return [i["number"] for i in answer.json()["items"]]


@pytest.mark.parametrize("sort", ["position", "due", "updated"])
def test_pages_by_cursor_hold_every_item_once_in_order(site_on_both: Site, sort: str) -> None:
    client = site_on_both.client("supervisor")
    whole = client.get("/api/v1/items", params={"limit": 200, "sort": sort}).json()["items"]
    paged: list[Any] = []
    cursor = None
    while True:
        params: dict[str, Any] = {"limit": 4, "sort": sort} | ({"cursor": cursor} if cursor else {})
        page = client.get("/api/v1/items", params=params).json()
        assert len(page["items"]) <= 4
        paged += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert [i["id"] for i in paged] == [i["id"] for i in whole]
    assert len({i["id"] for i in paged}) == len(paged) > 4


def test_pages_of_one_light_hold_every_item_of_that_light(site_on_both: Site) -> None:
    client = site_on_both.client("supervisor")
    everything = client.get("/api/v1/items", params={"limit": 200}).json()["items"]
    for light in ("red", "yellow", "green"):
        expected = [i["id"] for i in everything if i["light"] == light]
        found: list[int] = []
        cursor = None
        while True:
            params: dict[str, Any] = {"light": light, "limit": 1} | ({"cursor": cursor} if cursor else {})
            page = client.get("/api/v1/items", params=params).json()
            found += [i["id"] for i in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert found == expected
        assert expected, light


@pytest.mark.parametrize("cursor", ["x", "AAAA", "W10", "WyJkdWUiLCAxXQ", "%00", "WzFd" * 20])
def test_a_cursor_from_elsewhere_is_refused(site: Site, cursor: str) -> None:
    answer = site.client("supervisor").get("/api/v1/items", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


def test_filters_keep_what_they_say(site_on_both: Site) -> None:
    assert set(numbers(site_on_both, quarantined=True)) == {"12"}
    assert "12" not in numbers(site_on_both, quarantined=False)
    client = site_on_both.client("supervisor")
    for item in client.get("/api/v1/items", params={"overdue": True, "limit": 200}).json()["items"]:
        assert item["overdue"]
        assert item["light"] == "red"
        assert dt.date.fromisoformat(item["due_on"]) < AS_OF
    assert numbers(site_on_both, overdue=True)
    for state in ("assigned", "measure_drafted", "regulation_issued", "ongoing"):
        items = client.get("/api/v1/items", params={"state": state, "limit": 200}).json()["items"]
        assert {i["state"] for i in items} <= {state}
    assert numbers(site_on_both, unit="区市场监管局") == numbers(site_on_both, unit="市场监管局") == ["3"]
    assert "3" in numbers(site_on_both, lead="陆知衡")
    assert numbers(site_on_both, unit="陆知衡") == []
    assert numbers(site_on_both, plan="1") == numbers(site_on_both, plan=client.get("/api/v1/plans/1").json()["code"])
    assert numbers(site_on_both, plan="nothing") == []
    both = numbers(site_on_both, due_from="2026-07-01", due_to="2026-07-31")
    assert "3" in both
    assert "13" not in both


def test_words_are_looked_for_in_every_text_and_taken_literally(site_on_both: Site) -> None:
    assert "3" in numbers(site_on_both, q="涉企检查")
    assert numbers(site_on_both, q="涉企检查 区市场监管局") == ["3"]
    assert numbers(site_on_both, q="涉企检查 无此单位") == []
    assert numbers(site_on_both, q="%") == ["17"]  # the one whose goal is a percentage
    assert numbers(site_on_both, q="_") == []
    assert numbers(site_on_both, q="\\") == []
    assert numbers(site_on_both, q="'; DROP TABLE item --") == []


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": 1000},
        {"state": "flying"},
        {"light": "blue"},
        {"sort": "random"},
        {"as_of": "yesterday"},
        {"q": "x" * 300},
        {"q": "a\x00b"},
        {"overdue": "perhaps"},
    ],
)
def test_a_wrong_parameter_is_422_and_named(site: Site, params: dict[str, Any]) -> None:
    answer = site.client("supervisor").get("/api/v1/items", params=params)
    assert answer.status_code == 422
    assert next(iter(params)) in answer.json()["detail"]


def test_lights_hang_on_the_day_that_is_asked_for(site: Site) -> None:
    client = site.client("supervisor")
    item = site.item("3")
    assert item.due_on is not None

    def light(day: dt.date) -> tuple[str, int]:
        row = client.get(f"/api/v1/items/{item.id}", params={"as_of": day.isoformat()}).json()["row"]
        return row["light"], row["days_left"]

    assert light(item.due_on - dt.timedelta(days=60))[0] == "green"
    assert light(item.due_on) == ("yellow", 0)
    colour, left = light(item.due_on + dt.timedelta(days=7))
    assert (colour, left) == ("red", -5)


def test_one_item_comes_with_everything_that_belongs_to_it(site: Site) -> None:
    item = site.client("unit").get(f"/api/v1/items/{site.item('3').id}").json()
    assert item["row"]["number"] == "3"
    assert item["measures"][0]["progress"] == "open"
    assert item["milestones"][0]["rolled_due_on"] == item["row"]["due_on"]
    assert item["clocks"][0]["state"] == "running"
    start = next(a for a in item["actions"] if a["action"] == "start")
    assert (start["label"], start["target"], start["gaps"]) == ("启动推进", "ongoing", [])


def test_an_explanation_says_why_this_date_and_this_light(site: Site) -> None:
    explained = site.client("unit").get(f"/api/v1/items/{site.item('3').id}/explain").json()
    assert explained["light"] == "yellow"
    assert "2026-07-14" in explained["reasons"][0]
    assert any("2026年7月14日" in line for line in explained["clocks"][0]["date"])
    assert any("催办通知书" in line for line in explained["clocks"][0]["ladder"])


def test_history_goes_on_after_a_number(site: Site) -> None:
    client = site.client("supervisor")
    item = site.item("3")
    client.post(f"/api/v1/items/{item.id}/transitions", json={"action": "start", "expected_version": item.version})
    events = client.get(f"/api/v1/items/{item.id}/history").json()
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    assert len({e["hash"] for e in events}) == len(events)
    later = client.get(f"/api/v1/items/{item.id}/history", params={"after": events[0]["seq"]}).json()
    assert later == events[1:]
