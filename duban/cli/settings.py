"""`duban settings`."""

from __future__ import annotations

import click
from pydantic import SecretStr

from duban.cli.console import print_json, table


@click.command("settings")
@click.option("--json", "as_data", is_flag=True, help="Print them as JSON.")
def settings(as_data: bool) -> None:
    """List every setting: environment variable, present value, meaning. Secrets are never printed."""
    from duban.settings import Settings, load_settings

    present = load_settings()
    rows = []
    for name, field in Settings.model_fields.items():
        value = getattr(present, name)
        shown = ("(set)" if value is not None else "") if _secret(field.annotation) else str(value or "")
        rows.append((f"DUBAN_{name}".upper(), shown, field.description or ""))
    if as_data:
        print_json([{"name": n, "value": v, "meaning": m} for n, v, m in rows])
    else:
        table(["setting", "value", "meaning"], rows, widest=70)


def _secret(annotation: object) -> bool:
    return SecretStr.__name__ in str(annotation)
