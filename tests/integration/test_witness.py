"""A hand that takes the guards away, changes what it likes, and puts every guard back word by word: it is found out.

By the seals, by the anchors, by the rows; and where the end of the log or the whole database was exchanged, by what the
witness noted outside of it.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import make_url, text

from duban.adapters import guards
from duban.adapters.database import Database
from duban.cli.main import cli
from duban.services import audit
from duban.services.audit_export import export, marks_of, verify_export
from duban.services.audit_log import Verified
from duban.services.seal import anchor
from duban.services.witness import Witness, WitnessUnreadable
from models import Event

from .ledger import NOW, TODAY, World, a_world, an_item

LATER = NOW + dt.timedelta(hours=1)


@contextmanager
def hand(world: World) -> Iterator[Any]:
    """The driver's own connection, which leaves the triggers as they were before, to the letter."""
    if world.database.is_sqlite:
        connection: Any = sqlite3.connect(str(make_url(world.database.url).database), isolation_level=None)
        kept = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        before = [f"DROP TRIGGER {name}" for name, _ in kept]
        after = [statement for _, statement in kept]
    else:
        connection = psycopg.connect(world.database.url.replace("+psycopg", ""), autocommit=True)
        before, after = ["SET session_replication_role = replica"], []  # what a superuser may: no trigger fires
    with closing(connection):
        for statement in before:
            connection.execute(statement)
        yield connection
        for statement in after:
            connection.execute(statement)
    with world.database.read() as session:
        assert guards.missing(session.connection()) == []


@pytest.fixture
def seen(world: World, tmp_path: Path) -> Witness:
    """The ledger after some more work, a night's anchor and a look of the witness."""
    world.move("withdraw", "3", reason="另作处理")
    with world.database.write() as session:
        anchor(session, TODAY, LATER)
    witness = Witness(tmp_path / "witness")
    assert witness.look(world.database, LATER) > 3
    return witness


def verified(world: World, witness: Witness) -> Verified:
    return audit.verify(world.database, marks=witness.marks())


def said(world: World, witness: Witness, *words: str) -> None:
    found = verified(world, witness)
    for word in words:
        assert any(word in defect for defect in found.defects), found.defects


def test_an_untouched_ledger_fits_what_the_witness_saw(world: World, seen: Witness) -> None:
    found = verified(world, seen)
    assert (found.ok, found.anchors) == (True, 3)
    assert found.marks >= found.anchors + found.items
    assert found.last_mark_at == LATER
    assert seen.look(world.database, LATER) == 0  # nothing new, nothing noted


HANDS: dict[str, tuple[tuple[str, ...], str]] = {
    "an event is changed": (("UPDATE event SET reason = '另一个理由' WHERE id = 3",), "its content was changed"),
    "an event moves to another item": (
        ("UPDATE event SET item_id = {2}, seq = 90, previous_hash = hash WHERE item_id = {4} AND seq = 1",),
        "item {2}, event 90",
    ),
    "the first event goes": (("DELETE FROM event WHERE id = 1",), "is missing before it"),
    "two events are exchanged": (
        (
            "UPDATE event SET seq = 900, previous_hash = hash WHERE item_id = {4} AND seq = 1",
            "UPDATE event SET seq = 1, previous_hash = '' WHERE item_id = {4} AND seq = 2",
            "UPDATE event SET seq = 2 WHERE item_id = {4} AND seq = 900",
        ),
        "it is not sealed onto the event before it",
    ),
    "an event is put in": (
        (
            "INSERT INTO event (id, item_id, seq, type, actor, source, occurred_at, recorded_at, reason, payload, "
            "previous_hash, hash) SELECT 9000, item_id, seq + 1, type, '别人', source, occurred_at, recorded_at, "
            "reason, payload, hash, hash FROM event WHERE item_id = {4} ORDER BY seq DESC LIMIT 1",
        ),
        "its content was changed",
    ),
    "an item is struck off by hand": (
        ("UPDATE item SET state = 'closed', closed_at = updated_at, outcome = 'rectified' WHERE id = {2}",),
        "it stands at closed",
    ),
    "an item is taken out": (("DELETE FROM item WHERE id = {5}",), "the log tells of it, and it is gone"),
    "the last anchor goes": (("DELETE FROM anchor WHERE id = (SELECT max(id) FROM anchor)",), "the anchor over event"),
    "an anchor in between goes": (("DELETE FROM anchor WHERE id = 2",), "the chains no longer end"),
    "the whole log goes": (("DELETE FROM event", "DELETE FROM anchor"), "it has no event at all"),
}


@pytest.mark.parametrize("what", HANDS)
def test_what_a_hand_does_behind_the_guards_is_found_out(world: World, seen: Witness, what: str) -> None:
    statements, words = HANDS[what]
    ids = (None, *(world.ids[str(n)] for n in range(1, 7)))
    with hand(world) as connection:
        for statement in statements:
            connection.execute(statement.format(*ids))
    said(world, seen, words.format(*ids))


def test_a_tail_cut_off_to_the_last_trace_is_seen_by_the_witness_alone(world: World, seen: Witness) -> None:
    """The newest event, the anchor over it, and the item set back: the ledger agrees with itself, and yet."""
    last = world.events("3")[-1]
    with hand(world) as connection:
        _cut(connection, world)
    assert audit.verify(world.database).ok
    said(
        world,
        seen,
        f"item {world.ids['3']}: its event {last.seq} stood here at 2026-07-13 02:00 UTC",
        "the anchor over",
    )
    assert seen.look(world.database, LATER) >= 0  # the witness goes on, and forgets nothing
    assert not verified(world, seen).ok


def _cut(connection: Any, world: World) -> None:
    """The withdrawal of item 3 never was."""
    item = world.ids["3"]
    last = connection.execute(f"SELECT max(id) FROM event WHERE item_id = {item}").fetchone()[0]
    connection.execute(f"DELETE FROM anchor WHERE last_event_id >= {last}")
    connection.execute(f"DELETE FROM event WHERE id = {last}")
    back = "state = 'ongoing', closed_at = NULL, outcome = NULL, version = version - 1"
    connection.execute(f"UPDATE item SET {back} WHERE id = {item}")


def test_a_log_sealed_anew_after_the_cut_is_another_one(world: World, seen: Witness) -> None:
    with hand(world) as connection:
        _cut(connection, world)
    world.move("withdraw", "3", reason="从未有过的理由")
    with world.database.write() as session:
        anchor(session, TODAY, LATER)
    assert audit.verify(world.database).ok
    said(world, seen, "it is another one than stood here at 2026-07-13 02:00 UTC (witness-2026-07.jsonl)")


def test_an_older_copy_of_the_whole_database_is_seen_for_what_it_is(world: World, tmp_path: Path) -> None:
    witness = Witness(tmp_path / "witness")
    copy = _copy(world, tmp_path)
    world.move("withdraw", "3", reason="另作处理")
    witness.look(world.database, LATER)
    assert audit.verify(world.database, marks=witness.marks()).ok
    old = copy()
    try:
        assert audit.verify(old).ok  # as sound as it was that day
        defects = audit.verify(old, marks=witness.marks()).defects
        assert defects
        assert all("is gone: the log was cut, or the ledger is an older copy" in d for d in defects)
        witness.begin_anew(LATER)  # it was meant: the restore is logged, and the notes begin again
        witness.look(old, LATER)
        assert audit.verify(old, marks=witness.marks()).ok
        assert len(list(witness.root.glob("until-*/witness-*.jsonl"))) == 1
    finally:
        old.dispose()


def _copy(world: World, tmp_path: Path) -> Callable[[], Database]:
    """The database as it is now, to be opened in place of the present one."""
    if world.database.is_sqlite:
        path = tmp_path / "old.db"
        with closing(sqlite3.connect(str(make_url(world.database.url).database))) as connection:
            connection.execute(f"VACUUM INTO '{path}'")
        return lambda: Database(f"sqlite:///{path}")
    url = make_url(world.database.url)
    name = f"{url.database}_old"
    world.database.dispose()
    admin = Database(url.set(database="postgres").render_as_string(hide_password=False))
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {url.database}"))
    admin.dispose()
    return lambda: Database(url.set(database=name).render_as_string(hide_password=False))


def test_an_export_is_a_witness_too_and_its_anchors_are_reckoned_again(world: World, seen: Witness) -> None:
    lines = [json.dumps(row, ensure_ascii=False) for row in export(world.database)]
    found = verify_export(lines, "log.jsonl", marks=seen.marks())
    assert (found.ok, found.anchors) == (True, 3)
    hashes = [n for n, line in enumerate(lines) if '"anchor"' in line]
    other = json.loads(lines[hashes[1]]) | {"hash": "0" * 64}
    forged = [json.dumps(other) if n == hashes[1] else line for n, line in enumerate(lines)]
    assert any("no longer end" in d for d in verify_export(forged, "log.jsonl").defects)
    assert audit.verify(world.database, marks=marks_of(lines, "log.jsonl")).ok
    with hand(world) as connection:
        connection.execute(f"DELETE FROM event WHERE item_id = {world.ids['3']} AND seq > 1")
    defects = audit.verify(world.database, marks=marks_of(lines, "log.jsonl")).defects
    assert any("stood here" in d and "log.jsonl" in d for d in defects)


def test_the_anchors_of_one_plans_export_are_reckoned_with_the_heads_of_the_others(world: World) -> None:
    other = a_world(world.database, an_item("1"))
    with world.database.write() as session:
        anchor(session, TODAY, LATER)
    for plan in (world.plan.code, other.plan.code):
        lines = [json.dumps(row) for row in export(world.database, plan)]
        found = verify_export(lines, "plan.jsonl")
        assert (found.defects, found.anchors) == ([], 3)
        touched = [line.replace('"other_events": ', '"other_events": 1') for line in lines]
        assert not verify_export(touched, "plan.jsonl").ok


def test_what_a_crash_left_of_a_line_is_passed_over_and_a_changed_line_is_not(world: World, seen: Witness) -> None:
    file = next(seen.root.glob("witness-*.jsonl"))
    marks = len(list(seen.marks()))
    with file.open("a") as notes:
        notes.write('{"at": "2026-07-13T0')
    assert len(list(seen.marks())) == marks
    world.move("withdraw", "2", reason="另作处理")
    assert seen.look(world.database, LATER) == 1
    assert len(list(seen.marks())) == marks + 1
    (seen.root / "position").write_text("nonsense")
    seen.look(world.database, LATER)  # from the start: the same once more
    assert verified(world, seen).ok
    file.write_text("nonsense\n")
    with pytest.raises(WitnessUnreadable, match="line 1"):
        list(seen.marks())


def test_one_process_at_a_time_notes_and_none_waits(world: World, seen: Witness) -> None:
    world.move("withdraw", "2", reason="另作处理")
    with (seen.root / "lock").open("w") as lock:  # another process, as far as the lock can tell
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert seen.look(world.database, LATER) == 0
    assert seen.look(world.database, LATER) == 1
    assert verified(world, seen).ok


def test_at_the_keyboard(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_DATABASE_URL", world.database.url)
    monkeypatch.setenv("DUBAN_WITNESS_DIR", str(tmp_path / "witness"))
    monkeypatch.setenv("DUBAN_EVIDENCE_DIR", str(tmp_path))

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["audit", *arguments])
        return done.exit_code, done.output

    assert "marks noted" in run("witness")[1]
    log = tmp_path / "log.jsonl"
    assert run("export", "--output", str(log))[0] == 0
    assert run("verify", "--file", str(log), "--witness", str(tmp_path / "witness"))[0] == 0
    found = json.loads(run("verify", "--json", "--against", str(log))[1])
    assert found["marks"] > 10
    assert all("the file" in d for d in found["defects"])  # the folder of this test holds no evidence
    shutil.rmtree(tmp_path / "witness")
    assert "no witness" in run("verify")[1]
    assert "0 files put aside" in run("witness", "--begin-anew")[1]
    lines = json.loads(run("access", "--json", "--outcome", "done")[1])
    assert [line["action"] for line in lines] == ["witness begun anew"]
    assert "witness begun anew" in run("access", "--days", "1")[1]
    assert len(world.all(Event)) > 0
