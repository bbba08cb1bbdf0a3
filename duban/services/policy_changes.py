"""A plan's policy, changed: what each rule and each running clock would do differently, shown before it is applied."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import RELATION_ZH, Relation
from duban.domain.policies import parse_policy
from duban.domain.policy_effects import rule_effects
from duban.domain.policy_model import ClockKind, Colour, Policy
from duban.domain.projection import RuleChange, policy_changes, policy_impact
from duban.errors import Forbidden
from duban.services import clocks as item_clocks
from duban.services.calendars import locked
from duban.services.clock_values import KEYS_A_STATEMENT, chunks, next_look, pure_clocks
from duban.services.item_changes import record
from duban.services.night_facts import acknowledged
from duban.services.plan_lookup import plan_id_of
from duban.services.queries.lights import STANDING, Standing
from duban.services.queries.past import lighting_on
from duban.services.rules import Rules, RulesChanged, business_date, rules_of
from models import Clock, Item, Plan, PolicyEdition


@dataclass(frozen=True, slots=True)
class ClockChange:
    """One running clock that the new rules touch: when it is looked at next, and what the next night would send."""

    clock_id: int
    item_id: int
    number: str
    title: str
    kind: ClockKind
    due_on: dt.date
    next_before: dt.date | None
    next_after: dt.date | None
    fires_before: tuple[str, ...]
    fires_after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LightChange:
    """An item whose light is another under the new rules, with the reasons of the new one in Chinese."""

    item_id: int
    number: str
    title: str
    before: Colour
    after: Colour
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """What changed rules do and from when, in Chinese; `rules` are their keys."""

    rules: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """What a policy changes, or changed: rule by rule, light by light, clock by clock, and what each rule does."""

    plan: str
    before: str
    after: str
    rules: tuple[RuleChange, ...]
    clocks: tuple[ClockChange, ...]
    running: int
    applied: bool
    lights: tuple[LightChange, ...] = ()
    effects: tuple[Effect, ...] = ()

    @property
    def sends_more(self) -> int:
        """Notices that the next night would send under the new rules and not under the old ones."""
        return sum(len(set(c.fires_after) - set(c.fires_before)) for c in self.clocks)


def preview(database: Database, *, plan: str, text: str, filename: str, as_of: dt.date) -> PolicyChange:
    """What a policy would change in a plan as of the night of a day; nothing is written.

    Raises PolicyInvalid with the line, or NotFound.
    """
    new = parse_policy(text, filename)
    plan_id = plan_id_of(database, plan)
    with database.read() as session:
        found = session.get_one(Plan, plan_id)
        rules = rules_of(session, found.id)
        running, changes = 0, []
        for part in _running(session, found.id):
            running += len(part)
            changes += _impact(session, part, rules, new, as_of)
        return _change(session, found, rules, new, as_of, changes, running)


def apply(
    database: Database,
    *,
    plan: str,
    text: str,
    filename: str,
    actor: Actor,
    now: dt.datetime,
    seen: str | None = None,
) -> PolicyChange:
    """Puts a policy in the place of a plan's: running clocks are decided anew, each touched item gets an event.

    Due dates stay. A rung that was fired stays fired, wherever its day moves: its key is what fires once. The policy
    that was replaced is kept. `seen` is the fingerprint of the policy that a preview compared with. Raises
    PolicyInvalid, NotFound, RulesChanged, or Forbidden for anybody but the supervision office.
    """
    new = parse_policy(text, filename)
    if actor.role not in ("supervisor", "admin"):
        raise Forbidden(actor=actor.name, action="变更督办规则,", who=RELATION_ZH[Relation.SUPERVISION])
    today = business_date(now)
    plan_id = plan_id_of(database, plan)
    with database.write() as session:
        found = session.get_one(Plan, plan_id, with_for_update={"key_share": True})
        rules = rules_of(session, found.id)
        if seen is not None and seen != rules.policy.fingerprint:
            raise RulesChanged
        running, changes = 0, []
        for part in _running(session, found.id):
            clocks = locked(session, part)
            running += len(clocks)
            touched = _impact(session, clocks, rules, new, today)
            changes += touched
            _decide_again(session, clocks, Rules(new, rules.calendar), today)
            _tell(session, touched, rules.policy, new, actor, now)
        change = _change(session, found, rules, new, today, changes, running)
        if rules.policy.text != text:
            _keep(session, found, actor, now)
            found.policy, found.policy_name = text, new.name
        session.flush()
    return dataclasses.replace(change, applied=True)


def _change(
    session: Session, plan: Plan, rules: Rules, new: Policy, as_of: dt.date, clocks: list[ClockChange], running: int
) -> PolicyChange:
    changed = tuple(policy_changes(rules.policy, new))
    kinds = select(Clock.kind, func.count()).where(Clock.plan_id == plan.id, Clock.state.in_(item_clocks.OPEN))
    open_now = dict(session.execute(kinds.group_by(Clock.kind)).tuples().all())
    effects = []
    for effect, keys in rule_effects(changed).items():
        kept = open_now.get(effect.keeps, 0) if effect.keeps else 0
        effects.append(Effect(keys, effect.text + (f"（现有{kept}个）" if kept else "")))
    return PolicyChange(
        plan=plan.code,
        before=rules.policy.title,
        after=new.title,
        rules=changed,
        clocks=tuple(clocks),
        running=running,
        applied=False,
        lights=_lights(session, plan.id, Rules(new, rules.calendar), as_of),
        effects=tuple(effects),
    )


def _lights(session: Session, plan_id: int, new: Rules, as_of: dt.date) -> tuple[LightChange, ...]:
    """The items of which the board would show another light on the day, were the new rules in force."""
    among = and_(Item.plan_id == plan_id, ~Item.dropped)
    now, then = lighting_on(session, as_of), lighting_on(session, as_of, {plan_id: new})
    rows = session.execute(select(*STANDING).where(among).order_by(Item.id)).tuples()
    items = now.there(Standing(*row) for row in rows)
    before, after = now.of(items, among), then.of(items, among)
    ids = [i.id for i in items if before[i.id].colour is not after[i.id].colour]
    found = []
    for part in chunks(ids):
        named = select(Item.id, Item.number, Item.title).where(Item.id.in_(part)).order_by(Item.id)
        for item_id, number, title in session.execute(named).tuples():
            new_light = after[item_id]
            found.append(
                LightChange(item_id, number, title, before[item_id].colour, new_light.colour, new_light.reasons)
            )
    return tuple(found)


def _running(session: Session, plan_id: int) -> Iterator[list[Clock]]:
    last = 0
    while True:
        part = list(
            session.scalars(
                select(Clock)
                .where(Clock.plan_id == plan_id, Clock.id > last, Clock.state.in_(item_clocks.OPEN))
                .order_by(Clock.id)
                .limit(KEYS_A_STATEMENT)
            )
        )
        if not part:
            return
        last = part[-1].id
        yield part


def _impact(session: Session, part: list[Clock], rules: Rules, new: Policy, as_of: dt.date) -> list[ClockChange]:
    values = pure_clocks(session, part, {part[0].plan_id: rules}) if part else {}
    receipts = acknowledged(session, [clock.id for clock in part])
    impact = policy_impact(values, rules.policy, new, rules.calendar, as_of, receipts)
    by_id = {clock.id: clock for clock in part}
    ids = {by_id[i.key].item_id for i in impact}
    items = {item.id: item for item in session.scalars(select(Item).where(Item.id.in_(ids)))}
    found = []
    for one in impact:
        clock = by_id[one.key]
        item = items[clock.item_id]
        found.append(
            ClockChange(
                clock_id=clock.id,
                item_id=item.id,
                number=item.number,
                title=item.title,
                kind=clock.kind,
                due_on=clock.due_on,
                next_before=one.next_before,
                next_after=one.next_after,
                fires_before=one.fires_before,
                fires_after=one.fires_after,
            )
        )
    return found


def _decide_again(session: Session, clocks: list[Clock], rules: Rules, today: dt.date) -> None:
    values = pure_clocks(session, clocks, {clocks[0].plan_id: rules}) if clocks else {}
    for clock in clocks:
        clock.next_rung_on = next_look(values[clock.id], rules, today)
    session.flush()


def _tell(
    session: Session, touched: list[ClockChange], old: Policy, new: Policy, actor: Actor, now: dt.datetime
) -> None:
    """One event an item, with each of its clocks that the new rules touch."""
    by_item: dict[int, list[ClockChange]] = {}
    for change in touched:
        by_item.setdefault(change.item_id, []).append(change)
    for item_id, changes in sorted(by_item.items()):
        payload = {
            "before": old.fingerprint,
            "after": new.fingerprint,
            "clocks": [
                {
                    "clock": c.clock_id,
                    "next_before": c.next_before.isoformat() if c.next_before else None,
                    "next_after": c.next_after.isoformat() if c.next_after else None,
                    "fires": list(c.fires_after),
                }
                for c in changes
            ],
        }
        item = session.get_one(Item, item_id)
        reason = f"督办规则由「{old.title}」改为「{new.title}」"
        record(session, item, actor, now, event="policy.applied", reason=reason, payload=payload)


def _keep(session: Session, plan: Plan, actor: Actor, now: dt.datetime) -> None:
    last = session.scalar(select(func.max(PolicyEdition.edition)).where(PolicyEdition.plan_id == plan.id)) or 0
    session.add(
        PolicyEdition(
            plan_id=plan.id,
            edition=last + 1,
            name=plan.policy_name,
            policy=plan.policy,
            replaced_by=actor.name,
            replaced_at=now,
        )
    )
