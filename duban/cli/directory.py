"""`duban directory PLAN FILE`: a newer directory for a plan that stands, or the present one as a workbook."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duban.cli.console import DAY, operator, print_json

if TYPE_CHECKING:
    from duban.adapters.database import Database
    from duban.services.directory_update import DirectoryUpdated

CHANGE_ZH = {"new": "新增", "changed": "变更", "ended": "离任、撤并"}


@click.command("directory")
@click.argument("plan")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--log", "show_log", is_flag=True, help="Show who changed what, when, and from which file.")
@click.option("--find", default="", help="With --log: only changes that speak of this name, address or person.")
@click.option("--dry-run", is_flag=True, help="Only show what it would change.")
@click.option("--save", is_flag=True, help="Write the present directory into FILE (.xlsx), to correct and give back.")
@click.option("--json", "as_data", is_flag=True, help="Print the result as JSON.")
def directory(
    plan: str, file: Path | None, show_log: bool, find: str, dry_run: bool, save: bool, as_data: bool
) -> None:
    """Enter a newer directory FILE (.csv or .xlsx) into PLAN: addresses, successors, substitutes, aliases."""
    from dataclasses import asdict

    from duban.cli.read import load
    from duban.services.directory_file import directory_workbook
    from duban.services.directory_update import read_for, update_directory
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    database = open_ledger(load_settings())
    if show_log:
        _show_log(database, plan, find, as_data)
        return
    if file is None:
        raise click.UsageError("Give the FILE to enter (or to --save to), or --log.")
    if save:
        file.write_bytes(directory_workbook(database, plan))
        click.echo(f"{plan}: the directory is in {file}; correct it and enter it with: duban directory {plan} {file}")
        return
    sheet = read_for(database, plan=plan, content=load(file), filename=file.name)
    done = update_directory(
        database,
        plan=plan,
        entries=sheet.entries,
        actor=operator(),
        now=utc_now(),
        dry_run=dry_run,
        unknown_columns=sheet.unknown_columns,
        left_out=sheet.left_out,
        filename=file.name,
    )
    if as_data:
        print_json(asdict(done))
        return
    _show(plan, done)


@click.command("hand-over")
@click.argument("plan")
@click.argument("source")
@click.argument("target")
@click.option("--reason", required=True, help="On what ground: 机构改革，民政局并入社会局.")
@click.option("--last-on", type=DAY, help="The last day of SOURCE; default what the directory says, else today.")
@click.option("--dry-run", is_flag=True, help="Only show what it would hand over.")
@click.option("--json", "as_data", is_flag=True, help="Print the result as JSON.")
def hand_over(
    plan: str, source: str, target: str, reason: str, last_on: dt.date | None, dry_run: bool, as_data: bool
) -> None:
    """SOURCE of PLAN goes on in TARGET (并入、更名、继任): all its open items change hands at once."""
    from dataclasses import asdict

    from duban.services import handovers
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    done = handovers.hand_over(
        open_ledger(load_settings()),
        plan=plan,
        source=source,
        target=target,
        reason=reason,
        actor=operator(),
        now=utc_now(),
        last_on=last_on,
        dry_run=dry_run,
    )
    if as_data:
        print_json(asdict(done))
        return
    for item in done.items:
        click.echo(f"  {item.number:>6} {item.title}" + (f"  (kept: {item.kept})" if item.kept else ""))
    handed = sum(not item.kept for item in done.items)
    verb = "handed over" if done.written else "would be handed over; nothing written"
    click.echo(f"{done.plan}: {handed} open items of {done.source} {verb}, to {done.target}; last day {done.last_on}.")
    if done.closed:
        click.echo(f"  closed items that stay with {done.source}: {done.closed}")
    for label, names in (
        ("now has the other as superior, substitute, head or member", done.related),
        ("accounts that act for it (duban user scope)", done.accounts),
    ):
        if names:
            click.echo(f"  {label}: {'、'.join(names)}")


def _show_log(database: Database, plan: str, find: str, as_data: bool) -> None:
    """The whole log, the last change first."""
    from dataclasses import asdict

    from duban.services.directory_log import LoggedChange, directory_log

    page = 1
    changes: list[LoggedChange] = []
    while True:
        found = directory_log(database, plan=plan, actor=operator(), q=find, page=page)
        changes += found.changes
        if page >= found.pages:
            break
        page += 1
    if as_data:
        print_json([asdict(c) for c in changes])
        return
    for one in changes:
        origin = f" ({one.filename})" if one.filename else ""
        click.echo(f"{one.changed_at:%Y-%m-%d %H:%M}Z {one.changed_by}{origin}: {CHANGE_ZH[one.change]} {one.name}")
        for column in one.fields:
            click.echo(f"    {column.field}: {column.before or '—'} → {column.after or '—'}")
    click.echo(f"{plan}: {len(changes)} changes.")


def _show(plan: str, done: DirectoryUpdated) -> None:
    for one in done.changes:
        click.echo(f"  {one.row:>4} {CHANGE_ZH[one.change]} {one.name}")
        for column in one.fields if one.change != "new" else ():
            click.echo(f"         {column.field}: {column.before or '—'} → {column.after or '—'}")
        if one.similar:
            click.echo(f"         looks like {'、'.join(one.similar)}: if it is the same, give it there as an alias")
    click.echo(
        f"{plan}: {done.entered} rows" + (" entered." if done.written else " would be entered; nothing written.")
    )
    for sentence in done.left_out:
        click.echo(f"  ! {sentence}", err=True)
    unknown = [u.name + (f"({'、'.join(u.similar)}?)" if u.similar else "") for u in done.unknown]
    for label, names in (
        ("columns that are not known, left out", done.unknown_columns),
        ("names of the text that are known now", done.explained),
        ("names of the text that the directory still lacks", unknown),
        ("known, but without an address (the next one up answers)", done.without_address),
        ("not in this file, left as they are", done.absent),
    ):
        if names:
            click.echo(f"  {label}: {'、'.join(names)}")
    for left in done.orphaned:
        click.echo(f"  {left.name} has left with {left.items} open items: duban hand-over {plan} {left.name} SUCCESSOR")
    if done.doubts_settled:
        click.echo(f"  doubts about unknown names that are settled: {done.doubts_settled}")
