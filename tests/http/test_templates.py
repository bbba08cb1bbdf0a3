"""The office's own templates over the pages: sent in, checked, looked at, put into use, taken back."""

from __future__ import annotations

import io
from pathlib import Path

import docx
import httpx
import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from duban.notices import samples
from duban.notices.context import CONTEXTS
from duban.notices.rendering import SHIPPED
from duban.services.tools import night_tools
from models import AccessLog

from .conftest import Site

OURS = "【本区】{{ plan.short }}第{{ item.number }}项请抓紧办理\n"


def csrf_of(client: httpx.Client, path: str) -> str:
    page = BeautifulSoup(client.get(path).text, "lxml")
    return str(page.select_one("main form [name=csrf]")["value"])  # type: ignore[index]


def send(client: httpx.Client, kind: str, part: str, data: bytes) -> httpx.Response:
    csrf = csrf_of(client, f"/templates/{kind}")
    return client.post(f"/templates/{kind}", data={"csrf": csrf, "part": part}, files={"file": (part, data)})


def subject(site: Site) -> str:
    """The subject of a reminder as the next night would write it."""
    return night_tools(site.settings, site.database).renderer.render("remind", samples.full("remind")).subject


def decide(client: httpx.Client, path: str, **fields: str) -> httpx.Response:
    return client.post(path, data={"csrf": csrf_of(client, path.removesuffix("/back"))} | fields)


def test_a_template_is_checked_looked_at_put_into_use_and_taken_back(site: Site) -> None:
    client, before = site.signed_in("admin"), subject(site)
    sent = send(client, "remind", "subject.txt.j2", OURS.encode())
    assert sent.status_code == 303, sent.text
    page = client.get(sent.headers["location"]).text
    assert "【本区】临江2026督察整改第7项请抓紧办理" in page
    assert subject(site) == before, "nothing is in use before somebody says so"
    done = decide(client, sent.headers["location"], decision="use")
    assert done.headers["location"] == "/templates/remind?done=used"
    assert subject(site).startswith("【本区】")
    second = send(client, "remind", "subject.txt.j2", OURS.replace("本区", "我区").encode())
    decide(client, second.headers["location"], decision="use")
    assert subject(site).startswith("【我区】")
    page_now = BeautifulSoup(client.get("/templates/remind").text, "lxml")
    versions = [str(v["value"]) for v in page_now.select("[name=version]")]
    assert len(versions) == 2
    decide(client, "/templates/remind/back", part="subject.txt.j2", version=versions[1])
    assert subject(site).startswith("【本区】")
    decide(client, "/templates/remind/back", part="subject.txt.j2")
    assert subject(site) == before
    with site.database.read() as session:
        log = session.scalars(select(AccessLog).where(AccessLog.action.like("template.%")).order_by(AccessLog.id)).all()
    assert [(line.actor, line.action) for line in log] == [
        ("admin", "template.use"),
        ("admin", "template.use"),
        ("admin", "template.back"),
        ("admin", "template.back"),
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("第一行\n{{ item.titel }}", "remind/subject.txt.j2 第2行：没有“titel”这个字段"),
        ("{{ item.__class__ }}", "remind/subject.txt.j2 第1行：“__class__”不是字段"),
        ("{% include '/etc/passwd' %}", "remind/subject.txt.j2 第1行：没有模板“/etc/passwd”"),
        ("{{ sheet.label }}", "remind/subject.txt.j2 第1行：有可能为空的字段没有用 if 包起来"),
    ],
)
def test_a_template_with_a_mistake_is_refused_with_its_place_and_nothing_changes(
    site: Site, text: str, place: str
) -> None:
    client, before = site.signed_in("admin"), subject(site)
    refused = send(client, "remind", "subject.txt.j2", text.encode())
    assert refused.status_code == 422
    assert place in BeautifulSoup(refused.text, "lxml").text
    assert subject(site) == before


def test_a_word_sheet_is_taken_home_and_comes_back(site: Site) -> None:
    client = site.signed_in("admin")
    word = client.get("/templates/supervise/file/sheet.docx").content
    sent = send(client, "supervise", "sheet.docx", word)
    assert sent.status_code == 303, sent.text
    shown = client.get(f"{sent.headers['location']}/sheet").content
    assert any("沿河餐饮油烟" in p.text for p in docx.Document(io.BytesIO(shown)).paragraphs)
    assert send(client, "supervise", "sheet.docx", b"PK nonsense").status_code == 422
    dropped = decide(client, sent.headers["location"], decision="drop")
    assert dropped.headers["location"] == "/templates/supervise?done=dropped"
    assert client.get(sent.headers["location"]).status_code == 404


@pytest.mark.parametrize("kind", list(CONTEXTS))
def test_every_kind_can_be_looked_at_with_its_fields(site: Site, kind: str) -> None:
    client = site.signed_in("admin")
    page = client.get(f"/templates/{kind}")
    assert page.status_code == 200
    assert "office.name" in page.text
    mail = client.get(f"/templates/{kind}/mail")
    assert "sandbox" in mail.headers["content-security-policy"]
    for row in BeautifulSoup(page.text, "lxml").select("a[download]"):
        assert client.get(str(row["href"])).status_code == 200


@pytest.mark.parametrize("person", ["supervisor", "viewer", "unit"])
def test_only_the_administrator_changes_templates(site: Site, person: str) -> None:
    client = site.signed_in(person)
    for path in ("/templates", "/templates/remind", "/templates/remind/mail", "/templates/remind/file/body.html.j2"):
        assert client.get(path).status_code == 403


def test_a_name_from_outside_the_folder_leads_nowhere(site: Site) -> None:
    client = site.signed_in("admin")
    csrf = csrf_of(client, "/templates/remind")
    for part in ("../../secret", "sheet.docx", "_layout.html.j2", ""):
        answer = client.post("/templates/remind/back", data={"csrf": csrf, "part": part})
        assert answer.status_code == 404, part
    assert client.get("/templates/nonsense").status_code == 422
    assert Path(SHIPPED / "remind" / "subject.txt.j2").is_file()
