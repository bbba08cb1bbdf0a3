"""The ranking of units (月排名): points out of 100 by the plan's scoring rules, each part shown with its numbers."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

from sqlalchemy import func, select

from duban.adapters.database import Database
from duban.domain.lifecycle import Outcome, State
from duban.services.queries.lights import Lighting
from duban.services.queries.plans import find_plan
from duban.services.queries.scope import Scope, own_parties
from models import Item, ItemParty, Notice, NoticeRecipient, Party, Role


@dataclass(frozen=True, slots=True)
class Ranked:
    """A unit's place, its points, and what they are made of. Equal points share a place."""

    place: int
    party_id: int
    name: str
    points: float
    items: int
    closed: int
    overdue: int
    breached: int
    notices: int
    acknowledged: int
    own: bool


@dataclass(slots=True)
class _Tally:
    items: int = 0
    closed: int = 0
    overdue: int = 0
    breached: int = 0
    notices: int = 0
    acknowledged: int = 0
    names: list[str] = field(default_factory=list)


def ranking(database: Database, *, plan: str, scope: Scope, as_of: dt.date) -> tuple[Ranked, ...]:
    """All lead and responsible units of a plan, the best first. Raises NotFound.

    Points: closed share x `closed_points` + share never breached x `on_time_points` + share of acknowledged notices x
    `acknowledge_points` - `overdue_penalty` an overdue item, 0 at least (`[ranking]` of the plan's policy).
    """
    with database.read() as session:
        plan_id = find_plan(session, plan).id
        rules = Lighting(session, as_of).rules(plan_id)
        tallies: dict[int, _Tally] = defaultdict(_Tally)
        names: dict[int, str] = {}
        rows = session.execute(
            select(Party.id, Party.name, Item)
            .join(ItemParty, ItemParty.party_id == Party.id)
            .join(Item, Item.id == ItemParty.item_id)
            .where(
                Item.plan_id == plan_id,
                ~Item.dropped,
                ~Item.quarantined,
                ItemParty.role.in_((Role.LEAD_UNIT, Role.RESPONSIBLE)),
            )
            .distinct()
        )
        seen: set[tuple[int, int]] = set()
        for party_id, name, item in rows.tuples():
            if (party_id, item.id) not in seen:
                seen.add((party_id, item.id))
                names[party_id] = name
                _count(tallies[party_id], item, as_of)
        meant_for = func.coalesce(NoticeRecipient.for_party_id, NoticeRecipient.party_id)
        acknowledged = (
            select(meant_for, NoticeRecipient.acknowledged_at)
            .join(Notice, Notice.id == NoticeRecipient.notice_id)
            .where(meant_for.in_(names), NoticeRecipient.role == "to", Notice.acknowledge_by.is_not(None))
        )
        for party_id, at in session.execute(acknowledged).tuples():
            tallies[party_id].notices += 1
            tallies[party_id].acknowledged += at is not None
        own = set(session.scalars(own_parties(scope))) if scope.parties else set()
    scoring = rules.policy.scoring
    points = {
        party_id: max(
            0.0,
            scoring.closed_points * _share(t.closed, t.items)
            + scoring.on_time_points * _share(t.items - t.breached, t.items)
            + scoring.acknowledge_points * _share(t.acknowledged, t.notices)
            - scoring.overdue_penalty * t.overdue,
        )
        for party_id, t in tallies.items()
    }
    order = sorted(points, key=lambda p: (-round(points[p], 1), names[p]))
    return tuple(_placed(order, points, tallies, names, own))


def _count(tally: _Tally, item: Item, as_of: dt.date) -> None:
    late = item.state is not State.CLOSED and item.due_on is not None and item.due_on < as_of
    tally.items += 1
    tally.closed += item.state is State.CLOSED and item.outcome is Outcome.RECTIFIED
    tally.overdue += late
    tally.breached += late or item.breached_on is not None


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _placed(
    order: list[int], points: dict[int, float], tallies: dict[int, _Tally], names: dict[int, str], own: set[int]
) -> list[Ranked]:
    found: list[Ranked] = []
    for index, party_id in enumerate(order, 1):
        score = round(points[party_id], 1)
        place = found[-1].place if found and found[-1].points == score else index
        t = tallies[party_id]
        found.append(
            Ranked(
                place=place,
                party_id=party_id,
                name=names[party_id],
                points=score,
                items=t.items,
                closed=t.closed,
                overdue=t.overdue,
                breached=t.breached,
                notices=t.notices,
                acknowledged=t.acknowledged,
                own=party_id in own,
            )
        )
    return found
