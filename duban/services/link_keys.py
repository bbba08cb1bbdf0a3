"""The secrets that sign the links in mails, and the links themselves: one place for every door.

The first secret signs; all of them verify, so that a secret can be changed while links that were sent still work.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass

from duban.adapters.secret_file import keep_first
from duban.errors import WrongSetting
from duban.notices.links import SHORTEST_SECRET, Purpose, sign
from duban.settings import Settings

FILE = "session.secret"
PATH = "/link/"
"""Where a link leads, below the public address."""

_REMEDY = f"Give at least {SHORTEST_SECRET} random octets; several parted by blanks: the first signs, the others hold."


@dataclass(frozen=True, slots=True)
class LinkMaker:
    """Makes the links of one night's mails. `life` is how long each of them works."""

    secret: bytes
    public_url: str
    life: dt.timedelta

    def url(self, party_id: int, notice_id: int, now: dt.datetime) -> str:
        """The address with which this party, and nobody else, answers this notice until it expires."""
        return f"{self.public_url}{PATH}{sign(self.secret, party_id, notice_id, now + self.life, Purpose.ANSWER)}"

    def report_url(self, party_id: int, item_id: int, now: dt.datetime) -> str:
        """The address with which this party, and nobody else, reports on this item until it expires."""
        return f"{self.public_url}{PATH}{sign(self.secret, party_id, item_id, now + self.life, Purpose.REPORT)}"


def link_maker(settings: Settings) -> LinkMaker:
    """The links of this office. Raises WrongSetting."""
    life = dt.timedelta(days=settings.link_days)
    return LinkMaker(link_secrets(settings)[0], settings.public_url.rstrip("/"), life)


def link_secrets(settings: Settings) -> tuple[bytes, ...]:
    """The secrets, the one that signs first: from the setting, else from the file in `data_dir`, made when missing.

    Raises WrongSetting for one that is too short to keep anybody from guessing it.
    """
    if settings.session_secret is not None:
        return _checked(settings.session_secret.get_secret_value(), "DUBAN_SESSION_SECRET")
    file = settings.data_dir / FILE
    if not file.exists():
        keep_first(file, secrets.token_urlsafe(48) + "\n")
    return _checked(file.read_text("ascii", "replace"), str(file))


def _checked(text: str, name: str) -> tuple[bytes, ...]:
    found = tuple(part.encode() for part in text.split())
    if not found or any(len(part) < SHORTEST_SECRET for part in found):
        raise WrongSetting(name=name, reason="it is too short to sign links", remedy=_REMEDY)
    return found
