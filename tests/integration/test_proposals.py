"""Sheets that wait for an approval: 通报 to every unit of the plan, 约谈 after the plan head's word; or they lapse."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.errors import Forbidden, NotFound
from duban.reading.directory import Entry
from duban.services.checks import check
from duban.services.clock_changes import pause_clock
from duban.services.extensions import ask, decide
from duban.services.proposals import ProposalRefused, Talk, decide_proposal, record_talk
from duban.services.queries.explain import explain_item
from duban.services.queries.notices import NoticeFilter, list_notices
from duban.services.queries.proposals import list_proposals
from duban.services.queries.scope import WHOLE, Scope
from duban.services.queries.todo import todo
from models import (
    Approval,
    ApprovalOutcome,
    Clock,
    ClockKind,
    ClockState,
    Milestone,
    Notice,
    NoticeRecipient,
    RungFired,
    UserRole,
)
from tests.integration.ledger import CLERK, DIRECTORY, LEAD, UNIT, Watch, World, a_night, a_world, an_item, due
from tests.integration.nights import DUE, RUNGS, mails, text_of

HEAD = Actor("程远舟", "lead", frozenset({"程远舟"}))
TALK_DAY = dt.date(2026, 8, 5)


def at(day: dt.date, hour: int = 10) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour), dt.timezone(dt.timedelta(hours=8))).astimezone(dt.UTC)


def talk(day: dt.date = TALK_DAY) -> Talk:
    return Talk(at(day, 15), "区政府3号楼201会议室", "程远舟")


def after(database: Database, folder: Path, rung: str, **fields: object) -> World:
    """Two items of two units; every night of the first one's rungs up to this one."""
    other = an_item("2", responsible_units=["区教育局"], lead_officials=["沈予安"])
    world = a_world(database, an_item(**due(DUE)), other, **fields)  # type: ignore[arg-type]
    for key, day in RUNGS.items():
        a_night(database, folder, day)
        if key == rung:
            break
    return world


def sheet(world: World, kind: str) -> Notice:
    (found,) = world.all(Notice, Notice.kind == kind)
    assert isinstance(found, Notice)
    return found


def readers(world: World, notice: Notice) -> dict[str, str]:
    return {r.address: r.role for r in world.all(NoticeRecipient, NoticeRecipient.notice_id == notice.id)}


def test_a_circular_waits_without_number_or_reader_until_the_office_lets_it_go(
    database: Database, tmp_path: Path
) -> None:
    world = after(database, tmp_path / "a", "circulate_11")
    waiting = sheet(world, "circulate")
    assert (waiting.number, waiting.series, readers(world, waiting)) == (None, None, {})
    assert not any("通报" in text_of(m) for m in mails(tmp_path / "a") if "逾期11" in text_of(m))
    office, unit = Scope(UserRole.SUPERVISOR), Scope(UserRole.UNIT, UNIT.parties)
    assert [(p.kind, p.may_decide) for p in list_proposals(database, scope=office)] == [("circulate", True)]
    assert [p.kind for p in todo(database, scope=office, as_of=RUNGS["circulate_11"]).proposals] == ["circulate"]
    assert list_proposals(database, scope=unit) == ()
    assert waiting.id not in [n.id for n in list_notices(database, scope=unit, where=NoticeFilter()).notices]
    a_night(database, tmp_path / "b", dt.date(2026, 7, 16))
    assert next(r for r in world.all(RungFired) if r.rung == "circulate_11").notice_id == waiting.id, "fired once"
    assert len(world.all(Approval)) == 1
    ladder = explain_item(database, item_id=world.ids["1"], scope=WHOLE, as_of=dt.date(2026, 7, 16)).clocks[0].ladder
    assert any("待督查室批准" in line for line in ladder)
    assert [c.code for c in check(database, now=at(dt.date(2026, 7, 16))) if c.count] == []

    done = decide_proposal(database, notice_id=waiting.id, approved=True, actor=CLERK, now=at(dt.date(2026, 7, 17)))
    assert (done.outcome, done.reference) == (ApprovalOutcome.APPROVED, "督通〔2026〕1号")
    sent = sheet(world, "circulate")
    assert sent.as_of == dt.date(2026, 7, 17), "dated the day of the approval"
    a_night(database, tmp_path / "c", dt.date(2026, 7, 20))
    assert readers(world, sent) == {
        "zhujian@example.org": "to",
        "jiaoyu@example.org": "to",
        "han@example.org": "cc",
        "cheng@example.org": "cc",
        "ducha@example.org": "cc",
    }
    (to_other,) = [m for m in mails(tmp_path / "c") if m["To"].addresses[0].addr_spec == "jiaoyu@example.org"]
    said = text_of(to_other)
    assert "事项1" in said
    assert "区住建局要查明逾期原因" in said
    assert "引以为戒" not in said
    assert [e.type for e in world.events() if e.type.startswith("proposal")] == ["proposal.approved"]


def test_who_may_not_decide_is_refused_and_a_refusal_gives_its_reason(database: Database, tmp_path: Path) -> None:
    world = after(database, tmp_path, "circulate_11")
    waiting, now = sheet(world, "circulate"), at(dt.date(2026, 7, 16))
    for actor in (UNIT, LEAD, HEAD):
        with pytest.raises(Forbidden):
            decide_proposal(database, notice_id=waiting.id, approved=True, actor=actor, now=now)
    with pytest.raises(ProposalRefused):
        decide_proposal(database, notice_id=waiting.id, approved=False, actor=CLERK, now=now)
    with pytest.raises(NotFound):
        decide_proposal(database, notice_id=sheet(world, "supervise").id, approved=True, actor=CLERK, now=now)
    decide_proposal(database, notice_id=waiting.id, approved=False, actor=CLERK, now=now, reason="已约定月底完成")
    with pytest.raises(ProposalRefused):
        decide_proposal(database, notice_id=waiting.id, approved=True, actor=CLERK, now=now)
    kept = sheet(world, "circulate")
    assert (kept.number, kept.withdrawn_reason, kept.withdrawn_by) == (None, "已约定月底完成", CLERK.name)
    assert world.events()[-1].type == "proposal.refused"
    a_night(database, tmp_path / "later", RUNGS["summon_21"])
    assert "summon_21" in [r.rung for r in world.all(RungFired)], "the next rung comes all the same"


def test_what_no_longer_holds_lapses_with_the_reason(database: Database, tmp_path: Path) -> None:
    world = after(database, tmp_path, "circulate_11")
    waiting = sheet(world, "circulate")
    world.move("withdraw", now=at(dt.date(2026, 7, 16)))
    done = decide_proposal(database, notice_id=waiting.id, approved=True, actor=CLERK, now=at(dt.date(2026, 7, 17)))
    assert (done.outcome, done.reference) == (ApprovalOutcome.LAPSED, None)
    assert "已销号" in done.reason
    assert readers(world, sheet(world, "circulate")) == {}


def test_a_moved_limit_lapses_the_proposal_at_night_and_the_new_limit_proposes_its_own(
    database: Database, tmp_path: Path
) -> None:
    world = a_world(database, an_item(**due(DUE)))
    (clock,) = world.of(Clock)
    asked = ask(
        database,
        clock_id=clock.id,
        until_on=dt.date(2026, 8, 31),
        reason="客观原因",
        progress="过半",
        actor=UNIT,
        expected_version=None,
        now=at(dt.date(2026, 6, 29)),
    )
    for day in RUNGS.values():
        if day <= RUNGS["circulate_11"]:
            a_night(database, tmp_path, day)
    decide(database, extension_id=asked, granted=True, actor=CLERK, now=at(dt.date(2026, 7, 16)))
    a_night(database, tmp_path, dt.date(2026, 7, 17))
    (approval,) = world.all(Approval)
    assert (approval.outcome, approval.reason) == (ApprovalOutcome.LAPSED, "该事项时限已变更，按新时限办理")
    new = max(world.of(Clock), key=lambda c: c.id if c.kind is ClockKind.LIMIT else 0)
    carried = {r.rung for r in world.all(RungFired, RungFired.clock_id == new.id)}
    assert "circulate_11" not in carried
    a_night(database, tmp_path, dt.date(2026, 9, 15))
    assert "circulate_11" in {r.rung for r in world.all(RungFired, RungFired.clock_id == new.id)}
    assert [a.outcome for a in world.all(Approval)] == [ApprovalOutcome.LAPSED, None]


def test_a_summons_is_put_to_the_plan_head_and_goes_out_with_time_place_and_speaker(
    database: Database, tmp_path: Path
) -> None:
    world = after(database, tmp_path / "a", "summon_21")
    waiting, memo = sheet(world, "summon"), sheet(world, "propose")
    assert (waiting.number, readers(world, waiting)) == (None, {})
    assert readers(world, memo) == {"cheng@example.org": "to"}
    (put,) = [m for m in mails(tmp_path / "a") if "呈批" in m["Subject"]]
    assert put["To"].addresses[0].addr_spec == "cheng@example.org"
    assert "韩望舒（副区长）" in text_of(put)
    now = at(dt.date(2026, 7, 30))
    with pytest.raises(Forbidden):
        decide_proposal(database, notice_id=waiting.id, approved=True, actor=CLERK, now=now, talk=talk())
    with pytest.raises(ProposalRefused):
        decide_proposal(database, notice_id=waiting.id, approved=True, actor=HEAD, now=now)
    with pytest.raises(ProposalRefused):
        decide_proposal(
            database, notice_id=waiting.id, approved=True, actor=HEAD, now=now, talk=talk(dt.date(2026, 7, 29))
        )
    done = decide_proposal(database, notice_id=waiting.id, approved=True, actor=HEAD, now=now, talk=talk())
    assert done.reference == "督约〔2026〕1号"
    a_night(database, tmp_path / "b", dt.date(2026, 7, 31))
    assert readers(world, sheet(world, "summon")) == {
        "zhujian@example.org": "to",
        "han@example.org": "to",
        "ducha@example.org": "cc",
    }
    said = [text_of(m) for m in mails(tmp_path / "b") if "约谈" in m["Subject"]]
    assert len(said) == 3
    assert all("2026年8月5日15时" in s and "区政府3号楼201会议室" in s and "程远舟" in s for s in said)

    with pytest.raises(ProposalRefused):
        record_talk(database, notice_id=waiting.id, promised="月底完成", promised_on=None, actor=CLERK, now=now)
    promised_on, held = dt.date(2026, 8, 29), at(TALK_DAY, 17)
    with pytest.raises(Forbidden):
        record_talk(database, notice_id=waiting.id, promised="完成", promised_on=promised_on, actor=UNIT, now=held)
    record_talk(database, notice_id=waiting.id, promised="完成全部点位", promised_on=promised_on, actor=CLERK, now=held)
    part = world.of(Milestone)[-1]
    assert (part.text, part.due_on, part.rolled_due_on) == (
        "约谈承诺：完成全部点位",
        promised_on,
        dt.date(2026, 8, 31),
    )
    (running,) = [c for c in world.of(Clock) if c.milestone_id == part.id]
    assert (running.state, running.due_on) == (ClockState.RUNNING, dt.date(2026, 8, 31))
    assert world.events()[-1].type == "talk.recorded"


def test_nobody_proposes_to_summon_a_lead_who_left(database: Database, tmp_path: Path) -> None:
    gone = Entry(4, "韩望舒", "person", ["望舒"], post="副区长", email="han@example.org", valid_to=dt.date(2026, 7, 20))
    directory = [gone if e.name == "韩望舒" else e for e in DIRECTORY]
    world = after(database, tmp_path / "a", "summon_21", directory=directory)
    (put,) = [m for m in mails(tmp_path / "a") if "呈批" in m["Subject"]]
    assert "韩望舒" not in text_of(put)
    waiting = sheet(world, "summon")
    decide_proposal(
        database, notice_id=waiting.id, approved=True, actor=HEAD, now=at(dt.date(2026, 7, 30)), talk=talk()
    )
    sent = sheet(world, "summon")
    assert readers(world, sent) == {"zhujian@example.org": "to", "ducha@example.org": "cc"}
    assert sent.context["talk"]["leads"] is False


def test_a_paused_limit_does_not_lapse_what_was_proposed_before(database: Database, tmp_path: Path) -> None:
    world = after(database, tmp_path, "circulate_11")
    (clock,) = [c for c in world.of(Clock) if c.kind is ClockKind.LIMIT]
    now = at(dt.date(2026, 7, 16))
    pause_clock(database, clock_id=clock.id, reason="等候", actor=CLERK, expected_version=None, now=now)
    done = decide_proposal(database, notice_id=sheet(world, "circulate").id, approved=True, actor=CLERK, now=now)
    assert done.outcome is ApprovalOutcome.APPROVED


def test_a_memo_bears_the_date_of_its_night_however_late_that_night_is_run(database: Database, tmp_path: Path) -> None:
    world = a_world(database, an_item(**due(DUE)))
    for day in list(RUNGS.values())[:-1]:
        a_night(database, tmp_path, day)
    last = list(RUNGS.values())[-1]
    a_night(database, tmp_path, last, Watch(last + dt.timedelta(days=100)))
    (memo,) = world.all(Notice, Notice.kind == "propose")
    assert memo.as_of == last
