"""The rules under which a plan's clocks run: its policy as a person applied it, and the calendar in force.

Both stand in the ledger: a file that somebody edits changes nothing until it is applied, on every machine alike.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters.workdays import calendar_from_text, official_calendar
from duban.domain.calendar import Calendar
from duban.domain.policies import parse_policy
from duban.domain.policy_model import Policy
from models import CalendarEdition, Plan

#: 「今天」 is the authority's: all of China keeps one time.
AUTHORITY_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Rules:
    """A policy and the calendar that its working days are counted on."""

    policy: Policy
    calendar: Calendar


@lru_cache(maxsize=64)
def rules_from(policy_text: str, calendar: Calendar | None = None) -> Rules:
    """The rules of a stored policy text, on a calendar (the national one where none is given).

    Read once a process, since many plans share one.
    """
    return Rules(parse_policy(policy_text), calendar or official_calendar())


def rules_of(session: Session, plan_id: int) -> Rules:
    """The rules of a plan."""
    policy = session.scalars(select(Plan.policy).where(Plan.id == plan_id)).one()
    return rules_from(policy, calendar_in_force(session))


def calendar_in_force(session: Session) -> Calendar:
    """The calendar that open clocks are counted on: the national one, and the office's days as last applied."""
    newest = session.execute(
        select(CalendarEdition.content, CalendarEdition.filename).order_by(CalendarEdition.id.desc()).limit(1)
    ).first()
    return official_calendar() if newest is None else calendar_from_text(newest.content, newest.filename)


def business_date(instant: dt.datetime) -> dt.date:
    """The date that an instant falls on for the authority."""
    return instant.astimezone(AUTHORITY_ZONE).date()
