"""The directory of parties: similar names are proposed, never assumed, and a newer directory mends what was unknown."""

from __future__ import annotations

import datetime as dt

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.errors import Forbidden
from duban.reading.directory import DirectoryInvalid, Entry, read_sheet
from duban.reading.reader import read_bytes
from duban.services.accounts import create_user
from duban.services.directory_log import directory_log
from duban.services.directory_update import read_for, update_directory
from duban.services.registration import Intake, OfficeRules, Received, register
from duban.services.single_sign_on import BadAddress, link
from duban.settings import Settings
from models import Anomaly, Event, ItemParty, Party, PartyKind, Role, UserRole
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
    return list(read_sheet(text.encode(), "directory.csv").entries)


@pytest.fixture
def code(database: Database) -> str:
    data = PLAN.encode()
    return register(
        database,
        Received("plan.md", data, read_bytes(data, "plan.md")),
        Intake(
            rules=RULES, actor=OFFICE, as_of=dt.date(2026, 3, 2), now=NOW, directory=directory(FIRST), code="云溪2026"
        ),
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
    assert (done.unknown, done.doubts_settled) == ((), 1)
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


def open_doubts(database: Database) -> list[str]:
    with database.read() as session:
        return list(
            session.scalars(
                select(Anomaly.detail).where(Anomaly.code == "unknown_party", Anomaly.resolved_at.is_(None))
            )
        )


def test_a_doubt_about_a_name_is_gone_once_the_directory_has_it(database: Database, code: str) -> None:
    assert len(open_doubts(database)) == 1
    preview = update_directory(database, plan=code, entries=directory(SECOND), actor=OFFICE, now=NOW, dry_run=True)
    assert (preview.doubts_settled, preview.written, len(open_doubts(database))) == (1, False, 1)
    update_directory(database, plan=code, entries=directory(SECOND), actor=OFFICE, now=NOW, dry_run=False)
    assert open_doubts(database) == []


def test_the_preview_names_what_is_new_changed_ended_absent_and_only_looks_alike(database: Database, code: str) -> None:
    text = (
        "名称,类别,邮箱,失效日期,备注\n陆知衡,领导,lu@example.org,2026-02-01,调离\n"
        "区市场监管分局,单位,fen@example.org,,\n区政府督查室,督查室,,,\n"
    )
    sheet = read_for(database, plan=code, content=text.encode(), filename="d.csv")
    done = update_directory(
        database,
        plan=code,
        entries=sheet.entries,
        actor=OFFICE,
        now=NOW,
        dry_run=True,
        unknown_columns=sheet.unknown_columns,
    )
    changes = {c.name: (c.change.value, [f.field for f in c.fields], c.similar) for c in done.changes}
    assert changes == {
        "陆知衡": ("ended", ["valid_to"], ()),
        "区市场监管分局": ("new", ["kind", "email"], ("区市场监管局",)),
    }
    assert done.absent == ("区市场监管局",)
    assert done.unknown_columns == ("备注",)
    assert [(u.name, u.items) for u in done.unknown] == [("区市场监督管理局", ("1",))]


def test_a_column_that_the_file_lacks_leaves_what_stands_and_an_empty_cell_clears_it(
    database: Database, code: str
) -> None:
    def email_of(name: str) -> str | None:
        with database.read() as session:
            return session.scalars(select(Party.email).where(Party.name == name)).one()

    posts = directory("名称,类别,职务\n陆知衡,领导,副区长\n区政府督查室,督查室,\n")
    update_directory(database, plan=code, entries=posts, actor=OFFICE, now=NOW, dry_run=False)
    assert email_of("陆知衡") == "lu@example.org"
    cleared = directory("名称,类别,邮箱\n陆知衡,领导,\n区政府督查室,督查室,\n")
    update_directory(database, plan=code, entries=cleared, actor=OFFICE, now=NOW, dry_run=False)
    assert email_of("陆知衡") is None
    assert email_of("区政府督查室") == "duban@example.org", "the office always has an address"


def test_a_directory_that_calls_the_office_by_another_name_renames_the_one_there_is(
    database: Database, code: str
) -> None:
    renamed = directory("名称,类别,邮箱\n区委区政府督查室,督查室,new@example.org\n")
    update_directory(database, plan=code, entries=renamed, actor=OFFICE, now=NOW, dry_run=False)
    with database.read() as session:
        offices = session.scalars(select(Party).where(Party.kind == PartyKind.OFFICE)).all()
        assert [(o.name, o.email) for o in offices] == [("区委区政府督查室", "new@example.org")]


def test_rows_may_refer_to_who_stands_already_and_errors_name_their_lines(database: Database, code: str) -> None:
    text = "名称,类别,上级,邮箱\n苏清越,领导,陆知衡,su@example.org\n,单位,,x@a.cn\n区司法局,局,无此人,not-an-address\n"
    with pytest.raises(DirectoryInvalid) as refused:
        read_for(database, plan=code, content=text.encode(), filename="d.csv")
    problems = str(refused.value.fields["problems"]).split("；")
    assert problems == ["第3行：“名称”是空的", "第4行（区司法局）：类别“局”不是领导、单位、集体、督查室、总负责人之一"]
    good = text.partition("\n,单位")[0].encode()
    assert [e.superior for e in read_for(database, plan=code, content=good, filename="d.csv").entries] == ["陆知衡"]


def test_the_log_tells_who_changed_which_column_and_from_which_file(database: Database, code: str) -> None:
    with pytest.raises(Forbidden):
        directory_log(database, plan=code, actor=Actor("旁观者", "viewer"))
    first = directory_log(database, plan=code, actor=OFFICE)
    assert {c.name: c.change for c in first.changes} == dict.fromkeys(("陆知衡", "区市场监管局", "区政府督查室"), "new")
    later = NOW + dt.timedelta(days=3)
    clerk = Actor("李科员", "supervisor")
    given = {"plan": code, "entries": directory(SECOND), "actor": clerk, "now": later, "filename": "名录2.csv"}
    update_directory(database, **given, dry_run=True)  # type: ignore[arg-type]
    assert directory_log(database, plan=code, actor=OFFICE).total == 3
    update_directory(database, **given, dry_run=False)  # type: ignore[arg-type]
    update_directory(database, **given, dry_run=False)  # type: ignore[arg-type]
    log = directory_log(database, plan=code, actor=OFFICE)
    change = log.changes[0]
    assert (log.total, change.name, change.changed_by, change.changed_at) == (4, "区市场监管局", "李科员", later)
    assert change.filename == "名录2.csv"
    assert {f.field: (f.before, f.after) for f in change.fields} == {
        "email": ("shichang@example.org", "new@example.org"),
        "aliases": ("", "区市场监督管理局"),
    }
    found = [directory_log(database, plan=code, actor=OFFICE, q=q).total for q in ("new@example", "李科员", "没有")]
    assert found == [1, 1, 0]


@pytest.mark.parametrize("address", ["li..si@example.org", "lisi@-example.org", "lisi@example.org。"])
def test_an_address_that_no_server_takes_is_refused_with_its_row(address: str) -> None:
    with pytest.raises(DirectoryInvalid) as refused:
        directory(f"名称,类别,邮箱\n李四,领导,{address}\n")
    assert "第2行（李四）" in str(refused.value.fields["problems"])


def test_an_address_of_an_account_or_a_setting_that_no_server_takes_is_refused(sqlite_database: Database) -> None:
    create_user(sqlite_database, name="李四", role=UserRole.VIEWER, now=NOW)
    with pytest.raises(BadAddress):
        link(sqlite_database, name="李四", mail="li..si@example.org")
    for setting in ("office_email", "mail_sender"):
        with pytest.raises(ValidationError):
            Settings.model_validate({setting: "a..b@example.org"})
