"""This process's ledger: settings, database and clock, opened once."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from duban.adapters.database import Database
from duban.adapters.prefect_api import PrefectApi
from duban.services.tools import prefect_server
from duban.settings import Settings, load_settings


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process."""
    return load_settings()


@lru_cache(maxsize=1)
def database() -> Database:
    """The ledger of this process."""
    return Database(settings().ledger_url)


@lru_cache(maxsize=1)
def prefect() -> PrefectApi:
    """The Prefect server of this process, over plain HTTP."""
    return prefect_server(settings())


def now() -> dt.datetime:
    """This instant."""
    return dt.datetime.now(dt.UTC)


def today() -> dt.date:
    """The business date, in the authority's time zone."""
    return now().astimezone(settings().zone).date()
