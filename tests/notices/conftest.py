"""Mails to send and real servers to send them to, one for each way in which a server can behave."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from duban.adapters.mail import Attachment, Mailbox, Outgoing, message_id_for

SENDER = Mailbox("中共临江区委督查室", "duban@linjiang.example.org")
SHANGHAI = dt.timezone(dt.timedelta(hours=8))


@dataclass
class Behaviour:
    """What a server answers, and what it has seen."""

    mail: str = "250 OK"
    rcpt: str = "250 OK"
    data: str = "250 2.0.0 OK queued as 4711"
    drop: str = ""
    password: str = ""
    mails: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    connections: int = 0

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.drop == "first connection at MAIL" and self.connections == 1:
            server.transport.abort()
        if self.drop == "421 after the first mail" and self.connections == 1 and self.mails:
            return "421 4.3.2 too many mails in one connection"
        if self.mail.startswith("250"):
            envelope.mail_from = address
        return self.mail

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.drop == "after DATA":
            self.mails.append(bytes(envelope.original_content or b""))
            server.transport.abort()
            await asyncio.sleep(0)
        elif self.data.startswith("250"):
            self.mails.append(bytes(envelope.original_content or b""))
            self.recipients.append(list(envelope.rcpt_tos))
        return self.data

    def authenticator(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        return AuthResult(success=data.password == self.password.encode(), handled=False)


Start = Callable[..., tuple[Behaviour, str]]


@contextmanager
def running(behaviour: Behaviour, **options: Any) -> Iterator[str]:
    """The behaviour as a server on the loopback interface; gives `host:port`."""
    controller = Controller(behaviour, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield f"127.0.0.1:{controller.port}"
    finally:
        controller.stop()


@pytest.fixture
def smtp_server() -> Iterator[Start]:
    """Starts servers; each is stopped at the end of the test."""
    with ExitStack() as stack:

        def start(options: dict[str, Any] | None = None, **behaviour: str) -> tuple[Behaviour, str]:
            made = Behaviour(**behaviour)
            if made.password:
                options = (options or {}) | {"auth_required": True, "authenticator": made.authenticator}
            return made, stack.enter_context(running(made, **(options or {})))

        yield start


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 and the server context that uses it."""
    folder = tmp_path_factory.mktemp("tls")
    asked = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    made = ["-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *asked, *made]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return folder / "cert.pem", context


@pytest.fixture
def sender() -> Mailbox:
    return SENDER


@pytest.fixture
def outgoing() -> Callable[..., Outgoing]:
    """Makes a mail; keyword arguments change parts of it."""

    def make(key: str = "delivery-1", **changes: Any) -> Outgoing:
        parts: dict[str, Any] = {
            "message_id": message_id_for(key, "linjiang.example.org"),
            "date": dt.datetime(2026, 7, 14, 1, 5, tzinfo=SHANGHAI),
            "to_name": "沈明远",
            "to_address": "shen@linjiang.example.org",
            "subject": "【督办】临督办〔2026〕3号 已逾期6个工作日",
            "text": "沈明远同志：\n\n现予督办。\n.一行以句点开头\n",
            "html": "<p>" + "督办" * 2000 + "</p>",
            "attachments": (Attachment("督办单 临督办〔2026〕3号.docx", DOCX, bytes(range(256)) * 9),),
        }
        return Outgoing(**(parts | changes))

    return make


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
