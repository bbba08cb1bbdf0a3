"""A second edition of a plan shows what changed, and applies only what is accepted."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import select

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.policy_model import ClockKind
from duban.errors import Forbidden
from duban.reading.reader import read_bytes
from duban.services.editions import ChangeKind, EditionKnown, apply, compare
from duban.services.registration import EditionStands, OfficeRules, Received, register
from models import Clock, ClockState, Document, Event, Item, ItemParty, Party, Role
from tests.conftest import NOW, ROOT

OFFICE = Actor("督查员", "supervisor")
RULES = OfficeRules(
    "default", (ROOT / "policies" / "default.toml").read_text("utf-8"), "区政府督查室", "duban@example.org"
)
FIRST = """# 云溪区作风建设整改方案

2026年3月2日

**整改事项(1)**:窗口排队时间长。

**整改目标**:平均等候不超过十分钟。

**整改措施**:增设综合窗口。

**牵头领导**:沈予安
**责任单位**:区行政服务中心
**整改时限**:2026年8月31日前完成。

**整改事项(2)**:检查频次偏多。

**整改目标**:检查次数下降三成。

**整改措施**:推行综合查一次。

**牵头领导**:陆知衡
**责任单位**:区市场监管局
**整改时限**:2026年9月30日前完成。
"""
SECOND = (
    FIRST.replace("2026年8月31日前完成", "2026年10月30日前完成").replace("**牵头领导**:陆知衡", "**牵头领导**:苏清越")
    + """
**整改事项(3)**:热线答复简单。

**整改目标**:重办率低于百分之一。

**整改措施**:建立回访制度。

**牵头领导**:沈予安
**责任单位**:区热线办
**整改时限**:2026年12月31日前完成。
"""
)


def received(text: str) -> Received:
    data = text.encode()
    return Received("plan.md", data, read_bytes(data, "plan.md"))


@pytest.fixture
def code(database: Database) -> str:
    return register(
        database, received(FIRST), rules=RULES, actor=OFFICE, as_of=dt.date(2026, 3, 2), now=NOW, code="云溪2026"
    ).code


def test_another_edition_is_not_registered_as_if_it_were_new(database: Database, code: str) -> None:
    with pytest.raises(EditionStands, match=code):
        register(database, received(SECOND), rules=RULES, actor=OFFICE, as_of=dt.date(2026, 3, 2), now=NOW)


def test_the_difference_names_each_item_and_field_and_writes_nothing(database: Database, code: str) -> None:
    found = compare(database, code, received(SECOND))
    changed = {c.key: (c.kind, [f.field for f in c.fields]) for c in found.changes}
    assert changed == {
        "1": (ChangeKind.CHANGED, ["time_limit"]),
        "2": (ChangeKind.CHANGED, ["lead_officials"]),
        "3": (ChangeKind.ADDED, []),
    }
    with database.read() as session:
        assert session.scalars(select(Document.edition)).all() == [1]


def test_only_what_is_accepted_is_applied(database: Database, code: str) -> None:
    done = apply(database, code, received(SECOND), accepted=["1"], actor=OFFICE, now=NOW)
    assert done.applied == ["1"]
    with database.read() as session:
        items = {i.number: i for i in session.scalars(select(Item))}
        assert set(items) == {"1", "2"}
        assert items["1"].due_on == dt.date(2026, 10, 30)
        assert items["1"].first_due_on == dt.date(2026, 8, 31), "the first limit stays visible"
        clocks = session.scalars(
            select(Clock).where(Clock.item_id == items["1"].id, Clock.kind == ClockKind.LIMIT).order_by(Clock.id)
        ).all()
        assert [c.state for c in clocks] == [ClockState.SUPERSEDED, ClockState.RUNNING]
        lead = session.scalars(
            select(Party.name)
            .join(ItemParty, ItemParty.party_id == Party.id)
            .where(ItemParty.item_id == items["2"].id, ItemParty.role == Role.LEAD_OFFICIAL)
        ).one()
        assert lead == "陆知衡"


def test_an_added_item_gets_its_clock_and_its_first_event(database: Database, code: str) -> None:
    apply(database, code, received(SECOND), accepted=None, actor=OFFICE, now=NOW)
    with database.read() as session:
        item = session.scalars(select(Item).where(Item.number == "3")).one()
        assert session.scalars(select(Clock.state).where(Clock.item_id == item.id)).all() == [ClockState.RUNNING]
        assert session.scalars(select(Event.type).where(Event.item_id == item.id)).all() == ["item.assigned"]
        assert session.scalars(select(Document.edition).order_by(Document.edition)).all() == [1, 2]


def test_the_same_edition_again_changes_nothing(database: Database, code: str) -> None:
    apply(database, code, received(SECOND), accepted=None, actor=OFFICE, now=NOW)
    with pytest.raises(EditionKnown):
        apply(database, code, received(SECOND), accepted=None, actor=OFFICE, now=NOW)


def test_an_item_that_the_new_edition_lacks_is_named_and_left_alone(database: Database, code: str) -> None:
    shorter = FIRST[: FIRST.index("**整改事项(2)**")].replace("十分钟", "八分钟")
    found = compare(database, code, received(shorter))
    assert [c.number for c in found.changes if c.kind is ChangeKind.MISSING] == ["2"]
    done = apply(database, code, received(shorter), accepted=None, actor=OFFICE, now=NOW)
    assert done.applied == ["1"]
    with database.read() as session:
        assert session.scalars(select(Item.dropped).where(Item.number == "2")).one() is False


def test_only_the_supervision_office_applies_an_edition(database: Database, code: str) -> None:
    unit = Actor("区热线办", "unit", frozenset({"区热线办"}))
    with pytest.raises(Forbidden):
        apply(database, code, received(SECOND), accepted=None, actor=unit, now=NOW)


def test_the_example_plan_compared_with_itself_under_another_name_changes_nothing(database: Database) -> None:
    data = (Path(ROOT) / "examples" / "plan.md").read_bytes()
    first = Received("plan.md", data, read_bytes(data, "plan.md"))
    done = register(database, first, rules=RULES, actor=OFFICE, as_of=dt.date(2026, 3, 2), now=NOW)
    again = data + b"\n"
    found = compare(database, done.code, Received("plan.md", again, read_bytes(again, "plan.md")))
    assert [c for c in found.changes if c.kind is not ChangeKind.DOUBTED] == []
