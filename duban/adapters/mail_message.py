"""A mail before it is sent, and how it becomes the bytes of an internet message (RFC 5322, MIME)."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.utils import format_datetime

from duban.errors import DubanError

MESSAGE_POLICY = policy.SMTP.clone(cte_type="7bit", utf8=False, raise_on_defect=False)
"""CRLF line ends, headers folded at 78, and nothing but 7-bit lines whatever the text."""

LONGEST_ADDRESS = 254
"""RFC 5321, 4.5.3.1.3: a path of 256 octets, less its angle brackets."""

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
    """The internet message. Raises `UnusableAddress` for an address that would break it, and `NaiveDate`."""
    if outgoing.date.tzinfo is None:
        raise NaiveDate(date=outgoing.date)
    if not _MESSAGE_ID.fullmatch(outgoing.message_id):
        raise UnusableMessageId(message_id=repr(outgoing.message_id))
    message = EmailMessage(policy=MESSAGE_POLICY)
    message["From"] = _address(sender)
    message["To"] = _address(Mailbox(outgoing.to_name, outgoing.to_address))
    if outgoing.reply_to:
        message["Reply-To"] = _address(outgoing.reply_to)
    message["Subject"] = one_line(outgoing.subject)
    message["Date"] = format_datetime(outgoing.date)
    message["Message-ID"] = outgoing.message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers to a machine
    message["X-Auto-Response-Suppress"] = "All"  # the same for Exchange
    message.set_content(outgoing.text, cte="base64")
    if outgoing.html is not None:
        message.add_alternative(outgoing.html, subtype="html", cte="base64")
    for attachment in outgoing.attachments:
        _attach(message, attachment)
    message["Content-Language"] = "zh-CN"
    _settle_boundaries(message, outgoing.message_id)
    return message


def to_bytes(outgoing: Outgoing, sender: Mailbox) -> bytes:
    """The internet message as bytes, CRLF between lines: the same for the same mail, whenever it is built."""
    return to_email(outgoing, sender).as_bytes(policy=MESSAGE_POLICY)


def _address(mailbox: Mailbox) -> Address:
    return Address(display_name=one_line(mailbox.name), addr_spec=check_address(mailbox.address))


def _attach(message: EmailMessage, attachment: Attachment) -> None:
    main, _, sub = attachment.media_type.partition("/")
    name = one_line(attachment.name).replace("/", "_").replace("\\", "_")
    message.add_attachment(attachment.data, maintype=main, subtype=sub or "octet-stream", filename=name, cte="base64")


def _settle_boundaries(message: EmailMessage | MIMEPart, seed: str) -> None:
    """Derives each boundary from the message id; a random one would make the same mail different bytes each time.

    All parts are base64, in which `=_` cannot stand, so no boundary can occur within a part.
    """
    for index, part in enumerate(p for p in message.walk() if p.is_multipart()):
        digest = hashlib.sha256(f"{seed}/{index}".encode()).hexdigest()[:24]
        part.set_boundary(f"=_{digest}")
