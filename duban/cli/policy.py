"""`duban policy check FILE`, `duban policy apply PLAN FILE`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duban.cli.console import DAY, operator, print_json, table, today

if TYPE_CHECKING:
    from duban.services.policy_changes import PolicyChange

FILE = click.argument("file", type=click.Path(path_type=Path))
JSON = click.option("--json", "as_data", is_flag=True, help="Print the data as JSON.")
SHOWN = 50


@click.group("policy")
def policy() -> None:
    """The rules of a plan: ladder, lights, cadences, scoring."""


@policy.command("check")
@FILE
@JSON
def check(file: Path, as_data: bool) -> None:
    """Check a policy FILE: every rule with the source of its number, or the line that is wrong."""
    from dataclasses import asdict

    from duban.domain.policies import load_policy

    found = load_policy(file)
    if as_data:
        print_json({"name": found.name, "title": found.title, "rungs": [asdict(rung) for rung in found.rungs]})
        return
    click.echo(f"{found.title}({found.name}):{found.source}")
    rows = [
        (r.clock.value, r.key, f"{r.offset:+d}", r.title, r.colour.value, "、".join(r.to), "、".join(r.cc), r.source)
        for r in found.rungs
    ]
    table(["时钟", "梯级", "工作日", "文种", "灯", "主送", "抄送", "依据"], rows, widest=44)
    click.echo(f"{len(found.rungs)} rungs, {len(found.reviews)} reviews, {len(found.terms)} terms: the file is right.")


@policy.command("apply")
@click.argument("plan")
@FILE
@click.option("--dry-run", is_flag=True, help="Show what would change; write nothing.")
@click.option("--yes", is_flag=True, help="Apply without asking.")
@click.option("--as-of", type=DAY, help="With --dry-run: the night that the change is shown for; default today.")
@JSON
def apply(plan: str, file: Path, dry_run: bool, yes: bool, as_of: dt.date | None, as_data: bool) -> None:
    """Put the policy FILE in the place of PLAN's, after showing what it changes rule by rule and clock by clock."""
    from dataclasses import asdict

    from duban.domain.policies import load_policy
    from duban.services import policy_changes
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    text, database = load_policy(file).text, open_ledger(load_settings())
    change = policy_changes.preview(database, plan=plan, text=text, filename=file.name, as_of=as_of or today())
    if not as_data:
        _show(change)
    # A program says --yes; without it --json is a preview, since nobody is there to ask.
    if not dry_run and (yes or (not as_data and click.confirm("Apply these rules?"))):
        change = policy_changes.apply(
            database, plan=plan, text=text, filename=file.name, actor=operator(), now=utc_now()
        )
        if not as_data:
            click.echo(f"{change.plan}: {change.after} is in force; {len(change.clocks)} clocks were decided anew.")
    if as_data:
        print_json(asdict(change) | {"sends_more": change.sends_more})


def _show(change: PolicyChange) -> None:
    click.echo(f"{change.plan}: {change.before} → {change.after}")
    table(["规则", "原", "新"], [(r.key, r.before or "—", r.after or "—") for r in change.rules])
    for effect in change.effects:
        click.echo(f"{'、'.join(effect.rules)}：{effect.text}")
    if change.lights:
        _cut(len(change.lights), "lights")
        lights = [(c.number, c.title, c.before.value, c.after.value, "；".join(c.reasons)) for c in change.lights]
        table(["序号", "事项", "原灯", "新灯", "依据"], lights[:SHOWN], widest=44)
    rows = [
        (
            c.clock_id,
            c.number,
            c.title,
            c.kind.value,
            c.due_on,
            c.next_before,
            c.next_after,
            "、".join(c.fires_before),
            "、".join(c.fires_after),
        )
        for c in change.clocks[:SHOWN]
    ]
    if rows:
        _cut(len(change.clocks), "clocks")
        table(["时钟", "序号", "事项", "种类", "到期", "原核对日", "新核对日", "原将发", "新将发"], rows, widest=24)
    click.echo(
        f"{len(change.rules)} rules differ; {len(change.clocks)} of {change.running} running clocks and "
        f"{len(change.lights)} lights are touched; "
        f"the next night would send {change.sends_more} notices more. Rungs that were fired stay fired."
    )


def _cut(total: int, what: str) -> None:
    if total > SHOWN:
        click.echo(f"{SHOWN} of {total} {what} are shown here; --json lists all.")
