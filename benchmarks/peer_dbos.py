"""The peer: the same four-step life as a durable workflow of dbos, behind the same web framework.

Run by an interpreter that has dbos (see `transitions.py`): `peer_dbos.py DATABASE_URI PORT`. An item is one workflow
that waits for a message, checks and writes its state and an event in a step, answers, and waits for the next.
"""

import sys

import psycopg
import uvicorn
from dbos import DBOS, SetWorkflowID
from fastapi import FastAPI
from psycopg_pool import ConnectionPool

uri, port = sys.argv[1], int(sys.argv[2])
app = FastAPI()
DBOS(
    config={
        "name": "peer",
        "system_database_url": uri.replace("postgresql://", "postgresql+psycopg://"),
        "sys_db_pool_size": 40,
        "log_level": "ERROR",
        "console_log_level": "ERROR",
    }
)
pool = ConnectionPool(uri, min_size=4, max_size=32, open=True)
STEPS = ("draft_measure", "issue_regulation", "sustain", "withdraw")
STATES = ("assigned", "measure_drafted", "regulation_issued", "ongoing", "closed")


@DBOS.step()
def change(item: int, number: int, body: dict) -> dict:
    """One transition: the state under a lock, an event beside it."""
    with pool.connection() as connection:
        state, version = connection.execute(
            "SELECT state, version FROM peer_item WHERE id = %s FOR UPDATE", (item,)
        ).fetchone()
        if state != STATES[number] or version != body["expected_version"]:
            return {"refused": state}
        connection.execute(
            "UPDATE peer_item SET state = %s, version = version + 1 WHERE id = %s", (STATES[number + 1], item)
        )
        connection.execute(
            "INSERT INTO peer_event (item_id, seq, type, reason) VALUES (%s, %s, %s, %s)",
            (item, number + 1, body["action"], body["reason"]),
        )
    return {"state": STATES[number + 1], "version": version + 1}


@DBOS.workflow()
def life(item: int) -> None:
    """From assigned to closed."""
    for number, action in enumerate(STEPS):
        body = DBOS.recv("move", timeout_seconds=600)
        done = change(item, number, body) if body["action"] == action else {"refused": action}
        DBOS.set_event(f"step-{number}", done)


@app.post("/api/v1/items/{item}/transitions")
def move(item: int, body: dict) -> dict:
    """Answers when the step is done."""
    number = body["expected_version"] - 1
    if number == 0:
        with SetWorkflowID(f"item-{item}"):
            DBOS.start_workflow(life, item)
    DBOS.send(f"item-{item}", body, "move")
    return DBOS.get_event(f"item-{item}", f"step-{number}", timeout_seconds=60)


if __name__ == "__main__":
    with psycopg.connect(uri, autocommit=True) as setup:
        setup.execute("CREATE TABLE IF NOT EXISTS peer_item (id bigint PRIMARY KEY, state text, version int)")
        setup.execute(
            "CREATE TABLE IF NOT EXISTS peer_event (id bigserial PRIMARY KEY, item_id bigint, seq int, type text, "
            "reason text, at timestamptz DEFAULT now(), UNIQUE (item_id, seq))"
        )
        setup.execute(
            "INSERT INTO peer_item SELECT id, 'assigned', 1 FROM generate_series(1000000, 1009999) id "
            "ON CONFLICT DO NOTHING"
        )
    DBOS.launch()
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)
