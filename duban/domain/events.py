"""The hash chain of an item's events: each one seals the one before, so an edit anywhere shows."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PROGRESS = frozenset(
    {
        "item.measure_drafted",
        "item.regulation_issued",
        "item.started",
        "item.sustained",
        "item.closed",
        "measure.reported",
        "milestone.done",
        "regulation.reported",
        "target.reported",
        "evidence.handed_in",
        "check_in.reported",
        "progress.reported",
        "progress.published",
        "self_check.reported",
        "call.answered",
        "closing.request",
        "extension.asked",
    }
)
"""The events that are progress on an item: what a unit said of it, and the steps that it took.

A notice, a receipt, a recount of dates or an edit by the office happens to an item as well, and moves nothing.
"""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What of an event the hash covers: all of it but the hash itself."""

    item_id: int
    seq: int
    type: str
    actor: str
    source: str
    occurred_at: dt.datetime
    recorded_at: dt.datetime
    reason: str
    payload: Mapping[str, Any]
    previous_hash: str


def chain_hash(event: Sealed) -> str:
    """SHA-256 over the event in canonical JSON (sorted keys, UTC instants to the microsecond)."""
    body = json.dumps(
        [
            event.item_id,
            event.seq,
            event.type,
            event.actor,
            event.source,
            _instant(event.occurred_at),
            _instant(event.recorded_at),
            event.reason,
            event.payload,
            event.previous_hash,
        ],
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(body.encode()).hexdigest()


def anchor_hash(heads: Iterable[tuple[int, int, str]], before: str = "") -> str:
    """One hash over the anchor before and the head (item id, seq, hash) of every chain that has grown since it.

    In the order of the ids; the first anchor has none before it.
    """
    digest = hashlib.sha256()
    if before:
        digest.update(f"{before}\n".encode())
    for item_id, seq, head in heads:
        digest.update(f"{item_id}:{seq}:{head}\n".encode())
    return digest.hexdigest()


def _instant(value: dt.datetime) -> str:
    return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
