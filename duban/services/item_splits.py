"""What was read as one item and is two, or as two and is one: parted and joined in place, without typing it again.

Both stay in quarantine until a person has kept them: a wrong cut is seen before any clock runs. Each can be undone.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.services import clocks
from duban.services.event_log import Happening, append
from duban.services.item_copies import adopt, lock_number, take_out
from duban.services.item_fields import said_of, set_limit, set_measures, set_number
from duban.services.item_memory import as_read
from duban.services.item_rows import put_behind
from duban.services.resolutions import (
    ResolutionRefused,
    Resolved,
    decision,
    doubted,
    nothing_told,
    office_only,
    tell,
)
from models import (
    Anomaly,
    Document,
    Event,
    Item,
    ItemParty,
    Regulation,
    ResolutionAction,
    Target,
)


def split(
    database: Database,
    *,
    item_id: int,
    number: str,
    title: str,
    from_measure: int | None,
    actor: Actor,
    reason: str,
    now: dt.datetime,
    expected_version: int | None = None,
) -> Resolved:
    """Makes a second item of what follows: the measures from `from_measure` (1-based; None: none of them) go with it.

    It gets the limit and the parties of the first, to be set right in place. Raises NotFound, Forbidden, StaleVersion,
    ResolutionRefused.
    """
    office_only(actor, "拆分事项")
    with database.write() as session:
        lock_number(session, item_id)
        item = doubted(session, item_id, expected_version)
        before = as_read(session, item)
        texts = list(before["measures"])
        at = len(texts) + 1 if from_measure is None else from_measure
        if not 1 <= at <= len(texts) + 1:
            raise ResolutionRefused(number=item.number, reason=f"措施只有{len(texts)}条")
        row = decision(session, item, ResolutionAction.SPLIT, actor, reason, now)
        new = _second(session, item, number, title or (texts[at - 1] if at <= len(texts) else ""), now)
        set_measures(session, new, texts[at - 1 :])
        set_measures(session, item, texts[: at - 1])
        doubts = [
            _doubt(session, new, "split_off", f"由第{item.number}项拆出，请核对两项各自的内容、时限和责任单位"),
            _doubt(session, item, "split_off", f"已拆出第{new.number}项，请核对留下的内容、时限和责任单位"),
        ]
        _assign(session, new, item, actor, now)
        tell(session, item, row, actor, now, {"made": new.id, "number": new.number, "state": item.state.value})
        row.before = {"items": [before], "released": [], "made": new.id, "doubts": doubts}
        return Resolved(row.id, made=new.id)


def join(
    database: Database,
    *,
    item_id: int,
    into: str,
    actor: Actor,
    reason: str,
    now: dt.datetime,
    expected_version: int | None = None,
) -> Resolved:
    """Appends an item to another one of its plan (its printed number), which waits in quarantine to be kept.

    Goal, measures, instruments, targets and parts go with it; limit and roles only where the other one has none.
    Raises NotFound, Forbidden, StaleVersion, ResolutionRefused; also where the other one is under way.
    """
    office_only(actor, "并入另一项")
    with database.write() as session:
        lock_number(session, item_id)
        item = doubted(session, item_id, expected_version)
        target = _target(session, item, into.strip())
        before = [as_read(session, item), as_read(session, target)]
        row = decision(session, item, ResolutionAction.JOIN, actor, reason, now)
        clocks.cancel(session, target, now)
        target.quarantined = True
        _append(session, item, target)
        adopted = _adopt_all(session, item, target)
        taken_out = take_out(session, [item])
        for anomaly in session.scalars(
            select(Anomaly).where(Anomaly.item_id == item.id, Anomaly.resolved_at.is_(None))
        ):
            anomaly.resolution_id, anomaly.resolved_at = row.id, now
        doubts = [_doubt(session, target, "joined", f"第{item.number}项已并入本项，请核对内容、时限和责任单位")]
        tell(session, item, row, actor, now, {"into": target.id, "dropped": [item.id], "state": item.state.value})
        row.before = {
            "items": before,
            "released": [],
            "taken_out": taken_out,
            "adopted": adopted,
            "doubts": doubts,
        }
        return Resolved(row.id, dropped=[item.id])


def _second(session: Session, item: Item, number: str, title: str, now: dt.datetime) -> Item:
    """The row of the item that is parted off, behind the first and all that hangs on it."""
    new = Item(
        plan_id=item.plan_id,
        parent_id=item.parent_id,
        document_id=item.document_id,
        number=f"~{item.id}-{item.version}",
        position=item.position,
        path=list(item.path),
        path_key=item.path_key,
        title=title or item.title,
        state=item.state,
        quarantined=True,
        reported_done=item.reported_done,
        source_line=item.source_line,
        source_end_line=item.source_end_line,
        created_at=now,
        updated_at=now,
    )
    session.add(new)
    session.flush()
    set_number(session, new, number, lambda why: ResolutionRefused(number=item.number, reason=why))
    last = session.scalar(select(func.max(Item.position)).where(Item.parent_id == item.id))
    put_behind(session, item.plan_id, [new], max(item.position, last or 0))
    roles = session.scalars(select(ItemParty).where(ItemParty.item_id == item.id)).all()
    session.add_all(ItemParty(item_id=new.id, role=r.role, party_id=r.party_id, position=r.position) for r in roles)
    set_limit(session, new, item.time_limit or "")
    return new


def _target(session: Session, item: Item, number: str) -> Item:
    """The item to go on in, locked. Raises ResolutionRefused where it is under way: somebody was told about it."""

    def refuse(reason: str) -> ResolutionRefused:
        return ResolutionRefused(number=item.number, reason=reason)

    rows = session.scalars(
        select(Item)
        .where(Item.plan_id == item.plan_id, Item.number == number, Item.id != item.id, ~Item.dropped)
        .order_by((Item.path_key != item.path_key), Item.copy)
        .with_for_update()
    ).all()
    if not rows:
        raise refuse(f"本方案没有第{number}项")
    target = rows[0]
    if target.parent_id == item.id:
        raise refuse("不能并入自己的子项")
    registered = select(func.min(Event.id)).where(Event.item_id == target.id)
    if not target.quarantined and not nothing_told(session, [target.id], after_event=session.scalar(registered) or 0):
        raise refuse(f"第{number}项已在办理；请剔除本项，再到第{number}项的事项页更正")
    return target


def _append(session: Session, item: Item, target: Item) -> None:
    """Appends what an item says to another one; limit and roles where that one has none."""
    said, stands = said_of(session, item), said_of(session, target)
    target.goal = "\n".join(filter(None, dict.fromkeys((target.goal, item.goal)))) or None
    if not target.title.strip() or target.title == target.number:
        target.title = item.title
    set_measures(session, target, [*stands["measures"], *(m for m in said["measures"] if m not in stands["measures"])])
    if not target.time_limit and item.time_limit:
        set_limit(session, target, item.time_limit)
    have = set(session.scalars(select(ItemParty.role).where(ItemParty.item_id == target.id)))
    for one in session.scalars(select(ItemParty).where(ItemParty.item_id == item.id)).all():
        if one.role not in have:
            session.add(ItemParty(item_id=target.id, role=one.role, party_id=one.party_id, position=one.position))
    for table in (Regulation, Target):
        last = session.scalar(select(func.max(table.position)).where(table.item_id == target.id)) or 0
        rows = session.scalars(select(table).where(table.item_id == item.id).order_by(table.position)).all()
        columns = [c.name for c in table.__table__.columns if c.name not in ("id", "item_id", "position")]
        session.add_all(
            table(item_id=target.id, position=last + n, **{c: getattr(r, c) for c in columns})
            for n, r in enumerate(rows, start=1)
        )
    ends = [line for line in (target.source_end_line, item.source_end_line) if line]
    if target.document_id == item.document_id and ends:
        target.source_end_line = max(ends)
    session.flush()


def _adopt_all(session: Session, item: Item, target: Item) -> list[list[int]]:
    children = session.scalars(select(Item).where(Item.parent_id == item.id, ~Item.dropped).order_by(Item.id)).all()
    if not session.scalars(select(Item.id).where(Item.parent_id == target.id, ~Item.dropped)).first():
        return adopt(session, target, [item])
    for child in children:
        child.parent_id = target.id
    session.flush()
    return [[child.id, item.id] for child in children]


def _doubt(session: Session, item: Item, code: str, detail: str) -> int:
    """A doubt that keeps an item in quarantine until a person has looked at it again; its id."""
    first = select(func.min(Document.id)).where(Document.plan_id == item.plan_id)
    doubt = Anomaly(
        plan_id=item.plan_id,
        document_id=item.document_id or session.scalar(first),
        item_id=item.id,
        code=code,
        number=item.number,
        detail=detail,
        line=item.source_line or 0,
        blocks=True,
    )
    session.add(doubt)
    session.flush()
    return doubt.id


def _assign(session: Session, new: Item, item: Item, actor: Actor, now: dt.datetime) -> None:
    payload = {
        "number": new.number,
        "state": new.state.value,
        "line": new.source_line,
        "quarantined": True,
        "split_from": item.id,
    }
    append(session, Happening(new.id, "item.assigned", actor, now, payload=payload), now)
