"""What a night leaves behind for later: a count of what stood where, and one hash over the head of every chain."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, text
from sqlalchemy.orm import Session

from duban.domain.events import anchor_hash
from duban.domain.lifecycle import State
from duban.domain.policy_model import ClockKind, LightRule
from duban.errors import DubanError
from duban.services.queries.lights import OPEN_CLOCKS, STANDING, Lighting, Standing
from duban.services.rules import Rules, rules_of
from models import Anchor, Clock, ClockState, Event, Item, ItemParty, Plan, Role, Snapshot

UNIT_ROLES = (Role.LEAD_UNIT, Role.RESPONSIBLE)


@dataclass(frozen=True, slots=True)
class Counted:
    """What stood where on one day, and the plans that could not be counted, each with the reason."""

    as_of: dt.date
    items: Counter[tuple[int, int, str, str]]  # by plan, party (0: the whole plan), state and light
    problems: list[str]


def count(session: Session, as_of: dt.date) -> Counted:
    """Counts by plan, unit, state and light as of one day. It only reads: on a large ledger it takes a while."""
    found = Counted(as_of, Counter(), [])
    for plan_id in session.scalars(select(Plan.id)).all():
        try:
            rules = rules_of(session, plan_id)
        except DubanError as error:
            found.problems.append(f"plan {plan_id} is not counted: {error.message}")
            continue
        apart = _apart(plan_id, rules)
        found.items.update(_whole(session, plan_id, as_of, rules, apart))
        found.items.update(_by_unit(session, plan_id, as_of, rules, apart))
        found.items.update(_one_by_one(session, plan_id, as_of, apart))
    return found


def keep(session: Session, counted: Counted) -> None:
    """Stores a day's counts; counted again, they replace that day's."""
    session.execute(delete(Snapshot).where(Snapshot.as_of == counted.as_of))
    rows = [
        {"as_of": counted.as_of, "plan_id": plan, "party_id": party, "state": state, "light": light, "items": items}
        for (plan, party, state, light), items in counted.items.items()
    ]
    if rows:
        session.execute(insert(Snapshot), rows)


def _apart(plan_id: int, rules: Rules) -> ColumnElement[bool]:
    """Open items whose light hangs on more than their date: read with doubt, paused, owing a periodic report; all of a
    plan whose lights measure the gap to the schedule.
    """
    if rules.policy.lights.rule is LightRule.SCHEDULE_GAP:
        return Item.state != State.CLOSED
    reports = and_(Clock.kind == ClockKind.CHECK_IN, Clock.state.in_(OPEN_CLOCKS))
    clocks = select(Clock.item_id).where(Clock.plan_id == plan_id, or_(Clock.state == ClockState.PAUSED, reports))
    return and_(Item.state != State.CLOSED, or_(Item.quarantined, Item.id.in_(clocks)))


def _one_by_one(
    session: Session, plan_id: int, as_of: dt.date, apart: ColumnElement[bool]
) -> Counter[tuple[int, int, str, str]]:
    """The items that stand apart, with the lights that the board shows."""
    among = and_(Item.plan_id == plan_id, ~Item.dropped, apart)
    items = {row[0]: Standing(*row) for row in session.execute(select(*STANDING).where(among)).tuples()}
    lights = Lighting(session, as_of).of(items.values(), among)
    units = session.execute(
        select(ItemParty.party_id, ItemParty.item_id)
        .join(Item, Item.id == ItemParty.item_id)
        .where(among, ItemParty.role.in_(UNIT_ROLES))
        .distinct()
    ).tuples()
    found: Counter[tuple[int, int, str, str]] = Counter()
    for party_id, item_id in (*((0, item_id) for item_id in items), *units):
        found[(plan_id, party_id, items[item_id].state.value, lights[item_id].colour.value)] += 1
    return found


def _whole(
    session: Session, plan_id: int, as_of: dt.date, rules: Rules, apart: ColumnElement[bool]
) -> Counter[tuple[int, int, str, str]]:
    rows = session.execute(
        select(Item.state, Item.due_on, func.count())
        .where(Item.plan_id == plan_id, ~Item.dropped, ~apart)
        .group_by(Item.state, Item.due_on)
    ).tuples()
    found: Counter[tuple[int, int, str, str]] = Counter()
    for state, due_on, count in rows:
        found[(plan_id, 0, state.value, lamp(state, due_on, as_of, rules))] += count
    return found


def _by_unit(
    session: Session, plan_id: int, as_of: dt.date, rules: Rules, apart: ColumnElement[bool]
) -> Counter[tuple[int, int, str, str]]:
    rows = session.execute(
        select(ItemParty.party_id, Item.state, Item.due_on, func.count(Item.id.distinct()))
        .join(Item, Item.id == ItemParty.item_id)
        .where(Item.plan_id == plan_id, ~Item.dropped, ItemParty.role.in_(UNIT_ROLES), ~apart)
        .group_by(ItemParty.party_id, Item.state, Item.due_on)
    ).tuples()
    found: Counter[tuple[int, int, str, str]] = Counter()
    for party_id, state, due_on, count in rows:
        found[(plan_id, party_id, state.value, lamp(state, due_on, as_of, rules))] += count
    return found


def lamp(state: State, due_on: dt.date | None, as_of: dt.date, rules: Rules) -> str:
    """The light from the date alone (红黄绿灯): what can be counted in one statement over all items."""
    if state is State.CLOSED:
        return "green"
    if due_on is None:
        return "none"
    if due_on < as_of:
        return "red"
    yellow = rules.policy.lights.yellow_days
    days_left = rules.calendar.workdays_between(as_of, due_on)
    return "yellow" if yellow is not None and days_left <= yellow else "green"


def anchor(session: Session, as_of: dt.date, now: dt.datetime) -> Anchor:
    """Seals the chains that have grown since the last anchor onto that anchor: a later edit of any event shows.

    Its cost is that of the new events, however long the log has become.
    """
    if session.get_bind().dialect.name == "postgresql":
        # Ids are given before they commit: without this an event below the last id could appear after it was sealed.
        session.execute(text("LOCK TABLE event IN SHARE MODE"))
    before = session.scalars(select(Anchor).order_by(Anchor.last_event_id.desc(), Anchor.id.desc()).limit(1)).first()
    since = before.last_event_id if before else 0
    newest, grown = session.execute(
        select(func.coalesce(func.max(Event.id), since), func.count()).where(Event.id > since)
    ).one()
    row = Anchor(
        as_of=as_of,
        anchored_at=now,
        hash=anchor_hash(_heads_since(session, since), before.hash if before else ""),
        last_event_id=newest,
        events=(before.events if before else 0) + grown,
    )
    session.add(row)
    session.flush()
    return row


def _heads_since(session: Session, since: int) -> Iterator[tuple[int, int, str]]:
    """Item, number and hash of the last event of each chain that has grown since, in the order of the items."""
    last = (
        select(Event.item_id, func.max(Event.seq).label("seq"))
        .where(Event.id > since)
        .group_by(Event.item_id)
        .subquery()
    )
    rows = session.execute(
        select(Event.item_id, Event.seq, Event.hash)
        .join(last, (Event.item_id == last.c.item_id) & (Event.seq == last.c.seq))
        .order_by(Event.item_id)
        .execution_options(yield_per=5000)
    )
    yield from rows.tuples()
