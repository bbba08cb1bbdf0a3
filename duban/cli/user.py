"""`duban user`: who may sign in, and for whom they act."""

from __future__ import annotations

import secrets
import sys

import click

from duban.cli.console import print_json, table

ROLES = ("viewer", "unit", "lead", "supervisor", "admin")
role_option = click.option("--role", type=click.Choice(ROLES), required=True, help="What the user may do.")
party_option = click.option(
    "--party", "parties", multiple=True, help="With unit and lead: a unit or person as plans name it; repeatable."
)
password_options = (
    click.option("--generate", is_flag=True, help="Make a random password and print it once."),
    click.option("--password-stdin", is_flag=True, help="Read the password from standard input."),
)


@click.group("user")
def user() -> None:
    """Manage users."""


@user.command("create")
@click.argument("name")
@role_option
@party_option
@password_options[0]
@password_options[1]
@click.option("--no-password", is_flag=True, help="The user signs in by token only.")
def create(
    name: str, role: str, parties: tuple[str, ...], generate: bool, password_stdin: bool, no_password: bool
) -> None:
    """Make the user NAME. Asks for a password unless told otherwise."""
    from duban.services.accounts import create_user
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings
    from models import UserRole

    database = open_ledger(load_settings())
    password = None if no_password else _password(generate, password_stdin)
    create_user(database, name=name, role=UserRole(role), parties=parties, password=password, now=utc_now())
    click.echo(f"{name}: {role}" + (f", acts for {'、'.join(parties)}" if parties else ""))
    _show_once(password, generate)


@user.command("password")
@click.argument("name")
@password_options[0]
@password_options[1]
def set_password(name: str, generate: bool, password_stdin: bool) -> None:
    """Set the password of NAME, unlock the account and end its page sessions."""
    from duban.services.accounts import set_password as perform
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    database = open_ledger(load_settings())
    password = _password(generate, password_stdin)
    perform(database, name=name, password=password, now=utc_now())
    click.echo(f"{name}: password set, signed out everywhere")
    _show_once(password, generate)


@user.command("scope")
@click.argument("name")
@role_option
@party_option
def scope(name: str, role: str, parties: tuple[str, ...]) -> None:
    """Change what NAME may do and for whom; it holds from the next request on."""
    from duban.services.accounts import set_scope
    from duban.services.tools import open_ledger
    from duban.settings import load_settings
    from models import UserRole

    set_scope(open_ledger(load_settings()), name=name, role=UserRole(role), parties=parties)
    click.echo(f"{name}: {role}" + (f", acts for {'、'.join(parties)}" if parties else ""))


@user.command("link")
@click.argument("name")
@click.option("--mail", help="Their address at the identity provider, which must have verified it.")
@click.option("--subject", help="Their subject there, where no address is verified.")
@click.option("--nobody", is_flag=True, help="Take the link away: only the password opens the account then.")
def link(name: str, mail: str | None, subject: str | None, nobody: bool) -> None:
    """Link NAME to a person at the office's identity provider: exactly one of --mail, --subject, --nobody."""
    from duban.services.single_sign_on import external_id
    from duban.services.single_sign_on import link as perform
    from duban.services.tools import open_ledger
    from duban.settings import load_settings

    if [bool(mail), bool(subject), nobody].count(True) != 1:
        raise click.UsageError("give exactly one of --mail, --subject and --nobody")
    settings = load_settings()
    if subject and settings.oidc_issuer is None:
        raise click.UsageError("a subject belongs to a provider: set DUBAN_OIDC_ISSUER first")
    external = external_id(settings.oidc_issuer, subject) if subject and settings.oidc_issuer else None
    perform(open_ledger(settings), name=name, mail=mail, external=external)
    click.echo(f"{name}: " + ("linked to nobody" if nobody else f"linked to {mail or subject}"))


@user.command("deactivate")
@click.argument("name")
def deactivate(name: str) -> None:
    """Shut the account of NAME; its tokens and sessions stop at once."""
    from duban.services.accounts import deactivate as perform
    from duban.services.tools import open_ledger, utc_now
    from duban.settings import load_settings

    perform(open_ledger(load_settings()), name=name, now=utc_now())
    click.echo(f"{name}: shut")


@user.command("list")
@click.option("--json", "as_data", is_flag=True, help="Print as JSON.")
def show(as_data: bool) -> None:
    """List the users."""
    from dataclasses import asdict

    from duban.services.accounts import list_users
    from duban.services.tools import open_ledger
    from duban.settings import load_settings

    users = list_users(open_ledger(load_settings()))
    if as_data:
        print_json([asdict(u) for u in users])
        return
    rows = [(u.name, u.role.value, "、".join(u.parties), "" if u.active else "shut", u.locked_until) for u in users]
    table(("name", "role", "acts for", "", "locked until"), rows)


def _password(generate: bool, from_stdin: bool) -> str:
    if generate:
        return secrets.token_urlsafe(12)
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", type=str, hide_input=True, confirmation_prompt=True))


def _show_once(password: str | None, generated: bool) -> None:
    if generated and password is not None:
        click.echo(f"password (shown once): {password}")
