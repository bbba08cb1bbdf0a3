"""What the units say to a self-check (举一反三) and to a call (吹哨): what was found, and that one has reported.

An answer changes no state: a self-check that found something is rectified like any item, and a call is closed by its
gate. It is the event that roll-ups count, and the first measure of the item, which is done with it.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.errors import DubanError, Forbidden
from duban.services.item_changes import open_item, record
from duban.services.progress import BY_UNIT
from duban.services.rules import business_date
from models import Event, Item, ItemParty, Measure, Origin, Party, PartyAlias, Progress, Role

SELF_CHECK_REPORTED = "self_check.reported"
CALL_ANSWERED = "call.answered"
MOST_FOUND = 9999


class AnswerRefused(DubanError):
    """The answer is refused: {reason}.

    To a self-check, say how many problems were found (0 where there are none) and how it was checked; to a call, say
    which of the called units has reported, and what it does.
    """

    code = "answer_refused"
    status = 422


def report_self_check(
    database: Database,
    *,
    item_id: int,
    found: int,
    text: str,
    actor: Actor,
    expected_version: int | None,
    now: dt.datetime,
) -> int:
    """自查结果: how many problems of the kind the unit found with itself, 0 to 9999; returns the item's new version.

    The last report counts. Raises NotFound, Forbidden, StaleVersion, TransitionRefused or AnswerRefused.
    """
    with database.write() as session:
        item = _asked(session, item_id, actor, expected_version, Origin.SELF_CHECK, "报告自查结果")
        if not 0 <= found <= MOST_FOUND:
            raise AnswerRefused(reason=f"发现问题数须在0至{MOST_FOUND}之间")
        said = _said(text)
        _first_measure_done(session, item, actor, now)
        return record(session, item, actor, now, event=SELF_CHECK_REPORTED, reason=said, payload={"found": found})


def answer_call(
    database: Database,
    *,
    item_id: int,
    text: str,
    actor: Actor,
    expected_version: int | None,
    now: dt.datetime,
    unit: str | None = None,
) -> int:
    """报到: a called unit says that it has reported to the caller; returns the item's new version.

    `unit` is which of the called units; it may be left out where only one can be meant. Each called unit answers for
    itself. Raises NotFound, Forbidden, StaleVersion, TransitionRefused or AnswerRefused.
    """
    with database.write() as session:
        item = _asked(session, item_id, actor, expected_version, Origin.CALL, "报到")
        name, said = _answering(session, item, actor, unit), _said(text)
        if _called(session, item) <= _answered(session, item) | {name}:
            _first_measure_done(session, item, actor, now)
        return record(session, item, actor, now, event=CALL_ANSWERED, reason=said, payload={"unit": name})


def _asked(
    session: Session, item_id: int, actor: Actor, expected_version: int | None, origin: Origin, action_zh: str
) -> Item:
    item, _ = open_item(session, item_id, actor, action_zh=action_zh, by=BY_UNIT, expected_version=expected_version)
    if item.origin is not origin:
        raise AnswerRefused(reason="本事项不是举一反三自查" if origin is Origin.SELF_CHECK else "本事项不是吹哨事项")
    return item


def _first_measure_done(session: Session, item: Item, actor: Actor, now: dt.datetime) -> None:
    """To answer is the item's first measure, which it was made with (`duban.services.new_items`)."""
    first = session.scalars(select(Measure).where(Measure.item_id == item.id).order_by(Measure.position)).first()
    if first is not None and first.progress is not Progress.DONE:
        first.progress, first.done_on, first.reported_by = Progress.DONE, business_date(now), actor.name


def _called(session: Session, item: Item) -> set[str]:
    called = select(Party.name).join(ItemParty, ItemParty.party_id == Party.id)
    return set(session.scalars(called.where(ItemParty.item_id == item.id, ItemParty.role == Role.CALLED)))


def _answered(session: Session, item: Item) -> set[str]:
    events = select(Event.payload).where(Event.item_id == item.id, Event.type == CALL_ANSWERED)
    return {str(payload.get("unit")) for payload in session.scalars(events)}


def _said(text: str) -> str:
    if not text.strip():
        raise AnswerRefused(reason="没有写明情况")
    return text.strip()


def _answering(session: Session, item: Item, actor: Actor, unit: str | None) -> str:
    """The called unit that the answer is of, by its name in the directory."""
    called = session.execute(
        select(Party.id, Party.name, Party.valid_to)
        .join(ItemParty, ItemParty.party_id == Party.id)
        .where(ItemParty.item_id == item.id, ItemParty.role == Role.CALLED)
        .order_by(ItemParty.position)
    ).all()
    aliases: dict[int, set[str]] = {row.id: {row.name} for row in called}
    for party_id, alias in session.execute(
        select(PartyAlias.party_id, PartyAlias.name).where(PartyAlias.party_id.in_(aliases))
    ):
        aliases[party_id].add(alias)
    office = actor.role in ("supervisor", "admin")
    own = [row for row in called if office or actor.acts_for(aliases[row.id], row.valid_to)]
    meant = [row for row in called if unit is None or unit in aliases[row.id]]
    if not meant:
        raise AnswerRefused(reason=f"{unit}不在被吹哨的单位之列")
    found = [row for row in meant if row in own]
    if not found:
        raise Forbidden(actor=actor.name, action="代他人报到", who="、".join(row.name for row in meant) + "、督查室")
    if len(found) > 1:
        raise AnswerRefused(reason="请指明哪个单位报到：" + "、".join(row.name for row in found))
    return str(found[0].name)
