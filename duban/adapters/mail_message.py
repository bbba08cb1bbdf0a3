"""A mail before it is sent, and how it becomes the bytes of an internet message (RFC 5322, MIME)."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from duban.errors import DubanError

if TYPE_CHECKING:
    from email.message import EmailMessage

LONGEST_ADDRESS = 254
"""RFC 5321, 4.5.3.1.3: a path of 256 octets, less its angle brackets."""

LONGEST_FILE_NAME = 80
"""Characters of an attachment's name; percent-encoded Chinese takes nine octets each, and a line has 998."""

_LINE = 76
"""RFC 2047, 2: the longest line of a header with encoded words."""
_WORD_FRAME = len("=?utf-8?B??=")
_PLAIN = re.compile(r"[ -~]*")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,80}/[A-Za-z0-9!#$&^_.+-]{1,100}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,253}>")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


class UnusableAddress(DubanError):
    """The e-mail address {address} cannot be used: {reason}.

    Correct it in the directory of parties; until then the supervision office answers for its owner.
    """

    code = "unusable_address"
    status = 422


class UnusableMessageId(DubanError):
    """A mail's message id cannot be used: {message_id}.

    Make it with `message_id_for`.
    """

    code = "unusable_message_id"
    status = 500


class NaiveDate(DubanError):
    """A mail's date has no time zone: {date}.

    Give an aware time; the date is part of what was sent.
    """

    code = "naive_mail_date"
    status = 500


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that travels with a mail. `media_type` is `type/subtype`."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name and an address."""

    name: str
    address: str

    @classmethod
    def parse(cls, text: str) -> Mailbox:
        """From `督查室 <duban@example.org>` or a bare address. Raises `UnusableAddress`."""
        name, bracket, rest = text.rpartition("<")
        if not bracket:
            return cls("", check_address(text.strip()))
        if not rest.rstrip().endswith(">"):
            raise UnusableAddress(address=repr(text), reason="it has an opening angle bracket and no closing one")
        return cls(one_line(name).strip('" '), check_address(rest.rstrip().removesuffix(">").strip()))


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One mail to one address.

    `message_id` (from `message_id_for`) and `date` are the caller's, so that building it again gives the same bytes.
    `label_on` is the business date that a folder files it under, where that is another than the day of `date`.
    There is no cc and no bcc: a delivery goes to one address, and who else gets the matter stands in the text.
    """

    message_id: str
    date: dt.datetime
    to_name: str
    to_address: str
    subject: str
    text: str
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    reply_to: Mailbox | None = None
    label_on: dt.date | None = None


def message_id_for(key: str, domain: str) -> str:
    """`<…@domain>` from the key of a delivery: the same key gives the same id, so receivers can drop a double."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{check_domain(domain)}>"


def check_address(address: str) -> str:
    """The address, its domain in ASCII (IDNA). Raises `UnusableAddress`, above all for line breaks and lists."""
    if _CONTROL.search(address):
        raise UnusableAddress(address=repr(address), reason="it has a line break or another control character in it")
    local, at, domain = address.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or len(local) > 64:
        raise UnusableAddress(address=repr(address), reason="the part before @ is missing or has a forbidden character")
    checked = f"{local}@{check_domain(domain)}"
    if len(checked) > LONGEST_ADDRESS:
        raise UnusableAddress(address=repr(address), reason=f"it is longer than {LONGEST_ADDRESS} characters")
    return checked


def check_domain(domain: str) -> str:
    """The domain in ASCII (IDNA). Raises `UnusableAddress` if it is none."""
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        ascii_domain = ""
    if not ascii_domain or not all(_LABEL.fullmatch(label) for label in ascii_domain.split(".")):
        raise UnusableAddress(address=repr(domain), reason="the part after @ is no domain name")
    return ascii_domain


def one_line(text: str) -> str:
    """The text without line breaks and control characters, so that no header can begin within it."""
    return " ".join(_CONTROL.sub(" ", text).split())


def to_email(outgoing: Outgoing, sender: Mailbox) -> EmailMessage:
    """The mail as Python's own message object, parsed from `to_bytes`: for looking at."""
    from email import message_from_bytes, policy

    return message_from_bytes(to_bytes(outgoing, sender), policy=policy.SMTP)


def to_bytes(outgoing: Outgoing, sender: Mailbox) -> bytes:
    """The internet message: 7-bit, CRLF, lines of at most 998 octets; the same for the same mail, whenever it is built.

    Raises `UnusableAddress` for an address that would break it, `UnusableMessageId` and `NaiveDate`. Written out here
    because Python's `EmailMessage` takes twenty times as long over a Chinese subject.
    """
    if outgoing.date.tzinfo is None:
        raise NaiveDate(date=outgoing.date)
    if not _MESSAGE_ID.fullmatch(outgoing.message_id):
        raise UnusableMessageId(message_id=repr(outgoing.message_id))
    headers = [
        _address_header("From", sender),
        _address_header("To", Mailbox(outgoing.to_name, outgoing.to_address)),
        *([_address_header("Reply-To", outgoing.reply_to)] if outgoing.reply_to else []),
        _text_header("Subject", outgoing.subject),
        f"Date: {format_datetime(outgoing.date)}",
        f"Message-ID: {outgoing.message_id}",
        "Auto-Submitted: auto-generated",  # RFC 3834: no out-of-office answers to a machine
        "X-Auto-Response-Suppress: All",  # the same for Exchange
        "Content-Language: zh-CN",
        "MIME-Version: 1.0",
    ]
    return "\r\n".join([*headers, _body(outgoing), ""]).encode("ascii")


def _body(outgoing: Outgoing) -> str:
    """The part that holds all others, its own headers first."""
    whole = _text_part("plain", outgoing.text)
    if outgoing.html is not None:
        whole = _multipart("alternative", outgoing.message_id, [whole, _text_part("html", outgoing.html)])
    if outgoing.attachments:
        whole = _multipart("mixed", outgoing.message_id, [whole, *map(_attachment, outgoing.attachments)])
    return whole


def _multipart(kind: str, seed: str, parts: list[str]) -> str:
    """Parts under a boundary made from the message id. All are base64, in which `=_` cannot stand."""
    boundary = f"=_{hashlib.sha256(f'{kind}/{seed}'.encode()).hexdigest()[:24]}"
    inner = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n{inner}--{boundary}--\r\n'


def _text_part(kind: str, text: str) -> str:
    canonical = "\r\n".join(text.splitlines()) + "\r\n"  # RFC 2045, 6.8: line breaks are CRLF before base64 too
    headers = f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    return headers + _base64(canonical.encode("utf-8", "replace"))


def _attachment(attachment: Attachment) -> str:
    """A file, its name in three forms, each for mail programs that know no better one.

    As RFC 2231 has it in one piece; as words of RFC 2047 in `filename` and `name`, which that forbids and Outlook and
    older webmail read nevertheless. A program that knows RFC 2231 takes `filename*` (RFC 6266, 4.3).
    """
    kind = attachment.media_type if _MEDIA_TYPE.fullmatch(attachment.media_type) else "application/octet-stream"
    name = _file_name(attachment.name)
    plain = _PLAIN.fullmatch(name) and "=?" not in name
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    old = f'"{quoted if plain else _encoded_words(name, len(" filename=") + 2)}"'
    return (
        f"Content-Type: {kind};\r\n name={old}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment;\r\n filename={old};\r\n"
        f" filename*=utf-8''{quote(name, safe='', errors='replace')}\r\n\r\n"
    ) + _base64(attachment.data)


def _file_name(name: str) -> str:
    """The name without separators of folders, at most 80 characters long, its suffix kept."""
    safe = one_line(name).replace("/", "_").replace("\\", "_") or "attachment"
    stem, dot, suffix = safe.rpartition(".")
    return safe if len(safe) <= LONGEST_FILE_NAME else f"{stem[: LONGEST_FILE_NAME - 10]}{dot}{suffix[:9]}"


def _base64(data: bytes) -> str:
    return base64.encodebytes(data).decode("ascii").rstrip("\n").replace("\n", "\r\n")


def _text_header(name: str, text: str) -> str:
    clean = one_line(text)
    if _PLAIN.fullmatch(clean) and "=?" not in clean and len(name) + len(clean) < _LINE - 2:
        return f"{name}: {clean}"
    return f"{name}: {_encoded_words(clean, len(name) + 2)}"


def _address_header(name: str, mailbox: Mailbox) -> str:
    address = f"<{check_address(mailbox.address)}>"
    shown = one_line(mailbox.name)
    if not shown:
        return f"{name}: {address[1:-1]}"
    if _PLAIN.fullmatch(shown) and "=?" not in shown and len(name) + len(shown) < _LINE - 6:
        escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
        return f'{name}: "{escaped}"\r\n {address}'
    return f"{name}: {_encoded_words(shown, len(name) + 2)}\r\n {address}"


def _encoded_words(text: str, used: int) -> str:
    """The text as words of RFC 2047, each on a line of at most 76 characters, no character cut in two."""
    words: list[str] = []
    piece, room = b"", (_LINE - used - _WORD_FRAME) // 4 * 3
    for character in text:
        octets = character.encode("utf-8", "replace")
        if len(piece) + len(octets) > room:
            words.append(_word(piece))
            piece, room = b"", (_LINE - 1 - _WORD_FRAME) // 4 * 3
        piece += octets
    return "\r\n ".join([*words, _word(piece)])


def _word(octets: bytes) -> str:
    return f"=?utf-8?B?{base64.b64encode(octets).decode('ascii')}?="
