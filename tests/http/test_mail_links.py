"""Every kind of mail carries its own reader's link, and no link does more than its mail asks for."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from duban.notices import samples
from duban.notices.context import CONTEXTS, NOT_OF_AN_ITEM
from duban.notices.links import Purpose, sign, verify
from duban.services import receipts
from duban.services.by_link import concerned
from duban.services.compose import compose
from duban.services.link_keys import link_secrets
from duban.services.rules import rules_of
from duban.services.tools import night_tools
from duban.services.weekly import compose_weekly
from models import (
    Clock,
    Delivery,
    Event,
    Item,
    Notice,
    NoticeRecipient,
    Party,
    PartyKind,
    Plan,
    RungFired,
)

from .conftest import AS_OF, NOW, Site
from .mailed_links import LINK

LONG = dt.timedelta(days=30)


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
    with mailed.site.database.write() as session:
        rules = rules_of(session, mailed.site.plan_id)
        receipts.owe(session, {sheet: 2}, {mailed.site.plan_id: rules}, dt.date(2026, 7, 1))
        clock = session.scalars(select(Clock).where(Clock.recipient_id.is_not(None)).order_by(Clock.id.desc())).first()
        assert clock is not None
        fired = {"due_on": AS_OF, "fired_on": AS_OF, "fired_at": NOW, "outcome": "noticed"}
        session.add(RungFired(clock_id=clock.id, rung="acknowledge_1", cycle=1, notice_id=reminder, **fired))
    ((path, claim),) = mailed.claims(mailed.mails_to(mailed.reader)[-1].text)
    assert claim == (mailed.reader.id, "answer", reminder)
    page = mailed.client.get(path).text
    assert "待签收文书" in page
    assert "下班前签收" in page
    for _ in range(2):
        assert mailed.client.post("/link/acknowledge", data={"token": path.removeprefix("/link/")}).status_code == 303
    assert mailed.receipts() == {(sheet, mailed.reader.id)}
    assert [e.payload["notice"] for e in mailed.events("notice.acknowledged")] == [sheet]
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
