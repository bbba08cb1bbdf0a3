"""What is known of a mail's fate is exactly what the server said, on real servers."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from duban.adapters.mail import (
    Mailbox,
    OutcomeUnknown,
    Outgoing,
    PermanentRefusal,
    TemporaryRefusal,
    TransportUnavailable,
    to_bytes,
    transport_from_url,
)
from duban.adapters.mail_smtp import parse_smtp_url
from duban.errors import WrongSetting

Make = Callable[..., Outgoing]
Certificate = tuple[Path, ssl.SSLContext]


def test_a_server_gets_the_mail_byte_for_byte(smtp_server: Any, outgoing: Make, sender: Mailbox) -> None:
    server, place = smtp_server()
    mail = outgoing()
    with transport_from_url(f"smtp://{place}", sender).open() as session:
        receipt = session.send(mail)
    assert server.mails == [to_bytes(mail, sender)]
    assert server.recipients == [[mail.to_address]]
    assert receipt.message_id == mail.message_id
    assert receipt.detail == "250 2.0.0 OK queued as 4711"


def test_one_connection_carries_many_mails(smtp_server: Any, outgoing: Make, sender: Mailbox) -> None:
    server, place = smtp_server()
    with transport_from_url(f"smtp://{place}", sender).open() as session:
        for number in range(20):
            session.send(outgoing(f"delivery-{number}"))
    assert len(set(server.mails)) == 20
    assert server.connections == 1


@pytest.mark.parametrize("place_of_refusal", ["mail", "rcpt", "data"])
@pytest.mark.parametrize(
    ("answer", "error"),
    [("450 4.2.1 mailbox busy", TemporaryRefusal), ("550 5.1.1 no such user", PermanentRefusal)],
)
def test_a_refusal_is_for_now_or_for_good_and_the_connection_goes_on(
    smtp_server: Any, outgoing: Make, sender: Mailbox, place_of_refusal: str, answer: str, error: type[Exception]
) -> None:
    server, place = smtp_server(**{place_of_refusal: answer})
    with transport_from_url(f"smtp://{place}", sender).open() as session:
        with pytest.raises(error, match=answer[:9]):
            session.send(outgoing("one"))
        setattr(server, place_of_refusal, "250 OK")
        session.send(outgoing("two"))
    assert server.mails == [to_bytes(outgoing("two"), sender)]
    assert server.connections == 1


def test_a_server_that_wants_credentials_makes_mails_wait(smtp_server: Any, outgoing: Make, sender: Mailbox) -> None:
    _, place = smtp_server(mail="530 5.7.0 authentication required")
    with transport_from_url(f"smtp://{place}", sender).open() as session, pytest.raises(TransportUnavailable):
        session.send(outgoing())


def test_a_connection_lost_after_the_mail_leaves_the_outcome_unknown(
    smtp_server: Any, outgoing: Make, sender: Mailbox
) -> None:
    server, place = smtp_server(drop="after DATA")
    with transport_from_url(f"smtp://{place}", sender).open() as session:
        with pytest.raises(OutcomeUnknown):
            session.send(outgoing("one"))
        server.drop = ""
        session.send(outgoing("two"))
    assert len(server.mails) == 2, "the first one had arrived, and is not sent again"


@pytest.mark.parametrize("drop", ["first connection at MAIL", "421 after the first mail"])
def test_a_connection_lost_before_the_mail_is_made_again(
    smtp_server: Any, outgoing: Make, sender: Mailbox, drop: str
) -> None:
    server, place = smtp_server(drop=drop)
    with transport_from_url(f"smtp://{place}", sender).open() as session:
        for key in ("one", "two", "three"):
            session.send(outgoing(key))
    assert server.mails == [to_bytes(outgoing(key), sender) for key in ("one", "two", "three")]
    assert server.connections == 2


def test_a_server_that_hangs_up_within_the_mail_has_not_got_it(outgoing: Make, sender: Mailbox) -> None:
    """354, then the connection is reset: without the final dot there is no mail, so it may be sent again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, connection.makefile("rwb") as stream:
                stream.write(b"220 ready\r\n")
                stream.flush()
                for answer in (b"250 hello\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"):
                    stream.readline()
                    stream.write(answer)
                    stream.flush()
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"smtp://127.0.0.1:{listener.getsockname()[1]}?timeout=5"
        large = outgoing(text="督办" * 4_000_000)
        with transport_from_url(url, sender).open() as session, pytest.raises(TemporaryRefusal):
            session.send(large)
        thread.join()


def test_a_silent_server_after_the_mail_leaves_the_outcome_unknown(outgoing: Make, sender: Mailbox) -> None:
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, connection.makefile("rwb") as stream:
                stream.write(b"220 ready\r\n")
                stream.flush()
                for answer in (b"250 hello\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"):
                    stream.readline()
                    stream.write(answer)
                    stream.flush()
                done.wait(10)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"smtp://127.0.0.1:{listener.getsockname()[1]}?timeout=1"
        with transport_from_url(url, sender).open() as session, pytest.raises(OutcomeUnknown):
            session.send(outgoing())
        done.set()
        thread.join()


def test_no_server_means_no_session(sender: Mailbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(TransportUnavailable), transport_from_url(f"smtp://127.0.0.1:{port}", sender).open():
        pass


def test_a_user_name_and_password_are_given_once_the_line_is_encrypted(
    smtp_server: Any, outgoing: Make, sender: Mailbox, certificate: Certificate
) -> None:
    server, place = smtp_server({"tls_context": certificate[1]}, password="p@ss/wörd")
    with transport_from_url(f"smtp://duban:p%40ss%2Fw%C3%B6rd@{place}?ca={certificate[0]}", sender).open() as session:
        session.send(outgoing())
    assert len(server.mails) == 1


@pytest.mark.parametrize("password", ["hunter2", "口令"])
def test_a_wrong_password_is_a_transport_that_cannot_be_used_and_is_not_repeated(
    smtp_server: Any, sender: Mailbox, certificate: Certificate, password: str
) -> None:
    _, place = smtp_server({"tls_context": certificate[1]}, password="right")
    transport = transport_from_url(f"smtp://duban:{password}@{place}?ca={certificate[0]}", sender)
    with pytest.raises(TransportUnavailable, match="535") as refused, transport.open():
        pass
    assert password not in f"{refused.value} {transport!r} {vars(transport)}"


@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
def test_tls_is_used_from_the_start_or_by_starttls(
    smtp_server: Any, outgoing: Make, sender: Mailbox, certificate: Certificate, scheme: str
) -> None:
    file, context = certificate
    options = {"ssl_context": context} if scheme == "smtps" else {"tls_context": context, "require_starttls": True}
    server, place = smtp_server(options)
    query = f"?ca={file}" + ("&tls=starttls" if scheme == "smtp" else "")
    with transport_from_url(f"{scheme}://{place}{query}", sender).open() as session:
        session.send(outgoing())
    assert len(server.mails) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(
    smtp_server: Any, sender: Mailbox, certificate: Certificate
) -> None:
    _, place = smtp_server({"tls_context": certificate[1], "require_starttls": True})
    with (
        pytest.raises(TransportUnavailable, match="certificate"),
        transport_from_url(f"smtp://{place}?tls=starttls", sender).open(),
    ):
        pass


def test_a_server_without_tls_is_refused_where_it_is_required(smtp_server: Any, sender: Mailbox) -> None:
    _, place = smtp_server()
    with pytest.raises(TransportUnavailable), transport_from_url(f"smtp://{place}?tls=starttls", sender).open():
        pass


@pytest.mark.parametrize(
    ("url", "tls", "port"),
    [
        ("smtp://127.0.0.1", "none", 587),
        ("smtp://mail.example.org", "starttls", 587),
        ("smtp://u:p@127.0.0.1:2525", "starttls", 2525),
        ("smtps://mail.example.org", "implicit", 465),
        ("smtp://mail.example.org:25?tls=optional", "optional", 25),
    ],
)
def test_encryption_is_required_unless_it_makes_no_sense_or_is_waived(url: str, tls: str, port: int) -> None:
    address = parse_smtp_url(url)
    assert (address.tls, address.port) == (tls, port)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.org",
        "ftp://example.org",
        "smtp://",
        "smtp://h:port",
        "smtp://h:99999",
        "smtp://h?tls=yes",
        "smtp://h?tsl=none",
        "smtp://h?timeout=0",
        "smtp://user@h",
        "smtp://[::1",
        "smtps://h?tls=none",
        "eml:",
        "eml://",
        "wecombot://",
        "wecombot://a b",
    ],
)
def test_a_wrong_mail_url_is_refused_with_the_settings_name_and_what_would_be_right(sender: Mailbox, url: str) -> None:
    with pytest.raises(WrongSetting, match="DUBAN_MAIL_URL") as refused:
        transport_from_url(url, sender)
    assert "smtps://" in refused.value.remedy


def test_a_wrong_mail_url_does_not_repeat_the_password(sender: Mailbox) -> None:
    with pytest.raises(WrongSetting) as refused:
        transport_from_url("smtp://duban:hunter2@h:port", sender)
    assert "hunter2" not in str(refused.value)


def test_a_folder_gets_one_whole_file_a_mail_with_a_name_that_a_person_can_read(
    tmp_path: Path, outgoing: Make, sender: Mailbox
) -> None:
    folder = tmp_path / "新 邮件" / "mail"
    mail = outgoing()
    with transport_from_url(f"eml:{folder}", sender).open() as session:
        receipt = session.send(mail)
    (file,) = folder.iterdir()
    assert receipt.detail == str(file)
    assert file.name.startswith("2026-07-14_督办_临督办〔2026〕3号_已逾期6个工作日_沈明远_")
    assert file.suffix == ".eml"
    assert file.read_bytes() == to_bytes(mail, sender)
    assert message_from_bytes(file.read_bytes(), policy=policy.default)["Subject"] == mail.subject


def test_a_folder_files_a_mail_under_its_business_date_whenever_it_was_written(
    tmp_path: Path, outgoing: Make, sender: Mailbox
) -> None:
    mail = outgoing(label_on=dt.date(2026, 6, 1))
    with transport_from_url(f"eml:{tmp_path}", sender).open() as session:
        session.send(mail)
    (file,) = tmp_path.iterdir()
    assert file.name.startswith("2026-06-01_督办_")
    assert file.read_bytes() == to_bytes(outgoing(), sender), "the mail itself keeps its own date"


def test_a_mail_sent_again_to_a_folder_stays_one_file(tmp_path: Path, outgoing: Make, sender: Mailbox) -> None:
    transport = transport_from_url(f"eml://{tmp_path}", sender)
    for subject in ("第一稿", "第一稿", "改过的题目"):
        with transport.open() as session:
            session.send(outgoing("one", subject=subject))
            session.send(outgoing("two"))
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", ["../../etc/张三", "张/三\\四", "", "名" * 300, "a:b*c?d|e<f>g", "张三\n李四", "."])
def test_no_name_leads_out_of_the_folder_or_breaks_it(
    tmp_path: Path, outgoing: Make, sender: Mailbox, name: str
) -> None:
    folder = tmp_path / "mail"
    with transport_from_url(f"eml:{folder}", sender).open() as session:
        session.send(outgoing(to_name=name, subject=name))
    (file,) = folder.iterdir()
    assert len(file.name.encode()) <= 255
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_takes_no_mail_for_an_unusable_address(tmp_path: Path, outgoing: Make, sender: Mailbox) -> None:
    with transport_from_url(f"eml:{tmp_path}", sender).open() as session, pytest.raises(PermanentRefusal):
        session.send(outgoing(to_address="a@example.org\nBcc: b@example.org"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_transport_that_cannot_be_used(tmp_path: Path, sender: Mailbox) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(TransportUnavailable), transport_from_url(f"eml:{tmp_path}/file/mail", sender).open():
        pass
