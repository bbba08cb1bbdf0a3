"""`python -m flows.job`: what every job starts as. It becomes Prefect's own engine, in an environment without secrets.

A worker hands on whatever its own environment holds, and Prefect's password with its settings; whatever shows a run's
environment would show them. A run reads duban's settings from the file that DUBAN_CONFIG names, and Prefect's password
from the profile.
"""

from __future__ import annotations

import os
import re
import sys

from flows.engine import prepare_environment

SECRET = re.compile(r"AUTH_STRING|PASSWORD|SECRET|API_KEY|CONNECTION_URL")


def main() -> None:
    """Goes on as `python -m prefect.engine`, under the same process id."""
    if "PREFECT_PROFILES_PATH" not in os.environ or any(_is_setting(name) for name in os.environ):
        from duban.settings import load_settings  # a worker of another making: no engine has prepared it

        prepare_environment(load_settings())
    kept = {name: value for name, value in os.environ.items() if not SECRET.search(name)}
    os.execve(sys.executable, [sys.executable, "-m", "prefect.engine"], kept)  # noqa: S606 -- our own command


def _is_setting(name: str) -> bool:
    return name.startswith("DUBAN_") and name != "DUBAN_CONFIG"


if __name__ == "__main__":
    main()
