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
    from duban.adapters.evidence_folder import EvidenceFolder
    from duban.services.audit import Verified


@click.command("check")
@click.option("--json", "as_data", is_flag=True, help="Print the counts as JSON.")
def check(as_data: bool) -> None:
    """Count the defects of the ledger, an invariant a line; exit 1 if there is any. Changes nothing."""
    from duban.services.checks import check as look
    from duban.services.tools import utc_now

    with _ledger() as (database, folder):
        found = look(database, now=utc_now(), evidence=folder)
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
@click.option("--evidence", type=click.Path(path_type=Path), help="With --file: the files exported with it.")
@click.option("--json", "as_data", is_flag=True, help="Print the result as JSON.")
def verify(file: Path | None, evidence: Path | None, as_data: bool) -> None:
    """Recompute every seal and anchor, and compare items and files with the log; exit 1 where anything does not fit."""
    if evidence is not None and file is None:
        raise click.UsageError("--evidence goes with --file; the ledger's own files are looked at anyway")
    found = _verify_file(file, evidence) if file is not None else _verify_ledger()
    if as_data:
        print_json(asdict(found) | {"ok": found.ok})
    else:
        anchored = f", the last of {found.last_anchor_on}" if found.last_anchor_on else ""
        counts = f"{found.events} events of {found.items} items, {found.files} evidence files"
        click.echo(f"{counts}, {found.anchors} anchors{anchored}")
        for defect in found.defects:
            click.echo(f"  {defect}", err=True)
        click.echo("whole and unchanged" if found.ok else f"{len(found.defects)} defects")
    if not found.ok:
        sys.exit(1)


@audit.command("export")
@click.option("--plan", help="Only the items of this plan (its code).")
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file; default: print.")
@click.option("--evidence", type=click.Path(path_type=Path), help="Copy the evidence files into this folder too.")
def export(plan: str | None, output: Path | None, evidence: Path | None) -> None:
    """Write the log as JSON lines: every event with its seal, and the anchors. `audit verify --file` reads it."""
    from duban.adapters.evidence_folder import EvidenceFolder
    from duban.services.audit import export as rows_of
    from duban.services.audit import export_files

    with _ledger() as (database, folder):
        if evidence is not None:
            files = export_files(database, folder, EvidenceFolder(evidence), plan)
            click.echo(f"{files} evidence files copied to {evidence}", err=True)
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
def _ledger() -> Iterator[tuple[Database, EvidenceFolder]]:
    """The ledger by the settings, closed at the end, and the folder of its evidence files."""
    from duban.adapters.evidence_folder import EvidenceFolder
    from duban.services.tools import open_ledger
    from duban.settings import load_settings

    settings = load_settings()
    database = open_ledger(settings)
    try:
        yield database, EvidenceFolder(settings.evidence_folder)
    finally:
        database.dispose()


def _verify_ledger() -> Verified:
    from duban.services.audit import verify as read

    with _ledger() as (database, folder):
        return read(database, evidence=folder)


def _verify_file(file: Path, evidence: Path | None) -> Verified:
    from duban.adapters.evidence_folder import EvidenceFolder
    from duban.services.audit import ExportUnreadable, verify_export

    try:
        with file.open(encoding="utf-8") as lines:
            return verify_export(lines, file.name, evidence=EvidenceFolder(evidence) if evidence else None)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ExportUnreadable(file=file.name, reason=reason) from None
