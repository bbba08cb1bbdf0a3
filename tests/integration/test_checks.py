"""`duban check` and `duban audit`: silent on a sound ledger, and each defect found that a hand in it makes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from duban.adapters.database import Database
from duban.cli.main import cli
from duban.errors import NotFound
from duban.services import audit
from duban.services.audit_export import ExportUnreadable, export, verify_export
from duban.services.audit_log import sealed
from duban.services.checks import INVARIANTS, check
from duban.services.resolutions import Edit, resolve, undo
from models import Clock, Event, Item, Resolution, ResolutionAction

from .conftest import DOUBT, DUE
from .ledger import CLERK, EVIDENCE, NOW, World, a_world, an_item, due

LATER = dt.datetime(2026, 7, 14, tzinfo=dt.UTC)


def broken(database: Database) -> dict[str, int]:
    return {f.code: f.count for f in check(database, now=LATER, evidence=EVIDENCE) if f.count}


def test_a_sound_ledger_has_no_defect_and_every_invariant_is_counted(world: World) -> None:
    found = check(world.database, now=LATER, evidence=EVIDENCE)
    assert {f.code: (f.count, f.examples) for f in found} == dict.fromkeys([*INVARIANTS, "event_chain_broken"], (0, ()))
    assert all(f.holds for f in found)


#: What a hand in the database does, and the invariant that notices. {1} is the id of item 1, and so on.
HANDS = {
    "open_clock_on_closed_item": (
        "UPDATE clock SET state = 'running', ended_at = NULL WHERE item_id = {1} AND kind = 'limit'"
    ),
    "clock_on_quarantined_item": "UPDATE clock SET item_id = {6} WHERE item_id = {2}",
    "clock_of_done_milestone": "UPDATE milestone SET done = true WHERE item_id = {3}",
    "milestone_without_clock": (
        "UPDATE clock SET state = 'cancelled', ended_at = '2026-07-13', next_rung_on = NULL "
        "WHERE item_id = {3} AND kind = 'limit'"
    ),
    "due_date_out_of_line": "UPDATE item SET due_on = '2027-01-01' WHERE id = {3}",
    "clock_date_out_of_line": ("UPDATE clock SET due_on = '2026-12-31' WHERE item_id = {3} AND kind = 'limit'"),
    "clock_passed_over": "UPDATE clock SET next_rung_on = '2026-07-01' WHERE item_id = {3} AND kind = 'limit'",
    "rung_without_notice_or_reason": (
        "DELETE FROM notice_recipient WHERE notice_id = (SELECT max(notice_id) FROM rung_fired)"
    ),
    "notice_without_reader": ("DELETE FROM notice_recipient WHERE notice_id = (SELECT max(notice_id) FROM rung_fired)"),
    "receipt_without_clock": (
        "UPDATE clock SET recipient_id = (SELECT min(id) FROM notice_recipient) "
        "WHERE id = (SELECT max(id) FROM clock WHERE item_id = {3} AND kind = 'acknowledge')"
    ),
    "clock_of_settled_receipt": (
        "UPDATE notice_recipient SET excused_at = '2026-07-13', excused_why = '已不再负责本事项' "
        "WHERE id = (SELECT max(recipient_id) FROM clock WHERE item_id = {3})"
    ),
    "numbering_gap": "UPDATE notice SET number = number + 5 WHERE series = '督办' AND item_id = {3}",
    "notice_left_behind": (
        "UPDATE notice_recipient SET delivery_id = NULL WHERE id = (SELECT min(id) FROM notice_recipient)"
    ),
    "delivery_stuck": (
        "UPDATE delivery SET status = 'sending', sent_at = NULL, sending_until = '2026-07-13 01:00:00' "
        "WHERE id = (SELECT min(id) FROM delivery)"
    ),
    "delivery_astray": ("UPDATE delivery SET address = 'wrong@example.org' WHERE id = (SELECT min(id) FROM delivery)"),
    "delivery_of_nothing": (
        "UPDATE notice_recipient SET delivery_id = (SELECT max(id) FROM delivery) "
        "WHERE delivery_id = (SELECT min(id) FROM delivery)"
    ),
    "plan_without_office": "UPDATE party SET email = NULL WHERE kind = 'office'",
    "quarantine_without_doubt": "UPDATE anomaly SET blocks = false WHERE item_id = {6}",
    "doubt_without_quarantine": "UPDATE item SET quarantined = false WHERE id = {6}",
    "document_changed": "UPDATE document SET size = size + 1",
    "evidence_damaged": f"UPDATE evidence SET sha256 = '{'0' * 64}' WHERE id = (SELECT min(id) FROM evidence)",
    "event_chain_broken": "UPDATE item SET state = 'assigned' WHERE id = {3}",
}


@pytest.mark.parametrize("code", HANDS)
def test_what_a_hand_in_the_database_breaks_is_counted_with_its_place(world: World, code: str) -> None:
    with world.database.write() as session:
        session.execute(text(HANDS[code].format(None, *(world.ids[str(n)] for n in range(1, 7)))))
    found = next(f for f in check(world.database, now=LATER, evidence=EVIDENCE) if f.code == code)
    assert found.count >= 1
    assert found.examples


def test_a_row_that_belongs_to_another_plan_is_counted(world: World) -> None:
    other = a_world(world.database, an_item("1", long_term=True), as_of=dt.date(2026, 7, 14))
    with world.database.write() as session:
        session.execute(text(f"UPDATE clock SET plan_id = {world.plan.plan_id} WHERE plan_id = {other.plan.plan_id}"))
    assert broken(world.database) == {"row_of_another_plan": 1}


def test_every_invariant_has_a_hand_that_breaks_it() -> None:
    elsewhere = {"row_of_another_plan", "evidence_orphan", "guard_missing"}  # test_evidence, test_guards
    assert set(HANDS) | elsewhere == {*INVARIANTS, "event_chain_broken"}


# -- the log -----------------------------------------------------------------------------------------------------


def without_triggers(database: Database, *statements: str) -> None:
    """What somebody does who holds the database's password: the triggers go first."""
    drop = (
        ("DROP TRIGGER event_no_update", "DROP TRIGGER event_no_delete")
        if database.is_sqlite
        else ("DROP TRIGGER event_append_only ON event",)
    )
    with database.write() as session:
        for statement in (*drop, *statements):
            session.execute(text(statement))


def test_an_untouched_log_verifies_with_its_anchors(world: World) -> None:
    found = audit.verify(world.database)
    assert (found.ok, found.anchors, found.items) == (True, 2, 7)
    assert found.events == world.count(Event)
    assert found.last_anchor_on == dt.date(2026, 7, 13)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE event SET reason = '另一个理由' WHERE id = 9", "its content was changed"),
        ("UPDATE event SET actor = '别人' WHERE id = 1", "its content was changed"),
        ("UPDATE event SET occurred_at = '2020-01-01' WHERE id = 5", "its content was changed"),
        ("DELETE FROM event WHERE item_id = {1} AND seq = 2", "number 2 is missing"),
        ("DELETE FROM event WHERE item_id = {2}", "it has no event at all"),
        ("UPDATE anchor SET events = events - 1 WHERE id = 1", "anchor of 2026-07-08 over"),
        ("UPDATE anchor SET hash = (SELECT hash FROM anchor WHERE id = 2) WHERE id = 1", "no longer end"),
    ],
)
def test_whoever_changes_the_log_is_found_out(world: World, statement: str, said: str) -> None:
    without_triggers(world.database, statement.format(None, *(world.ids[str(n)] for n in range(1, 7))))
    found = audit.verify(world.database)
    assert not found.ok
    assert any(said in d for d in found.defects), found.defects


def test_cutting_the_end_off_a_chain_shows_at_the_next_anchor_and_at_the_item(world: World) -> None:
    last = max(e.seq for e in world.events("3"))
    without_triggers(world.database, f"DELETE FROM event WHERE item_id = {world.ids['3']} AND seq = {last}")
    found = audit.verify(world.database)
    assert any(d.startswith("anchor of 2026-07-13") for d in found.defects)


def test_a_forger_who_seals_everything_anew_is_found_out_by_the_anchors(world: World) -> None:
    """Whoever can write the table can also compute hashes: what was anchored does not fit any more."""
    from dataclasses import replace

    from duban.domain.events import chain_hash

    events = world.events("3")
    statements, previous = [], ""
    for event in events:
        forged = replace(sealed(event), actor="别人", previous_hash=previous)
        previous = chain_hash(forged)
        statements.append(
            f"UPDATE event SET actor = '别人', previous_hash = '{forged.previous_hash}', hash = '{previous}' "
            f"WHERE id = {event.id}"
        )
    without_triggers(world.database, *statements)
    found = audit.verify(world.database)
    assert found.defects
    assert {d.split()[0] for d in found.defects} == {"anchor", "guard"}


def test_an_exported_log_verifies_by_itself_and_not_once_it_was_touched(world: World) -> None:
    lines = [json.dumps(row, ensure_ascii=False) for row in export(world.database)]
    found = verify_export(lines, "log.jsonl")
    assert (found.ok, found.events, found.items, found.anchors) == (True, world.count(Event), 7, 2)
    touched = [line.replace("督查员甲", "督查员丙") for line in lines]
    assert not verify_export(touched, "log.jsonl").ok
    shorter = [line for n, line in enumerate(lines) if n != 2]
    assert not verify_export(shorter, "log.jsonl").ok


def test_an_export_of_one_plan_holds_only_its_items(world: World) -> None:
    other = a_world(world.database, an_item("1"))
    rows = [r for r in export(world.database, other.plan.code) if "event" in r]
    assert {(r["plan"], r["number"]) for r in rows} == {(other.plan.code, "1")}
    with pytest.raises(NotFound):
        list(export(world.database, "没有这个方案"))


@pytest.mark.parametrize("lines", [[], ["{}"], ["[1]"], ["不是"], ['{"format": "duban-audit-2"}'], ['{"format": "x"}']])
def test_what_is_no_export_is_refused(lines: list[str]) -> None:
    with pytest.raises(ExportUnreadable):
        verify_export(lines, "log.jsonl")


# -- decisions about the quarantine keep the ledger sound --------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "edit"),
    [
        (ResolutionAction.KEEP, Edit()),
        (ResolutionAction.EDIT, Edit(time_limit="2026年9月底前完成", title="改过的标题")),
        (ResolutionAction.EDIT, Edit(measures=("甲", "乙"))),
        (ResolutionAction.DROP, Edit()),
    ],
)
def test_a_resolution_and_its_undo_leave_a_sound_ledger(
    database: Database, action: ResolutionAction, edit: Edit
) -> None:
    from duban.domain.lifecycle import State

    item = an_item("6", State.ASSIGNED, **due(DUE), children=[an_item("6.1", **due(DUE))])
    world = a_world(database, an_item("1"), item, doubts=[DOUBT])
    before = [(i.state, i.quarantined, i.dropped, i.title, i.due_on) for i in world.all(Item)]
    resolve(database, item_id=world.ids["6"], action=action, actor=CLERK, reason="核对原文", now=NOW, edit=edit)
    assert broken(database) == {}
    assert world.item("6").quarantined is False
    (row,) = world.all(Resolution)
    undo(database, resolution_id=row.id, actor=CLERK, now=NOW)
    assert broken(database) == {}
    assert [(i.state, i.quarantined, i.dropped, i.title, i.due_on) for i in world.all(Item)] == before
    assert world.count(Clock, Clock.ended_at.is_(None)) == 0


def test_a_decision_is_not_undone_over_work_that_was_reported_since(database: Database) -> None:
    from duban.services.resolutions import ResolutionRefused

    world = a_world(database, an_item("6"), doubts=[DOUBT])
    resolve(database, item_id=world.ids["6"], action=ResolutionAction.KEEP, actor=CLERK, reason="核对", now=NOW)
    world.hand_in("6")
    with pytest.raises(ResolutionRefused):
        undo(database, resolution_id=world.all(Resolution)[0].id, actor=CLERK, now=NOW)
    assert world.item("6").quarantined is False


# -- at the keyboard ---------------------------------------------------------------------------------------------


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    """`duban …` against the ledger of this test: exit code, standard output, standard error."""
    monkeypatch.setenv("DUBAN_DATA_DIR", str(tmp_path / "data"))  # not the witness of whoever ran duban here
    monkeypatch.setenv("DUBAN_DATABASE_URL", world.database.url)
    monkeypatch.setenv("DUBAN_EVIDENCE_DIR", str(EVIDENCE.root))

    def call(*words: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(cli, words)
        return done.exit_code, done.stdout, done.stderr

    return call


def test_check_ends_well_on_a_sound_ledger_and_fails_on_a_defect(
    world: World, run: Callable[..., tuple[int, str, str]]
) -> None:
    code, out, err = run("check")
    assert (code, err) == (0, "")
    assert all(name in out for name in INVARIANTS)
    with world.database.write() as session:
        session.execute(text("UPDATE item SET due_on = '2027-01-01' WHERE state = 'ongoing'"))
    code, _, err = run("check")
    assert code == 1
    assert "due_date_out_of_line" in err
    code, out, _ = run("check", "--json")
    found = json.loads(out)
    assert (code, found["ok"]) == (1, False)
    assert found["defects"] == sum(i["count"] for i in found["invariants"]) > 0


def test_audit_verifies_and_exports_at_the_keyboard(
    world: World, run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    file = tmp_path / "日志.jsonl"
    assert run("audit", "verify")[0] == 0
    assert json.loads(run("audit", "verify", "--json")[1])["ok"] is True
    assert run("audit", "export", "--output", str(file))[0] == 0
    assert run("audit", "verify", "--file", str(file))[0] == 0
    code, out, _ = run("audit", "export", "--plan", world.plan.code)
    assert code == 0
    assert json.loads(out.splitlines()[0])["format"] == "duban-audit-2"
    assert run("audit", "export", "--output", str(file))[0] != 0, "a file that stands there is not overwritten"
    file.write_text(file.read_text(encoding="utf-8").replace("督查员甲", "督查员丙"), encoding="utf-8")
    code, _, err = run("audit", "verify", "--file", str(file))
    assert code == 1
    assert "its content was changed" in err
