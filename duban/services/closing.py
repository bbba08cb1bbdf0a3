"""The steps towards striking an item off: 申请销号, 签字, 核查, 公示. The gate itself is `lifecycle.closing_gaps`."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import Relation, closing_gaps
from duban.domain.schedule import publication_ends
from duban.errors import DubanError, NotFound
from duban.services import clocks
from duban.services.item_changes import open_item, record
from duban.services.item_facts import facts_of, standing_of
from duban.services.rules import business_date, rules_of
from models import ClockKind, Closing, ClosingStep, Item, Party, PartyAlias

STEP_ZH = {
    ClosingStep.REQUEST: "申请销号",
    ClosingStep.SIGN: "签字",
    ClosingStep.VERIFY: "核查",
    ClosingStep.PUBLISH: "公示",
}
STEP_BY = {
    ClosingStep.REQUEST: (Relation.UNIT, Relation.SUPERVISION),
    ClosingStep.SIGN: (Relation.LEAD, Relation.SUPERVISION),
    ClosingStep.VERIFY: (Relation.SUPERVISION,),
    ClosingStep.PUBLISH: (Relation.SUPERVISION,),
}


class StepRefused(DubanError):
    """Closing step {step} is refused: {reason}.

    The steps are 申请销号 (responsible unit), 签字 (each lead official), 核查 (somebody who neither did nor asked for
    it), 公示.
    """

    code = "closing_step_refused"
    status = 409


def take_step(
    database: Database,
    *,
    item_id: int,
    step: ClosingStep,
    actor: Actor,
    expected_version: int | None,
    now: dt.datetime,
    on_behalf_of: str | None = None,
    note: str = "",
    ends_on: dt.date | None = None,
) -> int:
    """Records one step; returns the item's new version.

    `on_behalf_of` names the lead official whose signature on paper the supervision office enters; a lead official
    signs for the party that the account acts for. `ends_on` is a publication's last day; left out, it follows from the
    policy's days, and it may not be earlier than they ask.
    """
    with database.write() as session:
        item, standing = open_item(
            session, item_id, actor, action_zh=STEP_ZH[step], by=STEP_BY[step], expected_version=expected_version
        )
        party_id = _signer(session, actor, standing.lead_parties, on_behalf_of) if step is ClosingStep.SIGN else None
        _check(session, item, step, actor, party_id)
        if step is ClosingStep.PUBLISH:
            ends_on = _published_until(session, item, business_date(now), ends_on)
        session.add(
            Closing(
                item_id=item.id,
                cycle=item.cycle,
                step=step,
                actor=actor.name,
                party_id=party_id,
                note=note,
                ends_on=ends_on,
                done_at=now,
            )
        )
        session.flush()
        if step is ClosingStep.REQUEST:
            clocks.start_verification(session, item, rules_of(session, item.plan_id), business_date(now))
        elif step is ClosingStep.VERIFY:
            clocks.complete(session, item, now, kind=ClockKind.VERIFY)
        payload = {
            "step": step.value,
            "on_behalf_of": on_behalf_of,
            "ends_on": ends_on.isoformat() if ends_on else None,
        }
        return record(session, item, actor, now, event=f"closing.{step.value}", reason=note, payload=payload)


def gaps_of(session: Session, item_id: int, today: dt.date) -> list[str]:
    """What still stands between an item and 销号, each gap by name."""
    item = session.get(Item, item_id)
    if item is None:
        raise NotFound(what="item", key=item_id)
    return closing_gaps(facts_of(session, item, standing_of(session, item), reason="", merge_into=None, today=today))


def _signer(session: Session, actor: Actor, leads: tuple[tuple[int, str], ...], on_behalf_of: str | None) -> int:
    """The lead official who signs: the account's own party under any of its names, or whom the office signs for."""
    office = actor.role in ("supervisor", "admin")
    for party_id, name in leads:
        names = {name, *session.scalars(select(PartyAlias.name).where(PartyAlias.party_id == party_id))}
        mine = actor.acts_for(names, session.get_one(Party, party_id).valid_to)
        if (on_behalf_of in names and (office or mine)) or (on_behalf_of is None and mine and not office):
            return party_id
    listed = "、".join(name for _, name in leads) or "无"
    reason = f"签字须由牵头领导本人,或由督查室注明代谁登记;本事项牵头领导:{listed}"
    raise StepRefused(step=STEP_ZH[ClosingStep.SIGN], reason=reason)


def _published_until(session: Session, item: Item, today: dt.date, wanted: dt.date | None) -> dt.date | None:
    rules = rules_of(session, item.plan_id)
    if not rules.policy.publication_days:
        return wanted  # nobody asks for so many days: the office decides how long
    earliest = publication_ends(today, rules.policy, rules.calendar)
    if wanted is not None and wanted < earliest:
        reason = f"公示须满{rules.policy.publication_days}个工作日,最早{earliest}届满"
        raise StepRefused(step=STEP_ZH[ClosingStep.PUBLISH], reason=reason)
    return wanted or earliest


def _check(session: Session, item: Item, step: ClosingStep, actor: Actor, party_id: int | None) -> None:
    done = session.scalars(select(Closing).where(Closing.item_id == item.id, Closing.cycle == item.cycle)).all()
    same = [d for d in done if d.step is step and (d.party_id == party_id)]
    if same:
        raise StepRefused(step=STEP_ZH[step], reason=f"{same[0].actor}已于{same[0].done_at:%Y-%m-%d}办理")
    if step is not ClosingStep.REQUEST and not any(d.step is ClosingStep.REQUEST for d in done):
        raise StepRefused(step=STEP_ZH[step], reason="责任单位尚未申请销号")
    if step is ClosingStep.VERIFY:
        facts = facts_of(session, item, standing_of(session, item), reason="", merge_into=None)
        if actor.name in facts.worked_on_by:
            raise StepRefused(step=STEP_ZH[step], reason=f"{actor.name}参与过办理,核查须由他人进行")
