"""Somebody whose last day (失效日期) is over: the account and its tokens neither read nor sign any more."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from duban.reading.directory import read_sheet
from duban.services.directory_update import update_directory
from duban.services.registration import Intake, Received, register
from duban.services.tools import office_rules
from models import Party

from .conftest import AS_OF, NOW, OFFICE, PASSWORD, Site

LAST = AS_OF - dt.timedelta(days=1)


def leaves(site: Site, name: str, last_on: dt.date = LAST, plan: str = "1") -> None:
    """The plan's directory says so, through the door by which a newer one comes in."""
    rows = f"名称,类别,失效日期\n{name},,{last_on}\n".encode()
    sheet = read_sheet(rows, "名录.csv")
    update_directory(site.database, plan=plan, entries=sheet.entries, actor=OFFICE, now=NOW, dry_run=False)


def sign_in(site: Site, person: str) -> tuple[int, str]:
    client = site.client()
    csrf = client.get("/sign-in").text.split('name="csrf" value="')[1].split('"')[0]
    answer = client.post("/sign-in", data={"name": person, "password": PASSWORD, "csrf": csrf, "next": "/"})
    return answer.status_code, answer.text


def test_on_the_last_day_all_is_as_before_and_from_the_next_on_nothing_opens(site_on_both: Site) -> None:
    site = site_on_both
    at = f"/api/v1/items/{site.item('3').id}"
    leaves(site, "陆知衡", AS_OF)
    token, pages = site.client("lead"), site.signed_in("lead")
    assert (token.get(at).status_code, pages.get("/my").status_code) == (200, 200)
    site.clock.advance(days=1)
    refused = token.get(at)
    assert (refused.status_code, refused.json()["code"]) == (401, "bad_token")
    assert "left office" in refused.json()["detail"]
    assert pages.get("/my").status_code == 303, "to the sign-in page"
    status, text = sign_in(site, "lead")
    assert (status, "已离任" in text) == (403, True)


def test_who_has_left_signs_nothing_and_acknowledges_nothing(site_on_both: Site) -> None:
    site = site_on_both
    at = f"/api/v1/items/{site.item('3').id}"
    token = site.client("lead")
    leaves(site, "陆知衡")
    for path, body in (
        (f"{at}/closing", {"step": "sign"}),
        (f"{at}/transitions", {"action": "return_measure", "reason": "x"}),
        ("/api/v1/notices/1/acknowledge", {}),
    ):
        assert token.post(path, json=body).status_code == 401, path


def test_an_alias_of_the_account_leaves_with_its_holder(site: Site) -> None:
    from duban.services.accounts import set_scope
    from models import UserRole

    rows = "名称,类别,别名,失效日期\n陆知衡,,老陆,\n".encode()
    entries = read_sheet(rows, "名录.csv").entries
    update_directory(site.database, plan="1", entries=entries, actor=OFFICE, now=NOW, dry_run=False)
    set_scope(site.database, name="lead", role=UserRole.LEAD, parties=["老陆"])
    assert site.client("lead").get("/api/v1/me").status_code == 200
    leaves(site, "陆知衡")
    assert site.client("lead").get("/api/v1/me").status_code == 401


def test_who_left_one_plan_reads_and_acts_in_the_other_only(site_on_both: Site) -> None:
    site = site_on_both
    from duban.reading.directory import read_sheet
    from duban.reading.reader import read_bytes

    from .conftest import ROOT

    content = (ROOT / "examples" / "plan.md").read_bytes() + b"\n\n"
    content = content.replace("整改".encode(), "整治".encode(), 1)
    directory = read_sheet((ROOT / "examples" / "directory.csv").read_bytes(), "directory.csv").entries
    rules = office_rules(site.settings)
    intake = Intake(rules=rules, actor=OFFICE, as_of=dt.date(2026, 3, 3), now=NOW, directory=directory, code="乙方案")
    second = register(site.database, Received("plan2.md", content, read_bytes(content, "plan2.md")), intake).plan_id
    assert second != site.plan_id
    leaves(site, "陆知衡")
    token = site.client("lead")
    assert token.get(f"/api/v1/items/{site.item('3').id}").status_code == 403
    answer = token.post(
        f"/api/v1/items/{site.item('3').id}/transitions",
        json={"action": "return_measure", "reason": "x", "expected_version": 99},
    )
    assert answer.status_code == 403
    own = [row["plan"]["id"] for row in token.get("/api/v1/items").json()["items"]]
    assert set(own) == {second}


def test_an_account_with_a_successor_in_its_scope_goes_on_for_the_successor(site: Site) -> None:
    from duban.services.accounts import set_scope
    from models import UserRole

    with site.database.read() as session:
        assert session.scalars(select(Party.id).where(Party.name == "苏清越")).first() is not None
    set_scope(site.database, name="lead", role=UserRole.LEAD, parties=["陆知衡", "苏清越"])
    leaves(site, "陆知衡")
    assert site.client("lead").get("/api/v1/me").json()["parties"] == ["苏清越"]
