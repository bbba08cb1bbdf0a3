"""`python -m flows.engine`: the engine. It deploys the flows, delivers signals, and serves the work pools.

Stop it with SIGTERM or Ctrl-C: what runs is finished, what was claimed and not begun is open again. Killed outright,
the next engine goes on where this one was.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from pathlib import Path

from duban.adapters.prefect_env import keep_prefect_profile, keep_settings, prefect_environment
from duban.errors import DubanError
from duban.settings import CONFIG, Settings, load_settings

log = logging.getLogger("duban.engine")

JOB_SETTINGS = "jobs.toml"
SHUTDOWN = 20.0  # seconds that a clean stop may take


def main() -> int:
    """Runs until told to stop; 0 after a clean stop, 1 where it could not go on."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        settings = load_settings()
    except DubanError as error:
        sys.stderr.write(f"{error.message} {error.remedy}\n")
        return error.exit_code
    prepare_environment(settings)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    # Prefect's flow engine takes over SIGTERM in the main thread for every run: here runs live in another one.
    engine = threading.Thread(target=_run, args=(settings, stopping), name="engine", daemon=True)
    engine.start()
    while engine.is_alive() and not stopping.is_set():
        stopping.wait(0.5)
    engine.join(SHUTDOWN)
    log.info("engine stopped")
    return 0 if stopping.is_set() else 1


def prepare_environment(settings: Settings) -> None:
    """Sets what Prefect reads at import, and gives our settings to the processes that the night runs in.

    By a file, and not by their environment: whatever shows a run's environment would show the office's secrets.
    """
    keep_prefect_profile(settings)
    for name, value in prefect_environment(settings).items():
        os.environ.setdefault(name, value)
    file = settings.data_dir / JOB_SETTINGS
    keep_settings(settings, file)
    for name in settings.model_fields_set:
        os.environ.pop(f"DUBAN_{name}".upper(), None)
    os.environ[CONFIG] = str(file.absolute())
    # Jobs are started as `python`, which must be the one that has duban.
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))


def _run(settings: Settings, stopping: threading.Event) -> None:
    try:
        asyncio.run(_serve(settings, stopping))
    except Exception:
        log.exception("the engine broke")


async def _serve(settings: Settings, stopping: threading.Event) -> None:
    from prefect.context import AsyncClientContext, SyncClientContext
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    from flows.deploy import deploy_all, deploy_when_server_answers
    from flows.engine_health import serve_health
    from flows.engine_logs import quieten
    from flows.engine_runs import ItemRuns, mend_forever, supervised
    from flows.pools import item_worker, job_worker

    quieten()
    stop = asyncio.Event()
    watch = asyncio.create_task(_watch(stopping, stop))
    # An item run takes a fraction of a second: a thread each that says that it is alive would outlive it.
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}), SyncClientContext():
        async with AsyncClientContext():
            runs = ItemRuns(settings.engine_concurrency)
            jobs: set[str] = set()
            name = f"{socket.gethostname()}-{os.getpid()}"
            serve_health(name, runs, settings.engine_host, settings.engine_port)
            await deploy_when_server_answers(stop)
            log.info("engine %s is up: %s", name, settings.prefect_api_url)
            await asyncio.gather(
                runs.deliver_forever(stop),
                mend_forever(stop, runs.undeployed, deploy_all),
                supervised("item pool", lambda: item_worker(name, runs, settings.engine_concurrency).start(), stop),
                supervised("job pool", lambda: job_worker(name, jobs).start(), stop),
            )
            await asyncio.to_thread(_hand_back, jobs)
    watch.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watch


def _hand_back(jobs: set[str]) -> None:
    """Nights and papers that were under way are queued for the next engine: their processes ended with this one."""
    from duban.services.jobs import hand_back
    from tasks.ledger import now, prefect

    try:
        if given := hand_back(prefect(), jobs, now=now()):
            log.info("jobs handed back: %s", given)
    except DubanError as error:
        log.warning("jobs are not handed back, and go on later: %s", error.message)


async def _watch(stopping: threading.Event, stop: asyncio.Event) -> None:
    while not stopping.is_set():
        await asyncio.sleep(0.2)
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
