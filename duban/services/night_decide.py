"""Deciding and claiming: one batch of due clocks becomes rungs, notices and events in one transaction.

The unique key (clock, rung, cycle) has the last word: whoever comes second writes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import SYSTEM
from duban.domain.addressees import Resolved, resolve_targets
from duban.domain.ladder import Decision, DueRung, due_rungs
from duban.domain.policy_model import DOCUMENTS, ClockKind, Rung
from duban.services import receipts
from duban.services.clock_values import term_key
from duban.services.clocks import next_check_in_clock
from duban.services.event_log import Happening, append_all, lock_items
from duban.services.night_facts import BatchFacts, PlanFacts, batch_facts, parties_of, with_plan_units
from duban.services.notice_facts import notice_context, shown_items
from duban.services.notice_rows import Office, reader_row, take_numbers
from duban.services.proposals import propose
from models import (
    Clock,
    ClockState,
    Item,
    Notice,
    NoticeRecipient,
    RungFired,
    RungOutcome,
)


@dataclass(slots=True)
class Claimed:
    """What one batch did."""

    clocks: int = 0
    rungs: Counter[str] = field(default_factory=Counter)  # by the rung's key
    passed: int = 0
    held: int = 0
    notices: int = 0
    breaches: int = 0

    def add(self, other: Claimed) -> None:
        """Counts another batch in."""
        self.clocks += other.clocks
        self.rungs.update(other.rungs)
        self.passed += other.passed
        self.held += other.held
        self.notices += other.notices
        self.breaches += other.breaches


@dataclass(slots=True)
class _Firing:
    """A rung that fires on a clock, with its readers."""

    clock: Clock
    item: Item
    due: DueRung
    readers: list[Resolved]  # nobody yet where the sheet waits for its approval

    @property
    def series(self) -> str | None:
        """The series of its number; a sheet that waits has none."""
        return None if self.due.rung.approve else self.due.rung.series


def claim_batch(
    database: Database,
    clock_ids: Sequence[int],
    plans: dict[int, PlanFacts],
    as_of: dt.date,
    now: dt.datetime,
    office: Office,
    missed: Sequence[dt.date] = (),
) -> Claimed:
    """Decides these clocks for one night and claims what fires; all of it commits together, or none of it.

    `missed` are the nights before this one that did not run: a notice that is late for it says so.
    """
    with database.write() as session:
        # Items before clocks, as a transition locks them. Locked, and taken again only if still due: another night, or
        # somebody who ended the clock, may have been here since the ids were read. Nothing is skipped: when a night
        # has gone through its clocks, whatever is due has been claimed by somebody, so that one mail carries it all.
        lock_items(session, set(session.scalars(select(Clock.item_id).where(Clock.id.in_(clock_ids)))))
        clocks = session.scalars(
            select(Clock)
            .where(Clock.id.in_(clock_ids), Clock.next_rung_on <= as_of)
            .order_by(Clock.id)
            .with_for_update()
        ).all()
        facts = batch_facts(session, clocks)
        decisions = {c.id: decide(c, facts, plans[c.plan_id], as_of) for c in clocks}
        return _write(session, facts, decisions, plans, as_of, now, office, missed)


def decide(clock: Clock, facts: BatchFacts, plan: PlanFacts, as_of: dt.date) -> Decision:
    """What one night does to one clock: the same for the claim and for the preview of it."""
    rung, acknowledged_on = facts.acknowledged.get(clock.id, (None, None))
    return due_rungs(
        clock.due_on,
        facts.fired.get((clock.id, clock.cycle), set()),
        as_of,
        plan.rules.policy,
        plan.rules.calendar,
        acknowledged_on=acknowledged_on,
        acknowledged_rung=rung,
        paused=clock.state is ClockState.PAUSED,
        armed_on=armed_on(clock, plan.released, as_of),
        started_on=clock.started_on,
        kind=clock.kind,
        term=term_key(plan.rules.policy, clock.kind, clock.started_on, clock.due_on),
    )


def armed_on(clock: Clock, released: bool, as_of: dt.date) -> dt.date:
    """From which day the clock's rungs go; before the plan's release, as if it were released on `as_of`."""
    return clock.armed_on if released else max(clock.armed_on, as_of)


def _write(
    session: Session,
    facts: BatchFacts,
    decisions: dict[int, Decision],
    plans: dict[int, PlanFacts],
    as_of: dt.date,
    now: dt.datetime,
    office: Office,
    missed: Sequence[dt.date],
) -> Claimed:
    claimed = Claimed(clocks=len(facts.clocks))
    firings: list[_Firing] = []
    happenings: list[Happening] = []
    for clock in facts.clocks:
        decision, plan, item = decisions[clock.id], plans[clock.plan_id], facts.items[clock.item_id]
        for due in decision.rungs_to_fire:
            readers = [] if due.rung.approve else _readers(session, facts, plan, item, clock, due.rung, as_of)
            firings.append(_Firing(clock, item, due, readers))
        claimed.passed += len(decision.passed)
        claimed.held += len(decision.held)
        claimed.breaches += _breach(clock, item, as_of, now, happenings)
    notice_ids = _write_notices(session, facts, firings, plans, as_of, now, office, missed)
    _write_rungs(session, facts.clocks, decisions, firings, notice_ids, as_of, now)
    owed = {
        n: days
        for f, n in zip(firings, notice_ids, strict=True)
        if (days := f.due.rung.acknowledge_days) and not f.due.rung.approve
    }
    receipts.owe(session, owed, {plan_id: plan.rules for plan_id, plan in plans.items()}, as_of)
    for firing, notice_id in zip(firings, notice_ids, strict=True):
        claimed.rungs[firing.due.key] += 1
        happenings.append(_fired(firing, notice_id, as_of, now))
    append_all(session, happenings, now)
    for firing, notice_id in zip(firings, notice_ids, strict=True):
        if firing.due.rung.approve:
            clock, plan = firing.clock, plans[firing.clock.plan_id]
            propose(session, notice_id, clock, firing.item, firing.due.rung, plan=plan, as_of=as_of, now=now)
    _advance(session, facts.clocks, decisions)
    for clock in facts.clocks:
        # A check-in that was missed to its last rung does not end the duty: the next period's begins.
        if clock.kind is ClockKind.CHECK_IN and clock.state is ClockState.RUNNING and clock.next_rung_on is None:
            next_check_in_clock(session, clock, plans[clock.plan_id].rules, as_of, now)
    claimed.notices = len(firings)
    return claimed


def _readers(
    session: Session, facts: BatchFacts, plan: PlanFacts, item: Item, clock: Clock, rung: Rung, as_of: dt.date
) -> list[Resolved]:
    parties = with_plan_units(session, parties_of(facts, plan, item, clock), rung, plan)
    return resolve_targets(rung, parties, plan.directory, plan.rules.policy, as_of)


def _breach(clock: Clock, item: Item, as_of: dt.date, now: dt.datetime, happenings: list[Happening]) -> int:
    """Records a first breach for good: overdue itself is derived, and may go away when the limit is changed."""
    if clock.breached_on is not None or clock.due_on >= as_of or clock.state is ClockState.PAUSED:
        return 0
    clock.breached_on = clock.due_on + dt.timedelta(days=1)
    if clock.kind is ClockKind.LIMIT and item.breached_on is None:
        item.breached_on = clock.breached_on
    payload = {"clock": clock.id, "kind": clock.kind.value, "due_on": clock.due_on.isoformat()}
    happenings.append(Happening(item.id, "clock.breached", SYSTEM, now, payload=payload))
    return 1


def _write_notices(
    session: Session,
    facts: BatchFacts,
    firings: list[_Firing],
    plans: dict[int, PlanFacts],
    as_of: dt.date,
    now: dt.datetime,
    office: Office,
    missed: Sequence[dt.date],
) -> list[int]:
    """A notice for each firing, sheets numbered without a gap, and a row for each reader; returns the notices' ids."""
    if not firings:
        return []
    shown = shown_items(session, {f.item.id: f.item for f in firings}.values(), as_of)
    numbers = take_numbers(session, Counter(f.series for f in firings if f.series), as_of.year)
    rows: list[dict[str, Any]] = []
    for firing in firings:
        rung, plan = firing.due.rung, plans[firing.clock.plan_id]
        number = next(numbers[firing.series]) if firing.series else None
        acknowledge_by = (
            plan.rules.calendar.add_workdays(as_of, rung.acknowledge_days)
            if rung.acknowledge_days and not rung.approve
            else None
        )
        rows.append(
            {
                "plan_id": plan.id,
                "item_id": firing.item.id,
                "kind": rung.kind,
                "cause": f"rung:{firing.clock.id}:{firing.due.key}:{firing.clock.cycle}",
                "as_of": as_of,
                "series": firing.series,
                "year": as_of.year if firing.series else None,
                "number": number,
                "colour": rung.colour.value,
                "acknowledge_by": acknowledge_by,
                "created_at": now,
                "context": notice_context(
                    firing.item,
                    firing.clock,
                    firing.due,
                    firing.readers,
                    shown=shown[firing.item.id],
                    parties=parties_of(facts, plan, firing.item),
                    plan=plan,
                    as_of=as_of,
                    number=number,
                    acknowledge_by=acknowledge_by,
                    office=office,
                    pending=facts.pending.get(firing.clock.id),
                    missed=missed,
                ),
            }
        )
    statement = insert(Notice).returning(Notice.id, sort_by_parameter_order=True)
    notice_ids = list(session.scalars(statement, rows))
    copies = [
        reader_row(notice_id, reader)
        for notice_id, firing in zip(notice_ids, firings, strict=True)
        for reader in firing.readers
    ]
    if copies:
        session.execute(insert(NoticeRecipient), copies)
    return notice_ids


def _write_rungs(
    session: Session,
    clocks: Sequence[Clock],
    decisions: dict[int, Decision],
    firings: list[_Firing],
    notice_ids: list[int],
    as_of: dt.date,
    now: dt.datetime,
) -> None:
    def row(clock: Clock, key: str, due_on: dt.date) -> dict[str, Any]:
        return {"clock_id": clock.id, "rung": key, "cycle": clock.cycle, "due_on": due_on} | {
            "fired_on": max(as_of, due_on),
            "fired_at": now,
        }

    rows = [
        row(f.clock, f.due.key, f.due.due_on) | {"outcome": RungOutcome.NOTICED, "notice_id": notice_id, "reason": None}
        for f, notice_id in zip(firings, notice_ids, strict=True)
    ]
    rows += [
        row(clock, passed.key, passed.due.due_on)
        | {"outcome": RungOutcome.SUPPRESSED, "notice_id": None, "reason": passed.reason}
        for clock in clocks
        for passed in decisions[clock.id].passed
    ]
    if rows:
        session.execute(insert(RungFired), rows)


def _fired(firing: _Firing, notice_id: int, as_of: dt.date, now: dt.datetime) -> Happening:
    payload = {
        "clock": firing.clock.id,
        "rung": firing.due.key,
        "due_on": firing.due.due_on.isoformat(),
        "fired_on": as_of.isoformat(),
        "notice": notice_id,
        "readers": [r.party.name for r in firing.readers],
    } | ({"approver": DOCUMENTS[firing.due.rung.kind].approver.value} if firing.due.rung.approve else {})
    return Happening(firing.item.id, "rung.fired", SYSTEM, now, payload=payload)


def _advance(session: Session, clocks: Sequence[Clock], decisions: dict[int, Decision]) -> None:
    for clock in clocks:
        clock.next_rung_on = decisions[clock.id].next_rung_on
    session.flush()
