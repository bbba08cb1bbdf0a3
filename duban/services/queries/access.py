"""The access log: who tried what from where, and what came of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select

from duban.adapters.database import Database
from duban.services.queries.item import view
from models import AccessLog


@dataclass(frozen=True, slots=True)
class AccessLine:
    """One attempt: `outcome` is `done`, or the code of the refusal; `detail` says why. Never a key."""

    id: int
    at: dt.datetime
    actor: str
    action: str
    outcome: str
    address: str
    detail: str


@dataclass(frozen=True, slots=True)
class AccessFilter:
    """Lines of one person, address or outcome, from an instant on."""

    actor: str | None = None
    address: str | None = None
    outcome: str | None = None
    since: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class AccessPage:
    """Lines, the newest first; `before` goes on from here, null at the end."""

    lines: tuple[AccessLine, ...]
    before: int | None


def access_page(
    database: Database, *, where: AccessFilter = AccessFilter(), before: int | None = None, limit: int = 50
) -> AccessPage:
    """A page of the log."""
    query = select(AccessLog).order_by(AccessLog.id.desc()).limit(limit)
    for column, value in (
        (AccessLog.actor, where.actor),
        (AccessLog.address, where.address),
        (AccessLog.outcome, where.outcome),
    ):
        query = query.where(column == value) if value is not None else query
    if where.since is not None:
        query = query.where(AccessLog.at >= where.since)
    if before is not None:
        query = query.where(AccessLog.id < before)
    with database.read() as session:
        lines = tuple(view(AccessLine, row) for row in session.scalars(query))
    return AccessPage(lines, lines[-1].id if len(lines) == limit else None)
