"""The rules under which a plan's clocks run: its policy as a person applied it, and the calendar in force.

Both stand in the ledger: a file that somebody edits changes nothing until it is applied, on every machine alike.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, bindparam, literal_column, select
from sqlalchemy.orm import Session

from duban.adapters.workdays import calendar_from_text, official_calendar
from duban.domain.calendar import Calendar
from duban.domain.policies import parse_policy
from duban.domain.policy_model import Policy
from duban.errors import DayToCome, DubanError
from models import Base

#: 「今天」 is the authority's: all of China keeps one time.
AUTHORITY_ZONE = ZoneInfo("Asia/Shanghai")


_PLAN, _EDITION = Base.metadata.tables["plan"].c, Base.metadata.tables["calendar_edition"].c
_NEWEST = (
    select(_EDITION.content, _EDITION.filename).order_by(_EDITION.id.desc()).limit(literal_column("1", BigInteger))
)
_edition = _NEWEST.subquery()
_RULES = (
    select(_PLAN.policy, _edition.c.content, _edition.c.filename)
    .select_from(Base.metadata.tables["plan"].outerjoin(_edition, literal_column("1") == literal_column("1")))
    .where(_PLAN.id == bindparam("plan_id", type_=BigInteger))
)


class RulesChanged(DubanError):
    """Other rules were applied since the preview that you saw.

    Look at the preview again: it now compares with what is in force, and apply it then.
    """

    code = "stale_rules"
    status = 409


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """A policy and the calendar that its working days are counted on.

    Compared by identity: what is the same text gives the same object (`rules_from`), so answers can be kept by it.
    """

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
    session.flush()
    found = session.execute(_RULES, {"plan_id": plan_id}).one()
    return rules_from(found.policy, _calendar(found.content, found.filename))


def calendar_in_force(session: Session) -> Calendar:
    """The calendar that open clocks are counted on: the national one, and the office's days as last applied."""
    session.flush()
    newest = session.execute(_NEWEST).first()
    return official_calendar() if newest is None else _calendar(newest.content, newest.filename)


def _calendar(content: str | None, filename: str | None) -> Calendar:
    return official_calendar() if content is None or filename is None else calendar_from_text(content, filename)


def business_date(instant: dt.datetime) -> dt.date:
    """The date that an instant falls on for the authority."""
    return instant.astimezone(AUTHORITY_ZONE).date()


def come(day: dt.date, now: dt.datetime) -> dt.date:
    """The business date of something that is written or sent: today at the latest, else raises DayToCome.

    What a later day would send is nobody's due yet, and its row would stand for each real day until then.
    """
    today = business_date(now)
    if day > today:
        raise DayToCome(day=day, today=today)
    return day
