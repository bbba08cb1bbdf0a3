"""The site on a real server on loopback, over a ledger with the example plan and one user of each kind."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from duban.adapters.database import Database
from duban.api.app import REQUESTS_A_MINUTE
from duban.api.limits import Allowances
from duban.domain.actors import Actor
from duban.reading.directory import read_sheet
from duban.reading.reader import read_bytes
from duban.services.accounts import create_user, issue_token
from duban.services.registration import Intake, Received, register
from duban.services.tools import office_rules
from duban.settings import Settings
from duban.web.app import create_site
from duban.web.links import Door
from models import Item, UserRole

ROOT = Path(__file__).parent.parent.parent
NOW = dt.datetime(2026, 7, 13, 1, 0, tzinfo=dt.UTC)
AS_OF = dt.date(2026, 7, 13)
OFFICE = Actor(name="王督查", role="supervisor", source="cli")
PASSWORD = "correct horse 8"

#: One user of each kind: role, and whom they act for. `own` of the unit and the lead is item 3 of the example.
PEOPLE: dict[str, tuple[UserRole, tuple[str, ...]]] = {
    "admin": (UserRole.ADMIN, ()),
    "supervisor": (UserRole.SUPERVISOR, ()),
    "viewer": (UserRole.VIEWER, ()),
    "unit": (UserRole.UNIT, ("区市场监管局",)),
    "lead": (UserRole.LEAD, ("陆知衡",)),
    "other unit": (UserRole.UNIT, ("区住建局",)),
    "other lead": (UserRole.LEAD, ("苏清越",)),
}


class Holder:
    """An ASGI app that passes each request to the site of the test that runs now: one server serves them all."""

    site: Any = None
    shared: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        await self.site(scope, receive, send)


@pytest.fixture(scope="session")
def server() -> Iterator[tuple[str, Holder]]:
    """A uvicorn on a free port of loopback, in a thread."""
    holder = Holder()
    config = uvicorn.Config(holder, lifespan="off", log_level="error", timeout_graceful_shutdown=1)
    process = uvicorn.Server(config)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    thread = threading.Thread(target=process.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not process.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}", holder
    process.should_exit = True
    thread.join(timeout=5)
    listener.close()


@dataclass
class Clock:
    """The clock of a test: it stands still until it is moved."""

    now: dt.datetime = NOW

    def __call__(self) -> dt.datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += dt.timedelta(**by)

    def today(self) -> dt.date:
        return self.now.astimezone(dt.timezone(dt.timedelta(hours=8))).date()


@dataclass
class Site:
    """A running site: its address, its ledger, a client for each person."""

    url: str
    database: Database
    clock: Clock
    settings: Settings
    plan_id: int
    tokens: dict[str, str] = field(default_factory=dict)
    clients: list[httpx.Client] = field(default_factory=list)

    def client(self, person: str | None = None) -> httpx.Client:
        """A client with the person's token, or with none."""
        headers = {"Authorization": f"Bearer {self.token(person)}"} if person else {}
        client = httpx.Client(base_url=self.url, headers=headers, timeout=20, trust_env=False)
        self.clients.append(client)
        return client

    def token(self, person: str) -> str:
        if person not in self.tokens:
            self.tokens[person] = issue_token(self.database, user=person, name="test", now=self.clock(), life=None)
        return self.tokens[person]

    def signed_in(self, person: str) -> httpx.Client:
        """A client with the person's page session."""
        client = self.client()
        page = client.get("/sign-in").text
        csrf = page.split('name="csrf" value="')[1].split('"')[0]
        done = client.post("/sign-in", data={"name": person, "password": PASSWORD, "csrf": csrf, "next": "/"})
        assert done.status_code == 303, done.text
        return client

    def item(self, number: str, copy: int = 1) -> Item:
        """The item of the example with this printed number, as it stands now."""
        from sqlalchemy import select

        with self.database.read() as session:
            return session.scalars(
                select(Item).where(Item.plan_id == self.plan_id, Item.number == number, Item.copy == copy)
            ).one()

    def in_state(self, state: str, **fields: Any) -> Item:
        """An open item in this state that is in no quarantine."""
        from sqlalchemy import select

        with self.database.read() as session:
            query = select(Item).where(Item.plan_id == self.plan_id, Item.state == state, ~Item.quarantined)
            for name, value in fields.items():
                query = query.where(getattr(Item, name) == value)
            return session.scalars(query.order_by(Item.id)).first()  # type: ignore[return-value]


def enter_example(database: Database, settings: Settings, now: dt.datetime = NOW) -> int:
    """The example plan with its directory, registered as of its day; its id."""
    content = (ROOT / "examples" / "plan.md").read_bytes()
    directory = read_sheet((ROOT / "examples" / "directory.csv").read_bytes(), "directory.csv").entries
    return register(
        database,
        Received("plan.md", content, read_bytes(content, "plan.md")),
        Intake(rules=office_rules(settings), actor=OFFICE, as_of=dt.date(2026, 3, 3), now=now, directory=directory),
    ).plan_id


def enter_people(database: Database, password: str | None) -> None:
    """Everybody of PEOPLE; with one password for all, hashed once: Argon2 is slow on purpose."""
    from sqlalchemy import select

    from models import User

    for name, (role, parties) in PEOPLE.items():
        create_user(database, name=name, role=role, parties=parties, now=NOW)
    if password is not None:
        hashed = _hash_of(password)
        with database.write() as session:
            for user in session.scalars(select(User)):
                user.password_hash = hashed


_hashes: dict[str, str] = {}


def _hash_of(password: str) -> str:
    from argon2 import PasswordHasher

    if password not in _hashes:
        _hashes[password] = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(password)
    return _hashes[password]


def seed(database: Database, data_dir: Path) -> int:
    """The example plan and everybody, in an empty ledger; the plan's id."""
    plan_id = enter_example(database, Settings(data_dir=data_dir))
    enter_people(database, PASSWORD)
    return plan_id


def serve(server: tuple[str, Holder], database: Database, tmp_path: Path, **limits: float) -> Site:
    """The site of a test on the shared server, over a ledger that is seeded; with `limits`, an app of its own."""
    settings = Settings(data_dir=tmp_path)
    clock = Clock()
    url, holder = server
    if limits or holder.shared is None:
        built = create_site(settings, database, now=clock, as_of=clock.today, **limits)
        holder.shared = holder.shared or (None if limits else built)
    else:  # building the routes takes half a second: the same app looks at another ledger
        built = holder.shared
        before = built.state.context
        built.state.context = dataclasses.replace(
            before,
            settings=settings,
            database=database,
            now=clock,
            as_of=clock.today,
            allowances=Allowances(REQUESTS_A_MINUTE),
        )
        built.state.links = Door(settings)
    holder.site = built
    return Site(url, database, clock, settings, plan_id=1)


@pytest.fixture(scope="session")
def seeded_sqlite(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seeded ledger on SQLite, made once; tests copy the file."""
    folder = tmp_path_factory.mktemp("seeded")
    path = folder / "seeded.db"
    shutil.copy(migrated_sqlite, path)
    database = Database(f"sqlite:///{path}")
    assert seed(database, folder) == 1
    database.dispose()
    return path


@pytest.fixture
def seeded(seeded_sqlite: Path, tmp_path: Path) -> Iterator[Database]:
    """A seeded ledger on SQLite of the test's own."""
    path = tmp_path / "ledger.db"
    shutil.copy(seeded_sqlite, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.dispose()


@pytest.fixture
def site(server: tuple[str, Holder], seeded: Database, tmp_path: Path) -> Iterator[Site]:
    """The site on SQLite."""
    found = serve(server, seeded, tmp_path)
    yield found
    for client in found.clients:
        client.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def site_on_both(request: pytest.FixtureRequest, server: tuple[str, Holder], tmp_path: Path) -> Iterator[Site]:
    """The site, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        database: Database = request.getfixturevalue("seeded")
    else:
        database = request.getfixturevalue("postgres_database")
        seed(database, tmp_path)
    found = serve(server, database, tmp_path)
    yield found
    for client in found.clients:
        client.close()
