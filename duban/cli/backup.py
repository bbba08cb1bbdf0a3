"""`duban backup`, `duban restore`."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import click

from duban.cli.console import operator


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Write a consistent copy of the ledger while duban goes on working, with its evidence files beside it.

    FILE is a SQLite ledger of its own, from PostgreSQL too; the evidence files go to the folder FILE.evidence. The
    event log of the copy is verified.
    """
    from duban.adapters.database import Database
    from duban.services.backup import write_backup
    from duban.settings import load_settings

    settings = load_settings()
    database = Database(settings.ledger_url)
    with ExitStack() as stack:
        stack.callback(database.dispose)
        done = write_backup(database, file, settings.evidence_folder)
    click.echo(
        f"backup written to {file}: {done.rows} rows"
        + (f", {done.files} evidence files beside it" if done.files else "")
    )
    _say_defects(done.missing, done.defects)


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.confirmation_option(prompt="Replace the present ledger by this backup? (the present one is kept beside it)")
def restore(file: Path) -> None:
    """Put a backup in the ledger's place, on SQLite or PostgreSQL, wherever it was taken; the present one is kept.

    Evidence files come back from FILE.evidence; those that are there now stay. Stop duban before.
    """
    from duban.adapters.database import Database
    from duban.adapters.processes import lock_folder
    from duban.services.backup import restore_backup
    from duban.services.tools import utc_now
    from duban.settings import load_settings

    settings = load_settings()
    with ExitStack() as stack:
        stack.enter_context(lock_folder(settings.data_dir))
        database = Database(settings.ledger_url)
        stack.callback(database.dispose)
        done = restore_backup(database, file, settings.evidence_folder, actor=operator().name, now=utc_now())
    click.echo(f"restored {done.rows} rows" + (f"; the ledger that was here is kept: {done.kept}" if done.kept else ""))
    click.echo("start duban, then run `duban reconcile` to bring the flow runs into line")
    click.echo("the witness remembers what was set back: `duban audit witness --begin-anew` puts its notes aside")
    _say_defects(done.missing, done.defects)


def _say_defects(missing: tuple[str, ...], defects: tuple[str, ...]) -> None:
    """What the copy lacks; exit 1 where it lacks anything. The copy stays: it is as good as the ledger was."""
    for sha256 in missing:
        click.echo(f"duban: the evidence file {sha256} is missing or has changed; it was so before", err=True)
    for defect in defects:
        click.echo(f"duban: {defect}", err=True)
    if missing or defects:
        click.echo("`duban check` and `duban audit verify` say more; all else was copied", err=True)
        sys.exit(1)
