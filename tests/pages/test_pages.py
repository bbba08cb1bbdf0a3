"""Pages as they are answered: who sees what, forms that change things, refusals as pages."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from bs4 import BeautifulSoup

from ..http.conftest import Site

PAGES = (
    "/", "/my", "/items", "/quarantine", "/notices", "/ranking", "/account", "/docs", "/docs/errors", "/more", "/views",
    "/self-checks", "/calls", "/re-inspections", "/absences", "/rules", "/plans/1/policy", "/calendar",
    "/items/3/self-checks",
)  # fmt: skip


def soup(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "lxml")


def form_values(form: Any) -> dict[str, str]:
    """What a browser would send of a form as it stands."""
    values = {
        i["name"]: i.get("value", "") for i in form.select("input[name]") if i.get("type") not in ("checkbox", "file")
    }
    for select in form.select("select[name]"):
        chosen = select.select_one("option[selected]") or select.select_one("option")
        values[select["name"]] = chosen.get("value", chosen.text) if chosen else ""
    for area in form.select("textarea[name]"):
        values[area["name"]] = area.text
    return values


def send(client: httpx.Client, form: Any, **typed: str) -> httpx.Response:
    data = form_values(form) | typed
    if "multipart" in form.get("enctype", ""):
        return client.post(form["action"], data=data, files={"file": ("a.pdf", b"%PDF-1.4")})
    return client.post(form["action"], data=data)


@pytest.mark.parametrize("person", ["admin", "supervisor", "viewer", "unit", "lead"])
def test_every_page_opens_for_everybody(site: Site, person: str) -> None:
    client = site.signed_in(person)
    for path in PAGES:
        page = soup(client.get(path))
        assert page.html["lang"] == "zh-CN"
        assert len(page.select("h1")) == 1, path
        assert page.select_one("main#main"), path
        assert not page.select("[style], script:not([src]), [onclick]"), path


def test_every_field_of_every_form_has_a_name_that_a_screen_reader_says(site: Site) -> None:
    client = site.signed_in("admin")
    for path in (*PAGES, f"/items/{site.item('3').id}", f"/items/{site.item('1').id}", "/sign-in"):
        page = soup(client.get(path)) if path != "/sign-in" else BeautifulSoup(site.client().get(path).text, "lxml")
        labelled = {label["for"] for label in page.select("label[for]")}
        for control in page.select("input:not([type=hidden]), select, textarea"):
            inside = control.find_parent("label") is not None
            assert inside or control.get("aria-label") or control.get("id") in labelled, (path, str(control))
        ids = [tag["id"] for tag in page.select("[id]")]
        assert len(ids) == len(set(ids)), (path, [i for i in ids if ids.count(i) > 1])


def test_pages_without_a_session_lead_to_signing_in_and_back(site: Site) -> None:
    for path in ("/", "/my", "/items/3", "/items?light=red&sort=due", "/account"):
        answer = site.client().get(path)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/sign-in")
    assert site.client().get("/items/3").headers["location"] == "/sign-in?next=/items/3"


def test_the_board_counts_what_the_ledger_holds(site: Site) -> None:
    page = soup(site.signed_in("supervisor").get("/"))
    figures = [int(b.text) for b in page.select(".figure b")]
    assert sum(figures) == 19
    api = site.client("supervisor")
    for figure, light in zip(figures, ("red", "yellow", "green", "none"), strict=False):
        found = api.get("/api/v1/items", params={"light": light, "limit": 200}).json()["items"]
        assert figure == len(found), light
    assert figures[4] == 2
    assert page.find("a", href="http://127.0.0.1:4200")


def test_a_unit_sees_only_its_own_on_every_page(site: Site) -> None:
    client = site.signed_in("unit")
    others = site.item("6")
    assert others.title not in client.get("/").text
    assert others.title not in client.get("/items").text
    refused = client.get(f"/items/{others.id}")
    assert refused.status_code == 403
    assert "不归您所在单位" in refused.text
    assert others.title not in refused.text


def test_a_transition_by_its_form_leads_back_to_the_item(site: Site) -> None:
    client = site.signed_in("unit")
    item = site.item("3")
    page = soup(client.get(f"/items/{item.id}"))
    form = next(f for f in page.select("form") if f.select_one("[name=action][value=start]"))
    answer = send(client, form, reason="已开工")
    assert answer.headers["location"] == f"/items/{item.id}?done=1"
    after = soup(client.get(answer.headers["location"]))
    assert "已办理" in after.text
    assert after.select_one(".steps [aria-current]").text == "持续推进"
    assert "已开工" in after.select_one(".timeline").text
    assert site.item("3").version == item.version + 1


def test_a_stale_form_shows_the_present_state_and_keeps_what_was_typed(site: Site) -> None:
    client = site.signed_in("unit")
    item = site.item("3")
    page = soup(client.get(f"/items/{item.id}"))
    form = next(f for f in page.select("form") if f.select_one("[name=action][value=start]"))
    assert send(client, form).status_code == 303
    again = send(client, form, reason="我写了很多字")
    assert again.status_code == 409
    text = BeautifulSoup(again.text, "lxml").text
    assert "已有变动" in text
    assert "持续推进" in text
    assert "启动推进" in text  # what happened since
    assert "我写了很多字" in text


def test_a_closing_that_is_not_ready_is_shown_with_its_gaps_and_no_button_to_press(site: Site) -> None:
    item = site.in_state("ongoing")
    page = soup(site.signed_in("supervisor").get(f"/items/{item.id}"))
    form = next(f for f in page.select("form") if f.select_one("[name=action][value=close]"))
    assert form.select_one("button").has_attr("disabled")
    assert "尚未上传佐证材料" in form.select_one(".gaps").text
    refused = send(site.signed_in("supervisor"), form)
    assert refused.status_code == 403  # the form of another session


def test_measures_milestones_evidence_and_steps_are_done_by_their_forms(site: Site) -> None:
    unit = site.signed_in("unit")
    item = site.item("3")
    address = f"/items/{item.id}"
    for kind in ("measures", "milestones", "evidence"):
        while True:
            page = soup(unit.get(address))
            forms = [f for f in page.select("form") if f.get("action", "").startswith(f"{address}/{kind}")]
            waiting = [f for f in forms if kind != "measures" or form_values(f)["progress"] != "done"]
            if not waiting or (kind == "evidence" and "a.pdf" in page.text):
                break
            typed = {"progress": "done"} if kind == "measures" else {}
            assert send(unit, waiting[0], **typed).status_code == 303, kind
    page = soup(unit.get(address))
    start = next(f for f in page.select("form") if f.select_one("[name=action][value=start]"))
    assert send(unit, start).status_code == 303
    for person, step in (("unit", "request"), ("lead", "sign"), ("supervisor", "verify")):
        client = site.signed_in(person)
        page = soup(client.get(address))
        form = next(f for f in page.select("form") if f.select_one(f"[name=step][value={step}]"))
        assert send(client, form).status_code == 303, step
    done = soup(site.signed_in("viewer").get(address))
    assert len(done.select("#closing ~ ol .tag--done")) == 3


def test_a_doubt_is_settled_by_one_button_and_taken_back(site: Site) -> None:
    client = site.signed_in("supervisor")
    first = site.item("12", copy=1)
    page = soup(client.get("/quarantine"))
    form = page.select_one(f"#item-{first.id} form.decide")
    form.select_one("[name=was-party]").decompose()  # one value a name is sent here, and parties are rows
    assert send(client, form, action="nonsense").status_code == 422
    answer = send(client, form, action="keep", reason="")
    assert answer.status_code == 303
    assert not site.item("12", copy=1).quarantined
    assert "没有待核的事项" in soup(client.get("/quarantine")).text
    page = soup(client.get("/quarantine?show=settled"))
    assert "已对照原文核实，读取无误" in page.text, "one click is a decision with a reason"
    undo = next(f for f in page.select(f"#item-{first.id} form") if "undo" in f["action"])
    assert send(client, undo).status_code == 303
    assert site.item("12", copy=1).quarantined


def test_only_the_office_gets_buttons_in_quarantine(site: Site) -> None:
    page = soup(site.signed_in("viewer").get("/quarantine"))
    assert page.select("article.doubt")
    assert not page.select("article.doubt form")


def test_a_notice_is_shown_as_it_was_sent_and_acknowledged_once(site: Site) -> None:
    from sqlalchemy import select

    from duban.services.accounts import create_user
    from models import Notice, NoticeRecipient, Party, User, UserRole

    from ..http.conftest import NOW, PASSWORD, _hash_of

    with site.database.read() as session:
        notice, name = session.execute(
            select(Notice.id, Party.name)
            .join(NoticeRecipient, NoticeRecipient.notice_id == Notice.id)
            .join(Party, Party.id == NoticeRecipient.party_id)
            .where(Notice.acknowledge_by.is_not(None), NoticeRecipient.role == "to")
            .limit(1)
        ).one()
    create_user(site.database, name="addressee", role=UserRole.LEAD, parties=[name], now=NOW)
    with site.database.write() as session:
        session.scalars(select(User).where(User.name == "addressee")).one().password_hash = _hash_of(PASSWORD)
    client = site.signed_in("addressee")
    mine = soup(client.get("/my"))
    form = mine.select_one(f'form[action="/notices/{notice}/acknowledge"]')
    assert form is not None
    page = soup(client.get(f"/notices/{notice}"))
    frame = page.select_one("iframe")
    assert frame.has_attr("sandbox")
    copy = client.get(frame["src"])
    assert "sandbox" in copy.headers["content-security-policy"]
    sheet = client.get(f"/notices/{notice}/sheet")
    assert sheet.content.startswith(b"PK")
    assert send(client, form).headers["location"] == "/my"
    assert soup(client.get("/my")).select_one(f'form[action="/notices/{notice}/acknowledge"]') is None
    assert "addressee" in soup(client.get(f"/notices/{notice}")).text


def test_copies_for_others_are_not_shown_to_a_unit(site: Site) -> None:
    from sqlalchemy import select

    from models import NoticeRecipient

    item = site.item("3").id
    unit = site.client("unit")
    for notice in unit.get("/api/v1/notices", params={"item": item}).json()["notices"]:
        whole = unit.get(f"/api/v1/notices/{notice['id']}").json()
        own = {r["delivery_id"] for r in whole["row"]["recipients"] if r["own"]}
        assert {c["delivery_id"] for c in whole["copies"]} <= own
    with site.database.read() as session:
        others = session.execute(
            select(NoticeRecipient.notice_id, NoticeRecipient.delivery_id).where(
                NoticeRecipient.delivery_id.is_not(None)
            )
        ).all()
    client = site.signed_in("unit")
    statuses = {client.get(f"/notices/{n}/copies/{d}").status_code for n, d in others}
    assert statuses <= {200, 403, 404}
    assert statuses & {403, 404}


def test_a_token_made_on_the_page_is_shown_once(site: Site) -> None:
    client = site.signed_in("unit")
    page = soup(client.get("/account"))
    form = page.select_one('form[action="/account/tokens"]')
    answer = send(client, form, name="脚本")
    secret = BeautifulSoup(answer.text, "lxml").select_one(".secret").text
    assert site.client().get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    assert secret not in client.get("/account").text


def test_an_administrator_makes_users_and_nobody_else_does(site: Site) -> None:
    admin = site.signed_in("admin")
    form = soup(admin.get("/account")).select_one('form[action="/account/users"]')
    answer = send(admin, form, name="新用户", role="unit", parties="区教育局\n区民政局", password="a long password")
    assert "已新建用户" in answer.text
    assert "区教育局、区民政局" in answer.text
    unit = site.signed_in("unit")
    page = soup(unit.get("/account"))
    assert page.select_one('form[action="/account/users"]') is None
    csrf = page.select_one("[name=csrf]")["value"]
    refused = unit.post("/account/users", data={"csrf": csrf, "name": "x", "role": "admin"})
    assert refused.status_code == 403


def test_filters_of_the_list_stay_in_its_address_and_lead_to_pages(site: Site) -> None:
    client = site.signed_in("supervisor")
    page = soup(client.get("/items?light=red&sort=due"))
    assert {tag.text for tag in page.select("tbody .lamp")} == {"红灯"}
    assert page.select_one("#f-light option[selected]")["value"] == "red"
    assert soup(client.get("/items?q=涉企检查")).select("tbody tr")
    nothing = soup(client.get("/items?q=没有这样的词"))
    assert "没有符合条件的事项" in nothing.text
    assert client.get("/items?sort=random").status_code == 422
    assert "提交的内容有误" in client.get("/items?sort=random").text


def test_many_items_are_moved_at_once_with_a_result_for_each(site: Site) -> None:
    client = site.signed_in("supervisor")
    page = soup(client.get("/items?state=measure_drafted"))
    csrf = page.select_one("#bulk [name=csrf]")["value"]
    chosen = [*[box["value"] for box in page.select("[name=item]")][:3], f"{site.item('12').id}:1"]
    answer = client.post("/items/bulk", data={"csrf": csrf, "item": chosen, "action": "start", "reason": ""})
    text = BeautifulSoup(answer.text, "lxml").text
    assert "勾选4件" in text
    assert "待核" in text


def test_refusals_of_pages_are_pages_in_chinese(site: Site) -> None:
    client = site.signed_in("unit")
    for path, status, words in (
        ("/items/999999", 404, "没有找到"),
        ("/items/abc", 422, "提交的内容有误"),
        ("/nothing", 404, "没有这个页面"),
        ("/notices/999999", 404, "没有找到"),
        ("/ranking?plan=nothing", 404, "没有找到"),
    ):
        answer = client.get(path)
        assert answer.status_code == status, path
        assert words in answer.text, path
        assert answer.headers["content-type"].startswith("text/html")


def test_a_plan_is_public_only_once_it_is_published(site: Site) -> None:
    from models import Plan

    client = site.client()
    assert client.get("/public/1").status_code == 404
    with site.database.write() as session:
        session.get_one(Plan, 1).published = True
    page = soup(client.get("/public/1"))
    assert len(page.select("tbody tr")) == 17  # without the two that wait for a person
    assert "@" not in page.text
    assert not re.search(r"/items/\d", str(page))


def test_text_from_documents_and_people_cannot_become_markup(site: Site) -> None:
    client = site.signed_in("supervisor")
    item = site.item("3")
    form = next(
        f for f in soup(client.get(f"/items/{item.id}")).select("form") if f.select_one("[name=action][value=start]")
    )
    send(client, form, reason="<script>alert(1)</script>")
    with site.database.write() as session:
        row = session.get_one(type(item), item.id)
        row.title = '"><img src=x onerror=alert(1)>'
    for path in ("/", "/my", "/items", f"/items/{item.id}"):
        page = soup(client.get(path))
        assert not page.select("img, script:not([src])"), path


def test_words_for_refusals_name_only_fields_that_the_errors_have() -> None:
    import string

    from duban.errors import DubanError
    from duban.web.words import REFUSAL_ZH

    waiting, seen = [DubanError], 0
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.code not in REFUSAL_ZH:
            continue
        seen += 1
        given = {name for _, name, _, _ in string.Formatter().parse(kind.__doc__ or "") if name}
        used = {n for text in REFUSAL_ZH[kind.code] for _, n, _, _ in string.Formatter().parse(text) if n}
        assert used <= given, kind.code
    assert seen > 30
