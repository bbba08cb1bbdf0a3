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
from duban.services.checks import check
from duban.services.editions import (
    ChangeKind,
    Edition,
    EditionKnown,
    EditionMoved,
    EditionReason,
    apply,
    compare,
    decide,
    discard,
    editions_of,
    receive,
    stored,
)
from duban.services.registration import EditionStands, Intake, OfficeRules, Received, register
from duban.services.resolutions import Edit, resolve
from models import (
    Clock,
    ClockState,
    Document,
    Event,
    Item,
    ItemParty,
    Measure,
    Party,
    Progress,
    ResolutionAction,
    Role,
)
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
        database,
        received(FIRST),
        Intake(rules=RULES, actor=OFFICE, as_of=dt.date(2026, 3, 2), now=NOW, code="云溪2026"),
    ).code


def test_another_edition_is_not_registered_as_if_it_were_new(database: Database, code: str) -> None:
    with pytest.raises(EditionStands, match=code):
        register(database, received(SECOND), Intake(rules=RULES, actor=OFFICE, as_of=dt.date(2026, 3, 2), now=NOW))


def test_the_difference_names_each_item_and_field_and_writes_nothing(database: Database, code: str) -> None:
    found = compare(database, code, received(SECOND))
    changed = {
        c.key: (c.kind, [f.field for f in c.fields] if c.kind is ChangeKind.CHANGED else []) for c in found.changes
    }
    assert changed == {
        "1": (ChangeKind.CHANGED, ["time_limit"]),
        "2": (ChangeKind.CHANGED, ["lead_officials"]),
        "3": (ChangeKind.ADDED, []),
    }
    with database.read() as session:
        assert session.scalars(select(Document.edition)).all() == [1]


def test_only_what_is_accepted_is_applied(database: Database, code: str) -> None:
    done = apply(database, code, received(SECOND), accepted=["1"], actor=OFFICE, now=NOW, reason="区长办公会")
    assert done.applied == ("1",)
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
    apply(database, code, received(SECOND), accepted=None, actor=OFFICE, now=NOW, reason="区长办公会")
    with database.read() as session:
        item = session.scalars(select(Item).where(Item.number == "3")).one()
        assert session.scalars(select(Clock.state).where(Clock.item_id == item.id)).all() == [ClockState.RUNNING]
        assert session.scalars(select(Event.type).where(Event.item_id == item.id)).all() == ["item.assigned"]
        assert session.scalars(select(Document.edition).order_by(Document.edition)).all() == [1, 2]


def test_the_same_edition_again_changes_nothing(database: Database, code: str) -> None:
    apply(database, code, received(SECOND), accepted=None, actor=OFFICE, now=NOW, reason="区长办公会")
    with pytest.raises(EditionKnown):
        apply(database, code, received(SECOND), accepted=None, actor=OFFICE, now=NOW, reason="区长办公会")


def test_an_item_that_the_new_edition_lacks_is_named_and_left_alone(database: Database, code: str) -> None:
    shorter = FIRST[: FIRST.index("**整改事项(2)**")].replace("十分钟", "八分钟")
    found = compare(database, code, received(shorter))
    assert [c.number for c in found.changes if c.kind is ChangeKind.MISSING] == ["2"]
    done = apply(database, code, received(shorter), accepted=None, actor=OFFICE, now=NOW, reason="区长办公会")
    assert done.applied == ("1",)
    with database.read() as session:
        assert session.scalars(select(Item.dropped).where(Item.number == "2")).one() is False


def test_only_the_supervision_office_applies_an_edition(database: Database, code: str) -> None:
    unit = Actor("区热线办", "unit", frozenset({"区热线办"}))
    with pytest.raises(Forbidden):
        apply(database, code, received(SECOND), accepted=None, actor=unit, now=NOW)


def test_the_example_plan_compared_with_itself_under_another_name_changes_nothing(database: Database) -> None:
    data = (Path(ROOT) / "examples" / "plan.md").read_bytes()
    first = Received("plan.md", data, read_bytes(data, "plan.md"))
    done = register(database, first, Intake(rules=RULES, actor=OFFICE, as_of=dt.date(2026, 3, 2), now=NOW))
    again = data + b"\n"
    found = compare(database, done.code, Received("plan.md", again, read_bytes(again, "plan.md")))
    assert found.changes == ()


def texts_of(database: Database) -> dict[str, tuple[str, str | None, bool]]:
    with database.read() as session:
        return {i.number: (i.title, i.time_limit, i.quarantined) for i in session.scalars(select(Item))}


def test_what_nobody_decided_stays_pending_and_is_accepted_later_by_field(database: Database, code: str) -> None:
    apply(database, code, received(SECOND), accepted=["3"], actor=OFFICE, now=NOW)
    open_now = stored(database, code, 2)
    assert {c.key for c in open_now.pending} == {"1", "2"}
    assert [e.pending for e in editions_of(database, code)] == [2, 0]
    assert compare_again(database, code).edition == 2, "the same bytes are the same edition"
    with pytest.raises(EditionReason, match="第2项"):
        decide(database, code, 2, accept=["2::lead_officials"], actor=OFFICE, now=NOW)
    done = decide(
        database, code, 2, accept=["2::lead_officials"], reasons={"2": "分工调整"}, actor=OFFICE, now=NOW,
        digest=open_now.digest,
    )  # fmt: skip
    assert {c.key for c in done.pending} == {"1"}
    with pytest.raises(EditionMoved):
        decide(database, code, 2, accept=["1"], reasons={"": "x"}, actor=OFFICE, now=NOW, digest=open_now.digest)
    with database.read() as session:
        event = session.scalars(select(Event).where(Event.type == "item.edited")).one()
    assert event.reason == "第2版：分工调整"


def compare_again(database: Database, code: str) -> Edition:
    return receive(database, code, received(SECOND), actor=OFFICE, now=NOW)


def test_a_declined_change_is_told_apart_can_be_opened_again_and_comes_not_back_with_the_next_edition(
    database: Database, code: str
) -> None:
    receive(database, code, received(SECOND), actor=OFFICE, now=NOW)
    done = decide(database, code, 2, decline=["2"], reasons={"": "未经批准"}, actor=OFFICE, now=NOW)
    (declined,) = [c for c in done.changes if c.key == "2"]
    assert [(f.accepted, f.reason) for f in declined.fields] == [(False, "未经批准")]
    assert not declined.pending
    third = received(SECOND.replace("十分钟", "八分钟"))
    assert [c.key for c in compare(database, code, third).changes] == ["1", "3"]
    reopened = decide(database, code, 2, reopen=["2"], actor=OFFICE, now=NOW)
    assert "2" in {c.key for c in reopened.pending}
    discard(database, code, 2, actor=OFFICE)
    assert [e.edition for e in editions_of(database, code)] == [1]


def test_an_item_put_in_between_moves_the_numbers_and_is_no_change_of_the_others(database: Database, code: str) -> None:
    between = SECOND[SECOND.index("**整改事项(3)**") :].replace("(3)", "(2)")
    first, second = FIRST.split("**整改事项(2)**")
    moved = received(f"{first}{between}\n**整改事项(3)**{second}")
    found = compare(database, code, moved)
    assert {(c.kind.value, c.number, tuple(f.field for f in c.fields if c.item_id)) for c in found.changes} == {
        ("added", "2", ()),
        ("changed", "3", ("number",)),
    }
    apply(database, code, moved, accepted=None, actor=OFFICE, now=NOW)
    with database.read() as session:
        rows = session.scalars(select(Item).order_by(Item.position)).all()
    assert [(i.number, i.copy, i.title) for i in rows] == [
        ("1", 1, "窗口排队时间长。"),
        ("2", 1, "热线答复简单。"),
        ("3", 1, "检查频次偏多。"),
    ]


def test_a_withdrawn_item_is_taken_out_by_the_rules_of_any_withdrawal(database: Database, code: str) -> None:
    shorter = received(FIRST[: FIRST.index("**整改事项(2)**")])
    found = receive(database, code, shorter, actor=OFFICE, now=NOW)
    (missing,) = found.changes
    with pytest.raises(EditionReason):
        decide(database, code, 2, accept=[missing.key], actor=OFFICE, now=NOW)
    decide(database, code, 2, accept=[missing.key], reasons={missing.key: "并入市级任务"}, actor=OFFICE, now=NOW)
    with database.read() as session:
        item = session.scalars(select(Item).where(Item.number == "2")).one()
        assert (item.state.value, item.outcome) == ("closed", "withdrawn")
        assert not session.scalars(
            select(Clock).where(Clock.item_id == item.id, Clock.state == ClockState.RUNNING)
        ).all()
    assert sound(database)


def test_what_a_person_set_right_is_not_undone_by_an_edition_that_repeats_the_old_text(database: Database) -> None:
    torn = SECOND.replace("**责任单位**:区市场监管局\n", "")
    code = register(
        database, received(torn), Intake(rules=RULES, actor=OFFICE, as_of=dt.date(2026, 3, 2), now=NOW, code="云溪")
    ).code
    with database.read() as session:
        item = session.scalars(select(Item).where(Item.number == "2")).one()
    assert item.quarantined
    edit = Edit(responsible_units=("区市场监管局",))
    resolve(
        database,
        item_id=item.id,
        action=ResolutionAction.EDIT,
        actor=OFFICE,
        reason="x",
        now=NOW,
        edit=edit,
    )
    found = compare(database, code, received(torn.replace("十分钟", "八分钟")))
    assert [(c.key, [f.field for f in c.fields]) for c in found.changes] == [("1", ["goal"])]
    assert found.kept == 1
    with_unit = compare(database, code, received(SECOND.replace("区市场监管局", "区司法局")))
    assert [(c.key, [(f.before, f.after) for f in c.fields]) for c in with_unit.changes] == [
        ("2", [(["区市场监管局"], ["区司法局"])])
    ]


def test_an_added_item_whose_reading_is_doubted_waits_in_quarantine(database: Database, code: str) -> None:
    torn = received(SECOND.replace("**责任单位**:区热线办\n", ""))
    found = compare(database, code, torn)
    (added,) = [c for c in found.changes if c.kind is ChangeKind.ADDED]
    assert added.doubts
    apply(database, code, torn, accepted=["3"], actor=OFFICE, now=NOW)
    assert texts_of(database)["3"][2]
    assert sound(database)


def test_a_reworded_measure_keeps_what_was_reported_on_it(database: Database, code: str) -> None:
    with database.write() as session:
        measure = session.scalars(select(Measure).where(Measure.text.contains("综合窗口"))).one()
        measure.progress, measure.reported_by, measure.done_on = Progress.DONE, "张", dt.date(2026, 4, 1)
    apply(
        database,
        code,
        received(FIRST.replace("增设综合窗口", "增设两个综合窗口")),
        accepted=None,
        actor=OFFICE,
        now=NOW,
    )
    with database.read() as session:
        after = session.scalars(select(Measure).where(Measure.item_id == measure.item_id)).all()
    assert [(m.text, m.progress) for m in after] == [("增设两个综合窗口。", Progress.DONE)]


def sound(database: Database) -> bool:
    return [f.code for f in check(database, now=NOW) if f.count] == []
