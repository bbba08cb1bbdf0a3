"""`duban audit`: did anybody change the log, what an inspector gets of it, and who tried what."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duban.cli.console import print_json, table

if TYPE_CHECKING:
    from duban.adapters.database import Database
    from duban.adapters.evidence_folder import EvidenceFolder
    from duban.services.audit_log import Mark, Verified
    from duban.settings import Settings


@click.group("audit")
def audit() -> None:
    """Verify the event log, export it for an inspector, note what it looks like, and read the access log."""


@audit.command("verify")
@click.option("--file", type=click.Path(path_type=Path), help="Verify an exported log instead of the ledger.")
@click.option("--evidence", type=click.Path(path_type=Path), help="With --file: the files exported with it.")
@click.option("--witness", type=click.Path(path_type=Path), help="A copy of the witness; default: the ledger's own.")
@click.option("--against", type=click.Path(path_type=Path), help="An earlier export: whether all of it is still there.")
@click.option("--json", "as_data", is_flag=True, help="Print the result as JSON.")
def verify(file: Path | None, evidence: Path | None, witness: Path | None, against: Path | None, as_data: bool) -> None:
    """Recompute every seal and anchor, and compare items, files and the witness with the log.

    Exit 1 where anything does not fit.
    """
    if evidence is not None and file is None:
        raise click.UsageError("--evidence goes with --file; the ledger's own files are looked at anyway")
    found = _verify_file(file, evidence, witness, against) if file is not None else _verify_ledger(witness, against)
    if as_data:
        print_json(asdict(found) | {"ok": found.ok})
    else:
        anchored = f", the last of {found.last_anchor_on}" if found.last_anchor_on else ""
        seen = f", {found.marks} marks of a witness" if found.marks else ", no witness"
        until = f", the last of {found.last_mark_at:%Y-%m-%d %H:%M} UTC" if found.last_mark_at else ""
        counts = f"{found.events} events of {found.items} items, {found.files} evidence files"
        click.echo(f"{counts}, {found.anchors} anchors{anchored}{seen}{until}")
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
    from duban.services.audit_export import export as rows_of
    from duban.services.audit_export import export_files

    with _ledger() as (_, database, folder):
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


@audit.command("witness")
@click.option("--begin-anew", is_flag=True, help="Put the old notes aside: after a restore that was meant.")
@click.option("--folder", type=click.Path(path_type=Path), help="Note it here; default: DUBAN_WITNESS_DIR.")
def witness(begin_anew: bool, folder: Path | None) -> None:
    """Note where the event log ends. Serving processes do it by themselves; a timer elsewhere may too."""
    from duban.services.sign_in import log_access
    from duban.services.tools import utc_now
    from duban.services.witness import Witness

    with _ledger() as (settings, database, _):
        keeper = Witness(folder or settings.witness_folder)
        try:
            if begin_anew:
                aside = keeper.begin_anew(utc_now())
                log_access(
                    database,
                    actor="cli",
                    action="witness begun anew",
                    outcome="done",
                    address="cli",
                    now=utc_now(),
                    detail=f"{aside} files put aside in {keeper.root}",
                )
                click.echo(f"{aside} files put aside")
            noted = keeper.look(database, utc_now())
        except OSError as error:
            raise click.ClickException(f"{keeper.root} cannot be written: {error.strerror}") from None
    click.echo(f"{noted} marks noted in {keeper.root}")


@audit.command("access")
@click.option("--actor", help="Only of this person.")
@click.option("--address", help="Only from this address.")
@click.option("--outcome", help="Only with this outcome: done, or the code of a refusal.")
@click.option("--days", type=click.IntRange(1, 36_500), help="Only of so many days.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="So many at the most.")
@click.option("--json", "as_data", is_flag=True, help="Print the lines as JSON.")
def access(
    actor: str | None, address: str | None, outcome: str | None, days: int | None, limit: int, as_data: bool
) -> None:
    """Who tried what from where, and what came of it; the newest first."""
    from duban.services.queries.access import AccessFilter, access_page
    from duban.services.tools import utc_now

    since = utc_now() - dt.timedelta(days=days) if days else None
    with _ledger() as (_, database, _):
        found = access_page(database, where=AccessFilter(actor, address, outcome, since), limit=limit).lines
    if as_data:
        print_json([asdict(line) for line in found])
        return
    rows = [(f"{e.at:%Y-%m-%d %H:%M:%S}", e.actor, e.outcome, e.address, e.action, e.detail) for e in found]
    table(["when (UTC)", "who", "outcome", "from", "what", "why"], rows, widest=60)


@contextmanager
def _ledger() -> Iterator[tuple[Settings, Database, EvidenceFolder]]:
    """The ledger by the settings, closed at the end, and the folder of its evidence files."""
    from duban.adapters.evidence_folder import EvidenceFolder
    from duban.services.tools import open_ledger
    from duban.settings import load_settings

    settings = load_settings()
    database = open_ledger(settings)
    try:
        yield settings, database, EvidenceFolder(settings.evidence_folder)
    finally:
        database.dispose()


def _verify_ledger(witness: Path | None, against: Path | None) -> Verified:
    from duban.services.audit import verify as read

    with _ledger() as (settings, database, folder):
        return read(database, evidence=folder, marks=_marks(witness or settings.witness_folder, against))


def _verify_file(file: Path, evidence: Path | None, witness: Path | None, against: Path | None) -> Verified:
    from duban.adapters.evidence_folder import EvidenceFolder
    from duban.services.audit_export import verify_export

    marks = list(_marks(witness, against))
    with _export(file) as lines:
        return verify_export(lines, file.name, evidence=EvidenceFolder(evidence) if evidence else None, marks=marks)


def _marks(witness: Path | None, against: Path | None) -> Iterator[Mark]:
    from duban.services.audit_export import marks_of
    from duban.services.witness import Witness

    if witness is not None:
        yield from Witness(witness).marks()
    with ExitStack() as stack:
        if against is not None:
            yield from marks_of(stack.enter_context(_export(against)), against.name)


@contextmanager
def _export(file: Path) -> Iterator[Iterator[str]]:
    from duban.services.audit_export import ExportUnreadable

    try:
        with file.open(encoding="utf-8") as lines:
            yield lines
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ExportUnreadable(file=file.name, reason=reason) from None
