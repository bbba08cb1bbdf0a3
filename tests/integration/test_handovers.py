"""移交: a unit that goes on in another hands over all that is open, at once; what is closed stays with it."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from sqlalchemy import select

from duban.adapters.database import Database
from duban.errors import Forbidden
from duban.reading.directory import Entry
from duban.services.accounts import create_user
from duban.services.directory_update import update_directory
from duban.services.handovers import HandOverRefused, hand_over
from duban.services.parties import PartyBook
from models import Event, ItemParty, Party, PartyMember, Plan, Role, UserRole
from tests.integration.ledger import CLERK, DIRECTORY, NOW, TODAY, UNIT, World, a_world, an_item

WHY = "机构改革，区住建局并入区教育局"
EVERYBODY = (*DIRECTORY, Entry(10, "相关委办局", "collective", members=["区住建局", "区教育局"]))


def a_reform(database: Database) -> World:
    world = a_world(
        database,
        an_item("1"),
        an_item("2", responsible_units=["区住建局", "区教育局"]),
        an_item("3", responsible_units=["区教育局"], support_units=["区住建局"]),
        an_item("4"),
        directory=EVERYBODY,
    )
    world.ready_to_close("4")
    world.move("close", "4")
    return world


def units(world: World, number: str, role: Role = Role.RESPONSIBLE) -> list[str]:
    with world.database.read() as session:
        query = select(Party.name).join(ItemParty, ItemParty.party_id == Party.id)
        query = query.where(ItemParty.item_id == world.ids[number], ItemParty.role == role)
        return list(session.scalars(query.order_by(ItemParty.position)))


def handed(world: World, source: str = "区住建局", target: str = "区教育局", **more: object):  # type: ignore[no-untyped-def]
    given = {"reason": WHY, "actor": CLERK, "now": NOW} | more
    return hand_over(world.database, plan=world.plan.code, source=source, target=target, **given)  # type: ignore[arg-type]


def test_a_dry_run_names_each_item_and_writes_nothing(database: Database) -> None:
    world = a_reform(database)
    create_user(database, name="住建经办", role=UserRole.UNIT, parties=["住建局"], now=NOW)
    shown = handed(world, dry_run=True)
    assert [(i.number, i.roles) for i in shown.items] == [
        ("1", ("responsible",)),
        ("2", ("responsible",)),
        ("3", ("support",)),
    ]
    assert (shown.closed, shown.related, shown.accounts) == (1, ("相关委办局",), ("住建经办",))
    assert (shown.last_on, shown.written, units(world, "1")) == (TODAY, False, ["区住建局"])
    assert world.item("1").version == 1


def test_all_open_items_change_hands_with_their_event_and_closed_ones_stay(database: Database) -> None:
    world = a_reform(database)
    closed_at = world.item("4").version
    done = handed(world)
    assert done.written
    assert [units(world, n) for n in "1234"] == [["区教育局"], ["区教育局"], ["区教育局"], ["区住建局"]]
    assert units(world, "3", Role.SUPPORT) == ["区教育局"]
    event: Event = world.events("1")[-1]
    assert (event.type, event.payload["from"], event.payload["to"]) == ("item.transferred", "区住建局", "区教育局")
    assert event.payload["fields"] == {"responsible_units": {"before": ["区住建局"], "after": ["区教育局"]}}
    assert WHY in event.reason
    assert (world.item("1").version, world.item("4").version) == (2, closed_at)
    again = handed(world)
    assert again.items == (), "a second time there is nothing left"


def test_the_directory_follows_and_a_later_text_means_who_goes_on(database: Database) -> None:
    world = a_reform(database)
    handed(world)
    with database.read() as session:
        goes = session.scalars(select(Party).where(Party.name == "区住建局")).one()
        takes = session.scalars(select(Party).where(Party.name == "区教育局")).one()
        members = session.scalars(select(PartyMember.member_id)).all()
        book = PartyBook(session, session.get_one(Plan, world.plan.plan_id))
        meant = [book.find(name) for name in ("区住建局", "住建局")]
        assert (goes.valid_to, goes.successor_id, members) == (TODAY, takes.id, [takes.id])
        assert meant == [takes, takes]


def test_one_that_comes_back_is_meant_itself_again(database: Database) -> None:
    world = a_reform(database)
    handed(world)
    back = [dataclasses.replace(e, aliases=list(e.aliases)) for e in DIRECTORY if e.name == "区住建局"]
    update_directory(database, plan=world.plan.code, entries=back, actor=CLERK, now=NOW, dry_run=False)
    with database.read() as session:
        book = PartyBook(session, session.get_one(Plan, world.plan.plan_id))
        found = book.find("区住建局")
        assert found is not None
        assert found.name == "区住建局"


def test_an_official_who_left_hands_over_to_a_successor_and_the_directory_says_who_still_holds_items(
    database: Database,
) -> None:
    world = a_reform(database)
    gone = dataclasses.replace(DIRECTORY[2], valid_to=TODAY - dt.timedelta(days=3))
    done = update_directory(database, plan=world.plan.code, entries=[gone], actor=CLERK, now=NOW, dry_run=False)
    assert [(o.name, o.items) for o in done.orphaned] == [("韩望舒", 3)]
    handed(world, "韩望舒", "沈予安", reason="分工调整")
    assert units(world, "1", Role.LEAD_OFFICIAL) == ["沈予安"]
    with database.read() as session:
        left = session.scalars(select(Party).where(Party.name == "韩望舒")).one()
        assert left.valid_to == TODAY - dt.timedelta(days=3), "its own last day stays"
        superior = session.scalars(select(Party.superior_id).where(Party.name == "叶知秋")).one()
        assert superior == left.successor_id


@pytest.mark.parametrize(
    ("source", "target", "reason", "said"),
    [
        ("区住建局", "区住建局", WHY, "同一个"),
        ("区住建局", "韩望舒", WHY, "是单位"),
        ("区住建局", "无此局", WHY, "名录里没有"),
        ("区政府督查室", "区住建局", WHY, "督查室"),
        ("区住建局", "区教育局", " ", "依据"),
    ],
)
def test_what_cannot_be_handed_over_is_refused_with_its_reason(
    database: Database, source: str, target: str, reason: str, said: str
) -> None:
    world = a_reform(database)
    with pytest.raises(HandOverRefused, match=said):
        handed(world, source, target, reason=reason)


def test_only_the_office_hands_over(sqlite_database: Database) -> None:
    with pytest.raises(Forbidden):
        handed(a_reform(sqlite_database), actor=UNIT)
