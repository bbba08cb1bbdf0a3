"""`duban token`: keys to the API."""

from __future__ import annotations

import datetime as dt

import click

from duban.cli.console import print_json, table


@click.group("token")
def token() -> None:
    """Manage API tokens."""


@token.command("create")
@click.option("--user", "name", required=True, help="Whose role and parties the token carries.")
@click.option("--name", "label", required=True, help="What it is for.")
@click.option("--days", type=click.IntRange(1, 3650), default=180, show_default=True, help="How long it is good for.")
@click.option("--json", "as_data", is_flag=True, help="Print as JSON.")
def create(name: str, label: str, days: int, as_data: bool) -> None:
    """Make a token and print it: it is kept nowhere and cannot be shown again."""
    from duban.services.accounts import issue_token
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    now = utc_now()
    secret = issue_token(open_ledger(load_settings()), user=name, name=label, now=now, life=dt.timedelta(days=days))
    if as_data:
        print_json({"token": secret, "user": name, "name": label, "expires_at": now + dt.timedelta(days=days)})
    else:
        click.echo(secret)


@token.command("list")
@click.option("--user", "name", help="Only this user's.")
@click.option("--json", "as_data", is_flag=True, help="Print as JSON.")
def show(name: str | None, as_data: bool) -> None:
    """List tokens, never their value."""
    from dataclasses import asdict

    from duban.services.accounts import list_tokens
    from duban.services.tools import open_ledger
    from duban.settings import load_settings

    tokens = list_tokens(open_ledger(load_settings()), user=name)
    if as_data:
        print_json([asdict(t) for t in tokens])
        return
    rows = [(t.id, t.user, t.name, t.expires_at, t.revoked_at or "", t.last_used_at or "") for t in tokens]
    table(("id", "user", "name", "expires", "revoked", "last used"), rows)


@token.command("revoke")
@click.argument("token_id", type=click.IntRange(1))
def revoke(token_id: int) -> None:
    """Revoke the token with this id; it stops at once."""
    from duban.services.accounts import revoke_token
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    revoke_token(open_ledger(load_settings()), token_id=token_id, now=utc_now())
    click.echo(f"token {token_id}: revoked")
