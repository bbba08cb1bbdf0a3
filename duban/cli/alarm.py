"""`duban alarm`: what needs a person, by mail; for a timer of the machine that does not rely on Prefect."""

from __future__ import annotations

import sys

import click

from duban.cli.console import print_json


@click.command("alarm")
@click.option("--json", "as_data", is_flag=True, help="Print what was found as JSON.")
def alarm(as_data: bool) -> None:
    """Look whether the night was done and an engine is there; mail the supervision office, each trouble once a day."""
    from dataclasses import asdict

    from duban.services.alarms import look_and_tell
    from duban.services.tools import night_tools, open_ledger, prefect_server
    from duban.settings import load_settings

    settings = load_settings()
    tools = night_tools(settings, open_ledger(settings))
    with prefect_server(settings) as prefect:
        raised = look_and_tell(tools, prefect, now=tools.clock(), zone=settings.zone, night_by=settings.night_by)
    if as_data:
        print_json(asdict(raised))
    elif not raised.alarms:
        click.echo("Nothing needs a person.")
    else:
        for found in raised.alarms:
            click.echo(f"{found.trouble}: {found.what} {' '.join(found.said)}")
        click.echo(f"mails queued {raised.queued}, sent {raised.delivered.sent}")
    if raised.delivered.problem:
        click.echo(f"duban: {raised.delivered.problem}", err=True)
    if raised.alarms:
        sys.exit(1)
