"""`duban directory PLAN FILE`: a newer directory of parties for a plan that stands."""

from __future__ import annotations

from pathlib import Path

import click

from duban.cli.console import operator


@click.command("directory")
@click.argument("plan")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only show what it would change.")
def directory(plan: str, file: Path, dry_run: bool) -> None:
    """Enter a newer directory FILE (.csv or .xlsx) into PLAN: addresses, successors, substitutes, aliases."""
    from duban.cli.read import load
    from duban.reading.directory import read_directory
    from duban.services.directory_update import update_directory
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    entries = read_directory(load(file), file.name)
    database = open_ledger(load_settings())
    done = update_directory(database, plan=plan, entries=entries, actor=operator(), now=utc_now(), dry_run=dry_run)
    click.echo(f"{plan}: {done.entered} rows" + (" would be entered; nothing was written." if dry_run else " entered."))
    for label, names in (
        ("names of the text that are known now", done.explained),
        ("names of the text that the directory still lacks", done.unknown),
        ("known, but without an address (the next one up answers)", done.without_address),
    ):
        if names:
            click.echo(f"  {label}: {'、'.join(names)}")
