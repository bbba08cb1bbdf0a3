"""Flow runs brought into line with the ledger, at the keyboard."""

from __future__ import annotations

import sys

import click

from duban.cli.console import print_json


def reconcile_now(as_data: bool) -> None:
    """One pass of reconcile; exit 1 where the Prefect server cannot be asked."""
    from duban.services.reconcile import reconcile
    from duban.services.tools import open_ledger, prefect_server, utc_now
    from duban.settings import load_settings

    settings = load_settings()
    database = open_ledger(settings)
    with prefect_server(settings) as prefect:
        counts = reconcile(database, prefect, now=utc_now())
    if as_data:
        print_json(counts.as_dict() | {"said": counts.said})
    else:
        found = counts.as_dict()
        for line in counts.said:
            click.echo(line)
        click.echo(", ".join(f"{name} {value}" for name, value in found.items() if name != "problem"))
    if counts.problem:
        click.echo(f"duban: {counts.problem}", err=True)
        sys.exit(1)
