"""`duban move ITEM ACTION`."""

from __future__ import annotations

import datetime as dt

import click

from duban.cli.console import DAY, operator, print_json
from duban.domain.lifecycle import ACTION_ZH, STATE_ZH, Action


@click.command("move")
@click.argument("item")
@click.argument("action", type=click.Choice([a.value for a in Action]))
@click.option("--reason", default="", help="Why; needed for return, withdraw, merge and reopen.")
@click.option("--measure", "measures", multiple=True, help="With draft_measure: the text of a measure; repeatable.")
@click.option("--into", help="With merge: the item that it goes on in.")
@click.option(
    "--with-merged", multiple=True, help="With withdraw: an item merged into this one that ends with it; repeatable."
)
@click.option("--due-on", type=DAY, help="With reopen: the new limit.")
@click.option("--version", "expected_version", type=int, help="Refuse if the item has changed since this version.")
@click.option("--json", "as_data", is_flag=True, help="Print the result as JSON.")
def move(
    item: str,
    action: str,
    reason: str,
    measures: tuple[str, ...],
    into: str | None,
    with_merged: tuple[str, ...],
    due_on: dt.date | None,
    expected_version: int | None,
    as_data: bool,
) -> None:
    """Perform a transition on ITEM (its id, or PLAN/NUMBER such as 嘉定2014/13)."""
    from duban.services.plan_lookup import item_id_of
    from duban.services.tools import open_ledger, utc_now
    from duban.services.transitions import MoveDetails
    from duban.services.transitions import move as perform
    from duban.settings import load_settings

    database = open_ledger(load_settings())
    details = MoveDetails(
        measures=measures,
        merge_into=item_id_of(database, into) if into else None,
        with_merged=tuple(item_id_of(database, one) for one in with_merged),
        due_on=due_on,
    )
    moved = perform(
        database,
        item_id=item_id_of(database, item),
        action=Action(action),
        actor=operator(),
        expected_version=expected_version,
        now=utc_now(),
        reason=reason,
        details=details,
    )
    if as_data:
        print_json({"item": moved.item_id, "from": moved.before, "to": moved.state, "version": moved.version})
    else:
        click.echo(
            f"{item}: {ACTION_ZH[Action(action)]}: {STATE_ZH[moved.before]} → {STATE_ZH[moved.state]} "
            f"(version {moved.version})"
        )
