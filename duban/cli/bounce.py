"""`duban bounce`: a mail that came back."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from duban.cli.console import print_json
from duban.errors import Unreadable

_SAID = {
    "failed": "did not arrive: the supervision office answers for it from the next night on",
    "known": "had failed before; nothing changed",
    "delayed": "is only delayed, or arrived; nothing changed",
    "automatic": "An automatic answer; nothing changed.",
    "personal": "No report of a server; somebody should read it.",
}


@click.command("bounce")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--json", "as_data", is_flag=True, help="Print the result as JSON.")
def bounce(file: Path, as_data: bool) -> None:
    """Take in a mail that came back (FILE, or - for standard input), as a mail server can pipe it."""
    from dataclasses import asdict

    from duban.services.bounces import receive
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    data = sys.stdin.buffer.read() if str(file) == "-" else _read(file)
    received = receive(open_ledger(load_settings()), data, utc_now())
    if as_data:
        print_json(asdict(received))
        return
    said = _SAID[received.incoming.value]
    about = f"Mail {received.delivery_id} to {received.name} {said}." if received.delivery_id else said
    click.echo(about + (f"\n  {received.reason}" if received.reason else ""))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror}", "Give one mail as a file (.eml).") from None
