"""On which days something can have been done on an item: one rule for every date that somebody reports."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.errors import DubanError, InTheFuture
from models import Item, Plan


class BeforeTheItem(DubanError):
    """{what} is reported as of {on}, but the plan is of {begins}: nothing of it can be older.

    Give the day on which it was really done.
    """

    code = "before_the_item"
    status = 422


def check_act_day(session: Session, item: Item, on: dt.date, *, today: dt.date, what: str) -> dt.date:
    """The day, if it is none to come and none before the item's plan was issued or entered. Raises InTheFuture,
    BeforeTheItem."""
    if on > today:
        raise InTheFuture(what=what, on=on)
    issued, entered = session.execute(select(Plan.issued_on, Plan.registered_on).where(Plan.id == item.plan_id)).one()
    begins = min(issued or entered, entered)
    if on < begins:
        raise BeforeTheItem(what=what, on=on, begins=begins)
    return on
