"""What a transition says to the database, recorded once through the API and said again by hand for other items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from sqlalchemy import event
from starlette.testclient import TestClient

from benchmarks.lifecycles import FIRST_IDS, STEPS, Stage, Subject, at_once, body
from duban.adapters.database import Database
from duban.api.app import create_app
from duban.settings import Settings

#: One thing said: a statement with its parameters, or the end of a transaction.
Said = tuple[str, Any]
COMMIT: Said = ("COMMIT", None)
#: Statements whose first answer is a parameter of later ones.
GIVEN = {"UPDATE notice_series": "number", "INSERT INTO notice (": "notice_id"}


def record(stage: Stage, subject: Subject) -> list[Said]:
    """The statements of one life, each transaction's end included."""
    said: list[Said] = []
    database = Database(stage.url)

    @event.listens_for(database.engine, "before_cursor_execute")
    def _statement(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        # An insert of many rows in one statement comes as many with a single set of parameters.
        said.extend((statement, one) for one in (parameters if many and isinstance(parameters, list) else [parameters]))

    @event.listens_for(database.engine, "commit")
    @event.listens_for(database.engine, "rollback")
    def _end(_connection: Any) -> None:
        if said and said[-1] != COMMIT:
            said.append(COMMIT)

    client = TestClient(create_app(Settings(), database, requests_a_minute=0))
    for step in range(len(STEPS)):
        answer = client.post(
            f"/api/v1/items/{subject.item_id}/transitions",
            json=body(subject, step),
            headers={"Authorization": f"Bearer {stage.token}"},
        )
        if answer.status_code != 200:
            raise RuntimeError(answer.text)
    database.dispose()
    return said


def again(stage: Stage, said: Sequence[Said], recorded: Subject, subjects: Sequence[Subject]) -> float:
    """Says the same for every subject, over as many connections as there are clients; gives seconds."""

    def work(mine: Sequence[Subject]) -> None:
        with psycopg.connect(stage.url) as connection:
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

    for statement, parameters in said:
        if (statement, parameters) == COMMIT:
            connection.commit()
            continue
        cursor = connection.execute(statement, {name: own(name, value) for name, value in parameters.items()})
        row = cursor.fetchone() if cursor.description is not None else None
        for beginning, name in GIVEN.items():
            if row and statement.startswith(beginning):
                taken[name] = row[0]
