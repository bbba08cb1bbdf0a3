"""`duban papers CADENCE`: the papers of a period, drawn, kept and mailed as the morning's flow does it."""

from __future__ import annotations

import datetime as dt
import sys
from typing import TYPE_CHECKING

import click

from duban.cli.console import DAY, print_json, table, today

if TYPE_CHECKING:
    from duban.services.periodicals import PapersReport


@click.command("papers")
@click.argument("cadence", type=click.Choice(["weekly", "fortnightly", "monthly", "quarterly", "half_yearly"]))
@click.option("--as-of", type=DAY, help="Business date; default today.")
@click.option("--dry-run", is_flag=True, help="Show what would be drawn; keep and send nothing.")
@click.option("--json", "as_data", is_flag=True, help="Print the papers as JSON.")
def papers(cadence: str, as_of: dt.date | None, dry_run: bool, as_data: bool) -> None:
    """Draw the papers that the plans' policies ask for, once a period, and queue their mails. Safe to repeat."""
    from duban.domain.policy_model import Every
    from duban.services.paper_mails import queue_paper_mails
    from duban.services.periodicals import issue_papers, preview_papers
    from duban.services.tools import night_tools, open_ledger
    from duban.settings import load_settings

    settings = load_settings()
    database, day, every = open_ledger(settings), as_of or today(), Every(cadence)
    public_url = settings.public_url.rstrip("/")
    if dry_run:
        _show(preview_papers(database, every, as_of=day, public_url=public_url), 0, as_data)
        return
    tools = night_tools(settings, database)
    report = issue_papers(database, every, as_of=day, now=tools.clock(), public_url=public_url)
    queued = queue_paper_mails(
        database, tools.renderer, every, as_of=day, now=tools.clock(), domain=tools.domain, public_url=public_url
    )
    _show(report, queued, as_data)
    if report.failures:
        sys.exit(1)


def _show(report: PapersReport, queued: int, as_data: bool) -> None:
    if as_data:
        print_json(
            {
                "as_of": report.as_of,
                "papers": [
                    {"plan": p.plan, "kind": p.kind, "period_on": p.period_on, "new": p.new, "paper": p.data}
                    for p in report.papers
                ],
                "mails_queued": queued,
                "failures": report.failures,
            }
        )
        return
    rows = [[p.plan, p.title, f"{p.period_on} – {p.period_to}", "新" if p.new else "已出"] for p in report.papers]
    if rows:
        table(["方案", "材料", "期间", ""], rows)
    click.echo(f"papers {len(report.papers)}, new {report.drawn}, mails queued {queued} (`duban deliver` sends them)")
    for plan in report.unreleased:
        click.echo(f"  {plan} is not released yet: duban release {plan}")
    for failure in report.failures:
        click.echo(f"  FAILED {failure}", err=True)
