"""One look at an item: all that its guards and its next event ask for, read in one statement.

A transition costs what it says to the database. Whatever belongs to an item is a few rows of each kind; one statement
brings them together, a kind a branch, and is built once a process.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    CompoundSelect,
    Date,
    Integer,
    Select,
    String,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from duban.domain.lifecycle import State
from models import Base, ClockKind, ClockState, ClosingStep, Item, MilestoneKind, Progress, RegulationStatus, Role

UNIT_ROLES = (Role.LEAD_UNIT, Role.RESPONSIBLE)
OPEN_CLOCKS = (ClockState.ARMED, ClockState.RUNNING, ClockState.PAUSED)
#: An item's last event: its number in the chain and its hash; what an item without any event has.
NO_HEAD = (0, "")


@dataclass(frozen=True, slots=True)
class Standing:
    """Who answers for an item: names, aliases and members of collectives; a child without its own has its parent's.

    Each name with the last day (失效日期) of whose it is, where the directory gives one.
    """

    units: Mapping[str, dt.date | None]
    leads: Mapping[str, dt.date | None]
    lead_parties: tuple[tuple[int, str], ...]  # ids and names as printed, in order


class MeasureSeen(NamedTuple):
    """A measure (措施); `position` is its place on the item."""

    position: int
    text: str
    progress: Progress
    reported_by: str | None


class RegulationSeen(NamedTuple):
    """A regulation (制度), promised or issued."""

    id: int
    title: str
    status: RegulationStatus
    document_number: str | None
    issued_on: dt.date | None


class MilestoneSeen(NamedTuple):
    """A dated part of a limit (节点)."""

    id: int
    text: str
    kind: MilestoneKind
    reported_by: str | None
    due_on: dt.date | None
    rolled_due_on: dt.date | None
    done: bool


class StepSeen(NamedTuple):
    """A step towards striking the item off (销号), in its present cycle."""

    step: ClosingStep
    actor: str
    party_id: int | None
    ends_on: dt.date | None


@dataclass(frozen=True, slots=True)
class Look:
    """What belongs to one item. `running` are its open clocks by kind and milestone, `head` the end of its chain."""

    standing: Standing
    measures: tuple[MeasureSeen, ...]
    regulations: tuple[RegulationSeen, ...]
    milestones: tuple[MilestoneSeen, ...]
    steps: tuple[StepSeen, ...]
    children_open: tuple[str, ...]
    evidence: int
    running: frozenset[tuple[ClockKind, int | None]]
    head: tuple[int, str]


def look_at(session: Session, item: Item) -> Look:
    """Reads the item's parts, of its present cycle where they have one."""
    session.flush()
    found: dict[str, list[Any]] = defaultdict(list)
    for row in session.execute(_LOOK, {"item_id": item.id, "cycle": item.cycle}):
        found[row.what].append(row)
    for rows in found.values():
        rows.sort(key=lambda row: row.place or 0)
    head = found["head"]
    return Look(
        standing=_standing(session, item, [*found["party"], *found["alias"], *found["member"]]),
        measures=tuple(MeasureSeen(r.place, r.text, Progress(r.kind), r.other) for r in found["measure"]),
        regulations=tuple(
            RegulationSeen(r.id, r.text, RegulationStatus(r.kind), r.other, r.day) for r in found["regulation"]
        ),
        milestones=tuple(
            MilestoneSeen(r.id, r.text, MilestoneKind(r.kind), r.other, r.day, r.rolled, r.flag)
            for r in found["milestone"]
        ),
        steps=tuple(StepSeen(ClosingStep(r.kind), r.text, r.id, r.day) for r in found["closing"]),
        children_open=tuple(r.text for r in found["child"]),
        evidence=found["evidence"][0].id,
        running=frozenset((ClockKind(r.kind), r.id) for r in found["clock"]),
        head=(head[0].id, head[0].text) if head else NO_HEAD,
    )


def standing_of(session: Session, item: Item) -> Standing:
    """The parties of an item, or of the nearest parent that names them."""
    session.flush()
    return _standing(session, item, session.execute(_PARTIES, {"item_id": item.id}).all())


def _standing(session: Session, item: Item, own: Sequence[Any]) -> Standing:
    units, leads = _with_role(own, UNIT_ROLES), _with_role(own, (Role.LEAD_OFFICIAL,))
    above = item.parent_id
    while above is not None and not (units and leads):
        named = session.execute(_PARTIES, {"item_id": above}).all()
        units = units or _with_role(named, UNIT_ROLES)
        leads = leads or _with_role(named, (Role.LEAD_OFFICIAL,))
        above = session.scalar(_PARENT, {"item_id": above})
    in_order = sorted((r for r in leads if r.what == "party"), key=lambda row: row.place)
    return Standing(
        units={r.text: r.day for r in units},
        leads={r.text: r.day for r in leads},
        lead_parties=tuple((r.id, r.text) for r in in_order),
    )


def _with_role(rows: Iterable[Any], roles: Sequence[Role]) -> list[Any]:
    return [row for row in rows if row.kind in roles]


# -- the statements, built once ---------------------------------------------------------------------------------

_T = Base.metadata.tables
_ITEM_ID = bindparam("item_id", type_=BigInteger)
_ONE: ColumnElement[int] = literal_column("1", BigInteger)


def _branch(what: str, **columns: Any) -> Select[Any]:
    """One kind's rows in the shape that all kinds share; every column has its type, for a union takes the first's."""
    shape: dict[str, Any] = {
        "id": BigInteger, "place": BigInteger, "text": String, "kind": String, "other": String,
        "day": Date, "rolled": Date, "flag": Boolean,
    }  # fmt: skip
    # An enum's column is read as its value: the kinds differ from branch to branch.
    values = [
        cast(columns[name] if name in columns else null(), type_).label(name)
        if name not in columns or type_ is String
        else columns[name].label(name)
        for name, type_ in shape.items()
    ]
    return select(literal_column(f"'{what}'", String).label("what"), *values)


def literals(values: Iterable[StrEnum]) -> list[ColumnElement[str]]:
    """Our own words as they stand in the text of a statement: as parameters they would be spelt out at each call."""
    return [literal_column(f"'{value.value}'", String) for value in values]


def _named(what: str, name: ColumnElement[str], source: Any) -> Select[Any]:
    roles, last_on = _T["item_party"].c, _T["party"].c.valid_to
    return (
        _branch(what, id=roles.party_id, place=roles.position, text=name, kind=roles.role, day=last_on)
        .select_from(source)
        .where(roles.item_id == _ITEM_ID, roles.role.in_(literals((*UNIT_ROLES, Role.LEAD_OFFICIAL))))
    )


def _parties() -> list[Select[Any]]:
    roles, party, alias, member = _T["item_party"], _T["party"], _T["party_alias"], _T["party_member"]
    return [
        _named("party", party.c.name, roles.join(party, party.c.id == roles.c.party_id)),
        _named(
            "alias",
            alias.c.name,
            roles.join(party, party.c.id == roles.c.party_id).join(alias, alias.c.party_id == party.c.id),
        ),
        _named(
            "member",
            party.c.name,
            roles.join(member, member.c.collective_id == roles.c.party_id).join(
                party, party.c.id == member.c.member_id
            ),
        ),
    ]


def _parts() -> list[Select[Any]]:
    measure, regulation, milestone = _T["measure"].c, _T["regulation"].c, _T["milestone"].c
    return [
        _branch(
            "measure", place=measure.position, text=measure.text, kind=measure.progress, other=measure.reported_by
        ).where(measure.item_id == _ITEM_ID),
        _branch(
            "regulation",
            id=regulation.id,
            place=regulation.position,
            text=regulation.title,
            kind=regulation.status,
            other=regulation.document_number,
            day=regulation.issued_on,
        ).where(regulation.item_id == _ITEM_ID),
        _branch(
            "milestone",
            id=milestone.id,
            place=milestone.position,
            text=milestone.text,
            kind=milestone.kind,
            other=milestone.reported_by,
            day=milestone.due_on,
            rolled=milestone.rolled_due_on,
            flag=milestone.done,
        ).where(milestone.item_id == _ITEM_ID),
    ]


def _around() -> list[Select[Any]]:
    closing, child, evidence, clock = _T["closing"].c, _T["item"].c, _T["evidence"].c, _T["clock"].c
    event = _T["event"].c
    cycle = bindparam("cycle", type_=Integer)
    head = (
        select(event.seq, event.hash).where(event.item_id == _ITEM_ID).order_by(event.seq.desc()).limit(_ONE).subquery()
    )
    return [
        _branch(
            "closing", id=closing.party_id, place=closing.id, text=closing.actor, kind=closing.step, day=closing.ends_on
        ).where(closing.item_id == _ITEM_ID, closing.cycle == cycle),
        _branch("child", place=child.position, text=child.number).where(
            child.parent_id == _ITEM_ID, child.state.not_in(literals([State.CLOSED])), ~child.dropped
        ),
        _branch("evidence", id=func.count()).where(evidence.item_id == _ITEM_ID, evidence.cycle == cycle),
        _branch("clock", id=clock.milestone_id, kind=clock.kind).where(
            clock.item_id == _ITEM_ID, clock.state.in_(literals(OPEN_CLOCKS))
        ),
        _branch("head", id=head.c.seq, text=head.c.hash),
    ]


_PARTIES: CompoundSelect[Any] = union_all(*_parties())
_LOOK: CompoundSelect[Any] = union_all(*_parties(), *_parts(), *_around())
_PARENT = select(_T["item"].c.parent_id).where(_T["item"].c.id == _ITEM_ID)
