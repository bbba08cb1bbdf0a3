"""`duban check`: is the ledger sound."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from duban.cli.console import print_json, table


@click.command("check")
@click.option("--json", "as_data", is_flag=True, help="Print the counts as JSON.")
def check(as_data: bool) -> None:
    """Count the defects of the ledger, an invariant a line; exit 1 if there is any. Changes nothing."""
    from duban.adapters.evidence_folder import EvidenceFolder
    from duban.services.checks import check as look
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    settings = load_settings()
    database = open_ledger(settings)
    try:
        found = look(database, now=utc_now(), evidence=EvidenceFolder(settings.evidence_folder))
    finally:
        database.dispose()
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
