"""`python dying.py`: duban's processes, made to end at a named call as a kill -9 or a power cut would end them.

It loads the code once (three seconds) and forks a process for each line of its input, a JSON object:
`main` to run, `target` whose first call that finds work is the end, `when` (before or after it), `victim` (a process
that is killed in its stead), `log` and `environment`. It answers with the process's id.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import flows.automations
import flows.deploy
import flows.engine
import flows.engine_health
import flows.engine_runs
import flows.pools  # noqa: F401 -- what an engine loads when it starts


def main() -> None:
    """Forks until its input ends; children are left to whoever asked for them."""
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
    if order.get("target"):
        _doom(order["target"], order["when"], order.get("victim") or os.getpid())
    code = 1
    try:
        code = _found(order["main"])[2]() or 0
    finally:
        os._exit(code)


def _doom(target: str, when: str, victim: int) -> None:
    """Replaces the function by one that kills `victim` once, before or after the first call that finds work."""
    owner, name, real = _found(target)
    left = [victim]

    def end() -> None:
        if left:
            os.write(1, f"ends at {target}\n".encode())
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
    module, _, name = path.partition(":")
    owner = importlib.import_module(module)
    return owner, name, getattr(owner, name)


if __name__ == "__main__":
    main()
