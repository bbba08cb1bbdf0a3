"""Why this light and these dates: each clock of an item in words that a clerk can check with a paper calendar."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain import clocks as pure
from duban.domain.explain import explain_due, explain_ladder, explain_light
from duban.domain.ladder import due_rungs
from duban.domain.lights import Light
from duban.domain.policy_model import ClockKind
from duban.notices.context import KINDS_ZH
from duban.services.clock_values import pure_clock
from duban.services.night_decide import armed_on
from duban.services.night_facts import acknowledged
from duban.services.notice_facts import sheet_context
from duban.services.proposal_facts import fate_zh, proposed
from duban.services.queries.lights import STANDING, Standing
from duban.services.queries.past import lighting_on
from duban.services.queries.scope import Scope, check_item
from duban.services.rules import Rules
from duban.services.targets import standings
from models import (
    ApprovalOutcome,
    Clock,
    ClockState,
    Item,
    Milestone,
    Notice,
    NoticeRecipient,
    Party,
    Plan,
    RungFired,
    RungOutcome,
)


@dataclass(frozen=True, slots=True)
class ClockExplained:
    """One clock: how its date came about, and what its ladder did and will do.

    `receipt` says in Chinese whose receipt of which sheet it waits for, if it waits for one.
    """

    clock_id: int
    kind: ClockKind
    state: ClockState
    milestone: str | None
    due_on: dt.date
    provisional: bool
    date: tuple[str, ...]
    ladder: tuple[str, ...]
    receipt: str | None = None


@dataclass(frozen=True, slots=True)
class ItemExplained:
    """An item's light with its reasons, and each of its clocks; open ones first."""

    item_id: int
    as_of: dt.date
    light: str
    reasons: tuple[str, ...]
    policy: str
    clocks: tuple[ClockExplained, ...]
    targets: tuple[str, ...] = ()


def explain_item(database: Database, *, item_id: int, scope: Scope, as_of: dt.date) -> ItemExplained:
    """The explanation as of a day. Raises NotFound, OutOfScope."""
    with database.read() as session:
        item = check_item(session, item_id, scope)
        lighting = lighting_on(session, as_of)
        rules = lighting.rules(item.plan_id)
        standing = Standing(*session.execute(select(*STANDING).where(Item.id == item_id)).one())
        light: Light = lighting.of([standing], Item.id == item_id)[item_id]
        clocks = session.scalars(select(Clock).where(Clock.item_id == item_id).order_by(Clock.due_on, Clock.id)).all()
        explained = [_explain(session, clock, item, rules, as_of) for clock in clocks]
        explained.sort(key=lambda c: c.state not in ("armed", "running", "paused"))
        return ItemExplained(
            item_id=item_id,
            as_of=as_of,
            light=light.colour.value,
            reasons=explain_light(light).lines,
            policy=rules.policy.title,
            clocks=tuple(explained),
            targets=tuple(target.words() for target in standings(session, Item.id == item_id, as_of)),
        )


def _explain(session: Session, clock: Clock, item: Item, rules: Rules, as_of: dt.date) -> ClockExplained:
    rungs = session.scalars(
        select(RungFired).where(RungFired.clock_id == clock.id, RungFired.cycle == clock.cycle).order_by(RungFired.id)
    ).all()
    put, fired, passed = proposed(session, rungs), {}, {}
    for r in rungs:
        approval, notice = put.get(r.notice_id or 0, (None, None))
        if r.outcome is RungOutcome.SUPPRESSED:
            passed[r.rung] = r.reason or ""
        elif approval is not None and approval.outcome is not ApprovalOutcome.APPROVED:
            passed[r.rung] = fate_zh(approval)
        else:
            fired[r.rung] = notice.as_of if notice is not None else r.fired_on
    settled = frozenset({*fired, *passed})
    value = _with_first_limit(pure_clock(session, clock, rules), clock, item)
    decision = None
    released = session.get_one(Plan, clock.plan_id).released_at is not None
    if value.open:
        rung, acknowledged_on = acknowledged(session, [clock.id]).get(clock.id, (None, None))
        decision = due_rungs(
            clock.due_on,
            settled,
            as_of,
            rules.policy,
            rules.calendar,
            acknowledged_on=acknowledged_on,
            acknowledged_rung=rung,
            paused=clock.state is ClockState.PAUSED,
            armed_on=armed_on(clock, released, as_of),
            started_on=clock.started_on,
            kind=clock.kind,
            term=value.term,
        )
    due = explain_due(value, rules.calendar)
    ladder = explain_ladder(
        value, rules.policy, rules.calendar, as_of, fired=fired, passed=passed, decision=decision, released=released
    )
    milestone = session.get(Milestone, clock.milestone_id) if clock.milestone_id is not None else None
    return ClockExplained(
        clock_id=clock.id,
        kind=clock.kind,
        state=clock.state,
        milestone=milestone.text if milestone is not None else None,
        due_on=clock.due_on,
        provisional=due.provisional,
        date=due.lines,
        ladder=ladder.lines,
        receipt=_receipt(session, clock),
    )


def _receipt(session: Session, clock: Clock) -> str | None:
    """Whose receipt of which sheet, as in 韩望舒签收督办〔2026〕3号; and why it is owed no more."""
    if clock.recipient_id is None:
        return None
    notice, copy, name = session.execute(
        select(Notice, NoticeRecipient, Party.name)
        .join(NoticeRecipient, NoticeRecipient.notice_id == Notice.id)
        .join(Party, Party.id == NoticeRecipient.party_id)
        .where(NoticeRecipient.id == clock.recipient_id)
    ).one()
    sheet = sheet_context(notice.series, notice.year or notice.as_of.year, notice.number)
    said = f"{copy.for_name or name}签收{sheet['label'] if sheet else KINDS_ZH[notice.kind]}"
    return f"{said}（{copy.excused_why}，不再要求）" if copy.excused_why else said


def _with_first_limit(value: pure.Clock, clock: Clock, item: Item) -> pure.Clock:
    """The first limit stays visible beside the one that an extension put in its place."""
    if clock.kind is not ClockKind.LIMIT or item.due_on != clock.due_on:
        return value
    return dataclasses.replace(value, first_due_on=item.first_due_on)
