"""`duban targets PLAN`, `duban reach TARGET VALUE`."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation

import click

from duban.cli.console import DAY, operator, print_json, today


@click.command("targets")
@click.argument("plan")
@click.option("--as-of", type=DAY, help="The day that 序时进度 is reckoned for; default today.")
@click.option("--json", "as_data", is_flag=True, help="Print the data as JSON.")
def targets(plan: str, as_of: dt.date | None, as_data: bool) -> None:
    """List PLAN's targets with what was reached, against 序时进度."""
    from dataclasses import asdict

    from duban.services.targets import plan_targets
    from duban.services.tools import open_ledger
    from duban.settings import load_settings

    found = plan_targets(open_ledger(load_settings()), plan=plan, as_of=as_of or today())
    if as_data:
        print_json([asdict(t) | {"words": t.words()} for t in found])
        return
    for target in found:
        click.echo(f"{target.target_id:>5}  第{target.number}项  {target.words()}")
    click.echo(f"{len(found)} targets; report one with: duban reach ID VALUE --on DATE")


@click.command("reach")
@click.argument("target_id", type=int)
@click.argument("value")
@click.option("--on", type=DAY, help="The day that the value stood on; default today.")
@click.option("--evidence", "evidence_id", type=int, help="The evidence's id.")
@click.option("--note", default="", help="Where the figure comes from.")
def reach(target_id: int, value: str, on: dt.date | None, evidence_id: int | None, note: str) -> None:
    """Record that the target TARGET_ID has reached VALUE."""
    from duban.services.targets import report_target
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    try:
        reached = Decimal(value.replace(",", ""))
    except InvalidOperation:
        raise click.UsageError(f"{value!r} is no number") from None
    report_target(
        open_ledger(load_settings()),
        target_id=target_id,
        reached=reached,
        reached_on=on,
        actor=operator(),
        expected_version=None,
        now=utc_now(),
        evidence_id=evidence_id,
        note=note,
    )
    click.echo(f"target {target_id}: {value}")
