"""延期: asked before the cut-off on the last day, decided by somebody else, the second higher up."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.counting import before_cut_off
from duban.domain.lifecycle import Relation
from duban.domain.policy_model import ClockKind, Target
from duban.errors import DubanError, Forbidden, NotFound
from duban.services.clock_changes import change_limit
from duban.services.item_changes import open_item, record
from duban.services.item_notices import queue_item_notice
from duban.services.rules import AUTHORITY_ZONE, Rules, business_date, rules_of
from models import Clock, ClockState, Extension, Item, Party, PartyAlias

DECIDERS_ZH = {Target.SUPERVISION_OFFICE: "督查室", Target.PLAN_HEAD: "方案负责人"}


class ExtensionRefused(DubanError):
    """The extension is refused: {reason}.

    It is asked for by the unit before the cut-off on the limit's last day, with reason, progress and a later working
    date, and decided by somebody else; a request that waits for its decision must be decided first.
    """

    code = "extension_refused"
    status = 409


def ask(
    database: Database,
    *,
    clock_id: int,
    until_on: dt.date,
    reason: str,
    progress: str,
    actor: Actor,
    expected_version: int | None,
    now: dt.datetime,
) -> int:
    """Asks for a later limit; returns the request's id. The clock goes on until it is decided."""
    with database.write() as session:
        clock = session.get(Clock, clock_id, with_for_update=True)
        if clock is None:
            raise NotFound(what="clock", key=clock_id)
        item, _ = open_item(
            session,
            clock.item_id,
            actor,
            action_zh="申请延期",
            by=(Relation.UNIT, Relation.SUPERVISION),
            expected_version=expected_version,
        )
        rules = rules_of(session, item.plan_id)
        ordinal = _next_ordinal(session, item)
        _check(session, clock, rules, ordinal, until_on, reason, progress, now)
        request = Extension(
            item_id=item.id,
            clock_id=clock.id,
            cycle=item.cycle,
            ordinal=ordinal,
            due_on=clock.due_on,
            asked_until_on=until_on,
            reason=reason.strip(),
            progress=progress.strip(),
            asked_by=actor.name,
            asked_at=now,
        )
        session.add(request)
        session.flush()
        payload = {"extension": request.id, "ordinal": ordinal, "until_on": until_on.isoformat(), "clock": clock.id}
        record(session, item, actor, now, event="extension.asked", reason=reason, payload=payload)
        return request.id


def decide(
    database: Database,
    *,
    extension_id: int,
    granted: bool,
    actor: Actor,
    now: dt.datetime,
    until_on: dt.date | None = None,
    opinion: str = "",
) -> int:
    """Grants (to `until_on`, else the date asked for) or refuses; returns the item's new version.

    A granted one supersedes the clock, with the rungs that it fired. The unit is told either way.
    """
    with database.write() as session:
        request = session.get(Extension, extension_id, with_for_update=True)
        if request is None:
            raise NotFound(what="extension", key=extension_id)
        if request.decided_at is not None:
            raise ExtensionRefused(reason=f"{request.decided_by}已于{business_date(request.decided_at)}批复")
        item = session.get_one(Item, request.item_id, with_for_update=True)
        rules = rules_of(session, item.plan_id)
        _check_decider(session, request, item, actor, rules)
        new_date = rules.calendar.roll(until_on or request.asked_until_on) if granted else None
        if new_date is not None and new_date <= request.due_on:
            raise ExtensionRefused(reason=f"{new_date} is not later than the present limit {request.due_on}")
        request.decided_by, request.decided_at, request.granted = actor.name, now, granted
        request.granted_until_on, request.opinion = new_date, opinion
        clock = session.get_one(Clock, request.clock_id, with_for_update=True)
        if new_date is not None:
            if clock.state not in (ClockState.RUNNING, ClockState.PAUSED, ClockState.ARMED):
                raise ExtensionRefused(reason="its clock has ended since it was asked for")
            change_limit(session, clock, item, new_date, rules, now)
        payload = {"extension": request.id, "granted": granted, "until_on": new_date.isoformat() if new_date else None}
        version = record(session, item, actor, now, event="extension.decided", reason=opinion, payload=payload)
        _tell(session, item, request, now)
        return version


def _next_ordinal(session: Session, item: Item) -> int:
    last = session.scalar(
        select(func.max(Extension.ordinal)).where(Extension.item_id == item.id, Extension.cycle == item.cycle)
    )
    return (last or 0) + 1


def _check(
    session: Session,
    clock: Clock,
    rules: Rules,
    ordinal: int,
    until_on: dt.date,
    reason: str,
    progress: str,
    now: dt.datetime,
) -> None:
    if clock.kind is not ClockKind.LIMIT or clock.state not in (ClockState.RUNNING, ClockState.PAUSED):
        raise ExtensionRefused(reason="only a limit that is running can be extended")
    if not reason.strip() or not progress.strip():
        raise ExtensionRefused(reason="理由和目前进展都要写明")
    if until_on <= clock.due_on:
        raise ExtensionRefused(reason=f"{until_on} is not later than the present limit {clock.due_on}")
    if ordinal > rules.policy.extension.most:
        raise ExtensionRefused(reason=f"该事项已申请过{ordinal - 1}次延期,规则最多{rules.policy.extension.most}次")
    if not before_cut_off(now, clock.due_on, rules.policy.hours, AUTHORITY_ZONE):
        raise ExtensionRefused(reason=f"须在{clock.due_on}{rules.policy.hours.cut_off:%H:%M}前提出,现已超过")
    pending = select(Extension.id).where(Extension.clock_id == clock.id, Extension.decided_at.is_(None))
    if session.scalars(pending).first() is not None:
        raise ExtensionRefused(reason="上一次申请尚未批复")


def _check_decider(session: Session, request: Extension, item: Item, actor: Actor, rules: Rules) -> None:
    """The office decides the first, the plan head the second; nobody decides a request of their own."""
    deciders = rules.policy.extension.deciders
    wanted = deciders[min(request.ordinal, len(deciders)) - 1]
    if actor.name == request.asked_by:
        raise Forbidden(actor=actor.name, action="批复本人提出的延期,", who="申请人以外的人")
    office = actor.role in ("supervisor", "admin")
    if wanted is Target.PLAN_HEAD:
        heads = _plan_head_names(session, item.plan_id)
        # Without a plan head in the directory the office decides: a request must never wait for nobody.
        if (actor.role == "lead" and actor.acts_for_any(heads)) or (office and (not heads or actor.role == "admin")):
            return
    elif office:
        return
    raise Forbidden(actor=actor.name, action=f"批复第{request.ordinal}次延期", who=DECIDERS_ZH.get(wanted, "督查室"))


def _plan_head_names(session: Session, plan_id: int) -> dict[str, dt.date | None]:
    """Names and aliases of the plan's heads, each with the last day of whose it is."""
    heads = and_(Party.plan_id == plan_id, Party.is_plan_head)
    names = select(Party.name, Party.valid_to).where(heads)
    aliases = select(PartyAlias.name, Party.valid_to).join(Party, Party.id == PartyAlias.party_id).where(heads)
    return dict(session.execute(names.union_all(aliases)).tuples().all())


def _tell(session: Session, item: Item, request: Extension, now: dt.datetime) -> None:
    today = business_date(now)
    more = {
        "extension": {
            "ordinal": request.ordinal,
            "asked_on": business_date(request.asked_at).isoformat(),
            "asked_by": request.asked_by,
            "asked_until_on": request.asked_until_on.isoformat(),
            "reason": request.reason,
            "granted": bool(request.granted),
            "granted_until_on": request.granted_until_on.isoformat() if request.granted_until_on else None,
            "decided_by": request.decided_by,
            "decided_on": today.isoformat(),
            "opinion": request.opinion or None,
            "first_due_on": (item.first_due_on or request.due_on).isoformat(),
        }
    }
    queue_item_notice(session, item, "extension", cause=f"extension:{request.id}", more=more, as_of=today, now=now)
