"""The hash chain: the same event gives the same seal wherever it is computed, and no field can change unseen."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from duban.domain.events import Sealed, anchor_hash, chain_hash

EVENT = Sealed(
    item_id=7,
    seq=2,
    type="item.started",
    actor="张三",
    source="api",
    occurred_at=dt.datetime(2026, 7, 13, 1, 2, 3, 456789, tzinfo=dt.UTC),
    recorded_at=dt.datetime(2026, 7, 13, 1, 2, 4, tzinfo=dt.UTC),
    reason="实测",
    payload={"from": "measure_drafted", "to": "ongoing", "version": 3},
    previous_hash="a" * 64,
)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("item_id", 8),
        ("seq", 3),
        ("type", "item.closed"),
        ("actor", "李四"),
        ("source", "cli"),
        ("occurred_at", EVENT.occurred_at + dt.timedelta(microseconds=1)),
        ("recorded_at", EVENT.recorded_at - dt.timedelta(seconds=1)),
        ("reason", ""),
        ("payload", {"from": "measure_drafted", "to": "closed", "version": 3}),
        ("previous_hash", "b" * 64),
    ],
)
def test_a_change_of_any_field_changes_the_seal(field: str, value: Any) -> None:
    assert chain_hash(replace(EVENT, **{field: value})) != chain_hash(EVENT)


def test_the_seal_covers_every_field_of_an_event() -> None:
    from models import Event

    assert set(Sealed.__dataclass_fields__) == {c.name for c in Event.__table__.columns} - {"id", "hash"}


def test_the_same_instant_in_another_zone_has_the_same_seal() -> None:
    shanghai = EVENT.occurred_at.astimezone(ZoneInfo("Asia/Shanghai"))
    assert chain_hash(replace(EVENT, occurred_at=shanghai)) == chain_hash(EVENT)


def test_the_order_of_a_payload_does_not_matter_to_its_seal() -> None:
    turned = {"version": 3, "to": "ongoing", "from": "measure_drafted"}
    assert chain_hash(replace(EVENT, payload=turned)) == chain_hash(EVENT)


def test_a_seal_is_the_one_that_was_published() -> None:
    """Kept literally: seals that were written must verify with every later version."""
    assert chain_hash(EVENT) == "e0769b42822e425eabc9a6f7fa0ccfa2a793d9ccc2f799a6c4b47a5c4984e32d"


def test_an_anchor_depends_on_every_head_and_on_their_order() -> None:
    heads = [(1, 3, "a" * 64), (2, 1, "b" * 64)]
    assert anchor_hash(heads) == anchor_hash(iter(heads))
    assert anchor_hash(heads) != anchor_hash(heads[::-1])
    assert anchor_hash(heads) != anchor_hash(heads[:1])
    assert anchor_hash(heads) != anchor_hash([(1, 4, "a" * 64), (2, 1, "b" * 64)])
