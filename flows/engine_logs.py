"""The engine's logs: an item that waits is no error, though Prefect's flow engine logs every end but success as one."""

from __future__ import annotations

import logging


def quieten() -> None:
    """Keeps the flow engine's own words out of the item runs' logs, which clerks read; failures stay."""
    logging.getLogger("prefect.flow_runs").addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    if getattr(record, "flow_name", None) != "item" or not isinstance(record.msg, str):
        return True
    if record.msg.startswith("Finished in state"):
        return any(word in record.msg for word in ("Failed", "Crashed"))
    return not record.msg.startswith("Beginning ")
