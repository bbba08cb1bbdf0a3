"""Files by their SHA-256 in a folder of their own, which no web server serves.

A file appears whole or not at all: it is written beside, synced, and renamed. What a crash leaves behind is a file that
no row of the ledger names; it harms nothing and `duban evidence orphans` lists it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from duban.errors import DubanError

ARRIVING = "arriving"
_CHUNK = 1024 * 1024


class EvidenceFolderUnusable(DubanError):
    """The evidence folder {folder} cannot be written: {reason}.

    Make the folder of DUBAN_EVIDENCE_DIR writable for duban, with room for the files, and hand the file in again.
    """

    code = "evidence_folder_unusable"
    status = 503


@dataclass(frozen=True, slots=True)
class EvidenceFolder:
    """The folder; it is made when the first file comes."""

    root: Path

    def path(self, sha256: str) -> Path:
        """Where the file of this hash lies, or would."""
        return self.root / sha256[:2] / sha256

    def put(self, content: bytes, look: Callable[[Path], None]) -> str:
        """Keeps a file, and returns its SHA-256. `look` sees it before it is in its place, and raises to refuse it.

        A file that is there already stays as it is, if it is whole. Raises EvidenceFolderUnusable.
        """
        digest = hashlib.sha256(content).hexdigest()
        place = self.path(digest)
        arriving = self.root / ARRIVING / f"{digest}.{secrets.token_hex(4)}"
        try:
            for folder in (self.root, arriving.parent, place.parent):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                _write(arriving, content)
                look(arriving)
                if self.fault(digest) is None:
                    os.utime(place)  # it is somebody's again: no orphan to be swept up now
                    return digest
                arriving.replace(place)
                for folder in (place.parent, self.root):
                    _sync_folder(folder)
            finally:
                arriving.unlink(missing_ok=True)
        except OSError as error:
            raise EvidenceFolderUnusable(folder=self.root, reason=error.strerror or str(error)) from None
        return digest

    def read(self, sha256: str) -> bytes | None:
        """A file's content; None where it is missing or is no longer what it was."""
        try:
            content = self.path(sha256).read_bytes()
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == sha256 else None

    def fault(self, sha256: str) -> str | None:
        """What is wrong with a file that should be here; None where it is whole."""
        try:
            with self.path(sha256).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return "is missing"
        except OSError as error:
            return f"cannot be read ({error.strerror})"
        return None if found == sha256 else "has changed"

    def files(self) -> Iterator[Path]:
        """Every file of the folder, those that were still arriving when something crashed included."""
        if self.root.is_dir():
            yield from sorted(p for p in self.root.glob("*/*") if p.is_file())

    def copy_from(self, other: EvidenceFolder, sha256: str) -> bool:
        """Takes a file over from another folder; whether it is here now, whole."""
        if self.fault(sha256) is None:
            return True
        content = other.read(sha256)
        return content is not None and self.put(content, lambda _: None) == sha256


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        for start in range(0, len(content), _CHUNK):
            file.write(content[start : start + _CHUNK])
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    with suppress(OSError):  # not every file system can; the file itself is on the disk already
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
