"""Who changed which party of a directory, when, and from which file: written with every change, and never altered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.errors import Forbidden
from duban.services.queries.plans import find_plan
from duban.services.rules import business_date
from models import DirectoryChange, Plan

#: Columns in the order in which differences are shown.
COLUMNS = ("kind", "post", "email", "superior", "substitute", "head", "members", "aliases", "valid_from", "valid_to")
#: Changes on one page of the log.
PAGE = 50

Words = Mapping[str, Mapping[str, str]]


class PartyChange(StrEnum):
    """What a directory does to a party."""

    NEW = "new"
    CHANGED = "changed"
    ENDED = "ended"  # its last day has come: whoever stands in its place answers from then on


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One column as it stands and as the file has it, in words."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class LoggedChange:
    """What one directory changed about one party: who entered it, when, and the file that it came from."""

    id: int
    name: str
    change: PartyChange
    fields: tuple[FieldChange, ...]
    filename: str
    changed_by: str
    changed_at: dt.datetime


@dataclass(frozen=True, slots=True)
class DirectoryLog:
    """One page of a plan's log, the last change first."""

    changes: tuple[LoggedChange, ...]
    total: int
    page: int
    pages: int


def differences(before: Words, after: Words) -> dict[str, tuple[FieldChange, ...]]:
    """The columns that are other than before, by the party's name; of a new one those that are filled in."""
    found: dict[str, tuple[FieldChange, ...]] = {}
    for name, now in after.items():
        was = before.get(name, {})
        fields = tuple(FieldChange(c, was.get(c, ""), now[c]) for c in COLUMNS if was.get(c, "") != now[c])
        if fields or name not in before:
            found[name] = fields
    return found


def log_changes(
    session: Session, plan: Plan, before: Words, after: Words, *, actor: Actor, now: dt.datetime, filename: str
) -> None:
    """Writes what has changed between two states of a directory, a row for each party."""
    today = business_date(now).isoformat()
    for name, fields in differences(before, after).items():
        ended = any(f.field == "valid_to" and f.after and f.after < today for f in fields)
        change = PartyChange.NEW if name not in before else PartyChange.ENDED if ended else PartyChange.CHANGED
        session.add(
            DirectoryChange(
                plan_id=plan.id,
                name=name,
                change=change.value,
                fields={f.field: {"before": f.before, "after": f.after} for f in fields},
                filename=filename[-255:],
                changed_by=actor.name,
                changed_at=now,
            )
        )
    session.flush()


def directory_log(database: Database, *, plan: str, actor: Actor, q: str = "", page: int = 1) -> DirectoryLog:
    """The changes of a plan's directory; `q` keeps those that speak of these words: a name, an address, a person.

    Raises NotFound, and Forbidden for everybody but the supervision office: addresses are shown.
    """
    if actor.role not in ("supervisor", "admin"):
        raise Forbidden(actor=actor.name, action="查看名录变更记录", who="督查室")
    words = q.strip()
    with database.read() as session:
        found = find_plan(session, plan)
        mine = DirectoryChange.plan_id == found.id
        query = select(DirectoryChange).where(mine).order_by(DirectoryChange.id.desc())
        if words:
            rows = [row for row in map(_logged, session.scalars(query)) if _speaks_of(row, words)]
            total = len(rows)
        else:
            rows, total = [], session.scalar(select(func.count(DirectoryChange.id)).where(mine)) or 0
        pages = max(-(-total // PAGE), 1)
        page = min(max(page, 1), pages)
        first = (page - 1) * PAGE
        shown = rows[first : first + PAGE] or [_logged(r) for r in session.scalars(query.limit(PAGE).offset(first))]
        return DirectoryLog(tuple(shown) if total else (), total, page, pages)


def _logged(row: DirectoryChange) -> LoggedChange:
    fields = [FieldChange(c, row.fields[c]["before"], row.fields[c]["after"]) for c in COLUMNS if c in row.fields]
    change = PartyChange(row.change)
    return LoggedChange(row.id, row.name, change, tuple(fields), row.filename, row.changed_by, row.changed_at)


def _speaks_of(row: LoggedChange, words: str) -> bool:
    said = [row.name, row.changed_by, row.filename, *(t for f in row.fields for t in (f.before, f.after))]
    return any(words in text for text in said)
