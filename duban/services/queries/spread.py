"""举一反三 and 吹哨 as they are looked at: which units have answered, what they found, who is pressed next."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.addressees import resolve_targets
from duban.domain.lifecycle import Outcome, State
from duban.domain.parties import ItemParties
from duban.domain.policy_model import Rung
from duban.services.answers import CALL_ANSWERED, SELF_CHECK_REPORTED
from duban.services.night_facts import PlanFacts, batch_facts, parties_of, plan_facts
from duban.services.queries.items import rows_for
from duban.services.queries.past import lighting_on
from duban.services.queries.plans import find_plan
from duban.services.queries.scope import Scope, check_item, own_parties, visible
from duban.services.queries.shapes import ItemRow
from models import Event, Item, ItemParty, Notice, NoticeRecipient, Origin, Party, Role


@dataclass(frozen=True, slots=True)
class Answer:
    """What a unit said: `found` problems (self-checks only), in words, by whom and when."""

    unit: str
    text: str
    found: int | None
    by: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """One sibling unit's self-check, with its last report; null where it has not reported."""

    row: ItemRow
    unit: str
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class SelfChecks:
    """The self-checks of one item, rolled up: how many units were asked, reported, are late, are struck off.

    `found` counts the problems that the units reported, `with_findings` the units that found any.
    """

    of: ItemRow
    asked: int
    reported: int
    found: int
    with_findings: int
    overdue: int
    closed: int
    checks: tuple[SelfCheck, ...]


@dataclass(frozen=True, slots=True)
class CalledUnit:
    """A unit that was called: when it signed for the call (签收), and its last answer."""

    name: str
    acknowledged_at: dt.datetime | None
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Escalation:
    """A rung that is still to come: whom it presses, on which day. Always the called unit's side."""

    title: str
    on: dt.date
    readers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallView:
    """A call: who called whom for what, who has answered, and where it goes if it is not done in time."""

    row: ItemRow
    goal: str | None
    caller: str
    called: tuple[CalledUnit, ...]
    answered: int
    escalation: tuple[Escalation, ...]


@dataclass(frozen=True, slots=True)
class ItemSpread:
    """What an item's page asks beside its transitions: where the item came from, who has answered, what it spawned.

    `answered` are the units that did (a self-check's own unit as ""), `own_called` the called units one acts for.
    """

    origin: Origin
    answered: tuple[str, ...]
    own_called: tuple[str, ...]
    has_checks: bool


def spread_of(database: Database, *, item_id: int, scope: Scope) -> ItemSpread:
    """An item's part in self-checks and calls. Raises NotFound, OutOfScope."""
    with database.read() as session:
        item = check_item(session, item_id, scope)
        kind = SELF_CHECK_REPORTED if item.origin is Origin.SELF_CHECK else CALL_ANSWERED
        called = (
            select(Party.name)
            .join(ItemParty, ItemParty.party_id == Party.id)
            .where(ItemParty.item_id == item_id, ItemParty.role == Role.CALLED)
            .order_by(ItemParty.position)
        )
        if not scope.everything:
            called = called.where(Party.id.in_(own_parties(scope)))
        checks = select(Item.id).where(Item.parent_id == item_id, Item.origin == Origin.SELF_CHECK, ~Item.dropped)
        return ItemSpread(
            origin=item.origin,
            answered=tuple(_answers(session, [item_id], kind)[item_id]),
            own_called=tuple(session.scalars(called)),
            has_checks=session.scalar(checks.limit(1)) is not None,
        )


def self_checks_of(database: Database, *, item_id: int, scope: Scope, as_of: dt.date) -> SelfChecks:
    """One item's self-checks, all units' to the office, to others what they may see. Raises NotFound, OutOfScope."""
    with database.read() as session:
        check_item(session, item_id, scope)
        (of,) = rows_for(session, lighting_on(session, as_of), Item.id == item_id, limit=1)
        found = _self_checks(session, Item.parent_id == item_id, scope, as_of)
        return _rolled_up(of, found.get(item_id, []))


def list_self_checks(
    database: Database, *, scope: Scope, as_of: dt.date, plan: str | None = None
) -> tuple[SelfChecks, ...]:
    """Every item that self-checks were spawned from, the newest first. Raises NotFound for the plan."""
    with database.read() as session:
        condition = Item.plan_id == find_plan(session, plan).id if plan else Item.id > 0
        found = _self_checks(session, condition, scope, as_of)
        parents = rows_for(session, lighting_on(session, as_of), Item.id.in_(found), limit=None) if found else []
        rolled = [_rolled_up(of, found[of.id]) for of in parents]
        return tuple(sorted(rolled, key=lambda one: -max(check.row.id for check in one.checks)))


def list_calls(
    database: Database, *, scope: Scope, as_of: dt.date, plan: str | None = None, item_id: int | None = None
) -> tuple[CallView, ...]:
    """Calls that a scope may see, the newest first: as caller, as called, or as the office. Raises NotFound."""
    with database.read() as session:
        condition = and_(Item.origin == Origin.CALL, ~Item.dropped, visible(scope))
        if plan:
            condition &= Item.plan_id == find_plan(session, plan).id
        if item_id is not None:
            condition &= Item.id == item_id
        rows = sorted(rows_for(session, lighting_on(session, as_of), condition, limit=None), key=lambda r: -r.id)
        ids = [row.id for row in rows]
        goals = dict(session.execute(select(Item.id, Item.goal).where(Item.id.in_(ids))).tuples().all())
        answers = _answers(session, ids, CALL_ANSWERED)
        receipts = _receipts(session, ids)
        ladders = _escalations(session, [r for r in rows if r.state is not State.CLOSED], as_of)
        return tuple(_call(row, goals[row.id], answers[row.id], receipts, ladders.get(row.id, ())) for row in rows)


def _self_checks(
    session: Session, condition: ColumnElement[bool], scope: Scope, as_of: dt.date
) -> dict[int, list[SelfCheck]]:
    """Self-checks by the item that they belong to, in the order in which they were spawned."""
    here = and_(condition, Item.origin == Origin.SELF_CHECK, ~Item.dropped, visible(scope))
    rows = sorted(rows_for(session, lighting_on(session, as_of), here, limit=None), key=lambda row: row.id)
    answers = _answers(session, [row.id for row in rows], SELF_CHECK_REPORTED)
    found: dict[int, list[SelfCheck]] = defaultdict(list)
    for row in rows:
        unit = "、".join(row.names("responsible", "lead_unit"))
        said = answers[row.id].get("")
        if row.parent_id is not None:
            found[row.parent_id].append(SelfCheck(row, unit, replace(said, unit=unit) if said else None))
    return found


def _rolled_up(of: ItemRow, checks: list[SelfCheck]) -> SelfChecks:
    numbers = [check.answer.found or 0 for check in checks if check.answer is not None]
    return SelfChecks(
        of=of,
        asked=len(checks),
        reported=len(numbers),
        found=sum(numbers),
        with_findings=sum(number > 0 for number in numbers),
        overdue=sum(check.row.overdue for check in checks),
        closed=sum(check.row.outcome is Outcome.RECTIFIED for check in checks),
        checks=tuple(checks),
    )


def _answers(session: Session, item_ids: Sequence[int], type_: str) -> dict[int, dict[str, Answer]]:
    """For each item its last answer of each unit that the events name; "" where they name none."""
    found: dict[int, dict[str, Answer]] = defaultdict(dict)
    events = session.scalars(
        select(Event).where(Event.item_id.in_(item_ids), Event.type == type_).order_by(Event.item_id, Event.seq)
    )
    for event in events:
        unit = str(event.payload.get("unit", ""))
        number = event.payload.get("found")
        found[event.item_id][unit] = Answer(unit, event.reason, number, event.actor, event.occurred_at)
    return found


def _receipts(session: Session, item_ids: Sequence[int]) -> dict[tuple[int, str], dt.datetime | None]:
    """For each item and addressee (as it was meant) of its assignment notice, when it was signed for."""
    rows = session.execute(
        select(Notice.item_id, NoticeRecipient.for_name, Party.name, NoticeRecipient.acknowledged_at)
        .join(NoticeRecipient, NoticeRecipient.notice_id == Notice.id)
        .join(Party, Party.id == NoticeRecipient.party_id)
        .where(Notice.item_id.in_(item_ids), Notice.kind == "assign", NoticeRecipient.role == "to")
    ).tuples()
    return {(item_id, for_name or name): at for item_id, for_name, name, at in rows if item_id is not None}


def _call(
    row: ItemRow,
    goal: str | None,
    answers: dict[str, Answer],
    receipts: dict[tuple[int, str], dt.datetime | None],
    escalation: tuple[Escalation, ...],
) -> CallView:
    called = [CalledUnit(n, receipts.get((row.id, n)), answers.get(n)) for n in row.names("called")]
    return CallView(
        row=row,
        goal=goal,
        caller="、".join(row.names("caller")),
        called=tuple(called),
        answered=sum(unit.answer is not None for unit in called),
        escalation=escalation,
    )


def _escalations(session: Session, rows: Iterable[ItemRow], as_of: dt.date) -> dict[int, tuple[Escalation, ...]]:
    """For each open item the rungs after its limit, with whom they would reach if they fired today."""
    plans: dict[int, PlanFacts] = {}
    found: dict[int, tuple[Escalation, ...]] = {}
    listed = [row for row in rows if row.due_on is not None]
    facts = batch_facts(session, (), [row.id for row in listed])
    for row in listed:
        if row.plan.id not in plans:
            plans[row.plan.id] = plan_facts(session, row.plan.id)
        plan = plans[row.plan.id]
        parties = parties_of(facts, plan, facts.items[row.id])
        policy, calendar = plan.rules.policy, plan.rules.calendar
        found[row.id] = tuple(
            Escalation(rung.title, calendar.add_workdays(row.due_on, rung.offset), _pressed(rung, parties, plan, as_of))
            for rung in policy.ladder()
            if rung.offset > 0 and row.due_on is not None
        )
    return found


def _pressed(rung: Rung, parties: ItemParties, plan: PlanFacts, on: dt.date) -> tuple[str, ...]:
    """Whom a rung would be addressed to on a day, in words."""
    readers = resolve_targets(rung, parties, plan.directory, plan.rules.policy, on)
    return tuple(
        f"{r.party.name}（代{r.on_behalf_of_name}）" if r.on_behalf_of_name else r.party.name
        for r in readers
        if r.role == "to"
    )
