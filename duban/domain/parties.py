"""The directory as the ladder sees it: who holds a post on a day, at which address, and who stands in."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from duban.errors import DubanError

#: What stands in no address outside quotes, full-width punctuation included.
_BARRED = re.compile(r"[\s\x00-\x20\x7f,;:<>\"()\[\]\\\u3000-\u303f\uff00-\uffef]")
_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")
LEFT = "已离任"


class PartyKind(StrEnum):
    """What a party is."""

    PERSON = "person"
    UNIT = "unit"
    OFFICE = "office"


class NoSupervisionOffice(DubanError):
    """The directory has no supervision office that can be reached: {reason}.

    Every notice that finds nobody else goes to it: give it an address that works.
    """

    code = "no_supervision_office"
    status = 422


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """A person or unit on the day of a night. `key` is how others name it; both ends of the validity belong to it.

    `absences` are spans (first, last) in which the substitute stands in. `head` is the key of a unit's head;
    `superior` is the one level up, whom a 吹哨 reaches.
    """

    key: str
    name: str
    kind: PartyKind = PartyKind.PERSON
    address: str | None = None
    substitute: str | None = None
    superior: str | None = None
    head: str | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    absences: tuple[tuple[dt.date, dt.date], ...] = ()

    def hindrance(self, on: dt.date) -> str | None:
        """Why the party cannot be reached on a day, in Chinese; None where it can."""
        if self.valid_from is not None and on < self.valid_from:
            return "尚未到任"
        if self.valid_to is not None and on > self.valid_to:
            return LEFT
        if any(first <= on <= last for first, last in self.absences):
            return "外出期间不能签收"
        return None if usable(self.address) else "名录中没有其邮箱地址"


def usable(address: str | None) -> bool:
    """Whether a server can take an address (RFC 5321): no blanks, no empty or overlong part, a domain of host names."""
    if address is None or len(address) > 254 or _BARRED.search(address):
        return False
    local, at, domain = address.rpartition("@")
    if not at or "@" in local or not 1 <= len(local.encode()) <= 64 or "" in local.split("."):
        return False
    labels = domain.split(".")
    return all(_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()


class Directory:
    """The parties of one plan, by key, with the supervision office that always resolves."""

    def __init__(self, parties: Iterable[PartyFacts], supervision_office: PartyFacts) -> None:
        if not usable(supervision_office.address):
            raise NoSupervisionOffice(reason=f"{supervision_office.name} has no usable address")
        self.supervision_office = supervision_office
        self._parties: Mapping[str, PartyFacts] = MappingProxyType(
            {p.key: p for p in parties} | {supervision_office.key: supervision_office}
        )

    def find(self, key: str) -> PartyFacts | None:
        """The party of that key, or None where the directory does not have it."""
        return self._parties.get(key)


@dataclass(frozen=True, slots=True)
class ItemParties:
    """Who an item concerns, as keys of the directory (a name that it does not have is a key that is not found).

    `units` are the lead and responsible units, `plan_units` those of the whole plan, which only a notice to all of them
    needs. A 吹哨 item has a `called` unit, which must report, and a `caller`,
    which is never the one to be pressed. `addressee` is whoever owes what a clock for one sheet waits for: one receipt.
    """

    units: tuple[str, ...] = ()
    lead_officials: tuple[str, ...] = ()
    supervising_units: tuple[str, ...] = ()
    plan_head: str | None = None
    caller: str | None = None
    called: tuple[str, ...] = ()
    plan_units: tuple[str, ...] = ()
    addressee: str | None = None
