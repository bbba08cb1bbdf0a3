"""The environment in which a Prefect server, an engine or a flow run of ours works. Nothing of it goes outside."""

from __future__ import annotations

from collections.abc import Mapping

from duban.settings import Settings


def prefect_environment(settings: Settings) -> Mapping[str, str]:
    """`PREFECT_*` variables for every process of ours that speaks Prefect; the caller's own values win over them."""
    found = {
        "PREFECT_API_URL": settings.prefect_api_url,
        "PREFECT_HOME": str(settings.data_dir / "prefect"),
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
    if settings.prefect_auth is not None:
        found["PREFECT_API_AUTH_STRING"] = settings.prefect_auth.get_secret_value()
    return found
