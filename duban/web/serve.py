"""`python -m duban.web.serve`: the API and the board as one process, until it is told to stop."""

from __future__ import annotations

import sys

import uvicorn

from duban.errors import DubanError
from duban.services.tools import open_ledger
from duban.settings import load_settings
from duban.web.app import create_site


def main() -> int:
    """Serves by the settings; a refusal is one clear message on standard error."""
    try:
        settings = load_settings()
        database = open_ledger(settings)
    except DubanError as error:
        sys.stderr.write(f"duban: {error.message}\n  {error.remedy}\n")
        return error.exit_code
    try:
        uvicorn.run(
            create_site(settings, database),
            host=settings.host,
            port=settings.port,
            log_level="info",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    finally:
        database.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
