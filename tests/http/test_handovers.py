"""移交 through the doors: over HTTP as a dry run and for good, and on the directory's page with a preview."""

from __future__ import annotations

from .conftest import Site

BODY = {"source": "区市场监管局", "target": "区住建局", "reason": "机构改革"}


def test_over_http_a_dry_run_shows_and_the_request_hands_over(site_on_both: Site) -> None:
    office = site_on_both.client("supervisor")
    shown = office.post("/api/v1/plans/1/hand-overs?dry_run=true", json=BODY).json()
    assert shown["items"]
    assert not shown["written"]
    done = office.post("/api/v1/plans/1/hand-overs", json=BODY).json()
    assert [i["id"] for i in done["items"]] == [i["id"] for i in shown["items"]]
    item = office.get(f"/api/v1/items/{done['items'][0]['id']}").json()
    names = [p["name"] for p in item["row"]["parties"]] if "row" in item else str(item)
    assert "区住建局" in names
    assert site_on_both.client("unit").post("/api/v1/plans/1/hand-overs", json=BODY).status_code == 403
    refused = office.post("/api/v1/plans/1/hand-overs", json=BODY | {"target": "没有的局"})
    assert (refused.status_code, refused.json()["code"]) == (422, "hand_over_refused")


def test_the_page_previews_first_and_hands_over_on_the_second_press(site: Site) -> None:
    office = site.signed_in("supervisor")
    page = office.get("/plans/1/directory").text
    csrf = page.split('name="csrf" value="')[1].split('"')[0]
    form = BODY | {"csrf": csrf}
    preview = office.post("/plans/1/directory/hand-over", data=form)
    assert preview.status_code == 200
    assert "还没有移交" in preview.text
    assert "区住建局" in preview.text
    assert office.post("/plans/1/directory/hand-over", data=form | {"action": "sure"}).status_code == 303
    assert "没有在办事项" in office.post("/plans/1/directory/hand-over", data=form).text
