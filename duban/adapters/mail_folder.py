"""A folder of `.eml` files: the transport of one machine, and of whoever wants to look before anything leaves."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from duban.adapters.mail import PermanentRefusal, Receipt, TemporaryRefusal, TransportUnavailable
from duban.adapters.mail_message import Mailbox, Outgoing, UnusableAddress, one_line, to_bytes

_NOT_IN_NAMES = re.compile(r"[^\w〔〕（）-]+")
_LONGEST_PART = 24
"""Characters of a name's part; three parts of Chinese stay under the 255 octets of a file name."""


class EmlFolder:
    """Writes one file a mail, whole or not at all. A mail sent again overwrites its own file: nothing is doubled."""

    repeatable = True

    def __init__(self, path: Path, sender: Mailbox) -> None:
        self.path = path
        self.sender = sender

    def __repr__(self) -> str:
        return f"EmlFolder({str(self.path)!r})"

    @contextmanager
    def open(self) -> Iterator[EmlSession]:
        """A session. Raises `TransportUnavailable` if the folder cannot be made or read."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            known = {file.stem.rpartition("_")[2]: file for file in self.path.glob("*.eml")}
        except OSError as error:
            raise TransportUnavailable(f"folder {self.path}: {error.strerror}") from error
        yield EmlSession(self.path, self.sender, known)


class EmlSession:
    """An open folder. `known` maps the hash of a message id to the file that holds it already."""

    def __init__(self, path: Path, sender: Mailbox, known: dict[str, Path]) -> None:
        self.path = path
        self.sender = sender
        self.known = known

    def send(self, outgoing: Outgoing) -> Receipt:
        """Writes the file and names it in the receipt.

        Raises `PermanentRefusal` for an unusable address, `TemporaryRefusal` if the disk refuses.
        """
        try:
            data = to_bytes(outgoing, self.sender)
        except UnusableAddress as error:
            raise PermanentRefusal(error.message) from error
        key = _key(outgoing)
        target = self.path / file_name(outgoing)
        try:
            _write_whole(target, data)
            previous = self.known.get(key)
            if previous is not None and previous != target:
                previous.unlink(missing_ok=True)
        except OSError as error:
            raise TemporaryRefusal(f"folder {self.path}: {error.strerror}") from error
        self.known[key] = target
        return Receipt(outgoing.message_id, str(target))


def file_name(outgoing: Outgoing) -> str:
    """`2026-07-13_督办…_张三_1f2e3d4c.eml`: day, subject, recipient, and a hash of the message id.

    The day is the business date of the night that wrote it: a night caught up later is filed where it belongs.
    """
    subject = one_line(outgoing.subject).replace("【", "").replace("】", "_")
    day = outgoing.label_on or outgoing.date.date()
    parts = [day.isoformat(), subject, one_line(outgoing.to_name) or outgoing.to_address]
    safe = [_NOT_IN_NAMES.sub("_", part)[:_LONGEST_PART].strip("_") for part in parts]
    return "_".join(part for part in [*safe, _key(outgoing)] if part) + ".eml"


def _key(outgoing: Outgoing) -> str:
    return hashlib.sha256(outgoing.message_id.encode()).hexdigest()[:16]


def _write_whole(target: Path, data: bytes) -> None:
    """Writes beside the target, forces it to disk and renames: a reader sees the whole file or none."""
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
