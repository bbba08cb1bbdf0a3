"""`duban self-check ITEM UNIT…`, `duban call PLAN CALLER UNIT…`: items that no document brought."""

from __future__ import annotations

import datetime as dt

import click

from duban.cli.console import DAY, operator

UNITS = click.argument("units", nargs=-1, required=True)
DUE_ON = click.option("--due-on", type=DAY, required=True, help="The limit.")
GOAL = click.option("--goal", default="", help="What is to be reached.")


@click.command("self-check")
@click.argument("item")
@UNITS
@DUE_ON
@GOAL
def self_check(item: str, units: tuple[str, ...], due_on: dt.date, goal: str) -> None:
    """举一反三: let each of UNITS check itself for the problem of ITEM, which waits for all of them."""
    from duban.services.new_items import spawn_self_checks
    from duban.services.plan_lookup import item_id_of
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    database = open_ledger(load_settings())
    made = spawn_self_checks(
        database,
        item_id=item_id_of(database, item),
        units=units,
        due_on=due_on,
        actor=operator(),
        expected_version=None,
        now=utc_now(),
        goal=goal,
    )
    click.echo(f"{item}: {len(made)} self-checks: {', '.join(map(str, made))}")


@click.command("call")
@click.argument("plan")
@click.argument("caller")
@UNITS
@click.option("--title", required=True, help="What they are called for.")
@DUE_ON
@GOAL
def call(plan: str, caller: str, units: tuple[str, ...], title: str, due_on: dt.date, goal: str) -> None:
    """吹哨: CALLER calls UNITS of PLAN, which must report; it escalates upward from them, never from the caller."""
    from duban.services.new_items import call as make
    from duban.services.new_items import waiting_for
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    database = open_ledger(load_settings())
    found = make(
        database,
        plan=plan,
        caller=caller,
        called=units,
        title=title,
        due_on=due_on,
        actor=operator(),
        now=utc_now(),
        goal=goal,
    )
    queued = waiting_for(database, item_id=found)
    click.echo(f"item {found} made; 交办通知 is queued for {'、'.join(queued.names)}, and nothing has left yet")
    click.echo(
        "  it leaves with the next night, or with: duban deliver"
        if queued.released
        else f"  it waits until the plan is released: duban release {plan}"
    )
