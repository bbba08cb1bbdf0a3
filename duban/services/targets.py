"""指标 of an item: the value that was reached, with its evidence, and how far that is against 序时进度."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import cast

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import Relation
from duban.domain.schedule import Comparator, gap_points, schedule_progress, target_progress
from duban.errors import DubanError, InTheFuture, NotFound
from duban.services.item_changes import open_item, record
from duban.services.plan_lookup import plan_id_of
from duban.services.rules import Rules, business_date, rules_of
from models import Clock, ClockKind, ClockState, Evidence, Item, Plan, Target

BY_UNIT = (Relation.UNIT, Relation.SUPERVISION)
WORDS = {">=": "不低于", "<=": "不超过", "=": "达到", "+%": "增长", "-%": "下降", "->": "变为"}


class TargetRefused(DubanError):
    """The value of {name} is refused: {reason}.

    Give the value that was reached, the day that it stood on, and a file of this item's present round as evidence.
    """

    code = "target_refused"
    status = 422


@dataclass(frozen=True, slots=True)
class TargetStanding:
    """Where a target stands on a day. `share` and `schedule` are 0 to 1; None where they cannot be said.

    `lag` is in percentage points behind the schedule, 0 where it does not lag.
    """

    target_id: int
    item_id: int
    number: str
    name: str
    text: str
    comparator: str
    value: Decimal
    unit: str
    baseline: Decimal | None
    due_on: dt.date | None
    reached: Decimal | None
    reached_on: dt.date | None
    reported_by: str | None
    evidence: str | None
    share: Fraction | None
    schedule: Fraction | None
    lag: Fraction | None

    def words(self) -> str:
        """The counter in one line that a clerk can check."""
        by_share = "%" in self.comparator  # then the values themselves are in the unit of the baseline
        aim, unit = ("%", "") if by_share else (self.unit, self.unit)
        stand = f"指标「{self.name}{WORDS[self.comparator]}{_figure(self.value)}{aim}」:"
        if self.reached is None or self.reached_on is None:
            return stand + "尚无数据" + (f";序时进度{_percent(self.schedule)}" if self.schedule is not None else "")
        stand += f"至{self.reached_on}为{_figure(self.reached)}{unit}"
        if self.share is not None:
            stand += f",完成{_percent(self.share)}"
        if self.schedule is not None and self.lag is not None:
            lag = f"落后{_points(self.lag)}个百分点" if self.lag else "不落后"
            stand += f";序时进度{_percent(self.schedule)},{lag}"
        return stand + (f";佐证:{self.evidence}" if self.evidence else ";尚无佐证")


def report_target(
    database: Database,
    *,
    target_id: int,
    reached: Decimal,
    reached_on: dt.date | None,
    actor: Actor,
    expected_version: int | None,
    now: dt.datetime,
    evidence_id: int | None = None,
    note: str = "",
) -> int:
    """Records the value that a target has reached by a day (today unless given); returns the item's new version.

    Raises NotFound, Forbidden, StaleVersion, InTheFuture, or TargetRefused for a day before the last report's.
    """
    today = business_date(now)
    on = reached_on or today
    with database.write() as session:
        target = session.get(Target, target_id)
        if target is None:
            raise NotFound(what="target", key=target_id)
        item, _ = open_item(
            session, target.item_id, actor, action_zh="填报指标", by=BY_UNIT, expected_version=expected_version
        )
        if on > today:
            raise InTheFuture(what=f"指标「{target.name}」", on=on)
        if target.reached_on is not None and on < target.reached_on:
            raise TargetRefused(name=target.name, reason=f"a value of {target.reached_on} is known already")
        if not reached.is_finite() or abs(reached) >= Decimal(10) ** 16:
            raise TargetRefused(name=target.name, reason=f"{reached} is no value")
        evidence = session.get(Evidence, evidence_id) if evidence_id is not None else None
        if evidence_id is not None and (
            evidence is None or (evidence.item_id, evidence.cycle) != (item.id, item.cycle)
        ):
            raise TargetRefused(name=target.name, reason=f"{evidence_id} is no evidence of this item's present round")
        before = target.reached
        target.reached, target.reached_on, target.reported_by = reached, on, actor.name
        target.evidence_id = evidence_id
        payload = {
            "target": target.position,
            "before": str(before) if before is not None else None,
            "reached": str(reached),
            "reached_on": on.isoformat(),
            "evidence": evidence.sha256 if evidence else None,
        }
        return record(session, item, actor, now, event="target.reported", reason=note, payload=payload)


def plan_targets(database: Database, *, plan: str, as_of: dt.date) -> tuple[TargetStanding, ...]:
    """Every target of a plan with its counter on a day, in the order of the document. Raises NotFound."""
    plan_id = plan_id_of(database, plan)
    with database.read() as session:
        return standings(session, Item.plan_id == plan_id, as_of)


def standings(session: Session, among: ColumnElement[bool], as_of: dt.date) -> tuple[TargetStanding, ...]:
    """The targets of the items under a condition on `Item`."""
    rows = session.execute(
        select(Target, Item, Plan, Evidence.filename)
        .join(Item, Item.id == Target.item_id)
        .join(Plan, Plan.id == Item.plan_id)
        .outerjoin(Evidence, Evidence.id == Target.evidence_id)
        .where(among, ~Item.dropped)
        .order_by(Item.plan_id, Item.position, Target.position)
    ).tuples()
    started = _starts(session, among)
    rules: dict[int, Rules] = {}
    found = []
    for target, item, plan, evidence in rows:
        if plan.id not in rules:
            rules[plan.id] = rules_of(session, plan.id)
        found.append(_standing(target, item, plan, evidence, started.get(item.id), rules[plan.id], as_of))
    return tuple(found)


def share_by_item(targets: Iterable[TargetStanding]) -> dict[int, Fraction]:
    """The mean share of each item's targets, none above 1; an item of whose targets none was reported is left out."""
    by_item: dict[int, list[TargetStanding]] = defaultdict(list)
    for target in targets:
        by_item[target.item_id].append(target)
    return {
        item_id: sum((min(t.share or Fraction(0), Fraction(1)) for t in own), Fraction(0)) / len(own)
        for item_id, own in by_item.items()
        if any(t.reached is not None for t in own)
    }


def _starts(session: Session, among: ColumnElement[bool]) -> dict[int, dt.date]:
    rows = session.execute(
        select(Clock.item_id, Clock.started_on)
        .join(Item, Item.id == Clock.item_id)
        .where(among, Clock.kind == ClockKind.LIMIT, Clock.state.not_in((ClockState.CANCELLED,)))
        .order_by(Clock.started_on.desc())
    ).tuples()
    return dict(rows.all())


def _standing(
    target: Target,
    item: Item,
    plan: Plan,
    evidence: str | None,
    started_on: dt.date | None,
    rules: Rules,
    as_of: dt.date,
) -> TargetStanding:
    due_on = target.due_on or item.due_on or (dt.date(plan.year, 12, 31) if plan.year else None)
    began = _began(plan, started_on, due_on)
    share = target_progress(cast("Comparator", target.comparator), target.value, target.reached, target.baseline)
    schedule = schedule_progress(began, due_on, as_of, rules.calendar) if due_on is not None else None
    return TargetStanding(
        target_id=target.id,
        item_id=item.id,
        number=item.number,
        name=target.name,
        text=target.text,
        comparator=target.comparator,
        value=target.value,
        unit=target.unit,
        baseline=target.baseline,
        due_on=due_on,
        reached=target.reached,
        reached_on=target.reached_on,
        reported_by=target.reported_by,
        evidence=evidence,
        share=share,
        schedule=schedule,
        lag=gap_points(schedule, share or Fraction(0)) if schedule is not None else None,
    )


def _began(plan: Plan, started_on: dt.date | None, due_on: dt.date | None) -> dt.date:
    """A year's target runs over the whole year, whenever its plan was taken over; any other from its clock's start."""
    if plan.year is not None and due_on is not None and due_on.year == plan.year:
        return dt.date(plan.year - 1, 12, 31)  # 次日起: the first of January is the first day counted
    return started_on or plan.registered_on


def _figure(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _percent(share: Fraction | None) -> str:
    return f"{_points(share * 100)}%" if share is not None else ""


def _points(value: Fraction) -> str:
    tenths = round(value * 10)
    return str(tenths // 10) if tenths % 10 == 0 else f"{tenths / 10:.1f}"
