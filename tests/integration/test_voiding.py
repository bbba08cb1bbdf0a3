"""作废: a plan registered by mistake is taken back before its release, with the reason, and leaves no trace."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from duban.adapters.database import Database
from duban.errors import DubanError, Forbidden, NotFound
from duban.reading.model import Anomaly as Doubt
from duban.reading.model import AnomalyCode
from duban.services.assignments import assign_items
from duban.services.checks import check
from duban.services.editions import receive
from duban.services.queries.board import board
from duban.services.queries.plans import PlanVoided, list_plans, one_plan
from duban.services.queries.quarantine import review_page
from duban.services.queries.scope import WHOLE
from duban.services.registration import Received
from duban.services.release import release
from duban.services.voiding import VoidRefused, void, voided_plans
from models import Clock, Event, Item, Notice, Plan

from .ledger import CLERK, NOW, TODAY, UNIT, World, a_night, a_world, an_item, due

TITLE = "青河区某整改方案"


def registered(database: Database, *, released: bool = False) -> World:
    items = [an_item(n, responsible_units=["区住建局"], **due(dt.date(2026, 7, 1))) for n in ("1", "2", "3")]
    doubt = Doubt(AnomalyCode.REPEATED_FIELD, "两处时限", 1, number="3", blocks=True)
    return a_world(database, *items, doubts=[doubt], released=released, title=TITLE)


def plan_of(world: World) -> Plan:
    return next(p for p in world.all(Plan) if p.title == TITLE)


def test_a_plan_that_was_taken_back_is_nowhere_and_can_be_registered_again(database: Database, tmp_path: Path) -> None:
    world = registered(database)
    plan = plan_of(world)
    assign_items(database, plan=plan.code, actor=CLERK, now=NOW)
    done = void(database, plan=plan.code, reason=" 传错了文件 ", actor=CLERK, now=NOW)
    assert (done.code, done.items, done.reason) == (plan.code, 3, "传错了文件")
    everything = {"scope": WHOLE, "as_of": TODAY}
    assert list_plans(database, **everything) == ()  # type: ignore[arg-type]
    assert not board(database, **everything).plans  # type: ignore[arg-type]
    assert review_page(database, **everything).waiting == 0  # type: ignore[arg-type]
    with pytest.raises(PlanVoided, match="传错了文件"):
        one_plan(database, plan=str(plan.id), **everything)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        release(database, plan=plan.id, actor=CLERK, now=NOW)
    assert not [c for c in world.all(Clock) if c.ended_at is None]
    assert {n.withdrawn_by for n in world.all(Notice)} == {CLERK.name}
    assert a_night(database, tmp_path, TODAY).ok
    assert not list(tmp_path.rglob("*.eml"))
    assert {e.reason for e in world.all(Event) if e.type == "item.voided"} == {"传错了文件"}
    assert [f.code for f in check(database, now=NOW) if f.count] == []
    again = registered(database, released=True)
    assert [p.title for p in list_plans(database, **everything)] == [TITLE]  # type: ignore[arg-type]
    assert len([i for i in again.all(Item) if not i.dropped]) == 3
    assert [(v.code, v.items) for v in voided_plans(database)] == [(done.code, 3)]


def test_a_plan_is_taken_back_by_the_office_for_a_reason_and_before_its_release(database: Database) -> None:
    world = registered(database)
    code = plan_of(world).code
    with pytest.raises(Forbidden):
        void(database, plan=code, reason="x", actor=UNIT, now=NOW)
    with pytest.raises(VoidRefused, match="理由"):
        void(database, plan=code, reason="  ", actor=CLERK, now=NOW)
    release(database, plan=code, actor=CLERK, now=NOW)
    with pytest.raises(VoidRefused, match="已经放行"):
        void(database, plan=code, reason="x", actor=CLERK, now=NOW)
    assert not any(i.dropped for i in world.all(Item))


def test_nothing_more_is_entered_into_a_plan_that_was_taken_back(database: Database) -> None:
    world = registered(database)
    plan = plan_of(world)
    void(database, plan=plan.code, reason="x", actor=CLERK, now=NOW)
    from duban.reading.reader import read_bytes
    from duban.settings import ROOT

    content = (ROOT / "examples" / "plan.md").read_bytes()
    received = Received("b.md", content, read_bytes(content, "b.md"))
    for key in (str(plan.id), plan.code):
        with pytest.raises(DubanError):
            receive(database, key, received, actor=CLERK, now=NOW)
