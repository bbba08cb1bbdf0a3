"""Papers of month and quarter over HTTP and on their page."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
from urllib.parse import unquote

import docx
import openpyxl
import pytest
from bs4 import BeautifulSoup

from duban.domain.policy_model import Every
from duban.services.night import run_night
from duban.services.periodicals import issue_papers
from duban.services.release import release
from duban.services.tools import night_tools

from .conftest import AS_OF, NOW, OFFICE, Site

KINDS = ("progress", "exposure", "ranking", "check", "agenda")


@pytest.fixture
def late(site: Site) -> Site:
    """The site after a night that found items overdue."""
    release(site.database, plan=site.plan_id, actor=OFFICE, now=site.clock())
    tools = dataclasses.replace(night_tools(site.settings, site.database), clock=site.clock)
    assert run_night(tools, AS_OF).ok
    return site


def test_every_paper_is_there_as_data_and_as_a_file_of_each_kind(late: Site) -> None:
    client = late.client("supervisor")
    for kind in KINDS:
        data = client.get(f"/api/v1/plans/1/papers/{kind}").json()
        assert data["as_of"] == AS_OF.isoformat()
        files = {form: client.get(f"/api/v1/plans/1/papers/{kind}/{form}") for form in ("docx", "xlsx", "html")}
        assert {form: f.status_code for form, f in files.items()} == dict.fromkeys(files, 200)
        words = docx.Document(io.BytesIO(files["docx"].content))
        assert any(p.text for p in words.paragraphs)
        assert openpyxl.load_workbook(io.BytesIO(files["xlsx"].content)).sheetnames[0] == "正文"
        assert data["title"] in files["html"].text
        assert data["title"] in unquote(files["html"].headers["content-disposition"])
    assert client.get("/api/v1/plans/1/papers/nonsense").status_code == 422
    assert client.get("/api/v1/plans/1/papers/agenda", params={"cadence": "half_yearly"}).status_code == 422
    assert client.get("/api/v1/plans/99/papers/progress").status_code == 404


def test_a_paper_on_its_page_says_what_its_data_says_and_leads_to_its_rows(late: Site) -> None:
    client = late.signed_in("supervisor")
    found = client.get("/reports", params={"plan": "1", "kind": "progress", "as_of": AS_OF.isoformat()})
    assert (found.status_code, found.headers["location"]) == (
        303,
        f"/reports/1/progress?cadence=weekly&as_of={AS_OF}",
    )
    page = BeautifulSoup(client.get(found.headers["location"]).text, "lxml")
    paper = page.select_one("article.paper")
    assert paper is not None
    said = late.client("supervisor").get("/api/v1/plans/1/papers/progress").json()
    for text in said["text"]:
        assert text.replace(" ", "") in paper.text.replace(" ", "").replace("\n", "")
    anchors = {a["href"].removeprefix("#") for a in paper.select("a.figure")}
    assert anchors
    assert anchors <= {h["id"] for h in paper.select("h3[id]")}
    assert not page.select("[style], style")
    for link in page.select("a[download]"):
        assert client.get(str(link["href"])).status_code == 200


def test_papers_count_the_whole_plan_and_are_for_those_who_see_it(late: Site) -> None:
    for person in ("unit", "lead"):
        assert late.client(person).get("/api/v1/plans/1/papers/progress").json()["code"] == "role_forbidden"
        assert late.client(person).get("/api/v1/papers").status_code == 403
        assert late.signed_in(person).get("/reports").status_code == 403
    assert late.client("viewer").get("/api/v1/plans/1/papers/progress").status_code == 200


def test_issued_papers_are_listed_and_given_as_they_were_issued(late: Site) -> None:
    monday = dt.date(2026, 7, 13)
    issue_papers(
        late.database, Every.WEEKLY, as_of=monday, now=NOW + (monday - AS_OF), public_url="http://127.0.0.1:8300"
    )
    client = late.client("supervisor")
    (paper,) = client.get("/api/v1/papers", params={"plan": "1"}).json()
    assert client.get(f"/api/v1/papers/{paper['id']}").json()["title"] == paper["title"]
    word = client.get(f"/api/v1/papers/{paper['id']}/docx").content
    assert word[:2] == b"PK"
    pages = late.signed_in("supervisor")
    assert paper["title"] in pages.get("/reports").text
    assert pages.get(f"/reports/issued/{paper['id']}").content == word
    assert client.get("/api/v1/papers/99").status_code == 404


def test_a_ranking_shows_the_places_of_the_months_before(late: Site) -> None:
    page = late.signed_in("supervisor").get("/ranking?as_of=2026-09-15").text
    assert "近几个月" in page
    assert "8月31日" in page
    assert "6月30日" not in page, "the plan was not entered yet"
