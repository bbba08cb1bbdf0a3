"""Whom a rung reaches: its targets resolved to parties with an address, on the day it fires. Never silence.

A unit: its own mailbox, else its head, else the supervision office. A person: the holder, else the substitute, else
the supervision office, which is asked for the successor. Nobody above gets a copy in somebody's place, and a substitute
stands in for one person only: absences do not cascade.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from duban.domain.parties import Directory, ItemParties, PartyFacts
from duban.domain.policy_model import Fallback, Policy, Rung, Target

Role = Literal["to", "cc"]

TARGETS_ZH = {
    Target.UNIT_CONTACTS: "责任单位联系人",
    Target.UNIT_HEAD: "责任单位负责人",
    Target.LEAD_OFFICIALS: "牵头领导",
    Target.SUPERVISING_UNITS: "督导单位",
    Target.PLAN_UNITS: "方案各责任单位",
    Target.PLAN_HEAD: "方案负责人",
    Target.SUPERVISION_OFFICE: "督查机构",
    Target.ADDRESSEE: "应签收的单位或领导",
}

UNNAMED = "文件未载明"
UNKNOWN = "名录中没有此人（单位）"


@dataclass(frozen=True, slots=True)
class Resolved:
    """One recipient of a rung.

    `party` gets it; `on_behalf_of` and `on_behalf_of_name` name whom it is meant for where that is someone else (the
    key is None where the document names nobody). `why` says in Chinese why that one is not reached, `via` by which step
    of the order it came here; both are empty for the holder.
    """

    party: PartyFacts
    role: Role
    target: Target
    on_behalf_of: str | None = None
    on_behalf_of_name: str | None = None
    why: str = ""
    via: Fallback | None = None

    @property
    def address(self) -> str:
        """Where it goes: resolving ends only at a party that has one."""
        assert self.party.address is not None  # noqa: S101 - held by `_reach` and by Directory
        return self.party.address


def resolve_targets(
    rung: Rung, parties: ItemParties, directory: Directory, policy: Policy, on: dt.date
) -> list[Resolved]:
    """The recipients of a rung on a day, `to` first, in the order of the targets; nobody twice for the same reason.

    Joint leads each get it. A rung always has a `to`: a target that names nobody resolves to the supervision office.
    """
    order = rung.fallback or policy.fallback
    resolver = _Resolver(parties, directory, order, on)
    to = [one for target in rung.to for one in resolver.target(target)]
    cc = [replace(one, role="cc") for target in rung.cc for one in resolver.target(target)]
    return _without_doubles([*to, *cc])


def _without_doubles(found: list[Resolved]) -> list[Resolved]:
    """One row for each (party, on behalf of whom), as the ledger's unique key has it; `to` rows come first and win."""
    kept: dict[tuple[str, str | None], Resolved] = {}
    receiving = {one.party.key for one in found if one.role == "to"}
    for one in found:
        key = (one.party.key, one.on_behalf_of)
        if key in kept:
            kept[key] = _merged(kept[key], one)
        elif one.role == "to" or one.party.key not in receiving or one.why:
            # A copy for his own part is left out where the party gets the sheet itself.
            kept[key] = one
    return list(kept.values())


def _merged(first: Resolved, other: Resolved) -> Resolved:
    names = dict.fromkeys(filter(None, (first.on_behalf_of_name, other.on_behalf_of_name)))
    reasons = dict.fromkeys(filter(None, (first.why, other.why)))
    via = first.via or other.via
    return replace(first, on_behalf_of_name="、".join(names) or None, why="；".join(reasons), via=via)


class _Resolver:
    def __init__(self, parties: ItemParties, directory: Directory, order: tuple[Fallback, ...], on: dt.date) -> None:
        self.parties, self.directory, self.order, self.on = parties, directory, order, on
        self.units = parties.called or parties.units

    def target(self, target: Target) -> Iterator[Resolved]:
        holders = list(self._holders(target))
        if not holders:
            yield self._office(target, None, TARGETS_ZH[target], UNNAMED)
        for holder in holders:
            yield self._reach(holder, target)

    def _holders(self, target: Target) -> Iterator[PartyFacts]:
        """Whom the target means, reachable or not; a party that the directory lacks is one without an address."""
        if target == Target.SUPERVISION_OFFICE:
            yield self.directory.supervision_office
        elif target == Target.UNIT_CONTACTS:
            yield from map(self._party, self.units)
        elif target == Target.PLAN_UNITS:
            yield from map(self._party, self.parties.plan_units)
        elif target == Target.UNIT_HEAD:
            for unit in self.units:
                yield self._head(self._party(unit))
        else:
            for key in self._named(target):
                yield self._party(key)

    def _named(self, target: Target) -> tuple[str, ...]:
        if target == Target.SUPERVISING_UNITS:
            return self._not_the_caller(self.parties.supervising_units)
        if target in (Target.PLAN_HEAD, Target.ADDRESSEE):
            key = self.parties.plan_head if target == Target.PLAN_HEAD else self.parties.addressee
            return (key,) if key else ()
        if not self.parties.called:
            return self.parties.lead_officials
        # 吹哨: it escalates upward from the called unit; the caller's own leads are not the ones to be pressed.
        superiors = [party.superior for party in map(self._party, self.parties.called) if party.superior]
        return self._not_the_caller(tuple(dict.fromkeys(superiors)))

    def _not_the_caller(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(key for key in keys if key != self.parties.caller)

    def _party(self, key: str) -> PartyFacts:
        return self.directory.find(key) or PartyFacts(key, key)

    def _head(self, unit: PartyFacts) -> PartyFacts:
        """The unit's head; a unit that names none is written to as a unit."""
        return unit if unit.head is None else self._party(unit.head)

    def _reach(self, holder: PartyFacts, target: Target) -> Resolved:
        hindrance = self._hindrance(holder)
        if hindrance is None:
            return Resolved(holder, "to", target)
        for step in self.order:
            found = self._step(step, holder)
            if found is not None and self._hindrance(found) is None:
                return Resolved(found, "to", target, holder.key, holder.name, hindrance, step)
        return self._office(target, holder.key, holder.name, hindrance)

    def _office(self, target: Target, key: str | None, name: str, why: str) -> Resolved:
        office = self.directory.supervision_office
        return Resolved(office, "to", target, key, name, why, Fallback.SUPERVISION_OFFICE)

    def _hindrance(self, party: PartyFacts) -> str | None:
        return UNKNOWN if self.directory.find(party.key) is None else party.hindrance(self.on)

    def _step(self, step: Fallback, holder: PartyFacts) -> PartyFacts | None:
        """Who comes next; never the holder again, and never the caller of a 吹哨 item."""
        if step == Fallback.SUPERVISION_OFFICE:
            return self.directory.supervision_office
        key = holder.head if step == Fallback.HEAD else holder.substitute
        return None if key is None or key in (holder.key, self.parties.caller) else self._party(key)
