"""The engine's logs: an item that waits is no error, though Prefect's flow engine logs every end but success as one."""

from __future__ import annotations

import logging

CHATTER = ("Finished in state", "Beginning ", "Task run failed with state")


def quieten() -> None:
    """Keeps the engines' own words out of the item runs' logs, which clerks read; failures stay."""
    logging.getLogger("prefect.flow_runs").addFilter(_is_news)
    logging.getLogger("prefect.task_runs").addFilter(_is_news)
    logging.getLogger("prefect.flow_runs.worker").addFilter(_is_no_submission)


def _is_news(record: logging.LogRecord) -> bool:
    if getattr(record, "flow_name", None) != "item" or not isinstance(record.msg, str):
        return True
    if record.msg.startswith(CHATTER):
        said = record.getMessage()
        return ("Failed(" in said or "Crashed(" in said) and record.name == "prefect.flow_runs"
    return True


def _is_no_submission(record: logging.LogRecord) -> bool:
    jobs = str(getattr(record, "worker_name", "")).endswith("-jobs")
    return jobs or record.levelno > logging.INFO
