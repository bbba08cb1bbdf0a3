"""`duban register` and `duban release`."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duban.cli.console import DAY, operator, print_json, shown_progress, today
from duban.domain.lifecycle import STATE_ZH, State

if TYPE_CHECKING:
    from duban.adapters.database import Database
    from duban.services.registration import Received


@click.command("register")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--directory", type=click.Path(path_type=Path), help="Parties with their addresses: .csv or .xlsx.")
@click.option("--policy", type=click.Path(path_type=Path), help="Rules of this plan; default DUBAN_POLICY.")
@click.option("--as-of", type=DAY, help="Business date of the registration; default today.")
@click.option("--as", "kind", help="Read it as this kind of document.")
@click.option("--code", help="Short name of the plan, such as 嘉定2014; default from the document.")
@click.option("--plan", "edition_of", help="It is a newer edition of this plan: show what changed, and ask.")
@click.option("--accept", multiple=True, help="With --plan: apply this change (its key), or `all`; repeatable.")
@click.option("--reason", default="", help="With --accept: why; owed where a limit or a lead changes.")
@click.option("--json", "as_data", is_flag=True, help="Print the result as JSON.")
def register(
    file: Path,
    directory: Path | None,
    policy: Path | None,
    as_of: dt.date | None,
    kind: str | None,
    code: str | None,
    edition_of: str | None,
    accept: tuple[str, ...],
    reason: str,
    as_data: bool,
) -> None:
    """Read a document and enter its items into the ledger. The same file again changes nothing."""
    from duban.cli.read import load
    from duban.reading.directory import NO_SHEET, read_sheet
    from duban.reading.model import Kind
    from duban.reading.reader import read_bytes
    from duban.services.registration import Intake, Received
    from duban.services.registration import register as enter
    from duban.services.tools import office_rules, open_ledger, utc_now
    from duban.settings import load_settings

    settings = load_settings()
    if policy is not None:
        settings = settings.model_copy(update={"policy": policy})
    content = load(file)
    reading = read_bytes(content, file.name, Kind(kind) if kind else None)
    sheet = read_sheet(load(directory), directory.name) if directory else NO_SHEET
    database = open_ledger(settings)
    if edition_of is not None and reading.kind is Kind.PROGRESS_REPORT:
        _progress(database, edition_of, Received(file.name, content, reading), accept)
        return
    if edition_of is not None:
        _edition(database, edition_of, Received(file.name, content, reading), accept, reason)
        return
    _use_calendar(database, settings.calendar)
    done = enter(
        database,
        Received(file.name, content, reading),
        Intake(
            rules=office_rules(settings),
            actor=operator(),
            as_of=as_of or today(),
            now=utc_now(),
            directory=sheet.entries,
            directory_ignored=sheet.ignored,
            directory_file=directory.name if directory else "",
            code=code,
            progress=shown_progress(),
        ),
    )
    if as_data:
        print_json(asdict(done))
        return
    if not done.created:
        click.echo(f"{done.code}: registered before; nothing changed.")
    click.echo(f"{done.code}  {done.title}")
    for ignored in done.directory_ignored:
        click.echo(f"  ! {ignored}", err=True)
    states = ", ".join(f"{STATE_ZH[State(s)]} {n}" for s, n in done.states.items())
    click.echo(f"  items {done.items} ({states}); in quarantine {done.quarantined}; clocks running {done.clocks}")
    if done.anomalies:
        click.echo("  doubts: " + ", ".join(f"{c} {n}" for c, n in sorted(done.anomalies.items())))
    if done.quarantined:
        click.echo(f"  Resolve the quarantine: duban review {done.code}")
    click.echo(f"  The first night only shows what it would send; let it go with: duban release {done.code}")


def _use_calendar(database: Database, calendar: Path | None) -> None:
    """The office's own days: taken as they are while no clock runs, else only said to wait for a person."""
    from duban.adapters.workdays import own_days_text
    from duban.services.calendars import apply_first
    from duban.services.tools import utc_now

    if calendar is None:
        return
    if not apply_first(database, own_days_text(calendar), calendar.name, actor=operator(), now=utc_now()):
        click.echo(f"{calendar} differs from what is in force: duban calendar apply shows what it moves.", err=True)


def _edition(database: Database, plan: str, received: Received, accept: tuple[str, ...], reason: str) -> None:
    """Shows what a newer edition changes; applies what is accepted, on the line or at the prompt."""
    from duban.services.editions import ChangeKind, EditionKnown, compare, decide, receive, stored
    from duban.services.tools import utc_now

    try:
        found = compare(database, plan, received)
    except EditionKnown as known:
        found = stored(database, plan, int(known.fields["edition"]))
    for change in found.pending:
        click.echo(f"{change.kind.value:8} {change.key}  {change.title}")
        for one in change.fields if change.item_id is not None else ():
            click.echo(f"    {one.field}: {one.before} → {one.after}")
        for doubt in (*change.doubts, *((change.barred,) if change.barred else ())):
            click.echo(f"    ! {doubt}")
    click.echo(f"{found.unchanged} items are unchanged.")
    open_to = [c.key for c in found.pending if not c.barred and c.kind is not ChangeKind.MISSING]
    wanted = open_to if "all" in accept else list(accept)
    if not accept and open_to and sys.stdin.isatty():
        wanted = [key for key in open_to if click.confirm(f"Apply {key}?")]
        if wanted and not reason:
            reason = click.prompt("Why (kept in the history)", default="", show_default=False)
    if not wanted:
        click.echo("Nothing was changed. Apply with --accept KEY (or KEY::FIELD; repeatable) or --accept all.")
        return
    kept = receive(database, plan, received, actor=operator(), now=utc_now())
    reasons = {"": reason} if reason else None
    done = decide(database, plan, kept.edition, accept=wanted, reasons=reasons, actor=operator(), now=utc_now())
    click.echo(f"applied: {', '.join(done.applied)}; the document is kept as edition {done.edition}.")
    if done.pending:
        click.echo(f"  still open: {', '.join(c.key for c in done.pending)}")


def _progress(database: Database, plan: str, received: Received, accept: tuple[str, ...]) -> None:
    """Shows which item each reported problem seems to be; enters what is accepted, on the line or at the prompt."""
    from duban.services.progress_reports import enter, match, receive
    from duban.services.tools import utc_now

    found = match(database, plan, received.reading).matches
    for one in found:
        beside = f"第{one.number}项 {one.title}(相似度{one.alike:.0%})" if one.item_id else "没有相近的事项"
        click.echo(f"{one.key:>3} {'已完成' if one.done else '进行中'} {one.reported} → {beside}")
    open_to = [one.key for one in found if one.item_id is not None]
    wanted = open_to if "all" in accept else [key for key in open_to if key in accept]
    if not accept and open_to and sys.stdin.isatty():
        wanted = [key for key in open_to if click.confirm(f"Enter {key}?")]
    if not wanted:
        click.echo("Nothing was changed. Enter with --accept KEY (repeatable) or --accept all.")
        return
    kept = receive(database, plan, received, actor=operator(), now=utc_now())
    accepted = dict.fromkeys(wanted)
    done = enter(database, plan, kept.document_id or 0, accepted=accepted, actor=operator(), now=utc_now())
    click.echo(f"entered: {', '.join(done.entered)}; states are as before, a person strikes items off.")


@click.command("release")
@click.argument("plan")
@click.option("--as-of", type=DAY, help="The night to preview; default today.")
@click.option("--dry-run", is_flag=True, help="Only show what the next night would send.")
@click.option(
    "--assign", is_flag=True, help="Also write each item's assignment notice (交办通知); the next night sends."
)
def release(plan: str, as_of: dt.date | None, dry_run: bool, assign: bool) -> None:
    """Let a plan's notices go: shows what its first night sends, then releases it."""
    from duban.cli.nightly import show_preview
    from duban.services.assignments import assign_items, would_assign
    from duban.services.night import preview
    from duban.services.plan_lookup import plan_id_of
    from duban.services.release import release as let_go
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    database = open_ledger(load_settings())
    plan_id, day = plan_id_of(database, plan), as_of or today()
    assigned = would_assign(database, plan_id, day) if assign else []
    show_preview([*assigned, *preview(database, day, [plan_id])])
    if dry_run:
        return
    changed = let_go(database, plan=plan, actor=operator(), now=utc_now(), as_of=as_of)
    click.echo(f"{plan}: released; the next night sends." if changed else f"{plan}: was released before.")
    if assign:
        written = assign_items(database, plan=plan, actor=operator(), now=utc_now(), as_of=as_of)
        click.echo(f"{plan}: {written} assignment notices written.")


@click.command("publish")
@click.argument("plan")
@click.option("--undo", is_flag=True, help="Shut the public page again.")
@click.option("--dry-run", is_flag=True, help="Only say what the page shows and what it does not.")
def publish(plan: str, undo: bool, dry_run: bool) -> None:
    """Open PLAN's public page, which anybody reads without signing in."""
    from duban.services.publishing import publish as perform
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    settings = load_settings()
    done = perform(
        open_ledger(settings), plan=plan, published=not undo, actor=operator(), now=utc_now(), dry_run=dry_run
    )
    click.echo(f"{done.plan}: {'public' if done.published else 'not public'}, {settings.public_url}{done.address}")
    click.echo(f"  {done.items_shown} items shown, {done.items_hidden} in quarantine held back")
    click.echo(f"  shown: {'；'.join(done.shown)}")
    click.echo(f"  not shown: {'；'.join(done.hidden)}")


@click.command("void")
@click.argument("plan")
@click.option("--reason", required=True, help="Why; it stays with the plan.")
def void(plan: str, reason: str) -> None:
    """Take back PLAN, which was registered by mistake: before its release only, as a whole."""
    from duban.services.tools import open_ledger, utc_now
    from duban.services.voiding import void as take_back
    from duban.settings import load_settings

    done = take_back(open_ledger(load_settings()), plan=plan, reason=reason, actor=operator(), now=utc_now())
    click.echo(f"{done.code}: taken back with its {done.items} items; the document can be registered again.")
