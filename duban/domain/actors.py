"""Who acts, and what they are to an item."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from duban.domain.lifecycle import Relation


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody (or some part of duban) who changes the ledger.

    `role` is viewer, unit, lead, supervisor or admin; `parties` are the names that a unit or lead official acts for;
    `source` is the door: api, page, cli, prefect, night, document or link.
    """

    name: str
    role: str
    parties: frozenset[str] = frozenset()
    source: str = "cli"


#: What duban itself does at night or while reading a document.
SYSTEM = Actor(name="督办系统", role="supervisor", source="night")


def relations(actor: Actor, units: Collection[str], leads: Collection[str]) -> frozenset[Relation]:
    """What an actor is to an item with these units and lead officials (names and aliases)."""
    found = set()
    if actor.role in ("supervisor", "admin"):
        found.add(Relation.SUPERVISION)
    if actor.role == "unit" and actor.parties.intersection(units):
        found.add(Relation.UNIT)
    if actor.role == "lead" and actor.parties.intersection(leads):
        found.add(Relation.LEAD)
    return frozenset(found)
