"""Chat robots (企业微信, 钉钉, 飞书) and SMS gateways as a transport, through the apprise library."""

from __future__ import annotations

import logging
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from duban.adapters.mail import (
    OutcomeUnknown,
    PermanentRefusal,
    Receipt,
    TemporaryRefusal,
    TransportUnavailable,
    wrong_transport,
)
from duban.adapters.mail_message import Outgoing, one_line

if TYPE_CHECKING:
    import requests

LONGEST_BYTES = {"wecombot": 2048, "dingtalk": 18000, "feishu": 18000, "lark": 18000}
"""What the robots accept as text, in UTF-8 octets (企业微信 refuses 2049; the others 20 KB for the whole request)."""

_CUT = "\n……（全文见督办系统）"
_RATE_LIMITS = frozenset({45009, 410100, 130101, 130103, 99991400, 9499, 11232})
"""企业微信 45009, 钉钉 410100/130101/130103, 飞书 99991400/9499/11232: too many messages, try later."""
_ONE_AT_A_TIME = threading.Lock()
"""Two hooks laid over one another would be taken off in the wrong order."""

_NAMES = {"wecombot": "企业微信", "dingtalk": "钉钉", "feishu": "飞书", "lark": "Lark"}
_NAMES |= {"json": "短信网关", "jsons": "短信网关"}

GATEWAYS = ("json", "jsons")
"""Gateways that take a message as JSON by HTTP (`message`, and what the address adds with `?:name=value`)."""

LONGEST_SMS = 70
"""Characters of one Chinese text message (GSM 03.38, UCS-2: 140 octets); a longer one is sent as several."""

_SMS_END = "，详见邮件"
_DONE = frozenset({None, 0, 200})
"""What a gateway's own code says where the message was taken; many name none and answer by HTTP alone."""


class ChatRobot:
    """A robot in a chat group. It gets subject and text; HTML and attachments stay with the mail."""

    repeatable = False

    def __init__(self, url: str) -> None:
        self.scheme = urlsplit(url).scheme.lower()
        self._url = url
        if not re.fullmatch(r"[A-Za-z0-9_@.:/?=&%+-]+", url) or len(url.partition("://")[2]) < 4:
            raise wrong_transport(f"a {self.scheme} address is {self.scheme}:// and the robot's token")

    def __repr__(self) -> str:
        return f"ChatRobot({self.scheme}://…)"

    @contextmanager
    def open(self) -> Iterator[ChatSession]:
        """A session. Raises `TransportUnavailable` if the library does not accept the address."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # its plugins use modules that Python retires
            import apprise  # takes a second: only where a robot is used

            logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its warnings repeat the token
            plugin = apprise.Apprise.instantiate(self._url)
        if plugin is None:
            raise TransportUnavailable(f"{_NAMES[self.scheme]}: the robot's address is not accepted")
        yield ChatSession(self.scheme, plugin)


class SmsGateway(ChatRobot):
    """A gateway that sends a text message. It gets one short line from the subject, and nothing of a mail's text."""

    def __repr__(self) -> str:
        return f"SmsGateway({self.scheme}://…)"

    @contextmanager
    def open(self) -> Iterator[ChatSession]:
        """A session. Raises `TransportUnavailable` if the library does not accept the address."""
        with super().open() as session:
            yield SmsSession(session.scheme, session.plugin)


class ChatSession:
    """An instantiated robot."""

    def __init__(self, scheme: str, plugin: Any) -> None:
        self.scheme = scheme
        self.plugin = plugin

    def send(self, outgoing: Outgoing) -> Receipt:
        """Posts subject and text as one message; see `duban.adapters.mail.Session`.

        The library only says yes or no, and takes a robot's refusal with HTTP 200 for a yes, so the answers that it
        gets are watched: the robot's own code decides.
        """
        body = self._body(outgoing)
        answers: list[requests.Response | requests.RequestException] = []
        with _watched(answers):
            accepted = bool(self.plugin.send(body=body, title=""))
        return Receipt(outgoing.message_id, self._judged(accepted, answers))

    def _body(self, outgoing: Outgoing) -> str:
        return fitting(f"{one_line(outgoing.subject)}\n\n{outgoing.text.strip()}", LONGEST_BYTES[self.scheme])

    def _judged(self, accepted: bool, answers: list[requests.Response | requests.RequestException]) -> str:
        name = _NAMES[self.scheme]
        if not answers:
            raise TemporaryRefusal(f"{name}: nothing was sent")
        answer = answers[-1]
        if isinstance(answer, Exception):
            raise _from_exception(name, answer)
        code = _own_code(answer)
        if code in _RATE_LIMITS or answer.status_code == 429:
            raise TemporaryRefusal(f"{name}: too many messages ({code})")
        if answer.status_code >= 500:
            raise OutcomeUnknown(f"{name}: HTTP {answer.status_code}")
        return self._taken(name, accepted, answer.status_code, code)

    def _taken(self, name: str, accepted: bool, status: int, code: int | None) -> str:
        if status != 200 or code:
            raise PermanentRefusal(f"{name}: HTTP {status}, code {code}")
        if code is None or not accepted:
            raise OutcomeUnknown(f"{name}: the answer names no result")
        return f"{name} 0"


class SmsSession(ChatSession):
    """An instantiated gateway."""

    def _body(self, outgoing: Outgoing) -> str:
        line = one_line(outgoing.subject)
        if len(line) + len(_SMS_END) > LONGEST_SMS:
            line = line[: LONGEST_SMS - len(_SMS_END) - 1] + "…"
        return f"{line}{_SMS_END}"

    def _taken(self, name: str, accepted: bool, status: int, code: int | None) -> str:
        if not 200 <= status < 300 or code not in _DONE:
            raise PermanentRefusal(f"{name}: HTTP {status}, code {code}")
        if not accepted:
            raise OutcomeUnknown(f"{name}: the answer names no result")
        return f"{name} {status}"


def fitting(text: str, limit: int) -> str:
    """The text, or as many whole lines of it as fit `limit` octets with a note that there is more."""
    if len(text.encode()) <= limit:
        return text
    room = limit - len(_CUT.encode())
    kept = text.encode()[:room].decode("utf-8", "ignore")
    whole, line_break, _ = kept.rpartition("\n")
    return (whole if line_break and len(whole.encode()) > room // 2 else kept).rstrip() + _CUT


@contextmanager
def _watched(answers: list[requests.Response | requests.RequestException]) -> Iterator[None]:
    """Collects what `requests` gets or raises meanwhile in this thread, by a hook on its sessions."""
    import requests

    thread = threading.get_ident()

    def watching(session: requests.Session, *args: Any, **kwargs: Any) -> requests.Response:
        ours = threading.get_ident() == thread
        try:
            answer = original(session, *args, **kwargs)
        except requests.RequestException as error:
            if ours:
                answers.append(error)
            raise
        if ours:
            answers.append(answer)
        return answer

    with _ONE_AT_A_TIME:
        original = requests.Session.request
        requests.Session.request = watching  # type: ignore[assignment]
        try:
            yield
        finally:
            requests.Session.request = original  # type: ignore[method-assign]


def _own_code(answer: requests.Response) -> int | None:
    """The robot's own result: 0 is sent. None if the answer names none."""
    try:
        values = answer.json()
    except ValueError:
        return None
    for key in ("errcode", "code", "StatusCode"):
        if isinstance(values, dict) and isinstance(values.get(key), int):
            return int(values[key])
    return None


def _from_exception(name: str, error: requests.RequestException) -> TemporaryRefusal | OutcomeUnknown:
    """A connection that was never made carries nothing; one that broke may have."""
    import requests
    from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

    cause = getattr(error.args[0] if error.args else None, "reason", None)
    never = isinstance(cause, (NewConnectionError, ConnectTimeoutError, NameResolutionError))
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.ProxyError)) or never:
        return TemporaryRefusal(f"{name}: no connection")
    return OutcomeUnknown(f"{name}: {type(error).__name__} after the message was sent")
