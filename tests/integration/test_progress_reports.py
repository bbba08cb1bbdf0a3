"""A published progress report enters what was done into the plan that stands, match by accepted match."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import State
from duban.errors import Forbidden, NotFound
from duban.reading.model import Item as Problem
from duban.reading.model import Kind, Place
from duban.reading.reader import read_bytes
from duban.services.progress_reports import enter, find_item, match, receive
from duban.services.registration import Intake, OfficeRules, Received, register
from duban.services.report_matching import LEAST_ALIKE, Matcher
from models import Document, Event, Item
from tests.conftest import NOW, ROOT

OFFICE = Actor("督查员", "supervisor")
POLICY = (ROOT / "policies" / "default.toml").read_text("utf-8")
RULES = OfficeRules("default", POLICY, "区政府督查室", "duban@example.org")


@pytest.fixture
def code(database: Database) -> str:
    data = (ROOT / "examples" / "plan.md").read_bytes()
    received = Received("plan.md", data, read_bytes(data, "plan.md"))
    return register(database, received, Intake(rules=RULES, actor=OFFICE, as_of=dt.date(2026, 3, 2), now=NOW)).code


REPORT = """澄川区关于整改进展情况的通报

2026年9月30日

根据区委统一部署,区政府对照反馈意见逐条整改。截至2026年9月底,2个问题已整改完成1个。现将整改进展情况予以公布。

一、关于优化营商环境方面

1.针对涉企检查频次偏多、不同部门重复检查问题。

合并检查126次,减少重复检查三成。已完成整改。

2.针对电梯困人救援不及时问题。

新增救援点三处,正在整改。
"""


def report() -> Received:
    data = REPORT.encode()
    return Received("通报.txt", data, read_bytes(data, "通报.txt", Kind.PROGRESS_REPORT))


def test_each_problem_is_shown_beside_the_item_that_is_most_alike(database: Database, code: str) -> None:
    first, second = match(database, code, report().reading).matches
    assert (first.number, first.done) == ("3", True)
    assert second.item_id is None


def test_what_is_accepted_stands_in_the_history_and_leaves_the_state(database: Database, code: str) -> None:
    kept = receive(database, code, report(), actor=OFFICE, now=NOW)
    assert kept.document_id is not None
    for _ in range(2):  # what was entered once is not entered again
        done = enter(database, code, kept.document_id, accepted={"1": None, "2": None}, actor=OFFICE, now=NOW)
    assert [m.key for m in done.pending] == ["2"]
    with database.read() as session:
        item = session.scalars(select(Item).where(Item.number == "3")).one()
        assert (item.reported_done, item.state) == (True, State.MEASURE_DRAFTED)
        event = session.scalars(select(Event).where(Event.type == "progress.published")).one()
        assert (event.item_id, "126次" in event.reason) == (item.id, True)
        assert session.scalars(select(Document.edition).order_by(Document.id)).all() == [1, None]


def test_a_person_chooses_another_item_than_the_one_proposed_or_none(database: Database, code: str) -> None:
    kept = receive(database, code, report(), actor=OFFICE, now=NOW)
    assert receive(database, code, report(), actor=OFFICE, now=NOW).document_id == kept.document_id
    with database.read() as session:
        other = session.scalars(select(Item).where(Item.number == "4")).first()
    assert other is not None
    document = kept.document_id or 0
    done = enter(database, code, document, accepted={"2": other.id}, declined=["1"], actor=OFFICE, now=NOW)
    assert [(m.number, m.entered) for m in done.matches] == [("3", False), ("4", True)]
    assert done.pending == []
    with pytest.raises(NotFound):
        enter(database, code, document, accepted={"1": 999_999}, actor=OFFICE, now=NOW)


def test_only_the_supervision_office_enters_a_report(database: Database, code: str) -> None:
    unit = Actor("张", "unit", frozenset({"区数据局"}))
    with pytest.raises(Forbidden):
        receive(database, code, report(), actor=unit, now=NOW)


def test_an_item_is_found_by_its_number_and_else_by_its_words(database: Database, code: str) -> None:
    assert [c.number for c in find_item(database, code, "3　涉企检查")] == ["3"]
    assert [c.number for c in find_item(database, code, "电梯")] == ["5"]
    assert [c.number for c in find_item(database, code, "没有这样的事项%")] == []
    assert find_item(database, code, " ") == ()


def test_in_a_large_plan_the_right_item_is_among_those_that_are_proposed() -> None:
    items = [Item(id=n, number=str(n), title=f"第{n}处河道沿线排水不畅问题整改不到位。") for n in range(1, 3001)]
    matcher = Matcher(items)
    for n in (7, 1234, 2999):
        problem = Problem("1", Place(1, 1), title=f"关于第{n}处河道沿线排水不畅、整改不到位的问题")
        (best, alike), *_ = matcher.likeliest(problem)
        assert (best.id, alike > LEAST_ALIKE) == (n, True)
