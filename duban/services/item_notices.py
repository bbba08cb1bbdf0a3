"""Notices about one item that no ladder caused (退回, 延期批复, 销号, 交办), queued in the caller's transaction."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from duban.domain.addressees import resolve_targets
from duban.domain.policy_model import Colour, Rung, Target
from duban.services.night_facts import PlanFacts, parties_of_item, plan_facts
from duban.services.notice_facts import (
    item_context,
    office_context,
    people_context,
    sheet_context,
    shown_items,
)
from duban.services.notice_rows import Office, reader_row, take_numbers
from models import Base, Item

_TABLES = Base.metadata.tables
_CAUSED = select(_TABLES["notice"].c.id).where(_TABLES["notice"].c.cause == bindparam("cause"))
_NOTICE = insert(_TABLES["notice"]).returning(_TABLES["notice"].c.id)
_RECIPIENT = insert(_TABLES["notice_recipient"])

#: Links are stored without the site's address, which composing adds: a change of address mends them all.
RELATIVE = Office(email="", public_url="")

#: Whom each of these notices is for, and the series of its number.
KINDS: Mapping[str, Rung] = {
    rung.kind: rung
    for rung in (
        Rung("propose", 0, "propose", "呈批件", Colour.RED, (Target.PLAN_HEAD,), (), "督呈"),
        Rung(
            "assign", 0, "assign", "交办通知", Colour.GREEN, (Target.UNIT_CONTACTS,), (Target.LEAD_OFFICIALS,), "督交"
        ),
        Rung(
            "return", 0, "return", "退回通知", Colour.YELLOW, (Target.UNIT_CONTACTS,), (Target.LEAD_OFFICIALS,), "督退"
        ),
        Rung(
            "extension",
            0,
            "extension",
            "延期批复",
            Colour.YELLOW,
            (Target.UNIT_CONTACTS,),
            (Target.LEAD_OFFICIALS,),
            "督延",
        ),
        Rung(
            "closed", 0, "closed", "销号通知", Colour.GREEN, (Target.UNIT_CONTACTS,), (Target.LEAD_OFFICIALS,), "督销"
        ),
    )
}


def queue_item_notice(
    session: Session,
    item: Item,
    kind: str,
    *,
    cause: str,
    more: Mapping[str, Any],
    as_of: dt.date,
    now: dt.datetime,
    acknowledge_by: dt.date | None = None,
    plan: PlanFacts | None = None,
) -> int | None:
    """Writes one numbered notice with its readers; returns its id, or None where this cause was written before.

    `more` is the part of the context that this kind has beside an item's: see `duban.notices.context`. Receipt is owed
    by `acknowledge_by`. `plan` is what was read of the item's plan, where many notices are written at once.
    """
    if session.scalars(_CAUSED, {"cause": cause}).first() is not None:
        return None
    rung, plan = KINDS[kind], plan or plan_facts(session, item.plan_id)
    parties = parties_of_item(session, plan, item)
    readers = resolve_targets(rung, parties, plan.directory, plan.rules.policy, as_of)
    number = next(take_numbers(session, Counter({rung.series: 1}), as_of.year)[rung.series]) if rung.series else None
    context = {
        "kind_zh": rung.title,
        "plan": {"title": plan.title, "short": plan.code, "issuer": plan.issuer},
        "item": item_context(item, shown_items(session, [item], as_of)[item.id], parties, plan, as_of),
        "clock": None,
        "rung": None,
        **people_context(readers, plan),
        "sheet": sheet_context(rung.series, as_of.year, number),
        "office": office_context(plan, RELATIVE),
        "as_of": as_of.isoformat(),
        "acknowledge": {"by_on": acknowledge_by.isoformat(), "url": None} if acknowledge_by else None,
        "answer_by_on": None,
        "missed": None,
    }
    notice_id: int = session.scalars(
        _NOTICE,
        {
            "plan_id": plan.id,
            "item_id": item.id,
            "kind": kind,
            "cause": cause,
            "as_of": as_of,
            "series": rung.series,
            "year": as_of.year if rung.series else None,
            "number": number,
            "colour": rung.colour.value,
            "acknowledge_by": acknowledge_by,
            "created_at": now,
            "context": context | dict(more),
        },
    ).one()
    session.execute(_RECIPIENT, [reader_row(notice_id, reader) for reader in readers])
    return notice_id
