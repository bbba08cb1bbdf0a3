"""The page behind the link of a mail, in a real Chromium; and an office's own pages."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from duban.notices.links import Purpose, sign
from duban.services.link_keys import link_secrets
from duban.web.templating import Pages
from models import Notice, NoticeRecipient

from ..http.conftest import Site

WIDTHS = (1280, 390)
SHOTS = os.environ.get("DUBAN_SHOTS")  # a folder: the pages are kept there to be looked at


@pytest.fixture
def window(browser: Any, site: Site) -> Any:
    """Opens a path in a window where nobody is signed in, without scripts: mail programs often run none."""
    opened = []

    def open_(path: str, width: int) -> tuple[Any, list[str]]:
        context = browser.new_context(
            viewport={"width": width, "height": 844}, locale="zh-CN", java_script_enabled=False
        )
        opened.append(context)
        page, complaints = context.new_page(), []
        page.set_default_timeout(15_000)
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("request", lambda r: None if r.url.startswith((site.url, "data:")) else complaints.append(r.url))
        page.goto(site.url + path)
        return page, complaints

    yield open_
    for context in opened:
        context.close()


def link(site: Site) -> str:
    """The link of the first sheet that asks for a receipt."""
    with site.database.read() as session:
        notice_id, party_id = (
            session.execute(
                select(Notice.id, NoticeRecipient.party_id)
                .join(NoticeRecipient, NoticeRecipient.notice_id == Notice.id)
                .where(Notice.acknowledge_by.is_not(None), NoticeRecipient.role == "to")
                .order_by(Notice.id)
            )
            .tuples()
            .first()
        ) or (0, 0)
    secret = link_secrets(site.settings)[0]
    return "/link/" + sign(secret, party_id, notice_id, site.clock() + dt.timedelta(days=30), Purpose.ANSWER)


def look(page: Any, name: str, width: int) -> None:
    """Whether it fits the window; and a picture of it for whoever asked for one."""
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, (name, width, wider)
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}-{width}.png", full_page=True)


@pytest.mark.browser
@pytest.mark.parametrize("width", WIDTHS)
def test_a_recipient_acknowledges_and_reports_without_signing_in(
    window: Callable[..., Any], site: Site, width: int
) -> None:
    page, complaints = window(link(site), width)
    assert page.locator("h1").inner_text() == "督办单"
    look(page, "link", width)
    page.get_by_role("button", name="签收本件").click()
    assert "已签收" in page.locator("[role=status]").inner_text()
    page.get_by_label("自上次报告以来").fill("两处点位已完工。\n余下一处月底前完成。")
    page.get_by_role("button", name="提交进展").click()
    assert "进展已报告督查室" in page.locator("[role=status]").inner_text()
    assert "余下一处月底前完成" in page.locator(".said").inner_text()
    assert page.get_by_role("button", name="签收本件").count() == 0
    look(page, "link-done", width)
    assert complaints == []


@pytest.mark.browser
@pytest.mark.parametrize("width", WIDTHS)
def test_a_link_that_has_expired_says_what_to_do(window: Callable[..., Any], site: Site, width: int) -> None:
    path = link(site)
    site.clock.advance(days=31)
    page, _ = window(path, width)
    assert page.locator("h1").inner_text() == "链接无效或已过期"
    assert "督查室" in page.locator("main").inner_text()
    assert page.get_by_role("link", name="登录办理").is_visible()
    look(page, "link-expired", width)


def test_the_fields_of_the_link_page_have_names_that_a_screen_reader_says(site: Site) -> None:
    page = site.client().get(link(site)).text
    assert 'for="text"' in page
    assert 'id="text"' in page
    assert "<script" not in page


def test_an_office_replaces_one_page_and_the_others_are_as_shipped(site: Site, tmp_path: Path) -> None:
    own = tmp_path / "本机关" / "pages"
    own.mkdir(parents=True)
    (own / "refusal_bare.html").write_text("本机关：{{ title }}", "utf-8")
    pages = Pages(own, site.settings.zone)
    assert pages.text("refusal_bare.html", title="没有找到", remedy="") == "本机关：没有找到"
    assert "督办" in pages.text("link_refused.html", title="x", remedy="y", refused=True)
    shipped = Pages(tmp_path / "none", site.settings.zone)
    assert "督办" in shipped.text("link_refused.html", title="x", remedy="y", refused=True)
