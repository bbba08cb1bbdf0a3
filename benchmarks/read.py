"""Reading: start-up of the command, the real documents, and one document that grows.

Commands are compared with the bare interpreter in the same rounds: on a quiet machine that takes some 20 ms, so that
25 times as long is half a second. What runs in one process is counted in processor time, which is its wall time where
nothing else runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks import places
from benchmarks.figures import Figure, Rounds, at_most, in_turn, skipped, timed

PLAN = "jiading-2014-rectification-plan.txt"
SIZES = (2_500, 5_000, 10_000)
BARE = "x `python -c pass`"


def run() -> list[Figure]:
    """Start-up, one plan, five documents, one that grows."""
    found = _commands()
    folder = documents()
    found += _five(folder) if folder else [skipped("the five documents", "they are not here; set DUBAN_DOCUMENTS")]
    return found + _growing()


def documents() -> Path | None:
    """The folder of real published documents, if this machine has it."""
    folder = Path(os.environ.get("DUBAN_DOCUMENTS", places.ROOT.parent / "shared" / "documents"))
    return folder if (folder / PLAN).is_file() else None


def _commands() -> list[Figure]:
    duban = str(Path(sys.executable).with_name("duban"))
    folder = documents()
    contenders = {"bare": _command(sys.executable, "-c", "pass"), "help": _command(duban, "--help")}
    if folder:
        contenders["read"] = _command(duban, "read", str(folder / PLAN), "--json")
    rounds = in_turn(contenders, 7)
    found = [at_most("duban --help (0.5 s)", rounds.best_ratio("help", "bare"), 25, BARE, _beside(rounds, "help"))]
    name = "duban read, the Jiading plan (1 s)"
    if folder:
        found.append(at_most(name, rounds.best_ratio("read", "bare"), 50, BARE, _beside(rounds, "read")))
    else:
        found.append(skipped(name, "the document is not here; set DUBAN_DOCUMENTS"))
    return found


def _command(*words: str) -> Any:
    return timed(lambda: subprocess.run(words, check=True, stdout=subprocess.DEVNULL, timeout=60))


def _beside(rounds: Rounds, name: str) -> str:
    return f"{rounds.best(name):.2f} s of wall time against {rounds.best('bare') * 1000:.0f} ms"


def _five(folder: Path) -> list[Figure]:
    files = sorted(str(path) for path in folder.glob("*.txt"))
    runs = [_reading(*files) for _ in range(5)]
    best = min(run["seconds"] for run in runs)
    name = f"{len(files)} documents in one process"
    return [
        at_most(
            name,
            best,
            1.5,
            " s",
            f"imports included, {min(run['wall'] for run in runs):.1f} s of wall time; {runs[0]['items']} items",
        )
    ]


def _growing() -> list[Figure]:
    folder = places.folder("read")
    seconds: dict[int, float] = {}
    memory = 0
    for size in SIZES:
        path = folder / f"plan-{size}.txt"
        path.write_text(plan(size), encoding="utf-8")
        done = min((_reading(str(path)) for _ in range(3)), key=lambda run: run["seconds"])
        if done["items"] != size:
            raise RuntimeError(f"{path}: {done['items']} items were read, {size} are in it")
        seconds[size], memory = done["seconds"], done["memory_mb"]
    growth = seconds[SIZES[-1]] / seconds[SIZES[0]]
    detail = ", ".join(f"{size}: {seconds[size]:.1f} s" for size in SIZES)
    return [
        at_most("10,000 items in one document", seconds[SIZES[-1]], 20, " s", detail),
        at_most("four times the items take", growth, 5, "x the time", "4 is linear"),
        at_most("10,000 items: memory", memory, 500, " MB"),
    ]


def _reading(*files: str) -> dict[str, Any]:
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks.read_once", *files],
        check=True,
        capture_output=True,
        text=True,
        timeout=600,
        cwd=places.ROOT,
    )
    return dict(json.loads(finished.stdout))


def plan(items: int) -> str:
    """A rectification plan in the manner of the published ones."""
    lines = ["青河区整改方案", "", "一、突出问题", ""]
    for n in range(1, items + 1):
        lines += [
            f"{n}.部分老旧小区第{n}号消防通道被占用，设施维护不到位。",
            f"整改目标：第{n}号通道全部清理到位，建立长效机制。",
            f"整改措施：(1)全面排查第{n}号通道。(2)制定管理办法，明确责任。(3)每月通报进展情况。",
            f"牵头领导：韩望{'舒宁平安康'[n % 5]}",
            f"责任部门：区第{n % 50 + 1}办事处、区住建局",
            f"整改时限：2026年{n % 12 + 1}月底前完成，持续推进。",
            "",
        ]
    return "\n".join(lines)
