"""`duban check` and `duban audit`: is the ledger sound, and did anybody change its log."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duban.cli.console import print_json, table

if TYPE_CHECKING:
    from duban.adapters.database import Database
    from duban.services.audit import Verified


@click.command("check")
@click.option("--json", "as_data", is_flag=True, help="Print the counts as JSON.")
def check(as_data: bool) -> None:
    """Count the defects of the ledger, an invariant a line; exit 1 if there is any. Changes nothing."""
    from duban.services.checks import check as look
    from duban.services.tools import utc_now

    with _ledger() as database:
        found = look(database, now=utc_now())
    defects = sum(f.count for f in found)
    if as_data:
        print_json({"ok": not defects, "defects": defects, "invariants": [asdict(f) for f in found]})
    else:
        table(["defects", "invariant", "what must hold"], [(f.count, f.code, f.holds) for f in found], widest=110)
        for one in (f for f in found if f.count):
            more = f", and {one.count - len(one.examples)} more" if one.count > len(one.examples) else ""
            click.echo(f"{one.code}: {'; '.join(one.examples)}{more}", err=True)
    if defects:
        sys.exit(1)


@click.group("audit")
def audit() -> None:
    """Verify the hash chains of the event log, or export it for an inspector."""


@audit.command("verify")
@click.option("--file", type=click.Path(path_type=Path), help="Verify an exported log instead of the ledger.")
@click.option("--json", "as_data", is_flag=True, help="Print the result as JSON.")
def verify(file: Path | None, as_data: bool) -> None:
    """Recompute every seal and anchor, and compare each item with its log; exit 1 where anything does not fit."""
    found = _verify_file(file) if file is not None else _verify_ledger()
    if as_data:
        print_json(asdict(found) | {"ok": found.ok})
    else:
        anchored = f", the last of {found.last_anchor_on}" if found.last_anchor_on else ""
        click.echo(f"{found.events} events of {found.items} items, {found.anchors} anchors{anchored}")
        for defect in found.defects:
            click.echo(f"  {defect}", err=True)
        click.echo("whole and unchanged" if found.ok else f"{len(found.defects)} defects")
    if not found.ok:
        sys.exit(1)


@audit.command("export")
@click.option("--plan", help="Only the items of this plan (its code).")
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file; default: print.")
def export(plan: str | None, output: Path | None) -> None:
    """Write the log as JSON lines: every event with its seal, and the anchors. `audit verify --file` reads it."""
    from duban.services.audit import export as rows_of

    with _ledger() as database:
        lines = (json.dumps(row, ensure_ascii=False) for row in rows_of(database, plan))
        if output is None:
            for line in lines:
                click.echo(line)
            return
        try:
            with output.open("x", encoding="utf-8", newline="\n") as file:
                file.writelines(f"{line}\n" for line in lines)
        except OSError as error:
            raise click.ClickException(f"{output} cannot be written: {error.strerror}") from None
    click.echo(f"log written to {output}")


@contextmanager
def _ledger() -> Iterator[Database]:
    """The ledger by the settings, closed at the end."""
    from duban.services.tools import open_ledger
    from duban.settings import load_settings

    database = open_ledger(load_settings())
    try:
        yield database
    finally:
        database.dispose()


def _verify_ledger() -> Verified:
    from duban.services.audit import verify as read

    with _ledger() as database:
        return read(database)


def _verify_file(file: Path) -> Verified:
    from duban.services.audit import ExportUnreadable, verify_export

    try:
        with file.open(encoding="utf-8") as lines:
            return verify_export(lines, file.name)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ExportUnreadable(file=file.name, reason=reason) from None
