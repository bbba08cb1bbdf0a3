"""A newer directory for a plan that stands: addresses, successors and aliases change, items keep their history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.errors import Forbidden, NotFound
from duban.reading.directory import Entry
from duban.services.event_log import Happening, append_all
from duban.services.parties import PartyBook
from models import Item, ItemParty, Party, PartyKind, Plan


@dataclass(frozen=True, slots=True)
class DirectoryUpdated:
    """What a newer directory changed: rows entered, names of the text that it explains now, and those still unknown."""

    entered: int
    explained: tuple[str, ...]
    unknown: tuple[str, ...]
    without_address: tuple[str, ...]


def update_directory(
    database: Database, *, plan: str, entries: Sequence[Entry], actor: Actor, now: dt.datetime, dry_run: bool
) -> DirectoryUpdated:
    """Enters a directory's rows into a plan, whole or not at all; a dry run writes nothing.

    Notices that are under way keep their addressee; the next night resolves anew. Raises NotFound, Forbidden.
    """
    if actor.role not in ("supervisor", "admin"):
        raise Forbidden(actor=actor.name, action="更新名录,", who="督查室")
    with database.write() as session:
        found = session.scalars(select(Plan).where(Plan.code == plan)).first()
        if found is None:
            raise NotFound(what="plan", key=plan)
        explained = PartyBook(session, found).update(list(entries))
        _tell(session, explained, actor, now)
        done = DirectoryUpdated(len(entries), tuple(explained), *_left(session, found))
        if dry_run:
            session.rollback()
        return done


def _tell(session: Session, explained: dict[str, Party], actor: Actor, now: dt.datetime) -> None:
    """Each item whose parties are known by now says so in its history."""
    touched = session.scalars(
        select(ItemParty.item_id).where(ItemParty.party_id.in_([p.id for p in explained.values()])).distinct()
    ).all()
    payload = {"names": list(explained)}
    append_all(session, [Happening(i, "item.directory_updated", actor, now, payload=payload) for i in touched], now)


def _left(session: Session, plan: Plan) -> tuple[tuple[str, ...], tuple[str, ...]]:
    named = (
        select(Party)
        .join(ItemParty, ItemParty.party_id == Party.id)
        .join(Item, Item.id == ItemParty.item_id)
        .where(Party.plan_id == plan.id, Party.kind != PartyKind.OFFICE, ~Item.dropped)
        .distinct()
        .order_by(Party.id)
    )
    parties = session.scalars(named).all()
    unknown = tuple(p.name for p in parties if not p.known)
    silent = tuple(p.name for p in parties if p.known and not p.email and p.kind is not PartyKind.COLLECTIVE)
    return unknown, silent
