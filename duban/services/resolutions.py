"""The quarantine: a person decides about each doubted item (keep, merge, edit, drop), says why, and can undo it.

Nothing is armed and nothing is sent for an item while a blocking doubt is open. `item_splits` parts and joins items.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.errors import DubanError, Forbidden, NotFound, StaleVersion
from duban.services import clocks
from duban.services.item_changes import record
from duban.services.item_copies import copies_of, lock_number, merge, take_out
from duban.services.item_fields import NO_EDIT, Edit, apply_edit
from duban.services.item_memory import as_read, put_back
from duban.services.rules import business_date, rules_of
from models import Anomaly, Event, Item, Resolution, ResolutionAction, Signal

__all__ = ["NO_EDIT", "Edit", "ResolutionRefused", "Resolved", "resolve", "undo"]

#: What may have happened to an item since a decision that is taken back: nothing of it was told to anybody.
_UNTOLD = frozenset({"item.resolved", "item.resolution_undone", "item.directory_updated", "run.linked"})


class ResolutionRefused(DubanError):
    """Item {number} cannot be resolved like this: {reason}.

    keep: the item stands as read; edit: with the given fields; merge: what the other copy has is taken over, and the
    other copy is dropped; drop: the item is taken out. Each can be undone until the item has moved on.
    """

    code = "resolution_refused"
    status = 409


@dataclass(slots=True)
class Resolved:
    """What a decision left behind: its id (to undo it), and the items that left the quarantine or were dropped.

    `made` is the item that a split made.
    """

    resolution_id: int
    released: list[int] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    made: int | None = None


def resolve(
    database: Database,
    *,
    item_id: int,
    action: ResolutionAction,
    actor: Actor,
    reason: str,
    now: dt.datetime,
    edit: Edit = NO_EDIT,
    expected_version: int | None = None,
) -> Resolved:
    """Settles all open doubts of one item. Raises NotFound, Forbidden, StaleVersion or ResolutionRefused."""
    with database.write() as session:
        office_only(actor, "核定")
        lock_number(session, item_id)
        item = doubted(session, item_id, expected_version)
        copies = copies_of(session, item)
        before: dict[str, Any] = {"items": [as_read(session, i) for i in (item, *copies)]}
        row = decision(session, item, action, actor, reason, now)
        gone, adopted = _carry_out(session, item, copies, action, edit)
        # Two rows of one number would be two items: whoever keeps one takes the others out, with all below them.
        taken_out = take_out(session, gone)
        done = Resolved(row.id, dropped=[i.id for i in gone])
        _settle_doubts(session, [item.id, *(item_id for item_id, _ in taken_out)], row, now)
        done.released = [] if item.dropped else _open_again(session, item, now)
        payload = {"dropped": done.dropped, "edit": edit.given(), "state": item.state.value}
        tell(session, item, row, actor, now, payload)
        row.before = before | {"released": done.released, "taken_out": taken_out, "adopted": adopted}
        return done


def _carry_out(
    session: Session, item: Item, copies: list[Item], action: ResolutionAction, edit: Edit
) -> tuple[list[Item], list[list[int]]]:
    """Does what was decided; the rows that go with it, and the parts that were taken over from them."""
    refuse = _refusal(item)
    match action:
        case ResolutionAction.KEEP:
            return copies, []
        case ResolutionAction.DROP:
            return [item], []
        case ResolutionAction.MERGE:
            return copies, merge(session, item, copies, refuse)
        case ResolutionAction.EDIT:
            given = edit.given()
            if not given:
                raise refuse("没有改动任何一栏；读取无误的请选“按原文保留”")
            renumbered = given.get("number", item.number).strip() != item.number
            apply_edit(session, item, given, refuse)
            return [] if renumbered else copies, []  # under a number of its own it is no copy any more
        case _:
            raise refuse("拆分、并入另有办理的地方")


def undo(database: Database, *, resolution_id: int, actor: Actor, now: dt.datetime) -> list[int]:
    """Takes a decision back, if the item has not moved on; returns the items that are in quarantine again."""
    office_only(actor, "撤回核定")
    with database.write() as session:
        known = session.get(Resolution, resolution_id)
        if known is not None:
            lock_number(session, known.item_id)  # items before their decisions, here as in `resolve`
        row = session.get(Resolution, resolution_id, with_for_update=True, populate_existing=True)
        if row is None or row.undone_at is not None:
            raise NotFound(what="resolution", key=resolution_id)
        items = [session.get_one(Item, saved["id"], with_for_update=True) for saved in row.before["items"]]
        _check_untold(session, row, items[0])
        session.execute(
            update(Anomaly).where(Anomaly.resolution_id == row.id).values(resolution_id=None, resolved_at=None)
        )
        session.execute(update(Anomaly).where(Anomaly.id.in_(row.before.get("doubts", []))).values(resolved_at=now))
        if row.before.get("made"):  # the item that a split made goes out again
            take_out(session, [session.get_one(Item, row.before["made"], with_for_update=True)])
        for child_id, parent_id in row.before.get("adopted", []):
            session.get_one(Item, child_id, with_for_update=True).parent_id = parent_id
        for below_id, quarantined in row.before.get("taken_out", []):
            below = session.get_one(Item, below_id, with_for_update=True)
            below.dropped, below.quarantined = False, bool(quarantined)
        for item, saved in zip(items, row.before["items"], strict=True):
            put_back(session, item, saved, now)
            clocks.arm(session, item, rules_of(session, item.plan_id), business_date(now))  # one that was in no doubt
        _shut_again(session, row.before["released"], items, now)
        row.undone_at, row.undone_by = now, actor.name
        payload = {"resolution": row.id, "state": items[0].state.value}
        record(session, items[0], actor, now, event="item.resolution_undone", payload=payload)
        return [i.id for i in items if i.quarantined]


def decision(
    session: Session, item: Item, action: ResolutionAction, actor: Actor, reason: str, now: dt.datetime
) -> Resolution:
    """The row of a new decision; `before` follows when it was carried out."""
    row = Resolution(item_id=item.id, action=action, actor=actor.name, reason=reason, resolved_at=now, before={})
    session.add(row)
    session.flush()
    return row


def tell(
    session: Session, item: Item, row: Resolution, actor: Actor, now: dt.datetime, payload: dict[str, Any]
) -> None:
    """Writes a decision into its item's history."""
    body = {"action": row.action.value, "resolution": row.id} | payload
    record(session, item, actor, now, event="item.resolved", reason=row.reason, payload=body)


def doubted(session: Session, item_id: int, expected_version: int | None) -> Item:
    """An item in quarantine, locked. Raises NotFound, StaleVersion, ResolutionRefused."""
    item = session.get(Item, item_id, with_for_update=True)
    if item is None:
        raise NotFound(what="item", key=item_id)
    if expected_version is not None and expected_version != item.version:
        raise StaleVersion(expected=expected_version, present=item.version, state=item.state.value)
    if item.dropped:
        raise ResolutionRefused(number=item.number, reason="这一份已被剔除；要恢复请先撤回那次核定")
    if not item.quarantined:
        raise ResolutionRefused(number=item.number, reason="本事项不在待核之列，或已由他人核定")
    return item


def office_only(actor: Actor, action: str) -> None:
    """Raises Forbidden for everybody but the supervision office."""
    if actor.role not in ("supervisor", "admin"):
        raise Forbidden(actor=actor.name, action=action, who="督查室")


def nothing_told(session: Session, item_ids: Collection[int], *, after_event: int) -> bool:
    """Whether nothing but decisions about the reading happened to these items after an event."""
    told = select(Event.id).where(Event.item_id.in_(item_ids), Event.id > after_event, Event.type.not_in(_UNTOLD))
    return session.scalars(told.limit(1)).first() is None


def _check_untold(session: Session, row: Resolution, item: Item) -> None:
    """A decision goes back only while nobody was told anything on its ground, and the last one goes back first."""
    made = [row.before["made"]] if row.before.get("made") else []
    about = [saved["id"] for saved in row.before["items"]] + made
    later = select(Resolution.id).where(
        Resolution.item_id.in_(about), Resolution.id > row.id, Resolution.undone_at.is_(None)
    )
    if session.scalars(later.limit(1)).first() is not None:
        raise ResolutionRefused(number=item.number, reason="之后又有核定，请先撤回后一次")
    events = session.scalars(select(Event).where(Event.item_id == row.item_id, Event.type == "item.resolved"))
    event = next((e.id for e in events if e.payload.get("resolution") == row.id), 0)
    if not nothing_told(session, {*about, *row.before["released"]}, after_event=event):
        raise ResolutionRefused(number=item.number, reason="核定之后本事项又有变动，不能撤回；请在事项页更正")


def _refusal(item: Item) -> Any:
    return lambda reason: ResolutionRefused(number=item.number, reason=reason)


def _settle_doubts(session: Session, item_ids: list[int], row: Resolution, now: dt.datetime) -> None:
    session.execute(
        update(Anomaly)
        .where(Anomaly.item_id.in_(item_ids), Anomaly.resolved_at.is_(None))
        .values(resolution_id=row.id, resolved_at=now)
    )


def _open_again(session: Session, item: Item, now: dt.datetime) -> list[int]:
    """Lets the item and its children out of quarantine where no doubt of their own is open; their clocks begin."""
    released: list[int] = []
    rules = rules_of(session, item.plan_id)
    stack = [item]
    while stack:
        at = stack.pop()
        doubts = session.scalar(
            select(func.count()).where(Anomaly.item_id == at.id, Anomaly.blocks, Anomaly.resolved_at.is_(None))
        )
        if doubts and at is not item:
            continue
        at.quarantined = False
        session.flush()
        clocks.arm(session, at, rules, business_date(now))
        session.add(Signal(item_id=at.id, created_at=now))  # its flow run may begin now
        released.append(at.id)
        stack += session.scalars(select(Item).where(Item.parent_id == at.id, Item.quarantined, ~Item.dropped)).all()
    return released


def _shut_again(session: Session, released: list[int], restored: list[Item], now: dt.datetime) -> None:
    """Children that came out of quarantine with their parent go back with it."""
    for item_id in set(released) - {i.id for i in restored}:
        child = session.get_one(Item, item_id, with_for_update=True)
        clocks.cancel(session, child, now)
        child.quarantined = True
    session.flush()
