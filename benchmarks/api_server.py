"""The API on a port of its own, without the limit on requests: `python -m benchmarks.api_server DATABASE_URL PORT`."""

from __future__ import annotations

import sys

import uvicorn

from duban.adapters.database import Database
from duban.api.app import create_app
from duban.settings import Settings

if __name__ == "__main__":
    app = create_app(Settings(), Database(sys.argv[1]), requests_a_minute=0)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False)
