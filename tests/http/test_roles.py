"""Role × action × own or other item: every cell of the table, walked over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from duban.api.roles import ROLES, SEE, allowed, as_markdown, deeds
from duban.domain.lifecycle import Action
from models import Clock, Item, Measure, Milestone, Regulation, Target, UserRole

from .conftest import Site

OWN, OTHER = "3", "6"  # 3 belongs to 区市场监管局 and 陆知衡, 6 to others


def part_of(site: Site, table: Any, item: Item) -> int:
    """The id of a part of the item; one is made where the example has none."""
    with site.database.write() as session:
        found = session.scalars(select(table.id).where(table.item_id == item.id)).first()
        if found is None:
            row = table(
                item_id=item.id,
                position=90,
                **{"text": "x"} if table is not Regulation else {"title": "x", "status": "planned"},
            )
            session.add(row)
            session.flush()
            found = row.id
        return int(found)


def target_of(site: Site, item: Item) -> int:
    """The id of a target of the item, made for the purpose."""
    with site.database.write() as session:
        found = session.scalars(select(Target.id).where(Target.item_id == item.id)).first()
        if found is None:
            row = Target(item_id=item.id, position=90, text="x", name="x", comparator=">=", value=1, unit="个")
            session.add(row)
            session.flush()
            found = row.id
        return int(found)


def attempt(  # noqa: C901 -- one branch a deed
    site: Site, client: httpx.Client, key: str, item: Item
) -> httpx.Response:
    """The request of one deed; its version is stale, so that nothing is ever done."""
    at, stale = f"/api/v1/items/{item.id}", {"expected_version": item.version + 5}
    if key == SEE:
        return client.get(at)
    if key in set(Action):
        return client.post(f"{at}/transitions", json={"action": key, "reason": "x"} | stale)
    if key == "measures":
        return client.post(f"{at}/measures/{part_of(site, Measure, item)}", json={"progress": "done"} | stale)
    if key == "milestones":
        return client.post(f"{at}/milestones/{part_of(site, Milestone, item)}", json=stale)
    if key == "regulations":
        return client.post(
            f"{at}/regulations/{part_of(site, Regulation, item)}", json={"document_number": "1号"} | stale
        )
    if key == "check-ins":
        return client.post(f"{at}/check-ins", json={"text": "x"} | stale)
    if key == "targets":
        return client.post(f"{at}/targets/{target_of(site, item)}", json={"reached": 1} | stale)
    if key == "evidence":
        return client.post(f"{at}/evidence", data=stale, files={"file": ("a.txt", b"x")})
    if key.startswith("closing."):
        return client.post(f"{at}/closing", json={"step": key.removeprefix("closing.")} | stale)
    if key == "extensions":
        body = {"clock_id": part_of(site, Clock, item), "until_on": "2027-01-04", "reason": "x", "progress": "x"}
        return client.post(f"{at}/extensions", json=body | stale)
    if key == "clocks.pause":
        return client.post(f"{at}/clocks/{part_of(site, Clock, item)}/pause", json={"reason": "x"} | stale)
    if key == "limits":
        return client.post(f"{at}/limits", json={"amount": 40, "unit": "workdays", "from_on": "2026-07-01"} | stale)
    if key == "self-checks":
        return client.post(f"{at}/self-checks", json={"units": ["区民政局"], "due_on": "2026-12-31"} | stale)
    if key == "self-check-report":
        return client.post(f"{at}/self-check-report", json={"found": 0, "text": "x"} | stale)
    if key == "call-answer":
        return client.post(f"{at}/call-answer", json={"text": "x"} | stale)
    if key == "re-inspection":
        return client.post(f"{at}/re-inspection", json={"passed": True, "note": "x"} | stale)
    if key == "correction":
        return client.post(f"{at}/correction", json={"edit": {"goal": "x"}, "reason": "x"} | stale)
    assert key == "resolution", f"no request is known for {key}: add one here"
    return client.post(f"{at}/resolution", json={"action": "keep", "reason": "x"} | stale)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_do_what_the_table_says_and_nothing_else(site: Site, role: UserRole) -> None:
    client = site.client(role.value)
    for deed in deeds():
        for number, own in ((OWN, True), (OTHER, False)):
            item = site.item(number)
            answer = attempt(site, client, deed.key, item)
            expected = allowed(deed, role, own=own)
            assert (answer.status_code != 403) == expected, (deed.key, role, own, answer.text)
            assert answer.status_code in (200, 403, 409), (deed.key, role, own, answer.text)
            assert site.item(number).version == item.version


@pytest.mark.parametrize(("person", "number"), [("other unit", OWN), ("other lead", OWN)])
def test_people_of_the_same_role_do_nothing_on_items_of_others(site: Site, person: str, number: str) -> None:
    client, item = site.client(person), site.item(number)
    for deed in deeds():
        assert attempt(site, client, deed.key, item).status_code == 403, deed.key


def test_the_guide_shows_the_table_that_the_code_decides_by() -> None:
    page = Path(__file__).parent.parent.parent / "docs" / "guide" / "roles.md"
    assert page.read_text(encoding="utf-8") == as_markdown()


def test_lists_hold_only_what_one_may_see(site: Site) -> None:
    everything = site.client("supervisor").get("/api/v1/items", params={"limit": 200}).json()["items"]
    mine = site.client("unit").get("/api/v1/items", params={"limit": 200}).json()["items"]
    assert len(everything) > len(mine) > 0
    for item in mine:
        names = {p["name"] for p in item["parties"]}
        assert "区市场监管局" in names
    hidden = {i["id"] for i in everything} - {i["id"] for i in mine}
    events = site.client("unit").get("/api/v1/events", params={"limit": 1000}).json()
    assert events
    assert not hidden & {e["item_id"] for e in events}


def test_a_member_of_a_collective_party_sees_its_items(site: Site) -> None:
    from duban.services.accounts import create_user
    from models import Party, PartyMember

    with site.database.read() as session:
        member, collective = session.execute(select(PartyMember.member_id, PartyMember.collective_id).limit(1)).one()
        name, of = session.get_one(Party, member).name, session.get_one(Party, collective).name
    create_user(site.database, name="street", role=UserRole.UNIT, parties=[name], now=site.clock())
    seen = site.client("street").get("/api/v1/items", params={"limit": 200}).json()["items"]
    assert any(p["name"] == of for item in seen for p in item["parties"])


def test_an_alias_in_the_account_is_as_good_as_the_name(site: Site) -> None:
    from duban.services.accounts import create_user

    create_user(site.database, name="alias", role=UserRole.UNIT, parties=["市场监管局"], now=site.clock())
    assert site.client("alias").get(f"/api/v1/items/{site.item(OWN).id}").status_code == 200


def test_only_the_office_sees_addresses(site: Site) -> None:
    for person, sees in (("supervisor", True), ("unit", False)):
        parties = site.client(person).get("/api/v1/plans/1/parties").json()
        assert any(p["email"] for p in parties) == sees


@pytest.mark.parametrize("person", ["viewer", "unit", "lead"])
def test_only_the_office_uploads_and_releases_plans(site: Site, person: str) -> None:
    client = site.client(person)
    assert client.post("/api/v1/plans", files={"file": ("a.txt", b"x")}).json()["code"] == "role_forbidden"
    assert client.post("/api/v1/plans/1/release").json()["code"] == "role_forbidden"
    file = {"file": ("a.txt", b"x")}
    for method, path, more in (
        ("POST", "preview", {"files": file}),
        ("GET", "1/editions", {}),
        ("POST", "1/editions", {"files": file}),
        ("GET", "1/editions/1", {}),
        ("POST", "1/editions/1/decisions", {"json": {}}),
        ("DELETE", "1/editions/1", {}),
        ("GET", "1/reports", {}),
        ("POST", "1/reports", {"files": file}),
        ("GET", "1/reports/1", {}),
        ("POST", "1/reports/1/decisions", {"json": {}}),
        ("GET", "1/directory", {}),
        ("POST", "1/directory", {"files": file}),
    ):
        answer = client.request(method, f"/api/v1/plans/{path}", **more)
        assert answer.json()["code"] == "role_forbidden", (method, path)


def test_an_account_without_any_known_party_sees_nothing(site: Site) -> None:
    from duban.services.accounts import create_user

    create_user(site.database, name="stranger", role=UserRole.UNIT, parties=["无此单位"], now=site.clock())
    client = site.client("stranger")
    assert client.get("/api/v1/items").json()["items"] == []
    assert client.get("/api/v1/notices").json()["notices"] == []
