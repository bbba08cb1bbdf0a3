"""Items that are moved from assigned to closed in four transitions, and 32 clients that move them over HTTP."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from benchmarks import places
from duban.adapters.database import Database
from duban.adapters.migrations import upgrade
from duban.domain.actors import Actor
from duban.domain.limits import Milestone as Part
from duban.reading.directory import Entry
from duban.reading.model import Item as Read
from duban.reading.model import Kind, Place, Reading, Regulation
from duban.services.accounts import create_user, issue_token
from duban.services.registration import Intake, OfficeRules, Received, register
from models import UserRole

CLIENTS = 32
STEPS = ("draft_measure", "issue_regulation", "sustain", "withdraw")
#: Ids begin here, so that a statement's parameters tell an item's ids from its versions and counts.
FIRST_IDS = {"item": 1_000_000, "regulation": 2_000_000, "milestone": 3_000_000, "clock": 4_000_000}


@dataclass(frozen=True, slots=True)
class Subject:
    """One item to be moved, with the ids that belong to it, a table each."""

    item_id: int
    ids: dict[str, int]


@dataclass(frozen=True, slots=True)
class Stage:
    """A ledger with items, and a key to its API."""

    url: str
    token: str
    subjects: list[Subject]


def stage(uri: str, items: int) -> Stage:
    """A fresh ledger on PostgreSQL with so many assigned items, registered as a document's."""
    name = "bench_transitions"
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    url = places.database_uri(uri, name)
    database = Database(url)
    upgrade(database)
    with psycopg.connect(url, autocommit=True) as connection:
        for table, first in FIRST_IDS.items():
            connection.execute(f"ALTER SEQUENCE {table}_id_seq RESTART WITH {first}")
    now = dt.datetime.now(dt.UTC)
    register_items(database, items, now)
    create_user(database, name="督查员", role=UserRole.SUPERVISOR, now=now)
    token = issue_token(database, user="督查员", name="bench", now=now)
    database.dispose()
    return Stage(url, token, _subjects(url))


def register_items(database: Database, items: int, now: dt.datetime, code: str | None = None) -> int:
    """A plan with so many assigned items, through the same door as a document's; gives its id."""
    policy = (places.ROOT / "policies" / "default.toml").read_text(encoding="utf-8")
    last = dt.date(now.year + 1, 6, 30)
    reading = Reading(
        Kind.RECTIFICATION_PLAN,
        f"青河区整改方案{code or ''}",
        year=now.year,
        items=[
            Read(
                str(n),
                Place(n * 10, n * 10 + 5),
                title=f"事项{n}",
                goal="全部完成",
                lead_officials=["韩望舒"],
                responsible_units=["区住建局"],
                regulations=[Regulation(f"第{n}号管理办法")],
                time_limit=f"{last}前完成",
                milestones=[Part(f"{last}前完成", "complete", due_on=last)],
                state="assigned",
            )
            for n in range(1, items + 1)
        ],
    )
    directory = [
        Entry(2, "区政府督查室", "office", email="ducha@example.org"),
        Entry(3, "韩望舒", "person", post="副区长", email="han@example.org"),
        Entry(4, "区住建局", "unit", email="zhujian@example.org"),
    ]
    plan = register(
        database,
        Received("方案.txt", f"bench {code}".encode(), reading),
        Intake(
            rules=OfficeRules("default", policy, "区政府督查室", "ducha@example.org"),
            actor=Actor("督查员", "supervisor"),
            as_of=now.date(),
            now=now,
            directory=directory,
            code=code,
        ),
    )
    return plan.plan_id


def _subjects(url: str) -> list[Subject]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT i.id, r.id, m.id, c.id FROM item i JOIN regulation r ON r.item_id = i.id "
            "JOIN milestone m ON m.item_id = i.id JOIN clock c ON c.item_id = i.id ORDER BY i.id"
        ).fetchall()
    return [Subject(row[0], dict(zip(FIRST_IDS, row, strict=True))) for row in rows]


def body(subject: Subject, step: int) -> dict[str, Any]:
    """The request of one transition."""
    found: dict[str, Any] = {"action": STEPS[step], "expected_version": step + 1, "reason": "按计划办理"}
    if step == 0:
        found["measures"] = ["修订管理办法", "每季度抽查一次"]
    if step == 1:
        found["regulations"] = {str(subject.ids["regulation"]): {"document_number": f"青府办〔2026〕{step}号"}}
    return found


def drive(port: int, token: str, subjects: Sequence[Subject]) -> tuple[float, list[float]]:
    """Moves every item through its life, `CLIENTS` items at a time; gives seconds, and the seconds of each answer."""
    latencies: list[float] = []

    def one(mine: Sequence[Subject]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        for subject in mine:
            for step in range(len(STEPS)):
                start = time.perf_counter()
                data = json.dumps(body(subject, step)).encode()
                connection.request("POST", f"/api/v1/items/{subject.item_id}/transitions", data, headers)
                answer = connection.getresponse()
                said = answer.read()
                latencies.append(time.perf_counter() - start)
                if answer.status != 200:
                    raise RuntimeError(f"{answer.status}: {said[:300]!r}")
        connection.close()

    return at_once(one, subjects), latencies


def at_once(work: Callable[[Sequence[Subject]], None], subjects: Sequence[Subject]) -> float:
    """Deals the subjects out to `CLIENTS` threads that begin together; the seconds until the last is done."""
    failures: list[BaseException] = []
    barrier = threading.Barrier(CLIENTS + 1)

    def run(mine: Sequence[Subject]) -> None:
        barrier.wait()
        try:
            work(mine)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(subjects[n::CLIENTS],)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    barrier.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return time.perf_counter() - start
