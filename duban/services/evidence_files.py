"""Evidence files: which types are taken, told by their bytes and not by their name; and giving them back."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import undefer

from duban.adapters.database import Database
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


class EvidenceType(DubanError):
    """The file {filename} is not of a type that is taken as evidence: {reason}.

    Give a PDF, JPEG, PNG, Word, Excel or text file whose name ends as its type does.
    """

    code = "evidence_type"
    status = 422


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


def evidence_content(database: Database, *, item_id: int, evidence_id: int, scope: Scope) -> StoredFile:
    """A file of an item that the scope may see. Raises NotFound, OutOfScope."""
    with database.read() as session:
        check_item(session, item_id, scope)
        found = session.scalar(
            select(Evidence)
            .where(Evidence.id == evidence_id, Evidence.item_id == item_id)
            .options(undefer(Evidence.content))
        )
        if found is None or found.content is None:
            raise NotFound(what="evidence", key=evidence_id)
        return StoredFile(found.filename, found.media_type, found.content)
