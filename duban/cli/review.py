"""`duban review PLAN`, `duban resolve ITEM` and `duban correct ITEM`: readings set right at the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from duban.cli.console import operator, print_json, today

if TYPE_CHECKING:
    from duban.services.item_fields import Edit


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


def _fields(command: Any) -> Any:
    """The options that say how fields should stand."""
    for option in reversed(
        (
            click.option("--number", help="The number as it should stand; with split that of the new item."),
            click.option("--title", help="The problem or task."),
            click.option("--goal", help="The goal."),
            click.option("--measure", "measures", multiple=True, help="Repeatable, replaces all measures."),
            click.option("--limit", "time_limit", help="The time limit, read anew."),
            click.option("--lead", "lead_officials", multiple=True, help="Lead officials; repeatable."),
            click.option("--lead-unit", "lead_units", multiple=True, help="Lead units; repeatable."),
            click.option("--unit", "responsible_units", multiple=True, help="Responsible units; repeatable."),
            click.option("--support", "support_units", multiple=True, help="Support units; repeatable."),
            click.option("--supervising", "supervising_units", multiple=True, help="Supervising units; repeatable."),
            click.option("--regulation", "regulations", multiple=True, help="Instruments; repeatable."),
            click.option("--target", "targets", multiple=True, help="Targets as sentences; repeatable."),
        )
    ):
        command = option(command)
    return command


def _edit(fields: dict[str, Any]) -> Edit:
    from duban.services.item_fields import Edit

    return Edit(**{name: value or None for name, value in fields.items()})


@click.command("resolve")
@click.argument("item")
@click.argument("action", type=click.Choice(["keep", "merge", "edit", "drop", "split", "join", "undo"]))
@click.option("--reason", default="", help="Why; kept with the decision.")
@click.option("--from-measure", type=int, help="With split: the first measure that goes to the new item.")
@click.option("--into", default="", help="With join: the number of the item that this one is the rest of.")
@_fields
@click.option("--json", "as_data", is_flag=True, help="Print the result as JSON.")
def resolve(
    item: str, action: str, reason: str, from_measure: int | None, into: str, as_data: bool, **fields: Any
) -> None:
    """Decide about ITEM in quarantine; `undo` takes the last decision back (ITEM is then the resolution's id)."""
    from dataclasses import asdict

    from duban.services import resolutions
    from duban.services.item_splits import join, split
    from duban.services.plan_lookup import item_id_of
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings
    from models import ResolutionAction

    database = open_ledger(load_settings())
    if action == "undo":
        again = resolutions.undo(database, resolution_id=int(item), actor=operator(), now=utc_now())
        click.echo(f"undone; in quarantine again: {', '.join(map(str, again)) or 'none'}")
        return
    given: dict[str, Any] = {"actor": operator(), "reason": reason, "now": utc_now()}
    item_id = item_id_of(database, item)
    if action == "split":
        number, title = fields["number"] or "", fields["title"] or ""
        done = split(database, item_id=item_id, number=number, title=title, from_measure=from_measure, **given)
    elif action == "join":
        done = join(database, item_id=item_id, into=into, **given)
    else:
        edit = _edit(fields)
        done = resolutions.resolve(database, item_id=item_id, action=ResolutionAction(action), edit=edit, **given)
    if as_data:
        print_json(asdict(done))
        return
    for what, ids in (("released", done.released), ("dropped", done.dropped)):
        click.echo(f"{what}: {', '.join(map(str, ids)) or 'none'}")
    if done.made is not None:
        click.echo(f"made: {done.made}; both wait in quarantine to be kept")
    click.echo(f"undo with: duban resolve {done.resolution_id} undo")


@click.command("correct")
@click.argument("item")
@click.option("--reason", required=True, help="Why; it goes into the item's history.")
@_fields
def correct(item: str, reason: str, **fields: Any) -> None:
    """Set fields of ITEM right that were read wrong, while it is under way; what was reported stays."""
    from duban.services.corrections import correct as set_right
    from duban.services.plan_lookup import item_id_of
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    database = open_ledger(load_settings())
    item_id = item_id_of(database, item)
    done = set_right(database, item_id=item_id, edit=_edit(fields), reason=reason, actor=operator(), now=utc_now())
    for name, change in done.fields.items():
        click.echo(f"{name}: {change['before'] or '—'} → {change['after'] or '—'}")
