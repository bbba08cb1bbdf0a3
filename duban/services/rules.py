"""The rules under which a plan's clocks run: its policy as it stood when it was registered, and the calendar."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters.workdays import official_calendar
from duban.domain.calendar import Calendar
from duban.domain.policies import parse_policy
from duban.domain.policy_model import Policy
from models import Plan

#: 「今天」 is the authority's: all of China keeps one time.
AUTHORITY_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Rules:
    """A policy and the calendar that its working days are counted on."""

    policy: Policy
    calendar: Calendar


@lru_cache(maxsize=64)
def rules_from(policy_text: str) -> Rules:
    """The rules of a stored policy text; read once a process, since many plans share one."""
    return Rules(parse_policy(policy_text), official_calendar())


def rules_of(session: Session, plan_id: int) -> Rules:
    """The rules of a plan."""
    return rules_from(session.scalars(select(Plan.policy).where(Plan.id == plan_id)).one())


def business_date(instant: dt.datetime) -> dt.date:
    """The date that an instant falls on for the authority."""
    return instant.astimezone(AUTHORITY_ZONE).date()
