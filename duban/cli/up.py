"""`duban up`: everything on one machine, and with --plan the main job end to end."""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duban.cli.console import DAY

if TYPE_CHECKING:
    from duban.adapters.processes import Processes
    from duban.settings import Settings

PREFECT_PORT = 4200
LOOK_EVERY = 600.0  # seconds between two looks for what needs a person


@click.command("up")
@click.option("--plan", type=click.Path(path_type=Path), help="Register this document, and run a night on it.")
@click.option("--directory", type=click.Path(path_type=Path), help="Its parties with their addresses: .csv or .xlsx.")
@click.option("--as-of", type=DAY, help="Business date of the night that is run; default today.")
@click.option("--once", is_flag=True, help="End after the summary instead of staying up.")
def up(plan: Path | None, directory: Path | None, as_of: dt.date | None, once: bool) -> None:
    """Start Prefect, the engine, the API and the board, and keep them up until Ctrl-C."""
    # Ctrl-C and a polite kill both end everything in order, also while it is still starting, and also where a shell
    # started us in the background with SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: _interrupt())
    from duban.adapters.prefect_env import keep_prefect_profile, make_prefect_password
    from duban.adapters.processes import Processes, end_leftovers, lock_folder
    from duban.cli.tour import Passwords, summary, tour
    from duban.services.rules import come
    from duban.services.tools import utc_now
    from duban.settings import load_settings

    settings = load_settings()
    if as_of is not None:
        come(as_of, utc_now())  # as every refusal, before anything is started
    document = _document(plan) if plan else None  # an unreadable file is refused before anything is started
    if directory is not None:
        _check_directory(directory)
    with lock_folder(settings.data_dir):
        for left in end_leftovers(settings.data_dir):
            say(f"Ended what an earlier start had left running: {left}.")
        prefect_password = make_prefect_password(settings)  # before anything asks what it is
        password = _prepare(settings)
        processes = None
        try:
            with _alone(say):
                settings, environment = _with_ports(settings)
                keep_prefect_profile(settings)
                processes = Processes(environment, settings.data_dir)
                _start_all(processes, settings)
            if document is not None:
                tour(settings, document, directory, as_of, say)
            summary(settings, document, as_of, Passwords(password, prefect_password), say)
            if not once:
                _stay(processes, settings)
        except KeyboardInterrupt:
            say("")
        finally:
            say("Stopping …")
            if processes is not None:
                processes.stop()
            say("Stopped. Nothing is lost: start it again with the same command.")


@contextmanager
def _alone(say: Callable[[str], None]) -> Iterator[None]:
    """Until its parts listen, no other `duban up` of this machine chooses ports, or asks one who answers there."""
    import fcntl
    import tempfile

    path = Path(tempfile.gettempdir()) / f"duban-up-{os.getuid()}.lock"
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another duban is starting on this machine: waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    """A line for the person who started it."""
    click.echo(text)
    sys.stdout.flush()


def _interrupt() -> None:
    raise KeyboardInterrupt


def _document(plan: Path) -> tuple[str, bytes]:
    from duban.cli.read import load
    from duban.reading.reader import read_bytes

    content = load(plan)
    read_bytes(content, plan.name)
    return plan.name, content


def _check_directory(directory: Path) -> None:
    from duban.cli.read import load
    from duban.reading.directory import read_sheet

    read_sheet(load(directory), directory.name)


def _with_ports(settings: Settings) -> tuple[Settings, dict[str, str]]:
    """Ports that are free, and the environment of our processes; a port in use gives way to the next, and we say so."""
    from urllib.parse import urlsplit

    from duban.adapters.prefect_env import prefect_environment
    from duban.adapters.processes import free_port

    port = free_port(settings.host, settings.port)
    wanted = urlsplit(settings.prefect_api_url).port or PREFECT_PORT
    prefect_port = free_port("127.0.0.1", wanted)
    engine_wanted = settings.engine_port
    engine_port = free_port(settings.engine_host, engine_wanted) if engine_wanted else 0
    while engine_port in (port, prefect_port):  # nobody listens there yet, but the board or Prefect is about to
        engine_port = free_port(settings.engine_host, engine_port + 1)
    for name, before, after in (
        ("board", settings.port, port),
        ("Prefect", wanted, prefect_port),
        ("engine's health", engine_wanted, engine_port),
    ):
        if before != after:
            say(f"Port {before} is in use: {name} takes {after} instead.")
    update: dict[str, object] = {
        "port": port,
        "prefect_api_url": f"http://127.0.0.1:{prefect_port}/api",
        "engine_port": engine_port,
    }
    if "public_url" not in settings.model_fields_set:
        update["public_url"] = f"http://{settings.host}:{port}"
    settings = settings.model_copy(update=update)
    ours = {f"DUBAN_{k}".upper(): str(v) for k, v in update.items()} | {"DUBAN_DATA_DIR": str(settings.data_dir)}
    environment = prefect_environment(settings) | dict(os.environ) | ours
    environment["PREFECT_API_URL"] = settings.prefect_api_url
    environment["PYTHONUNBUFFERED"] = "1"
    return settings, environment


def _prepare(settings: Settings) -> str | None:
    """Migrates the ledger and makes the first admin; returns its password, which is shown this once."""
    from duban.adapters.database import Database
    from duban.services.accounts import ensure_first_admin
    from duban.services.audit import upgrade_ledger
    from duban.services.link_keys import link_secrets

    database = Database(settings.ledger_url)
    upgrade_ledger(database, actor="duban up", now=dt.datetime.now(dt.UTC))
    link_secrets(settings)  # made here where it is missing, or refused, before anything is started
    password = ensure_first_admin(database, dt.datetime.now(dt.UTC))
    database.dispose()
    return password


def _start_all(processes: Processes, settings: Settings) -> None:
    import httpx

    from duban.adapters.prefect_api import NotDeployed, PrefectRefused, PrefectUnreachable
    from duban.adapters.processes import Part
    from duban.cli.tour import NIGHT
    from duban.services.run_specs import DEPLOYMENT
    from duban.services.tools import prefect_server

    python, logs = sys.executable, settings.data_dir / "log"
    prefect = prefect_server(settings, patience=0.0)
    prefect_port = settings.prefect_api_url.rsplit(":", 1)[1].partition("/")[0]

    def deployed() -> bool:
        try:
            return all(prefect.deployment_id(name) for name in (DEPLOYMENT, NIGHT))
        except (NotDeployed, PrefectUnreachable, PrefectRefused):
            return False

    def serving() -> bool:
        try:
            return httpx.get(f"http://{settings.host}:{settings.port}/healthz", timeout=2, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    server = [python, "-m", "flows.server", "start", "--host", "127.0.0.1", "--port", prefect_port]
    parts = (
        (Part("Prefect server", server, prefect.healthy, logs / "prefect.log"), 120),
        (Part("engine", [python, "-m", "flows.engine"], deployed, logs / "engine.log"), 90),
        (Part("API and board", [python, "-m", "duban.web.serve"], serving, logs / "api.log"), 60),
    )
    with prefect:
        # All at once: the engine waits for its server by itself, and loading is what takes the time.
        for part, _ in parts:
            processes.start(part)
        for part, seconds in parts:
            processes.wait(part, seconds, _waiting(part.name))
            say(f"{part.name} is up.")


def _waiting(name: str) -> Callable[[float], None]:
    """Says that something takes a while, once two seconds are over."""
    said: list[bool] = []

    def tick(waited: float) -> None:
        if waited > 2 and not said:
            said.append(True)
            say(f"Starting {name} …")

    return tick


def _stay(processes: Processes, settings: Settings) -> None:
    looked = time.monotonic()
    while True:
        processes.watch(say)
        if time.monotonic() - looked > LOOK_EVERY:
            looked = time.monotonic()
            _look_for_trouble(settings)
        time.sleep(1.0)


def _look_for_trouble(settings: Settings) -> None:
    """Mails what needs a person, from outside Prefect and the engine: they may be what is gone."""
    from duban.services.alarms import look_and_tell
    from duban.services.tools import night_tools, open_ledger, prefect_server

    try:
        tools = night_tools(settings, open_ledger(settings))
        try:
            with prefect_server(settings) as prefect:
                raised = look_and_tell(
                    tools, prefect, now=tools.clock(), zone=settings.zone, night_by=settings.night_by
                )
        finally:
            tools.database.dispose()
    except Exception as error:  # whatever it is, the parts go on, and the next look tries again
        say(f"Could not look for trouble: {type(error).__name__}: {error}")
        return
    for alarm in raised.alarms if raised.queued else ():
        say(f"ALARM: {alarm.what} {' '.join(alarm.said)} (mailed to the supervision office)")
