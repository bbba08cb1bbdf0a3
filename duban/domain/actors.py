"""Who acts, and what they are to an item."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from duban.domain.lifecycle import Relation


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody (or some part of duban) who changes the ledger.

    `role` is viewer, unit, lead, supervisor or admin; `parties` are the names that a unit or lead official acts for;
    `source` is the door: api, page, cli, prefect, night, document or link. `on` is the business date on which an
    account acts: whoever's last day is over by then acts no more for it.
    """

    name: str
    role: str
    parties: frozenset[str] = frozenset()
    source: str = "cli"
    on: dt.date | None = None

    def acts_for(self, names: Collection[str], last_on: dt.date | None) -> bool:
        """Whether the actor is the party of these names, whose last day (失效日期) is not over."""
        return not self.parties.isdisjoint(names) and not self._over(last_on)

    def acts_for_any(self, names: Mapping[str, dt.date | None]) -> bool:
        """The same of several parties: each name with the last day of whose it is."""
        return any(name in names and not self._over(names[name]) for name in self.parties)

    def _over(self, last_on: dt.date | None) -> bool:
        return self.on is not None and last_on is not None and last_on < self.on


#: What duban itself does at night or while reading a document.
SYSTEM = Actor(name="督办系统", role="supervisor", source="night")


def relations(
    actor: Actor, units: Mapping[str, dt.date | None], leads: Mapping[str, dt.date | None]
) -> frozenset[Relation]:
    """What an actor is to an item with these units and lead officials: names and aliases, each with its last day."""
    found = set()
    if actor.role in ("supervisor", "admin"):
        found.add(Relation.SUPERVISION)
    if actor.role == "unit" and actor.acts_for_any(units):
        found.add(Relation.UNIT)
    if actor.role == "lead" and actor.acts_for_any(leads):
        found.add(Relation.LEAD)
    return frozenset(found)
