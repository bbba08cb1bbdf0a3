"""The signed link of a mail: its recipient acknowledges and reports, nobody else does anything."""

from __future__ import annotations

import dataclasses
import datetime as dt
import email
import email.policy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, update

from duban.notices import samples
from duban.notices.context import CONTEXTS, NOT_OF_AN_ITEM
from duban.notices.links import Purpose, sign, verify
from duban.services.by_link import concerned
from duban.services.compose import compose
from duban.services.link_keys import link_secrets
from duban.services.night import run_night
from duban.services.release import release
from duban.services.tools import night_tools
from duban.services.weekly import compose_weekly
from duban.web.links import AT_ONCE, Door
from models import (
    AccessLog,
    Clock,
    ClockKind,
    ClockState,
    Delivery,
    Event,
    Item,
    Notice,
    NoticeRecipient,
    Party,
    PartyKind,
    Plan,
)

from .conftest import AS_OF, NOW, OFFICE, Holder, Site

LONG = dt.timedelta(days=30)
LINK = re.compile(r"http://127\.0\.0\.1:8300(/link/[\w.-]+)")


@dataclasses.dataclass
class Sent:
    """A supervision sheet that went out, and the link in its recipient's mail."""

    site: Site
    notice: Notice
    party: Party
    path: str
    client: httpx.Client

    @property
    def token(self) -> str:
        return self.path.removeprefix("/link/")

    def acknowledge(self, token: str | None = None) -> httpx.Response:
        return self.client.post("/link/acknowledge", data={"token": self.token if token is None else token})

    def report(self, text: str, token: str | None = None) -> httpx.Response:
        return self.client.post("/link/report", data={"token": token or self.token, "text": text})

    def events(self, kind: str) -> list[Event]:
        with self.site.database.read() as session:
            query = select(Event).where(Event.item_id == self.notice.item_id, Event.type == kind).order_by(Event.seq)
            return list(session.scalars(query))

    def copies(self) -> list[NoticeRecipient]:
        with self.site.database.read() as session:
            query = select(NoticeRecipient).where(NoticeRecipient.notice_id == self.notice.id)
            return list(session.scalars(query.order_by(NoticeRecipient.id)))

    def everything(self) -> list[tuple[int, ...]]:
        """What must stay as it is when somebody only looks."""
        with self.site.database.read() as session:
            given = select(func.count()).where(NoticeRecipient.acknowledged_at.is_not(None))
            return [(session.scalar(select(func.max(Event.id))) or 0, session.scalar(given) or 0)]


def links_of(folder: Path, address: str) -> list[str]:
    found: list[str] = []
    for file in sorted(folder.glob("*.eml")):
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        assert isinstance(mail, email.message.EmailMessage)
        body = mail.get_body(("plain",))
        if mail["To"].addresses[0].addr_spec == address and body is not None:
            found += LINK.findall(body.get_content())
    return found


def send(site: Site, *, own_party: bool = True) -> Sent:
    """Runs a night on the example, and finds a sheet that asks for receipt with the link in its mail."""
    release(site.database, plan=site.plan_id, actor=OFFICE, now=site.clock())
    tools = dataclasses.replace(night_tools(site.settings, site.database), clock=site.clock)
    assert run_night(tools, AS_OF).ok
    with site.database.read() as session:
        rows = session.execute(
            select(Notice, Party, NoticeRecipient.address)
            .join(NoticeRecipient, NoticeRecipient.notice_id == Notice.id)
            .join(Party, Party.id == NoticeRecipient.party_id)
            .where(Notice.acknowledge_by.is_not(None), NoticeRecipient.role == "to")
            .where((NoticeRecipient.for_name == "") if own_party else (NoticeRecipient.for_name != ""))
            .order_by(Notice.id)
        ).tuples()
        notice, party, address = next(iter(rows))
    door = Door(site.settings)
    for path in links_of(site.settings.data_dir / "mail", address):
        claim = door.claim(path.removeprefix("/link/"), "test", site.clock())
        if (claim.party_id, claim.about_id) == (party.id, notice.id):
            return Sent(site, notice, party, path, site.client())
    raise AssertionError("the mail carries no link of its recipient")


@pytest.fixture
def sent(site: Site) -> Sent:
    return send(site)


def test_the_link_in_a_mail_lets_its_recipient_acknowledge_and_report(site_on_both: Site) -> None:
    sent = send(site_on_both)
    page = sent.client.get(sent.path)
    assert page.status_code == 200, page.text
    assert sent.notice.context["item"]["title"] in page.text
    assert sent.party.name in page.text
    assert "签收本件" in page.text
    answer = sent.acknowledge()
    assert (answer.status_code, answer.headers["location"]) == (303, f"{sent.path}?done=receipt")
    (event,) = sent.events("notice.acknowledged")
    assert (event.actor, event.source) == (sent.party.name, "link")
    answer = sent.report("两处点位已完工，\r\n余下一处月底前完成。")
    assert answer.status_code == 303
    (event,) = sent.events("progress.reported")
    assert (event.actor, event.source, event.reason) == (
        sent.party.name,
        "link",
        "两处点位已完工，\n余下一处月底前完成。",
    )
    page = sent.client.get(f"{sent.path}?done=report")
    assert "进展已报告督查室" in page.text
    assert "签收本件" not in page.text
    assert "余下一处月底前完成" in page.text


def test_the_receipt_of_all_addressees_ends_the_clock_that_waits_for_it(sent: Sent) -> None:
    with sent.site.database.write() as session:  # the sheet of one item that nobody else has to acknowledge
        session.execute(
            update(NoticeRecipient)
            .where(NoticeRecipient.notice_id == sent.notice.id, NoticeRecipient.party_id != sent.party.id)
            .values(role="cc")
        )
    sent.acknowledge()
    with sent.site.database.read() as session:
        states = session.scalars(
            select(Clock.state).where(Clock.item_id == sent.notice.item_id, Clock.kind == ClockKind.ACKNOWLEDGE)
        ).all()
    assert set(states) == {ClockState.COMPLETED}


def test_opening_a_link_changes_nothing_however_often_a_scanner_does_it(sent: Sent) -> None:
    before = sent.everything()
    for _ in range(5):
        assert sent.client.get(sent.path).status_code == 200
    sent.client.head(sent.path)
    sent.client.get("/link/acknowledge", params={"token": sent.token})
    sent.client.get("/link/report", params={"token": sent.token, "text": "x"})
    assert sent.everything() == before


def test_a_button_pressed_twice_does_it_once(sent: Sent) -> None:
    for _ in range(2):
        assert sent.acknowledge().status_code == 303
        assert sent.report("已完成").status_code == 303
    assert len(sent.events("notice.acknowledged")) == 1
    assert len(sent.events("progress.reported")) == 1


def test_a_link_acknowledges_for_its_own_holder_only(sent: Sent) -> None:
    sent.acknowledge()
    given = {c.party_id for c in sent.copies() if c.acknowledged_at is not None}
    assert given == {sent.party.id}


@pytest.mark.parametrize(
    "broken",
    [
        lambda token: "",
        lambda token: token[:-1],
        lambda token: token[:-2] + ("AA" if token[-2:] != "AA" else "BB"),
        lambda token: "x" + token,
        lambda token: "a.b",
    ],
)
def test_a_link_that_was_changed_or_cut_does_nothing_and_says_so(sent: Sent, broken: Callable[[str], str]) -> None:
    before = sent.everything()
    token = broken(sent.token)
    for answer in (
        sent.acknowledge(token),
        sent.report("x", token or "none"),
        sent.client.get(f"/link/{token or '-'}"),
    ):
        assert answer.status_code == 403
        assert "链接无效或已过期" in answer.text
        assert sent.notice.context["item"]["title"] not in answer.text
    assert sent.everything() == before


def test_a_link_ends_with_its_days(sent: Sent) -> None:
    sent.site.clock.advance(days=sent.site.settings.link_days, seconds=-1)
    assert sent.client.get(sent.path).status_code == 200
    sent.site.clock.advance(seconds=2)
    assert sent.client.get(sent.path).status_code == 403
    assert sent.acknowledge().status_code == 403
    assert sent.events("notice.acknowledged") == []


def test_a_signature_for_somebody_who_is_no_addressee_opens_nothing(sent: Sent) -> None:
    with sent.site.database.read() as session:
        addressed = {c.party_id for c in sent.copies()}
        other = next(p for p in session.scalars(select(Party.id).order_by(Party.id)) if p not in addressed)
    secret = link_secrets(sent.site.settings)[0]
    token = sign(secret, other, sent.notice.id, sent.site.clock() + dt.timedelta(days=1), Purpose.ANSWER)
    for answer in (sent.client.get(f"/link/{token}"), sent.acknowledge(token), sent.report("x", token)):
        assert answer.status_code == 403
    assert sent.events("notice.acknowledged") == sent.events("progress.reported") == []


def test_an_official_who_has_left_opens_nothing_any_more(sent: Sent) -> None:
    with sent.site.database.write() as session:
        session.execute(update(Party).where(Party.id == sent.party.id).values(valid_to=dt.date(2026, 7, 12)))
    assert sent.client.get(sent.path).status_code == 403
    assert sent.acknowledge().status_code == 403


def test_a_withdrawn_notice_says_so_and_takes_no_answer(sent: Sent) -> None:
    with sent.site.database.write() as session:
        session.execute(
            update(Notice)
            .where(Notice.id == sent.notice.id)
            .values(withdrawn_at=sent.site.clock(), withdrawn_reason="数据有误", withdrawn_by="督查室")
        )
    page = sent.client.get(sent.path).text
    assert "已撤回：数据有误" in page
    assert "<form" not in page
    for answer in (sent.acknowledge(), sent.report("x")):
        assert answer.status_code == 409
    assert sent.events("notice.acknowledged") == sent.events("progress.reported") == []


@pytest.mark.parametrize("text", ["", "   \n ", "长" * 2001])
def test_a_report_without_text_or_without_end_is_refused_and_kept_in_the_form(sent: Sent, text: str) -> None:
    answer = sent.report(text)
    assert answer.status_code == 422
    assert "没有填写进展" in answer.text
    assert sent.events("progress.reported") == []


def test_markup_in_a_report_stays_text(sent: Sent) -> None:
    sent.report("<script>alert(1)</script>")
    page = sent.client.get(sent.path).text
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_form_on_another_site_cannot_answer_without_the_token(sent: Sent) -> None:
    office = sent.site.signed_in("supervisor")
    answer = office.post("/link/acknowledge", data={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert sent.events("notice.acknowledged") == []


def test_what_was_done_by_link_stands_in_the_access_log_without_the_token(sent: Sent) -> None:
    sent.client.get(sent.path)
    sent.acknowledge()
    sent.acknowledge("nonsense")
    with sent.site.database.read() as session:
        lines = session.scalars(select(AccessLog).where(AccessLog.action.like("link.%")).order_by(AccessLog.id)).all()
        everything = session.scalars(select(AccessLog)).all()
    assert [(line.action, line.outcome) for line in lines] == [
        ("link.open", "done"),
        ("link.acknowledge", "done"),
        ("link.acknowledge", "link_refused"),
    ]
    assert lines[1].actor == f"party {sent.party.id}"
    assert lines[1].address == "127.0.0.1"
    assert not [line for line in everything if sent.token[:30] in line.action + line.detail]


def test_whoever_tries_links_at_random_is_slowed_down(sent: Sent) -> None:
    answers = [sent.client.get(f"/link/guess-{n}").status_code for n in range(AT_ONCE + 3)]
    assert answers[:AT_ONCE] == [403] * AT_ONCE
    assert 429 in answers[AT_ONCE:]
    assert sent.client.get(sent.path).status_code == 200, "and nobody else is"


def test_nobody_else_reads_a_link_in_the_copies_that_the_pages_show(sent: Sent) -> None:
    for person in ("viewer", "supervisor"):
        notice = sent.site.client(person).get(f"/api/v1/notices/{sent.notice.id}").text
        assert sent.token not in notice
        assert "/link/" not in notice
    page = sent.site.signed_in("supervisor").get(f"/notices/{sent.notice.id}").text
    assert "/link/" not in page


def test_after_the_secret_has_changed_links_that_were_sent_still_work_as_long_as_it_stays_behind(
    sent: Sent, server: tuple[str, Holder]
) -> None:
    _, holder = server
    old = link_secrets(sent.site.settings)[0].decode()
    for secret, status in ((f"{'n' * 40} {old}", 200), ("n" * 40, 403)):
        holder.site.state.links = Door(sent.site.settings.model_copy(update={"session_secret": SecretStr(secret)}))
        assert sent.client.get(sent.path).status_code == status


def test_a_copy_for_information_asks_for_no_receipt(sent: Sent) -> None:
    with sent.site.database.read() as session:
        informed = session.execute(
            select(NoticeRecipient.party_id, NoticeRecipient.notice_id)
            .join(Notice, Notice.id == NoticeRecipient.notice_id)
            .where(NoticeRecipient.role == "cc", Notice.acknowledge_by.is_not(None))
        ).first()
    assert informed is not None
    life = sent.site.clock() + dt.timedelta(days=1)
    token = sign(link_secrets(sent.site.settings)[0], *informed, life, Purpose.ANSWER)
    assert "本件不要求签收" in sent.client.get(f"/link/{token}").text


# -- every kind of notice -----------------------------------------------------------------------------------------

ITEM_KINDS = [k for k in CONTEXTS if k not in NOT_OF_AN_ITEM]


@dataclasses.dataclass
class Mailed:
    """Notices that were written, and whoever reads them: the addressee, a copy for information, a stranger."""

    site: Site
    item: Item
    reader: Party
    informed: Party
    client: httpx.Client
    notices: list[int] = dataclasses.field(default_factory=list)

    def claims(self, text: str) -> list[tuple[str, tuple[int, str, int]]]:
        found = []
        for path in dict.fromkeys(LINK.findall(text)):
            claim = verify(link_secrets(self.site.settings), path.removeprefix("/link/"), self.site.clock())
            found.append((path, (claim.party_id, claim.purpose.value, claim.about_id)))
        return found

    def events(self, kind: str) -> list[Event]:
        with self.site.database.read() as session:
            return list(session.scalars(select(Event).where(Event.item_id == self.item.id, Event.type == kind)))

    def mails_to(self, party: Party) -> list[Delivery]:
        with self.site.database.read() as session:
            query = select(Delivery).where(Delivery.address == party.email).order_by(Delivery.id)
            return list(session.scalars(query))

    def receipts(self) -> set[tuple[int, int]]:
        with self.site.database.read() as session:
            query = select(NoticeRecipient).where(NoticeRecipient.acknowledged_at.is_not(None))
            return {(c.notice_id, c.party_id) for c in session.scalars(query)}


def write(mailed: Mailed, *kinds: str) -> None:
    """Writes a notice of each kind to the reader, a copy to whoever is informed, and composes the mails."""
    site = mailed.site
    with site.database.write() as session:
        for kind in kinds:
            context = samples.full(kind)
            notice = Notice(
                plan_id=site.plan_id,
                item_id=mailed.item.id,
                kind=kind,
                cause=f"test:{kind}",
                as_of=AS_OF,
                colour="red",
                acknowledge_by=AS_OF if context["acknowledge"] and kind != "acknowledge" else None,
                created_at=site.clock(),
                context={k: v for k, v in context.items() if k not in ("recipient", "link")} | {"sheet": None},
            )
            for party, role in ((mailed.reader, "to"), (mailed.informed, "cc")):
                copy = NoticeRecipient(party_id=party.id, role=role, address=party.email, for_name="")
                notice.recipients.append(copy)
            session.add(notice)
            session.flush()
            mailed.notices.append(notice.id)
    tools = night_tools(site.settings, site.database)
    compose(
        site.database,
        tools.renderer,
        as_of=AS_OF,
        now=site.clock(),
        domain=tools.domain,
        public_url=tools.office.public_url,
        links=tools.links,
    )


@pytest.fixture
def mailed(site: Site) -> Mailed:
    with site.database.write() as session:
        session.execute(update(Plan).values(released_at=site.clock(), released_by="王督查"))
        people = select(Party).where(Party.email.is_not(None), Party.kind == PartyKind.PERSON)
        reader, informed = session.scalars(people.order_by(Party.id).limit(2)).all()
        session.expunge_all()
    return Mailed(site, site.item("3"), reader, informed, site.client())


@pytest.mark.parametrize("kind", ITEM_KINDS)
def test_a_mail_of_every_kind_carries_its_own_readers_link_that_works_until_it_ends(mailed: Mailed, kind: str) -> None:
    write(mailed, kind)
    (notice_id,) = mailed.notices
    paths = {}
    for party in (mailed.reader, mailed.informed):
        (mail,) = mailed.mails_to(party)
        for body in (mail.text, mail.html):
            ((paths[party.id], claim),) = mailed.claims(body)
            assert claim == (party.id, "answer", notice_id)
    path, other = paths[mailed.reader.id], paths[mailed.informed.id]
    token = path.removeprefix("/link/")
    assert mailed.client.get(path).status_code == 200
    assert mailed.client.head(path).status_code in (200, 405)
    assert mailed.receipts() == set(), "opening it changes nothing"
    for bad in (token[:-2] + "xy", other.removeprefix("/link/")[: token.index(".")] + token[token.index(".") :]):
        assert mailed.client.post("/link/acknowledge", data={"token": bad}).status_code == 403
    assert mailed.client.post("/link/acknowledge", data={"token": token}).status_code == 303
    assert mailed.receipts() == {(notice_id, mailed.reader.id)}
    assert mailed.client.post("/link/report", data={"token": token, "text": "已完成七成"}).status_code == 303
    (said,) = mailed.events("progress.reported")
    assert (said.actor, said.source) == (mailed.reader.name, "link")
    for door in ("/api/v1/items", "/items", f"/notices/{notice_id}"):
        assert mailed.client.get(door, headers={"Authorization": f"Bearer {token}"}).status_code in (303, 401)
    with mailed.site.database.write() as session:
        session.execute(update(Party).where(Party.id == mailed.informed.id).values(valid_to=dt.date(2026, 7, 12)))
    assert mailed.client.get(other).status_code == 403, "an official who has left"
    with mailed.site.database.write() as session:
        session.execute(update(Notice).values(withdrawn_at=NOW, withdrawn_reason="数据有误", withdrawn_by="督查室"))
    assert "已撤回" in mailed.client.get(path).text
    assert mailed.client.post("/link/report", data={"token": token, "text": "再报"}).status_code == 409
    mailed.site.clock.advance(days=mailed.site.settings.link_days)
    assert mailed.client.get(path).status_code == 403, "it has expired"


def test_a_digest_carries_a_link_of_its_reader_for_each_of_its_notices(mailed: Mailed) -> None:
    write(mailed, *ITEM_KINDS)
    (mail,) = mailed.mails_to(mailed.reader)
    assert mail.kind == "digest"
    for body in (mail.text, mail.html):
        claims = sorted(claim for _, claim in mailed.claims(body))
        assert claims == [(mailed.reader.id, "answer", n) for n in mailed.notices]


def test_the_link_of_a_reminder_gives_the_receipt_that_it_reminds_of(mailed: Mailed) -> None:
    write(mailed, "supervise")
    write(mailed, "acknowledge")
    sheet, reminder = mailed.notices
    ((path, claim),) = mailed.claims(mailed.mails_to(mailed.reader)[-1].text)
    assert claim == (mailed.reader.id, "answer", reminder)
    page = mailed.client.get(path).text
    assert "待签收文书" in page
    assert "下班前签收" in page
    for _ in range(2):
        assert mailed.client.post("/link/acknowledge", data={"token": path.removeprefix("/link/")}).status_code == 303
    assert mailed.receipts() == {(sheet, mailed.reader.id), (reminder, mailed.reader.id)}
    assert [e.payload["notice"] for e in mailed.events("notice.acknowledged")] == [sheet, reminder]
    assert "已签收" in mailed.client.get(path).text


def test_a_weekly_summary_lets_its_reader_report_on_each_of_its_items_and_nothing_else(mailed: Mailed) -> None:
    site = mailed.site
    tools = night_tools(site.settings, site.database)
    arguments: dict[str, Any] = {
        "as_of": AS_OF,
        "now": NOW,
        "domain": tools.domain,
        "public_url": tools.office.public_url,
    }
    assert compose_weekly(site.database, tools.renderer, links=tools.links, **arguments) > 1
    with site.database.read() as session:
        mails = session.scalars(select(Delivery).where(Delivery.kind == "weekly").order_by(Delivery.id)).all()
    tried = 0
    for mail in mails:
        for path, (party_id, purpose, _) in mailed.claims(mail.text)[:1]:
            with site.database.read() as session:
                assert session.get_one(Party, party_id).email == mail.address
            assert purpose == "report"
            page = mailed.client.get(path)
            assert page.status_code == 200, page.text
            assert "签收本件" not in page.text
            token = path.removeprefix("/link/")
            assert mailed.client.post("/link/acknowledge", data={"token": token}).status_code == 403
            assert mailed.client.post("/link/report", data={"token": token, "text": "正在办理"}).status_code == 303
            assert "正在办理" in mailed.client.get(path).text
            tried += 1
    assert tried > 1
    item = site.item("12")
    with site.database.read() as session:
        near = concerned(session, session.get_one(Item, item.id))
        other = next(p for p in session.scalars(select(Party.id).order_by(Party.id)) if p not in near)
    stranger = sign(link_secrets(site.settings)[0], other, item.id, NOW + LONG, Purpose.REPORT)
    assert mailed.client.get(f"/link/{stranger}").status_code == 403
