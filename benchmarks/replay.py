"""What a transition says to the database, recorded once through the API and said again by hand for other items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import event
from starlette.testclient import TestClient

from benchmarks.lifecycles import FIRST_IDS, STEPS, Stage, Subject, at_once, body
from duban.adapters import guards
from duban.adapters.database import Database
from duban.api.app import create_app
from duban.settings import Settings


class Said(NamedTuple):
    """A statement with its parameters (a list of them where many rows go at once), or the end of a transaction.

    `alone` is one that was said outside of any transaction.
    """

    statement: str
    parameters: Any
    alone: bool = False


COMMIT = Said("COMMIT", None)
#: Statements whose first answer is a parameter of later ones.
GIVEN = {"INSERT INTO notice_series": "number", "INSERT INTO notice (": "notice_id"}


def record(stage: Stage, subject: Subject) -> list[Said]:
    """The statements of one life, each transaction's end included."""
    said: list[Said] = []
    database = Database(stage.url)
    client = TestClient(create_app(Settings(), database, requests_a_minute=0))
    key = {"Authorization": f"Bearer {stage.token}"}
    client.get("/api/v1/items", headers=key)  # notes that the token was used, which happens every five minutes

    @event.listens_for(database.engine, "before_cursor_execute")
    def _statement(connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        alone = connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
        said.append(Said(statement, parameters, alone))

    @event.listens_for(database.engine, "commit")
    @event.listens_for(database.engine, "rollback")
    def _end(_connection: Any) -> None:
        if said and said[-1] != COMMIT and not said[-1].alone:
            said.append(COMMIT)

    for step in range(len(STEPS)):
        answer = client.post(
            f"/api/v1/items/{subject.item_id}/transitions",
            json=body(subject, step),
            headers=key,
        )
        if answer.status_code != 200:
            raise RuntimeError(answer.text)
    database.dispose()
    return said


def again(stage: Stage, said: Sequence[Said], recorded: Subject, subjects: Sequence[Subject]) -> float:
    """Says the same for every subject, over as many connections as there are clients; gives seconds."""

    def work(mine: Sequence[Subject]) -> None:
        with psycopg.connect(stage.url, options=f"-c duban.writer={guards.WRITER}") as connection:
            for subject in mine:
                _live(connection, said, recorded, subject)

    return at_once(work, subjects)


def _live(connection: Any, said: Sequence[Said], recorded: Subject, subject: Subject) -> None:
    ids = {recorded.ids[table]: subject.ids[table] for table in FIRST_IDS}
    taken: dict[str, Any] = {}  # what the database gave in this life: a number of a series, the id of a notice

    def own(name: str, value: Any) -> Any:
        if name in taken:
            return taken[name]
        if isinstance(value, int):
            return ids.get(value, value)
        return value.replace(str(recorded.item_id), str(subject.item_id)) if name.startswith("cause") else value

    for one in said:
        if one == COMMIT:
            connection.commit()
            continue
        rows = _say(connection, one, own)
        for beginning, name in GIVEN.items():
            if rows and one.statement.startswith(beginning):
                taken[name] = rows[0][0]


def _say(connection: Any, one: Said, own: Callable[[str, Any], Any]) -> Any:
    """Says one statement, and fetches what it answers."""
    if one.alone:
        connection.autocommit = True
    with connection.cursor() as cursor:
        if isinstance(one.parameters, list):
            cursor.executemany(one.statement, [{n: own(n, v) for n, v in row.items()} for row in one.parameters])
        else:
            cursor.execute(one.statement, {name: own(name, value) for name, value in one.parameters.items()})
        rows = cursor.fetchall() if cursor.description is not None else None
    if one.alone:
        connection.autocommit = False
    return rows
