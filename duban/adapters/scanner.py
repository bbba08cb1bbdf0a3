"""A look at each file by the office's virus scanner: a command of its own, or a clamd on this machine.

clamd speaks INSTREAM (clamd(8)): `zINSTREAM\\0`, then chunks of a four-byte length and as many bytes, a length of zero,
and one answer: `stream: OK`, `stream: NAME FOUND`, or an error.
"""

from __future__ import annotations

import shlex
import socket
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from duban.errors import DubanError, WrongSetting

PATIENCE_SECONDS = 120.0
_CHUNK = 64 * 1024
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class ScannerAway(DubanError):
    """The virus scanner gives no answer: {reason}.

    The file is not kept. Try again later; an administrator looks at the scanner that DUBAN_SCANNER names.
    """

    code = "scanner_away"
    status = 503


class Scanner(Protocol):
    """Looks at files."""

    def found_in(self, path: Path) -> str | None:
        """The name of what is in a file; None where it is clean. Raises ScannerAway where nobody can tell."""


@dataclass(frozen=True, slots=True)
class CommandScanner:
    """A command that is run with the file's path behind it: it exits with 0 for clean and 1 for infected."""

    command: tuple[str, ...]
    patience: float = PATIENCE_SECONDS

    def found_in(self, path: Path) -> str | None:
        """What the command says, by its exit code, which is as clamscan and its like have it."""
        try:
            done = subprocess.run(  # noqa: S603 -- the office's own setting, without a shell
                [*self.command, str(path)], capture_output=True, timeout=self.patience, check=False
            )
        except subprocess.TimeoutExpired:
            raise ScannerAway(reason=f"{self.command[0]} has not ended after {self.patience:g} seconds") from None
        except OSError as error:
            raise ScannerAway(reason=f"{self.command[0]}: {error.strerror}") from None
        if done.returncode == 0:
            return None
        said = (done.stdout + b" " + done.stderr).decode(errors="replace").replace(str(path), "").split()
        if done.returncode == 1:
            return " ".join(said)[:200].strip(": ") or "infected"
        raise ScannerAway(reason=f"{self.command[0]} ended with {done.returncode}: {' '.join(said)[:200]}")


@dataclass(frozen=True, slots=True)
class ClamdScanner:
    """A clamd on this machine, by its port or by its socket."""

    address: tuple[str, int] | str
    patience: float = PATIENCE_SECONDS

    def found_in(self, path: Path) -> str | None:
        """What clamd answers to the file's bytes."""
        try:
            with self._connected() as line:
                answer = _stream(line, path)
        except OSError as error:
            raise ScannerAway(reason=f"clamd at {self.address}: {error.strerror or error}") from None
        verdict = answer.strip("\0\r\n ").removeprefix("stream: ")
        if verdict == "OK":
            return None
        if verdict.endswith(" FOUND"):
            return verdict.removesuffix(" FOUND")
        if "size limit exceeded" in verdict:
            raise ScannerAway(reason="the file is longer than clamd takes; StreamMaxLength of clamd.conf has to be 25M")
        raise ScannerAway(reason=f"clamd says {verdict[:200] or 'nothing'}")

    def _connected(self) -> socket.socket:
        if isinstance(self.address, tuple):
            return socket.create_connection(self.address, timeout=self.patience)
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            line.settimeout(self.patience)
            line.connect(self.address)
        except OSError:
            line.close()
            raise
        return line


def _stream(line: socket.socket, path: Path) -> str:
    try:
        line.sendall(b"zINSTREAM\0")
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                line.sendall(struct.pack("!I", len(chunk)) + chunk)
        line.sendall(struct.pack("!I", 0))
    except BrokenPipeError:
        pass  # it hangs up on a stream that is too long for it, and says so
    answer = b""
    while not answer.endswith(b"\0") and (part := line.recv(4096)):
        answer += part
    return answer.decode(errors="replace")


def scanner_from(setting: str | None) -> Scanner | None:
    """The scanner that DUBAN_SCANNER names: `clamd://127.0.0.1:3310`, `clamd:///run/clamd.sock`, or a command line.

    None where it names none. Raises WrongSetting.
    """
    if setting is None or not setting.strip():
        return None
    if setting.startswith("clamd:"):
        return ClamdScanner(_clamd_address(setting))
    try:
        command = tuple(shlex.split(setting))
    except ValueError as error:
        raise WrongSetting(name="DUBAN_SCANNER", reason=str(error), remedy="Give a command line.") from None
    return CommandScanner(command)


def _clamd_address(setting: str) -> tuple[str, int] | str:
    parts = urlsplit(setting)
    if not parts.netloc and parts.path.startswith("/"):
        return parts.path
    try:
        port = parts.port or 3310
    except ValueError:
        port = 0
    if parts.hostname not in _LOOPBACK or not port:
        raise WrongSetting(
            name="DUBAN_SCANNER",
            reason="files go to a clamd on this machine only, unencrypted as its protocol is",
            remedy="Give clamd://127.0.0.1:3310, clamd:///run/clamav/clamd.ctl, or a command line.",
        )
    return (parts.hostname, port)
