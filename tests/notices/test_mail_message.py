"""A mail survives every mail server and says what it was meant to say."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest

from duban.adapters.mail import (
    Attachment,
    Mailbox,
    Outgoing,
    UnusableAddress,
    check_address,
    message_id_for,
    to_bytes,
    to_email,
)
from duban.adapters.mail_message import NaiveDate, UnusableMessageId

Make = Callable[..., Outgoing]


def parsed(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_mail_read_back_has_the_same_text_html_subject_and_attachment(outgoing: Make, sender: Mailbox) -> None:
    mail = outgoing()
    back = parsed(to_bytes(mail, sender))
    text, html = back.get_body(("plain",)), back.get_body(("html",))
    assert text is not None
    assert html is not None
    assert back["Subject"] == mail.subject
    assert back["To"].addresses[0].display_name == "沈明远"
    assert back["From"].addresses[0].addr_spec == sender.address
    assert text.get_content().replace("\r\n", "\n") == mail.text
    assert html.get_content() == f"{mail.html}\r\n"
    assert not [part.defects for part in back.walk() if part.defects]
    assert not [header.defects for header in back.values() if header.defects]
    (attachment,) = back.iter_attachments()
    assert attachment.get_filename() == "督办单 临督办〔2026〕3号.docx"
    assert attachment.get_content() == mail.attachments[0].data


def test_the_same_mail_is_the_same_bytes_whenever_it_is_built(outgoing: Make, sender: Mailbox) -> None:
    assert to_bytes(outgoing(), sender) == to_bytes(outgoing(), sender)


def test_every_line_is_ascii_ends_in_crlf_and_stays_under_998_octets(outgoing: Make, sender: Mailbox) -> None:
    data = to_bytes(outgoing(subject="督办" * 300, to_name="名" * 200), sender)
    assert data.isascii()
    assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
    assert max(len(line) for line in data.split(b"\r\n")) <= 998


def test_a_mail_says_that_a_machine_sent_it(outgoing: Make, sender: Mailbox) -> None:
    back = parsed(to_bytes(outgoing(), sender))
    assert back["Auto-Submitted"] == "auto-generated"
    assert back["Message-ID"] == message_id_for("delivery-1", "linjiang.example.org")
    assert back["Date"].datetime == dt.datetime(2026, 7, 13, 17, 5, tzinfo=dt.UTC)


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\u2028", "\x00\n", "\r\n "])
def test_no_header_can_begin_within_a_name_a_subject_or_a_file_name(
    outgoing: Make, sender: Mailbox, break_: str
) -> None:
    evil = f"张三{break_}Bcc: all@example.org{break_}{break_}<html>"
    mail = outgoing(
        subject=evil,
        to_name=evil,
        attachments=(Attachment(evil, "text/plain", b"x"),),
        reply_to=Mailbox(evil, "a@example.org"),
    )
    back = parsed(to_bytes(mail, Mailbox(evil, sender.address)))
    assert "Bcc" not in back
    assert [a.addr_spec for a in back["To"].addresses] == [mail.to_address]
    assert sorted(set(back.keys())) == sorted(
        set(parsed(to_bytes(outgoing(reply_to=Mailbox("", "a@example.org")), sender)).keys())
    )


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org\nBcc: b@example.org",
        "a@example.org\r\n",
        "a@example.org\x00",
        "a b@example.org",
        "a@example.org, b@example.org",
        "<a@example.org>",
        "a@b@example.org",
        "a..b@example.org",
        "张三@example.org",
        "a",
        "",
        "@example.org",
        "a@",
        "a@b..org",
        "a@-b.org",
        "a@ex ample.org",
        "a" * 65 + "@example.org",
        "a@" + "b." * 130 + "org",
    ],
)
def test_an_address_that_would_break_a_mail_is_refused(outgoing: Make, sender: Mailbox, address: str) -> None:
    with pytest.raises(UnusableAddress):
        to_bytes(outgoing(to_address=address), sender)


def test_a_chinese_domain_goes_out_in_ascii() -> None:
    assert check_address("zhang@督办.example.org") == "zhang@xn--wfrp96f.example.org"


def test_html_in_a_name_stays_a_name(outgoing: Make, sender: Mailbox) -> None:
    name = '<b>"张三" & 李四</b>, x@example.org'
    back = parsed(to_bytes(outgoing(to_name=name), sender))
    (address,) = back["To"].addresses
    assert address.display_name == name
    assert address.addr_spec == "shen@linjiang.example.org"


def test_a_date_without_a_time_zone_is_refused(outgoing: Make, sender: Mailbox) -> None:
    with pytest.raises(NaiveDate):
        to_bytes(outgoing(date=dt.datetime(2026, 7, 14)), sender)  # noqa: DTZ001


def test_two_deliveries_have_two_message_ids_and_one_has_one() -> None:
    assert message_id_for("a", "example.org") == message_id_for("a", "example.org")
    assert message_id_for("a", "example.org") != message_id_for("b", "example.org")


def test_a_mail_without_html_and_attachments_is_plain_text(outgoing: Make, sender: Mailbox) -> None:
    back = parsed(to_bytes(dataclasses.replace(outgoing(), html=None, attachments=()), sender))
    assert back.get_content_type() == "text/plain"


@pytest.mark.parametrize(
    ("text", "mailbox"),
    [
        ("督查室 <duban@example.org>", Mailbox("督查室", "duban@example.org")),
        ('"督查室" <duban@example.org>', Mailbox("督查室", "duban@example.org")),
        ("duban@example.org", Mailbox("", "duban@example.org")),
    ],
)
def test_a_sender_is_read_from_one_line(text: str, mailbox: Mailbox) -> None:
    assert Mailbox.parse(text) == mailbox


def test_a_sender_with_an_open_bracket_is_refused() -> None:
    with pytest.raises(UnusableAddress):
        Mailbox.parse("督查室 <duban@example.org")


@pytest.mark.parametrize("message_id", ["", "督办", "<a@example.org>\r\nBcc: b@example.org", "<a b@example.org>"])
def test_a_message_id_that_is_none_is_refused(outgoing: Make, sender: Mailbox, message_id: str) -> None:
    with pytest.raises(UnusableMessageId):
        to_bytes(outgoing(message_id=message_id), sender)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "=?utf-8?B?eA==?=",
        "督" * 500,
        "督办 a" * 90,
        "é" * 37,
        "😀" * 41,
        "x" * 300,
        'a "b" \\ c',
        "督办  两个空格",
    ],
)
def test_every_subject_and_name_comes_back_as_it_was(outgoing: Make, sender: Mailbox, text: str) -> None:
    data = to_bytes(outgoing(subject=text, to_name=text), sender)
    assert parsed(data)["Subject"] == " ".join(text.split())
    # The newer parser puts a blank between two encoded words of a name, against RFC 2047, 6.2; the older one does not.
    name, address = parseaddr(str(message_from_bytes(data)["To"]))
    assert str(make_header(decode_header(name))) == " ".join(text.split())
    assert address == "shen@linjiang.example.org"
    head = data.partition(b"Date:")[0]
    assert max(len(line) for line in head.split(b"\r\n")) <= 78


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("督办单 临督办〔2026〕3号.docx", "督办单 临督办〔2026〕3号.docx"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("名" * 300 + ".docx", "名" * 70 + ".docx"),
        ("", "attachment"),
        ("a\"b';c%20*.txt", "a\"b';c%20*.txt"),
        ("a\\b.txt", "a_b.txt"),
    ],
)
def test_a_file_keeps_its_name_as_far_as_it_is_one(outgoing: Make, sender: Mailbox, name: str, wanted: str) -> None:
    files = (Attachment(name, "no media type\r\nX: y", b"x"),)
    (attachment,) = parsed(to_bytes(outgoing(attachments=files), sender)).iter_attachments()
    assert attachment.get_filename() == wanted
    assert attachment.get_content_type() == "application/octet-stream"


@pytest.mark.parametrize("name", ["督办单 临督办〔2026〕3号.docx", "a.docx", 'a"b.docx'])
def test_a_mail_program_that_knows_no_rfc_2231_reads_a_files_name(outgoing: Make, sender: Mailbox, name: str) -> None:
    data = to_bytes(outgoing(attachments=(Attachment(name, "text/plain", b"x"),)), sender)
    older = re.sub(rb"\r\n filename\*=[^\r]*", b"", data)  # what it passes over
    part = message_from_bytes(older).get_payload()[-1]
    for header, parameter in (("Content-Disposition", "filename"), ("Content-Type", "name")):
        value = part.get_param(parameter, header=header)
        assert str(make_header(decode_header(value))) == name
    assert max(len(line) for line in older.split(b"\r\n")) <= 998


def test_pythons_own_message_object_is_the_same_mail(outgoing: Make, sender: Mailbox) -> None:
    assert to_email(outgoing(), sender)["Subject"] == outgoing().subject
