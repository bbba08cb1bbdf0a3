"""Sheets that wait for their approval, through every door: HTTP, page, command line, and the link of a 呈批件."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from duban.cli.main import cli
from duban.services.night import run_night
from duban.services.release import release
from duban.services.tools import night_tools
from models import Approval, Notice, NoticeRecipient

from .conftest import OFFICE, Site
from .mailed_links import links_of

SOON = {"talk_on": "2026-07-20", "talk_time": "15:00", "talk_place": "二号楼301会议室", "talk_speaker": "区长"}


def night(site: Site, days: int = 0) -> None:
    site.clock.advance(days=days)
    tools = dataclasses.replace(night_tools(site.settings, site.database), clock=site.clock)
    assert run_night(tools, site.clock.now.astimezone(site.settings.zone).date()).ok


def waiting(site: Site, kind: str) -> Notice:
    with site.database.read() as session:
        query = select(Notice).join(Approval, Approval.notice_id == Notice.id).where(Notice.kind == kind)
        return session.scalars(query.where(Approval.outcome.is_(None)).order_by(Notice.id)).first()  # type: ignore[return-value]


def started(site: Site) -> Site:
    release(site.database, plan=site.plan_id, actor=OFFICE, now=site.clock())
    night(site, days=2)
    assert waiting(site, "circulate")
    assert waiting(site, "summon")
    return site


def csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found.group(1)


def test_the_office_sees_what_waits_and_lets_it_go_by_http(site_on_both: Site) -> None:
    site = started(site_on_both)
    sheet, office = waiting(site, "circulate"), site.client("supervisor")
    shown = {p["notice_id"]: p for p in office.get("/api/v1/proposals").json()}
    assert shown[sheet.id]["may_decide"] is True
    assert site.client("unit").get("/api/v1/proposals").json() == []
    address = f"/api/v1/notices/{sheet.id}/decision"
    assert site.client("unit").post(address, json={"approved": True}).status_code == 403
    refused = office.post(address, json={"approved": False})
    assert (refused.status_code, refused.json()["code"]) == (409, "proposal_refused")
    done = office.post(address, json={"approved": True})
    assert (done.status_code, done.json()["outcome"]) == (200, "approved"), done.text
    assert done.json()["reference"] == "督通〔2026〕1号"
    assert office.post(address, json={"approved": True}).status_code == 409
    assert sheet.id not in [p["notice_id"] for p in office.get("/api/v1/proposals").json()]


def test_the_page_shows_the_form_and_takes_a_refusal_with_its_reason(site: Site) -> None:
    started(site)
    sheet, office = waiting(site, "circulate"), site.signed_in("supervisor")
    assert "待批文书" in office.get("/notices").text
    assert "督办文书待批" in office.get("/").text
    assert f"/notices/{sheet.id}" in office.get("/my").text
    page = office.get(f"/notices/{sheet.id}").text
    assert "批准以前没有编号" in page
    form = {"csrf": csrf(page), "approved": "no", "reason": "已约定月底完成"}
    answer = office.post(f"/notices/{sheet.id}/decision", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/notices/{sheet.id}?done=refused")
    shown = office.get(f"/notices/{sheet.id}?done=refused").text
    assert "不同意" in shown
    assert "已约定月底完成" in shown


def test_the_plan_head_approves_a_summons_by_the_link_of_the_memo_and_the_talk_is_recorded(site: Site) -> None:
    started(site)
    sheet = waiting(site, "summon")
    with site.database.read() as session:
        memo = session.scalars(select(Approval).where(Approval.notice_id == sheet.id)).one().memo_id
        address = session.scalars(select(NoticeRecipient.address).where(NoticeRecipient.notice_id == memo)).one()
    client = site.client()
    pages = {path: client.get(path).text for path in links_of(site.settings.data_dir / "mail", address)}
    (path,) = [p for p, text in pages.items() if "提交批示" in text and "约谈日期" in text][:1]
    token = path.removeprefix("/link/")
    lacking = client.post("/link/decide", data={"token": token, "approved": "yes"})
    assert lacking.status_code == 409
    assert "写明时间、地点和主谈人" in lacking.text
    done = client.post("/link/decide", data={"token": token, "approved": "yes"} | SOON)
    assert (done.status_code, done.headers["location"]) == (303, f"{path}?done=approved")
    assert "已批准" in client.get(path).text
    night(site, days=1)
    page = site.signed_in("supervisor").get(f"/notices/{sheet.id}").text
    assert "督约〔2026〕1号" in page
    assert "二号楼301会议室" in page
    site.clock.advance(days=6)
    office = site.signed_in("supervisor")
    page = office.get(f"/notices/{sheet.id}").text
    form = {"csrf": csrf(page), "promised": "八月底前完成", "promised_on": "2026-08-31"}
    assert office.post(f"/notices/{sheet.id}/talk", data=form).status_code == 303
    assert "承诺2026年8月31日" in office.get(f"/notices/{sheet.id}").text


def test_the_command_line_lists_refuses_and_records(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    started(site)
    sheet = waiting(site, "circulate")
    monkeypatch.setenv("DUBAN_DATABASE_URL", site.database.url)
    monkeypatch.setenv("DUBAN_DATA_DIR", str(Path(site.settings.data_dir)))
    run = CliRunner().invoke
    listed = run(cli, ["proposals", "--json"], catch_exceptions=False)
    assert sheet.id in [p["notice_id"] for p in json.loads(listed.output)]
    assert "通报" in run(cli, ["proposals"], catch_exceptions=False).output
    done = run(cli, ["decide", str(sheet.id), "refuse", "--reason", "已约定月底完成"], catch_exceptions=False)
    assert "refused" in done.output
