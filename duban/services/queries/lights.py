"""Lights for lists: derived from the item's date, its plan's rules and the day that was asked for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from duban.domain.lifecycle import State
from duban.domain.policy_model import LightRule
from duban.services.rules import Rules, rules_from
from models import Item, Plan


@dataclass(frozen=True, slots=True)
class Shown:
    """How an item stands on a day: its colour, and the working days left (negative: past the limit)."""

    light: str
    days_left: int | None
    overdue: bool


def live() -> ColumnElement[bool]:
    """Items whose clocks run: open, read without doubt, not removed."""
    return and_(Item.state != State.CLOSED, ~Item.quarantined, ~Item.dropped)


def overdue(as_of: dt.date) -> ColumnElement[bool]:
    """Past the limit on a day; derived, never a state."""
    return and_(live(), Item.due_on < as_of)


class Lighting:
    """Lights on one day, with each plan's rules read once."""

    def __init__(self, session: Session, as_of: dt.date) -> None:
        self._session = session
        self._as_of = as_of
        self._rules: dict[int, Rules] = {}

    def rules(self, plan_id: int) -> Rules:
        """The rules of a plan."""
        if plan_id not in self._rules:
            text = self._session.scalars(select(Plan.policy).where(Plan.id == plan_id)).one()
            self._rules[plan_id] = rules_from(text)
        return self._rules[plan_id]

    def of(self, *, plan_id: int, state: State, due_on: dt.date | None, idle: bool) -> Shown:
        """How an item stands; `idle` ones (quarantined or removed) have no clock and no light."""
        if due_on is None or idle or state is State.CLOSED:
            return Shown("none", None, overdue=False)
        rules = self.rules(plan_id)
        if due_on < self._as_of:
            return Shown("red", -rules.calendar.workdays_between(due_on, self._as_of), overdue=True)
        left = rules.calendar.workdays_between(self._as_of, due_on)
        lights = rules.policy.lights
        near = lights.rule is LightRule.DAYS_LEFT and left <= (lights.yellow_days or 0)
        return Shown("yellow" if near else "green", left, overdue=False)
