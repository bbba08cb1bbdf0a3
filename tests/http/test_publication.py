"""公开: the office opens a plan's public page, after a look at what it shows, and shuts it again."""

from __future__ import annotations

from .conftest import Site


def test_over_http_the_page_is_opened_and_shut(site_on_both: Site) -> None:
    site = site_on_both
    office, anybody = site.client("supervisor"), site.client()
    shown = office.post("/api/v1/plans/1/publication?dry_run=true", json={"published": True}).json()
    assert (shown["published"], shown["changed"], shown["items_shown"] > 0) == (False, False, True)
    assert anybody.get("/public/1").status_code == 404
    assert office.post("/api/v1/plans/1/publication", json={"published": True}).json()["changed"]
    page = anybody.get("/public/1")
    assert page.status_code == 200
    assert "@example.org" not in page.text
    assert not office.post("/api/v1/plans/1/publication", json={"published": True}).json()["changed"]
    office.post("/api/v1/plans/1/publication", json={"published": False})
    assert anybody.get("/public/1").status_code == 404
    assert site.client("unit").post("/api/v1/plans/1/publication", json={"published": True}).status_code == 403


def test_the_page_says_what_is_shown_before_it_opens(site: Site) -> None:
    office = site.signed_in("supervisor")
    page = office.get("/plans/1/publication").text
    assert "还没有公开" in page
    assert "不公开的内容" in page
    csrf = page.split('name="csrf" value="')[1].split('"')[0]
    assert office.post("/plans/1/publication", data={"csrf": csrf, "action": "publish"}).status_code == 303
    assert "已公开" in office.get("/plans/1/publication").text
    assert site.client().get("/public/1").status_code == 200
