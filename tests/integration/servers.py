"""Real SMTP servers on loopback that behave as a test asks: they accept, refuse, hang up or take their time."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Postbox:
    """What came in, and how this server answers: `rcpt` and `data` give the answer for an address."""

    rcpt: Callable[[str], str] = lambda _: "250 OK"
    data: Callable[[str], str] = lambda _: "250 2.0.0 OK"
    hang_up_after: int | None = None  # takes the text of this many mails, then hangs up without an answer
    seconds: float = 0.0  # how long it thinks before it accepts a mail's text
    received: list[tuple[str, EmailMessage]] = field(default_factory=list)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.rcpt(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        address = envelope.rcpt_tos[0]
        answer = self.data(address)
        if not answer.startswith("250"):
            return answer
        message = email.message_from_bytes(bytes(envelope.original_content or b""), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.received.append((address, message))
        if self.hang_up_after is not None and len(self.received) >= self.hang_up_after:
            assert server.transport is not None
            server.transport.abort()
        if self.seconds:
            await asyncio.sleep(self.seconds)
        return answer

    @property
    def addresses(self) -> list[str]:
        return [address for address, _ in self.received]

    @property
    def message_ids(self) -> list[str]:
        return [str(message["Message-ID"]) for _, message in self.received]


@contextmanager
def smtp_server(postbox: Postbox) -> Iterator[str]:
    """Runs the server on a free port and gives its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    controller = Controller(postbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()
