"""A published progress report enters what was done into the plan that stands, match by accepted match."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import State
from duban.errors import Forbidden
from duban.reading.model import Item as ReadItem
from duban.reading.model import Kind, Place, Reading
from duban.reading.reader import read_bytes
from duban.services.progress_reports import enter, match
from duban.services.registration import OfficeRules, Received, register
from models import Event, Item
from tests.conftest import NOW, ROOT

OFFICE = Actor("督查员", "supervisor")
POLICY = (ROOT / "policies" / "default.toml").read_text("utf-8")
RULES = OfficeRules("default", POLICY, "区政府督查室", "duban@example.org")


@pytest.fixture
def code(database: Database) -> str:
    data = (ROOT / "examples" / "plan.md").read_bytes()
    received = Received("plan.md", data, read_bytes(data, "plan.md"))
    return register(database, received, rules=RULES, actor=OFFICE, as_of=dt.date(2026, 3, 2), now=NOW).code


def report() -> Reading:
    def problem(number: str, title: str, done: str, status: str | None) -> ReadItem:
        return ReadItem(number, Place(1, 1), title=title, measures=[done], status=status)

    items = [
        problem("1", "针对涉企检查频次偏多、不同部门重复检查问题。", "合并检查126次。", "done"),
        problem("2", "针对电梯困人救援不及时问题。", "新增救援点三处。", None),
    ]
    return Reading(Kind.PROGRESS_REPORT, "澄川区关于整改进展情况的通报", items=items)


def test_each_problem_is_shown_beside_the_item_that_is_most_alike(database: Database, code: str) -> None:
    first, second = match(database, code, report()).matches
    assert (first.number, first.done) == ("3", True)
    assert second.item_id is None


def test_what_is_accepted_stands_in_the_history_and_leaves_the_state(database: Database, code: str) -> None:
    done = enter(database, code, report(), document="通报.txt", accepted=["1", "2"], actor=OFFICE, now=NOW)
    assert done.entered == ["1"]
    with database.read() as session:
        item = session.scalars(select(Item).where(Item.number == "3")).one()
        assert (item.reported_done, item.state) == (True, State.MEASURE_DRAFTED)
        event = session.scalars(select(Event).where(Event.type == "progress.published")).one()
        assert (event.item_id, event.reason) == (item.id, "合并检查126次。")


def test_nothing_is_entered_that_nobody_accepted(database: Database, code: str) -> None:
    assert enter(database, code, report(), document="通报.txt", accepted=[], actor=OFFICE, now=NOW).entered == []


def test_only_the_supervision_office_enters_a_report(database: Database, code: str) -> None:
    unit = Actor("张", "unit", frozenset({"区数据局"}))
    with pytest.raises(Forbidden):
        enter(database, code, report(), document="通报.txt", accepted=["1"], actor=unit, now=NOW)
