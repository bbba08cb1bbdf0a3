"""What a notice says: the facts of an item on the night, as the plain values that its template is given.

The item's light, its due date and its days overdue are the board's (`duban.services.queries.lights`); the day of the
clock that the notice is about stands beside them, under a name of its own.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.domain.addressees import Resolved
from duban.domain.ladder import DueRung
from duban.domain.lifecycle import State, state_zh
from duban.domain.lights import Light
from duban.domain.numbering import reference
from duban.domain.parties import LEFT, ItemParties
from duban.domain.policy_model import ClockKind
from duban.notices.clock_words import named, words_of
from duban.notices.context import KINDS_ZH
from duban.services.night_facts import Pending, PlanFacts
from duban.services.queries.lights import Lighting, Standing
from models import Clock, Item, Milestone, PartyKind

if TYPE_CHECKING:
    from duban.services.notice_rows import Office


@dataclass(frozen=True, slots=True)
class Shown:
    """How an item stands on a day, as the board shows it. `nominal_due_on` is its nearest open date as printed.

    `parts` are the dated parts of its limit by milestone, in the plan's words; empty where there is only one.
    """

    light: Light
    nominal_due_on: dt.date | None
    parts: dict[int, str]


def shown_items(session: Session, items: Collection[Item], as_of: dt.date) -> dict[int, Shown]:
    """What notices of a day say of these items, by id, in a handful of statements; at most a batch of items."""
    among = Item.id.in_([item.id for item in items])
    lights = Lighting(session, as_of).of([Standing.of(item) for item in items], among)
    dated: dict[int, list[Milestone]] = defaultdict(list)
    for milestone in session.scalars(
        select(Milestone)
        .join(Item, Item.id == Milestone.item_id)
        .where(among, Milestone.due_on.is_not(None))
        .order_by(Milestone.item_id, Milestone.position)
    ):
        dated[milestone.item_id].append(milestone)
    return {item.id: _shown(item, lights[item.id], dated[item.id]) for item in items}


def _shown(item: Item, light: Light, dated: Sequence[Milestone]) -> Shown:
    nominal = [m.due_on for m in dated if m.due_on and not m.done and m.rolled_due_on == item.due_on]
    parts = {m.id: m.text.rstrip("。；，、;, ") or f"第{n}个节点" for n, m in enumerate(dated, start=1)}
    return Shown(light, min(nominal, default=item.due_on), parts if len(dated) > 1 else {})


def notice_context(
    item: Item,
    clock: Clock,
    due: DueRung,
    readers: list[Resolved],
    *,
    shown: Shown,
    parties: ItemParties,
    plan: PlanFacts,
    as_of: dt.date,
    number: int | None,
    acknowledge_by: dt.date | None,
    office: Office,
    pending: Pending | None = None,
    missed: Sequence[dt.date] = (),
) -> dict[str, Any]:
    """The context of `duban.notices.context.ItemNotice` without its reader, who differs from copy to copy.

    `missed` are the nights before this one that did not run, in order.
    """
    owed = {"pending": pending_context(pending, plan, as_of)} if due.rung.kind == "acknowledge" else {}
    of_clock = clock_context(clock, shown, plan, as_of)
    return owed | {
        "kind_zh": named(due.rung.kind, of_clock),
        "plan": {"title": plan.title, "short": plan.code, "issuer": plan.issuer},
        "item": item_context(item, shown, parties, plan, as_of),
        "clock": of_clock,
        "rung": {
            "key": due.key,
            "offset": due.rung.offset,
            "due_on": due.due_on.isoformat(),
            "sent_on": as_of.isoformat(),
        },
        **people_context(readers, plan),
        "sheet": sheet_context(due.rung.series, as_of.year, number),
        "office": office_context(plan, office),
        "as_of": as_of.isoformat(),
        "acknowledge": {"by_on": acknowledge_by.isoformat(), "url": None} if acknowledge_by else None,
        "answer_by_on": None,
        "missed": missed_context(missed, due.due_on),
    }


def missed_context(missed: Sequence[dt.date], due_on: dt.date) -> dict[str, Any] | None:
    """Why a rung that was due on `due_on` goes out late: the nights that did not run; None where it is late for
    another reason, such as a plan that was released late."""
    if due_on not in missed:
        return None
    return {"nights": len(missed), "from_on": missed[0].isoformat(), "to_on": missed[-1].isoformat()}


def item_context(item: Item, shown: Shown, parties: ItemParties, plan: PlanFacts, as_of: dt.date) -> dict[str, Any]:
    """The item as the board shows it. Its link is relative: composing adds the site's address."""
    light = shown.light
    return {
        "number": item.number,
        "ref": reference(item.number),
        "title": item.title,
        "goal": item.goal,
        "time_limit": item.time_limit,
        "due_on": shown.nominal_due_on.isoformat() if shown.nominal_due_on else None,
        "rolled_due_on": item.due_on.isoformat() if item.due_on else None,
        "overdue": light.overdue,
        "days_overdue": -(light.days_left or 0),
        "state_zh": state_zh(item.state, item.outcome),
        "closed": item.state is State.CLOSED,
        "light": light.colour.value,
        "marks": list(light.marks),
        "units": names(parties.units, plan),
        "leads": leads_in_office(parties, plan, as_of),
        "url": f"/items/{item.id}",
    }


def clock_context(clock: Clock, shown: Shown, plan: PlanFacts, as_of: dt.date) -> dict[str, Any]:
    """The clock that a notice speaks of, under the name of its day; a part of a limit with several is named."""
    part = shown.parts.get(clock.milestone_id or 0) if clock.kind is ClockKind.LIMIT else None
    return {
        "kind": clock.kind.value,
        "day_zh": words_of(clock.kind.value, part).day,
        "part": part,
        "due_on": clock.nominal_due_on.isoformat(),
        "rolled_due_on": clock.due_on.isoformat(),
        "overdue": clock.due_on < as_of,
        "days_overdue": plan.rules.calendar.workdays_between(clock.due_on, as_of),
        "cut_off": f"{plan.rules.policy.hours.cut_off:%H:%M}",
    }


def names(keys: tuple[str, ...], plan: PlanFacts) -> list[str]:
    """The names of these parties, in order."""
    return [plan.parties[int(key)].name for key in keys]


def leads_in_office(parties: ItemParties, plan: PlanFacts, as_of: dt.date) -> list[str]:
    """The lead officials who hold their post on the day: nobody who left is named as one to be pressed or summoned."""
    rows = [plan.parties[int(key)] for key in parties.lead_officials]
    return [row.name for row in rows if row.valid_to is None or row.valid_to >= as_of]


def sheet_context(series: str | None, year: int, number: int | None) -> dict[str, Any] | None:
    """A sheet's number as it is printed: 督办〔2026〕3号."""
    if series is None or number is None:
        return None
    return {"series": series, "year": year, "number": number, "label": f"{series}〔{year}〕{number}号"}


def pending_context(pending: Pending | None, plan: PlanFacts, as_of: dt.date) -> dict[str, Any]:
    """The sheet whose receipt is not confirmed yet."""
    if pending is None:
        return {"kind_zh": KINDS_ZH["supervise"], "label": None, "sent_on": as_of.isoformat(), "days_late": 0}
    sheet = sheet_context(pending.series, pending.year or as_of.year, pending.number)
    return {
        "kind_zh": KINDS_ZH.get(pending.kind, pending.kind),
        "label": sheet["label"] if sheet else None,
        "sent_on": pending.sent_on.isoformat(),
        "days_late": max(plan.rules.calendar.workdays_between(pending.acknowledge_by, as_of), 0),
    }


def office_context(plan: PlanFacts, office: Office) -> dict[str, Any]:
    """The supervision office that signs."""
    party = plan.parties[plan.office_id]
    return {"name": party.name, "letterhead": None, "phone": office.phone, "email": party.email or office.email}


def person_context(party_id: int, plan: PlanFacts) -> dict[str, Any]:
    """Somebody who is addressed."""
    party = plan.parties[party_id]
    return {"name": party.name, "post": party.post, "is_unit": party.kind is not PartyKind.PERSON}


def people_context(readers: list[Resolved], plan: PlanFacts) -> dict[str, list[dict[str, Any]]]:
    """Whom a sheet is addressed to, and who has a copy: nobody twice, and no copy to the office that signs it."""
    to = people(readers, "to", plan)
    known = {person["name"] for person in to} | {plan.parties[plan.office_id].name}
    return {"addressees": to, "copies": [p for p in people(readers, "cc", plan) if p["name"] not in known]}


def people(readers: list[Resolved], role: str, plan: PlanFacts) -> list[dict[str, Any]]:
    """Those of one role (to or cc): who is meant, not whoever receives it in their place.

    A sheet is addressed to nobody who left: whoever stands in is named, the supervision office only where nobody is.
    """
    found: dict[str, dict[str, Any]] = {}
    office: dict[str, dict[str, Any]] = {}
    for reader in readers:
        if reader.role != role:
            continue
        left = reader.why == LEFT
        meant = reader.party.key if left else reader.on_behalf_of or reader.party.key
        person = person_context(int(meant), plan)
        if reader.on_behalf_of is None and reader.on_behalf_of_name:
            person = {"name": reader.on_behalf_of_name, "post": None, "is_unit": False}
        (office if left and int(meant) == plan.office_id else found).setdefault(person["name"], person)
    return list(found.values()) or list(office.values())
