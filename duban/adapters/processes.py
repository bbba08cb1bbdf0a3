"""The processes of one machine: started, watched, started again when they die, and ended together."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from duban.errors import DubanError

#: A part that dies is started again after these seconds; one that ran for a minute starts from the first again.
BACK_OFF = (1.0, 2.0, 5.0, 10.0, 30.0)
STEADY_SECONDS = 60.0
STOP_SECONDS = 12.0
PIDS = "up.pids"


class NotReady(DubanError):
    """{part} did not become ready in {seconds} s.

    Its log says why: {log}
    """

    code = "not_ready"
    status = 503


class AlreadyRunning(DubanError):
    """duban is already running in {folder} (process {pid}).

    Use it, end it with Ctrl-C where it was started, or set DUBAN_DATA_DIR to another folder.
    """

    code = "already_running"


@dataclass(slots=True)
class Part:
    """One process: how it is started, how one knows that it is ready, and where its log goes."""

    name: str
    command: Sequence[str]
    ready: Callable[[], bool]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    start_at: float = 0.0


@dataclass(slots=True)
class Processes:
    """The parts of one machine, in the order in which they need each other."""

    environment: Mapping[str, str]
    folder: Path
    parts: list[Part] = field(default_factory=list)

    def start(self, part: Part) -> None:
        """Starts a part; it may wait by itself for those that it needs."""
        self.parts.append(part)
        self._spawn(part)

    def wait(self, part: Part, seconds: float, tick: Callable[[float], None] = lambda _: None) -> None:
        """Waits until a part is ready. Raises NotReady with the place of its log."""
        began = time.monotonic()
        while not part.ready():
            waited = time.monotonic() - began
            if waited > seconds or (part.process and part.process.poll() is not None):
                raise NotReady(part=part.name, seconds=round(waited), log=part.log)
            tick(waited)
            time.sleep(0.2)

    def watch(self, said: Callable[[str], None]) -> None:
        """One look: a part that died is started again, later each time it dies at once."""
        for part in self.parts:
            if part.process is not None and (code := part.process.poll()) is not None:
                steady = time.monotonic() - part.started > STEADY_SECONDS
                part.deaths = 0 if steady else part.deaths + 1
                wait = BACK_OFF[min(part.deaths, len(BACK_OFF) - 1)]
                part.process, part.start_at = None, time.monotonic() + wait
                said(f"{part.name} ended with {code}; it starts again in {wait:.0f} s (log: {part.log})")
            elif part.process is None and time.monotonic() >= part.start_at:
                self._spawn(part)

    def stop(self) -> None:
        """Ends all parts; whoever does not end in time is killed.

        The first one, Prefect's server, goes last: the others tell it how they ended, and would wait for it.
        """
        deadline = time.monotonic() + STOP_SECONDS
        _end(self.parts[1:], deadline - STOP_SECONDS / 3)
        _end(self.parts[:1], deadline)
        (self.folder / PIDS).unlink(missing_ok=True)

    def _spawn(self, part: Part) -> None:
        part.log.parent.mkdir(parents=True, exist_ok=True)
        part.started = time.monotonic()
        with part.log.open("ab") as log:
            # A group of its own: Ctrl-C reaches us alone, and we end the parts in their order.
            part.process = subprocess.Popen(  # noqa: S603 -- our own commands
                part.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                start_new_session=True,
            )
        self._remember()

    def _remember(self) -> None:
        """Keeps who was started: a parent that is killed outright leaves its parts behind."""
        running = [f"{p.process.pid} {p.command[-1]} {p.name}" for p in self.parts if p.process is not None]
        (self.folder / PIDS).write_text("\n".join(running), encoding="utf-8")


def _end(parts: Sequence[Part], deadline: float) -> None:
    for part in reversed(parts):
        _signal(part, signal.SIGTERM)
    for part in reversed(parts):
        if part.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                part.process.wait(max(deadline - time.monotonic(), 0.1))
            _signal(part, signal.SIGKILL)


def _signal(part: Part, number: signal.Signals) -> None:
    """To the part and whatever it started."""
    if part.process is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(part.process.pid, number)


def end_leftovers(folder: Path) -> list[str]:
    """Ends the parts of a `duban up` that was killed outright; returns their names.

    A process is ended only if it still is what was started under that number.
    """
    try:
        lines = (folder / PIDS).read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, UnicodeDecodeError):
        return []
    ended = []
    for line in reversed(lines):
        pid, word, name = line.split(" ", 2)
        look = ["ps", "-o", "args=", "-p", pid]
        shown = subprocess.run(look, capture_output=True, text=True, check=False)  # noqa: S603 -- a number of our own
        if word in shown.stdout:
            _end_group(int(pid))
            ended.append(name)
    (folder / PIDS).unlink(missing_ok=True)
    return ended


def _end_group(pid: int) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, number)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            try:
                os.killpg(pid, 0)
            except (ProcessLookupError, PermissionError):
                return
            time.sleep(0.1)


def free_port(host: str, wanted: int) -> int:
    """The wanted port, or the next one that nobody uses."""
    for port in range(wanted, min(wanted + 200, 65535)):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise NotReady(part=f"a port from {wanted} on", seconds=0, log="every port up to there is in use")


def lock_folder(folder: Path) -> IO[str]:
    """Makes sure that one `duban up` works in a folder; the lock goes with the process, however it ends."""
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    handle = (folder / "up.lock").open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.seek(0)
        pid = handle.read().strip() or "unknown"
        handle.close()
        raise AlreadyRunning(folder=folder, pid=pid) from None
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    return handle
