"""Transports: how a mail leaves the house, and what can be known afterwards about whether it did."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from duban.adapters.mail_message import (
    Attachment,
    Mailbox,
    Outgoing,
    UnusableAddress,
    check_address,
    message_id_for,
    to_bytes,
    to_email,
)
from duban.errors import DubanError, WrongSetting

__all__ = [
    "Attachment",
    "Mailbox",
    "OutcomeUnknown",
    "Outgoing",
    "PermanentRefusal",
    "Receipt",
    "SendingFailed",
    "Session",
    "TemporaryRefusal",
    "Transport",
    "TransportUnavailable",
    "UnusableAddress",
    "check_address",
    "message_id_for",
    "to_bytes",
    "to_email",
    "transport_from_url",
]


class SendingFailed(DubanError):
    """The mail was not delivered: {reason}."""

    code = "sending_failed"
    status = 502

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)
        self.reason = reason


class TemporaryRefusal(SendingFailed):
    """The mail was not accepted for now: {reason}.

    It is tried again later.
    """

    code = "temporary_refusal"


class TransportUnavailable(TemporaryRefusal):
    """The mail transport cannot be used: {reason}.

    Check the mail transport setting, the network and the server; every mail waits until it works.
    """

    code = "transport_unavailable"
    status = 503


class PermanentRefusal(SendingFailed):
    """The mail was refused for good: {reason}.

    Correct the address or the mail; it is not tried again by itself.
    """

    code = "permanent_refusal"


class OutcomeUnknown(SendingFailed):
    """Nobody can tell whether the mail was delivered: {reason}.

    Ask the recipient, then mark it as sent or send it again; it is never sent again by itself.
    """

    code = "outcome_unknown"


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a transport accepted a mail. `detail` is the server's own answer, or the file that was written."""

    message_id: str
    detail: str


class Session(Protocol):
    """An open transport: one connection for many mails."""

    def send(self, outgoing: Outgoing) -> Receipt:
        """Sends one mail and returns once it is accepted.

        Raises `TemporaryRefusal` (not accepted, try later), `PermanentRefusal` (not accepted, do not try again) or
        `OutcomeUnknown` (it may have been accepted). The session can be used further after each of them; after
        `TransportUnavailable` it is better to stop, since each further mail would wait for the same dead server.
        """


class Transport(Protocol):
    """A way out. Its repr never shows a secret.

    `repeatable` says that the same mail sent again replaces the first one, so that it can never arrive twice.
    """

    @property
    def repeatable(self) -> bool:
        """Whether a mail sent again can never arrive twice."""

    def open(self) -> AbstractContextManager[Session]:
        """A session, closed at the end of the `with`. Raises `TransportUnavailable` if there is none to be had."""


def transport_from_url(url: str, sender: Mailbox) -> Transport:
    """The transport that an address names: `eml:FOLDER`, `smtp://[user:password@]host[:port]`, `smtps://…`, or a robot.

    `smtp://…?tls=starttls|optional|none`; without `tls`, STARTTLS is required with a user name or a remote server.
    Percent-encode special characters of user and password. Raises `WrongSetting` for anything else.
    """
    scheme, colon, _ = url.partition(":")
    maker = _MAKERS.get(scheme.lower())
    if not colon or maker is None:
        raise wrong_transport(f"it begins with {scheme + colon!r}" if colon else "it has no scheme")
    try:
        return maker(url, sender)
    except ValueError as error:  # urlsplit: a port that is no number, a bracket left open
        raise wrong_transport(str(error)) from None


def wrong_transport(reason: str) -> WrongSetting:
    """What is wrong with the setting, without repeating its value, which may hold a password."""
    remedy = (
        "Give eml:var/mail for a folder, smtp://user:password@host:587?tls=starttls or smtps://user:password@host:465 "
        "for a server, wecombot://, dingtalk:// or feishu:// for a chat robot."
    )
    return WrongSetting(name="DUBAN_MAIL_URL", reason=reason, remedy=remedy)


def _folder(url: str, sender: Mailbox) -> Transport:
    from duban.adapters.mail_folder import EmlFolder

    path = url.partition(":")[2].removeprefix("//")  # eml:var/mail, eml:/srv/mail and eml:///srv/mail alike
    if not path.strip():
        raise wrong_transport("it names no folder")
    return EmlFolder(Path(path), sender)


def _smtp(url: str, sender: Mailbox) -> Transport:
    from duban.adapters.mail_smtp import Smtp

    return Smtp(url, sender)


def _robot(url: str, _sender: Mailbox) -> Transport:
    from duban.adapters.chat import ChatRobot

    return ChatRobot(url)


_MAKERS: dict[str, Callable[[str, Mailbox], Transport]] = {
    "eml": _folder,
    "smtp": _smtp,
    "smtps": _smtp,
    "wecombot": _robot,
    "dingtalk": _robot,
    "feishu": _robot,
    "lark": _robot,
}
