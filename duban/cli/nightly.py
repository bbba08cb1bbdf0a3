"""`duban nightly`, `duban deliver`, `duban reconcile`."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from duban.cli.console import DAY, print_json, table, today

if TYPE_CHECKING:
    from duban.services.night import NightReport, WouldSend


@click.command("nightly")
@click.option("--as-of", type=DAY, help="Business date; default today.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent; write nothing.")
@click.option("--json", "as_data", is_flag=True, help="Print the result as JSON.")
def nightly(as_of: dt.date | None, dry_run: bool, as_data: bool) -> None:
    """Run one night: claim what is due, compose, deliver, count, seal. Safe to repeat."""
    from duban.services.night import preview, run_night
    from duban.services.tools import night_tools, open_ledger
    from duban.settings import load_settings

    settings = load_settings()
    database = open_ledger(settings)
    day = as_of or today()
    if dry_run:
        would = preview(database, day)
        print_json([_as_dict(w) for w in would]) if as_data else show_preview(would)
        return
    report = run_night(night_tools(settings, database), day, _progress)
    if as_data:
        print_json({"as_of": day, "ok": report.ok} | report.counts())
    else:
        show_report(report)
    if not report.ok:
        sys.exit(1)


@click.command("deliver")
@click.option("--json", "as_data", is_flag=True, help="Print the counts as JSON.")
def deliver(as_data: bool) -> None:
    """Send what waits in the outbox."""
    from dataclasses import asdict

    from duban.services.tools import night_tools, open_ledger, send_waiting
    from duban.settings import load_settings

    settings = load_settings()
    database = open_ledger(settings)
    done = send_waiting(night_tools(settings, database))
    if as_data:
        print_json(asdict(done))
    else:
        click.echo(f"sent {done.sent}, waiting {done.waiting}, failed {done.failed}, unknown {done.unknown}")
    if done.problem:
        click.echo(f"duban: {done.problem}", err=True)
        sys.exit(1)


@click.command("reconcile")
@click.option("--json", "as_data", is_flag=True, help="Print the counts as JSON.")
def reconcile(as_data: bool) -> None:
    """Repair every difference between the ledger and its flow runs, and say what was done."""
    from duban.cli.runs import reconcile_now

    reconcile_now(as_data)


def show_report(report: NightReport) -> None:
    """A night in a few lines for a person."""
    claimed, delivered = report.claimed, report.delivered
    rungs = ", ".join(f"{key} {count}" for key, count in sorted(claimed.rungs.items())) or "none"
    click.echo(f"{report.as_of}: rungs fired: {rungs}")
    click.echo(
        f"  notices {claimed.notices}, mails {report.mails}: sent {delivered.sent}, waiting {delivered.waiting}, "
        f"failed {delivered.failed}, unknown {delivered.unknown}"
    )
    if claimed.passed or claimed.held:
        click.echo(
            f"  not sent, with the reason recorded: {claimed.passed}; held by an acknowledgement: {claimed.held}"
        )
    for plan, clocks in report.unreleased.items():
        click.echo(f"  {plan} is not released yet ({clocks} clocks due): duban release {plan}")
    for failure in report.failures:
        click.echo(f"  FAILED {failure}", err=True)
    if delivered.problem:
        click.echo(f"  {delivered.problem}", err=True)


def show_preview(would: Sequence[WouldSend]) -> None:
    """What a night would send, a line a notice."""
    if not would:
        click.echo("Nothing would be sent.")
        return
    table(
        ["方案", "序号", "事项", "梯级", "应发", "送达"],
        [(w.plan, w.number, w.title, w.rung, w.due_on, "、".join(w.readers)) for w in would],
    )
    click.echo(f"{len(would)} notices would be written.")


def _as_dict(would: WouldSend) -> dict[str, object]:
    return {name: getattr(would, name) for name in would.__dataclass_fields__}


def _progress(phase: str, done: int, of: int) -> None:
    if sys.stderr.isatty() and of:
        click.echo(f"\r{phase} {done}/{of} ", nl=done >= of, err=True)
