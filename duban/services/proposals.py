"""Sheets that wait for their approval (通报, 约谈): proposed by the night, let go or refused by whoever may, or lapsed.

Until it is approved a sheet has no number and no reader. What it says is looked at again on the day of the decision;
refused or lapsed, it stays as a row with its reason.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import SYSTEM, Actor
from duban.domain.addressees import resolve_targets
from duban.domain.ladder import DueRung
from duban.domain.lifecycle import State
from duban.domain.parties import LEFT, ItemParties
from duban.domain.policy_model import DOCUMENTS, Rung, Target
from duban.errors import DubanError, Forbidden, NotFound
from duban.notices.context import KINDS_ZH
from duban.services import clocks, receipts
from duban.services.item_changes import locked, record
from duban.services.item_notices import RELATIVE, queue_item_notice
from duban.services.night_facts import PlanFacts, parties_of_item, plan_facts, with_plan_units
from duban.services.notice_facts import names, notice_context, person_context, shown_items
from duban.services.notice_rows import reader_row, take_numbers
from duban.services.proposal_facts import APPROVERS_ZH
from duban.services.rules import AUTHORITY_ZONE, business_date
from models import (
    Approval,
    ApprovalOutcome,
    Clock,
    ClockState,
    Item,
    Milestone,
    MilestoneKind,
    Notice,
    NoticeRecipient,
    Party,
    PartyKind,
    RungFired,
)

OFFICE = ("supervisor", "admin")
#: The kind that calls somebody to a talk.
SUMMON = "summon"


class ProposalRefused(DubanError):
    """The sheet that waits cannot be decided so: {reason}.

    A sheet is approved or refused once; a refusal gives its reason, and the approval of a summons its time, place and
    speaker.
    """

    code = "proposal_refused"
    status = 409


@dataclass(frozen=True, slots=True)
class Talk:
    """When and where a talk is held, and who speaks for the office."""

    at: dt.datetime
    place: str
    speaker: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a sheet that waited: approved with its number, refused, or lapsed with the reason."""

    notice_id: int
    outcome: ApprovalOutcome
    reason: str
    reference: str | None


def propose(
    session: Session,
    notice_id: int,
    clock: Clock,
    item: Item,
    rung: Rung,
    *,
    plan: PlanFacts,
    as_of: dt.date,
    now: dt.datetime,
) -> None:
    """Puts a sheet that was written to its approver; to the plan head by a 呈批件, in the caller's transaction.

    Both bear the night's date `as_of`.
    """
    approver, memo = DOCUMENTS[rung.kind].approver, None
    if approver is Target.PLAN_HEAD:
        parties = _present(parties_of_item(session, plan, item), plan, as_of)
        proposal = {
            "measure": rung.title.removesuffix("通知书"),
            "units": names(parties.units, plan),
            "people": [person_context(int(key), plan) for key in parties.lead_officials],
        }
        memo = queue_item_notice(
            session,
            item,
            "propose",
            cause=f"propose:{notice_id}",
            more={"proposal": proposal},
            as_of=as_of,
            now=now,
            plan=plan,
        )
    session.add(
        Approval(notice_id=notice_id, memo_id=memo, clock_id=clock.id, due_on=clock.due_on, approver=approver.value)
    )
    session.flush()


def decide_proposal(
    database: Database,
    *,
    notice_id: int,
    approved: bool,
    actor: Actor,
    now: dt.datetime,
    reason: str = "",
    talk: Talk | None = None,
) -> Decided:
    """Approves a sheet that waits, or refuses it with a reason; where it no longer holds, it lapses instead.

    An approved one gets its number and its readers, dated today, and leaves with the next mails. Raises NotFound,
    Forbidden, ProposalRefused.
    """
    with database.write() as session:
        approval, notice, item, clock = _waiting(session, notice_id)
        _check_entitled(session, approval, notice, actor)
        if approval.outcome is not None:
            raise ProposalRefused(
                reason=f"{approval.decided_by}已于{business_date(approval.decided_at or now)}作出决定"
            )
        today = business_date(now)
        lapse = _no_longer(session, approval, item, clock, today)
        if lapse is not None:
            return _end(session, approval, notice, item, ApprovalOutcome.LAPSED, actor, now, lapse)
        if not approved:
            if not reason.strip():
                raise ProposalRefused(reason="不同意的，请写明理由")
            return _end(session, approval, notice, item, ApprovalOutcome.REFUSED, actor, now, reason.strip())
        approval.talk_at, approval.talk_place, approval.talk_speaker = _checked(notice, talk, now)
        approval.outcome, approval.decided_at, approval.decided_by = ApprovalOutcome.APPROVED, now, actor.name
        approval.reason = reason.strip()
        _issue(session, approval, notice, item, clock, today)
        reference = f"{notice.series}〔{notice.year}〕{notice.number}号"
        payload = {"notice": notice.id, "kind": notice.kind, "number": reference} | _said(approval)
        record(session, item, actor, now, event="proposal.approved", reason=approval.reason, payload=payload)
        return Decided(notice.id, ApprovalOutcome.APPROVED, approval.reason, reference)


def lapse_stale(database: Database, now: dt.datetime) -> int:
    """Ends every proposal that waits although what it says no longer holds, with the reason; returns how many."""
    ended = 0
    with database.read() as session:
        ids = session.scalars(select(Approval.notice_id).where(Approval.outcome.is_(None)).order_by(Approval.id)).all()
    for notice_id in ids:
        with database.write() as session:
            approval, notice, item, clock = _waiting(session, notice_id)
            lapse = _no_longer(session, approval, item, clock, business_date(now))
            if approval.outcome is None and lapse is not None:
                _end(session, approval, notice, item, ApprovalOutcome.LAPSED, SYSTEM, now, lapse)
                ended += 1
    return ended


def record_talk(
    database: Database, *, notice_id: int, promised: str, promised_on: dt.date | None, actor: Actor, now: dt.datetime
) -> int:
    """Keeps what was said and promised in a talk that was held; returns the item's version.

    A day that was promised becomes a dated part of the item, whose clock runs. Raises NotFound, Forbidden,
    ProposalRefused.
    """
    if actor.role not in OFFICE:
        raise Forbidden(actor=actor.name, action="登记约谈记录", who="督查室")
    with database.write() as session:
        approval, notice, item, _ = _waiting(session, notice_id)
        today = business_date(now)
        if approval.talk_at is None or approval.talk_at > now:
            raise ProposalRefused(reason="约谈尚未举行，不能登记记录")
        if approval.recorded_at is not None:
            raise ProposalRefused(reason=f"{approval.recorded_by}已登记过约谈记录")
        if not promised.strip():
            raise ProposalRefused(reason="请写明约谈情况和整改承诺")
        if promised_on is not None and promised_on <= today:
            raise ProposalRefused(reason="承诺完成的日期须晚于今日")
        approval.promised, approval.promised_on = promised.strip(), promised_on
        approval.recorded_at, approval.recorded_by = now, actor.name
        if promised_on is not None and item.state is not State.CLOSED and not item.quarantined and not item.dropped:
            _promise(session, item, approval, today)
        payload = {"notice": notice.id, "promised_on": promised_on.isoformat() if promised_on else None}
        return record(session, item, actor, now, event="talk.recorded", reason=approval.promised, payload=payload)


def _waiting(session: Session, notice_id: int) -> tuple[Approval, Notice, Item, Clock]:
    """The proposal with its sheet, item and clock, locked in the order in which every change locks them."""
    notice = session.get(Notice, notice_id)
    if notice is None or notice.item_id is None:
        raise NotFound(what="proposal", key=notice_id)
    item = locked(session, notice.item_id)
    found = select(Approval).where(Approval.notice_id == notice_id).with_for_update()
    approval = session.scalars(found.execution_options(populate_existing=True)).first()
    if approval is None:
        raise NotFound(what="proposal", key=notice_id)
    return approval, notice, item, session.get_one(Clock, approval.clock_id)


def _check_entitled(session: Session, approval: Approval, notice: Notice, actor: Actor) -> None:
    """The office for its own; else whoever the 呈批件 is addressed to: the plan head, or who stands in for him."""
    if approval.approver == Target.SUPERVISION_OFFICE:
        if actor.role in OFFICE:
            return
    elif actor.role == "admin":
        return
    else:
        for name, kind in _asked(session, approval):
            if name in actor.parties or (kind is PartyKind.OFFICE and actor.role in OFFICE):
                return
    action = f"批准{KINDS_ZH[notice.kind]}"
    raise Forbidden(actor=actor.name, action=action, who=APPROVERS_ZH[approval.approver])


def _asked(session: Session, approval: Approval) -> list[tuple[str, PartyKind]]:
    rows = session.execute(
        select(Party.name, Party.kind)
        .join(NoticeRecipient, NoticeRecipient.party_id == Party.id)
        .where(NoticeRecipient.notice_id == approval.memo_id, NoticeRecipient.role == "to")
    )
    return list(rows.tuples())


def _no_longer(session: Session, approval: Approval, item: Item, clock: Clock, today: dt.date) -> str | None:
    """Why what the sheet says holds no more; None while it does."""
    if item.state is State.CLOSED or item.dropped:
        return "该事项已销号（撤销），不再发出"
    if clock.state in (ClockState.SUPERSEDED, ClockState.CANCELLED) or clock.due_on != approval.due_on:
        return "该事项时限已变更，按新时限办理"
    if clock.state is ClockState.COMPLETED:
        return "所督办的部分已完成，不再发出"
    if clock.due_on >= today:
        return "该事项尚未逾期，不再发出"
    if _rung(session, approval, plan_facts(session, item.plan_id)) is None:
        return "督办规则已变更，无此梯级"
    return None


def _rung(session: Session, approval: Approval, plan: PlanFacts) -> Rung | None:
    key = session.scalars(_fired(approval)).one().rung
    return plan.rules.policy.rung(key)


def _fired(approval: Approval) -> Any:
    return select(RungFired).where(RungFired.notice_id == approval.notice_id, ~RungFired.carried_over)


def _end(
    session: Session,
    approval: Approval,
    notice: Notice,
    item: Item,
    outcome: ApprovalOutcome,
    actor: Actor,
    now: dt.datetime,
    reason: str,
) -> Decided:
    """It never leaves: the sheet is withdrawn with the reason, and so is a 呈批件 that has not left yet."""
    approval.outcome, approval.decided_at, approval.decided_by, approval.reason = outcome, now, actor.name, reason
    left = select(NoticeRecipient.id).where(
        NoticeRecipient.notice_id == approval.memo_id, NoticeRecipient.delivery_id.is_not(None)
    )
    memos = [] if approval.memo_id is None or session.scalars(left).first() else [approval.memo_id]
    session.execute(
        update(Notice)
        .where(Notice.id.in_([notice.id, *memos]))
        .values(withdrawn_at=now, withdrawn_reason=reason, withdrawn_by=actor.name)
    )
    payload = {"notice": notice.id, "kind": notice.kind}
    record(session, item, actor, now, event=f"proposal.{outcome.value}", reason=reason, payload=payload)
    return Decided(notice.id, outcome, reason, None)


def _checked(notice: Notice, talk: Talk | None, now: dt.datetime) -> tuple[dt.datetime | None, str | None, str | None]:
    if notice.kind != SUMMON:
        return None, None, None
    if talk is None or not talk.place.strip() or not talk.speaker.strip():
        raise ProposalRefused(reason="批准约谈的，请写明时间、地点和主谈人")
    if talk.at <= now:
        raise ProposalRefused(reason="约谈时间须晚于现在")
    return talk.at, talk.place.strip(), talk.speaker.strip()


def _issue(session: Session, approval: Approval, notice: Notice, item: Item, clock: Clock, today: dt.date) -> None:
    """The sheet gets its number, its readers and its words, as things stand on the day of the approval."""
    plan = plan_facts(session, item.plan_id)
    fired: RungFired = session.scalars(_fired(approval)).one()
    rung, parties = plan.rules.policy.rung(fired.rung), parties_of_item(session, plan, item)
    assert rung is not None  # noqa: S101 -- `_no_longer` looked
    if rung.kind == SUMMON:
        parties = _present(parties, plan, today)
        rung = _of_present(rung, parties)
    parties = with_plan_units(session, parties, rung, plan)
    readers = resolve_targets(rung, parties, plan.directory, plan.rules.policy, today)
    series = rung.series or DOCUMENTS[rung.kind].series or rung.title
    number = next(take_numbers(session, Counter({series: 1}), today.year)[series])
    days = rung.acknowledge_days
    notice.series, notice.year, notice.number, notice.as_of = series, today.year, number, today
    notice.acknowledge_by = plan.rules.calendar.add_workdays(today, days) if days else None
    context = notice_context(
        item,
        clock,
        DueRung(rung, today),
        readers,
        shown=shown_items(session, [item], today)[item.id],
        parties=parties,
        plan=plan,
        as_of=today,
        number=number,
        acknowledge_by=notice.acknowledge_by,
        office=RELATIVE,
    )
    if rung.kind == SUMMON:
        context["talk"] = _talk_context(approval, leads=Target.LEAD_OFFICIALS in rung.to)
    notice.context = context
    session.execute(insert(NoticeRecipient), [reader_row(notice.id, reader) for reader in readers])
    if days and notice.acknowledge_by:
        receipts.owe(session, {notice.id: days}, {plan.id: plan.rules}, today)


def _present(parties: ItemParties, plan: PlanFacts, on: dt.date) -> ItemParties:
    """Without the lead officials who have left: nobody proposes to summon them."""

    def there(key: str) -> bool:
        person = plan.directory.find(key)
        return person is not None and person.hindrance(on) != LEFT

    return replace(parties, lead_officials=tuple(filter(there, parties.lead_officials)))


def _of_present(rung: Rung, parties: ItemParties) -> Rung:
    if parties.lead_officials:
        return rung
    to, cc = (tuple(t for t in targets if t is not Target.LEAD_OFFICIALS) for targets in (rung.to, rung.cc))
    return replace(rung, to=to or (Target.UNIT_CONTACTS,), cc=cc)


def _talk_context(approval: Approval, *, leads: bool) -> dict[str, Any]:
    assert approval.talk_at is not None  # noqa: S101 -- `_checked` looked
    local = approval.talk_at.astimezone(AUTHORITY_ZONE)
    return {
        "on": local.date().isoformat(),
        "time": f"{local:%H}时{local:%M}分".removesuffix("00分").removeprefix("0"),
        "place": approval.talk_place or "",
        "speaker": approval.talk_speaker or "",
        "leads": leads,
    }


def _said(approval: Approval) -> dict[str, Any]:
    if approval.talk_at is None:
        return {}
    return {
        "talk_at": approval.talk_at.isoformat(),
        "place": approval.talk_place,
        "speaker": approval.talk_speaker,
    }


def _promise(session: Session, item: Item, approval: Approval, today: dt.date) -> None:
    plan = plan_facts(session, item.plan_id)
    assert approval.promised_on is not None  # noqa: S101 -- the caller looked
    assert approval.promised is not None  # noqa: S101 -- the caller looked
    last = session.scalar(select(func.max(Milestone.position)).where(Milestone.item_id == item.id)) or 0
    session.add(
        Milestone(
            item_id=item.id,
            position=last + 1,
            text=f"约谈承诺：{approval.promised}",
            kind=MilestoneKind.COMPLETE,
            due_on=approval.promised_on,
            rolled_due_on=plan.rules.calendar.roll(approval.promised_on),
        )
    )
    session.flush()
    clocks.arm(session, item, plan.rules, today)
    clocks.show_next_due(session, item)
