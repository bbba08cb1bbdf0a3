"""Evidence files: kept by their hash outside the ledger, looked at by the scanner, named when missing, never lost."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shlex
import shutil
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import make_url, text

from duban.adapters.database import Database
from duban.adapters.evidence_folder import EvidenceFolder, EvidenceFolderUnusable
from duban.adapters.scanner import ClamdScanner, CommandScanner, ScannerAway, scanner_from
from duban.cli.main import cli
from duban.errors import WrongSetting
from duban.services import audit
from duban.services.checks import check
from duban.services.evidence_files import EvidenceInfected, EvidenceStore, named_hashes, orphans, remove_orphans
from duban.services.progress import hand_in_evidence

from .ledger import EVIDENCE, NOW, UNIT, World

PDF = b"%PDF-1.7 evidence"
HASH = hashlib.sha256(PDF).hexdigest()
EICAR = b"%PDF-" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!"
LATER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)  # any file is old by then


@pytest.fixture
def one(sqlite_original: World, tmp_path: Path) -> Iterator[World]:
    """A copy of the ledger with something of everything, on SQLite alone: what is tested here lies beside it."""
    path = tmp_path / "ledger.db"
    shutil.copy(str(make_url(sqlite_original.database.url).database), path)
    database = Database(f"sqlite:///{path}")
    yield World(database, sqlite_original.plan, sqlite_original.ids)
    database.dispose()


def hand_in(world: World, store: EvidenceStore, content: bytes = PDF, number: str = "3") -> int:
    return hand_in_evidence(
        world.database,
        item_id=world.ids[number],
        filename="验收.pdf",
        content=content,
        note="",
        actor=UNIT,
        expected_version=None,
        now=NOW,
        store=store,
    )


def stored(world: World) -> list[str]:
    return [e for e in named_hashes(world.database) if e in (HASH, hashlib.sha256(EICAR).hexdigest())]


def clamd(answer: bytes | None) -> tuple[tuple[str, int], threading.Thread, list[bytes]]:
    """A clamd for one file on loopback: it takes an INSTREAM apart and says OK or FOUND, or what it is told."""
    listener = socket.create_server(("127.0.0.1", 0))
    received: list[bytes] = []

    def serve() -> None:
        line, _ = listener.accept()
        with listener, line, line.makefile("rb") as stream:
            assert stream.read(10) == b"zINSTREAM\0"
            content = b""
            while length := struct.unpack("!I", stream.read(4))[0]:
                content += stream.read(length)
            received.append(content)
            verdict = b"Eicar-Signature FOUND" if b"EICAR" in content else b"OK"
            line.sendall(b"stream: " + verdict + b"\0" if answer is None else answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return listener.getsockname(), thread, received


def test_a_file_lies_under_its_hash_for_its_owner_only_and_nothing_else_is_left(tmp_path: Path) -> None:
    folder = EvidenceFolder(tmp_path / "evidence")
    assert folder.put(PDF, lambda _: None) == HASH
    assert list(folder.files()) == [folder.path(HASH)]
    assert folder.read(HASH) == PDF
    assert folder.path(HASH).stat().st_mode & 0o077 == 0
    folder.path(HASH).write_bytes(b"changed")
    assert (folder.read(HASH), folder.fault(HASH)) == (None, "has changed")
    folder.put(PDF, lambda _: None)  # handed in again, it is whole again
    assert folder.fault(HASH) is None
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(EvidenceFolderUnusable, match="cannot be written"):
        EvidenceFolder(blocked).put(PDF, lambda _: None)


def test_clamd_is_spoken_to_over_loopback(tmp_path: Path) -> None:
    file = tmp_path / "a"
    for content, found in ((PDF * 20_000, None), (EICAR, "Eicar-Signature")):
        file.write_bytes(content)
        address, thread, received = clamd(None)
        assert ClamdScanner(address).found_in(file) == found
        thread.join()
        assert received == [content]
    address, thread, _ = clamd(b"INSTREAM size limit exceeded. ERROR\0")
    with pytest.raises(ScannerAway, match="StreamMaxLength"):
        ClamdScanner(address).found_in(file)
    thread.join()
    with pytest.raises(ScannerAway, match="clamd at"):
        ClamdScanner(address).found_in(file)


def test_a_command_says_by_its_exit_code_what_it_found(tmp_path: Path) -> None:
    file = tmp_path / "a b"
    file.write_bytes(EICAR)
    script = (
        "import sys; sys.exit(print('x.pdf: Eicar FOUND') or 1 if b'EICAR' in open(sys.argv[1],'rb').read() else 0)"
    )
    scanner = scanner_from(f"{shlex.quote(sys.executable)} -c {shlex.quote(script)}")
    assert scanner is not None
    assert "Eicar" in str(scanner.found_in(file))
    file.write_bytes(PDF)
    assert scanner.found_in(file) is None
    for command in (("false-and-gone",), (sys.executable, "-c", "raise SystemExit(2)")):
        with pytest.raises(ScannerAway):
            CommandScanner(command).found_in(file)
    with pytest.raises(ScannerAway, match="not ended"):
        CommandScanner((sys.executable, "-c", "import time; time.sleep(20)"), patience=0.2).found_in(file)


def test_a_clamd_elsewhere_is_refused() -> None:
    assert scanner_from("clamd:///run/clamd.ctl") == ClamdScanner("/run/clamd.ctl")
    assert scanner_from("clamd://127.0.0.1") == ClamdScanner(("127.0.0.1", 3310))
    assert scanner_from(" ") is None
    for elsewhere in ("clamd://scanner.example.org:3310", "clamd://127.0.0.1:port", "clamd://"):
        with pytest.raises(WrongSetting, match="DUBAN_SCANNER"):
            scanner_from(elsewhere)


def test_an_infected_file_is_refused_and_nothing_of_it_is_kept(one: World, tmp_path: Path) -> None:
    address, thread, _ = clamd(None)
    store = EvidenceStore(EvidenceFolder(tmp_path), ClamdScanner(address))
    with pytest.raises(EvidenceInfected, match="Eicar-Signature"):
        hand_in(one, store, EICAR)
    thread.join()
    assert (stored(one), list(store.folder.files())) == ([], [])


def test_while_the_scanner_is_away_a_file_is_refused_or_kept_as_unscanned(one: World, tmp_path: Path) -> None:
    away = CommandScanner(("no-such-scanner",))
    with pytest.raises(ScannerAway):
        hand_in(one, EvidenceStore(EvidenceFolder(tmp_path), away))
    assert (stored(one), list(EvidenceFolder(tmp_path).files())) == ([], [])
    hand_in(one, EvidenceStore(EvidenceFolder(tmp_path), away, unscanned_too=True))
    assert one.events("3")[-1].payload["scanned"] is False


def test_whoever_may_not_hand_it_in_fills_no_disk(one: World, tmp_path: Path) -> None:
    store = EvidenceStore(EvidenceFolder(tmp_path))
    with pytest.raises(Exception, match=r"closed|已销号"):
        hand_in(one, store, number="1")
    hand_in(one, store)
    with pytest.raises(Exception, match="before"):
        hand_in(one, store)
    assert len(list(store.folder.files())) == 1


def test_check_and_audit_name_a_file_that_is_gone_or_changed(one: World, tmp_path: Path) -> None:
    folder = EvidenceFolder(tmp_path)
    others = len(named_hashes(one.database))  # they lie in the world's own folder
    hand_in(one, EvidenceStore(folder))
    counts = {f.code: f.count for f in check(one.database, now=LATER, evidence=folder)}
    assert (counts["evidence_damaged"], counts["evidence_orphan"]) == (others, 0)
    folder.path(HASH).write_bytes(b"%PDF-1.7 evidencf")
    damaged = next(f for f in check(one.database, now=LATER, evidence=folder) if f.code == "evidence_damaged")
    assert damaged.count == others + 1
    assert any(f"{HASH} has changed" in d for d in audit.verify(one.database, evidence=folder).defects)


@pytest.mark.parametrize("change", ["filename = 'x.pdf'", "size = 1", f"sha256 = '{'a' * 64}'", None])
def test_a_row_of_evidence_that_a_hand_changed_does_not_fit_the_log(world: World, change: str | None) -> None:
    with world.database.write() as session:
        if change is None:
            session.execute(text("DELETE FROM evidence WHERE id = (SELECT max(id) FROM evidence)"))
        else:
            session.execute(text(f"UPDATE evidence SET {change} WHERE id = (SELECT max(id) FROM evidence)"))
    assert any("the log has the file" in d for d in audit.verify(world.database).defects)


KILLED = """
import datetime as dt, os, sys
from pathlib import Path
from duban.adapters.database import Database
from duban.adapters.evidence_folder import EvidenceFolder
from duban.domain.actors import Actor
from duban.services import progress
from duban.services.evidence_files import EvidenceStore

at, url, folder, item = sys.argv[1:]
if at == "arriving":
    Path.replace = lambda *_: os._exit(9)  # the power fails before the file is in its place
else:
    progress.record = lambda *_, **__: os._exit(9)  # and here before its row commits
progress.hand_in_evidence(
    Database(url), item_id=int(item), filename="a.pdf", content=b"%PDF-1.7 evidence", note="",
    actor=Actor("住建局经办", "unit", frozenset({"区住建局"})), expected_version=None,
    now=dt.datetime(2026, 7, 13, 1, tzinfo=dt.UTC), store=EvidenceStore(EvidenceFolder(Path(folder))),
)
"""


@pytest.mark.parametrize("at", ["arriving", "row"])
def test_a_kill_between_file_and_row_leaves_an_orphan_that_is_named_and_swept_up(
    world: World, tmp_path: Path, at: str
) -> None:
    folder = EvidenceFolder(tmp_path / "evidence")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, at, world.database.url, str(folder.root), str(world.ids["3"])],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert done.returncode == 9
    left = list(folder.files())
    assert len(left) == 1
    assert stored(world) == []
    assert audit.verify(world.database).ok
    now = dt.datetime.now(dt.UTC)
    assert orphans(folder, named_hashes(world.database), now=now) == []  # somebody may be at it
    orphan = next(f for f in check(world.database, now=LATER, evidence=folder) if f.code == "evidence_orphan")
    assert orphan.examples == (str(left[0]),)
    assert remove_orphans(world.database, folder, now=LATER) == left
    hand_in(world, EvidenceStore(folder))
    assert remove_orphans(world.database, folder, now=LATER) == []
    assert folder.read(HASH) == PDF


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli, arguments, input="y\n")
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def office(one: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EvidenceFolder:
    """The command line on the ledger, with its evidence in a folder of the test's own."""
    folder = EvidenceFolder(tmp_path / "files")
    assert all(folder.copy_from(EVIDENCE, sha256) for sha256 in named_hashes(one.database))
    monkeypatch.setenv("DUBAN_DATABASE_URL", one.database.url)
    monkeypatch.setenv("DUBAN_EVIDENCE_DIR", str(folder.root))
    return folder


def test_an_inspector_gets_the_files_with_the_log_and_verifies_both_elsewhere(
    one: World, office: EvidenceFolder, tmp_path: Path
) -> None:
    log, files = tmp_path / "log.jsonl", tmp_path / "inspector"
    run("audit", "export", "--output", str(log), "--evidence", str(files))
    shutil.rmtree(office.root)
    verify = ("audit", "verify", "--file", str(log), "--evidence", str(files), "--json")
    assert json.loads(run(*verify))["files"] == len(named_hashes(one.database))
    EvidenceFolder(files).path(min(named_hashes(one.database))).write_bytes(b"another")
    assert any("has changed" in d for d in json.loads(run(*verify, code=1))["defects"])


def test_orphans_are_listed_and_removed_at_the_keyboard(office: EvidenceFolder) -> None:
    orphan = office.path("f" * 64)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"x")
    assert "0 found" in run("evidence", "orphans")  # it is of this minute
    os.utime(orphan, (0, 0))
    assert str(orphan) in run("evidence", "orphans")
    assert "1 removed" in run("evidence", "orphans", "--remove")
    assert not orphan.exists()
    run("check")
