"""`duban review PLAN` and `duban resolve ITEM`: the quarantine at the keyboard."""

from __future__ import annotations

import click

from duban.cli.console import operator, print_json, today


@click.command("review")
@click.argument("plan")
@click.option("--json", "as_data", is_flag=True, help="Print the data as JSON.")
def review(plan: str, as_data: bool) -> None:
    """Show what stands in quarantine: each item's source beside its reading, and every doubt at its place."""
    from dataclasses import asdict

    from duban.services.queries.plans import anomalies_of
    from duban.services.queries.quarantine import quarantine
    from duban.services.queries.scope import WHOLE
    from duban.services.tools import open_ledger
    from duban.settings import load_settings

    database = open_ledger(load_settings())
    found = [d for d in quarantine(database, scope=WHOLE, as_of=today(), plan=plan, limit=100_000) if d.row.quarantined]
    loose = [a for a in anomalies_of(database, plan=plan, scope=WHOLE, unresolved=True) if not a.blocks]
    if as_data:
        print_json({"quarantined": [asdict(d) for d in found], "other_doubts": [asdict(a) for a in loose]})
        return
    for doubtful in found:
        row = doubtful.row
        click.echo(f"\n== 第{row.number}项(id {row.id},第{row.copy}份){row.title}")
        for line in doubtful.source:
            mark = "!" if line.doubted else ("|" if line.within else " ")
            click.echo(f"  {line.number:>4} {mark} {line.text}")
        for anomaly in doubtful.anomalies:
            click.echo(f"  ▲ {anomaly.code}(第{anomaly.line}行){anomaly.detail}")
    click.echo(f"\n{len(found)} items in quarantine; nothing is sent for them until they are resolved:")
    click.echo("  duban resolve ID keep|merge|edit|drop --reason …")
    if loose:
        click.echo(f"{len(loose)} other doubts do not block:")
        for anomaly in loose:
            click.echo(f"  {anomaly.line:>4}  {anomaly.code}  {anomaly.detail}")


@click.command("resolve")
@click.argument("item")
@click.argument("action", type=click.Choice(["keep", "merge", "edit", "drop", "undo"]))
@click.option("--reason", default="", help="Why; kept with the decision.")
@click.option("--title", help="With edit.")
@click.option("--goal", help="With edit.")
@click.option("--measure", "measures", multiple=True, help="With edit; repeatable, replaces all measures.")
@click.option("--limit", "time_limit", help="With edit: the time limit, read anew.")
@click.option("--lead", "leads", multiple=True, help="With edit: lead officials; repeatable.")
@click.option("--unit", "units", multiple=True, help="With edit: responsible units; repeatable.")
@click.option("--json", "as_data", is_flag=True, help="Print the result as JSON.")
def resolve(
    item: str,
    action: str,
    reason: str,
    title: str | None,
    goal: str | None,
    measures: tuple[str, ...],
    time_limit: str | None,
    leads: tuple[str, ...],
    units: tuple[str, ...],
    as_data: bool,
) -> None:
    """Decide about ITEM in quarantine; `undo` takes the last decision back (ITEM is then the resolution's id)."""
    from dataclasses import asdict

    from duban.services import resolutions
    from duban.services.plan_lookup import item_id_of
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings
    from models import ResolutionAction

    database = open_ledger(load_settings())
    if action == "undo":
        again = resolutions.undo(database, resolution_id=int(item), actor=operator(), now=utc_now())
        click.echo(f"undone; in quarantine again: {', '.join(map(str, again)) or 'none'}")
        return
    edit = resolutions.Edit(
        title=title,
        goal=goal,
        measures=measures or None,
        time_limit=time_limit,
        lead_officials=leads or None,
        responsible_units=units or None,
    )
    done = resolutions.resolve(
        database,
        item_id=item_id_of(database, item),
        action=ResolutionAction(action),
        actor=operator(),
        reason=reason,
        now=utc_now(),
        edit=edit,
    )
    if as_data:
        print_json(asdict(done))
        return
    for what, ids in (("released", done.released), ("dropped", done.dropped)):
        click.echo(f"{what}: {', '.join(map(str, ids)) or 'none'}")
    click.echo(f"undo with: duban resolve {done.resolution_id} undo")
