"""SMTP: one connection for many mails, and an exact account of what the server has and has not accepted."""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from duban.adapters.mail import (
    OutcomeUnknown,
    PermanentRefusal,
    Receipt,
    TemporaryRefusal,
    TransportUnavailable,
    wrong_transport,
)
from duban.adapters.mail_message import Mailbox, Outgoing, UnusableAddress, check_address, to_bytes

Tls = str  # "implicit" | "starttls" | "optional" | "none"

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_DEFAULT_PORTS = {"smtp": 587, "smtps": 465}
_OUR_FAULT = frozenset({530, 534, 535, 538})
"""Answers to MAIL that concern our credentials, not the mail: it must wait, not fail (RFC 4954, 6)."""


@dataclass(frozen=True, slots=True)
class SmtpAddress:
    """Where the server is and how to talk to it. The password is not in its repr."""

    host: str
    port: int
    tls: Tls
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = 30.0
    ca_file: str | None = None


def parse_smtp_url(url: str) -> SmtpAddress:
    """The parts of `smtp(s)://user:password@host:port?tls=…&timeout=…&ca=FILE`. Raises `WrongSetting`."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    host = parts.hostname or ""
    tls = query.pop("tls", None)
    timeout = query.pop("timeout", "30")
    ca_file = query.pop("ca", None)
    if query or parts.path.strip("/"):
        raise wrong_transport(f"{next(iter(query), parts.path)} is no option; known: tls, timeout, ca")
    if not host:
        raise wrong_transport("it names no server")
    if parts.scheme == "smtps" and tls not in (None, "implicit"):
        raise wrong_transport("smtps is encrypted from the start; leave tls out, or use smtp://…?tls=starttls")
    if parts.scheme == "smtp" and tls not in (None, "starttls", "optional", "none"):
        raise wrong_transport("tls is one of starttls, optional, none")
    if not timeout.isdigit() or not 1 <= int(timeout) <= 600:
        raise wrong_transport("timeout is a number of seconds from 1 to 600")
    if (parts.username is None) != (parts.password is None):
        raise wrong_transport("a user needs a password and a password a user")
    if tls is None:
        plain_is_fine = host in _LOOPBACK and parts.username is None
        tls = "implicit" if parts.scheme == "smtps" else "none" if plain_is_fine else "starttls"
    return SmtpAddress(
        host=host,
        port=parts.port or _DEFAULT_PORTS[parts.scheme],
        tls=tls,
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        timeout=float(timeout),
        ca_file=ca_file,
    )


class Smtp:
    """An SMTP server, from its URL."""

    repeatable = False

    def __init__(self, url: str, sender: Mailbox) -> None:
        self.address = parse_smtp_url(url)
        self.sender = Mailbox(sender.name, check_address(sender.address))
        # A TLS context costs tens of milliseconds and reads the certificates: one for all connections.
        self._context: ssl.SSLContext | None = None

    def __repr__(self) -> str:
        return f"Smtp({self.address.host}:{self.address.port}, tls={self.address.tls})"

    @contextmanager
    def open(self) -> Iterator[SmtpSession]:
        """A session over one connection. Raises `TransportUnavailable` if the server does not take us in."""
        session = SmtpSession(self._connect, self.sender)
        session.connect()
        try:
            yield session
        finally:
            session.close()

    def _connect(self) -> smtplib.SMTP:
        """A greeted, encrypted, authenticated connection."""
        address = self.address
        server: smtplib.SMTP | None = None
        try:
            server = self._greet()
            if address.tls == "starttls" or (address.tls == "optional" and server.has_extn("starttls")):
                server.starttls(context=self._tls())
                server.ehlo_or_helo_if_needed()
            if address.user is not None and address.password is not None:
                _log_in(server, address.user, address.password)
        except (OSError, ValueError) as error:
            if server is not None:
                _hang_up(server)
            raise TransportUnavailable(f"{address.host}:{address.port}: {_reason(error)}") from None
        return server

    def _greet(self) -> smtplib.SMTP:
        address = self.address
        server: smtplib.SMTP
        if address.tls == "implicit":
            server = smtplib.SMTP_SSL(address.host, address.port, timeout=address.timeout, context=self._tls())
        else:
            server = smtplib.SMTP(address.host, address.port, timeout=address.timeout)
        if server.sock is not None:
            # The end of a mail is a small packet of its own: without this it would wait for the other side.
            server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.ehlo_or_helo_if_needed()
        return server

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context(cafile=self.address.ca_file)
        return self._context


class SmtpSession:
    """One connection, made again when the server drops it between two mails."""

    def __init__(self, connect: Callable[[], smtplib.SMTP], sender: Mailbox) -> None:
        self._make = connect
        self._server: smtplib.SMTP | None = None
        self.sender = sender

    def connect(self) -> None:
        """Makes the connection now. Raises `TransportUnavailable`."""
        self._server = self._make()

    def close(self) -> None:
        """Says QUIT and closes; what the server answers no longer matters."""
        if self._server is not None:
            _hang_up(self._server)
            self._server = None

    def send(self, outgoing: Outgoing) -> Receipt:
        """Sends one mail; see `duban.adapters.mail.Session`.

        A connection found dead (or closed by the server with 421) before the mail's text went out is made again once.
        """
        try:
            data = to_bytes(outgoing, self.sender)
            address = check_address(outgoing.to_address)
        except UnusableAddress as error:
            raise PermanentRefusal(error.message) from error
        fresh = self._server is None
        server = self._server or self._renew()
        try:
            self._begin(server, address)
        except OSError as error:
            self._drop()
            if fresh:
                raise _lost(error) from None
            server = self._renew()
            self._begin_again(server, address)
        return Receipt(outgoing.message_id, self._transmit(server, data))

    def _drop(self) -> None:
        """Closes without a word: for a connection that is dead, or in the middle of a mail."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def _renew(self) -> smtplib.SMTP:
        self.connect()
        assert self._server is not None  # noqa: S101  connect() raises otherwise
        return self._server

    def _begin_again(self, server: smtplib.SMTP, address: str) -> None:
        try:
            self._begin(server, address)
        except OSError as error:
            self._drop()
            raise _lost(error) from None

    def _begin(self, server: smtplib.SMTP, address: str) -> None:
        """MAIL, RCPT, DATA: until here the server has nothing that it could deliver."""
        steps: tuple[tuple[Callable[[], tuple[int, bytes]], range], ...] = (
            (lambda: server.mail(self.sender.address), range(200, 300)),
            (lambda: server.rcpt(address), range(200, 300)),
            (lambda: server.docmd("DATA"), range(354, 355)),
        )
        for step, wanted in steps:
            code, answer = step()
            if code == 421:
                raise smtplib.SMTPServerDisconnected(f"{code} {_decoded(answer)}")
            if code not in wanted:
                self._reset(server)
                raise _refusal(code, answer)

    def _transmit(self, server: smtplib.SMTP, data: bytes) -> str:
        """The text and its end, apart: without the final dot a server has no mail, after it nobody knows."""
        handed_over = False
        try:
            server.send(_dot_stuffed(data))
            handed_over = True
            server.send(b".\r\n")
            code, answer = server.getreply()
        except OSError as error:
            self._drop()
            if not handed_over:
                raise TemporaryRefusal(f"connection lost within the mail: {_reason(error)}") from None
            raise OutcomeUnknown(f"no answer after the mail was sent: {_reason(error)}") from None
        except BaseException:  # Ctrl-C: a QUIT now would be part of the mail
            self._drop()
            raise
        if code == 421:
            self._drop()
        if 200 <= code < 300:
            return f"{code} {_decoded(answer)}"
        if 400 <= code < 600:
            raise _refusal(code, answer)
        self._drop()
        raise OutcomeUnknown(f"the server answered {code} {_decoded(answer)} after the mail was sent")

    def _reset(self, server: smtplib.SMTP) -> None:
        """Clears a half-begun mail, so that the next one starts clean."""
        try:
            code, _ = server.rset()
        except OSError:
            code = 0
        if code != 250:
            self._drop()


def _log_in(server: smtplib.SMTP, user: str, password: str) -> None:
    """AUTH by the best mechanism; smtplib knows ASCII alone, so other credentials go by PLAIN in UTF-8 (RFC 4616)."""
    if user.isascii() and password.isascii():
        server.login(user, password)
        return
    proof = base64.b64encode(f"\0{user}\0{password}".encode()).decode("ascii")
    code, answer = server.docmd("AUTH", f"PLAIN {proof}")
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, answer)


def _refusal(code: int, answer: bytes) -> TemporaryRefusal | PermanentRefusal:
    """4xx is for now, 5xx for good (RFC 5321, 4.2.1); anything else is a broken server and waits."""
    reason = f"{code} {_decoded(answer)}"
    if code in _OUR_FAULT:
        return TransportUnavailable(reason)
    return PermanentRefusal(reason) if 500 <= code < 600 else TemporaryRefusal(reason)


def _lost(error: OSError) -> TemporaryRefusal:
    return TemporaryRefusal(f"connection lost before the mail was sent: {_reason(error)}")


def _dot_stuffed(data: bytes) -> bytes:
    """The text as DATA carries it: CRLF at its end, a dot doubled where it begins a line (RFC 5321, 4.5.2)."""
    text = data if data.endswith(b"\r\n") else data + b"\r\n"
    stuffed = text.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def _hang_up(server: smtplib.SMTP) -> None:
    with suppress(OSError):  # smtplib's errors are OSErrors too
        server.quit()
    server.close()


def _decoded(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join(text.split())[:500]


def _reason(error: BaseException) -> str:
    """What happened, in one line, without anything that we sent."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"{error.smtp_code} user name or password refused"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_decoded(error.smtp_error)}"
    return " ".join(str(error).split())[:300] or type(error).__name__
