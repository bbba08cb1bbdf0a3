"""The directory of parties: similar names are proposed, never assumed, and a newer directory mends what was unknown."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.errors import Forbidden
from duban.reading.directory import Entry, read_directory
from duban.reading.reader import read_bytes
from duban.services.directory_update import update_directory
from duban.services.registration import OfficeRules, Received, register
from models import Anomaly, Event, ItemParty, Party, Role
from tests.conftest import NOW, ROOT

OFFICE = Actor("督查员", "supervisor")
POLICY = (ROOT / "policies" / "default.toml").read_text("utf-8")
RULES = OfficeRules("default", POLICY, "区政府督查室", "duban@example.org")
PLAN = """# 云溪区作风建设整改方案

2026年3月2日

**整改事项(1)**:检查频次偏多。

**整改目标**:检查次数下降三成。

**整改措施**:推行综合查一次。

**牵头领导**:陆知衡
**责任单位**:区市场监督管理局
**整改时限**:2026年9月30日前完成。
"""
FIRST = "名称,类别,邮箱\n区市场监管局,单位,shichang@example.org\n陆知衡,领导,lu@example.org\n"
SECOND = "名称,别名,类别,邮箱\n区市场监管局,区市场监督管理局,单位,new@example.org\n陆知衡,,领导,lu@example.org\n"


def directory(text: str) -> list[Entry]:
    return read_directory(text.encode(), "directory.csv")


@pytest.fixture
def code(database: Database) -> str:
    data = PLAN.encode()
    return register(
        database,
        Received("plan.md", data, read_bytes(data, "plan.md")),
        rules=RULES,
        actor=OFFICE,
        as_of=dt.date(2026, 3, 2),
        now=NOW,
        directory=directory(FIRST),
        code="云溪2026",
    ).code


def responsible(database: Database) -> Party:
    with database.read() as session:
        return session.scalars(
            select(Party).join(ItemParty, ItemParty.party_id == Party.id).where(ItemParty.role == Role.RESPONSIBLE)
        ).one()


def test_a_similar_name_is_proposed_and_not_assumed(database: Database, code: str) -> None:
    with database.read() as session:
        doubt = session.scalars(select(Anomaly).where(Anomaly.code == "unknown_party")).one()
    assert "区市场监管局" in doubt.detail
    assert (responsible(database).name, responsible(database).email) == ("区市场监督管理局", None)


def test_a_newer_directory_with_the_alias_hands_the_items_over(database: Database, code: str) -> None:
    done = update_directory(database, plan=code, entries=directory(SECOND), actor=OFFICE, now=NOW, dry_run=False)
    assert done.explained == ("区市场监督管理局",)
    assert done.unknown == ()
    assert (responsible(database).name, responsible(database).email) == ("区市场监管局", "new@example.org")
    with database.read() as session:
        types = session.scalars(select(Event.type).order_by(Event.id)).all()
    assert types[-1] == "item.directory_updated"


def test_a_dry_run_says_the_same_and_writes_nothing(database: Database, code: str) -> None:
    done = update_directory(database, plan=code, entries=directory(SECOND), actor=OFFICE, now=NOW, dry_run=True)
    assert done.explained == ("区市场监督管理局",)
    assert responsible(database).name == "区市场监督管理局"


def test_the_same_directory_again_changes_nothing(database: Database, code: str) -> None:
    for _ in range(2):
        update_directory(database, plan=code, entries=directory(SECOND), actor=OFFICE, now=NOW, dry_run=False)
    assert responsible(database).name == "区市场监管局"


def test_only_the_supervision_office_changes_the_directory(database: Database, code: str) -> None:
    unit = Actor("张", "unit", frozenset({"区市场监管局"}))
    with pytest.raises(Forbidden):
        update_directory(database, plan=code, entries=directory(SECOND), actor=unit, now=NOW, dry_run=False)
