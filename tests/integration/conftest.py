"""A ledger with something of everything, made once on each database; tests get copies that they may break."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from duban.adapters.database import Database
from duban.reading.model import Anomaly as Doubt
from duban.reading.model import AnomalyCode
from duban.services.transitions import MoveDetails

from .ledger import Watch, World, a_night, a_world, an_item, due, promised

DOUBT = Doubt(AnomalyCode.CONFLICTING_COPIES, "两处不一", line=60, number="6", blocks=True, item_line=60)
DUE = dt.date(2026, 6, 30)
_copies = itertools.count(1)


def something_of_everything(database: Database, mail: Path) -> World:
    """Nights were run; items were closed, merged, reopened, and one is in quarantine with its child."""
    world = a_world(
        database,
        an_item("1", **due(DUE)),
        an_item("2", long_term=True),
        an_item("3", **due(DUE)),
        an_item("4", **promised("甲办法")),
        an_item("5"),
        an_item("6", **due(DUE), children=[an_item("6.1", **due(DUE))]),
        doubts=[DOUBT],
    )
    a_night(database, mail, dt.date(2026, 7, 8), Watch(dt.date(2026, 7, 8)))
    world.ready_to_close("1")
    world.move("close", "1")
    world.move("merge", "4", details=MoveDetails(merge_into=world.ids["5"]))
    world.ready_to_close("5")
    world.move("close", "5")
    world.move("reopen", "5", details=MoveDetails(due_on=dt.date(2026, 9, 30)))
    a_night(database, mail, dt.date(2026, 7, 13), Watch(dt.date(2026, 7, 13)))
    return world


@pytest.fixture(scope="session")
def sqlite_original(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("original")
    shutil.copy(migrated_sqlite, folder / "ledger.db")
    world = something_of_everything(Database(f"sqlite:///{folder / 'ledger.db'}"), folder / "mail")
    world.database.dispose()
    return world


@pytest.fixture(scope="session")
def postgres_original(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> World:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE duban_original TEMPLATE duban_template")
    url = make_url(postgres_url).set(database="duban_original").render_as_string(hide_password=False)
    world = something_of_everything(Database(url), tmp_path_factory.mktemp("original-pg") / "mail")
    world.database.dispose()
    return world


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A copy of the ledger with something of everything, on both databases."""
    original: World = request.getfixturevalue(f"{request.param}_original")
    if request.param == "sqlite":
        path = tmp_path / "ledger.db"
        shutil.copy(str(make_url(original.database.url).database), path)
        database = Database(f"sqlite:///{path}")
        yield World(database, original.plan, original.ids)
        database.dispose()
        return
    server, name = request.getfixturevalue("postgres_url"), f"duban_copy_{os.getpid()}_{next(_copies)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE duban_original")
    database = Database(make_url(original.database.url).set(database=name).render_as_string(hide_password=False))
    yield World(database, original.plan, original.ids)
    database.dispose()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
