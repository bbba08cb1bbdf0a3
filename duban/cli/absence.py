"""`duban absence`: who is away, and who stands in."""

from __future__ import annotations

import datetime as dt

import click

from duban.cli.console import DAY, operator, print_json, table, today


@click.group("absence")
def absence() -> None:
    """外出、请假: while somebody is away, the substitute gets what is meant for them."""


@absence.command("enter")
@click.argument("plan")
@click.argument("party")
@click.argument("first", type=DAY)
@click.argument("last", type=DAY)
def enter(plan: str, party: str, first: dt.date, last: dt.date) -> None:
    """PARTY of PLAN is away from FIRST to LAST, both days included."""
    from duban.services import absences
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    found = absences.enter(
        open_ledger(load_settings()),
        plan=plan,
        party=party,
        first_on=first,
        last_on=last,
        actor=operator(),
        now=utc_now(),
    )
    click.echo(f"absence {found} of {party} entered; take it back with: duban absence cancel {found}")


@absence.command("cancel")
@click.argument("absence_id", type=int)
def cancel(absence_id: int) -> None:
    """Take the absence ABSENCE_ID back."""
    from duban.services import absences
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    absences.cancel(open_ledger(load_settings()), absence_id=absence_id, actor=operator(), now=utc_now())
    click.echo(f"absence {absence_id} cancelled")


@absence.command("list")
@click.argument("plan")
@click.option("--since", type=DAY, help="Leave out what ended before; default today.")
@click.option("--json", "as_data", is_flag=True, help="Print the data as JSON.")
def list_(plan: str, since: dt.date | None, as_data: bool) -> None:
    """List who is or will be away."""
    from dataclasses import asdict

    from duban.services import absences
    from duban.services.tools import open_ledger
    from duban.settings import load_settings

    found = absences.list_absences(open_ledger(load_settings()), plan=plan, since=since or today())
    if as_data:
        print_json([asdict(a) for a in found])
        return
    rows = [
        (a.id, a.party, a.first_on, a.last_on, a.substitute or "未指定", "已取消" if a.cancelled_at else "")
        for a in found
    ]
    table(["id", "姓名(单位)", "起", "止", "代管人", ""], rows)
