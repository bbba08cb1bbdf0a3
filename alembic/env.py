"""Runs the ledger's migrations. The URL comes from the caller (`duban db upgrade`) or from the settings."""

from __future__ import annotations

from alembic import context
from sqlalchemy import JSON

from duban.adapters.database import Database
from duban.settings import load_settings
from models import Base
from models.types import UtcDateTime

config = context.config


def run() -> None:
    """Migrates through a connection that the caller gave, or through one of our own."""
    connection = config.attributes.get("connection")
    if connection is not None:
        migrate(connection)
        return
    database = Database(config.attributes.get("url") or load_settings().ledger_url)
    with database.engine.connect() as own:
        migrate(own)
        own.commit()
    database.dispose()


def render(kind, value, autogen_context):
    """Migrations name only types that SQLAlchemy has: they must run when our models have long changed."""
    if kind == "type" and isinstance(value, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(value, JSON):
        autogen_context.imports.add("from sqlalchemy.dialects.postgresql import JSONB")
        return 'sa.JSON().with_variant(JSONB(), "postgresql")'
    return False


def migrate(connection) -> None:
    """One transaction for each migration; SQLite alters tables by copying them."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        compare_server_default=False,
        autogenerate_plugins=["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
        render_item=render,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
