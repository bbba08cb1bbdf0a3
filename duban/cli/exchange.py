"""`duban export PLAN`, `duban import FILE`: the ledger as a workbook that units fill in, and back."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import click

from duban.cli.console import DAY, operator, print_json, table, today

FILE = click.Path(path_type=Path, dir_okay=False)
SHOWN = 100


@click.command("export")
@click.argument("plan")
@click.option("--xlsx", type=FILE, help="A workbook whose yellow cells can be filled in and imported.")
@click.option("--json", "json_file", type=FILE, help="JSON; - for standard output.")
@click.option("--csv", "csv_file", type=FILE, help="The items as CSV.")
@click.option("--as-of", type=DAY, help="The day that lights are judged on; default today.")
def export(plan: str, xlsx: Path | None, json_file: Path | None, csv_file: Path | None, as_of: dt.date | None) -> None:
    """Write PLAN's ledger as a workbook, JSON or CSV; JSON on standard output where no file is named."""
    import json

    from duban.cli.console import plain
    from duban.services.ledger_export import as_csv, as_data, as_workbook, ledger_of
    from duban.services.tools import open_ledger
    from duban.settings import load_settings

    ledger = ledger_of(open_ledger(load_settings()), plan=plan, as_of=as_of or today())
    written = []
    if xlsx is not None:
        xlsx.write_bytes(as_workbook(ledger))
        written.append(xlsx)
    if csv_file is not None:
        csv_file.write_text(as_csv(ledger), encoding="utf-8-sig", newline="")
        written.append(csv_file)
    if json_file is not None and str(json_file) != "-":
        json_file.write_text(json.dumps(as_data(ledger), ensure_ascii=False, indent=2, default=plain), encoding="utf-8")
        written.append(json_file)
    for path in written:
        click.echo(f"{ledger.code} → {path}")
    if not written:
        print_json(as_data(ledger))


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would change and what is wrong; write nothing.")
@click.option("--json", "as_data", is_flag=True, help="Print the result as JSON.")
def import_(file: Path, dry_run: bool, as_data: bool) -> None:
    """Enter what an exported workbook FILE was filled in with: all of it, or nothing where one row is wrong.

    Edits that cannot come back this way are named, and the exit code is 1.
    """
    from dataclasses import asdict

    from duban.cli.read import load
    from duban.services.ledger_import import check_import, import_ledger
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    content, database = load(file), open_ledger(load_settings())
    perform = check_import if dry_run else import_ledger
    done = perform(database, content, actor=operator(), now=utc_now())
    if as_data:
        print_json(asdict(done))
    else:
        table(
            ["工作表", "行", "序号", "栏", "原", "新"],
            [(c.sheet, c.row, c.number, c.what, c.before, c.after) for c in done.changes[:SHOWN]],
        )
        for wrong in done.wrong:
            click.echo(f"  {wrong}", err=True)
        for ignored in done.ignored:
            click.echo(f"  ! {ignored}", err=True)
        verb = "entered" if done.applied else "would change"
        click.echo(
            f"{done.plan}: {done.rows} rows read, {len(done.changes)} cells {verb}, {len(done.wrong)} wrong, "
            f"{len(done.ignored)} edits left out"
        )
    if done.wrong or done.ignored:
        sys.exit(1)
