"""签收: who owes the receipt of which sheet, each by itself: one clock for each party that a sheet was addressed to.

A duty begins when the sheet goes to its readers, and ends with the receipt, with the withdrawal of the sheet, or when
the party is no longer one to answer for the item. It is the party's for whom a copy is meant, whoever received it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, and_, exists, func, insert, or_, select, update
from sqlalchemy.orm import Session

from duban.domain.counting import Unit
from duban.domain.ladder import first_rung_on
from duban.domain.policy_model import ClockKind
from duban.services.item_look import OPEN_CLOCKS
from duban.services.rules import Rules
from models import Clock, ClockState, Item, Notice, NoticeRecipient

#: Whom a copy is meant for: its reader, or the one in whose place the reader has it.
MEANT = func.coalesce(NoticeRecipient.for_party_id, NoticeRecipient.party_id)
#: A copy for somebody whom the document does not name is meant for nobody who could owe a receipt.
NAMED = or_(NoticeRecipient.for_party_id.is_not(None), NoticeRecipient.for_name == "")
#: Copies of which a receipt is owed and was neither given nor waived.
UNGIVEN = and_(
    NoticeRecipient.role == "to",
    NoticeRecipient.acknowledged_at.is_(None),
    NoticeRecipient.excused_at.is_(None),
)


def meant_for(copy: NoticeRecipient) -> int | None:
    """The party that a copy is meant for; None where the document names nobody."""
    return copy.for_party_id or (None if copy.for_name else copy.party_id)


def owe(
    session: Session,
    days: Mapping[int, int],
    rules: Mapping[int, Rules],
    since: dt.date,
    *,
    only: Collection[int] | None = None,
) -> None:
    """Starts the receipt clocks of sheets that go out on `since`, within `days` (working days, by notice id).

    A copy whose receipt is owed already stays as it is. `rules` by plan id. `only` these parties, where a sheet goes
    to somebody who was not its reader before.
    """
    if not days:
        return
    query = (
        select(NoticeRecipient.id, MEANT, Notice.id, Notice.plan_id, Item.id, Item.cycle)
        .join(Notice, Notice.id == NoticeRecipient.notice_id)
        .join(Item, Item.id == Notice.item_id)
        .where(Notice.id.in_(days), UNGIVEN, NAMED, ~exists().where(Clock.recipient_id == NoticeRecipient.id))
        .order_by(NoticeRecipient.id)
    )
    rows = session.execute(query).tuples()
    clocks = [
        _clock(copy_id, plan_id, item_id, cycle, rules[plan_id], since, days[notice_id])
        for copy_id, party_id, notice_id, plan_id, item_id, cycle in rows
        if only is None or party_id in only
    ]
    if clocks:
        session.execute(insert(Clock), clocks)


def _clock(
    copy_id: int, plan_id: int, item_id: int, cycle: int, rules: Rules, since: dt.date, days: int
) -> dict[str, object]:
    due_on = rules.calendar.add_workdays(since, days)
    return {
        "plan_id": plan_id,
        "item_id": item_id,
        "recipient_id": copy_id,
        "kind": ClockKind.ACKNOWLEDGE,
        "state": ClockState.RUNNING,
        "cycle": cycle,
        "started_on": since,
        "armed_on": since,
        "nominal_due_on": due_on,
        "due_on": due_on,
        "next_rung_on": first_rung_on(due_on, rules.policy, rules.calendar, ClockKind.ACKNOWLEDGE),
        "counted": True,
        "amount": days,
        "unit": Unit.WORKDAYS,
    }


def give(
    session: Session, notice_id: int, meant: Iterable[NoticeRecipient], by: str, now: dt.datetime
) -> list[NoticeRecipient]:
    """Receipt of a sheet for whom these copies are meant, and for nobody else; returns the copies that lacked it.

    Another copy for the same party (the office's, after a mail that did not arrive) is settled with it.
    """
    copies = list(meant)
    for_same = [_same(copy) for copy in copies]
    if not for_same:
        return []
    lacking = list(
        session.scalars(
            select(NoticeRecipient)
            .where(NoticeRecipient.notice_id == notice_id, NoticeRecipient.acknowledged_at.is_(None))
            .where(NoticeRecipient.excused_at.is_(None), or_(*for_same))
            .order_by(NoticeRecipient.id)
        )
    )
    for copy in lacking:
        copy.acknowledged_at, copy.acknowledged_by = now, by
    session.flush()
    _end(session, Clock.recipient_id.in_([copy.id for copy in lacking]), ClockState.COMPLETED, now)
    return lacking


def _same(copy: NoticeRecipient) -> ColumnElement[bool]:
    party_id = meant_for(copy)
    return NoticeRecipient.id == copy.id if party_id is None else and_(NAMED, MEANT.in_((party_id,)))


def excuse(session: Session, copies: Sequence[NoticeRecipient], why: str, now: dt.datetime) -> None:
    """Ends the duty of these copies without a receipt; each row says why."""
    for copy in copies:
        copy.excused_at, copy.excused_why = now, why[:200]
    session.flush()
    _end(session, Clock.recipient_id.in_([copy.id for copy in copies]), ClockState.CANCELLED, now)


def forget(session: Session, notice_id: int, now: dt.datetime) -> None:
    """Nobody owes the receipt of a sheet that was withdrawn."""
    copies = select(NoticeRecipient.id).where(NoticeRecipient.notice_id == notice_id)
    _end(session, Clock.recipient_id.in_(copies), ClockState.CANCELLED, now)


def _end(session: Session, which: ColumnElement[bool], state: ClockState, now: dt.datetime) -> None:
    session.execute(
        update(Clock)
        .where(which, Clock.kind == ClockKind.ACKNOWLEDGE, Clock.state.in_(OPEN_CLOCKS))
        .values(state=state, ended_at=now, next_rung_on=None, paused_on=None, remaining_days=None, pause_reason=None)
    )
