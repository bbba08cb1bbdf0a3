"""The review of doubtful readings: one key or one click, only the wrong field touched, and taken back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from models import ItemParty, Measure, Party, Resolution, Role

from ..http.conftest import Site


def units(site: Site, item_id: int) -> list[str]:
    with site.database.read() as session:
        query = select(Party.name).join(ItemParty, ItemParty.party_id == Party.id)
        found = query.where(ItemParty.item_id == item_id, ItemParty.role == Role.RESPONSIBLE)
        return list(session.scalars(found.order_by(ItemParty.position)))


def last(site: Site) -> Resolution:
    with site.database.read() as session:
        return session.scalars(select(Resolution).order_by(Resolution.id.desc())).first()  # type: ignore[return-value]


def test_one_key_settles_an_item_and_one_takes_it_back(visit: Any, site: Site) -> None:
    window = visit("supervisor")
    page = window.open("/quarantine")
    page.keyboard.press("?")
    assert page.locator("#keys").get_attribute("open") is not None
    page.keyboard.press("j")
    second = page.locator("article.current").get_attribute("id")
    assert second != page.locator("article.doubt").first.get_attribute("id")
    page.keyboard.press("k")
    with page.expect_navigation():
        page.keyboard.press("1")
    assert last(site).action.value == "keep"
    assert last(site).reason
    assert "已按原文保留" in page.locator("#done").inner_text()
    with page.expect_navigation():
        page.keyboard.press("u")
    assert last(site).undone_by == "supervisor"
    assert window.complaints == []


def test_only_the_field_that_was_wrong_is_touched(visit: Any, site: Site) -> None:
    item = site.item("12", copy=1)
    before = units(site, item.id)
    with site.database.read() as session:
        measures = list(session.scalars(select(Measure.id).where(Measure.item_id == item.id)))
    page = visit("supervisor").open(f"/quarantine#item-{item.id}")
    card = page.locator(f"#item-{item.id}")
    card.locator(".fix[data-name=parties] summary").click()
    card.locator(".who-row").last.locator("select").select_option("responsible")
    card.locator(".who-row").last.locator("input").fill("区城管局")
    button = card.get_by_role("button", name="按更正保留（改1栏）")
    with page.expect_navigation():
        button.click()
    assert last(site).action.value == "edit"
    assert units(site, item.id) == [*before, "区城管局"]
    assert site.item("12", copy=1).title == item.title
    with site.database.read() as session:
        assert list(session.scalars(select(Measure.id).where(Measure.item_id == item.id))) == measures


def test_each_doubt_stands_at_its_line_of_the_source(site: Site) -> None:
    from bs4 import BeautifulSoup

    page = BeautifulSoup(site.signed_in("supervisor").get("/quarantine").text, "lxml")
    for card in page.select("article[data-waiting]"):
        assert card.select(".source .doubted + .here"), card["id"]
        assert card.select(".fix summary")


def test_the_page_works_without_scripts(visit: Any, site: Site) -> None:
    page = visit("supervisor", scripts=False).open("/quarantine")
    card = page.locator("article.doubt").first
    with page.expect_navigation():
        card.get_by_role("button", name="剔除这一份").click()
    assert last(site).action.value == "drop"


def test_an_item_is_split_and_joined_again_at_the_keyboard_of_a_narrow_screen(visit: Any, site: Site) -> None:
    window = visit("supervisor", width=390)
    page = window.open("/quarantine")
    progress = page.locator("label:has-text('核定进度') ~ strong")
    waiting = page.locator("article[data-waiting]").count()
    assert f"还剩{waiting}件" in progress.inner_text()
    number = page.locator("article.current h2").inner_text().split("（")[0].split("\u3000")[0]
    page.keyboard.press("4")
    page.locator("article.current input[name=new_number]").fill("99")
    with page.expect_navigation():
        page.locator("article.current").get_by_role("button", name="拆开").click()
    assert last(site).action.value == "split"
    assert f"还剩{waiting + 1}件" in progress.inner_text()
    page.goto(site.url + "/quarantine?number=99")
    made = site.item("99")
    page.locator(f"#item-{made.id}").focus()
    page.keyboard.press("5")
    page.locator(f"#item-{made.id} input[name=into]").fill(number)
    with page.expect_navigation():
        page.locator(f"#item-{made.id}").get_by_role("button", name="并入").click()
    assert site.item("99").dropped
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
    assert window.complaints == []


def test_a_party_moves_to_another_role_and_the_source_shows_the_place(visit: Any, site: Site) -> None:
    item = site.item("12", copy=1)
    page = visit("supervisor").open(f"/quarantine#item-{item.id}")
    seen = """one => {
        const box = one.getBoundingClientRect(), line = one.querySelector('.within').getBoundingClientRect();
        return line.top >= box.top && line.bottom <= box.bottom; }"""
    assert page.locator(f"#item-{item.id} .source").evaluate(seen)
    card = page.locator(f"#item-{item.id}")
    card.locator(".fix[data-name=parties] summary").click()
    row = card.locator(".who-row", has=page.locator("option[value=responsible][selected]")).first
    name = row.locator("input").input_value()
    row.locator("select").select_option("support")
    with page.expect_navigation():
        card.get_by_role("button", name="按更正保留（改1栏）").click()
    assert units(site, item.id) == []
    with site.database.read() as session:
        support = select(Party.name).join(ItemParty, ItemParty.party_id == Party.id)
        found = support.where(ItemParty.item_id == item.id, ItemParty.role == Role.SUPPORT)
        assert session.scalars(found).all() == [name]
