"""An SMTP server on loopback that takes every mail, counts it and forgets it: as cheap as a server can be.

`python -m benchmarks.sink` prints its port, then a JSON line with its counts each time a line comes in on stdin.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Sink:
    """The counting side, in a process of its own so that it does not take the sender's time."""

    def __init__(self) -> None:
        self.mails = 0
        self.octets = 0
        self.connections = 0
        self.message_ids: set[bytes] = set()
        self.lock = threading.Lock()

    def serve(self, connection: socket.socket) -> None:
        """One client, until QUIT."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.lock:
            self.connections += 1
        with connection, connection.makefile("rb", buffering=1 << 20) as lines:
            connection.sendall(b"220 sink\r\n")
            while line := lines.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    connection.sendall(b"354 go on\r\n")
                    self._take(lines)
                    connection.sendall(b"250 taken\r\n")
                elif verb == b"QUIT":
                    connection.sendall(b"221 bye\r\n")
                    return
                else:
                    connection.sendall(b"250 ok\r\n")

    def _take(self, lines: Any) -> None:
        octets, message_id = 0, b""
        while (line := lines.readline()) != b".\r\n":
            octets += len(line)
            if not message_id and line[:11].lower() == b"message-id:":
                message_id = line[11:].strip() or lines.readline().strip()
            if not line:
                return
        with self.lock:
            self.mails += 1
            self.octets += octets
            self.message_ids.add(message_id)


def _main() -> None:
    sink = Sink()
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(listener.getsockname()[1], flush=True)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=sink.serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    for _ in sys.stdin:
        counts = {"mails": sink.mails, "octets": sink.octets, "connections": sink.connections}
        print(json.dumps(counts | {"different": len(sink.message_ids)}), flush=True)
        sink.mails = sink.octets = sink.connections = 0
        sink.message_ids.clear()


@contextmanager
def running() -> Iterator[RunningSink]:
    """A sink in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sink"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield RunningSink(process, int(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait(10)


class RunningSink:
    """A handle on the process."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self._process = process
        self.url = f"smtp://127.0.0.1:{port}?tls=none"
        self.port = port

    def counts(self) -> dict[str, int]:
        """What came in since the last call."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return dict(json.loads(self._process.stdout.readline()))


if __name__ == "__main__":
    _main()
