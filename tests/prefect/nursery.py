"""`python nursery.py`: duban's processes and a Prefect server, born of one that has loaded the code for all of them.

Loading takes each of them three seconds of a processor; a fork takes none. They may be doomed: made to end at a named
call as a kill -9 or a power cut would end them. Each line of its input is a JSON object, its answer a process's id:
`main` (`module:function`, or a module to run), `argv`, `environment`, `folder`, `log`, `code` (the file that gets the
exit code, unless it was killed); `target` whose first call that finds work is the end, `when` (before or after it),
`victim` (a process that is killed in its stead); `patches`, constants by `module:name`.
"""

from __future__ import annotations

import datetime as dt
import gc
import importlib
import inspect
import json
import logging
import os
import runpy
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def load() -> None:
    """What any of them loads when it starts."""
    for name in (
        "prefect.server.api.server",
        "prefect.cli",
        "prefect.engine",
        "flows.alarm",
        "flows.automations",
        "flows.deploy",
        "flows.engine",
        "flows.engine_health",
        "flows.engine_runs",
        "flows.nightly",
        "flows.pools",
        "flows.registration",
        "flows.reviews",
        "flows.upkeep",
        "duban.web.serve",
        "duban.services.tools",
    ):
        importlib.import_module(name)
    gc.freeze()  # children share it


def main() -> None:
    """Forks until its input ends; children are left to whoever asked for them."""
    load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: they are gone at once when they end
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _live(order)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _live(order: dict[str, Any]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    # Prefect has set up its logs while it was loaded; an engine does so before.
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr, force=True)
    code = 1
    try:
        for path, value in order["patches"].items():
            owner, name, old = _found(path)
            setattr(owner, name, dt.timedelta(seconds=value) if isinstance(old, dt.timedelta) else value)
        if order.get("target"):
            _doom(order["target"], order["when"], order.get("victim") or os.getpid())
        code = _run(order["main"], order["argv"])
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        Path(order["code"]).write_text(str(code))
        os._exit(code)


def _run(main: str, argv: list[str]) -> int:
    sys.argv = [main, *argv]
    try:
        if ":" in main:
            return int(_found(main)[2]() or 0)
        runpy.run_module(main, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def run_flow() -> int:
    """A flow in this process: its entrypoint, its parameters as JSON, the file that gets its run's id and state."""
    from prefect.flows import load_flow_from_entrypoint

    flow = load_flow_from_entrypoint(sys.argv[1])
    state: Any = flow(**json.loads(sys.argv[2]), return_state=True)
    told = {"run": str(state.state_details.flow_run_id), "type": state.type.value, "name": state.name}
    Path(sys.argv[3]).write_text(json.dumps(told | {"message": state.message}))
    return 0


def _doom(target: str, when: str, victim: int) -> None:
    """Replaces the function by one that kills `victim` once, before or after the first call that finds work."""
    owner, name, real = _found(target)
    left = [victim]

    def end() -> None:
        if left:
            os.write(1, f"ends {when} {target}\n".encode())
            os.kill(left.pop(), signal.SIGKILL)

    def whether(result: Any) -> None:
        if when == "after" and result != []:
            end()

    if inspect.iscoroutinefunction(getattr(real, "fn", real)):

        async def doomed(*given: Any, **named: Any) -> Any:
            if when == "before":
                end()
            result = await real(*given, **named)
            whether(result)
            return result

        setattr(owner, name, doomed)
        return

    def dying(*given: Any, **named: Any) -> Any:
        if when == "before":
            end()
        result = real(*given, **named)
        whether(result)
        return result

    setattr(owner, name, dying)


def _found(path: str) -> tuple[Any, str, Callable[..., Any]]:
    """What a path names: `module:function` or `module:Class.method`."""
    module, _, name = path.partition(":")
    owner: Any = importlib.import_module(module)
    *outer, name = name.split(".")
    for part in outer:
        owner = getattr(owner, part)
    return owner, name, getattr(owner, name)


if __name__ == "__main__":
    sys.modules["nursery"] = sys.modules["__main__"]
    main()
