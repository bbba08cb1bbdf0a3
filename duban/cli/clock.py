"""`duban clock`: count a relative limit from its day, pause and resume a clock, ask for an extension and decide it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from duban.cli.console import DAY, operator
from duban.domain.counting import Unit

if TYPE_CHECKING:
    from duban.adapters.database import Database

VERSION = click.option("--version", "expected_version", type=int, help="Refuse if the item has changed since.")


@click.group("clock")
def clock() -> None:
    """Clocks by their id, which `duban explain ITEM` shows."""


@clock.command("count")
@click.argument("item")
@click.argument("amount", type=click.IntRange(1))
@click.argument("unit", type=click.Choice([u.value for u in Unit]))
@click.argument("from_on", metavar="FROM", type=DAY)
@click.option("--part", type=int, help="The milestone's position, where the item has undated parts.")
@click.option("--reason", default="", help="Which event the day is that of; kept with it.")
@VERSION
def count(
    item: str, amount: int, unit: str, from_on: dt.date, part: int | None, reason: str, expected_version: int | None
) -> None:
    """Count ITEM's relative limit: AMOUNT UNIT from the day after FROM."""
    from duban.services.counted_limits import start_counted
    from duban.services.plan_lookup import item_id_of, part_id_of
    from duban.services.tools import utc_now
    from models import Milestone

    database = _ledger()
    item_id = item_id_of(database, item)
    start_counted(
        database,
        item_id=item_id,
        amount=amount,
        unit=Unit(unit),
        from_on=from_on,
        actor=operator(),
        expected_version=expected_version,
        now=utc_now(),
        milestone_id=part_id_of(database, Milestone, item, part) if part is not None else None,
        reason=reason,
    )
    click.echo(f"{item}: counted; duban explain {item} shows day by day how.")


@clock.command("recount")
@click.argument("clock_id", type=int)
@click.argument("from_on", metavar="FROM", type=DAY)
@click.option("--reason", required=True, help="Why the day was wrong.")
@VERSION
def recount(clock_id: int, from_on: dt.date, reason: str, expected_version: int | None) -> None:
    """Count the limit of the clock CLOCK_ID anew, from the day after FROM: its day was wrong."""
    from duban.services.counted_limits import correct_anchor
    from duban.services.tools import utc_now

    correct_anchor(
        _ledger(),
        clock_id=clock_id,
        from_on=from_on,
        reason=reason,
        actor=operator(),
        expected_version=expected_version,
        now=utc_now(),
    )
    click.echo(f"clock {clock_id}: counted anew from the day after {from_on}")


@clock.command("pause")
@click.argument("clock_id", type=int)
@click.option("--reason", required=True, help="Why the time stops.")
@VERSION
def pause(clock_id: int, reason: str, expected_version: int | None) -> None:
    """Stop the clock CLOCK_ID; what is left of a counted limit is kept to the day."""
    from duban.services.clock_changes import pause_clock
    from duban.services.tools import utc_now

    pause_clock(
        _ledger(),
        clock_id=clock_id,
        reason=reason,
        actor=operator(),
        expected_version=expected_version,
        now=utc_now(),
    )
    click.echo(f"clock {clock_id} paused")


@clock.command("resume")
@click.argument("clock_id", type=int)
@click.option("--reason", default="", help="Why it goes on.")
@VERSION
def resume(clock_id: int, reason: str, expected_version: int | None) -> None:
    """Let the paused clock CLOCK_ID run on from tomorrow."""
    from duban.services.clock_changes import resume_clock
    from duban.services.tools import utc_now

    resume_clock(
        _ledger(),
        clock_id=clock_id,
        reason=reason,
        actor=operator(),
        expected_version=expected_version,
        now=utc_now(),
    )
    click.echo(f"clock {clock_id} runs")


@clock.command("extend")
@click.argument("clock_id", type=int)
@click.argument("until", type=DAY)
@click.option("--reason", required=True, help="Why more time is needed.")
@click.option("--progress", required=True, help="What has been done so far.")
@VERSION
def extend(clock_id: int, until: dt.date, reason: str, progress: str, expected_version: int | None) -> None:
    """Ask for a later limit of the clock CLOCK_ID, until UNTIL; somebody else decides."""
    from duban.services.extensions import ask
    from duban.services.tools import utc_now

    found = ask(
        _ledger(),
        clock_id=clock_id,
        until_on=until,
        reason=reason,
        progress=progress,
        actor=operator(),
        expected_version=expected_version,
        now=utc_now(),
    )
    click.echo(f"extension {found} asked for; the clock goes on until it is decided: duban clock decide {found} …")


@clock.command("decide")
@click.argument("extension_id", type=int)
@click.argument("decision", type=click.Choice(["grant", "refuse"]))
@click.option("--until", type=DAY, help="With grant: another date than the one asked for.")
@click.option("--opinion", default="", help="What is said with it.")
def decide(extension_id: int, decision: str, until: dt.date | None, opinion: str) -> None:
    """Grant or refuse the extension EXTENSION_ID."""
    from duban.services.extensions import decide as settle
    from duban.services.tools import utc_now

    settle(
        _ledger(),
        extension_id=extension_id,
        granted=decision == "grant",
        actor=operator(),
        now=utc_now(),
        until_on=until,
        opinion=opinion,
    )
    click.echo(f"extension {extension_id}: {'granted' if decision == 'grant' else 'refused'}")


def _ledger() -> Database:
    from duban.services.tools import open_ledger
    from duban.settings import load_settings

    return open_ledger(load_settings())
