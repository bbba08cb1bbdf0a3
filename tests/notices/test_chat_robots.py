"""A robot's own answer decides: the library takes a refusal with HTTP 200 for a success. Real HTTP on the loopback."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from duban.adapters.chat import ChatRobot, ChatSession, SmsSession, fitting
from duban.adapters.mail import (
    Mailbox,
    OutcomeUnknown,
    Outgoing,
    PermanentRefusal,
    TemporaryRefusal,
    transport_from_url,
)
from duban.services.robot import robot_from_url

Make = Callable[..., Outgoing]
ROBOTS = {
    "wecombot": ("wecombot://693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa", "api_url"),
    "dingtalk": ("dingtalk://0123456789abcdef", "notify_url"),
    "feishu": ("feishu://0123456789abcdef", "notify_url"),
    "lark": ("lark://0123456789abcdef", "webhook_url"),
}


class Answers(BaseHTTPRequestHandler):
    """Answers every post as its server says, and keeps what it got."""

    server: Any

    def do_POST(self) -> None:
        got = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(json.loads(got))
        if self.server.answer is None:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        status, body = self.server.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def robot(scheme: str, answer: tuple[int, bytes] | None) -> Iterator[tuple[ChatSession, list[Any]]]:
    """A session of the robot, its messages turned to a server of ours."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.got, server.answer = [], answer
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    url, attribute = ROBOTS[scheme]
    try:
        with ChatRobot(url).open() as session:
            session.plugin.request_rate_per_sec = 0
            setattr(session.plugin, attribute, f"http://127.0.0.1:{server.server_address[1]}/")
            yield session, server.got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def text_of(message: dict[str, Any]) -> str:
    inner = message.get("text") or message.get("content") or {}
    return str(inner.get("content") or inner.get("text"))


@pytest.mark.parametrize("scheme", list(ROBOTS))
def test_a_robot_gets_subject_and_text(outgoing: Make, scheme: str) -> None:
    with robot(scheme, (200, b'{"errcode": 0, "code": 0, "errmsg": "ok"}')) as (session, got):
        receipt = session.send(outgoing())
    assert receipt.message_id == outgoing().message_id
    (message,) = got
    assert text_of(message).startswith("【督办】临督办〔2026〕3号 已逾期6个工作日")
    assert "现予督办。" in text_of(message)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((200, b'{"errcode": 93000, "errmsg": "invalid webhook url"}'), PermanentRefusal),
        ((200, b'{"code": 19001, "msg": "param invalid"}'), PermanentRefusal),
        ((200, b'{"errcode": 45009, "errmsg": "freq out of limit"}'), TemporaryRefusal),
        ((429, b"{}"), TemporaryRefusal),
        ((404, b"{}"), PermanentRefusal),
        ((502, b"bad gateway"), OutcomeUnknown),
        ((200, b"<html>a portal's sign-in page</html>"), OutcomeUnknown),
        (None, OutcomeUnknown),
    ],
)
@pytest.mark.parametrize("scheme", list(ROBOTS))
def test_each_answer_of_a_robot_is_told_apart(outgoing: Make, scheme: str, answer: Any, error: type[Exception]) -> None:
    with robot(scheme, answer) as (session, got):
        with pytest.raises(error):
            session.send(outgoing())
        assert len(got) == 1, "sent once, whatever came back"


def test_a_robot_that_cannot_be_reached_has_got_nothing(outgoing: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with ChatRobot(ROBOTS["wecombot"][0]).open() as session:
        session.plugin.request_rate_per_sec = 0
        session.plugin.api_url = f"http://127.0.0.1:{port}/"
        with pytest.raises(TemporaryRefusal):
            session.send(outgoing())


def test_a_long_text_is_cut_at_a_line_and_says_so(outgoing: Make) -> None:
    text = fitting("第一行\n" * 400, 2048)
    assert len(text.encode()) <= 2048
    assert text.endswith("第一行\n……（全文见督办系统）")
    assert fitting("短", 2048) == "短"


def test_a_robots_token_is_never_shown(sender: Mailbox) -> None:
    transport = transport_from_url(ROBOTS["wecombot"][0], sender)
    assert "693a91f6" not in repr(transport)


@contextmanager
def gateway(answer: tuple[int, bytes] | None, query: str = "") -> Iterator[tuple[ChatSession, list[Any]]]:
    """A session of an SMS gateway that is a server of ours, reached by the address alone."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.got, server.answer = [], answer
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with robot_from_url(f"json://127.0.0.1:{server.server_address[1]}/send{query}").open() as session:
            assert isinstance(session, SmsSession)
            session.plugin.request_rate_per_sec = 0
            yield session, server.got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("answer", [(200, b""), (202, b"queued"), (200, b'{"code": 0}'), (200, b'{"code": 200}')])
def test_an_sms_gateway_gets_one_short_line_and_nothing_of_the_text(outgoing: Make, answer: Any) -> None:
    mail = dataclasses.replace(outgoing(), subject="【督办】" + "沿河餐饮油烟扰民问题整治不到位" * 9)
    with gateway(answer, "?:phone=13800000000") as (session, got):
        session.send(mail)
    (message,) = got
    assert message["phone"] == "13800000000"
    assert len(message["message"]) == 70
    assert message["message"].endswith("…，详见邮件")
    assert not any("现予督办" in str(value) or "http" in str(value) for value in message.values())


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((200, b'{"code": 1001, "msg": "bad sign"}'), PermanentRefusal),
        ((401, b""), PermanentRefusal),
        ((429, b""), TemporaryRefusal),
        ((503, b""), OutcomeUnknown),
        (None, OutcomeUnknown),
    ],
)
def test_each_answer_of_an_sms_gateway_is_told_apart(outgoing: Make, answer: Any, error: type[Exception]) -> None:
    with gateway(answer) as (session, got):
        with pytest.raises(error):
            session.send(outgoing())
        assert len(got) == 1


def test_a_gateways_key_is_never_shown() -> None:
    assert "geheim" not in repr(robot_from_url("jsons://sms.example.org/send?+X-Api-Key=geheim"))
