"""The quarantine: a person decides about each doubted item (keep, merge, edit, drop), says why, and can undo it.

Nothing is armed and nothing is sent for an item while a blocking doubt is open.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import State
from duban.domain.limits import read_limit
from duban.errors import DubanError, Forbidden, NotFound, StaleVersion
from duban.services import clocks
from duban.services.item_changes import record
from duban.services.item_rows import milestone_row
from duban.services.parties import PartyBook
from duban.services.rules import business_date, rules_of
from duban.services.transitions import state_as_read
from models import (
    Anomaly,
    Category,
    Clock,
    Item,
    ItemParty,
    Measure,
    Milestone,
    PartyKind,
    Plan,
    Progress,
    Resolution,
    ResolutionAction,
    Role,
    Signal,
)


class ResolutionRefused(DubanError):
    """Item {number} cannot be resolved like this: {reason}.

    keep: the item stands as read; edit: with the given fields; merge: what the other copy has is taken over, and the
    other copy is dropped; drop: the item is taken out. Each can be undone until the item has moved on.
    """

    code = "resolution_refused"
    status = 409


@dataclass(frozen=True, slots=True)
class Edit:
    """Fields as they should stand; None leaves a field as it was read, an empty value clears it."""

    title: str | None = None
    goal: str | None = None
    measures: tuple[str, ...] | None = None
    time_limit: str | None = None
    lead_officials: tuple[str, ...] | None = None
    lead_units: tuple[str, ...] | None = None
    responsible_units: tuple[str, ...] | None = None
    support_units: tuple[str, ...] | None = None
    supervising_units: tuple[str, ...] | None = None

    def given(self) -> dict[str, Any]:
        """The fields that are set."""
        return {n: getattr(self, n) for n in self.__dataclass_fields__ if getattr(self, n) is not None}


ROLE_OF = {
    "lead_officials": (Role.LEAD_OFFICIAL, PartyKind.PERSON),
    "lead_units": (Role.LEAD_UNIT, PartyKind.UNIT),
    "responsible_units": (Role.RESPONSIBLE, PartyKind.UNIT),
    "support_units": (Role.SUPPORT, PartyKind.UNIT),
    "supervising_units": (Role.SUPERVISING, PartyKind.UNIT),
}


@dataclass(slots=True)
class Resolved:
    """What a decision left behind: its id (to undo it), and the items that left the quarantine or were dropped."""

    resolution_id: int
    released: list[int] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)


NO_EDIT = Edit()


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
        _office_only(actor, "核定")
        _lock_number(session, item_id)
        item = _doubted(session, item_id, expected_version)
        copies = _copies(session, item)
        before = {"items": [_as_read(session, i) for i in (item, *copies)]}
        row = Resolution(
            item_id=item.id, action=action, actor=actor.name, reason=reason, resolved_at=now, before=before
        )
        session.add(row)
        session.flush()
        gone = [item] if action is ResolutionAction.DROP else copies
        adopted: list[list[int]] = []
        match action:
            case ResolutionAction.DROP:
                pass
            case ResolutionAction.EDIT:
                _apply_edit(session, item, edit)
            case ResolutionAction.MERGE:
                adopted = _merge(session, item, copies)
            case ResolutionAction.KEEP:
                pass
        # Two rows of one number would be two items: whoever keeps one takes the others out, with all below them.
        taken_out = _take_out(session, gone)
        done = Resolved(row.id, dropped=[i.id for i in gone])
        _settle_doubts(session, [item.id, *(item_id for item_id, _ in taken_out)], row, now)
        done.released = [] if item.dropped else _open_again(session, item, now)
        payload = {
            "action": action.value,
            "resolution": row.id,
            "dropped": done.dropped,
            "edit": edit.given(),
            "state": item.state.value,
        }
        version = record(session, item, actor, now, event="item.resolved", reason=reason, payload=payload)
        row.before = before | {
            "released": done.released,
            "version": version,
            "taken_out": taken_out,
            "adopted": adopted,
        }
        return done


def undo(database: Database, *, resolution_id: int, actor: Actor, now: dt.datetime) -> list[int]:
    """Takes a decision back, if the item has not moved on; returns the items that are in quarantine again."""
    _office_only(actor, "撤回核定")
    with database.write() as session:
        known = session.get(Resolution, resolution_id)
        if known is not None:
            _lock_number(session, known.item_id)  # items before their decisions, here as in `resolve`
        row = session.get(Resolution, resolution_id, with_for_update=True, populate_existing=True)
        if row is None or row.undone_at is not None:
            raise NotFound(what="resolution", key=resolution_id)
        items = [session.get_one(Item, saved["id"], with_for_update=True) for saved in row.before["items"]]
        if items[0].version != row.before["version"]:
            raise ResolutionRefused(number=items[0].number, reason="核定之后本事项又有变动，不能撤回；请在事项页更正")
        session.execute(
            update(Anomaly).where(Anomaly.resolution_id == row.id).values(resolution_id=None, resolved_at=None)
        )
        for child_id, parent_id in row.before.get("adopted", []):
            session.get_one(Item, child_id, with_for_update=True).parent_id = parent_id
        for below_id, quarantined in row.before.get("taken_out", []):
            below = session.get_one(Item, below_id, with_for_update=True)
            below.dropped, below.quarantined = False, bool(quarantined)
        for item, saved in zip(items, row.before["items"], strict=True):
            _restore(session, item, saved, now)
        _shut_again(session, row.before["released"], items, now)
        row.undone_at, row.undone_by = now, actor.name
        payload = {"resolution": row.id, "state": items[0].state.value}
        record(session, items[0], actor, now, event="item.resolution_undone", payload=payload)
        return [i.id for i in items if i.quarantined]


def _lock_number(session: Session, item_id: int) -> None:
    """Locks all rows of the item's printed number, and what hangs on it, in the order of their ids.

    Two people who each resolve another copy at once wait for each other instead of locking each other out.
    """
    at = session.get(Item, item_id)
    if at is None:
        return
    same = select(Item.id).where(Item.plan_id == at.plan_id, Item.path_key == at.path_key, Item.number == at.number)
    below = select(Item.id).where(Item.plan_id == at.plan_id, Item.parent_id.is_not(None), Item.quarantined)
    rows = select(Item).where(Item.id.in_(same) | Item.id.in_(below)).order_by(Item.id)
    session.scalars(rows.with_for_update().execution_options(populate_existing=True)).all()


def _doubted(session: Session, item_id: int, expected_version: int | None) -> Item:
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


def _office_only(actor: Actor, action: str) -> None:
    if actor.role not in ("supervisor", "admin"):
        raise Forbidden(actor=actor.name, action=action, who="督查室")


def _copies(session: Session, item: Item) -> list[Item]:
    """The other rows of the same printed number."""
    return list(
        session.scalars(
            select(Item)
            .where(
                Item.plan_id == item.plan_id,
                Item.path_key == item.path_key,
                Item.number == item.number,
                Item.id != item.id,
                ~Item.dropped,
            )
            .order_by(Item.copy)
        )
    )


def _as_read(session: Session, item: Item) -> dict[str, Any]:
    """Everything of an item that a decision may change, as plain values: what an undo restores."""
    roles = session.execute(
        select(ItemParty.role, ItemParty.party_id, ItemParty.position).where(ItemParty.item_id == item.id)
    ).tuples()
    return {
        "id": item.id,
        "state": item.state.value,
        "quarantined": item.quarantined,
        "dropped": item.dropped,
        "title": item.title,
        "goal": item.goal,
        "time_limit": item.time_limit,
        "long_term": item.long_term,
        "category": item.category.value if item.category else None,
        "measures": [
            m.text
            for m in session.scalars(select(Measure).where(Measure.item_id == item.id).order_by(Measure.position))
        ],
        "roles": [[role.value, party_id, position] for role, party_id, position in roles],
    }


def _apply_edit(session: Session, item: Item, edit: Edit) -> None:
    given = edit.given()
    if not given:
        raise ResolutionRefused(number=item.number, reason="没有改动任何一栏；读取无误的请选“按原文保留”")
    if "title" in given:
        item.title = given["title"] or item.title
    if "goal" in given:
        item.goal = given["goal"] or None
    if "measures" in given:
        _set_measures(session, item, list(given["measures"]))
    if "time_limit" in given:
        _set_limit(session, item, given["time_limit"])
    _set_roles(session, item, {n: list(given[n]) for n in ROLE_OF if n in given})


def _merge(session: Session, item: Item, copies: list[Item]) -> list[list[int]]:
    """Fills what this copy lacks from the others, in the order of the text.

    Returns the parts that it took over from them, each with the copy that it hung on.
    """
    if not copies:
        raise ResolutionRefused(number=item.number, reason="没有同一编号的另一份可以合并")
    for copy in copies:
        item.goal = item.goal or copy.goal
        if not _count(session, Measure, item):
            texts = session.scalars(select(Measure.text).where(Measure.item_id == copy.id).order_by(Measure.position))
            _set_measures(session, item, list(texts))
        if not item.time_limit and copy.time_limit:
            _set_limit(session, item, copy.time_limit)
        have = set(session.scalars(select(ItemParty.role).where(ItemParty.item_id == item.id)))
        others = session.scalars(select(ItemParty).where(ItemParty.item_id == copy.id)).all()
        session.add_all(
            ItemParty(item_id=item.id, role=o.role, party_id=o.party_id, position=o.position)
            for o in others
            if o.role not in have
        )
        session.flush()
    return _adopt(session, item, copies)


def _adopt(session: Session, item: Item, copies: list[Item]) -> list[list[int]]:
    """The parts of the first copy that has any become this item's, where it has none of its own."""
    parts = select(Item).where(~Item.dropped).order_by(Item.id)
    if session.scalars(parts.where(Item.parent_id == item.id)).first() is not None:
        return []
    for copy in copies:
        if children := session.scalars(parts.where(Item.parent_id == copy.id)).all():
            for child in children:
                child.parent_id = item.id
            session.flush()
            return [[child.id, copy.id] for child in children]
    return []


def _take_out(session: Session, items: list[Item]) -> list[list[int]]:
    """Drops rows with all that hang on them; returns each one's id, and whether it was in quarantine (1 or 0)."""
    taken: list[list[int]] = []
    stack = list(items)
    while stack:
        at = stack.pop()
        if at.dropped:
            continue
        taken.append([at.id, int(at.quarantined)])
        at.dropped, at.quarantined = True, False
        stack += session.scalars(select(Item).where(Item.parent_id == at.id).order_by(Item.id)).all()
    session.flush()
    return taken


def _set_measures(session: Session, item: Item, texts: list[str]) -> None:
    for measure in session.scalars(select(Measure).where(Measure.item_id == item.id)).all():
        session.delete(measure)
    session.flush()
    session.add_all(
        Measure(item_id=item.id, position=n, text=text, progress=Progress.OPEN) for n, text in enumerate(texts, start=1)
    )
    if texts and item.state is State.ASSIGNED:
        # The state at registration is read from the text; an edited text is read again.
        state_as_read(item, State.MEASURE_DRAFTED)
    session.flush()


def _set_limit(session: Session, item: Item, text: str) -> None:
    """Reads the limit anew: its milestones replace those that were read before."""
    plan = session.get_one(Plan, item.plan_id)
    rules = rules_of(session, item.plan_id)
    year = plan.year or plan.registered_on.year
    limit = read_limit(text, year=year, seasons=rules.policy.season_days(year))
    # Clocks of an earlier decision that was undone have ended; their milestones go.
    session.execute(update(Clock).where(Clock.item_id == item.id).values(milestone_id=None))
    for milestone in session.scalars(select(Milestone).where(Milestone.item_id == item.id)).all():
        session.delete(milestone)
    session.flush()
    item.time_limit, item.long_term = text or None, limit.long_term
    item.category = Category(limit.category) if limit.category else None
    session.add_all(
        milestone_row(item.id, n, part, rules.calendar.roll) for n, part in enumerate(limit.milestones, start=1)
    )
    session.flush()
    clocks.show_next_due(session, item)
    item.first_due_on = session.scalar(
        select(func.max(Milestone.rolled_due_on)).where(Milestone.item_id == item.id, ~Milestone.done)
    )


def _set_roles(session: Session, item: Item, fields: dict[str, list[str]]) -> None:
    if not fields:
        return
    book = PartyBook(session, session.get_one(Plan, item.plan_id))
    for name, names in fields.items():
        role, kind = ROLE_OF[name]
        for row in session.scalars(select(ItemParty).where(ItemParty.item_id == item.id, ItemParty.role == role)).all():
            session.delete(row)
        session.flush()
        for position, party_name in enumerate(dict.fromkeys(n.strip() for n in names if n.strip()), start=1):
            party = book.party(party_name, kind)
            session.add(ItemParty(item_id=item.id, role=role, party_id=party.id, position=position))
    session.flush()


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


def _restore(session: Session, item: Item, saved: dict[str, Any], now: dt.datetime) -> None:
    clocks.cancel(session, item, now)
    item.quarantined, item.dropped = saved["quarantined"], saved["dropped"]
    item.title, item.goal = saved["title"], saved["goal"]
    if item.time_limit != saved["time_limit"]:
        _set_limit(session, item, saved["time_limit"] or "")
        item.time_limit = saved["time_limit"]
    _set_measures(session, item, saved["measures"])
    if item.state.value != saved["state"]:
        state_as_read(item, State(saved["state"]))
    for row in session.scalars(select(ItemParty).where(ItemParty.item_id == item.id)).all():
        session.delete(row)
    session.flush()
    session.add_all(
        ItemParty(item_id=item.id, role=Role(role), party_id=party_id, position=position)
        for role, party_id, position in saved["roles"]
    )
    session.flush()


def _count(session: Session, table: type[Measure], item: Item) -> int:
    return session.scalar(select(func.count()).where(table.item_id == item.id)) or 0
