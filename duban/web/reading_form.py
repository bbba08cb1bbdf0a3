"""The form in which a reading is set right in place: each field, and who is what, a row a party."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData

from duban.services.item_fields import Edit
from duban.services.queries.quarantine import Doubtful
from duban.web.session import field, lines_field, list_field

#: The fields that are typed: name, and whether a line is an entry.
FIELDS = (
    ("number", False),
    ("title", False),
    ("goal", False),
    ("measures", True),
    ("time_limit", False),
    ("regulations", True),
    ("targets", True),
)
#: The roles of a reading: as a party's role, and as the field that names those who have it.
ROLES = (
    ("lead_official", "lead_officials"),
    ("lead_unit", "lead_units"),
    ("responsible", "responsible_units"),
    ("support", "support_units"),
    ("supervising", "supervising_units"),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A field as the form shows it; `role_lines` are those of the parties, by the field's name."""

    values: Mapping[str, str]
    parties: tuple[tuple[str, str], ...]
    role_lines: Mapping[str, tuple[str, ...]]


def shown(doubtful: Doubtful) -> Shown:
    """What the form of an item begins with."""
    row = doubtful.row
    values = {
        "number": row.number,
        "title": row.title,
        "goal": doubtful.goal or "",
        "measures": "\n".join(doubtful.measures),
        "time_limit": doubtful.time_limit or "",
        "regulations": "\n".join(doubtful.regulations),
        "targets": "\n".join(doubtful.targets),
    }
    parties = tuple((role, name) for role, _ in ROLES for name in row.names(role))
    return Shown(values, parties, {attribute: tuple(row.names(role)) for role, attribute in ROLES})


def edited(form: FormData) -> Edit:
    """The fields whose text is another than the page showed (`was-NAME`); a form without those names all its fields."""
    given: dict[str, Any] = {}
    for name, listed in FIELDS:
        if name not in form:
            continue
        now: Any = lines_field(form, name) if listed else field(form, name)
        if f"was-{name}" in form:
            was: Any = lines_field(form, f"was-{name}") if listed else field(form, f"was-{name}")
            if now == was:
                continue
        elif not now:
            continue
        given[name] = now
    if "was-party" in form:
        given |= _parties(form)
    if "was-reported_done" in form:
        done = field(form, "reported_done", most=1) == "1"
        if done != (field(form, "was-reported_done", most=1) == "1"):
            given["reported_done"] = done
    return Edit(**given)


def _parties(form: FormData) -> dict[str, tuple[str, ...]]:
    """Who is what, by the rows of the form: each a role (none: taken out) beside a name, in their order."""
    attribute = dict(ROLES)
    was: dict[str, list[str]] = {name: [] for name in attribute.values()}
    for line in lines_field(form, "was-party"):
        role, _, name = line.partition("=")
        if role in attribute:
            was[attribute[role]].append(name)
    stood = {name for names in was.values() for name in names}
    now: dict[str, list[str]] = {name: [] for name in attribute.values()}
    roles, names = list_field(form, "party-role", most=400), list_field(form, "party", most=400)
    if len(roles) != len(names):  # half a form clears nobody
        return {}
    for role, name in zip(roles, names, strict=True):
        if role in attribute:
            now[attribute[role]] += [name] if name in stood else _parted(name)
    return {name: tuple(now[name]) for name in now if now[name] != was[name]}


def _parted(typed: str) -> list[str]:
    """Several names in one cell are several parties, as in a document."""
    return [name.strip() for name in typed.replace("，", "、").split("、") if name.strip()]
