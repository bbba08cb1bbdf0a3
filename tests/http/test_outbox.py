"""The outbox over HTTP: what stands how, what the office decides about it, and notices that are withdrawn."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select, update

from duban.services.compose import compose
from duban.services.night import run_night
from duban.services.release import release
from duban.services.tools import night_tools
from models import Delivery, DeliveryStatus, Event, Notice, NoticeRecipient

from .conftest import AS_OF, OFFICE, Site

LATER = dt.datetime(2026, 7, 13, 2, 30, tzinfo=dt.UTC)


@dataclasses.dataclass
class Outbox:
    """A site with mails that stand in every way that a person can meet."""

    site: Site
    mails: dict[str, int]


@pytest.fixture
def outbox(site: Site) -> Outbox:
    release(site.database, plan=site.plan_id, actor=OFFICE, now=site.clock())
    tools = dataclasses.replace(night_tools(site.settings, site.database), clock=site.clock)
    assert run_night(tools, AS_OF).ok
    changes = {
        "unknown": {"status": DeliveryStatus.UNKNOWN, "sent_at": None, "error": "发送过程中断"},
        "failed": {"status": DeliveryStatus.FAILED, "sent_at": None, "error": "550 no such user"},
        "throttled": {"status": DeliveryStatus.QUEUED, "sent_at": None, "not_before": LATER},
        "retrying": {"status": DeliveryStatus.QUEUED, "sent_at": None, "not_before": LATER, "error": "451 later"},
        "waiting": {"status": DeliveryStatus.QUEUED, "sent_at": None},
    }
    with site.database.write() as session:
        ids = session.scalars(select(Delivery.id).order_by(Delivery.id)).all()
        mails = dict(zip(changes, ids, strict=False))
        for name, values in changes.items():
            session.execute(update(Delivery).where(Delivery.id == mails[name]).values(**values))
    return Outbox(site, mails)


def test_each_mail_stands_where_it_stands_and_says_when_it_goes(outbox: Outbox) -> None:
    client = outbox.site.client("supervisor")
    everything = client.get("/api/v1/outbox", params={"limit": 200}).json()
    standing = {m["id"]: m["standing"] for m in everything["mails"]}
    assert {name: standing[mail] for name, mail in outbox.mails.items()} == {n: n for n in outbox.mails}
    assert {n: everything["counts"][n] for n in outbox.mails} == dict.fromkeys(outbox.mails, 1)
    assert everything["counts"]["sent"] == len(everything["mails"]) - len(outbox.mails)
    later = client.get("/api/v1/outbox", params={"standing": ["throttled", "retrying"]}).json()["mails"]
    assert {m["not_before"] for m in later} == {"2026-07-13T02:30:00Z"}
    one = later[0]
    found = client.get("/api/v1/outbox", params={"q": one["address"].upper()}).json()["mails"]
    assert one["id"] in {m["id"] for m in found}
    assert {m["address"] for m in found} == {one["address"]}
    notice = one["notices"][0]
    assert one["id"] in {
        m["id"] for m in client.get("/api/v1/outbox", params={"item": notice["item_id"]}).json()["mails"]
    }
    words = client.get(f"/api/v1/outbox/{one['id']}").json()["text"]
    assert one["name"] in words
    assert "/link/" not in words


def test_a_page_of_mails_goes_on_below_the_last(outbox: Outbox) -> None:
    client = outbox.site.client("admin")
    seen: list[int] = []
    before: dict[str, int] = {}
    while True:
        page = client.get("/api/v1/outbox", params={"limit": 3} | before).json()
        seen += [m["id"] for m in page["mails"]]
        if page["next"] is None:
            break
        before = {"before": page["next"]}
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == sum(page["counts"].values())


@pytest.mark.parametrize("person", ["viewer", "unit", "lead"])
def test_nobody_but_the_office_looks_into_the_outbox_or_withdraws(outbox: Outbox, person: str) -> None:
    api, pages = outbox.site.client(person), outbox.site.signed_in(person)
    mail = outbox.mails["unknown"]
    for path in ("/api/v1/outbox", f"/api/v1/outbox/{mail}"):
        assert api.get(path).json()["code"] == "role_forbidden"
    assert api.post(f"/api/v1/outbox/{mail}/verdict", json={"verdict": "arrived"}).status_code == 403
    assert api.post("/api/v1/notices/1/withdrawal", json={"reason": "x"}).status_code == 403
    for path in ("/outbox", f"/outbox/{mail}"):
        assert pages.get(path).status_code == 403


@pytest.mark.parametrize(
    ("mail", "verdict", "standing"),
    [
        ("unknown", "arrived", "sent"),
        ("unknown", "lost", "settled"),
        ("unknown", "resend", "waiting"),
        ("failed", "resend", "waiting"),
    ],
)
def test_the_office_decides_about_a_mail_and_its_items_say_so(
    outbox: Outbox, mail: str, verdict: str, standing: str
) -> None:
    client = outbox.site.client("supervisor")
    path = f"/api/v1/outbox/{outbox.mails[mail]}/verdict"
    answers = [
        client.post(path, json={"verdict": verdict, "note": "电话核实"}, headers={"Idempotency-Key": "k1"})
        for _ in range(2)
    ]
    assert [a.status_code for a in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["standing"] == standing
    items = {n["item_id"] for n in answers[0].json()["notices"]}
    with outbox.site.database.read() as session:
        events = session.scalars(select(Event).where(Event.type == "delivery.settled")).all()
    assert {e.item_id for e in events} == items
    assert {(e.actor, e.reason) for e in events} == {("supervisor", "电话核实")}
    again = client.post(path, json={"verdict": "arrived"})
    assert again.json()["code"] == "outbox_refused"


def test_what_left_or_waits_is_nobodys_to_decide(outbox: Outbox) -> None:
    client = outbox.site.client("supervisor")
    for name in ("throttled", "waiting"):
        answer = client.post(f"/api/v1/outbox/{outbox.mails[name]}/verdict", json={"verdict": "resend"})
        assert (answer.status_code, answer.json()["code"]) == (409, "outbox_refused")
    assert client.post("/api/v1/outbox/99999/verdict", json={"verdict": "resend"}).status_code == 404


def test_a_failed_mail_whose_notice_was_withdrawn_since_is_not_sent_again(outbox: Outbox) -> None:
    client, mail = outbox.site.client("supervisor"), outbox.mails["failed"]
    with outbox.site.database.write() as session:
        carried = session.scalars(select(NoticeRecipient.notice_id).where(NoticeRecipient.delivery_id == mail)).all()
        session.execute(
            update(Notice)
            .where(Notice.id.in_(carried))
            .values(withdrawn_at=outbox.site.clock(), withdrawn_reason="误发", withdrawn_by="王督查")
        )
    answer = client.post(f"/api/v1/outbox/{mail}/verdict", json={"verdict": "resend"})
    assert answer.status_code == 409
    assert "withdrawn" in answer.json()["detail"]
    page = outbox.site.signed_in("supervisor").get("/outbox?standing=failed").text
    assert 'value="resend"' not in page


def test_a_person_sees_what_to_decide_and_decides_it_on_the_page(outbox: Outbox) -> None:
    client = outbox.site.signed_in("supervisor")
    page = BeautifulSoup(client.get("/outbox").text, "lxml")
    rows = page.select("tbody tr")
    assert len(rows) == 2, "what is unknown and what has failed"
    mail = outbox.mails["unknown"]
    form = page.select_one(f"form[action='/outbox/{mail}/verdict']")
    assert form is not None
    assert [b["value"] for b in form.select("button")] == ["arrived", "lost", "resend"]
    csrf = str(form.select_one("[name=csrf]")["value"])  # type: ignore[index]
    done = client.post(f"/outbox/{mail}/verdict", data={"csrf": csrf, "verdict": "arrived", "note": "电话核实"})
    assert done.headers["location"] == "/outbox?done=arrived"
    assert "已登记为送达" in client.get("/outbox?done=arrived").text
    assert client.post(f"/outbox/{mail}/verdict", data={"csrf": csrf, "verdict": ""}).status_code == 422
    throttled = client.get("/outbox?standing=throttled").text
    assert "2026-07-13 10:30 发出" in throttled
    assert "/link/" not in client.get(f"/outbox/{mail}").text


def test_a_notice_is_withdrawn_before_it_leaves_and_keeps_its_number(site: Site) -> None:
    release(site.database, plan=site.plan_id, actor=OFFICE, now=site.clock())
    tools = dataclasses.replace(night_tools(site.settings, site.database), clock=site.clock)
    assert run_night(dataclasses.replace(tools, transport=tools.transport), AS_OF).ok
    with site.database.write() as session:  # as if nothing had left yet
        session.execute(update(Delivery).values(status=DeliveryStatus.QUEUED, sent_at=None))
        notice = session.scalars(select(Notice).where(Notice.number.is_not(None)).order_by(Notice.id)).first()
        assert notice is not None
        number, notice_id = notice.number, notice.id
    pages, api = site.signed_in("supervisor"), site.client("supervisor")
    page = BeautifulSoup(pages.get(f"/notices/{notice_id}").text, "lxml")
    form = page.select_one(f"form[action='/notices/{notice_id}/withdraw']")
    assert form is not None
    csrf = str(form.select_one("[name=csrf]")["value"])  # type: ignore[index]
    refused = pages.post(f"/notices/{notice_id}/withdraw", data={"csrf": csrf, "reason": "  "})
    assert refused.status_code == 409
    done = pages.post(f"/notices/{notice_id}/withdraw", data={"csrf": csrf, "reason": "数据有误"})
    assert done.headers["location"] == f"/notices/{notice_id}?done=withdrawn"
    assert "已撤回：数据有误" in pages.get(done.headers["location"]).text
    assert api.post(f"/api/v1/notices/{notice_id}/withdrawal", json={"reason": "再次"}).status_code == 409
    held = api.get("/api/v1/outbox", params={"standing": "withdrawn"}).json()["mails"]
    assert held
    assert {n["notice_id"] for m in held for n in m["notices"]} == {notice_id}
    compose(
        site.database,
        tools.renderer,
        as_of=AS_OF,
        now=site.clock(),
        domain="example.org",
        public_url="http://127.0.0.1:8300",
        links=tools.links,
    )
    with site.database.read() as session:
        assert session.get_one(Notice, notice_id).number == number
        waiting = session.scalars(select(Delivery.id).where(Delivery.status == DeliveryStatus.QUEUED)).all()
        carried = select(NoticeRecipient.notice_id).where(NoticeRecipient.delivery_id.in_(waiting))
        assert notice_id not in set(session.scalars(carried))
