"""`duban closing ITEM STEP`, `duban re-inspect ITEM RESULT`: the closing gate, and what comes after it."""

from __future__ import annotations

import datetime as dt
import sys
from typing import TYPE_CHECKING

import click

from duban.cli.console import DAY, operator, today

if TYPE_CHECKING:
    from duban.adapters.database import Database

VERSION = click.option("--version", "expected_version", type=int, help="Refuse if the item has changed since.")


@click.command("closing")
@click.argument("item")
@click.argument("step", type=click.Choice(["gaps", "request", "sign", "verify", "publish"]))
@click.option("--for", "on_behalf_of", help="With sign: the lead official whose signature on paper you enter.")
@click.option("--note", default="", help="What was found or said.")
@click.option("--ends-on", type=DAY, help="With publish: the last day; default by the plan's policy.")
@VERSION
def closing(
    item: str,
    step: str,
    on_behalf_of: str | None,
    note: str,
    ends_on: dt.date | None,
    expected_version: int | None,
) -> None:
    """Take a STEP towards striking ITEM off; `gaps` names what still stands in the way."""
    from duban.services.closing import gaps_of, take_step
    from duban.services.plan_lookup import item_id_of
    from duban.services.tools import utc_now
    from models import ClosingStep

    database = _ledger()
    item_id = item_id_of(database, item)
    if step != "gaps":
        take_step(
            database,
            item_id=item_id,
            step=ClosingStep(step),
            actor=operator(),
            expected_version=expected_version,
            now=utc_now(),
            on_behalf_of=on_behalf_of,
            note=note,
            ends_on=ends_on,
        )
    with database.read() as session:
        gaps = gaps_of(session, item_id, today())
    for gap in gaps:
        click.echo(f"  {gap}")
    click.echo(f"{item}: {len(gaps)} gaps" if gaps else f"{item}: nothing stands in the way: duban move {item} close")
    if gaps and step == "gaps":
        sys.exit(1)


@click.command("re-inspect")
@click.argument("item")
@click.argument("result", type=click.Choice(["passed", "failed"]))
@click.option("--note", required=True, help="What was found.")
@click.option("--due-on", type=DAY, help="With failed: the new limit.")
@click.option("--again-on", type=DAY, help="With passed: when to look again.")
@VERSION
def re_inspect(
    item: str,
    result: str,
    note: str,
    due_on: dt.date | None,
    again_on: dt.date | None,
    expected_version: int | None,
) -> None:
    """Record what the re-inspection of the closed ITEM found; a failed one reopens it with a new limit."""
    from duban.services.plan_lookup import item_id_of
    from duban.services.re_inspection import re_inspect as perform
    from duban.services.tools import utc_now

    database = _ledger()
    version = perform(
        database,
        item_id=item_id_of(database, item),
        passed=result == "passed",
        note=note,
        actor=operator(),
        expected_version=expected_version,
        now=utc_now(),
        due_on=due_on,
        again_on=again_on,
    )
    click.echo(f"{item}: re-inspection {result} (version {version})")


def _ledger() -> Database:
    from duban.services.tools import open_ledger
    from duban.settings import load_settings

    return open_ledger(load_settings())
