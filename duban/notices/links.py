"""Signed links in mails: each lets one party do one thing about one matter until it expires, and nothing else.

The token carries its own facts and an HMAC over them; it opens no session and reads nothing else. Whoever uses it must
still check that the matter is open and that the party is one of its recipients.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from duban.errors import WrongSetting
from duban.notices.errors import LinkRefused

SHORTEST_SECRET = 32
"""Octets: as many as the digest has (RFC 2104, 3)."""

_VERSION = "1"
_SENT = re.compile(r"/link/[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}")
_LONGEST_TOKEN = 512


class Purpose(StrEnum):
    """What a link lets its holder do."""

    ANSWER = "answer"  # acknowledge a notice and report progress on its item, each for oneself
    REPORT = "report"  # report progress on an item of a summary, for oneself


@dataclass(frozen=True, slots=True)
class Claim:
    """What a link says, once its signature has been checked. `expires_at` is in UTC.

    `about_id` is the notice that it answers, or the item that it reports on: the purpose says which.
    """

    party_id: int
    about_id: int
    purpose: Purpose
    expires_at: dt.datetime

    def __str__(self) -> str:
        return f"{'notice' if self.purpose is Purpose.ANSWER else 'item'} {self.about_id}"


def sign(secret: bytes, party_id: int, about_id: int, expires_at: dt.datetime, purpose: Purpose) -> str:
    """A token for a link: letters, digits, `-`, `_` and one dot. `expires_at` is aware; the moment itself is too late.

    Raises `WrongSetting` for a secret under 32 octets.
    """
    if expires_at.tzinfo is None:
        raise LinkRefused(reason="its expiry has no time zone")
    facts = [_VERSION, party_id, about_id, int(expires_at.timestamp()), str(purpose)]
    payload = _encoded(json.dumps(facts, separators=(",", ":")).encode())
    return f"{payload}.{_encoded(_mac(secret, payload))}"


def verify(secrets: bytes | Sequence[bytes], token: str, now: dt.datetime) -> Claim:
    """What the token says. `secrets` may be several: the one that signs first, then those before it.

    Raises `LinkRefused` if it was not signed by us, has expired, or is for no purpose that is known.
    """
    payload, dot, given = token.partition(".") if token.isascii() and len(token) <= _LONGEST_TOKEN else ("", "", "")
    keys = [secrets] if isinstance(secrets, bytes) else secrets
    signature = _decoded(given) if dot else b""
    # Every key is tried, so that the time it takes does not tell which one fits.
    matches = [hmac.compare_digest(_mac(key, payload), signature) for key in keys]
    if not any(matches):
        raise LinkRefused(reason="it is incomplete, changed, or not from here")
    version, party_id, about_id, expires, purpose = json.loads(_decoded(payload))
    if version != _VERSION or purpose not in set(Purpose):
        raise LinkRefused(reason="it is for something else")
    expires_at = dt.datetime.fromtimestamp(expires, dt.UTC)
    if now >= expires_at:
        raise LinkRefused(reason=f"it expired on {expires_at:%Y-%m-%d %H:%M} UTC")
    return Claim(party_id, about_id, Purpose(purpose), expires_at)


def without_links(text: str) -> str:
    """A mail's text as others than its recipient may read it: its links lead to the page where everybody signs in."""
    return _SENT.sub("/my", text)


def _mac(secret: bytes, payload: str) -> bytes:
    """HMAC-SHA-256 under a key that is used for links alone, whatever else the secret signs."""
    if len(secret) < SHORTEST_SECRET:
        remedy = f"Give at least {SHORTEST_SECRET} random octets."
        raise WrongSetting(name="DUBAN_SESSION_SECRET", reason="it is too short to sign links", remedy=remedy)
    key = hmac.new(secret, b"duban notice link", hashlib.sha256).digest()
    return hmac.new(key, payload.encode(), hashlib.sha256).digest()


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decoded(text: str) -> bytes:
    """The octets, or none if the text is not exactly what `_encoded` gives for them."""
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""
    return data if _encoded(data) == text else b""
