"""更正: a field that was read wrong is set right on an item that is under way, without losing what was done.

A changed limit supersedes its clock with the rungs that it fired; measures keep what was reported on them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.adapters.database import Database
from duban.domain.actors import Actor
from duban.domain.lifecycle import Relation
from duban.domain.limits import read_limit
from duban.errors import DubanError
from duban.reading import model as read
from duban.services.field_changes import apply_fields
from duban.services.item_changes import open_item, record
from duban.services.item_fields import Edit, read_targets, said_of, set_number
from duban.services.parties import PartyBook
from duban.services.rules import rules_of
from models import Item, Plan, Regulation, Target


class CorrectionRefused(DubanError):
    """Item {number} cannot be corrected like this: {reason}.

    Give the fields that were read wrong as they should stand, and why.
    """

    code = "correction_refused"
    status = 422


@dataclass(frozen=True, slots=True)
class Corrected:
    """An item's version after a correction, and the fields that are other than before: name → before, after."""

    version: int
    fields: dict[str, dict[str, Any]]


def correct(
    database: Database,
    *,
    item_id: int,
    edit: Edit,
    reason: str,
    actor: Actor,
    now: dt.datetime,
    expected_version: int | None = None,
) -> Corrected:
    """Sets the given fields of an open item right; what stands as given already is left alone.

    Raises NotFound, Forbidden, StaleVersion, Quarantined (it is settled in 待核), TransitionRefused for a closed item,
    and CorrectionRefused.
    """
    with database.write() as session:
        item, _ = open_item(
            session, item_id, actor, action_zh="更正", by=(Relation.SUPERVISION,), expected_version=expected_version
        )
        stands = said_of(session, item)
        fields = {
            name: {"before": stands[name], "after": list(after) if isinstance(after, tuple) else after}
            for name, after in edit.given().items()
            if stands[name] != (list(after) if isinstance(after, tuple) else after)
        }
        if not fields:
            raise CorrectionRefused(number=item.number, reason="没有改动任何一栏")
        if not reason.strip():
            raise CorrectionRefused(number=item.number, reason="请写明更正的理由，如“原文为……，读取有误”")
        _apply(session, item, {name: change["after"] for name, change in fields.items()}, now)
        text = f"更正：{reason.strip()}"
        version = record(session, item, actor, now, event="item.edited", reason=text, payload={"fields": fields})
        return Corrected(version, fields)


def _apply(session: Session, item: Item, given: dict[str, Any], now: dt.datetime) -> None:
    def refuse(reason: str) -> CorrectionRefused:
        return CorrectionRefused(number=item.number, reason=reason)

    if "number" in given:
        set_number(session, item, given["number"], refuse)
    if "reported_done" in given:
        item.reported_done = given["reported_done"]
    if not given.get("title", item.title).strip():
        raise refuse("问题（任务）一栏不能为空")
    plan = session.get_one(Plan, item.plan_id)
    as_said = _as_read(session, item, plan, given, refuse)
    apply_fields(session, item, as_said, set(given) - {"number", "reported_done"}, PartyBook(session, plan), now)


def _as_read(session: Session, item: Item, plan: Plan, given: dict[str, Any], refuse: Any) -> read.Item:
    """What was given, in the shape of a reading: only its given fields are looked at."""
    line = item.source_line or 1
    said = read.Item(item.number, read.Place(line, item.source_end_line or line), list(item.path))
    for name, value in given.items():
        if name not in ("regulations", "targets", "time_limit", "goal", "number", "reported_done"):
            setattr(said, name, value)
    if "goal" in given:
        said.goal = given["goal"] or None
    if "time_limit" in given:
        rules = rules_of(session, plan.id)
        year = plan.year or plan.registered_on.year
        limit = read_limit(given["time_limit"], year=year, seasons=rules.policy.named_seasons, issued_on=plan.issued_on)
        said.time_limit, said.long_term, said.category = given["time_limit"] or None, limit.long_term, limit.category
        said.milestones = list(limit.milestones)
    if "regulations" in given:
        standing = set(session.scalars(select(Regulation.title).where(Regulation.item_id == item.id)))
        said.regulations = [read.Regulation(t[:500]) for t in given["regulations"]]
        _keep_issued(session, item, standing - set(given["regulations"]), refuse)
    if "targets" in given:
        rows = {t.text: t for t in session.scalars(select(Target).where(Target.item_id == item.id))}
        said.targets = read_targets([t for t in given["targets"] if t not in rows], plan.year, refuse)
        said.targets += [_target(rows[t]) for t in given["targets"] if t in rows]
    return said


def _keep_issued(session: Session, item: Item, gone: set[str], refuse: Any) -> None:
    """An instrument of which a number or a date was entered stays: it was issued."""
    query = select(Regulation).where(Regulation.item_id == item.id, Regulation.title.in_(gone))
    for row in session.scalars(query):
        if row.document_number or row.issued_on:
            raise refuse(f"《{row.title}》已填报文号或印发日期，不能删去")


def _target(row: Target) -> read.Target:
    return read.Target(row.text, row.name, row.comparator, row.value, row.unit, row.due_on, row.baseline, row.upper)
