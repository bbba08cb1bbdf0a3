"""`duban calendar show`, `duban calendar apply FILE`: the office's own days on top of the national calendar."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from duban.cli.console import operator, print_json, table

if TYPE_CHECKING:
    from duban.services.calendars import CalendarChange

SHOWN = 50


@click.group("calendar")
def calendar() -> None:
    """Working days: the national calendar with 调休, and the office's own days on top."""


@calendar.command("show")
@click.option("--json", "as_data", is_flag=True, help="Print the data as JSON.")
def show(as_data: bool) -> None:
    """Where the days in force come from, how far they reach, and which are the office's own."""
    from dataclasses import asdict

    from duban.adapters.workdays import own_days_text
    from duban.services.calendars import differs, in_force
    from duban.services.tools import open_ledger
    from duban.settings import load_settings

    settings = load_settings()
    database = open_ledger(settings)
    found = in_force(database)
    waits = settings.calendar is not None and differs(database, own_days_text(settings.calendar))
    if as_data:
        print_json(asdict(found) | {"file_waits_to_be_applied": waits})
        return
    click.echo(f"来源:{found.source}")
    click.echo(f"已知:{found.known_from} 至 {found.known_through};此外的日期为暂定")
    if found.filename:
        sha256 = (found.sha256 or "")[:12]
        click.echo(f"本单位日历:{found.filename}(sha256 {sha256}),{found.applied_by} 于 {found.applied_at} 生效")
    if found.own_days:
        table(["日期", "上班", "说明"], [(on, "是" if working else "否", note) for on, working, note in found.own_days])
    if waits:
        click.echo(f"{settings.calendar} differs from what is in force: duban calendar apply shows what it moves.")


@calendar.command("apply")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would move; write nothing.")
@click.option("--yes", is_flag=True, help="Apply without asking.")
@click.option("--json", "as_data", is_flag=True, help="Print the result as JSON.")
def apply(file: Path | None, dry_run: bool, yes: bool, as_data: bool) -> None:
    """Put the office's calendar FILE (default DUBAN_CALENDAR) in force, after showing which open clocks it moves."""
    from dataclasses import asdict

    from duban.adapters.workdays import own_days_text
    from duban.services import calendars
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    settings = load_settings()
    path = file or settings.calendar
    if path is None:
        raise click.UsageError("give a calendar FILE, or set DUBAN_CALENDAR")
    text, database = own_days_text(path), open_ledger(settings)
    change = calendars.preview(database, text, path.name)
    if not as_data:
        _show(change)
    # A program says --yes; without it --json is a preview, since nobody is there to ask.
    if not dry_run and (yes or (not as_data and click.confirm("Put this calendar in force?"))):
        change = calendars.apply(database, text, path.name, actor=operator(), now=utc_now())
        if not as_data:
            click.echo(f"In force: {len(change.moves)} clocks moved, {change.looked_again} looked at another day.")
    if as_data:
        print_json(asdict(change))


def _show(change: CalendarChange) -> None:
    click.echo(f"{change.filename}: known through {change.known_through}; {change.source}")
    rows = [
        (m.clock_id, m.plan, m.number, m.title, m.kind.value, m.before, m.after, m.remaining_after, ";".join(m.reasons))
        for m in change.moves[:SHOWN]
    ]
    if rows:
        table(["时钟", "方案", "序号", "事项", "种类", "原到期", "新到期", "尚余", "因"], rows, widest=30)
    more = f" (the first {SHOWN} are shown)" if len(change.moves) > SHOWN else ""
    click.echo(f"{len(change.moves)} of {change.clocks} open clocks move{more}.")
