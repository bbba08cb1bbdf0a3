"""The site of tests/http, with a night behind it, and a real Chromium."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from duban.adapters.database import Database
from duban.services.night import run_night
from duban.services.release import release
from duban.services.tools import night_tools
from duban.settings import Settings

from ..conftest import unavailable
from ..http.conftest import AS_OF, NOW, OFFICE, PASSWORD, Site, seeded_sqlite, serve, server

__all__ = ["seeded_sqlite", "server"]
CHROMIUM = next((p for p in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(p).exists()), None)


@pytest.fixture(scope="session")
def after_a_night(seeded_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seeded ledger after the night of AS_OF: rungs fired, notices written and sent."""
    folder = tmp_path_factory.mktemp("night")
    path = folder / "ledger.db"
    shutil.copy(seeded_sqlite, path)
    database = Database(f"sqlite:///{path}")
    release(database, plan=1, actor=OFFICE, now=NOW)
    tools = dataclasses.replace(night_tools(Settings(data_dir=folder), database), clock=lambda: NOW)
    report = run_night(tools, AS_OF)
    assert report.ok
    database.dispose()
    return path


@pytest.fixture
def site(server: Any, after_a_night: Path, tmp_path: Path) -> Iterator[Site]:
    """The site over that ledger."""
    path = tmp_path / "ledger.db"
    shutil.copy(after_a_night, path)
    database = Database(f"sqlite:///{path}")
    found = serve(server, database, tmp_path)
    yield found
    for client in found.clients:
        client.close()
    database.dispose()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A Chromium of this machine; without one the test is skipped, and fails under CI."""
    if CHROMIUM is None:
        unavailable("there is no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield running
        running.close()


class Visit:
    """A browser window with somebody signed in; whatever it complains about is kept."""

    def __init__(self, browser: Any, site: Site, person: str, width: int, *, scripts: bool = True) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 844}, locale="zh-CN", java_script_enabled=scripts
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self.site = site
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.on("request", lambda r: None if r.url.startswith((site.url, "data:")) else self.foreign.append(r.url))
        self.page.goto(f"{site.url}/sign-in")
        self.page.fill("#name", person)
        self.page.fill("#password", PASSWORD)
        self.page.click("main button")

    def open(self, path: str) -> Any:
        """Goes to a path of the site; the page."""
        self.page.goto(self.site.url + path)
        return self.page


@pytest.fixture
def visit(browser: Any, site: Site) -> Iterator[Any]:
    """Opens windows: visit(person, width=1280, scripts=True)."""
    opened: list[Visit] = []

    def new(person: str, width: int = 1280, *, scripts: bool = True) -> Visit:
        opened.append(Visit(browser, site, person, width, scripts=scripts))
        return opened[-1]

    yield new
    for one in opened:
        one.context.close()
