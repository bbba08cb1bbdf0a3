"""`duban db`."""

from __future__ import annotations

import click

from duban.cli.console import operator


@click.group("db")
def db() -> None:
    """Migrate the ledger."""


@db.command("upgrade")
def upgrade() -> None:
    """Bring the ledger to the newest revision; safe to repeat."""
    from duban.adapters.database import Database
    from duban.adapters.migrations import revision_of
    from duban.services.audit import upgrade_ledger
    from duban.services.tools import utc_now
    from duban.settings import load_settings

    database = Database(load_settings().ledger_url)
    before = revision_of(database)
    put_back = upgrade_ledger(database, actor=operator().name, now=utc_now())
    after = revision_of(database)
    if put_back:
        names = ", ".join(put_back)
        click.echo(f"somebody had taken guards away from the ledger; put back and logged: {names}", err=True)
    database.dispose()
    click.echo(f"ledger at revision {after}" + ("" if before == after else f" (was {before or 'empty'})"))
