"""Mails that come back: what a server reports about a mail of ours, and what changes nothing."""

from __future__ import annotations

import email
import email.policy
from pathlib import Path
from typing import Any

import pytest

from duban.adapters.database import Database
from duban.errors import Unreadable
from duban.services.bounces import Incoming, NotOurMail, receive
from models import AccessLog, Delivery, DeliveryStatus, NoticeRecipient

from .chains import broken_chains
from .ledger import NOW, World, a_night, a_world, an_item, due
from .nights import DUE, RUNGS, mails, text_of
from .servers import Postbox, smtp_server

SUBJECT = "=?utf-8?B?6YCA5L+h?="


def report(mail: email.message.EmailMessage, *, action: str = "failed", part: str = "text/rfc822-headers") -> bytes:
    """A delivery status notification (RFC 3464) as Postfix writes one."""
    address = mail["To"].addresses[0].addr_spec
    returned = f"From: {mail['From']}\r\nMessage-ID: {mail['Message-ID']}\r\nSubject: x\r\n"
    return (
        f"Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.org\r\nTo: duban@example.org\r\nSubject: {SUBJECT}\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you ...\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n"
        f"--b\r\nContent-Type: {part}\r\n\r\n{returned}\r\n--b--\r\n"
    ).encode("utf-8", "surrogateescape")


def sent(database: Database, folder: Path) -> tuple[World, email.message.EmailMessage]:
    """A night that urged, and the mail to the head of the unit."""
    world = a_world(database, an_item(**due(DUE)))
    a_night(database, folder, RUNGS["urge_1"])
    return world, next(m for m in mails(folder) if "ye@" in m["To"])


def row(world: World, mail: email.message.EmailMessage) -> Delivery:
    (found,) = world.all(Delivery, Delivery.message_id == mail["Message-ID"])
    assert isinstance(found, Delivery)
    return found


@pytest.mark.parametrize("part", ["text/rfc822-headers", "message/rfc822"])
def test_a_mail_that_came_back_has_failed_and_the_office_answers_for_its_recipient(
    database: Database, tmp_path: Path, part: str
) -> None:
    world, mail = sent(database, tmp_path)
    received = receive(database, report(mail, part=part), NOW)
    assert (received.incoming, received.name) == (Incoming.FAILED, "叶知秋")
    failed = row(world, mail)
    assert failed.status is DeliveryStatus.FAILED
    assert failed.error == "退信:550 5.1.1 no such user (ye@example.org)"
    assert failed.sent_at is None
    (answering,) = world.all(NoticeRecipient, NoticeRecipient.for_name == "叶知秋")
    assert answering.address == "ducha@example.org"
    (event,) = [e for e in world.events() if e.type == "delivery.bounced"]
    assert "550" in event.reason
    assert broken_chains(database) == []
    before = len(mails(tmp_path))
    a_night(database, tmp_path, RUNGS["urge_1"].replace(day=2))
    (new,) = [m for m in mails(tmp_path) if "ducha@" in m["To"] and "叶知秋" in text_of(m)][-1:]
    assert len(mails(tmp_path)) == before + 1
    assert "代" in text_of(new)


def test_the_same_report_again_changes_nothing(database: Database, tmp_path: Path) -> None:
    world, mail = sent(database, tmp_path)
    assert receive(database, report(mail), NOW).incoming is Incoming.FAILED
    after = (world.count(NoticeRecipient), len(world.events()))
    assert receive(database, report(mail), NOW).incoming is Incoming.KNOWN
    assert (world.count(NoticeRecipient), len(world.events())) == after


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed"])
def test_a_report_of_a_delay_or_an_arrival_changes_nothing(database: Database, tmp_path: Path, action: str) -> None:
    world, mail = sent(database, tmp_path)
    assert receive(database, report(mail, action=action), NOW).incoming is Incoming.DELAYED
    assert row(world, mail).status is DeliveryStatus.SENT


def test_a_report_about_somebody_elses_mail_is_refused(database: Database, tmp_path: Path) -> None:
    world, mail = sent(database, tmp_path)
    foreign = report(mail).replace(str(mail["Message-ID"]).encode(), b"<other@elsewhere.example.org>")
    with pytest.raises(NotOurMail, match="other@elsewhere"):
        receive(database, foreign, NOW)
    assert {d.status for d in world.all(Delivery)} == {DeliveryStatus.SENT}


@pytest.mark.parametrize(
    "header", ["Auto-Submitted: auto-replied", "Auto-Submitted: auto-generated", "X-Autoreply: yes", "Precedence: bulk"]
)
def test_an_out_of_office_answer_changes_nothing_and_is_recorded(
    database: Database, tmp_path: Path, header: str
) -> None:
    world, mail = sent(database, tmp_path)
    answer = (
        f"From: ye@example.org\r\nTo: duban@example.org\r\nSubject: {SUBJECT}\r\n{header}\r\n"
        f"In-Reply-To: {mail['Message-ID']}\r\n\r\n550 away\r\n"
    )
    assert receive(database, answer.encode(), NOW).incoming is Incoming.AUTOMATIC
    assert row(world, mail).status is DeliveryStatus.SENT
    (line,) = world.all(AccessLog, AccessLog.action == "mail.received")
    assert (line.actor, line.outcome, line.detail) == ("ye@example.org", "automatic", "退信")


def test_what_a_person_wrote_is_left_to_a_person(database: Database, tmp_path: Path) -> None:
    world, mail = sent(database, tmp_path)
    answer = (
        f"From: ye@example.org\r\nSubject: x\r\nAuto-Submitted: no\r\nIn-Reply-To: {mail['Message-ID']}\r\n\r\n收到\r\n"
    )
    assert receive(database, answer.encode(), NOW).incoming is Incoming.PERSONAL
    assert row(world, mail).status is DeliveryStatus.SENT


@pytest.mark.parametrize("data", [b"", b"  \r\n ", b"\x00\x01\x02", "督办".encode(), b"%PDF-1.7\n", b"just text"])
def test_what_is_no_mail_is_refused(sqlite_database: Database, data: bytes) -> None:
    with pytest.raises(Unreadable):
        receive(sqlite_database, data, NOW)


@pytest.mark.parametrize(
    "broken",
    [
        lambda m: m.replace(b"--b--\r\n", b""),
        lambda m: m[: len(m) // 2],
        lambda m: m.replace(b"Final-Recipient: rfc822; ye@example.org\r\n", b""),
        lambda m: m.replace(
            b"Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n", b"Diagnostic-Code: \xff\x00\x80;\r\n"
        ),
        lambda m: m.replace(b"Message-ID: ", b"Message-ID: \xff<\x00> "),
        lambda m: m.replace(b"utf-8?B", b"no-such-charset?B"),
    ],
)
def test_a_broken_report_is_taken_as_far_as_it_reads_or_refused(
    database: Database, tmp_path: Path, broken: Any
) -> None:
    world, mail = sent(database, tmp_path)
    try:
        received = receive(database, broken(report(mail)), NOW)
    except (NotOurMail, Unreadable):
        assert row(world, mail).status is DeliveryStatus.SENT
    else:
        failed = row(world, mail).status is DeliveryStatus.FAILED
        assert failed == (received.incoming is Incoming.FAILED)


def test_a_mail_that_a_server_took_and_then_returned_is_not_sent_again(database: Database) -> None:
    world = a_world(database, an_item(**due(DUE)))
    postbox = Postbox()
    with smtp_server(postbox) as url:
        a_night(database, url, RUNGS["urge_1"])
        mail = next(m for a, m in postbox.received if a == "ye@example.org")
        receive(database, report(mail), NOW)
        a_night(database, url, RUNGS["urge_1"].replace(day=2))
    assert postbox.addresses.count("ye@example.org") == 1
    assert row(world, mail).attempts == 1
