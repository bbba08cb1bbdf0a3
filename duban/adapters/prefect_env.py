"""The environment in which a Prefect server, an engine or a flow run of ours works. Nothing of it goes outside."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from duban.adapters.secret_file import keep, keep_first
from duban.settings import Settings

PASSWORD = "prefect.password"  # noqa: S105 -- the name of its file


def prefect_password(settings: Settings) -> str | None:
    """`user:password` that the Prefect server asks for: from the setting, else the one made in `data_dir`, if any."""
    if settings.prefect_auth is not None:
        return settings.prefect_auth.get_secret_value()
    try:
        return (settings.data_dir / PASSWORD).read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def make_prefect_password(settings: Settings) -> str | None:
    """Makes a random one where there is none yet, and gives it back, to be shown this once; else None."""
    if prefect_password(settings) is not None:
        return None
    made = f"duban:{secrets.token_urlsafe(24)}"
    return made if keep_first(settings.data_dir / PASSWORD, made + "\n") else None


def keep_prefect_profile(settings: Settings) -> None:
    """Writes the profile through which Prefect's own clients know the password: it stands in no environment."""
    password = os.environ.get("PREFECT_API_AUTH_STRING") or prefect_password(settings)
    said = f"PREFECT_API_AUTH_STRING = {json.dumps(password)}\n" if password is not None else ""
    keep(_profiles(settings), f'active = "duban"\n\n[profiles.duban]\n{said}')


def keep_settings(settings: Settings, file: Path) -> None:
    """Writes every setting that was given, secrets included, where only their owner can read them."""
    lines = []
    for name, value in settings.model_dump(exclude_unset=True, exclude_none=True).items():
        plain = value.get_secret_value() if isinstance(value, SecretStr) else value
        plain = plain.absolute() if isinstance(plain, Path) else plain  # a job works in a folder of its own
        lines.append(f"{name} = {json.dumps(str(plain), ensure_ascii=False)}")
    keep(file, "\n".join(lines) + "\n")


def _profiles(settings: Settings) -> Path:
    return settings.data_dir / "prefect" / "profiles.toml"


def prefect_environment(settings: Settings) -> dict[str, str]:
    """`PREFECT_*` variables for every process of ours that speaks Prefect; the caller's own values win over them."""
    return {
        "PREFECT_API_URL": settings.prefect_api_url,
        "PREFECT_HOME": str(settings.data_dir / "prefect"),
        "PREFECT_PROFILES_PATH": str(_profiles(settings)),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        # No usage data, no telemetry, no look for newer versions.
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
        "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
        "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
        "PREFECT_CLIENT_MAX_RETRIES": "3",
        "PREFECT_WORKER_QUERY_SECONDS": "3",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        # The recorder of task runs writes one event as each comes in, and one more an interval. An event of a run that
        # was deleted fails and stands in the queue five times; with Prefect's five seconds, timelines lag by minutes.
        # It takes whole seconds: anything below 1 becomes 0, and the server spins.
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
        # Every five seconds the server reads all waiting runs to see which of them waited too long: a third of a core
        # beside 10,000 items, none of which has a limit there. Each has its own in the ledger.
        "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_LOOP_SECONDS": "3600",
    }


def server_environment(settings: Settings) -> dict[str, str]:
    """What a Prefect server of ours is told beyond that: who may ask it anything, and from which pages."""
    address = urlsplit(settings.prefect_api_url)
    own = {f"{address.scheme}://{address.netloc}"}
    own |= {f"http://{name}:{address.port}" for name in ("127.0.0.1", "localhost") if address.port}
    found = {
        # Its own pages, at its address and under both names of its own machine; those of other origins are refused.
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": ",".join(sorted(own)),
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
    }
    password = prefect_password(settings)
    return found | ({"PREFECT_SERVER_API_AUTH_STRING": password} if password is not None else {})
