"""外出、请假: spans in which a party's substitute stands in. They do not cascade to the substitute's own."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.errors import DubanError, Forbidden, NotFound
from duban.services.plan_lookup import plan_id_of
from models import Absence, Party, PartyAlias


class AbsenceRefused(DubanError):
    """The absence of {party} is refused: {reason}.

    Give a first and a last day (both are part of it) that no entered absence of the same party overlaps.
    """

    code = "absence_refused"
    status = 422


@dataclass(frozen=True, slots=True)
class AbsenceView:
    """One entered absence; `substitute` stands in, null where the directory names none."""

    id: int
    party: str
    first_on: dt.date
    last_on: dt.date
    substitute: str | None
    entered_by: str
    entered_at: dt.datetime
    cancelled_at: dt.datetime | None


def enter(
    database: Database,
    *,
    plan: str,
    party: str,
    first_on: dt.date,
    last_on: dt.date,
    actor: Actor,
    now: dt.datetime,
) -> int:
    """Enters who is away and when; returns its id. Done by the supervision office, or by the party itself."""
    plan_id = plan_id_of(database, plan)
    with database.write() as session:
        found = _party(session, plan_id, party)
        _check_actor(session, found, actor, "登记外出")
        if first_on > last_on:
            raise AbsenceRefused(party=found.name, reason=f"首日{first_on}晚于末日{last_on}")
        other = session.scalars(
            select(Absence).where(
                Absence.party_id == found.id,
                Absence.cancelled_at.is_(None),
                Absence.first_on <= last_on,
                Absence.last_on >= first_on,
            )
        ).first()
        if other is not None:
            raise AbsenceRefused(party=found.name, reason=f"与已登记的{other.first_on}至{other.last_on}重叠")
        row = Absence(party_id=found.id, first_on=first_on, last_on=last_on, entered_by=actor.name, entered_at=now)
        session.add(row)
        session.flush()
        return row.id


def cancel(database: Database, *, absence_id: int, actor: Actor, now: dt.datetime) -> None:
    """Takes an absence back; it stays on record. Raises NotFound where it stands no more."""
    with database.write() as session:
        row = session.get(Absence, absence_id, with_for_update=True)
        if row is None or row.cancelled_at is not None:
            raise NotFound(what="absence", key=absence_id)
        _check_actor(session, session.get_one(Party, row.party_id), actor, "取消外出登记")
        row.cancelled_at = now


def list_absences(database: Database, *, plan: str, since: dt.date) -> tuple[AbsenceView, ...]:
    """The absences of a plan's parties that had not ended before a day, cancelled ones too, in their order."""
    plan_id = plan_id_of(database, plan)
    with database.read() as session:
        names = dict(session.execute(select(Party.id, Party.name).where(Party.plan_id == plan_id)).tuples().all())
        rows = session.execute(
            select(Absence, Party)
            .join(Party, Party.id == Absence.party_id)
            .where(Party.plan_id == plan_id, Absence.last_on >= since)
            .order_by(Absence.first_on, Absence.id)
        ).tuples()
        return tuple(
            AbsenceView(
                id=row.id,
                party=party.name,
                first_on=row.first_on,
                last_on=row.last_on,
                substitute=names.get(party.substitute_id) if party.substitute_id is not None else None,
                entered_by=row.entered_by,
                entered_at=row.entered_at,
                cancelled_at=row.cancelled_at,
            )
            for row, party in rows
        )


_OF_PLAN = (
    select(Absence.party_id, Absence.first_on, Absence.last_on)
    .join(Party, Party.id == Absence.party_id)
    .where(Party.plan_id == bindparam("plan_id", type_=BigInteger), Absence.cancelled_at.is_(None))
    .order_by(Absence.first_on)
)


def spans_of_plan(session: Session, plan_id: int) -> dict[int, tuple[tuple[dt.date, dt.date], ...]]:
    """For each party of a plan its absences in force, as first and last days."""
    rows = session.execute(_OF_PLAN, {"plan_id": plan_id}).tuples()
    found: dict[int, tuple[tuple[dt.date, dt.date], ...]] = defaultdict(tuple)
    for party_id, first_on, last_on in rows:
        found[party_id] += ((first_on, last_on),)
    return found


def _party(session: Session, plan_id: int, name: str) -> Party:
    alias = select(PartyAlias.party_id).where(PartyAlias.plan_id == plan_id, PartyAlias.name == name)
    query = select(Party).where(Party.plan_id == plan_id, (Party.name == name) | Party.id.in_(alias))
    found = session.scalars(query).first()
    if found is None:
        raise NotFound(what="party", key=name)
    return found


def _check_actor(session: Session, party: Party, actor: Actor, action: str) -> None:
    names = {party.name, *session.scalars(select(PartyAlias.name).where(PartyAlias.party_id == party.id))}
    if actor.role not in ("supervisor", "admin") and not actor.acts_for(names, party.valid_to):
        raise Forbidden(actor=actor.name, action=f"为他人{action},", who="督查室、本人")
