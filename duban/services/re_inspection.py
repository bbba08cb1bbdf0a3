"""回头看: a closed item is looked at again; what holds is recorded, what has relapsed is reopened with a new limit."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor, relations
from duban.domain.lifecycle import OUTCOME_ZH, RELATION_ZH, Action, Outcome, Relation, State
from duban.errors import DubanError, Forbidden, NotFound, StaleVersion
from duban.services import clocks
from duban.services.event_log import Happening, append
from duban.services.item_changes import record
from duban.services.item_facts import facts_of, standing_of
from duban.services.rules import business_date, rules_of
from duban.services.transitions import MoveDetails, move_within
from models import ClockKind, Item


class ReInspectionRefused(DubanError):
    """The re-inspection is refused: {reason}.

    It is held on an item that was struck off as rectified, by somebody who did not work on it, with what was found; a
    failed one needs the new limit.
    """

    code = "re_inspection_refused"
    status = 409


def re_inspect(
    database: Database,
    *,
    item_id: int,
    passed: bool,
    note: str,
    actor: Actor,
    expected_version: int | None,
    now: dt.datetime,
    due_on: dt.date | None = None,
    again_on: dt.date | None = None,
) -> int:
    """Records what a re-inspection found; returns the item's new version.

    Passed: its clock ends, and another one runs to `again_on` where that is given. Failed: the item is reopened to
    `ongoing` with a new cycle, one relapse more, and the limit `due_on`. Raises NotFound, Forbidden, StaleVersion or
    ReInspectionRefused.
    """
    with database.write() as session:
        item = _closed_item(session, item_id, actor, expected_version)
        if not note.strip():
            raise ReInspectionRefused(reason="没有写明回头看的情况")
        today = business_date(now)
        if passed:
            return _passed(session, item, note, actor, now, again_on)
        if due_on is None or due_on <= today:
            raise ReInspectionRefused(reason="反弹的事项须给出今天以后的新时限")
        payload = {"passed": False, "due_on": due_on.isoformat()}
        append(session, Happening(item.id, "re_inspection.failed", actor, now, note, payload), now)
        moved = move_within(
            session,
            item_id=item.id,
            action=Action.REOPEN,
            actor=actor,
            expected_version=None,
            now=now,
            reason=note,
            details=MoveDetails(due_on=due_on),
        )
        return moved.version


def _closed_item(session: Session, item_id: int, actor: Actor, expected_version: int | None) -> Item:
    item = session.get(Item, item_id, with_for_update=True)
    if item is None:
        raise NotFound(what="item", key=item_id)
    standing = standing_of(session, item)
    if Relation.SUPERVISION not in relations(actor, standing.units, standing.leads):
        raise Forbidden(actor=actor.name, action="回头看,", who=RELATION_ZH[Relation.SUPERVISION])
    if expected_version is not None and expected_version != item.version:
        raise StaleVersion(expected=expected_version, present=item.version, state=item.state.value)
    if item.state is not State.CLOSED or item.outcome is not Outcome.RECTIFIED:
        ended = OUTCOME_ZH[item.outcome] if item.outcome else "尚未销号"
        raise ReInspectionRefused(reason=f"该事项{ended}")
    facts = facts_of(session, item, standing, reason="", merge_into=None)
    if actor.name in facts.worked_on_by:
        raise ReInspectionRefused(reason=f"{actor.name}参与过办理,回头看须由他人进行")
    return item


def _passed(session: Session, item: Item, note: str, actor: Actor, now: dt.datetime, again_on: dt.date | None) -> int:
    today = business_date(now)
    if again_on is not None and again_on <= today:
        raise ReInspectionRefused(reason=f"下一次回头看{again_on}须在今天以后")
    clocks.complete(session, item, now, kind=ClockKind.RE_INSPECT)
    if again_on is not None:
        clocks.start_re_inspection(session, item, rules_of(session, item.plan_id), today, again_on)
    payload = {"passed": True, "again_on": again_on.isoformat() if again_on else None}
    return record(session, item, actor, now, event="re_inspection.passed", reason=note, payload=payload)
