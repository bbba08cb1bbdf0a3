"""Evidence files: which are taken, told by their bytes and not by their name; where they lie; and giving them back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import exists, select

from duban.adapters.database import Database
from duban.adapters.evidence_folder import ARRIVING, EvidenceFolder
from duban.adapters.scanner import Scanner, ScannerAway
from duban.errors import DubanError, NotFound
from duban.services.queries.scope import Scope, check_item
from models import Evidence

OOXML = "application/vnd.openxmlformats-officedocument."
#: What a file of each type begins with, and the endings of names that go with it.
SIGNATURES: tuple[tuple[bytes, str, tuple[str, ...]], ...] = (
    (b"%PDF-", "application/pdf", (".pdf",)),
    (b"\xff\xd8\xff", "image/jpeg", (".jpg", ".jpeg")),
    (b"\x89PNG\r\n\x1a\n", "image/png", (".png",)),
    (b"PK\x03\x04", OOXML + "wordprocessingml.document", (".docx",)),
    (b"PK\x03\x04", OOXML + "spreadsheetml.sheet", (".xlsx",)),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage", (".doc", ".xls", ".wps", ".et")),
)
TEXTS = (".txt", ".md", ".csv")
#: From a file to the row that names it: seconds, and on a busy ledger some more.
GRACE = dt.timedelta(minutes=10)


class EvidenceType(DubanError):
    """The file {filename} is not of a type that is taken as evidence: {reason}.

    Give a PDF, JPEG, PNG, Word, Excel or text file whose name ends as its type does.
    """

    code = "evidence_type"
    status = 422


class EvidenceInfected(DubanError):
    """The file {filename} is refused: the virus scanner finds {found} in it.

    The file was not kept. Have the machine that it comes from looked at, and hand in a clean file.
    """

    code = "evidence_infected"
    status = 422


class EvidenceGone(DubanError):
    """The file {filename} {fault} in the evidence folder.

    Tell an administrator: `duban check` names such files, and a backup holds them.
    """

    code = "evidence_gone"
    status = 404


@dataclass(frozen=True, slots=True)
class EvidenceStore:
    """Where files are kept, and who looks at them first. `scanner` None: nobody does.

    With `unscanned_too` a file is kept while the scanner is away; its event says so.
    """

    folder: EvidenceFolder
    scanner: Scanner | None = None
    unscanned_too: bool = False

    def keep(self, filename: str, content: bytes) -> tuple[str, bool]:
        """Keeps a file: its SHA-256, and whether the scanner has seen it.

        Raises EvidenceInfected, ScannerAway, EvidenceFolderUnusable; then nothing is kept.
        """
        seen = []

        def look(path: Path) -> None:
            if self.scanner is None:
                return
            try:
                found = self.scanner.found_in(path)
            except ScannerAway:
                if not self.unscanned_too:
                    raise
                return
            if found is not None:
                raise EvidenceInfected(filename=filename, found=found)
            seen.append(path)

        return self.folder.put(content, look), bool(seen)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as it was handed in."""

    filename: str
    media_type: str
    content: bytes


def check_type(filename: str, content: bytes) -> str:
    """The media type of a file, as its bytes say. Raises EvidenceType where they and the name do not agree."""
    ending = "." + filename.lower().rpartition(".")[2] if "." in filename else ""
    known = [(media, endings) for magic, media, endings in SIGNATURES if content.startswith(magic)]
    for media, endings in known:
        if ending in endings:
            return media
    if known:
        raise EvidenceType(filename=filename, reason=f"its bytes are {known[0][0]}, its name ends in {ending or '—'}")
    if ending in TEXTS and b"\x00" not in content:
        return "text/plain"
    raise EvidenceType(filename=filename, reason=f"{ending or 'a name without an ending'} with bytes of no known type")


def evidence_content(
    database: Database, *, item_id: int, evidence_id: int, scope: Scope, folder: EvidenceFolder
) -> StoredFile:
    """A file of an item that the scope may see. Raises NotFound, OutOfScope, EvidenceGone."""
    with database.read() as session:
        check_item(session, item_id, scope)
        found = session.scalar(select(Evidence).where(Evidence.id == evidence_id, Evidence.item_id == item_id))
        if found is None:
            raise NotFound(what="evidence", key=evidence_id)
    content = folder.read(found.sha256)
    if content is None:
        raise EvidenceGone(filename=found.filename, fault=folder.fault(found.sha256) or "is back")
    return StoredFile(found.filename, found.media_type, content)


def orphans(folder: EvidenceFolder, named: Collection[str], *, now: dt.datetime) -> list[Path]:
    """Files that no row names, and that nobody can be handing in now: what a crash left behind.

    `named` are the hashes that the ledger names.
    """
    before = (now - GRACE).timestamp()
    unnamed = (p for p in folder.files() if p.parent.name == ARRIVING or p.name not in named)
    return [path for path in unnamed if path.stat().st_mtime < before]


def named_hashes(database: Database) -> frozenset[str]:
    """The SHA-256 of every evidence file that the ledger names."""
    with database.read() as session:
        return frozenset(session.scalars(select(Evidence.sha256)))


def remove_orphans(database: Database, folder: EvidenceFolder, *, now: dt.datetime) -> list[Path]:
    """Deletes the orphans; returns which. Each is asked for once more, right before it goes."""
    gone = []
    for path in orphans(folder, named_hashes(database), now=now):
        with database.write() as session:  # nobody hands it in meanwhile
            if path.parent.name == ARRIVING or not session.scalar(select(exists().where(Evidence.sha256 == path.name))):
                path.unlink(missing_ok=True)
                gone.append(path)
    return gone
