"""A Prefect server that comes back as it was some time ago, or with nothing at all: the ledger puts it right.

The last of its folder: on a server that was wiped timelines follow late, until events of lost runs have failed.
"""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

from duban.domain.lifecycle import Action, State
from duban.services import reconcile
from duban.services.runs import EVENT_WORDS

from .kills import mended, whole
from .rows import now
from .runs_seen import run_of, stands, task_runs
from .world import World, wait_until

DRAFTED = EVENT_WORDS["item.measure_drafted"]


def database_of(world: World) -> Path:
    return world.settings.data_dir / "prefect" / "prefect.db"


def copy_of(file: Path, to: Path) -> None:
    with closing(sqlite3.connect(file)) as live, closing(sqlite3.connect(to)) as copy:
        live.backup(copy)


def stand(world: World, *ids: int) -> None:
    for item_id in ids:
        wait_until(lambda item_id=item_id: stands(world, item_id), 60)


def test_a_server_restored_from_an_older_backup_is_brought_up_to_the_ledger_run_by_run(
    world: World, tmp_path: Path
) -> None:
    moved, closed, reopened, quiet = old = world.ledger.add_items(
        State.ASSIGNED, State.ONGOING, State.ONGOING, State.ASSIGNED
    )
    stand(world, *old)
    world.ledger.move(reopened, Action.WITHDRAW)
    stand(world, reopened)
    copy_of(database_of(world), tmp_path / "older.db")

    world.ledger.move(moved, Action.DRAFT_MEASURE)
    world.ledger.move(moved, Action.START)
    world.ledger.move(closed, Action.WITHDRAW)
    world.ledger.move(reopened, Action.REOPEN)
    new = world.ledger.add_items(State.ASSIGNED, State.MEASURE_DRAFTED)
    stand(world, *old, *new)
    runs = {item_id: run_of(world, item_id) for item_id in (*old, *new)}
    events = {item_id: world.ledger.events(item_id) for item_id in runs}
    world.stop("server", signal.SIGKILL)
    for ending in ("-wal", "-shm"):
        Path(f"{database_of(world)}{ending}").unlink(missing_ok=True)
    copy_of(tmp_path / "older.db", database_of(world))
    world.start_server()

    assert world.prefect.run(runs[new[0]].id) is None  # nothing of it has happened there
    counts = reconcile.reconcile(world.database, world.prefect, now=now())
    assert (counts.behind, counts.missing, counts.ended) == (2, 3, 0), counts
    done = {line.rpartition(":")[2]: line for line in counts.said}
    assert set(done) == {"运行落后于台账,已交引擎补上", "运行缺失,已重建"}
    stand(world, *old, *new)
    assert {item_id: world.ledger.events(item_id) for item_id in runs} == events
    assert [run_of(world, item_id).id for item_id in (moved, closed, quiet)] == [
        runs[item_id].id for item_id in (moved, closed, quiet)
    ]
    assert run_of(world, reopened).state == "Ongoing"
    for item_id, words in ((moved, DRAFTED), (closed, EVENT_WORDS["item.withdrawn"])):  # what it missed, once
        shown = wait_until(
            lambda item_id=item_id, words=words: [
                name for name in task_runs(world, run_of(world, item_id).id) if name.startswith(words)
            ],
            60,
        )
        assert isinstance(shown, list)
        assert len(shown) == 1
    mended(world)


def test_a_server_that_was_wiped_gets_deployments_and_runs_again_from_the_engine(world: World) -> None:
    """What it keeps is gone, as after a disk that was lost: no backup is needed, and nobody has to do anything."""
    states = (State.ASSIGNED, State.ONGOING)
    ids = world.ledger.add_items(*states)
    for item_id in ids:
        wait_until(lambda item_id=item_id: stands(world, item_id))
    world.stop("server", signal.SIGKILL)
    for file in (world.settings.data_dir / "prefect").glob("prefect.db*"):
        file.unlink()
    world.start_server()
    world.ledger.move(ids[0], Action.DRAFT_MEASURE)
    whole(world, ids[0], "item.measure_drafted")
    whole(world, ids[1])
    assert "the Prefect server has lost our deployments" in world.log("engine")
    wait_until(lambda: any(name.startswith(DRAFTED) for name in task_runs(world, run_of(world, ids[0]).id)), 60)
    mended(world)
