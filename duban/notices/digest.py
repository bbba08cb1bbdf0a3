"""Gathers the notices that one person gets in one night into one digest, by plan and colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from duban.notices.context import (
    LIGHTS_ZH,
    WHY_NO_ADDRESS,
    Behalf,
    Counts,
    DigestNotice,
    Entry,
    Group,
    ItemNotice,
    Light,
    Missed,
    Office,
    Person,
    PlanGroup,
    Recipient,
)

LIGHT_ORDER: tuple[Light, ...] = ("red", "yellow", "green", "none")
"""The order in which a digest lists colours."""

LISTED_PER_GROUP = 50
"""Entries listed for a colour of a plan; the rest are counted, so that a mail stays readable and small."""

MATTERS_PER_PERSON = 20
"""Matters named for a person who cannot be reached; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Part:
    """One notice that goes into a digest. `attached` says whether its sheet travels with the mail."""

    kind: str
    context: ItemNotice
    attached: bool = False


def digest_context(
    recipient: Person,
    office: Office,
    as_of: str,
    parts: Sequence[Part],
    *,
    url: str | None = None,
    missed: Missed | None = None,
    listed: int = LISTED_PER_GROUP,
) -> DigestNotice:
    """The context of a digest over `parts`, which all go to `recipient`, in their order within plan and colour.

    At most `listed` entries stand in a group; counts are always of all. Plans stand in the order of their first part.
    """
    by_plan: dict[str, list[Part]] = {}
    for part in parts:
        by_plan.setdefault(part.context["plan"]["title"], []).append(part)
    return {
        "recipient": _reader(recipient),
        "office": office,
        "as_of": as_of,
        "counts": _counts(parts),
        "plans": [_plan(found, listed) for found in by_plan.values()],
        "behalf": _behalf(parts),
        "url": url,
        "missed": missed,
    }


def _reader(person: Person) -> Recipient:
    """The digest itself goes to its reader; on whose behalf stands with each entry."""
    return {
        "name": person["name"],
        "post": person["post"],
        "is_unit": person["is_unit"],
        "address_as": "to",
        "on_behalf_of": None,
        "why": None,
    }


def _counts(parts: Sequence[Part]) -> Counts:
    lights = [p.context["item"]["light"] for p in parts]
    return {
        "total": len(parts),
        "red": lights.count("red"),
        "yellow": lights.count("yellow"),
        "green": lights.count("green"),
        "none": lights.count("none"),
        "sheets": len({p.context["sheet"]["label"] for p in parts if p.attached and p.context["sheet"]}),
        "to_acknowledge": sum(1 for p in parts if p.context["acknowledge"]),
    }


def _plan(parts: list[Part], listed: int) -> PlanGroup:
    groups: list[Group] = []
    for light in LIGHT_ORDER:
        found = [p for p in parts if p.context["item"]["light"] == light]
        if found:
            groups.append(
                {
                    "light": light,
                    "light_zh": LIGHTS_ZH[light],
                    "count": len(found),
                    "hidden": max(len(found) - listed, 0),
                    "entries": [_entry(p) for p in found[:listed]],
                }
            )
    plan = parts[0].context["plan"]
    return {"title": plan["title"], "short": plan["short"], "count": len(parts), "groups": groups}


def _entry(part: Part) -> Entry:
    context, item, reader = part.context, part.context["item"], part.context["recipient"]
    rung, sheet = context["rung"], context["sheet"]
    return {
        "kind": part.kind,
        "kind_zh": context["kind_zh"],
        "number": item["number"],
        "ref": item["ref"],
        "title": item["title"],
        "due_on": item["due_on"],
        "rolled_due_on": item["rolled_due_on"],
        "overdue": item["overdue"],
        "days_overdue": item["days_overdue"],
        "state_zh": item["state_zh"],
        "closed": item["closed"],
        "light": item["light"],
        "marks": item["marks"],
        "clock": context["clock"],
        "units": item["units"],
        "leads": item["leads"],
        "url": item["url"],
        "sheet_label": sheet["label"] if sheet else None,
        "attached": part.attached and sheet is not None,
        "address_as": reader["address_as"],
        "on_behalf_of": reader["on_behalf_of"],
        "why": reader["why"],
        "rung_due_on": rung["due_on"] if rung else None,
        "late": rung is not None and rung["due_on"] < rung["sent_on"],
        "acknowledge": context["acknowledge"],
        "answer_by_on": context["answer_by_on"],
        "link": context["link"],
    }


def _matter(part: Part) -> str:
    """One matter in a few words: plan, number, kind of notice."""
    return f"{part.context['plan']['short']}{part.context['item']['ref']}{part.context['kind_zh']}"


def _behalf(parts: Sequence[Part]) -> list[Behalf]:
    """Who cannot be reached, each with the matters to pass on, in the order in which they first appear."""
    found: dict[tuple[str, str], Behalf] = {}
    for part in parts:
        reader = part.context["recipient"]
        if reader["on_behalf_of"] is None:
            continue
        name, why = reader["on_behalf_of"], reader["why"] or WHY_NO_ADDRESS
        person = found.setdefault((name, why), {"name": name, "why": why, "count": 0, "matters": []})
        person["count"] += 1
        if len(person["matters"]) < MATTERS_PER_PERSON:
            person["matters"].append(_matter(part))
    return list(found.values())
