"""A clerk at the pages: registering a plan, a second edition, a progress report, a directory, and what is refused."""

from __future__ import annotations

import io
import re
from typing import Any

import httpx
import openpyxl
from bs4 import BeautifulSoup
from sqlalchemy import func, select

from models import Anomaly, Document, Event, Item, Party, Plan, Upload

from ..http.conftest import ROOT, Site

PLAN = (ROOT / "examples" / "plan.md").read_text("utf-8")
REPORT = """澄川区关于整改进展情况的通报

2026年9月30日

根据区委统一部署,区政府对照反馈意见逐条整改。截至2026年9月底,2个问题已整改完成1个。现将整改进展情况予以公布。

一、关于优化营商环境方面

1.针对涉企检查频次偏多、不同部门重复检查问题。

合并检查126次,减少重复检查三成。已完成整改。

2.针对电梯困人救援不及时问题。

新增救援点三处,正在整改。
"""


def soup(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "lxml")


def follow(client: httpx.Client, answer: httpx.Response) -> Any:
    assert answer.status_code == 303, BeautifulSoup(answer.text, "lxml").get_text(" ", strip=True)[:600]
    return soup(client.get(answer.headers["location"]))


def send(client: httpx.Client, form: Any, files: dict[str, Any] | None = None, **typed: Any) -> httpx.Response:
    values: dict[str, Any] = {
        i["name"]: i.get("value", "")
        for i in form.select("input[name]")
        if i.get("type") not in ("checkbox", "file", "radio")
    }
    values |= {
        s["name"]: (s.select_one("[selected]") or s.select_one("option"))["value"] for s in form.select("select")
    }
    return client.post(form["action"], data=values | typed, files=files)


def form_at(page: Any, action: str) -> Any:
    return next(f for f in page.select("form") if f["action"] == action)


def count(site: Site, table: Any, *where: Any) -> int:
    with site.database.read() as session:
        return session.scalar(select(func.count()).select_from(table).where(*where)) or 0


def test_a_plan_is_shown_before_it_is_registered_and_stands_afterwards(site: Site) -> None:
    client = site.signed_in("supervisor")
    text = PLAN.replace("澄川区", "云溪区").replace("为民办实事", "便民利企").encode()
    form = form_at(soup(client.get("/plans/new")), "/plans/new")
    directory = (ROOT / "examples" / "directory.csv").read_bytes()
    files = {"file": ("云溪.md", text), "directory": ("名录.csv", directory)}
    answer = send(client, form, files, code="云溪2026")
    preview = follow(client, answer)
    assert "还没有登记" in preview.text
    assert len(preview.select("tbody tr")) >= 19
    assert count(site, Plan) == 1
    done = follow(client, send(client, form_at(preview, answer.headers["location"]), action="register"))
    assert "已登记，共19件" in done.text
    assert count(site, Upload) == 0
    assert "云溪2026" in client.get("/").text
    again = send(client, form, {"file": ("云溪.md", text)})
    assert "以前已登记" in follow(client, again).text
    other = send(client, form, {"file": ("云溪.md", text.replace("30日前完成".encode(), "29日前完成".encode()))})
    standing = follow(client, other)
    compared = follow(client, send(client, form_at(standing, other.headers["location"]), action="edition"))
    assert "第2版的改动" in compared.text


def test_of_several_plans_in_one_file_the_clerk_says_which(site: Site) -> None:
    client = site.signed_in("supervisor")
    fields = "整改措施:清运整修。\n责任单位:应急办\n整改时限:2027年3月底前\n"
    items = "".join(f"{number}、环境问题{number}\n{fields}" for number in ("一", "二"))
    text = "".join(f"{place}环境卫生问题整改方案\n{items}\n" for place in ("东城街道", "西关镇"))
    form = form_at(soup(client.get("/plans/new")), "/plans/new")
    asked = BeautifulSoup(send(client, form, {"file": ("两份.txt", text.encode())}).text, "lxml")
    choices = asked.select("main ol a")
    assert [choice.text for choice in choices] == ["东城街道环境卫生问题整改方案", "西关镇环境卫生问题整改方案"]
    before = count(site, Plan)
    preview = soup(client.get(choices[1]["href"]))
    assert "西关镇环境卫生问题整改方案" in preview.text
    done = follow(client, send(client, form_at(preview, choices[1]["href"]), action="register"))
    assert "已登记，共2件" in done.text
    assert count(site, Plan) == before + 1


def test_a_file_that_is_no_plan_is_refused_in_chinese_with_what_to_do(site: Site) -> None:
    client = site.signed_in("supervisor")
    form = form_at(soup(client.get("/plans/new")), "/plans/new")
    refused = send(client, form, {"file": ("a.pdf", b"%PDF-1.4 broken")})
    assert refused.status_code == 422
    main = BeautifulSoup(refused.text, "lxml").select_one("main")
    assert main.select_one("a.button")["href"] == "/plans/new"
    page = main.get_text(" ", strip=True)
    assert not re.search(r"[A-Za-z]{4,} [a-z]{3,} [a-z]{3,}", page), page


def test_a_second_edition_is_decided_item_by_item(site: Site) -> None:
    client = site.signed_in("supervisor")
    second = PLAN.replace("2026年6月30日前完成", "2026年7月31日前完成").replace("陆知衡", "苏清越")
    form = form_at(soup(client.get("/plans/1")), "/plans/1/editions")
    page = follow(client, send(client, form, {"file": ("第二版.md", second.encode())}, what="edition"))
    boxes = [b["value"] for b in page.select("input[name=take]")]
    assert boxes
    assert all(re.fullmatch(r".+::(time_limit|lead_officials)", b) for b in boxes)
    form = form_at(page, "/plans/1/editions/2")
    nothing = send(client, form, action="preview")
    assert nothing.status_code == 422
    assert "请先勾选" in nothing.text
    confirm = soup(send(client, form, take=boxes[:1], action="preview"))
    assert "确认采用1项" in confirm.select_one("h1").text
    refused = send(client, form_at(confirm, "/plans/1/editions/2"), take=boxes[:1], action="accept")
    assert refused.status_code == 422
    assert "理由" in refused.text
    after = follow(
        client, send(client, form_at(confirm, "/plans/1/editions/2"), take=boxes[:1], action="accept", why="区长办公会")
    )
    assert len(after.select("input[name=take]")) == len(boxes) - 1
    assert count(site, Event, Event.type == "item.edited") == 1
    declined = send(client, form_at(after, "/plans/1/editions/2"), take=boxes[1:], action="decline")
    assert "没有待定的改动" in follow(client, declined).text
    assert "已办结" in client.get("/plans/1").text


def test_a_progress_report_is_entered_into_the_items_that_a_person_confirms(site: Site) -> None:
    client = site.signed_in("supervisor")
    form = form_at(soup(client.get("/plans/1")), "/plans/1/editions")
    mistaken = send(client, form, {"file": ("通报.txt", REPORT.encode())}, what="edition")
    assert (mistaken.status_code, "像是整改进展通报" in mistaken.text) == (422, True)
    page = follow(client, send(client, form, {"file": ("通报.txt", REPORT.encode())}, what="report"))
    report = page.select_one("main form")
    after = follow(client, send(client, report, take=["1"], action="accept"))
    assert "已登记" in after.select_one("tbody").text
    assert site.item("3").reported_done
    with site.database.read() as session:
        assert session.scalars(select(Document.edition).order_by(Document.id)).all() == [1, None]


def test_a_directory_comes_down_as_a_workbook_and_goes_up_with_a_preview(site: Site) -> None:
    client = site.signed_in("supervisor")
    book = openpyxl.load_workbook(io.BytesIO(client.get("/plans/1/directory/workbook").content))
    sheet = book.active
    rows = {row[0].value: row for row in sheet.iter_rows(min_row=2)}
    unknown = sorted(set(rows) & set(unknown_names(site)))
    heads = [c.value for c in sheet[1]]
    rows["陆知衡"][heads.index("邮箱")].value = "new@example.org"
    for name in unknown:
        sheet.cell(rows[name][0].row, heads.index("邮箱") + 1).value = "x@example.org"
    content = io.BytesIO()
    book.save(content)
    page = soup(client.get("/plans/1/directory"))
    sent = send(client, form_at(page, "/plans/1/directory"), {"file": ("名录.xlsx", content.getvalue())})
    preview = follow(client, sent)
    assert "还没有录入" in preview.text
    assert "new@example.org" in preview.text
    done = follow(client, send(client, form_at(preview, sent.headers["location"]), action="enter"))
    assert "名录已更新" in done.text
    assert count(site, Party, Party.email == "new@example.org") == 1
    assert unknown_names(site) == []
    assert count(site, Anomaly, Anomaly.code == "unknown_party", Anomaly.resolved_at.is_(None)) == 0


def unknown_names(site: Site) -> list[str]:
    with site.database.read() as session:
        return list(session.scalars(select(Party.name).where(Party.plan_id == 1, ~Party.known)))


def test_wrong_rows_of_a_directory_are_told_by_their_line(site: Site) -> None:
    client = site.signed_in("supervisor")
    page = soup(client.get("/plans/1/directory"))
    wrong = "名称,类别,邮箱\n区教育局,单位,not-an-address\n,单位,a@example.org\n".encode()
    refused = send(client, form_at(page, "/plans/1/directory"), {"file": ("名录.csv", wrong)})
    assert refused.status_code == 422
    assert [li.text for li in BeautifulSoup(refused.text, "lxml").select("main .gaps li")] == [
        "第2行（区教育局）：“not-an-address”不是可用的邮箱地址",
        "第3行：“名称”是空的",
    ]


def test_only_the_office_finds_these_pages(site: Site) -> None:
    client = site.signed_in("unit")
    for path in ("/plans/new", "/plans/1/editions/1", "/plans/1/directory/workbook", "/plans/1/documents/1"):
        assert client.get(path).status_code == 403, path
    assert soup(client.get("/plans/1")).select("input[type=file]") == []
    assert "@example.org" not in client.get("/plans/1/directory").text
    assert count(site, Item) == 20 or count(site, Item) == 19
