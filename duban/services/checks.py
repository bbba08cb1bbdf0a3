"""The ledger's invariants that no constraint can hold: each is counted, with the first places where it is broken."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from duban.adapters.database import Database
from duban.adapters.evidence_folder import EvidenceFolder
from duban.services import audit, checks_clocks, checks_notices, checks_plans
from duban.services.checks_look import Look

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Found:
    """One invariant: its stable code, what must hold, how often it does not, and the first places."""

    code: str
    holds: str
    count: int
    examples: tuple[str, ...]


INVARIANTS: dict[str, tuple[str, Callable[[Look], Iterator[str]]]] = {
    "open_clock_on_closed_item": (
        "no clock but a re-inspection runs on a closed item",
        checks_clocks.open_clock_on_closed_item,
    ),
    "clock_on_quarantined_item": (
        "no clock runs on an item that is in doubt or dropped",
        checks_clocks.clock_on_quarantined_item,
    ),
    "clock_of_done_milestone": ("a milestone that is done has no running clock", checks_clocks.clock_of_done_milestone),
    "milestone_without_clock": (
        "every dated part of an open item has its clock",
        checks_clocks.milestone_without_clock,
    ),
    "due_date_out_of_line": ("an item shows its earliest open limit", checks_clocks.due_date_out_of_line),
    "clock_date_out_of_line": ("a clock runs to its milestone's date", checks_clocks.clock_date_out_of_line),
    "clock_passed_over": ("no night passes over a clock that is due", checks_clocks.clock_passed_over),
    "rung_without_notice_or_reason": (
        "a rung that fired has a notice with a reader, or the reason why not",
        checks_notices.rung_without_notice_or_reason,
    ),
    "notice_without_reader": ("every notice has somebody who reads it", checks_notices.notice_without_reader),
    "receipt_without_clock": (
        "each receipt that a sheet in force asks for has a clock of its own",
        checks_notices.receipt_without_clock,
    ),
    "clock_of_settled_receipt": (
        "no clock waits for a receipt that was given or is owed no more",
        checks_notices.clock_of_settled_receipt,
    ),
    "numbering_gap": ("numbers of a series and year run from 1 without a gap", checks_notices.numbering_gap),
    "notice_left_behind": (
        "a night takes every notice along that was written before it",
        checks_notices.notice_left_behind,
    ),
    "delivery_stuck": ("nothing is being sent past its deadline", checks_notices.delivery_stuck),
    "delivery_astray": ("a mail goes to the address of every copy that it carries", checks_notices.delivery_astray),
    "delivery_of_nothing": ("every mail carries a notice", checks_notices.delivery_of_nothing),
    "plan_without_office": ("every plan has a supervision office with an address", checks_plans.plan_without_office),
    "row_of_another_plan": ("what belongs to an item belongs to its plan", checks_plans.row_of_another_plan),
    "quarantine_without_doubt": (
        "an item in quarantine has a doubt that a person can resolve",
        checks_plans.quarantine_without_doubt,
    ),
    "doubt_without_quarantine": (
        "an item with an open blocking doubt is in quarantine",
        checks_plans.doubt_without_quarantine,
    ),
    "document_changed": ("documents are kept as they were received", checks_plans.document_changed),
    "guard_missing": (
        "every table that matters refuses hands other than duban's (`duban db upgrade` puts guards back)",
        checks_plans.guard_missing,
    ),
    "evidence_damaged": ("every evidence file is there as it was handed in", checks_plans.evidence_damaged),
    "evidence_orphan": (
        "every evidence file is named by a row (`duban evidence orphans`)",
        checks_plans.evidence_orphan,
    ),
}


def check(database: Database, *, now: dt.datetime, evidence: EvidenceFolder | None = None) -> list[Found]:
    """Looks at every invariant; the ledger is sound where every count is 0. Reads only.

    With the folder of evidence files, at these too.
    """
    found = []
    with database.read() as session:
        look = Look(session, now, evidence)
        for code, (holds, places) in INVARIANTS.items():
            broken = list(places(look))
            found.append(Found(code, holds, len(broken), tuple(broken[:EXAMPLES])))
    log = audit.verify(database)
    holds = "every event is sealed onto the one before it, every anchor still fits, every item stands as its log says"
    return [*found, Found("event_chain_broken", holds, len(log.defects), tuple(log.defects[:EXAMPLES]))]
