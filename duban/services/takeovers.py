"""接办: who takes an item over gets its sheets, with a receipt date of his own; the duty of who gave it up ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.domain.actors import SYSTEM
from duban.domain.addressees import Resolved, resolve_targets
from duban.domain.lifecycle import State
from duban.domain.parties import ItemParties
from duban.domain.policy_model import Rung
from duban.services import receipts
from duban.services.event_log import Happening, append
from duban.services.item_notices import KINDS
from duban.services.night_facts import PlanFacts, parties_of_item, plan_facts
from duban.services.notice_rows import reader_row
from duban.services.rules import business_date
from models import Item, Notice, NoticeRecipient, Plan

GAVE_UP = "已不再负责本事项"


@dataclass(frozen=True, slots=True)
class Answering:
    """Who answered for an item, and for each open item below it that names nobody itself, at one moment."""

    plan: PlanFacts
    parties: dict[int, ItemParties]


def answering(session: Session, item: Item) -> Answering:
    """Who answers for the item and what is below it, to be compared when its parties have changed."""
    plan, found, stack = plan_facts(session, item.plan_id), {}, [item]
    while stack:
        at = stack.pop()
        if at.state is not State.CLOSED and not at.dropped and not at.quarantined:
            found[at.id] = parties_of_item(session, plan, at)
        stack += session.scalars(select(Item).where(Item.parent_id == at.id)).all()
    return Answering(plan, found)


def pass_on(session: Session, before: Answering, now: dt.datetime) -> None:
    """Gives the sheets that wait for a receipt, or had it, to whoever answers for these items instead, from today.

    The caller has changed the parties, and holds the items.
    """
    plan = plan_facts(session, before.plan.id)
    for item_id, were in before.parties.items():
        item = session.get_one(Item, item_id)
        are = parties_of_item(session, plan, item)
        if are == were:
            continue
        for notice in session.scalars(
            select(Notice)
            .where(Notice.item_id == item_id, Notice.acknowledge_by.is_not(None), Notice.withdrawn_at.is_(None))
            .order_by(Notice.id)
        ).all():
            _pass_on(session, notice, plan, (before.plan, were), are, now)


def _pass_on(
    session: Session,
    notice: Notice,
    plan: PlanFacts,
    before: tuple[PlanFacts, ItemParties],
    are: ItemParties,
    now: dt.datetime,
) -> None:
    rung, today = _rung_of(notice, plan), business_date(now)
    if rung is None:
        return
    were = _addressed(rung, before[1], before[0], today)
    now_are = _addressed(rung, are, plan, today)
    copies = session.scalars(
        select(NoticeRecipient).where(NoticeRecipient.notice_id == notice.id).order_by(NoticeRecipient.id)
    ).all()
    gone = [c for c in copies if c.role == "to" and str(receipts.meant_for(c)) in were.keys() - now_are.keys()]
    new = {key: reader for key, reader in now_are.items() if key not in were}
    names = "、".join(dict.fromkeys(c.for_name or before[0].parties[c.party_id].name for c in gone))
    receipts.excuse(session, [c for c in gone if c.acknowledged_at is None and c.excused_at is None], GAVE_UP, now)
    for reader in new.values():
        _hand(session, notice, copies, reader, names)
    session.flush()
    if session.scalar(select(Plan.released_at).where(Plan.id == plan.id)) is not None:
        days = rung.acknowledge_days or plan.rules.policy.acknowledge_days
        receipts.owe(session, {notice.id: days}, {plan.id: plan.rules}, today, only={int(key) for key in new})
    if gone or new:
        payload = {"notice": notice.id, "instead_of": names, "readers": [plan.parties[int(key)].name for key in new]}
        append(session, Happening(notice.item_id or 0, "notice.passed_on", SYSTEM, now, payload=payload), now)


def _rung_of(notice: Notice, plan: PlanFacts) -> Rung | None:
    """By which rung a notice was addressed."""
    if notice.kind in KINDS:
        return KINDS[notice.kind]
    _, _, key, *_ = (*notice.cause.split(":"), "", "")
    return plan.rules.policy.rung(key)


def _addressed(rung: Rung, parties: ItemParties, plan: PlanFacts, on: dt.date) -> dict[str, Resolved]:
    """Whom the rung's sheet is addressed to, by the key of whom it is meant for, with how it gets there."""
    readers = resolve_targets(rung, parties, plan.directory, plan.rules.policy, on)
    meant = {r.on_behalf_of or ("" if r.on_behalf_of_name else r.party.key): r for r in readers if r.role == "to"}
    return {key: reader for key, reader in meant.items() if key}


def _hand(session: Session, notice: Notice, copies: Sequence[NoticeRecipient], reader: Resolved, names: str) -> None:
    """A copy of the sheet for one who takes over; one who had it before, or for information, is asked from now on."""
    row = reader_row(notice.id, reader)
    had = next((c for c in copies if (c.party_id, c.for_name) == (row["party_id"], row["for_name"])), None)
    if had is not None:
        had.role, had.excused_at, had.excused_why = "to", None, None
        return
    why = row["why"] or (f"原送{names}，现由您接办" if names else "现由您负责办理")
    session.add(NoticeRecipient(**row | {"why": why[:200]}))
