"""外出: while somebody is away the substitute gets what is meant for them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.errors import Forbidden, NotFound
from duban.services import absences
from models import NoticeRecipient, Party
from tests.integration.ledger import CLERK, DIRECTORY, LEAD, NOW, UNIT, World, a_night, a_world, an_item, due

STANDING_IN = tuple(
    dataclasses.replace(entry, substitute="沈予安") if entry.name == "韩望舒" else entry for entry in DIRECTORY
)
SUPERVISED = dt.date(2026, 7, 8)  # six working days after the limit below: the sheet to the lead officials
LIMIT = dt.date(2026, 6, 30)


def a_late_item(database: Database) -> World:
    return a_world(database, an_item("1", **due(LIMIT)), directory=STANDING_IN)


def away(world: World, first: dt.date, last: dt.date, actor: Actor = CLERK, party: str = "韩望舒") -> int:
    return absences.enter(
        world.database, plan=world.plan.code, party=party, first_on=first, last_on=last, actor=actor, now=NOW
    )


def readers(world: World, name: str) -> list[NoticeRecipient]:
    ids = {p.id for p in world.all(Party, Party.name == name)}
    return [r for r in world.all(NoticeRecipient) if r.party_id in ids]


def test_the_substitute_gets_what_is_meant_for_somebody_who_is_away(database: Database, tmp_path: Path) -> None:
    world = a_late_item(database)
    away(world, SUPERVISED, SUPERVISED)
    a_night(database, tmp_path, SUPERVISED)
    assert readers(world, "韩望舒") == []
    assert {(r.for_name, r.why) for r in readers(world, "沈予安")} == {("韩望舒", "外出期间不能签收")}


def test_back_again_they_get_it_themselves(database: Database, tmp_path: Path) -> None:
    world = a_late_item(database)
    away(world, SUPERVISED - dt.timedelta(days=7), SUPERVISED - dt.timedelta(days=1))
    a_night(database, tmp_path, SUPERVISED)
    assert readers(world, "沈予安") == []
    assert readers(world, "韩望舒")


def test_an_absence_taken_back_counts_no_more_and_stays_on_record(database: Database, tmp_path: Path) -> None:
    world = a_late_item(database)
    found = away(world, SUPERVISED, SUPERVISED, actor=LEAD)
    absences.cancel(database, absence_id=found, actor=LEAD, now=NOW)
    a_night(database, tmp_path, SUPERVISED)
    assert readers(world, "韩望舒")
    (listed,) = absences.list_absences(database, plan=world.plan.code, since=LIMIT)
    assert (listed.party, listed.substitute, listed.cancelled_at) == ("韩望舒", "沈予安", NOW)
    with pytest.raises(NotFound):
        absences.cancel(database, absence_id=found, actor=LEAD, now=NOW)


def test_an_absence_does_not_cascade_to_the_substitutes_own(database: Database, tmp_path: Path) -> None:
    world = a_late_item(database)
    away(world, SUPERVISED, SUPERVISED)
    away(world, SUPERVISED, SUPERVISED, party="沈予安")
    a_night(database, tmp_path, SUPERVISED)
    # The substitute's own substitute is not asked, nor anybody above; what needs an answer lies in no empty room.
    assert readers(world, "沈予安") == readers(world, "韩望舒") == readers(world, "程远舟") == []
    assert ("韩望舒", "to") in {(r.for_name, r.role) for r in readers(world, "区政府督查室")}


def test_absences_that_overlap_or_end_before_they_begin_are_refused(database: Database) -> None:
    world = a_late_item(database)
    away(world, dt.date(2026, 7, 1), dt.date(2026, 7, 10))
    with pytest.raises(absences.AbsenceRefused, match="重叠"):
        away(world, dt.date(2026, 7, 10), dt.date(2026, 7, 12))
    with pytest.raises(absences.AbsenceRefused, match="晚于"):
        away(world, dt.date(2026, 8, 10), dt.date(2026, 8, 9))
    with pytest.raises(NotFound):
        away(world, dt.date(2026, 8, 10), dt.date(2026, 8, 11), party="无此人")


def test_a_person_enters_their_own_absence_and_nobody_elses(database: Database) -> None:
    world = a_late_item(database)
    assert away(world, dt.date(2026, 7, 1), dt.date(2026, 7, 2), actor=LEAD)
    with pytest.raises(Forbidden):
        away(world, dt.date(2026, 8, 1), dt.date(2026, 8, 2), actor=UNIT)
