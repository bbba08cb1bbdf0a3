"""The ledger: plans, items, parties, clocks, notices, events.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

#: The event log is append-only, whoever holds the database password.
SQLITE_TRIGGERS = {
    name: f"""CREATE TRIGGER {name} BEFORE {verb} ON event
BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END"""
    for name, verb in (("event_no_update", "UPDATE"), ("event_no_delete", "DELETE"))
} | {
    # INSERT OR REPLACE deletes without asking the DELETE trigger.
    "event_no_replace": """CREATE TRIGGER event_no_replace BEFORE INSERT ON event
WHEN EXISTS (SELECT 1 FROM event WHERE id = NEW.id OR (item_id = NEW.item_id AND seq = NEW.seq))
BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END"""
}
POSTGRES_FUNCTION = """CREATE FUNCTION event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the event log is append-only'; END $$"""
POSTGRES_TRIGGERS = (
    """CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event
FOR EACH ROW EXECUTE FUNCTION event_append_only()""",
    """CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event
FOR EACH STATEMENT EXECUTE FUNCTION event_append_only()""",
)


#: PostgreSQL tells the engines of a new signal, in the transaction that writes it (services/bell). Commits
#: that tell something queue up behind each other: while one is open that nobody has taken, its teller has done so.
BELL_FUNCTIONS = {
    "signal_bell_new": """BEGIN
IF NOT EXISTS (SELECT 1 FROM signal WHERE delivered_at IS NULL AND claimed_until IS NULL
               AND id < (SELECT min(id) FROM fresh)) THEN
    PERFORM pg_notify('ledger_signal', '');
END IF;
RETURN NULL; END""",
    "signal_bell_again": "BEGIN PERFORM pg_notify('ledger_signal', ''); RETURN NULL; END",
}
BELL_TRIGGERS = (
    """CREATE TRIGGER signal_bell_new AFTER INSERT ON signal REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION signal_bell_new()""",
    """CREATE TRIGGER signal_bell_again AFTER UPDATE OF claimed_until ON signal FOR EACH ROW
WHEN (OLD.claimed_until IS NOT NULL AND NEW.claimed_until IS NULL AND NEW.delivered_at IS NULL)
EXECUTE FUNCTION signal_bell_again()""",
)


def create_bell() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for name, body in BELL_FUNCTIONS.items():
            op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
        for statement in BELL_TRIGGERS:
            op.execute(statement)


def drop_bell() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for name in BELL_FUNCTIONS:
            op.execute(f"DROP TRIGGER {name} ON signal")
            op.execute(f"DROP FUNCTION {name}()")


def create_event_triggers() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for statement in SQLITE_TRIGGERS.values():
            op.execute(statement)
    else:
        op.execute(POSTGRES_FUNCTION)
        for statement in POSTGRES_TRIGGERS:
            op.execute(statement)


def drop_event_triggers() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in SQLITE_TRIGGERS:
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("DROP TRIGGER event_append_only ON event")
        op.execute("DROP TRIGGER event_no_truncate ON event")
        op.execute("DROP FUNCTION event_append_only()")


def upgrade() -> None:
    op.create_table(
        "access_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("action", sa.String(length=100), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_log")),
    )
    with op.batch_alter_table("access_log", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_log_at"), ["at"], unique=False)

    op.create_table(
        "anchor",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("anchored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_event_id", sa.Integer(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("length(hash) = 64", name=op.f("ck_anchor_hash_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anchor")),
    )
    with op.batch_alter_table("anchor", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_anchor_as_of"), ["as_of"], unique=False)

    op.create_table(
        "calendar_edition",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("applied_by", sa.String(length=100), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_calendar_edition_sha256_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_edition")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=16), server_default="mail", nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("context", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("subject", sa.String(length=500), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("template", sa.String(length=100), nullable=False),
        sa.Column("template_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "sending",
                "sent",
                "unknown",
                "failed",
                "suppressed",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sending_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.String(length=100), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("settled_by", sa.String(length=100), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status = 'sending') = (sending_until IS NOT NULL)", name=op.f("ck_delivery_sending_has_deadline")
        ),
        sa.CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_delivery_sent_has_instant")),
        sa.CheckConstraint(
            "status NOT IN ('failed', 'unknown', 'suppressed') OR error IS NOT NULL", name=op.f("ck_delivery_says_why")
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_delivery_attempts_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("message_id", name=op.f("uq_delivery_message_id")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delivery_address"), ["address"], unique=False)
        batch_op.create_index(batch_op.f("ix_delivery_as_of"), ["as_of"], unique=False)
        batch_op.create_index(
            "ix_delivery_open",
            ["not_before", "id"],
            unique=False,
            sqlite_where=sa.text("status IN ('queued', 'sending')"),
            postgresql_where=sa.text("status IN ('queued', 'sending')"),
        )
        batch_op.create_index(
            "ix_delivery_sent",
            ["sent_at", "address"],
            unique=False,
            sqlite_where=sa.text("sent_at IS NOT NULL"),
            postgresql_where=sa.text("sent_at IS NOT NULL"),
        )

    op.create_table(
        "idempotency_key",
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("actor", "key", name=op.f("pk_idempotency_key")),
    )
    with op.batch_alter_table("idempotency_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_idempotency_key_created_at"), ["created_at"], unique=False)

    op.create_table(
        "night",
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "running", "completed", "failed", name="state", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.CheckConstraint("(state = 'running') = (finished_at IS NULL)", name=op.f("ck_night_finished_has_instant")),
        sa.PrimaryKeyConstraint("as_of", name=op.f("pk_night")),
    )
    op.create_table(
        "notice_series",
        sa.Column("series", sa.String(length=40), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.CheckConstraint("last >= 0", name=op.f("ck_notice_series_last_positive")),
        sa.PrimaryKeyConstraint("series", "year", name=op.f("pk_notice_series")),
    )
    op.create_table(
        "plan",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=True),
        sa.Column("reference", sa.String(length=100), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("policy_name", sa.String(length=80), nullable=False),
        sa.Column("registered_on", sa.Date(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.String(length=100), nullable=True),
        sa.Column("published", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.String(length=100), nullable=True),
        sa.Column("voided_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("(released_at IS NULL) = (released_by IS NULL)", name=op.f("ck_plan_release_has_actor")),
        sa.CheckConstraint("(voided_at IS NULL) = (voided_by IS NULL)", name=op.f("ck_plan_voided_has_actor")),
        sa.CheckConstraint("(voided_at IS NULL) = (voided_reason IS NULL)", name=op.f("ck_plan_voided_has_reason")),
        sa.CheckConstraint("voided_at IS NULL OR released_at IS NULL", name=op.f("ck_plan_voided_before_release")),
        sa.CheckConstraint("length(code) > 0", name=op.f("ck_plan_code_not_empty")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sa.UniqueConstraint("code", name=op.f("uq_plan_code")),
    )
    op.create_table(
        "pending_sign_in",
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=100), nullable=False),
        sa.Column("verifier", sa.String(length=128), nullable=False),
        sa.Column("target", sa.String(length=500), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(state_hash) = 64", name=op.f("ck_pending_sign_in_state_hash_length")),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_pending_sign_in")),
    )
    with op.batch_alter_table("pending_sign_in", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pending_sign_in_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "request_count",
        sa.Column("client", sa.String(length=200), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("client", name=op.f("pk_request_count")),
    )
    with op.batch_alter_table("request_count", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_request_count_at"), ["at"], unique=False)

    op.create_table(
        "user_account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "viewer",
                "unit",
                "lead",
                "supervisor",
                "admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("mail", sa.String(length=254), nullable=True),
        sa.Column("external_id", sa.String(length=600), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("(true)"), nullable=False),
        sa.Column("failed_attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("failed_attempts >= 0", name=op.f("ck_user_account_failed_attempts_positive")),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_user_account_name_not_empty")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("external_id", name=op.f("uq_user_account_external_id")),
        sa.UniqueConstraint("mail", name=op.f("uq_user_account_mail")),
        sa.UniqueConstraint("name", name=op.f("uq_user_account_name")),
    )
    op.create_table(
        "directory_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("change", sa.String(length=16), nullable=False),
        sa.Column("fields", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("filename", sa.String(length=255), server_default="", nullable=False),
        sa.Column("changed_by", sa.String(length=100), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("change IN ('new', 'changed', 'ended')", name=op.f("ck_directory_change_change")),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_directory_change_name_not_empty")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_directory_change_plan_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_change")),
    )
    with op.batch_alter_table("directory_change", schema=None) as batch_op:
        batch_op.create_index("ix_directory_change_plan_name", ["plan_id", "name"], unique=False)

    op.create_table(
        "document",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=True),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.String(length=100), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=True),
        sa.Column("pending_mark", sa.String(length=64), nullable=True),
        sa.CheckConstraint("(pending IS NULL) = (pending_mark IS NULL)", name=op.f("ck_document_pending_has_mark")),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_document_sha256_length")),
        sa.CheckConstraint("size > 0", name=op.f("ck_document_not_empty")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_document_plan_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("plan_id", "edition", name=op.f("uq_document_plan_id_edition")),
        sa.UniqueConstraint("plan_id", "sha256", name=op.f("uq_document_plan_id_sha256")),
    )
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_document_plan_id"), ["plan_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_document_sha256"), ["sha256"], unique=False)

    op.create_table(
        "issued_paper",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("cadence", sa.String(length=16), nullable=False),
        sa.Column("period_on", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("dated_on", sa.Date(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("data", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("word", sa.LargeBinary(), nullable=False),
        sa.Column("sources", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("length(title) > 0", name=op.f("ck_issued_paper_title_not_empty")),
        sa.CheckConstraint("period_on <= period_to", name=op.f("ck_issued_paper_period")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_issued_paper_plan_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issued_paper")),
        sa.UniqueConstraint("plan_id", "kind", "period_on", name=op.f("uq_issued_paper_plan_id_kind_period_on")),
    )
    op.create_table(
        "item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("copy", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("path", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("path_key", sa.String(length=64), server_default="", nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "origin",
            sa.Enum(
                "document", "self_check", "call", name="origin", native_enum=False, create_constraint=True, length=32
            ),
            server_default="document",
            nullable=False,
        ),
        sa.Column("goal", sa.Text(), nullable=True),
        sa.Column("time_limit", sa.Text(), nullable=True),
        sa.Column("long_term", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column(
            "category",
            sa.Enum(
                "immediate",
                "by_deadline",
                "long_term",
                name="category",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("reported_done", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "assigned",
                "measure_drafted",
                "regulation_issued",
                "ongoing",
                "closed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("cycle", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("relapses", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "rectified", "withdrawn", "merged", name="outcome", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.Column("merged_into_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("quarantined", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("dropped", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("first_due_on", sa.Date(), nullable=True),
        sa.Column("breached_on", sa.Date(), nullable=True),
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.Column("source_end_line", sa.Integer(), nullable=True),
        sa.Column("flow_run_id", sa.String(length=36), nullable=True),
        sa.Column("run_version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_item_closed_has_instant")),
        sa.CheckConstraint("(state = 'closed') = (outcome IS NOT NULL)", name=op.f("ck_item_closed_has_outcome")),
        sa.CheckConstraint("merged_into_id IS NULL OR outcome = 'merged'", name=op.f("ck_item_merged_has_outcome")),
        sa.CheckConstraint("cycle >= 1", name=op.f("ck_item_cycle_positive")),
        sa.CheckConstraint(
            "merged_into_id IS NULL OR merged_into_id <> id", name=op.f("ck_item_not_merged_into_itself")
        ),
        sa.CheckConstraint("parent_id IS NULL OR parent_id <> id", name=op.f("ck_item_not_own_parent")),
        sa.CheckConstraint("run_version <= version", name=op.f("ck_item_run_not_ahead")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_item_version_positive")),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_item_document_id_document")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["item.id"], name=op.f("fk_item_merged_into_id_item")),
        sa.ForeignKeyConstraint(["parent_id"], ["item.id"], name=op.f("fk_item_parent_id_item")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_item_plan_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint("plan_id", "path_key", "number", "copy", name=op.f("uq_item_plan_id_path_key_number_copy")),
    )
    with op.batch_alter_table("item", schema=None) as batch_op:
        batch_op.create_index(
            "ix_item_behind",
            ["id"],
            unique=False,
            sqlite_where=sa.text("run_version < version"),
            postgresql_where=sa.text("run_version < version"),
        )
        batch_op.create_index(batch_op.f("ix_item_due_on"), ["due_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_item_flow_run_id"), ["flow_run_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_item_merged_into_id"), ["merged_into_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_item_parent_id"), ["parent_id"], unique=False)
        batch_op.create_index("ix_item_plan_state_due", ["plan_id", "state", "due_on", "dropped"], unique=False)

    op.create_table(
        "upload",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("about", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("size > 0", name=op.f("ck_upload_not_empty")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_upload_received_at"), ["received_at"], unique=False)

    op.create_table(
        "document_decision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("field", sa.String(length=40), server_default="", nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("value", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_by", sa.String(length=100), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_document_decision_document_id_document")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_document_decision_item_id_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_decision")),
        sa.UniqueConstraint("document_id", "key", "field", name=op.f("uq_document_decision_document_id_key_field")),
    )
    with op.batch_alter_table("document_decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_document_decision_item_id"), ["item_id"], unique=False)

    op.create_table(
        "party",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "person",
                "unit",
                "collective",
                "office",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("post", sa.String(length=200), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("superior_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("substitute_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("head_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("successor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("is_plan_head", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("known", sa.Boolean(), server_default=sa.text("(true)"), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("email IS NULL OR email LIKE '%_@_%'", name=op.f("ck_party_email_shape")),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_party_name_not_empty")),
        sa.CheckConstraint("substitute_id IS NULL OR substitute_id <> id", name=op.f("ck_party_not_own_substitute")),
        sa.CheckConstraint("superior_id IS NULL OR superior_id <> id", name=op.f("ck_party_not_own_superior")),
        sa.CheckConstraint("successor_id IS NULL OR successor_id <> id", name=op.f("ck_party_not_own_successor")),
        sa.CheckConstraint(
            "valid_from IS NULL OR valid_to IS NULL OR valid_from <= valid_to", name=op.f("ck_party_valid_period")
        ),
        sa.ForeignKeyConstraint(["head_id"], ["party.id"], name=op.f("fk_party_head_id_party")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_party_plan_id_plan")),
        sa.ForeignKeyConstraint(["substitute_id"], ["party.id"], name=op.f("fk_party_substitute_id_party")),
        sa.ForeignKeyConstraint(["successor_id"], ["party.id"], name=op.f("fk_party_successor_id_party")),
        sa.ForeignKeyConstraint(["superior_id"], ["party.id"], name=op.f("fk_party_superior_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party")),
        sa.UniqueConstraint("plan_id", "name", name=op.f("uq_party_plan_id_name")),
    )
    with op.batch_alter_table("party", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_party_head_id"), ["head_id"], unique=False)
        batch_op.create_index("ix_party_name", ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_party_plan_id"), ["plan_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_party_substitute_id"), ["substitute_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_party_successor_id"), ["successor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_party_superior_id"), ["superior_id"], unique=False)
        batch_op.create_index(
            "uq_party_office",
            ["plan_id"],
            unique=True,
            sqlite_where=sa.text("kind = 'office'"),
            postgresql_where=sa.text("kind = 'office'"),
        )

    op.create_table(
        "policy_edition",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("replaced_by", sa.String(length=100), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_policy_edition_plan_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_edition")),
        sa.UniqueConstraint("plan_id", "edition", name=op.f("uq_policy_edition_plan_id_edition")),
    )
    with op.batch_alter_table("policy_edition", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_policy_edition_plan_id"), ["plan_id"], unique=False)

    op.create_table(
        "snapshot",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("light", sa.String(length=8), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.CheckConstraint("light IN ('green', 'yellow', 'red', 'none')", name=op.f("ck_snapshot_light")),
        sa.CheckConstraint("items > 0", name=op.f("ck_snapshot_items_positive")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_snapshot_plan_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot")),
        sa.UniqueConstraint(
            "as_of",
            "plan_id",
            "party_id",
            "state",
            "light",
            name=op.f("uq_snapshot_as_of_plan_id_party_id_state_light"),
        ),
    )
    with op.batch_alter_table("snapshot", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_snapshot_as_of"), ["as_of"], unique=False)
        batch_op.create_index(batch_op.f("ix_snapshot_plan_id"), ["plan_id"], unique=False)

    op.create_table(
        "saved_view",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("filters", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_saved_view_name_not_empty")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_saved_view_user_id_user_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_saved_view_user_id_name")),
    )
    op.create_table(
        "token",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_session", sa.String(length=255), nullable=True),
        sa.CheckConstraint("purpose IN ('api', 'session', 'link')", name=op.f("ck_token_purpose")),
        sa.CheckConstraint("length(hash) = 64", name=op.f("ck_token_hash_length")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_token_user_id_user_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("hash", name=op.f("uq_token_hash")),
    )
    with op.batch_alter_table("token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_token_user_id"), ["user_id"], unique=False)

    op.create_table(
        "user_scope",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("party_name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_user_scope_user_id_user_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "party_name", name=op.f("pk_user_scope")),
    )
    op.create_table(
        "absence",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("entered_by", sa.String(length=100), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("first_on <= last_on", name=op.f("ck_absence_span")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_absence_party_id_party"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    with op.batch_alter_table("absence", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_absence_party_id"), ["party_id"], unique=False)

    op.create_table(
        "closing",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column(
            "step",
            sa.Enum(
                "request",
                "sign",
                "verify",
                "publish",
                name="step",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_closing_item_id_item")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_closing_party_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closing")),
        sa.UniqueConstraint(
            "item_id", "cycle", "step", "actor", "party_id", name=op.f("uq_closing_item_id_cycle_step_actor_party_id")
        ),
    )
    with op.batch_alter_table("closing", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_closing_item_id"), ["item_id"], unique=False)

    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("payload", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("(seq = 1) = (previous_hash = '')", name=op.f("ck_event_first_has_no_previous")),
        sa.CheckConstraint("length(hash) = 64", name=op.f("ck_event_hash_length")),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_event_seq_positive")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_event_item_id_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("item_id", "seq", name=op.f("uq_event_item_id_seq")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_type"), ["type"], unique=False)

    op.create_table(
        "evidence",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("uploaded_by", sa.String(length=100), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_evidence_sha256_length")),
        sa.CheckConstraint("size > 0", name=op.f("ck_evidence_not_empty")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_evidence_item_id_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.UniqueConstraint("item_id", "sha256", name=op.f("uq_evidence_item_id_sha256")),
    )
    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_evidence_item_id"), ["item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_evidence_sha256"), ["sha256"], unique=False)

    op.create_table(
        "item_party",
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "lead_official",
                "lead_unit",
                "responsible",
                "support",
                "supervising",
                "caller",
                "called",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_item_party_item_id_item")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_item_party_party_id_party")),
        sa.PrimaryKeyConstraint("item_id", "role", "party_id", name=op.f("pk_item_party")),
    )
    with op.batch_alter_table("item_party", schema=None) as batch_op:
        batch_op.create_index("ix_item_party_party_role", ["party_id", "role"], unique=False)

    op.create_table(
        "measure",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "progress",
            sa.Enum(
                "open", "mostly_done", "done", name="progress", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("reported_by", sa.String(length=100), nullable=True),
        sa.CheckConstraint("(progress = 'done') = (done_on IS NOT NULL)", name=op.f("ck_measure_done_has_date")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_measure_item_id_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measure")),
        sa.UniqueConstraint("item_id", "position", name=op.f("uq_measure_item_id_position")),
    )
    with op.batch_alter_table("measure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_measure_item_id"), ["item_id"], unique=False)

    op.create_table(
        "milestone",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "issue_regulation",
                "complete",
                "start",
                "check_in",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("start_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("rolled_due_on", sa.Date(), nullable=True),
        sa.Column("alternative_due_on", sa.Date(), nullable=True),
        sa.Column("confidence", sa.String(length=16), server_default="sure", nullable=False),
        sa.Column("done", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("reported_by", sa.String(length=100), nullable=True),
        sa.CheckConstraint("confidence IN ('sure', 'ambiguous')", name=op.f("ck_milestone_confidence")),
        sa.CheckConstraint("(due_on IS NULL) = (rolled_due_on IS NULL)", name=op.f("ck_milestone_rolled_with_due")),
        sa.CheckConstraint("done OR done_on IS NULL", name=op.f("ck_milestone_done_date_only_if_done")),
        sa.CheckConstraint("rolled_due_on IS NULL OR rolled_due_on >= due_on", name=op.f("ck_milestone_rolls_forward")),
        sa.CheckConstraint(
            "start_on IS NULL OR due_on IS NULL OR start_on <= due_on", name=op.f("ck_milestone_starts_before_due")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_milestone_item_id_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestone")),
        sa.UniqueConstraint("item_id", "position", name=op.f("uq_milestone_item_id_position")),
    )
    with op.batch_alter_table("milestone", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_milestone_item_id"), ["item_id"], unique=False)

    op.create_table(
        "notice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("cause", sa.String(length=200), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("series", sa.String(length=40), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("colour", sa.String(length=8), nullable=False),
        sa.Column("context", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("acknowledge_by", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sheet", sa.LargeBinary(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_reason", sa.Text(), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=100), nullable=True),
        sa.CheckConstraint("(series IS NULL) = (number IS NULL)", name=op.f("ck_notice_numbered_in_series")),
        sa.CheckConstraint("(series IS NULL) = (year IS NULL)", name=op.f("ck_notice_year_in_series")),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_reason IS NULL)", name=op.f("ck_notice_withdrawn_has_reason")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_notice_item_id_item")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_notice_plan_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("cause", name=op.f("uq_notice_cause")),
        sa.UniqueConstraint("series", "year", "number", name=op.f("uq_notice_series_year_number")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notice_as_of"), ["as_of"], unique=False)
        batch_op.create_index(batch_op.f("ix_notice_item_id"), ["item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_notice_plan_id"), ["plan_id"], unique=False)

    op.create_table(
        "party_alias",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["party_id"], ["party.id"], name=op.f("fk_party_alias_party_id_party"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_party_alias_plan_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party_alias")),
        sa.UniqueConstraint("plan_id", "name", name=op.f("uq_party_alias_plan_id_name")),
    )
    with op.batch_alter_table("party_alias", schema=None) as batch_op:
        batch_op.create_index("ix_party_alias_name", ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_party_alias_party_id"), ["party_id"], unique=False)

    op.create_table(
        "party_member",
        sa.Column("collective_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("collective_id <> member_id", name=op.f("ck_party_member_not_itself")),
        sa.ForeignKeyConstraint(
            ["collective_id"], ["party.id"], name=op.f("fk_party_member_collective_id_party"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["party.id"], name=op.f("fk_party_member_member_id_party"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("collective_id", "member_id", name=op.f("pk_party_member")),
    )
    with op.batch_alter_table("party_member", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_party_member_member_id"), ["member_id"], unique=False)

    op.create_table(
        "regulation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column(
            "status",
            sa.Enum("planned", "issued", name="status", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("document_number", sa.String(length=100), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_regulation_item_id_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regulation")),
        sa.UniqueConstraint("item_id", "position", name=op.f("uq_regulation_item_id_position")),
    )
    with op.batch_alter_table("regulation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_regulation_item_id"), ["item_id"], unique=False)

    op.create_table(
        "resolution",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "action",
            sa.Enum(
                "keep",
                "merge",
                "edit",
                "drop",
                "split",
                "join",
                name="action",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(length=100), nullable=True),
        sa.CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name=op.f("ck_resolution_undone_has_actor")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_resolution_item_id_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resolution")),
    )
    with op.batch_alter_table("resolution", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_resolution_item_id"), ["item_id"], unique=False)

    op.create_table(
        "signal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_signal_item_id_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal")),
    )
    with op.batch_alter_table("signal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signal_item_id"), ["item_id"], unique=False)
        batch_op.create_index(
            "ix_signal_open",
            ["id"],
            unique=False,
            sqlite_where=sa.text("delivered_at IS NULL"),
            postgresql_where=sa.text("delivered_at IS NULL"),
        )

    op.create_table(
        "anomaly",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=True),
        sa.Column("field", sa.String(length=40), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("blocks", sa.Boolean(), nullable=False),
        sa.Column("resolution_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "resolution_id IS NULL OR resolved_at IS NOT NULL", name=op.f("ck_anomaly_resolved_by_resolution")
        ),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_anomaly_document_id_document")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_anomaly_item_id_item")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_anomaly_plan_id_plan")),
        sa.ForeignKeyConstraint(["resolution_id"], ["resolution.id"], name=op.f("fk_anomaly_resolution_id_resolution")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anomaly")),
    )
    with op.batch_alter_table("anomaly", schema=None) as batch_op:
        batch_op.create_index(
            "ix_anomaly_blocking",
            ["item_id"],
            unique=False,
            sqlite_where=sa.text("blocks AND resolved_at IS NULL"),
            postgresql_where=sa.text("blocks AND resolved_at IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_anomaly_item_id"), ["item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_anomaly_plan_id"), ["plan_id"], unique=False)

    op.create_table(
        "notice_recipient",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("notice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("for_party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("for_name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("role", sa.String(length=2), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("why", sa.String(length=200), nullable=True),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=100), nullable=True),
        sa.Column("excused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("excused_why", sa.String(length=200), nullable=True),
        sa.CheckConstraint("role IN ('to', 'cc')", name=op.f("ck_notice_recipient_role")),
        sa.CheckConstraint(
            "(excused_at IS NULL) = (excused_why IS NULL)", name=op.f("ck_notice_recipient_excused_has_reason")
        ),
        sa.CheckConstraint(
            "excused_at IS NULL OR acknowledged_at IS NULL", name=op.f("ck_notice_recipient_excused_before_receipt")
        ),
        sa.CheckConstraint(
            "(acknowledged_at IS NULL) = (acknowledged_by IS NULL)",
            name=op.f("ck_notice_recipient_acknowledged_has_actor"),
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_notice_recipient_delivery_id_delivery")
        ),
        sa.ForeignKeyConstraint(["for_party_id"], ["party.id"], name=op.f("fk_notice_recipient_for_party_id_party")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_notice_recipient_notice_id_notice")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_notice_recipient_party_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_recipient")),
        sa.UniqueConstraint(
            "notice_id", "party_id", "for_name", name=op.f("uq_notice_recipient_notice_id_party_id_for_name")
        ),
    )
    with op.batch_alter_table("notice_recipient", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notice_recipient_delivery_id"), ["delivery_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_notice_recipient_for_party_id"), ["for_party_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_notice_recipient_notice_id"), ["notice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_notice_recipient_party_id"), ["party_id"], unique=False)
        batch_op.create_index(
            "ix_notice_recipient_unassembled",
            ["address"],
            unique=False,
            sqlite_where=sa.text("delivery_id IS NULL"),
            postgresql_where=sa.text("delivery_id IS NULL"),
        )

    op.create_table(
        "clock",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("milestone_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("recipient_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "limit",
                "check_in",
                "acknowledge",
                "verify",
                "re_inspect",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "armed",
                "running",
                "paused",
                "completed",
                "cancelled",
                "superseded",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("cycle", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("armed_on", sa.Date(), nullable=False),
        sa.Column("nominal_due_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("counted", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=True),
        sa.Column(
            "unit",
            sa.Enum(
                "workdays", "days", "months", "years", name="unit", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.Column("remaining_days", sa.Integer(), nullable=True),
        sa.Column("paused_on", sa.Date(), nullable=True),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.Column("next_rung_on", sa.Date(), nullable=True),
        sa.Column("breached_on", sa.Date(), nullable=True),
        sa.Column("acknowledged_on", sa.Date(), nullable=True),
        sa.Column("superseded_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("policy", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'paused') = (paused_on IS NOT NULL)", name=op.f("ck_clock_paused_has_date")),
        sa.CheckConstraint(
            "(state = 'superseded') = (superseded_by_id IS NOT NULL)", name=op.f("ck_clock_superseded_by_clock")
        ),
        sa.CheckConstraint(
            "(state IN ('completed', 'cancelled', 'superseded')) = (ended_at IS NOT NULL)",
            name=op.f("ck_clock_ended_has_instant"),
        ),
        sa.CheckConstraint("due_on >= nominal_due_on OR kind <> 'limit'", name=op.f("ck_clock_rolls_forward")),
        sa.CheckConstraint(
            "next_rung_on IS NULL OR state IN ('armed', 'running', 'paused')",
            name=op.f("ck_clock_only_open_clocks_fire"),
        ),
        sa.CheckConstraint("(amount IS NULL) = (unit IS NULL)", name=op.f("ck_clock_amount_has_unit")),
        sa.CheckConstraint("amount IS NULL OR (counted AND amount > 0)", name=op.f("ck_clock_counted_has_amount")),
        sa.CheckConstraint(
            "superseded_by_id IS NULL OR superseded_by_id <> id", name=op.f("ck_clock_not_superseded_by_itself")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_clock_item_id_item")),
        sa.ForeignKeyConstraint(["milestone_id"], ["milestone.id"], name=op.f("fk_clock_milestone_id_milestone")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_clock_plan_id_plan")),
        sa.ForeignKeyConstraint(["superseded_by_id"], ["clock.id"], name=op.f("fk_clock_superseded_by_id_clock")),
        sa.CheckConstraint(
            "(kind = 'acknowledge') = (recipient_id IS NOT NULL)", name=op.f("ck_clock_receipt_of_a_copy")
        ),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["notice_recipient.id"], name=op.f("fk_clock_recipient_id_notice_recipient")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock")),
    )
    with op.batch_alter_table("clock", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_clock_item_id"), ["item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_clock_milestone_id"), ["milestone_id"], unique=False)
        batch_op.create_index("ix_clock_next_rung_on_id", ["next_rung_on", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_clock_plan_id"), ["plan_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_clock_superseded_by_id"), ["superseded_by_id"], unique=False)
        batch_op.create_index(
            "uq_clock_open_item",
            ["item_id", "kind"],
            unique=True,
            sqlite_where=sa.text("state IN ('armed', 'running', 'paused') AND milestone_id IS NULL AND recipient_id IS NULL"),
            postgresql_where=sa.text("state IN ('armed', 'running', 'paused') AND milestone_id IS NULL AND recipient_id IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_clock_recipient_id"), ["recipient_id"], unique=False)
        batch_op.create_index(
            "uq_clock_open_recipient",
            ["recipient_id", "kind"],
            unique=True,
            sqlite_where=sa.text("state IN ('armed', 'running', 'paused')"),
            postgresql_where=sa.text("state IN ('armed', 'running', 'paused')"),
        )
        batch_op.create_index(
            "uq_clock_open_milestone",
            ["item_id", "kind", "milestone_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('armed', 'running', 'paused') AND milestone_id IS NOT NULL"),
            postgresql_where=sa.text("state IN ('armed', 'running', 'paused') AND milestone_id IS NOT NULL"),
        )

    op.create_table(
        "target",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("comparator", sa.String(length=2), nullable=False),
        sa.Column("value", sa.Numeric(precision=20, scale=4), nullable=False),
        sa.Column("upper", sa.Numeric(precision=20, scale=4), nullable=True),
        sa.Column("baseline", sa.Numeric(precision=20, scale=4), nullable=True),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("reached", sa.Numeric(precision=20, scale=4), nullable=True),
        sa.Column("reached_on", sa.Date(), nullable=True),
        sa.Column("reported_by", sa.String(length=100), nullable=True),
        sa.Column("evidence_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("comparator IN ('>=', '<=', '=', '+%', '-%', '->')", name=op.f("ck_target_comparator")),
        sa.CheckConstraint("(reached IS NULL) = (reached_on IS NULL)", name=op.f("ck_target_reached_has_date")),
        sa.ForeignKeyConstraint(["evidence_id"], ["evidence.id"], name=op.f("fk_target_evidence_id_evidence")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_target_item_id_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target")),
        sa.UniqueConstraint("item_id", "position", name=op.f("uq_target_item_id_position")),
    )
    with op.batch_alter_table("target", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_target_item_id"), ["item_id"], unique=False)

    op.create_table(
        "clock_pause",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("clock_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("paused_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("paused_by", sa.String(length=100), nullable=False),
        sa.Column("resumed_on", sa.Date(), nullable=True),
        sa.Column("resumed_by", sa.String(length=100), nullable=True),
        sa.CheckConstraint(
            "(resumed_on IS NULL) = (resumed_by IS NULL)", name=op.f("ck_clock_pause_resumed_has_actor")
        ),
        sa.CheckConstraint("resumed_on IS NULL OR resumed_on >= paused_on", name=op.f("ck_clock_pause_resumed_after")),
        sa.ForeignKeyConstraint(["clock_id"], ["clock.id"], name=op.f("fk_clock_pause_clock_id_clock")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_pause")),
    )
    with op.batch_alter_table("clock_pause", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_clock_pause_clock_id"), ["clock_id"], unique=False)
        batch_op.create_index(
            "uq_clock_pause_lasting",
            ["clock_id"],
            unique=True,
            sqlite_where=sa.text("resumed_on IS NULL"),
            postgresql_where=sa.text("resumed_on IS NULL"),
        )

    op.create_table(
        "extension",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("clock_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("asked_until_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("progress", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(length=100), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=100), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("granted", sa.Boolean(), nullable=True),
        sa.Column("granted_until_on", sa.Date(), nullable=True),
        sa.Column("opinion", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name=op.f("ck_extension_decided_has_actor")),
        sa.CheckConstraint("(decided_at IS NULL) = (granted IS NULL)", name=op.f("ck_extension_decided_has_outcome")),
        sa.CheckConstraint(
            "(granted IS NOT NULL AND granted) = (granted_until_on IS NOT NULL)",
            name=op.f("ck_extension_granted_has_date"),
        ),
        sa.CheckConstraint("asked_until_on > due_on", name=op.f("ck_extension_asks_for_later")),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> asked_by", name=op.f("ck_extension_decided_by_another")
        ),
        sa.CheckConstraint("ordinal >= 1", name=op.f("ck_extension_ordinal_positive")),
        sa.ForeignKeyConstraint(["clock_id"], ["clock.id"], name=op.f("fk_extension_clock_id_clock")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_extension_item_id_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extension")),
        sa.UniqueConstraint("item_id", "cycle", "ordinal", name=op.f("uq_extension_item_id_cycle_ordinal")),
    )
    with op.batch_alter_table("extension", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_extension_clock_id"), ["clock_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_extension_item_id"), ["item_id"], unique=False)
        batch_op.create_index(
            "uq_extension_pending",
            ["clock_id"],
            unique=True,
            sqlite_where=sa.text("decided_at IS NULL"),
            postgresql_where=sa.text("decided_at IS NULL"),
        )

    op.create_table(
        "approval",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("notice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("memo_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("clock_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("approver", sa.String(length=32), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "approved", "refused", "lapsed", name="outcome", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=100), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("talk_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("talk_place", sa.String(length=200), nullable=True),
        sa.Column("talk_speaker", sa.String(length=100), nullable=True),
        sa.Column("promised", sa.Text(), nullable=True),
        sa.Column("promised_on", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_by", sa.String(length=100), nullable=True),
        sa.CheckConstraint("approver IN ('plan_head', 'supervision_office')", name=op.f("ck_approval_approver")),
        sa.CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name=op.f("ck_approval_decided_has_instant")),
        sa.CheckConstraint("(outcome IS NULL) = (decided_by IS NULL)", name=op.f("ck_approval_decided_has_actor")),
        sa.CheckConstraint(
            "outcome NOT IN ('refused', 'lapsed') OR reason <> ''", name=op.f("ck_approval_says_why")
        ),
        sa.CheckConstraint("(talk_at IS NULL) = (talk_place IS NULL)", name=op.f("ck_approval_talk_has_place")),
        sa.CheckConstraint("(talk_at IS NULL) = (talk_speaker IS NULL)", name=op.f("ck_approval_talk_has_speaker")),
        sa.CheckConstraint("talk_at IS NULL OR outcome = 'approved'", name=op.f("ck_approval_talk_approved")),
        sa.CheckConstraint("(recorded_at IS NULL) = (promised IS NULL)", name=op.f("ck_approval_record_has_promise")),
        sa.CheckConstraint("(recorded_at IS NULL) = (recorded_by IS NULL)", name=op.f("ck_approval_record_has_actor")),
        sa.CheckConstraint("recorded_at IS NULL OR talk_at IS NOT NULL", name=op.f("ck_approval_record_of_talk")),
        sa.CheckConstraint("promised_on IS NULL OR promised IS NOT NULL", name=op.f("ck_approval_promised_what")),
        sa.ForeignKeyConstraint(["clock_id"], ["clock.id"], name=op.f("fk_approval_clock_id_clock")),
        sa.ForeignKeyConstraint(["memo_id"], ["notice.id"], name=op.f("fk_approval_memo_id_notice")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_approval_notice_id_notice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
        sa.UniqueConstraint("notice_id", name=op.f("uq_approval_notice_id")),
    )
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_approval_clock_id"), ["clock_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_approval_memo_id"), ["memo_id"], unique=False)

    op.create_table(
        "rung_fired",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("clock_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rung", sa.String(length=40), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("fired_on", sa.Date(), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum("noticed", "suppressed", name="outcome", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("notice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("carried_over", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.CheckConstraint(
            "(outcome = 'noticed') = (notice_id IS NOT NULL)", name=op.f("ck_rung_fired_noticed_has_notice")
        ),
        sa.CheckConstraint(
            "(outcome = 'suppressed') = (reason IS NOT NULL)", name=op.f("ck_rung_fired_suppressed_has_reason")
        ),
        sa.CheckConstraint("fired_on >= due_on", name=op.f("ck_rung_fired_not_before_due")),
        sa.ForeignKeyConstraint(["clock_id"], ["clock.id"], name=op.f("fk_rung_fired_clock_id_clock")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_rung_fired_notice_id_notice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rung_fired")),
        sa.UniqueConstraint("clock_id", "rung", "cycle", name=op.f("uq_rung_fired_clock_id_rung_cycle")),
    )
    with op.batch_alter_table("rung_fired", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rung_fired_clock_id"), ["clock_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_rung_fired_fired_on"), ["fired_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_rung_fired_notice_id"), ["notice_id"], unique=False)

    create_event_triggers()
    create_bell()


def downgrade() -> None:
    drop_bell()
    drop_event_triggers()
    with op.batch_alter_table("rung_fired", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rung_fired_notice_id"))
        batch_op.drop_index(batch_op.f("ix_rung_fired_fired_on"))
        batch_op.drop_index(batch_op.f("ix_rung_fired_clock_id"))

    op.drop_table("rung_fired")
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_approval_memo_id"))
        batch_op.drop_index(batch_op.f("ix_approval_clock_id"))

    op.drop_table("approval")
    with op.batch_alter_table("extension", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_extension_pending",
            sqlite_where=sa.text("decided_at IS NULL"),
            postgresql_where=sa.text("decided_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_extension_item_id"))
        batch_op.drop_index(batch_op.f("ix_extension_clock_id"))

    op.drop_table("extension")
    with op.batch_alter_table("clock_pause", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_clock_pause_lasting",
            sqlite_where=sa.text("resumed_on IS NULL"),
            postgresql_where=sa.text("resumed_on IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_clock_pause_clock_id"))

    op.drop_table("clock_pause")
    with op.batch_alter_table("target", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_target_item_id"))

    op.drop_table("target")
    with op.batch_alter_table("clock", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_clock_open_milestone",
            sqlite_where=sa.text("state IN ('armed', 'running', 'paused') AND milestone_id IS NOT NULL"),
            postgresql_where=sa.text("state IN ('armed', 'running', 'paused') AND milestone_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "uq_clock_open_recipient",
            sqlite_where=sa.text("state IN ('armed', 'running', 'paused')"),
            postgresql_where=sa.text("state IN ('armed', 'running', 'paused')"),
        )
        batch_op.drop_index(batch_op.f("ix_clock_recipient_id"))
        batch_op.drop_index(
            "uq_clock_open_item",
            sqlite_where=sa.text("state IN ('armed', 'running', 'paused') AND milestone_id IS NULL AND recipient_id IS NULL"),
            postgresql_where=sa.text("state IN ('armed', 'running', 'paused') AND milestone_id IS NULL AND recipient_id IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_clock_superseded_by_id"))
        batch_op.drop_index(batch_op.f("ix_clock_plan_id"))
        batch_op.drop_index("ix_clock_next_rung_on_id")
        batch_op.drop_index(batch_op.f("ix_clock_milestone_id"))
        batch_op.drop_index(batch_op.f("ix_clock_item_id"))

    op.drop_table("clock")
    with op.batch_alter_table("notice_recipient", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_notice_recipient_unassembled",
            sqlite_where=sa.text("delivery_id IS NULL"),
            postgresql_where=sa.text("delivery_id IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_notice_recipient_party_id"))
        batch_op.drop_index(batch_op.f("ix_notice_recipient_notice_id"))
        batch_op.drop_index(batch_op.f("ix_notice_recipient_for_party_id"))
        batch_op.drop_index(batch_op.f("ix_notice_recipient_delivery_id"))

    op.drop_table("notice_recipient")
    with op.batch_alter_table("anomaly", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_anomaly_plan_id"))
        batch_op.drop_index(batch_op.f("ix_anomaly_item_id"))
        batch_op.drop_index(
            "ix_anomaly_blocking",
            sqlite_where=sa.text("blocks AND resolved_at IS NULL"),
            postgresql_where=sa.text("blocks AND resolved_at IS NULL"),
        )

    op.drop_table("anomaly")
    with op.batch_alter_table("signal", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_signal_open",
            sqlite_where=sa.text("delivered_at IS NULL"),
            postgresql_where=sa.text("delivered_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_signal_item_id"))

    op.drop_table("signal")
    with op.batch_alter_table("resolution", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_resolution_item_id"))

    op.drop_table("resolution")
    with op.batch_alter_table("regulation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_regulation_item_id"))

    op.drop_table("regulation")
    with op.batch_alter_table("party_member", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_party_member_member_id"))

    op.drop_table("party_member")
    with op.batch_alter_table("party_alias", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_party_alias_party_id"))
        batch_op.drop_index("ix_party_alias_name")

    op.drop_table("party_alias")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notice_plan_id"))
        batch_op.drop_index(batch_op.f("ix_notice_item_id"))
        batch_op.drop_index(batch_op.f("ix_notice_as_of"))

    op.drop_table("notice")
    with op.batch_alter_table("milestone", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_milestone_item_id"))

    op.drop_table("milestone")
    with op.batch_alter_table("measure", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_measure_item_id"))

    op.drop_table("measure")
    with op.batch_alter_table("item_party", schema=None) as batch_op:
        batch_op.drop_index("ix_item_party_party_role")

    op.drop_table("item_party")
    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_evidence_sha256"))
        batch_op.drop_index(batch_op.f("ix_evidence_item_id"))

    op.drop_table("evidence")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_event_type"))

    op.drop_table("event")
    with op.batch_alter_table("closing", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_closing_item_id"))

    op.drop_table("closing")
    with op.batch_alter_table("absence", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_absence_party_id"))

    op.drop_table("absence")
    op.drop_table("user_scope")
    with op.batch_alter_table("token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_token_user_id"))

    op.drop_table("token")
    op.drop_table("saved_view")
    with op.batch_alter_table("snapshot", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_snapshot_plan_id"))
        batch_op.drop_index(batch_op.f("ix_snapshot_as_of"))

    op.drop_table("snapshot")
    with op.batch_alter_table("policy_edition", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_policy_edition_plan_id"))

    op.drop_table("policy_edition")
    with op.batch_alter_table("party", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_party_office", sqlite_where=sa.text("kind = 'office'"), postgresql_where=sa.text("kind = 'office'")
        )
        batch_op.drop_index(batch_op.f("ix_party_superior_id"))
        batch_op.drop_index(batch_op.f("ix_party_successor_id"))
        batch_op.drop_index(batch_op.f("ix_party_substitute_id"))
        batch_op.drop_index(batch_op.f("ix_party_plan_id"))
        batch_op.drop_index("ix_party_name")
        batch_op.drop_index(batch_op.f("ix_party_head_id"))

    op.drop_table("party")
    with op.batch_alter_table("document_decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_document_decision_item_id"))

    op.drop_table("document_decision")
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_upload_received_at"))

    op.drop_table("upload")
    with op.batch_alter_table("item", schema=None) as batch_op:
        batch_op.drop_index("ix_item_plan_state_due")
        batch_op.drop_index(batch_op.f("ix_item_parent_id"))
        batch_op.drop_index(batch_op.f("ix_item_merged_into_id"))
        batch_op.drop_index(batch_op.f("ix_item_flow_run_id"))
        batch_op.drop_index(batch_op.f("ix_item_due_on"))
        batch_op.drop_index(
            "ix_item_behind",
            sqlite_where=sa.text("run_version < version"),
            postgresql_where=sa.text("run_version < version"),
        )

    op.drop_table("item")
    op.drop_table("issued_paper")
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_document_sha256"))
        batch_op.drop_index(batch_op.f("ix_document_plan_id"))

    op.drop_table("document")
    with op.batch_alter_table("directory_change", schema=None) as batch_op:
        batch_op.drop_index("ix_directory_change_plan_name")

    op.drop_table("directory_change")
    op.drop_table("user_account")
    with op.batch_alter_table("request_count", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_request_count_at"))

    op.drop_table("request_count")
    with op.batch_alter_table("pending_sign_in", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pending_sign_in_expires_at"))

    op.drop_table("pending_sign_in")
    op.drop_table("plan")
    op.drop_table("notice_series")
    op.drop_table("night")
    with op.batch_alter_table("idempotency_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_idempotency_key_created_at"))

    op.drop_table("idempotency_key")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_delivery_sent",
            sqlite_where=sa.text("sent_at IS NOT NULL"),
            postgresql_where=sa.text("sent_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_delivery_open",
            sqlite_where=sa.text("status IN ('queued', 'sending')"),
            postgresql_where=sa.text("status IN ('queued', 'sending')"),
        )
        batch_op.drop_index(batch_op.f("ix_delivery_as_of"))
        batch_op.drop_index(batch_op.f("ix_delivery_address"))

    op.drop_table("delivery")
    op.drop_table("calendar_edition")
    with op.batch_alter_table("anchor", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_anchor_as_of"))

    op.drop_table("anchor")
    with op.batch_alter_table("access_log", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_access_log_at"))

    op.drop_table("access_log")
