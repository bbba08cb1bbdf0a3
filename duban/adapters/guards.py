"""The ledger is changed through duban only: triggers on its tables refuse every other hand, an admin's included.

duban's own connections say who they are: on PostgreSQL by the setting `duban.writer`, on SQLite by the function
`written_by_duban`, which no other program has. Whoever takes a guard away is found by `duban check`, which knows every
guard that there has to be; `duban db upgrade` puts missing ones back, and says so in the access log.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, text

WRITER = "duban"
FUNCTION = "written_by_duban"
#: What decides about people, and what a notice, a limit or a closing rests on. Events have triggers of their own.
GUARDED = (
    "absence",
    "access_log",
    "anchor",
    "anomaly",
    "approval",
    "calendar_edition",
    "clock",
    "clock_pause",
    "closing",
    "delivery",
    "directory_change",
    "document",
    "evidence",
    "extension",
    "issued_paper",
    "item",
    "item_party",
    "measure",
    "milestone",
    "night",
    "notice",
    "notice_recipient",
    "notice_series",
    "party",
    "party_alias",
    "party_member",
    "plan",
    "policy_edition",
    "regulation",
    "resolution",
    "rung_fired",
    "snapshot",
    "target",
    "token",
    "user_account",
    "user_scope",
)
REFUSAL = "the ledger is changed through duban only (docs/guide/operations.md, A hand in the database)"
_VERBS = ("INSERT", "UPDATE", "DELETE")
#: The event log's own, which the migration makes.
_OF_EVENTS = {
    "sqlite": {"event_no_update", "event_no_delete", "event_no_replace"},
    "postgresql": {"event_append_only", "event_no_truncate"},
}


def _wanted(connection: Connection) -> dict[str, str]:
    """Each guard by its name, as the statement that makes it."""
    if connection.dialect.name == "sqlite":
        return {
            f"guard_{table}_{verb.lower()}": (
                f"CREATE TRIGGER guard_{table}_{verb.lower()} BEFORE {verb} ON {table} WHEN {FUNCTION}() <> 1 "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
            for table in GUARDED
            for verb in _VERBS
        }
    mine = f"current_setting('duban.writer', true) IS DISTINCT FROM '{WRITER}'"
    rows = {
        f"guard_{table}": (
            f"CREATE TRIGGER guard_{table} BEFORE INSERT OR UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW WHEN ({mine}) EXECUTE FUNCTION guard_refuse()"
        )
        for table in GUARDED
    }
    return rows | {
        f"guard_{table}_truncate": (
            f"CREATE TRIGGER guard_{table}_truncate BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT WHEN ({mine}) EXECUTE FUNCTION guard_refuse()"
        )
        for table in GUARDED
    }


_POSTGRES_FUNCTION = f"""CREATE OR REPLACE FUNCTION guard_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"""


def put_up(connection: Connection) -> list[str]:
    """Makes the guards that are missing, in the caller's transaction; their names."""
    if connection.dialect.name != "sqlite":
        connection.execute(text(_POSTGRES_FUNCTION))
    there, wanted = set(_there(connection)), _wanted(connection)
    lacking = [name for name in wanted if name not in there]
    for name in lacking:
        connection.execute(text(f"DROP TRIGGER IF EXISTS {name}{_on(connection, name)}"))
        connection.execute(text(wanted[name]))
    return lacking


def take_down(connection: Connection) -> None:
    """Takes all guards away, before a migration takes tables away."""
    for name in _there(connection):
        if name.startswith("guard_"):
            connection.execute(text(f"DROP TRIGGER {name}{_on(connection, name)}"))
    if connection.dialect.name != "sqlite":
        connection.execute(text("DROP FUNCTION IF EXISTS guard_refuse()"))


def missing(connection: Connection) -> list[str]:
    """The guards that are gone, switched off, or not as they have to be; the event log's own among them."""
    wanted = set(_wanted(connection)) | _OF_EVENTS["sqlite" if connection.dialect.name == "sqlite" else "postgresql"]
    return sorted(wanted - set(_there(connection)))


def _there(connection: Connection) -> Iterator[str]:
    """The triggers that stand and do their work."""
    if connection.dialect.name == "sqlite":
        wanted = _wanted(connection)
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).tuples().all()
        yield from (name for name, sql in rows if name not in wanted or sql == wanted[name])
        return
    rows = connection.execute(
        text(
            "SELECT t.tgname, p.prosrc || pg_get_triggerdef(t.oid) FROM pg_trigger t "
            "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
            "WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') "
            "AND c.relnamespace = current_schema()::regnamespace"
        )
    ).all()
    for name, body in rows:
        if "RAISE EXCEPTION" in body and ("duban.writer" in body or not name.startswith("guard_")):
            yield name


def _on(connection: Connection, name: str) -> str:
    if connection.dialect.name == "sqlite":
        return ""
    return f" ON {name.removeprefix('guard_').removesuffix('_truncate')}"
