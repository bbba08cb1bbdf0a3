"""`duban outbox`, `duban withdraw`, `duban weekly`: what a person decides about mails, and the weekly summary."""

from __future__ import annotations

import datetime as dt

import click

from duban.cli.console import DAY, operator, print_json, table, today


@click.group("outbox", invoke_without_command=True)
@click.option("--settled", is_flag=True, help="Also those that a person has decided about.")
@click.option("--json", "as_data", is_flag=True, help="Print the data as JSON.")
@click.pass_context
def outbox(context: click.Context, settled: bool, as_data: bool) -> None:
    """List mails that wait for a person: of unknown fate, or failed."""
    if context.invoked_subcommand is not None:
        return
    from dataclasses import asdict

    from duban.services.outbox import list_outbox
    from duban.services.tools import open_ledger
    from duban.settings import load_settings

    found = list_outbox(open_ledger(load_settings()), settled=settled)
    if as_data:
        print_json([asdict(row) for row in found])
        return
    rows = [(r.id, r.status.value, r.name, r.address, r.subject, r.as_of, r.attempts, r.error or "") for r in found]
    table(["邮件", "状态", "收件人", "地址", "主题", "日期", "次数", "原因"], rows, widest=36)
    click.echo("Decide with: duban outbox resend|arrived|lost ID --note …")


def _settle(verdict: str, delivery_id: int, note: str) -> None:
    from duban.services.outbox import Verdict, settle
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    status = settle(
        open_ledger(load_settings()),
        delivery_id=delivery_id,
        verdict=Verdict(verdict),
        actor=operator(),
        now=utc_now(),
        note=note,
    )
    click.echo(f"mail {delivery_id} is {status.value}")


NOTE = click.option("--note", default="", help="How you know; kept with the items.")
MAIL = click.argument("delivery_id", type=int)


@outbox.command("resend")
@MAIL
@NOTE
def resend(delivery_id: int, note: str) -> None:
    """Send the mail again: the reader may get it twice if it did arrive."""
    _settle("resend", delivery_id, note)


@outbox.command("arrived")
@MAIL
@NOTE
def arrived(delivery_id: int, note: str) -> None:
    """Record that the mail of unknown fate did arrive."""
    _settle("arrived", delivery_id, note)


@outbox.command("lost")
@MAIL
@NOTE
def lost(delivery_id: int, note: str) -> None:
    """Record that it did not arrive: the supervision office gets its notices instead."""
    _settle("lost", delivery_id, note)


@click.command("withdraw")
@click.argument("notice_id", type=int)
@click.option("--reason", required=True, help="Why; kept with the notice.")
def withdraw(notice_id: int, reason: str) -> None:
    """Withdraw a notice that has not been sent yet; its number is kept and not given again."""
    from duban.services.outbox import withdraw as take_back
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    take_back(open_ledger(load_settings()), notice_id=notice_id, reason=reason, actor=operator(), now=utc_now())
    click.echo(f"notice {notice_id} withdrawn")


@click.command("weekly")
@click.option("--as-of", type=DAY, help="Business date; default today.")
def weekly(as_of: dt.date | None) -> None:
    """Queue the weekly summaries that are due on the day, and send them. Safe to repeat."""
    from duban.services.deliver import deliver
    from duban.services.tools import night_tools, open_ledger
    from duban.services.weekly import compose_weekly
    from duban.settings import load_settings

    settings = load_settings()
    tools = night_tools(settings, open_ledger(settings))
    queued = compose_weekly(
        tools.database,
        tools.renderer,
        as_of=as_of or today(),
        now=tools.clock(),
        domain=tools.domain,
        public_url=tools.office.public_url,
        links=tools.links,
    )
    done = deliver(tools.database, tools.transport, clock=tools.clock, throttle=tools.throttle, pause=tools.pause)
    click.echo(f"weekly summaries {queued}; sent {done.sent}, waiting {done.waiting}, failed {done.failed}")
