"""The rows of a notice: its number, its readers, and the office that signs; for the night and for every other door."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from duban.domain.addressees import Resolved
from models import Base


@dataclass(frozen=True, slots=True)
class Office:
    """What the notices say of the office that sends them, and where their links lead."""

    email: str
    public_url: str
    phone: str | None = None


def reader_row(notice_id: int, reader: Resolved) -> dict[str, Any]:
    """One reader's copy of a notice, as its row."""
    return {
        "notice_id": notice_id,
        "party_id": int(reader.party.key),
        "for_party_id": int(reader.on_behalf_of) if reader.on_behalf_of else None,
        "for_name": reader.on_behalf_of_name or "",
        "role": reader.role,
        "address": reader.address,
        "why": reader.why or None,
    }


def take_numbers(session: Session, wanted: Counter[str], year: int) -> dict[str, Any]:
    """Numbers of each series, without a gap: the counter's row is locked until this transaction commits."""
    take = _take(session.get_bind().dialect.name)
    found = {}
    for series, count in sorted(wanted.items()):  # always in one order, so that two nights cannot lock each other out
        last = session.execute(take, {"series": series, "year": year, "last": count}).scalar_one()
        found[series] = iter(range(last - count + 1, last + 1))
    return found


@cache
def _take(dialect: str) -> Executable:
    """Begins a series with so many numbers, or counts it on by them; gives its last number."""
    series = Base.metadata.tables["notice_series"]
    begun = (sqlite_insert if dialect == "sqlite" else postgres_insert)(series)
    return begun.on_conflict_do_update(
        index_elements=[series.c.series, series.c.year], set_={"last": series.c.last + begun.excluded.last}
    ).returning(series.c.last)
