"""`duban progress`: what units report, entered by the office for those that report by phone or on paper."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duban.cli.console import DAY, operator

if TYPE_CHECKING:
    from duban.adapters.database import Database

ITEM = click.argument("item")
POSITION = click.argument("position", type=click.IntRange(1))
ON = click.option("--on", type=DAY, help="The day that it was done; default today.")
REASON = click.option("--reason", default="", help="What was done.")


@click.group("progress")
def progress() -> None:
    """Report progress on an item; positions are those that `duban show ITEM` prints."""


@progress.command("measure")
@ITEM
@POSITION
@click.argument("state", type=click.Choice(["open", "mostly_done", "done"]))
@ON
@REASON
def measure(item: str, position: int, state: str, on: dt.date | None, reason: str) -> None:
    """Report how far a measure is (未完成 / 基本完成 / 已完成)."""
    from duban.services.plan_lookup import part_id_of
    from duban.services.progress import report_measure
    from duban.services.tools import utc_now
    from models import Measure, Progress

    database = _ledger()
    report_measure(
        database,
        measure_id=part_id_of(database, Measure, item, position),
        progress=Progress(state),
        actor=operator(),
        expected_version=None,
        now=utc_now(),
        done_on=on,
        reason=reason,
    )
    click.echo(f"{item}: measure {position} {state}")


@progress.command("milestone")
@ITEM
@POSITION
@ON
@REASON
def milestone(item: str, position: int, on: dt.date | None, reason: str) -> None:
    """Report a milestone done: its clock ends."""
    from duban.services.plan_lookup import part_id_of
    from duban.services.progress import report_milestone
    from duban.services.tools import utc_now
    from models import Milestone

    database = _ledger()
    report_milestone(
        database,
        milestone_id=part_id_of(database, Milestone, item, position),
        actor=operator(),
        expected_version=None,
        now=utc_now(),
        done_on=on,
        reason=reason,
    )
    click.echo(f"{item}: milestone {position} done")


@progress.command("regulation")
@ITEM
@POSITION
@click.option("--number", "document_number", help="Its document number (文号).")
@click.option("--issued-on", type=DAY, help="Its date.")
def regulation(item: str, position: int, document_number: str | None, issued_on: dt.date | None) -> None:
    """Report a regulation's document number and date."""
    from duban.services.plan_lookup import part_id_of
    from duban.services.progress import report_regulation
    from duban.services.tools import utc_now
    from models import Regulation

    database = _ledger()
    report_regulation(
        database,
        regulation_id=part_id_of(database, Regulation, item, position),
        document_number=document_number,
        issued_on=issued_on,
        actor=operator(),
        expected_version=None,
        now=utc_now(),
    )
    click.echo(f"{item}: regulation {position} reported")


@progress.command("check-in")
@ITEM
@click.option("--text", required=True, help="The periodic report of a long-term item.")
def check_in(item: str, text: str) -> None:
    """Enter a long-term item's periodic report (长效报告); the next period begins."""
    from duban.services.plan_lookup import item_id_of
    from duban.services.progress import report_check_in
    from duban.services.tools import utc_now

    database = _ledger()
    report_check_in(
        database,
        item_id=item_id_of(database, item),
        text=text,
        actor=operator(),
        expected_version=None,
        now=utc_now(),
    )
    click.echo(f"{item}: check-in reported")


@progress.command("evidence")
@ITEM
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--note", default="", help="What it proves.")
def evidence(item: str, file: Path, note: str) -> None:
    """Hand in a file that proves what was done (佐证材料)."""
    from duban.services.plan_lookup import item_id_of
    from duban.services.progress import hand_in_evidence
    from duban.services.tools import evidence_store, open_ledger, utc_now
    from duban.settings import load_settings

    settings = load_settings()
    database = open_ledger(settings)
    found = hand_in_evidence(
        database,
        item_id=item_id_of(database, item),
        filename=file.name,
        content=file.read_bytes(),
        note=note,
        actor=operator(),
        expected_version=None,
        now=utc_now(),
        store=evidence_store(settings),
    )
    click.echo(f"{item}: evidence {found}")


def _ledger() -> Database:
    from duban.services.tools import open_ledger
    from duban.settings import load_settings

    return open_ledger(load_settings())
