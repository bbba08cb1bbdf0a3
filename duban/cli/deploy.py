"""`duban deploy`: work pools, deployments and automations on the Prefect server, where they are not as written."""

from __future__ import annotations

import os

import click

from duban.cli.serve import become


@click.command("deploy")
def deploy() -> None:
    """Make the work pools, deployments and automations of prefect.yaml on the Prefect server. Safe to repeat."""
    from duban.adapters.prefect_env import keep_prefect_profile, prefect_environment
    from duban.settings import load_settings

    settings = load_settings()
    keep_prefect_profile(settings)
    for name, value in prefect_environment(settings).items():
        os.environ.setdefault(name, value)
    become("flows.deploy")  # Prefect takes seconds to load and lives in flows/ alone
