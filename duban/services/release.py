"""Letting a plan's notices go: the first night after registration only shows what it would send."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.errors import Forbidden, NotFound
from models import Plan


def release(database: Database, *, plan: str | int, actor: Actor, now: dt.datetime) -> bool:
    """Releases a plan, by code or id; False where it was released before. Only the supervision office may."""
    if actor.role not in ("supervisor", "admin"):
        raise Forbidden(actor=actor.name, action="放行", who="督查室")
    with database.write() as session:
        where = Plan.id == plan if isinstance(plan, int) else Plan.code == plan
        found = session.scalars(select(Plan).where(where).with_for_update()).first()
        if found is None:
            raise NotFound(what="plan", key=plan)
        if found.released_at is not None:
            return False
        found.released_at, found.released_by = now, actor.name
        return True
