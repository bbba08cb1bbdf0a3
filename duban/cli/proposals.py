"""`duban proposals`, `duban decide`, `duban talk`: sheets that wait for their approval, and what a talk brought."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from duban.cli.console import DAY, operator, print_json, table

if TYPE_CHECKING:
    from duban.adapters.database import Database

MINUTE = click.DateTime(formats=["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"])


@click.command("proposals")
@click.option("--all", "everything", is_flag=True, help="Also those that were decided or lapsed.")
@click.option("--json", "as_data", is_flag=True, help="Print them as JSON.")
def proposals(everything: bool, as_data: bool) -> None:
    """List the sheets that wait for an approval before they leave."""
    from duban.notices.context import KINDS_ZH
    from duban.services.queries.proposals import list_proposals
    from duban.services.queries.scope import WHOLE

    found = list_proposals(_ledger(), scope=WHOLE, waiting=not everything)
    if as_data:
        print_json([{name: getattr(one, name) for name in one.__dataclass_fields__} for one in found])
        return
    table(
        ["件号", "文种", "方案", "序号", "事项", "批准", "结果"],
        [
            (
                p.notice_id,
                KINDS_ZH[p.kind],
                p.plan_code,
                p.item_number,
                p.item_title,
                p.approver_zh,
                p.outcome or "待批",
            )
            for p in found
        ],
    )


@click.command("decide")
@click.argument("notice", type=int)
@click.argument("decision", type=click.Choice(["approve", "refuse"]))
@click.option("--reason", default="", help="With refuse: why; it is kept.")
@click.option("--at", "talk_at", type=MINUTE, help="With a summons: when the talk is, local time, as 2026-08-07T15:00.")
@click.option("--place", default="", help="With a summons: where.")
@click.option("--speaker", default="", help="With a summons: who speaks.")
def decide(notice: int, decision: str, reason: str, talk_at: dt.datetime | None, place: str, speaker: str) -> None:
    """Let the sheet NOTICE go, or refuse it; `duban proposals` lists those that wait."""
    from duban.services.proposals import Talk, decide_proposal
    from duban.services.rules import AUTHORITY_ZONE
    from duban.services.tools import utc_now

    at = talk_at.replace(tzinfo=AUTHORITY_ZONE).astimezone(dt.UTC) if talk_at is not None else None
    done = decide_proposal(
        _ledger(),
        notice_id=notice,
        approved=decision == "approve",
        actor=operator(),
        now=utc_now(),
        reason=reason,
        talk=Talk(at, place, speaker) if at is not None else None,
    )
    click.echo(
        f"{notice}: {done.outcome.value}{f' as {done.reference}' if done.reference else ''} {done.reason}".strip()
    )


@click.command("talk")
@click.argument("notice", type=int)
@click.option("--promised", required=True, help="What was said and promised.")
@click.option("--by", "promised_on", type=DAY, help="The day by which it is to be done; a clock runs to it.")
def talk(notice: int, promised: str, promised_on: dt.date | None) -> None:
    """Record the talk that the summons NOTICE called to."""
    from duban.services.proposals import record_talk
    from duban.services.tools import utc_now

    version = record_talk(
        _ledger(), notice_id=notice, promised=promised, promised_on=promised_on, actor=operator(), now=utc_now()
    )
    click.echo(f"{notice}: talk recorded (version {version})")


def _ledger() -> Database:
    from duban.services.tools import open_ledger
    from duban.settings import load_settings

    return open_ledger(load_settings())
