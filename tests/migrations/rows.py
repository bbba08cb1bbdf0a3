"""One valid row for every table, and what each CHECK refuses; raw values, since the database has the last word."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Connection, Enum, Table

from models import Base

TABLES = Base.metadata.sorted_tables
HASH = "a" * 64
ON, AT = dt.date(2026, 7, 13).isoformat(), "2026-07-13 01:00:00+00:00"

#: Where the plainest value of a column's type would not do.
ROWS: dict[str, list[dict[str, Any]]] = {
    "anchor": [{"hash": HASH}],
    "approval": [{"approver": "plan_head"}],
    "calendar_edition": [{"sha256": HASH}],
    "directory_change": [{"change": "new"}],
    "document": [{"sha256": HASH}],
    "evidence": [{"sha256": HASH}],
    "event": [{"hash": HASH, "previous_hash": ""}],
    "extension": [{"asked_until_on": "2026-08-13"}],
    "item": [{"number": "1"}, {"number": "2"}],
    "notice_recipient": [{"role": "to"}],
    "party": [{"name": "甲"}, {"name": "乙"}],
    "party_member": [{"member_id": 2}],
    "pending_sign_in": [{"state_hash": HASH}],
    "rung_fired": [{"outcome": "noticed", "notice_id": 1}],
    "snapshot": [{"light": "green"}],
    "target": [{"comparator": ">="}],
    "token": [{"hash": HASH, "purpose": "api"}],
}

_TALK: dict[str, Any] = {
    **{"outcome": "approved", "decided_at": AT, "decided_by": "x"},
    **{"talk_at": AT, "talk_place": "x", "talk_speaker": "x"},
}

#: CHECK → what a row would have to say to break it. Those of most enumerations are made below.
VIOLATIONS: dict[str, dict[str, Any]] = {
    # Enumerations of which another CHECK also speaks.
    "ck_night_state": {"state": "nonsense", "finished_at": AT},
    "ck_rung_fired_outcome": {"outcome": "nonsense", "notice_id": None},
    "ck_clock_unit": {"unit": "nonsense", "amount": 1, "counted": True},
    "ck_item_outcome": {"outcome": "nonsense", "state": "closed", "closed_at": AT},
    "ck_absence_span": {"first_on": "2026-07-14"},
    "ck_anchor_hash_length": {"hash": "abc"},
    "ck_anomaly_resolved_by_resolution": {"resolution_id": 1},
    "ck_approval_approver": {"approver": "nonsense"},
    "ck_approval_outcome": {"outcome": "nonsense", "decided_at": AT, "decided_by": "x"},
    "ck_approval_decided_has_instant": {"outcome": "approved", "decided_by": "x"},
    "ck_approval_decided_has_actor": {"outcome": "approved", "decided_at": AT},
    "ck_approval_says_why": {"outcome": "refused", "decided_at": AT, "decided_by": "x", "reason": ""},
    "ck_approval_talk_has_place": _TALK | {"talk_place": None},
    "ck_approval_talk_has_speaker": _TALK | {"talk_speaker": None},
    "ck_approval_talk_approved": _TALK | {"outcome": "refused", "reason": "x"},
    "ck_approval_record_has_promise": _TALK | {"recorded_at": AT, "recorded_by": "x"},
    "ck_approval_record_has_actor": _TALK | {"recorded_at": AT, "promised": "x"},
    "ck_approval_record_of_talk": {"recorded_at": AT, "recorded_by": "x", "promised": "x"},
    "ck_approval_promised_what": {"promised_on": ON},
    "ck_calendar_edition_sha256_length": {"sha256": "abc"},
    "ck_clock_amount_has_unit": {"amount": 3, "counted": True},
    "ck_clock_counted_has_amount": {"amount": 0, "unit": "workdays", "counted": True},
    "ck_clock_ended_has_instant": {"state": "completed"},
    "ck_clock_not_superseded_by_itself": {"state": "superseded", "superseded_by_id": 1, "ended_at": AT},
    "ck_clock_only_open_clocks_fire": {"state": "completed", "ended_at": AT, "next_rung_on": ON},
    "ck_clock_paused_has_date": {"state": "paused"},
    "ck_clock_receipt_of_a_copy": {"kind": "acknowledge"},
    "ck_notice_recipient_excused_has_reason": {"excused_at": AT},
    "ck_notice_recipient_excused_before_receipt": {
        "acknowledged_at": AT,
        "acknowledged_by": "x",
        "excused_at": AT,
        "excused_why": "x",
    },
    "ck_clock_rolls_forward": {"due_on": "2026-07-12"},
    "ck_clock_superseded_by_clock": {"state": "superseded", "ended_at": AT},
    "ck_clock_pause_resumed_after": {"resumed_on": "2026-07-12", "resumed_by": "x"},
    "ck_clock_pause_resumed_has_actor": {"resumed_on": ON},
    "ck_delivery_attempts_positive": {"attempts": -1},
    "ck_delivery_says_why": {"status": "failed"},
    "ck_delivery_sending_has_deadline": {"status": "sending"},
    "ck_delivery_sent_has_instant": {"status": "sent"},
    "ck_directory_change_change": {"change": "nonsense"},
    "ck_directory_change_name_not_empty": {"name": ""},
    "ck_document_not_empty": {"size": 0},
    "ck_document_pending_has_mark": {"pending": 1},
    "ck_document_sha256_length": {"sha256": "abc"},
    "ck_event_first_has_no_previous": {"id": 9, "seq": 2},
    "ck_event_hash_length": {"id": 9, "seq": 2, "previous_hash": HASH, "hash": "abc"},
    "ck_event_seq_positive": {"id": 9, "seq": 0, "previous_hash": HASH},
    "ck_evidence_not_empty": {"size": 0},
    "ck_evidence_sha256_length": {"sha256": "abc"},
    "ck_extension_asks_for_later": {"asked_until_on": ON},
    "ck_extension_decided_by_another": {"decided_at": AT, "decided_by": "x", "granted": False},
    "ck_extension_decided_has_actor": {"decided_at": AT, "granted": False},
    "ck_extension_decided_has_outcome": {"decided_at": AT, "decided_by": "y"},
    "ck_extension_granted_has_date": {"decided_at": AT, "decided_by": "y", "granted": True},
    "ck_extension_ordinal_positive": {"ordinal": 0},
    "ck_issued_paper_period": {"period_to": "2026-07-12"},
    "ck_issued_paper_title_not_empty": {"title": ""},
    "ck_item_closed_has_instant": {"state": "closed", "outcome": "rectified"},
    "ck_item_closed_has_outcome": {"state": "closed", "closed_at": AT},
    "ck_item_cycle_positive": {"cycle": 0},
    "ck_item_merged_has_outcome": {
        "state": "closed",
        "closed_at": AT,
        "outcome": "withdrawn",
        "merged_into_id": 2,
    },
    "ck_item_not_merged_into_itself": {"state": "closed", "closed_at": AT, "outcome": "merged", "merged_into_id": 1},
    "ck_item_not_own_parent": {"parent_id": 1},
    "ck_item_run_not_ahead": {"run_version": 2},
    "ck_item_version_positive": {"version": 0, "run_version": 0},
    "ck_measure_done_has_date": {"progress": "done"},
    "ck_milestone_confidence": {"confidence": "maybe"},
    "ck_milestone_done_date_only_if_done": {"done_on": ON},
    "ck_milestone_rolled_with_due": {"due_on": ON},
    "ck_milestone_rolls_forward": {"due_on": ON, "rolled_due_on": "2026-07-12"},
    "ck_milestone_starts_before_due": {"start_on": "2026-07-14", "due_on": ON, "rolled_due_on": ON},
    "ck_night_finished_has_instant": {"state": "completed"},
    "ck_notice_numbered_in_series": {"series": "督办", "year": 2026},
    "ck_notice_withdrawn_has_reason": {"withdrawn_at": AT},
    "ck_notice_year_in_series": {"series": "督办", "number": 1},
    "ck_notice_recipient_acknowledged_has_actor": {"acknowledged_at": AT},
    "ck_notice_recipient_role": {"role": "up"},
    "ck_notice_series_last_positive": {"last": -1},
    "ck_party_email_shape": {"email": "nobody"},
    "ck_party_name_not_empty": {"name": ""},
    "ck_party_not_own_substitute": {"substitute_id": 1},
    "ck_party_not_own_superior": {"superior_id": 1},
    "ck_party_not_own_successor": {"successor_id": 1},
    "ck_party_valid_period": {"valid_from": ON, "valid_to": "2026-07-12"},
    "ck_party_member_not_itself": {"member_id": 1},
    "ck_pending_sign_in_state_hash_length": {"state_hash": "abc"},
    "ck_plan_code_not_empty": {"code": ""},
    "ck_plan_release_has_actor": {"released_at": AT},
    "ck_plan_voided_before_release": {
        "voided_at": AT,
        "voided_by": "x",
        "voided_reason": "x",
        "released_at": AT,
        "released_by": "x",
    },
    "ck_plan_voided_has_actor": {"voided_at": AT, "voided_reason": "x"},
    "ck_plan_voided_has_reason": {"voided_at": AT, "voided_by": "x"},
    "ck_resolution_undone_has_actor": {"undone_at": AT},
    "ck_rung_fired_not_before_due": {"fired_on": "2026-07-12"},
    "ck_rung_fired_noticed_has_notice": {"notice_id": None},
    "ck_rung_fired_suppressed_has_reason": {"reason": "试验"},
    "ck_saved_view_name_not_empty": {"name": ""},
    "ck_snapshot_items_positive": {"items": 0},
    "ck_snapshot_light": {"light": "blue"},
    "ck_target_comparator": {"comparator": "~"},
    "ck_target_reached_has_date": {"reached": 3},
    "ck_token_hash_length": {"hash": "abc"},
    "ck_token_purpose": {"purpose": "any"},
    "ck_upload_not_empty": {"size": 0},
    "ck_user_account_failed_attempts_positive": {"failed_attempts": -1},
    "ck_user_account_name_not_empty": {"name": ""},
}


def checks() -> dict[str, Table]:
    """Every CHECK of the models by its full name, with its table."""
    return {str(c.name): t for t in TABLES for c in t.constraints if isinstance(c, CheckConstraint)}


def enumerations() -> dict[str, str]:
    """CHECKs that hold an enumeration, with its column."""
    return {
        f"ck_{table.name}_{column.type.name}": column.name
        for table in TABLES
        for column in table.columns
        if isinstance(column.type, Enum)
    }


def valid_rows(table: Table) -> list[dict[str, Any]]:
    """The rows that are entered: what is obligatory, plainly, and what stands above."""
    return [_plain(table) | more for more in ROWS.get(table.name, [{}])]


def fill(connection: Connection) -> None:
    """Enters every row, in an order that foreign keys allow."""
    for table in TABLES:
        for row in valid_rows(table):
            insert(connection, table, row)


def insert(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """One row as it is given, past the types of the models."""
    bare = sa.table(table.name, *(sa.column(name) for name in row))
    connection.execute(bare.insert().values(row))


def change(connection: Connection, table: Table, values: dict[str, Any]) -> None:
    """Changes the first row of a table, past the types of the models."""
    bare = sa.table(table.name, *(sa.column(c.name) for c in table.columns))
    statement = bare.update().values(values)
    connection.execute(statement.where(bare.c.id == 1) if "id" in table.columns else statement)


def _plain(table: Table) -> dict[str, Any]:
    return {
        c.name: _value(c)
        for c in table.columns
        if not c.nullable and c.server_default is None and not (c.primary_key and c.name == "id")
    }


def _value(column: sa.Column[Any]) -> Any:
    kind = column.type
    if isinstance(kind, Enum):
        return kind.enums[0]
    for type_, value in (
        (sa.Boolean, False),
        (sa.Date, ON),
        (sa.JSON, "{}"),
        (sa.LargeBinary, b"x"),
        (sa.Numeric, 1),
        (sa.Integer, 1),
        (sa.String, "x"),
    ):
        if isinstance(kind, type_):
            return value
    return AT
