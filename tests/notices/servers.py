"""Real SMTP servers on the loopback interface, one for each way of behaving."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Behaviour:
    """What a server answers, and what it has seen."""

    rcpt: str = "250 OK"
    data: str = "250 2.0.0 OK queued as 4711"
    drop: str = ""  # "after_data": accept the text and hang up; "before_mail": hang up at MAIL, once
    mails: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    connections: int = 0

    async def handle_EHLO(self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self.drop == "before_mail" and self.connections == 1:
            server.transport.abort()
            return "421 bye"
        if self.drop == "421_once" and self.connections == 1 and self.mails:
            return "421 4.3.2 too many mails in one connection"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails.append(bytes(envelope.original_content or b""))
        self.recipients.append(list(envelope.rcpt_tos))
        if self.drop == "after_data":
            server.transport.abort()
            await asyncio.sleep(0)
        return self.data


@contextmanager
def smtp_server(behaviour: Behaviour, **options: object) -> Iterator[str]:
    """Runs the server and gives its URL."""
    controller = Controller(behaviour, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{controller.port}"
    finally:
        controller.stop()


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
