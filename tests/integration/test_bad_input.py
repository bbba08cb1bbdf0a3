"""Names with markup, addresses that break a mail, officials who left: no broken mail and no silence on any channel."""

from __future__ import annotations

import dataclasses
import datetime as dt
import email
import email.policy
import io
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import docx
from sqlalchemy import select

from duban.adapters.chat import SmsSession
from duban.adapters.database import Database
from duban.adapters.mail import Outgoing, Receipt
from duban.reading.directory import Entry
from duban.services.link_keys import LinkMaker
from duban.services.night import run_night
from duban.services.weekly import compose_weekly
from models import Delivery, Notice, NoticeRecipient
from tests.integration.ledger import DIRECTORY, TODAY, Watch, a_world, an_item, due, night_tools

MARKUP = '<img src=x onerror="alert(1)">韩'
BROKEN = "ye@example.org\r\nBcc: everybody@example.org"
GONE = "沈予安"


class Group:
    """A robot that keeps what it is given, and what an SMS gateway would have posted of it."""

    repeatable = False

    def __init__(self) -> None:
        self.posted: list[Outgoing] = []
        self.lines: list[str] = []

    @contextmanager
    def open(self) -> Iterator[Group]:
        yield self

    def send(self, outgoing: Outgoing) -> Receipt:
        self.posted.append(outgoing)
        self.lines.append(SmsSession("json", None)._body(outgoing))
        return Receipt(outgoing.message_id, "ok")


def mails_in(folder: Path) -> list[EmailMessage]:
    found = []
    for file in sorted(folder.glob("*.eml")):
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        found.append(mail)
    return found


def test_bad_names_and_addresses_break_no_mail_and_silence_nobody(database: Database, tmp_path: Path) -> None:
    directory = [
        dataclasses.replace(e, name=MARKUP, email="han@example.org", aliases=["韩望舒"])
        if e.name == "韩望舒"
        else dataclasses.replace(e, email=BROKEN)
        if e.name == "叶知秋"
        else dataclasses.replace(e, valid_to=dt.date(2026, 6, 30))
        if e.name == GONE
        else dataclasses.replace(e, superior=MARKUP)
        if e.superior == "韩望舒"
        else e
        for e in DIRECTORY
    ]
    assert isinstance(directory[0], Entry)
    world = a_world(
        database,
        an_item("1", lead_officials=[MARKUP], title="<script>alert(2)</script>整改", **due(dt.date(2026, 7, 2))),
        an_item("2", lead_officials=[GONE], responsible_units=["区教育局"], **due(dt.date(2026, 7, 2))),
        an_item("3", lead_officials=["叶知秋"], **due(dt.date(2026, 7, 2))),
        directory=directory,
    )
    group = Group()
    links = LinkMaker(b"k" * 40, "http://127.0.0.1:8300", dt.timedelta(days=30))
    tools = dataclasses.replace(night_tools(database, tmp_path, Watch(TODAY)), robot=group, links=links)
    report = run_night(tools, TODAY)
    assert report.ok, report.failures
    assert compose_weekly(
        database,
        tools.renderer,
        as_of=TODAY,
        now=tools.clock(),
        domain="example.org",
        public_url="http://127.0.0.1:8300",
        links=links,
    )
    mails = mails_in(tmp_path)
    assert mails
    for mail in mails:
        (to,) = mail["To"].addresses
        assert to.addr_spec in {e.email for e in DIRECTORY if e.email} - {"shen@example.org", "ye@example.org"}
        assert mail["Bcc"] is None
        html = mail.get_body(("html",))
        assert html is not None
        assert "<img" not in html.get_content()
        assert "<script" not in html.get_content()
        for attachment in mail.iter_attachments():
            docx.Document(io.BytesIO(attachment.get_content()))
    with database.read() as session:
        for notice in session.scalars(select(Notice)):
            to_whom = session.scalars(
                select(NoticeRecipient).where(NoticeRecipient.notice_id == notice.id, NoticeRecipient.role == "to")
            ).all()
            assert to_whom, f"{notice.kind} of item {notice.item_id} went to nobody"
            assert all(r.delivery_id is not None for r in to_whom)
        stood_in = set(session.scalars(select(NoticeRecipient.for_name).where(NoticeRecipient.for_name != "")))
        weekly = set(session.scalars(select(Delivery.address).where(Delivery.kind == "weekly")))
    assert {GONE, "叶知秋"} <= stood_in, "whoever reads in their place is told for whom"
    assert "shen@example.org" not in weekly
    assert not [address for address in weekly if "\n" in address]
    assert group.posted
    assert not [p for p in group.posted if "/link/" in p.text]
    assert all(len(line) <= 70 and "\n" not in line for line in group.lines)
    assert world.plan.plan_id
