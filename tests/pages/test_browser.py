"""Pages in a real Chromium, on a desk and on a phone, with scripts and without."""

from __future__ import annotations

from typing import Any

import pytest

from ..http.conftest import Site

pytestmark = pytest.mark.browser
WIDTHS = (1280, 390)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_its_window_or_loads_from_elsewhere(visit: Any, site: Site, width: int) -> None:
    seen = visit("admin", width)
    item, doubted = site.item("3").id, site.item("12").id
    for path in (
        "/", "/my", "/items", f"/items/{item}", f"/items/{doubted}", "/quarantine", "/notices", "/notices/1",
        "/ranking", "/account", "/docs", "/docs/errors", "/more", "/views", f"/items/{item}/self-checks", "/calls",
        "/re-inspections", "/absences", "/rules", "/plans/1/policy", "/calendar", "/plans/1/release",
    ):  # fmt: skip
        page = seen.open(path)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, (path, width, wider)
    assert not seen.foreign
    assert not seen.complaints


@pytest.mark.parametrize("scripts", [True, False])
def test_a_clerk_moves_an_item_by_its_button(visit: Any, site: Site, scripts: bool) -> None:
    item = site.item("3")
    page = visit("unit", scripts=scripts).open(f"/items/{item.id}")
    form = page.locator("form", has=page.locator('[name="action"][value="start"]'))
    if not form.locator("button").is_visible():  # only the first thing to do stands open
        page.locator("summary", has_text="启动推进").click()
    form.locator('[name="reason"]').fill("已开工")
    form.locator("button").click()
    page.wait_for_url("**/items/*?done=1")
    assert "已办理" in page.locator("[role=status]").inner_text()
    assert page.locator(".steps [aria-current]").inner_text() == "持续推进"


def test_a_doubt_is_settled_and_taken_back_on_a_phone(visit: Any, site: Site) -> None:
    first = site.item("12", copy=1)
    page = visit("supervisor", 390).open("/quarantine")
    card = page.locator(f"#item-{first.id}")
    assert card.locator(".source .doubted").count() >= 1
    card.get_by_label("理由", exact=True).fill("已对照原件核实")
    card.get_by_role("button", name="按原文保留").click()
    page.wait_for_load_state()
    assert not site.item("12", copy=1).quarantined
    page.locator("#done").get_by_role("button", name="撤回").click()
    page.wait_for_load_state()
    assert site.item("12", copy=1).quarantined


def test_the_keyboard_reaches_the_text_first_and_every_control_shows_its_focus(visit: Any) -> None:
    page = visit("supervisor").open("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "跳到正文"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_colours_of_lights_keep_enough_contrast_and_carry_their_word(visit: Any) -> None:
    page = visit("supervisor").open("/items")
    lamps = page.evaluate(
        """() => [...document.querySelectorAll('.lamp')].map(e => {
            const s = getComputedStyle(e), of = c => c.match(/[\\d.]+/g).slice(0, 3).map(Number)
                .map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
            const l = c => { const [r, g, b] = of(c); return .2126 * r + .7152 * g + .0722 * b };
            const [a, b] = [l(s.color), l(s.backgroundColor)].sort((x, y) => y - x);
            return [e.textContent, (a + .05) / (b + .05)];
        })"""
    )
    assert {word for word, _ in lamps} >= {"红灯", "黄灯", "绿灯"}
    assert min(contrast for _, contrast in lamps) >= 4.5


def test_an_item_prints_on_a4_without_navigation_and_forms(visit: Any, site: Site) -> None:
    seen = visit("supervisor")
    page = seen.open(f"/items/{site.item('1').id}")
    page.emulate_media(media="print")
    assert not page.locator(".top").is_visible()
    assert not page.locator("form >> visible=true").count()
    pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF")
    assert b"/MediaBox" in pdf
