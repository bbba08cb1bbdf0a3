"""What a notice says: the facts of an item on the night, as the plain values that its template is given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from duban.domain.addressees import Resolved
from duban.domain.ladder import DueRung
from duban.domain.lifecycle import STATE_ZH
from duban.domain.parties import LEFT, ItemParties
from duban.notices.context import KINDS_ZH
from duban.services.night_facts import Pending, PlanFacts
from models import Clock, Item, PartyKind

if TYPE_CHECKING:
    from duban.services.night_decide import Office


def notice_context(
    item: Item,
    clock: Clock,
    due: DueRung,
    readers: list[Resolved],
    *,
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
    return owed | {
        "plan": {"title": plan.title, "short": plan.code, "issuer": plan.issuer},
        "item": item_context(item, clock, parties, plan, as_of, office),
        "rung": {
            "key": due.key,
            "offset": due.rung.offset,
            "due_on": due.due_on.isoformat(),
            "sent_on": as_of.isoformat(),
        },
        "addressees": people(readers, "to", plan),
        "copies": people(readers, "cc", plan),
        "sheet": sheet_context(due.rung.series, as_of.year, number),
        "office": office_context(plan, office),
        "as_of": as_of.isoformat(),
        "acknowledge": {"by_on": acknowledge_by.isoformat(), "url": f"{office.public_url}/my"}
        if acknowledge_by
        else None,
        "answer_by_on": None,
        "missed": missed_context(missed, due.due_on),
    }


def missed_context(missed: Sequence[dt.date], due_on: dt.date) -> dict[str, Any] | None:
    """Why a rung that was due on `due_on` goes out late: the nights that did not run; None where it is late for
    another reason, such as a plan that was released late."""
    if due_on not in missed:
        return None
    return {"nights": len(missed), "from_on": missed[0].isoformat(), "to_on": missed[-1].isoformat()}


def item_context(
    item: Item, clock: Clock, parties: ItemParties, plan: PlanFacts, as_of: dt.date, office: Office
) -> dict[str, Any]:
    """The item as it stands; a clock that is not overdue has a negative number of days."""
    days = plan.rules.calendar.workdays_between(clock.due_on, as_of)
    return {
        "number": item.number,
        "title": item.title,
        "goal": item.goal,
        "time_limit": item.time_limit,
        "due_on": clock.nominal_due_on.isoformat(),
        "rolled_due_on": clock.due_on.isoformat(),
        "days_overdue": days,
        "state_zh": STATE_ZH[item.state],
        "light": "red" if clock.due_on < as_of else "yellow",
        "units": names(parties.units, plan),
        "leads": leads_in_office(parties, plan, as_of),
        "url": f"{office.public_url}/items/{item.id}",
    }


def item_context_without_clock(
    item: Item, clock: Clock | None, parties: ItemParties, plan: PlanFacts, as_of: dt.date
) -> dict[str, Any]:
    """The item where no clock need be running: closed, returned, or without any date. Its link is relative."""
    due_on = clock.due_on if clock else None
    overdue = plan.rules.calendar.workdays_between(due_on, as_of) if due_on else 0
    return {
        "number": item.number,
        "title": item.title,
        "goal": item.goal,
        "time_limit": item.time_limit,
        "due_on": clock.nominal_due_on.isoformat() if clock else None,
        "rolled_due_on": due_on.isoformat() if due_on else None,
        "days_overdue": overdue,
        "state_zh": STATE_ZH[item.state],
        "light": "none" if due_on is None else "red" if due_on < as_of else "green",
        "units": names(parties.units, plan),
        "leads": leads_in_office(parties, plan, as_of),
        "url": f"/items/{item.id}",
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


def people(readers: list[Resolved], role: str, plan: PlanFacts) -> list[dict[str, Any]]:
    """Whom the sheet is addressed to (`role` to or cc): who is meant, not whoever receives it in their place.

    It is addressed to nobody who left: whoever stands in is named, the supervision office only where nobody else is.
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
