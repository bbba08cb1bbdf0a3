"""A ledger of any size, written in bulk: plans, parties, items with roles, milestones, clocks and first events.

`due` of the items fall overdue on `AS_OF` (their limit was the working day before); all others have months to go.
Made once a size and kept under `var/bench`; a benchmark works on a copy.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import places
from benchmarks.figures import say
from duban.adapters import guards
from duban.adapters.database import Database
from duban.adapters.migrations import upgrade
from duban.domain.events import Sealed, anchor_hash, chain_hash
from models import Base

AS_OF = dt.date(2026, 7, 14)  # a Tuesday
LAST_DAY = dt.date(2026, 7, 13)
REGISTERED = dt.date(2026, 5, 6)
THEN = dt.datetime(2026, 5, 6, 2, 0, tzinfo=dt.UTC)
LAST_NIGHT = dt.datetime(2026, 7, 12, 17, 0, tzinfo=dt.UTC)
PLANS = 5
_FAR = [dt.date(2026, 11, 2) + dt.timedelta(days=7 * n) for n in range(60)]
_JSON_COLUMNS = {"path", "payload", "context", "counts"}


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is: items in all, items newly overdue, and how many addresses their notices reach."""

    items: int
    due: int
    recipients: int

    @property
    def name(self) -> str:
        """Changes with what the ledger is made of, so that an old one is never mistaken for a new one."""
        sources = [Path(__file__), *sorted((places.ROOT / "alembic" / "versions").glob("*.py"))]
        digest = hashlib.sha256(b"".join(p.read_bytes() for p in sources)).hexdigest()[:8]
        return f"made_{self.items}_{self.due}_{self.recipients}_{digest}"


def sqlite_copy(size: Size, name: str) -> str:
    """The URL of a fresh copy of the SQLite ledger of this size."""
    made = places.folder("made") / f"{size.name}.db"
    if not made.exists():
        say(f"  making a ledger of {size.items} items (kept for the next run) …")
        for old in made.parent.glob(f"made_{size.items}_{size.due}_{size.recipients}_*"):
            old.unlink()
        half = made.with_suffix(".half")
        half.unlink(missing_ok=True)
        _make_sqlite(size, half)
        half.rename(made)
    copy = places.folder("work") / f"{name}.db"
    remove_sqlite(name)
    shutil.copyfile(made, copy)
    return f"sqlite:///{copy}"


def remove_sqlite(name: str) -> None:
    """Removes a copy with its journal."""
    for suffix in ("", "-wal", "-shm"):
        (places.folder("work") / f"{name}.db{suffix}").unlink(missing_ok=True)


def postgres_copy(uri: str, size: Size, name: str) -> str:
    """The URL of a fresh copy of the PostgreSQL ledger of this size."""
    import psycopg

    with psycopg.connect(uri, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [size.name]).fetchone()
    if found is None:
        say(f"  making a ledger of {size.items} items in PostgreSQL (kept for the next run) …")
        _make_postgres(uri, size)
    return places.copy_postgres(uri, size.name, name)


def _make_sqlite(size: Size, path: Path) -> None:
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.dispose()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.create_function(guards.FUNCTION, 0, lambda: 1, deterministic=True)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA journal_mode=MEMORY")
    connection.execute("PRAGMA cache_size=-400000")
    connection.execute("BEGIN")
    for table, rows in _tables(size):
        for part in _parts(rows, 20_000):
            columns = list(part[0])
            marks = ", ".join("?" for _ in columns)
            connection.executemany(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",
                [[_for_sqlite(v) for v in row.values()] for row in part],
            )
    connection.execute("COMMIT")
    connection.execute("ANALYZE")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


def _make_postgres(uri: str, size: Size) -> None:
    import psycopg
    from psycopg.types.json import Jsonb

    half = "made_half"
    with psycopg.connect(uri, autocommit=True) as connection:
        same = f"made\\_{size.items}\\_{size.due}\\_{size.recipients}\\_%"
        for (old,) in connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [same]).fetchall():
            connection.execute(f"DROP DATABASE {old} WITH (FORCE)")
        connection.execute(f"DROP DATABASE IF EXISTS {half} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {half}")
    database = Database(places.database_uri(uri, half))
    upgrade(database)
    database.dispose()
    as_duban = f"-c duban.writer={guards.WRITER}"
    with (
        psycopg.connect(places.database_uri(uri, half), options=as_duban) as connection,
        connection.cursor() as cursor,
    ):
        for table, rows in _tables(size):
            first = next(rows, None)
            if first is None:
                continue
            with cursor.copy(f"COPY {table} ({', '.join(first)}) FROM STDIN") as copy:
                for row in itertools.chain([first], rows):
                    copy.write_row([Jsonb(v) if k in _JSON_COLUMNS else v for k, v in row.items()])
            if "id" in first and table in Base.metadata.tables:
                cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
        connection.commit()
        connection.autocommit = True
        cursor.execute("VACUUM ANALYZE")
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {half} RENAME TO {size.name}")


def _for_sqlite(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return value


def _parts(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    iterator = iter(rows)
    while part := list(itertools.islice(iterator, size)):
        yield part


def _tables(size: Size) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    """Every table with its rows, parents before children."""
    yield "plan", _plans()
    yield "party", _parties(size)
    yield "item", _items(size)
    yield "item_party", _roles(size)
    yield "milestone", _milestones(size)
    yield "clock", _clocks(size)
    yield "rung_fired", _rungs(size)
    heads: list[tuple[int, int, str]] = []
    yield "event", _events(size, heads)
    yield "anchor", iter([_anchor(size, heads)])
    yield "night", iter([_night()])


def _plans() -> Iterator[dict[str, Any]]:
    policy = (places.ROOT / "policies" / "default.toml").read_text(encoding="utf-8")
    for n in range(1, PLANS + 1):
        yield {
            "id": n, "code": f"青河2026第{n}", "kind": "rectification_plan", "title": f"青河区2026年整改方案之{n}",
            "issuer": "青河区人民政府", "year": 2026, "policy": policy, "policy_name": "default",
            "registered_on": REGISTERED, "registered_at": THEN, "released_at": THEN, "released_by": "督查员",
        }  # fmt: skip


def shares(size: Size) -> tuple[int, int]:
    """How the addresses divide: units and lead officials; one is the supervision office."""
    units = (size.recipients - 1) * 3 // 4
    return units, size.recipients - 1 - units


def party_id(size: Size, plan: int, place: int) -> int:
    """The row of a plan's party: place 0 is the office, 1 the plan's head, then units, then lead officials."""
    return (plan - 1) * (size.recipients + 1) + place + 1


def _parties(size: Size) -> Iterator[dict[str, Any]]:
    units, leads = shares(size)
    for plan in range(1, PLANS + 1):

        def row(place: int, name: str, kind: str, email: str, **more: Any) -> dict[str, Any]:
            base = {"id": party_id(size, plan, place), "plan_id": plan, "name": name, "kind": kind}  # noqa: B023
            return base | {"post": None, "email": email, "is_plan_head": False} | more

        yield row(0, "区政府督查室", "office", "ducha@example.org")
        yield row(1, "程远舟", "person", "cheng@example.org", post="区委书记", is_plan_head=True)
        for n in range(units):
            yield row(2 + n, f"区第{n + 1}办事处", "unit", f"unit{n + 1}@example.org")
        for n in range(leads):
            yield row(2 + units + n, f"韩望{n + 1}", "person", f"lead{n + 1}@example.org", post="副区长")


def _plan_of(item: int) -> int:
    return item % PLANS + 1


def _due_on(size: Size, item: int) -> dt.date:
    """The items that fall due are spread over the ledger."""
    return LAST_DAY if _rank(size, item) is not None else _FAR[item % len(_FAR)]


def _rank(size: Size, item: int) -> int | None:
    """Which of the newly overdue an item is, if it is one."""
    step = size.items // size.due
    number, rest = divmod(item - 1, step)
    return number if rest == 0 and number < size.due else None


def _items(size: Size) -> Iterator[dict[str, Any]]:
    for n in range(1, size.items + 1):
        due_on = _due_on(size, n)
        yield {
            "id": n, "plan_id": _plan_of(n), "number": str(n), "position": n, "path": ["一、突出问题", f"第{n % 97}类"],
            "title": f"第{n}项:老旧小区消防通道被占用、设施维护不到位,责任落实层层递减",
            "goal": "建立长效机制,年内整改完成并通过验收", "time_limit": f"{due_on}前完成", "category": "by_deadline",
            "state": "ongoing" if n % 3 else "measure_drafted", "due_on": due_on, "first_due_on": due_on,
            "source_line": n * 6, "source_end_line": n * 6 + 5, "flow_run_id": f"00000000-0000-4000-8000-{n:012d}",
            "run_version": 1, "created_at": THEN, "updated_at": THEN,
        }  # fmt: skip


def _roles(size: Size) -> Iterator[dict[str, Any]]:
    units, leads = shares(size)
    for n in range(1, size.items + 1):
        rank, plan = _rank(size, n), _plan_of(n)
        turn = rank if rank is not None else n
        # A lead official meets other units each time round, as in a real plan.
        lead = (turn + turn // max(leads, 1)) % leads
        yield {"item_id": n, "role": "lead_official", "party_id": party_id(size, plan, 2 + units + lead), "position": 1}
        yield {"item_id": n, "role": "responsible", "party_id": party_id(size, plan, 2 + turn % units), "position": 1}


def _milestones(size: Size) -> Iterator[dict[str, Any]]:
    for n in range(1, size.items + 1):
        due_on = _due_on(size, n)
        yield {
            "id": n, "item_id": n, "position": 1, "text": f"{due_on}前完成", "kind": "complete",
            "due_on": due_on, "rolled_due_on": due_on,
        }  # fmt: skip


def _clocks(size: Size) -> Iterator[dict[str, Any]]:
    for n in range(1, size.items + 1):
        due_on = _due_on(size, n)
        # Ten working days before a far limit; a fixed distance will do, since none of these is looked at.
        next_on = AS_OF if due_on == LAST_DAY else due_on - dt.timedelta(days=14)
        yield {
            "id": n, "plan_id": _plan_of(n), "item_id": n, "milestone_id": n, "kind": "limit", "state": "running",
            "started_on": REGISTERED, "armed_on": REGISTERED, "nominal_due_on": due_on, "due_on": due_on,
            "next_rung_on": next_on,
        }  # fmt: skip


def _rungs(size: Size) -> Iterator[dict[str, Any]]:
    """The two reminders of each item that is due are over."""
    for n in range(1, size.items + 1):
        if _rank(size, n) is None:
            continue
        for rung, on in (("remind_10", dt.date(2026, 6, 29)), ("remind_3", dt.date(2026, 7, 8))):
            yield {
                "clock_id": n, "rung": rung, "cycle": 1, "due_on": on, "fired_on": on, "fired_at": THEN,
                "outcome": "suppressed", "reason": "不再提醒",
            }  # fmt: skip


def _events(size: Size, heads: list[tuple[int, int, str]]) -> Iterator[dict[str, Any]]:
    for n in range(1, size.items + 1):
        sealed = Sealed(
            item_id=n, seq=1, type="item.assigned", actor="督查员", source="cli", occurred_at=THEN, recorded_at=THEN,
            reason="", payload={"number": str(n), "state": "ongoing", "line": n * 6}, previous_hash="",
        )  # fmt: skip
        seal = chain_hash(sealed)
        heads.append((n, 1, seal))
        yield {"id": n} | {f: getattr(sealed, f) for f in Sealed.__dataclass_fields__} | {"hash": seal}


def _anchor(size: Size, heads: list[tuple[int, int, str]]) -> dict[str, Any]:
    return {
        "id": 1, "as_of": LAST_DAY, "anchored_at": LAST_NIGHT, "last_event_id": size.items, "events": size.items,
        "hash": anchor_hash(heads),
    }  # fmt: skip


def _night() -> dict[str, Any]:
    return {
        "as_of": LAST_DAY, "state": "completed", "started_at": LAST_NIGHT, "finished_at": LAST_NIGHT, "counts": {},
    }  # fmt: skip
