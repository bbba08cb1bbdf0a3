"""Two people of one name: told apart by their posts, offered where nobody can tell; the rest of the file comes in."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.reading.directory import DirectoryInvalid, Sheet, read_sheet
from duban.reading.reader import read_bytes
from duban.services.directory_update import DirectoryUpdated, read_for, update_directory
from duban.services.registration import Intake, OfficeRules, Received, Registered, register
from models import Anomaly, Item, ItemParty, Party, PartyAlias, Role
from tests.conftest import NOW, ROOT

OFFICE = Actor("督查员", "supervisor")
RULES = OfficeRules("default", (ROOT / "policies" / "default.toml").read_text("utf-8"), "督查室", "duban@example.org")
HEAD = "名称,类别,职务,上级,邮箱\n"
TWO = "张伟,领导,副区长,,wei1@example.org\n张伟,领导,区住建局局长,,wei2@example.org\n"
DEPUTY, DIRECTOR = "张伟（副区长）", "张伟（区住建局局长）"


def plan_of(*leads: str) -> str:
    items = [
        f"**整改事项({n})**:问题{n}。\n\n**整改目标**:整改到位。\n\n**整改措施**:措施{n}。\n\n"
        f"**牵头领导**:{lead}\n**责任单位**:区市场监管局\n**整改时限**:2026年9月30日前完成。\n"
        for n, lead in enumerate(leads, start=1)
    ]
    return "# 云溪区作风建设整改方案\n\n2026年3月2日\n\n" + "\n".join(items)


def sheet_of(text: str) -> Sheet:
    return read_sheet(text.encode(), "名录.csv")


def enter(database: Database, plan: str, directory: str = "") -> Registered:
    sheet = sheet_of(HEAD + directory) if directory else None
    data = plan.encode()
    intake = Intake(
        rules=RULES,
        actor=OFFICE,
        as_of=dt.date(2026, 3, 2),
        now=NOW,
        directory=sheet.entries if sheet else (),
        directory_ignored=sheet.ignored if sheet else (),
        code="云溪",
    )
    return register(database, Received("plan.md", data, read_bytes(data, "plan.md")), intake)


def update(database: Database, text: str) -> DirectoryUpdated:
    sheet = read_for(database, plan="云溪", content=(HEAD + text).encode(), filename="名录.csv")
    return update_directory(
        database,
        plan="云溪",
        entries=sheet.entries,
        actor=OFFICE,
        now=NOW,
        dry_run=False,
        left_out=sheet.left_out,
    )


def leads(database: Database) -> list[tuple[str, str | None]]:
    """Who leads each item, and where mail to them goes."""
    with database.read() as session:
        query = (
            select(Party.name, Party.email)
            .join(ItemParty, ItemParty.party_id == Party.id)
            .join(Item, Item.id == ItemParty.item_id)
            .where(ItemParty.role == Role.LEAD_OFFICIAL)
            .order_by(Item.position, ItemParty.position)
        )
        return list(session.execute(query).tuples())


def test_the_post_printed_in_the_plan_says_which_of_two_leads(database: Database) -> None:
    done = enter(database, plan_of("张伟（副区长）", "区住建局局长张伟", "张伟副区长"), TWO)
    assert leads(database) == [
        (DEPUTY, "wei1@example.org"),
        (DIRECTOR, "wei2@example.org"),
        (DEPUTY, "wei1@example.org"),
    ]
    assert "unknown_party" not in {c for c in done.anomalies if done.anomalies[c] > 1}


def test_one_post_in_the_plan_finds_its_holder_among_two_of_the_directory(database: Database) -> None:
    enter(database, plan_of("副区长张伟"), TWO)
    assert leads(database) == [(DEPUTY, "wei1@example.org")]


def test_a_bare_name_is_neither_of_two_and_both_are_offered(database: Database) -> None:
    enter(database, plan_of("张伟"), TWO)
    assert leads(database) == [("张伟", None)]
    with database.read() as session:
        details = session.scalars(select(Anomaly.detail).where(Anomaly.code == "unknown_party")).all()
    assert any(DEPUTY in detail and DIRECTOR in detail for detail in details)
    done = update(database, TWO)
    assert [u.similar for u in done.unknown if u.name == "张伟"] == [(DEPUTY, DIRECTOR)]


def test_who_stood_alone_is_found_by_the_post_when_a_second_comes(database: Database) -> None:
    enter(database, plan_of("张伟"), "张伟,领导,副区长,,wei1@example.org\n")
    assert leads(database) == [("张伟", "wei1@example.org")]
    update(database, TWO)
    assert leads(database) == [(DEPUTY, "wei1@example.org")]


def test_a_directory_that_comes_after_the_plan_knows_who_was_meant_by_the_post(database: Database) -> None:
    enter(database, plan_of("副区长张伟"))
    done = update(database, TWO)
    assert leads(database) == [(DEPUTY, "wei1@example.org")]
    assert "张伟" in done.explained


def test_rows_that_nobody_can_tell_apart_are_left_out_and_named_and_the_rest_comes_in(database: Database) -> None:
    text = "张伟,领导,,,a@example.org\n张伟,领导,,,b@example.org\n李敏,领导,副区长,,li@example.org\n"
    done = enter(database, plan_of("李敏"), text)
    assert [("第2行、第3行" in s, "张伟" in s) for s in done.directory_ignored] == [(True, True)]
    assert leads(database) == [("李敏", "li@example.org")]


def test_a_superior_who_could_be_one_of_two_is_left_out_with_both_offered(database: Database) -> None:
    text = TWO + "王芳,领导,主任,张伟,fang@example.org\n赵刚,领导,科长,张伟（副区长）,gang@example.org\n"
    sheet = sheet_of(HEAD + text)
    assert len(sheet.left_out) == 1
    assert all(part in sheet.left_out[0] for part in ("第4行（王芳）", "上级", DEPUTY, DIRECTOR))
    superiors = {e.name: e.superior for e in sheet.entries}
    assert (superiors["王芳"], superiors["赵刚"]) == (None, DEPUTY)


def test_an_alias_that_is_anothers_in_the_ledger_is_refused_with_both_rows_named(database: Database) -> None:
    enter(database, plan_of("张伟"), "区民政局,单位,,,a@example.org\n区社会局,单位,,,b@example.org\n")
    text = "名称,别名,类别,邮箱\n区社会局,区民政局,单位,b@example.org\n"
    with pytest.raises(DirectoryInvalid) as refused:
        read_for(database, plan="云溪", content=text.encode(), filename="名录.csv")
    problem = str(refused.value.fields["problems"])
    assert "第2行（区社会局）" in problem
    assert "区民政局" in problem
    assert "移交" in problem
    with database.read() as session:
        assert session.scalars(select(PartyAlias.name)).all() == []


def test_an_alias_of_another_row_of_the_file_is_refused_with_both_rows_named() -> None:
    text = "名称,别名,类别,邮箱\n区民政局,老民政,单位,a@example.org\n区社会局,老民政,单位,b@example.org\n"
    with pytest.raises(DirectoryInvalid) as refused:
        sheet_of(text)
    assert "第3行（区社会局）：“老民政”与第2行（区民政局）重复" in str(refused.value.fields["problems"])


def test_an_alias_moves_when_its_holder_gives_it_up_in_the_same_file(database: Database) -> None:
    enter(database, plan_of("张伟"), "区民政局,单位,,,a@example.org\n区社会局,单位,,,b@example.org\n")
    first = "名称,别名,类别,邮箱\n区民政局,社会办,单位,a@example.org\n"
    moved = "名称,别名,类别,邮箱\n区民政局,,单位,a@example.org\n区社会局,社会办,单位,b@example.org\n"
    for text in (first, moved):
        sheet = read_for(database, plan="云溪", content=text.encode(), filename="名录.csv")
        update_directory(database, plan="云溪", entries=sheet.entries, actor=OFFICE, now=NOW, dry_run=False)
    with database.read() as session:
        query = select(Party.name).join(PartyAlias, PartyAlias.party_id == Party.id).where(PartyAlias.name == "社会办")
        assert session.scalars(query).all() == ["区社会局"]
